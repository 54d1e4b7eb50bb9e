"""
The `kernel` dialect: what will run.

Flat buffers in one arena, packed weights as constants, and calls of micro-kernels with
literal arguments; small enough that C is printed from it line by line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np
from xdsl.dialects.builtin import (
    ArrayAttr,
    DenseArrayBase,
    DictionaryAttr,
    FloatAttr,
    IntAttr,
    IntegerAttr,
    StringAttr,
    TensorType,
    f32,
    i8,
    i64,
)
from xdsl.ir import (
    Attribute,
    Dialect,
    ParametrizedAttribute,
    SSAValue,
    TypeAttribute,
)
from xdsl.irdl import (
    IRDLOperation,
    ParsePropInAttrDict,
    irdl_attr_definition,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    result_def,
    traits_def,
    var_operand_def,
)
from xdsl.parser import AttrParser
from xdsl.printer import Printer
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from qcc.dialects.blob import (
    Array,
    ConstantAttr,
    array_of,
    constant_attr,
    dtype_of_element_type,
    element_type_of_dtype,
)

_SOURCE = "attr-dict `:` type($result)"

Literal = int | float | Sequence[int] | Sequence[float]
"""A member of a kernel's argument struct; sequences fill fixed arrays."""


@irdl_attr_definition
class BufferType(ParametrizedAttribute, TypeAttribute):
    """`!kernel.buffer<i8 x 1024>`: so many elements of a builtin type, contiguous."""

    name = "kernel.buffer"
    element: Attribute
    count: IntAttr

    @staticmethod
    def get(element: Attribute, count: int) -> BufferType:
        return BufferType(element, IntAttr(count))

    @property
    def byte_count(self) -> int:
        """Size in bytes."""
        return self.count.data * dtype_of_element_type(self.element).itemsize

    def verify(self) -> None:
        if self.count.data < 0:
            raise VerifyException("a buffer's element count must not be negative")
        try:
            dtype_of_element_type(self.element)
        except KeyError:
            raise VerifyException(
                f"{self.element} is not a storage type of buffers"
            ) from None

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            element = parser.parse_type()
            parser.parse_keyword("x")
            count = parser.parse_integer()
        return [element, IntAttr(count)]

    def print_parameters(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            printer.print_attribute(self.element)
            printer.print_string(f" x {self.count.data}")


def buffer_type(value: SSAValue) -> BufferType:
    """The type of a value that is known to be a buffer."""
    assert isinstance(value.type, BufferType)
    return value.type


@irdl_op_definition
class AllocateOp(IRDLOperation):
    """A buffer in the arena; `plan-memory` sets its `offset` (bytes)."""

    name = "kernel.allocate"
    offset = opt_prop_def(IntegerAttr)
    type = opt_prop_def(TensorType)
    """Logical type of what the buffer holds; absent for scratch."""
    result = result_def(BufferType)
    irdl_options = (ParsePropInAttrDict(),)
    assembly_format = _SOURCE

    def __init__(self, result_type: BufferType, logical: TensorType | None = None):
        super().__init__(properties={"type": logical}, result_types=[result_type])

    def verify_(self) -> None:
        if self.offset is not None and self.offset.value.data < 0:
            raise VerifyException("the offset of a buffer must not be negative")


@irdl_op_definition
class ViewOp(IRDLOperation):
    """The elements of a buffer from `offset` on, under another type; no copy."""

    name = "kernel.view"
    source = operand_def(BufferType)
    offset = prop_def(IntegerAttr, default_value=IntegerAttr(0, i64))
    result = result_def(BufferType)
    traits = traits_def(Pure())
    irdl_options = (ParsePropInAttrDict(),)
    assembly_format = "$source attr-dict `:` type($source) `->` type($result)"

    def __init__(self, source: SSAValue, result_type: BufferType, offset: int = 0):
        super().__init__(
            operands=[source],
            properties={"offset": IntegerAttr(offset, i64)},
            result_types=[result_type],
        )

    def verify_(self) -> None:
        source, result = buffer_type(self.source), buffer_type(self.result)
        size = dtype_of_element_type(result.element).itemsize
        offset = self.offset.value.data
        if offset < 0 or offset * size + result.byte_count > source.byte_count:
            raise VerifyException("a view must stay inside its source")


@irdl_op_definition
class ConstantOp(IRDLOperation):
    """Read-only bytes in the weights: packed weights, tables, multipliers."""

    name = "kernel.constant"
    value = prop_def(Attribute)
    result = result_def(BufferType)
    traits = traits_def(Pure())
    irdl_options = (ParsePropInAttrDict(),)
    assembly_format = _SOURCE

    def __init__(self, array: Array):
        element = element_type_of_dtype(array.dtype)
        super().__init__(
            properties={"value": constant_attr(np.ascontiguousarray(array))},
            result_types=[BufferType.get(element, array.size)],
        )

    def array(self) -> Array:
        """The elements."""
        assert isinstance(self.value, ConstantAttr)
        return array_of(cast("ConstantAttr", self.value))

    def verify_(self) -> None:
        if not isinstance(self.value, ConstantAttr):
            raise VerifyException("a constant holds dense<...> or #blob.array")
        kind = cast("TensorType[Attribute]", self.value.type)
        count = int(np.prod(kind.get_shape(), dtype=np.int64))
        if buffer_type(self.result) != BufferType.get(kind.element_type, count):
            raise VerifyException("the result must have the type of the value")


@irdl_op_definition
class NullOp(IRDLOperation):
    """An absent optional buffer (`NULL`)."""

    name = "kernel.null"
    result = result_def(BufferType)
    traits = traits_def(Pure())
    irdl_options = (ParsePropInAttrDict(),)
    assembly_format = _SOURCE

    def __init__(self):
        super().__init__(result_types=[BufferType.get(i8, 0)])


def _literal(value: Literal) -> Attribute:
    if isinstance(value, int | np.integer):
        return IntegerAttr(int(value), i64)
    if isinstance(value, float | np.floating):
        return FloatAttr(float(value), f32)
    values = list(value)
    if all(isinstance(v, int | np.integer) for v in values):
        return DenseArrayBase.from_list(i64, [int(v) for v in values])
    return DenseArrayBase.from_list(f32, [float(v) for v in values])


def literals(arguments: Mapping[str, Literal]) -> dict[str, Attribute]:
    """The attributes of members of an argument struct."""
    return {name: _literal(value) for name, value in arguments.items()}


@irdl_op_definition
class CallOp(IRDLOperation):
    """
    One call of a micro-kernel.

    The last `writes` operands are written, all others are only read. `arguments` are
    the members of the kernel's argument struct.
    """

    name = "kernel.call"
    buffers = var_operand_def(BufferType)
    function = prop_def(StringAttr)
    header = prop_def(StringAttr)
    """The C file that defines the function, below `runtime/kernels/`."""
    struct = prop_def(StringAttr)
    arguments = prop_def(DictionaryAttr)
    writes = prop_def(IntegerAttr)
    run_time = opt_prop_def(ArrayAttr)
    """Arguments that may come from a table, so that more calls share one function."""
    group = opt_prop_def(IntegerAttr)
    """Neighbouring calls of one group are independent: they may run at once."""
    irdl_options = (ParsePropInAttrDict(),)
    assembly_format = "$buffers attr-dict `:` type($buffers)"

    def __init__(
        self,
        function: str,
        header: str,
        struct: str,
        arguments: Mapping[str, Literal],
        reads: Sequence[SSAValue],
        writes: Sequence[SSAValue],
        run_time: Sequence[str] = (),
        group: int | None = None,
    ):
        super().__init__(
            operands=[[*reads, *writes]],
            properties={
                "function": StringAttr(function),
                "header": StringAttr(header),
                "struct": StringAttr(struct),
                "arguments": DictionaryAttr(literals(arguments)),
                "writes": IntegerAttr(len(writes), i64),
                "run_time": ArrayAttr([StringAttr(name) for name in run_time])
                if run_time
                else None,
                "group": None if group is None else IntegerAttr(group, i64),
            },
        )

    @property
    def read_buffers(self) -> Sequence[SSAValue]:
        """The operands that are only read."""
        return self.buffers[: len(self.buffers) - self.writes.value.data]

    @property
    def written_buffers(self) -> Sequence[SSAValue]:
        """The operands that are written."""
        return self.buffers[len(self.buffers) - self.writes.value.data :]

    def integer(self, name: str) -> int:
        """An integer member of `arguments`; 0, as in C, if nothing sets it."""
        value = self.arguments.data.get(name)
        if value is None:
            return 0
        assert isinstance(value, IntegerAttr)
        return value.value.data

    def integers(self, name: str) -> Sequence[int]:
        """A member of `arguments` that is a fixed array of integers."""
        values = self.arguments.data[name]
        assert isinstance(values, DenseArrayBase)
        return [int(value) for value in values.iter_values()]

    def verify_(self) -> None:
        if not 0 < self.writes.value.data <= len(self.buffers):
            raise VerifyException("a call must write at least one of its operands")
        for name in ("function", "struct"):
            text = self.properties[name]
            assert isinstance(text, StringAttr)
            if not text.data.isidentifier() or not text.data.isascii():
                raise VerifyException(f"{name} must be a C identifier")
        for buffer in self.written_buffers:
            if isinstance(buffer.owner, ConstantOp | NullOp):
                raise VerifyException("a call must not write a constant")


Kernel = Dialect(
    "kernel", [AllocateOp, ViewOp, ConstantOp, NullOp, CallOp], [BufferType]
)

__all__ = [
    "AllocateOp",
    "BufferType",
    "CallOp",
    "ConstantOp",
    "Kernel",
    "Literal",
    "NullOp",
    "ViewOp",
    "buffer_type",
    "literals",
]
