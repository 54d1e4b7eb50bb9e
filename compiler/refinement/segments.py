"""
Runs a function with casts part by part, on all samples at once.

A part ends where something is to be measured, and what is learned there can change the
parts that follow: each layer is measured with the layers before it corrected, in one
run. Between parts, integers of all samples are kept, no floats where it can be helped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from numpy.typing import NDArray
from onnx import helper
from xdsl.dialects.func import FuncOp
from xdsl.ir import BlockArgument, Operation, SSAValue

from qcc.compiler.calibration.samples import Sample
from qcc.compiler.onnx_export.exporter import Export, export_op
from qcc.compiler.onnx_export.graph import GraphBuilder, value_info
from qcc.compiler.onnx_session import OnnxSession
from qcc.compiler.refinement.observation import in_order
from qcc.dialects import nn, quant
from qcc.dialects.naming import name_values, tensor_name
from qcc.dialects.types import size_of

Array = NDArray[Any]


def is_repeated(op: Operation) -> bool:
    """Whether an op is computed in each part that needs it: constants and dcasts."""
    return isinstance(op, nn.ConstantOp | quant.DequantizeCastOp)


class SegmentedRun:
    """All samples of a function, run up to some op."""

    def __init__(self, func: FuncOp, samples: Iterable[Sample]) -> None:
        """The terminator of `func` is not run."""
        self._func = func
        self._ops = [op for op in func.body.block.ops if not is_repeated(op)][:-1]
        self._next = 0
        self._kept: list[SSAValue] = list(func.args)
        names = [tensor_name(argument) for argument in func.args]
        self._values: list[Sequence[Array]] = [
            [sample[str(name)] for name in names] for sample in samples
        ]

    def run_before(self, op: Operation) -> Iterator[Array]:
        """
        The result of `op` for each sample; ops before it are done, itself is not yet.

        So it may still be changed or replaced before the next call, for a later op.
        """
        end = self._ops.index(op)
        needed = _reads(self._ops[end:])
        done, self._next = self._ops[self._next : end], end
        held = {*self._kept, *(result for each in done for result in each.results)}
        kept = [value for value in needed if value in held]
        session = self._session([*done, op], [op.results[0], *kept])
        values, self._kept, self._values = self._values, kept, []
        for result, *rest in in_order(session, values):
            self._values.append(rest)
            yield result

    def replace(self, old: Operation, new: Operation) -> None:
        """From now on, `new` stands where `old` stood."""
        self._ops[self._ops.index(old)] = new

    def _session(self, ops: Sequence[Operation], outputs: Sequence[SSAValue]) -> Any:
        """A function from the kept values to `outputs`."""
        tensors = name_values(self._func)
        graph = GraphBuilder([], tensors.values())
        inputs = [graph.fresh("input") for _ in self._kept]
        declared = [
            value_info(value, name)
            for value, name in zip(self._kept, inputs, strict=True)
        ]
        for value, name in zip(self._kept, inputs, strict=True):
            graph.bind_unique(value, tensors[value])
            graph.add("Identity", [name], graph.name(value))
        for op in _with_repeated(ops):
            export_op(graph, op, tensors)
        names: list[str] = []
        for value in outputs:
            # A value that only passes through is not the result of a node.
            names.append(graph.add("Identity", [graph.name(value)]))
        ends = [helper.make_empty_tensor_value_info(name) for name in names]
        model = Export(graph, declared, ends, tensors).model()
        session = OnnxSession(model, optimize=False)

        def run(values: Sequence[Array]) -> list[Array]:
            return session.run(dict(zip(inputs, values, strict=True)))

        return run


def kept_bytes(func: FuncOp) -> int:
    """About the most bytes that are kept of one sample: int8 between any two ops."""
    ops = [op for op in func.body.block.ops if not is_repeated(op)][:-1]
    most = 0
    held: set[SSAValue] = set(func.args)
    last: dict[SSAValue, int] = {}
    for index, op in enumerate(ops):
        last |= dict.fromkeys(_reads([op]), index)
    for index, op in enumerate(ops):
        held |= set(op.results)
        held = {value for value in held if last.get(value, -1) > index}
        most = max(most, sum(map(size_of, held)))
    return most


def _reads(ops: Iterable[Operation]) -> list[SSAValue]:
    """What ops read that is computed once, behind constants and dcasts."""
    found: dict[SSAValue, None] = {}
    waiting = [operand for op in ops for operand in op.operands]
    for value in waiting:
        owner = value.owner
        if isinstance(owner, Operation) and is_repeated(owner):
            waiting += owner.operands
        else:
            found[value] = None
    return list(found)


def _with_repeated(ops: Iterable[Operation]) -> list[Operation]:
    """The ops, each behind the constants and dcasts that it reads."""
    found: dict[Operation, None] = {}

    def visit(value: SSAValue) -> None:
        owner = value.owner
        if isinstance(value, BlockArgument) or not isinstance(owner, Operation):
            return
        if is_repeated(owner) and owner not in found:
            for operand in owner.operands:
                visit(operand)
            found[owner] = None

    for op in ops:
        for operand in op.operands:
            visit(operand)
        found[op] = None
    return list(found)
