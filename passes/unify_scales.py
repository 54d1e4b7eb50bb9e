"""
`unify-scales`: what data movement connects shares one type, where we chose the types.

Concatenation, pooling, reshape … then run on the stored integers without rounding. The
model's own types (`quant.qcast` without `range`) are never changed: where they differ,
`cancel-casts` and `lower-to-quant` put a requantize.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation, SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import Rewriter

from qcc.dialects import nn
from qcc.dialects.naming import model_function
from qcc.dialects.quant import DequantizeCastOp, QuantizeCastOp, UniformType
from qcc.dialects.types import element_type_of, shape_of, tensor
from qcc.passes.quantizable import Form, activations, form_of
from qcc.passes.ranges import (
    Range,
    activation_type,
    is_much_wider,
    range_of,
    representable,
    union,
)


@dataclass(frozen=True)
class UnifyScalesPass(ModulePass):
    """
    Gives all quantized values that data movement connects one type.

    That of the values that enter, where they agree; else the type of the union of all
    their ranges. What a concatenation joins keeps its own type where the union is much
    wider and other ops read it, too: it is requantized for the concatenation.
    """

    name = "unify-scales"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        func = model_function(op)
        classes = _Classes()
        moving = [o for o in func.body.walk() if form_of(o) == Form.MOVEMENT]
        for inner in moving:
            if not isinstance(inner, nn.ConcatOp):
                classes.merge(_ends(inner))
        for inner in moving:
            if isinstance(inner, nn.ConcatOp):
                classes.merge(_joined(inner, classes))
        for members in classes:
            kind = _common_type(members)
            for value in members:
                if kind is not None and _is_ours(value):
                    # The same value with another type: uses see it, nothing moves.
                    Rewriter.replace_value_with_new_type(
                        value, tensor(kind, shape_of(value))
                    )


class _Classes:
    """Values in disjoint classes, in order of appearance."""

    def __init__(self) -> None:
        self._class_of: dict[SSAValue, list[SSAValue]] = {}

    def merge(self, values: list[SSAValue]) -> None:
        merged = list(dict.fromkeys(m for v in values for m in self.members(v)))
        self._class_of.update((member, merged) for member in merged)

    def members(self, value: SSAValue) -> list[SSAValue]:
        """The class of a value."""
        return self._class_of.get(value, [value])

    def __iter__(self) -> Iterator[list[SSAValue]]:
        unique = {id(members): members for members in self._class_of.values()}
        return iter(list(unique.values()))


def _ends(op: Operation) -> list[SSAValue]:
    """The quantized values that an integer movement op reads and gives."""
    read = [op.operands[index].owner for index in activations(op)]
    given = [use.operation for use in op.results[0].uses]
    if not any(isinstance(user, QuantizeCastOp) for user in given):
        return []  # it moves floats, of a model's input or output
    return [
        *(owner.input for owner in read if isinstance(owner, DequantizeCastOp)),
        *(user.result for user in given if isinstance(user, QuantizeCastOp)),
    ]


def _joined(op: nn.ConcatOp, classes: _Classes) -> list[SSAValue]:
    """The quantized values of a concatenation that are to share one type."""
    ends = _ends(op)
    classes_of = [classes.members(value) for value in ends]
    ranges = [_class_range(members) for members in classes_of]
    if not ends or any(bounds is None for bounds in ranges):
        return []
    known = [bounds for bounds in ranges if bounds is not None]
    total = union(known)
    return [
        value
        for value, members, bounds in zip(ends, classes_of, known, strict=True)
        if not is_much_wider(total, bounds) or not any(map(_is_computed_with, members))
    ]


def _class_range(members: list[SSAValue]) -> Range | None:
    kinds = [_per_tensor(value) for value in members]
    known = [(v, k) for v, k in zip(members, kinds, strict=True) if k is not None]
    if len(known) != len(members):
        return None
    return union(_range(value, kind) for value, kind in known)


def _is_computed_with(value: SSAValue) -> bool:
    """Whether anything but data movement reads a quantized value."""
    readers = [use.operation for use in value.uses]
    return any(
        not isinstance(reader, DequantizeCastOp)
        or any(form_of(use.operation) != Form.MOVEMENT for use in reader.result.uses)
        for reader in readers
    )


def _is_ours(value: SSAValue) -> bool:
    """Whether we chose the type of a quantized value."""
    return isinstance(value.owner, QuantizeCastOp) and range_of(value) is not None


def _is_moved(value: SSAValue) -> bool:
    """Whether a quantized value is the rounded result of data movement."""
    if not isinstance(value.owner, QuantizeCastOp):
        return False
    source = value.owner.input.owner
    return isinstance(source, Operation) and form_of(source) == Form.MOVEMENT


def _adds_elements(value: SSAValue) -> bool:
    """
    Whether a quantized value may hold elements that no other of its class holds.

    A pad adds its value, a concatenation what keeps a type of its own.
    """
    owner = value.owner
    source = owner.input.owner if isinstance(owner, QuantizeCastOp) else owner
    return isinstance(source, nn.PadOp | nn.ConcatOp)


def _per_tensor(value: SSAValue) -> UniformType | None:
    kind = element_type_of(value)
    assert isinstance(kind, UniformType)
    return kind if kind.axis is None else None


def _range(value: SSAValue, kind: UniformType) -> Range:
    bounds = range_of(value) if _is_ours(value) else None
    return representable(kind) if bounds is None else bounds


def _common_type(members: list[SSAValue]) -> UniformType | None:
    """The type for the values of a class that are ours; None to leave them."""
    kinds = [_per_tensor(value) for value in members]
    if not any(map(_is_ours, members)) or any(kind is None for kind in kinds):
        return None
    known = [(v, k) for v, k in zip(members, kinds, strict=True) if k is not None]
    entering = [(value, kind) for value, kind in known if not _is_moved(value)]
    total = union(_range(value, kind) for value, kind in known)
    if len({kind for _, kind in entering}) != 1:
        return activation_type(total)
    added = [(value, kind) for value, kind in known if _adds_elements(value)]
    bounds = union(_range(value, kind) for value, kind in entering)
    fits = union([bounds, *(_range(value, kind) for value, kind in added)]) == bounds
    return entering[0][1] if fits else activation_type(total)
