"""What a match has bound so far, and the values that terms evaluate to."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from xdsl.ir import Attribute, Operation, SSAValue

from qcc.passes.rules.syntax import OperationTerm

Array = NDArray[Any]
Value = int | float | str | bool | list[Any] | Array | Attribute
"""What a term evaluates to; attributes without a Python form stay `Attribute`s."""

RELATIVE_TOLERANCE = 1e-5
"""Exporters write sqrt(2) and 1/6 with 6 to 8 digits; float32 has 7."""


class NotApplicable(Exception):
    """A term has no value for this match (an index out of range, say): no match."""


@dataclass(frozen=True)
class Bindings:
    """An immutable set of bindings; matching tries alternatives on copies."""

    values: dict[str, SSAValue | None] = field(default_factory=dict)
    """Variables; None is an optional operand that is absent."""

    captures: dict[str, Value] = field(default_factory=dict)
    """`$name`: the elements of a constant (an array) or an attribute's value."""

    constants: dict[str, SSAValue] = field(default_factory=dict)
    """`$name` of a constant: the constant itself."""

    rests: dict[str, dict[str, Value]] = field(default_factory=dict)
    """`..name`: attributes by name."""

    operations: tuple[tuple[Operation, OperationTerm], ...] = ()
    """The matched operations, each after the ones that it was matched under."""

    def with_value(self, name: str, value: SSAValue | None) -> Bindings:
        return replace(self, values={**self.values, name: value})

    def with_capture(self, name: str, value: Value) -> Bindings:
        return replace(self, captures={**self.captures, name: value})

    def with_constant(self, name: str, value: SSAValue, array: Array) -> Bindings:
        bound = self.with_capture(name, array)
        return replace(bound, constants={**self.constants, name: value})

    def with_rest(self, name: str, attributes: dict[str, Value]) -> Bindings:
        return replace(self, rests={**self.rests, name: attributes})

    def with_operation(self, op: Operation, term: OperationTerm) -> Bindings:
        return replace(self, operations=(*self.operations, (op, term)))


def is_number(value: Value) -> bool:
    """True for integers and floats (not booleans) and arrays of them."""
    if isinstance(value, np.ndarray):
        return value.dtype.kind in "iuf"
    return isinstance(value, int | float) and not isinstance(value, bool)


def equal(left: Value, right: Value) -> bool:
    """
    Equality of two values.

    Integers exactly, floats with a relative tolerance of 1e-5; arrays element by
    element after broadcasting; lists item by item.
    """
    if is_number(left) and is_number(right):
        close = _close(np.asarray(left), np.asarray(right))
        return close.size > 0 and bool(close.all())
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(equal, left, right))
    if isinstance(left, np.ndarray) or isinstance(right, np.ndarray):
        return False
    return type(left) is type(right) and left == right


def differ(left: Value, right: Value) -> bool:
    """Whether no element of one is equal to that of the other; lists differ as such."""
    if is_number(left) and is_number(right):
        return not _close(np.asarray(left), np.asarray(right)).any()
    return not equal(left, right)


def _close(left: Array, right: Array) -> NDArray[np.bool_]:
    """Element by element; not close at all when the shapes do not broadcast."""
    exact = left.dtype.kind in "iu" and right.dtype.kind in "iu"
    tolerance = 0.0 if exact else RELATIVE_TOLERANCE
    try:
        return np.isclose(left, right, rtol=tolerance, atol=0.0)
    except ValueError:
        return np.zeros(1, np.bool_)


def as_python_number(value: Value) -> Value:
    """A constant whose elements are all equal as one number; others unchanged."""
    if not isinstance(value, np.ndarray):
        return value
    if value.size == 0 or not (value == value.flat[0]).all():
        raise NotApplicable("not all elements are equal")
    return cast(int | float, value.flat[0].item())
