"""What rules know of the ops of `nn` and `quant`: classes, operands, attributes."""

from __future__ import annotations

import inspect
from functools import cache
from typing import cast

from xdsl.dialects.builtin import (
    DenseArrayBase,
    FloatAttr,
    IntegerAttr,
    IntegerType,
    StringAttr,
    UnitAttr,
)
from xdsl.ir import Attribute, Operation
from xdsl.irdl import IRDLOperation, OptionalDef, PropertyDef, VariadicDef

from qcc.dialects import get_all_dialects
from qcc.passes.rules.bindings import Value

COMMUTATIVE = frozenset(
    {"nn.add", "nn.mul", "nn.min", "nn.max", "nn.equal", "quant.add", "quant.mul"}
)
"""Ops whose two operands match in either order."""

_DIALECTS = ("nn", "quant")


@cache
def operations() -> dict[str, type[IRDLOperation]]:
    """All ops that rules may name."""
    dialects = [get_all_dialects()[name]() for name in _DIALECTS]
    classes = [op for dialect in dialects for op in dialect.operations]
    return {op.name: cast(type[IRDLOperation], op) for op in classes}


def operand_counts(name: str) -> tuple[int, int | None]:
    """The least and the most operands of an op; None: any number."""
    least, most = 0, 0
    for _, definition in operations()[name].get_irdl_definition().operands:
        optional = isinstance(definition, OptionalDef)
        if isinstance(definition, VariadicDef) and not optional:
            return least, None
        least, most = least + (not optional), most + 1
    return least, most


@cache
def properties(name: str) -> dict[str, PropertyDef]:
    """The properties that a pattern may mention, by name."""
    definitions = operations()[name].get_irdl_definition().properties
    return {key: value for key, value in definitions.items() if "Segment" not in key}


@cache
def constructor_keywords(name: str) -> frozenset[str]:
    """The keyword arguments of an op's constructor: attributes of a replacement."""
    parameters = inspect.signature(operations()[name].__init__).parameters
    return frozenset(parameters) - {"self"}


def property_value(op: Operation, name: str) -> Value:
    """An op's property as a Python value; its default when it is not set."""
    definition = properties(op.name)[name]
    attribute = op.properties.get(name, definition.default_value)
    if attribute is None:
        return False
    return _python_value(attribute)


def has_default(op: Operation, name: str) -> bool:
    """Whether a property is absent or equal to its default."""
    attribute = op.properties.get(name)
    return attribute is None or attribute == properties(op.name)[name].default_value


def _python_value(attribute: Attribute) -> Value:
    match attribute:
        case IntegerAttr():
            return attribute.value.data
        case FloatAttr():
            return attribute.value.data
        case StringAttr():
            return attribute.data
        case UnitAttr():
            return True
        case DenseArrayBase():
            numbers = cast(DenseArrayBase[IntegerType], attribute)
            return list(numbers.iter_values())
        case _:
            return attribute
