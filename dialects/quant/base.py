"""What the ops of `quant` share: property values, assembly, type checks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from xdsl.dialects.builtin import (
    DenseArrayBase,
    FloatAttr,
    IntegerAttr,
    IntegerType,
    StringAttr,
    TensorType,
    UnitAttr,
    f32,
    i32,
    i64,
)
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import IRDLOperation, ParsePropInAttrDict
from xdsl.parser import Parser
from xdsl.printer import Printer

Shape = tuple[int, ...]
Value = SSAValue | Operation
PropertyValue = Attribute | bool | int | float | str | Sequence[int] | None

ASSEMBLY = "operands attr-dict `:` functional-type(operands, results)"
PROPERTIES_IN_DICTIONARY = (ParsePropInAttrDict(),)


def ints(values: Sequence[int]) -> DenseArrayBase[IntegerType]:
    """`array<i64: ...>`."""
    return DenseArrayBase.from_list(i64, [int(value) for value in values])


def integer(value: int) -> IntegerAttr[IntegerType]:
    """`value : i64`."""
    return IntegerAttr(int(value), i64)


def property_attribute(value: PropertyValue) -> Attribute | None:
    """The attribute of a Python value; None and False stand for an absent property."""
    if value is None or value is False:
        return None
    if isinstance(value, Attribute):
        return value
    if value is True:
        return UnitAttr()
    if isinstance(value, str):
        return StringAttr(value)
    if isinstance(value, int):
        return integer(value)
    if isinstance(value, float):
        return FloatAttr(value, f32)
    return ints(value)


def properties(**values: PropertyValue) -> dict[str, Attribute | None]:
    """The properties of an op from Python values."""
    return {name: property_attribute(value) for name, value in values.items()}


def shape_of(value: Value) -> Shape:
    """The shape of a tensor value."""
    kind = SSAValue.get(value).type
    assert isinstance(kind, TensorType)
    return kind.get_shape()


def result_tensor(result_type: Attribute, shape: Shape) -> TensorType[Attribute]:
    """`result_type` if it is a tensor type, else a tensor of such elements."""
    if isinstance(result_type, TensorType):
        return result_type
    return TensorType(result_type, shape)


class TrailingOptionalOperands(IRDLOperation):
    """
    Assembly for ops with several optional operands, which come last.

    `operands attr-dict : functional-type(operands, results)`, as everywhere. Operands
    that are a prefix of the defined ones need no more; otherwise the dictionary holds
    `operandSegmentSizes`.
    """

    @classmethod
    def parse(cls, parser: Parser) -> TrailingOptionalOperands:
        unresolved = parser.parse_comma_separated_list(
            parser.Delimiter.NONE, parser.parse_unresolved_operand
        )
        attributes = dict(parser.parse_optional_attr_dict())
        parser.parse_punctuation(":")
        start = parser.pos
        kind = parser.parse_function_type()
        operands = parser.resolve_operands(unresolved, kind.inputs.data, start)
        definition = cls.get_irdl_definition()
        held = {
            name: attributes.pop(name)
            for name in list(attributes)
            if name in definition.properties or name == "operandSegmentSizes"
        }
        defined = len(definition.operands)
        if "operandSegmentSizes" not in held:
            if len(operands) > defined:
                parser.raise_error(f"{cls.name} takes at most {defined} operands")
            present = [int(index < len(operands)) for index in range(defined)]
            held["operandSegmentSizes"] = DenseArrayBase.from_list(i32, present)
        return cls.create(
            operands=operands,
            result_types=kind.outputs.data,
            properties=with_defaults(cls, held),
            attributes=attributes,
        )

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_list(self.operands, printer.print_ssa_value)
        definition = self.get_irdl_definition()
        shown = dict(self.attributes)
        for name, value in self.properties.items():
            defined = definition.properties.get(name)
            if defined is None or value != defined.default_value:
                shown[name] = value
        sizes = self.properties["operandSegmentSizes"]
        assert isinstance(sizes, DenseArrayBase)
        present: list[Any] = list(sizes.get_values())
        if present == sorted(present, reverse=True):
            del shown["operandSegmentSizes"]
        if shown:
            printer.print_string(" ")
            printer.print_attr_dict(shown)
        printer.print_string(" : ")
        printer.print_operation_type(self)


def with_defaults(
    op: type[IRDLOperation], held: Mapping[str, Attribute]
) -> dict[str, Attribute]:
    """`held` and the default value of each property that it lacks."""
    defaults = {
        name: defined.default_value
        for name, defined in op.get_irdl_definition().properties.items()
        if defined.default_value is not None
    }
    return defaults | dict(held)


def conv2d_shape(
    input: Shape,
    weight: Shape,
    strides: Sequence[int],
    pads: Sequence[int],
    dilations: Sequence[int],
    layout: str,
) -> Shape:
    """The result of a convolution; pads are top, left, bottom, right."""
    first = 1 if layout == "NHWC" else 2
    spatial = tuple(
        (
            input[first + i]
            + pads[i]
            + pads[i + 2]
            - dilations[i] * (weight[2 + i] - 1)
            - 1
        )
        // strides[i]
        + 1
        for i in range(2)
    )
    if layout == "NHWC":
        return (input[0], *spatial, weight[0])
    return (input[0], weight[0], *spatial)


def matmul_shape(lhs: Shape, rhs: Shape) -> Shape:
    """The result of `numpy.matmul` for ranks of at least 2."""
    return (*np.broadcast_shapes(lhs[:-2], rhs[:-2]), lhs[-2], rhs[-1])
