"""
`select-kernels`: every nn and quant op becomes calls of micro-kernels on buffers.

The function @model over tensors turns into @run over buffers: inputs, then outputs. One
lowering per op class, found by `@lowering`, chooses the kernels.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeVar, cast

import numpy as np
from xdsl.context import Context
from xdsl.dialects.builtin import (
    ModuleOp,
    StringAttr,
    TensorType,
    i8,
)
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue
from xdsl.passes import ModulePass

from qcc.codegen.description import REAL_TYPES, real_types
from qcc.codegen.kernel_row import KernelRow
from qcc.codegen.kernel_table import find_kernel
from qcc.codegen.targets import Target, find_target
from qcc.codegen.to_channels_last import PERMUTATION
from qcc.dialects import kernel, nn
from qcc.dialects.blob import Array, element_type_of_dtype
from qcc.dialects.errors import QccError
from qcc.dialects.naming import TENSOR, node_name
from qcc.dialects.types import storage_dtype, tensor_type

OpT = TypeVar("OpT", bound=Operation)
Lowering = Callable[[Any, "KernelBuilder"], None]

_LOWERINGS: dict[type[Operation], Lowering] = {}


def lowering(
    op_class: type[OpT],
) -> Callable[
    [Callable[[OpT, KernelBuilder], None]], Callable[[OpT, KernelBuilder], None]
]:
    """Registers the function that turns an op of `op_class` into kernel calls."""

    def register(
        function: Callable[[OpT, KernelBuilder], None],
    ) -> Callable[[OpT, KernelBuilder], None]:
        assert op_class not in _LOWERINGS, op_class.name
        _LOWERINGS[op_class] = function
        return function

    return register


@cache
def all_lowerings() -> Mapping[type[Operation], Lowering]:
    """Every lowering by op class; loads the modules of `codegen/lowerings/`."""
    from qcc.codegen import lowerings

    for module in pkgutil.iter_modules(lowerings.__path__):
        importlib.import_module(f"{lowerings.__name__}.{module.name}")
    return _LOWERINGS


def storage_buffer(type_: Attribute) -> kernel.BufferType:
    """The buffer that holds a tensor of this type."""
    assert isinstance(type_, TensorType)
    kind = cast("TensorType[Attribute]", type_)
    count = int(np.prod(kind.get_shape(), dtype=np.int64))
    dtype = storage_dtype(kind.element_type)
    return kernel.BufferType.get(element_type_of_dtype(dtype), count)


@dataclass
class KernelBuilder:
    """Builds the body of @run; what lowerings see of code generation."""

    target: Target
    block: Block
    threads: int = 1
    """Into so many parts heavy ops may be split; each part is a call of its own."""
    outputs: dict[SSAValue, SSAValue] = field(default_factory=dict[SSAValue, SSAValue])
    """Tensor values that are computed right into an output buffer."""
    shares_weights: bool = False
    """Whether kernels that read a packing common to several targets are wanted."""
    _buffers: dict[SSAValue, SSAValue] = field(default_factory=dict[SSAValue, SSAValue])
    _constants: dict[Attribute, SSAValue] = field(
        default_factory=dict[Attribute, SSAValue]
    )
    _padded: dict[SSAValue, SSAValue] = field(default_factory=dict[SSAValue, SSAValue])
    _op: Operation | None = None
    _groups: int = 0
    _group: int | None = None

    def kernel(self, *stems: str) -> KernelRow:
        """The micro-kernel of the best ISA of the target that has one of `stems`."""
        return find_kernel(self.target, *stems)

    def buffer(self, value: SSAValue, *, padded: bool = False) -> SSAValue:
        """
        The buffer that holds a tensor value.

        With `padded` up to 64 bytes past its end may be read: a caller's buffer is
        copied into the arena first.
        """
        buffer = self._buffers[value]
        if padded and isinstance(buffer.owner, Block):
            if value not in self._padded:
                self._padded[value] = self._copy(buffer, value.type)
            return self._padded[value]
        return buffer

    def result(self, value: SSAValue) -> SSAValue:
        """A new buffer for a tensor value that the lowering computes."""
        assert value not in self._buffers
        if value in self.outputs:
            self._buffers[value] = self.outputs[value]
        else:
            self._buffers[value] = self._allocate(value)
        return self._buffers[value]

    def alias(self, result: SSAValue, source: SSAValue) -> None:
        """Lets `result` be the same bytes as the tensor value `source` (reshape)."""
        target = storage_buffer(result.type)
        buffer = self._buffers[source]
        if buffer.type != target:
            buffer = self._insert(kernel.ViewOp(buffer, target)).results[0]
        self._buffers[result] = buffer

    def constant(self, array: Array) -> SSAValue:
        """Bytes of `array` among the weights; equal constants are stored once."""
        op = kernel.ConstantOp(array)
        if op.value not in self._constants:
            self._constants[op.value] = self._insert(op).results[0]
        return self._constants[op.value]

    def scratch(self, byte_count: int) -> SSAValue:
        """Room for one kernel call; contents are undefined before and after."""
        kind = kernel.BufferType.get(i8, byte_count)
        return self._insert(kernel.AllocateOp(kind)).results[0]

    def call(
        self,
        row: KernelRow,
        *,
        arguments: Mapping[str, kernel.Literal],
        inputs: Sequence[SSAValue | None],
        outputs: Sequence[SSAValue | None],
    ) -> None:
        """One kernel call; `inputs` are read, `outputs` (and scratch) are written."""
        reads = [self._operand(buffer) for buffer in inputs]
        writes = [self._operand(buffer) for buffer in outputs]
        self._insert(
            kernel.CallOp(
                row.function,
                row.path,
                row.struct,
                arguments,
                reads,
                writes,
                row.run_time,
                self._group,
            )
        )

    @contextmanager
    def parallel(self) -> Generator[None]:
        """Calls made inside are independent of each other and may run at once."""
        assert self._group is None
        self._group, self._groups = self._groups, self._groups + 1
        yield
        self._group = None

    def part(self, buffer: SSAValue, offset: int) -> SSAValue:
        """The elements of a buffer from `offset` on."""
        if offset == 0:
            return buffer
        whole = kernel.buffer_type(buffer)
        rest = kernel.BufferType.get(whole.element, whole.count.data - offset)
        return self._insert(kernel.ViewOp(buffer, rest, offset)).results[0]

    def lower(self, op: Operation) -> None:
        """Runs the lowering of `op`. QccError if it has none."""
        self._op = op
        function = all_lowerings().get(type(op))
        if function is None:
            raise QccError(
                f"no kernel for {op.name}",
                node=node_name(op),
                op=op.name,
                why="code generation does not know this operation",
                remedy="cut the graph before it with --outputs",
            )
        function(op, self)

    def finish(self, returned: Sequence[SSAValue], outputs: Sequence[SSAValue]) -> None:
        """Copies the results that were not computed right into their output."""
        for value, output in zip(returned, outputs, strict=True):
            buffer = self._buffers[value]
            if buffer is not output:
                self._call_copy(buffer, output)

    def bind(self, value: SSAValue, buffer: SSAValue) -> None:
        """Says that a function argument lives in `buffer`."""
        self._buffers[value] = buffer

    def _operand(self, buffer: SSAValue | None) -> SSAValue:
        if buffer is None:
            return self._insert(kernel.NullOp()).results[0]
        return buffer

    def _insert(self, op: Operation) -> Operation:
        if self._op is not None:
            op.location = self._op.location
        self.block.add_op(op)
        return op

    def _allocate(self, value: SSAValue) -> SSAValue:
        op = kernel.AllocateOp(storage_buffer(value.type), tensor_type(value))
        if isinstance(value.owner, Operation):
            for key in (TENSOR, PERMUTATION):
                if key in value.owner.attributes:
                    op.attributes[key] = value.owner.attributes[key]
        return self._insert(op).results[0]

    def _copy(self, buffer: SSAValue, type_: Attribute) -> SSAValue:
        op = kernel.AllocateOp(storage_buffer(type_))
        copy = self._insert(op).results[0]
        self._call_copy(buffer, copy)
        return copy

    def _call_copy(self, source: SSAValue, destination: SSAValue) -> None:
        self.call(
            self.kernel("qcc_copy_bytes"),
            arguments={"length": kernel.buffer_type(source).byte_count},
            inputs=[source],
            outputs=[destination],
        )


def _direct_outputs(
    returned: Sequence[SSAValue], outputs: Sequence[SSAValue]
) -> dict[SSAValue, SSAValue]:
    """Values that may be computed right into an output: used by nothing else."""
    direct: dict[SSAValue, SSAValue] = {}
    for value, output in zip(returned, outputs, strict=True):
        while isinstance(value.owner, Operation) and len(list(value.uses)) == 1:
            direct[value] = output
            if not isinstance(value.owner, nn.ReshapeOp):
                break
            value = value.owner.operands[0]
    return direct


@dataclass(frozen=True)
class SelectKernelsPass(ModulePass):
    """Replaces @model over tensors by one @run__<target> over buffers per target."""

    name = "select-kernels"

    target: tuple[str, ...] = ("portable",)
    """Names of targets, best first."""

    threads: int = 1
    """Into how many parts heavy ops are split."""

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        model = next(f for f in op.walk() if isinstance(f, FuncOp))
        shares = len(self.target) > 1
        runs = [
            select_kernels(model, find_target(name), self.threads, shares=shares)
            for name in self.target
        ]
        model.detach()
        op.body.block.add_ops(runs)


def _erase_unused_constants(block: Block) -> None:
    """Weights that were packed are not stored a second time as they were."""
    for op in list(block.ops):
        if isinstance(op, kernel.ConstantOp) and not list(op.result.uses):
            block.erase_op(op)


def select_kernels(
    model: FuncOp, target: Target, threads: int = 1, *, shares: bool = False
) -> FuncOp:
    """
    The run function of `model` (which stays as it is) for `target`.

    `shares`: it is one of several in a library, which holds every weight once.
    """
    types = [storage_buffer(t) for t in model.function_type.inputs]
    types += [storage_buffer(t) for t in model.function_type.outputs]
    block = Block(arg_types=types)
    arguments = block.args[: len(model.args)]
    outputs = block.args[len(model.args) :]
    terminator = model.body.block.last_op
    assert isinstance(terminator, ReturnOp)
    builder = KernelBuilder(
        target, block, threads, _direct_outputs(terminator.arguments, outputs)
    )
    builder.shares_weights = shares
    for value, buffer in zip(model.args, arguments, strict=True):
        builder.bind(value, buffer)
    for op in model.body.block.ops:
        if op is not terminator:
            builder.lower(op)
    builder.finish(terminator.arguments, outputs)
    block.add_op(ReturnOp())
    _erase_unused_constants(block)
    run = FuncOp(f"run__{target.identifier}", (types, []), Region([block]))
    for key, value in model.attributes.items():
        run.attributes[key] = value
    run.attributes["argument_types"] = model.function_type
    run.attributes[REAL_TYPES] = real_types(model)
    run.attributes["target"] = StringAttr(target.name)
    return run


def target_of(run: FuncOp) -> Target:
    """The target that a run function was made for."""
    name = run.attributes["target"]
    assert isinstance(name, StringAttr)
    return find_target(name.data)
