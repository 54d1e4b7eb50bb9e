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
    range_of,
    representable,
    union,
)


@dataclass(frozen=True)
class UnifyScalesPass(ModulePass):
    """
    Gives all quantized values that data movement connects one type.

    That of the values that enter, where they agree; else the type of the union of all
    their ranges.
    """

    name = "unify-scales"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        func = model_function(op)
        classes = _Classes()
        for inner in func.body.walk():
            if form_of(inner) == Form.MOVEMENT:
                classes.merge(_ends(inner))
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
        merged: list[SSAValue] = []
        for value in values:
            for member in self._class_of.get(value, [value]):
                if member not in merged:
                    merged.append(member)
        self._class_of.update((member, merged) for member in merged)

    def __iter__(self) -> Iterator[list[SSAValue]]:
        unique = {id(members): members for members in self._class_of.values()}
        return iter(list(unique.values()))


def _ends(op: Operation) -> list[SSAValue]:
    """The quantized values that a movement op reads and gives."""
    read = [op.operands[index].owner for index in activations(op)]
    given = [use.operation for use in op.results[0].uses]
    return [
        *(owner.input for owner in read if isinstance(owner, DequantizeCastOp)),
        *(user.result for user in given if isinstance(user, QuantizeCastOp)),
    ]


def _is_ours(value: SSAValue) -> bool:
    """Whether we chose the type of a quantized value."""
    return isinstance(value.owner, QuantizeCastOp) and range_of(value) is not None


def _is_moved(value: SSAValue) -> bool:
    """Whether a quantized value is the rounded result of data movement."""
    if not isinstance(value.owner, QuantizeCastOp):
        return False
    source = value.owner.input.owner
    return isinstance(source, Operation) and form_of(source) == Form.MOVEMENT


def _is_padded(value: SSAValue) -> bool:
    """Whether a quantized value is a padded one, which may add a value of its own."""
    owner = value.owner
    return isinstance(owner, QuantizeCastOp) and isinstance(owner.input.owner, nn.PadOp)


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
    padded = [(value, kind) for value, kind in known if _is_padded(value)]
    bounds = union(_range(value, kind) for value, kind in entering)
    if len({kind for _, kind in entering}) == 1 and all(
        union([bounds, _range(value, kind)]) == bounds for value, kind in padded
    ):
        return entering[0][1]
    return activation_type(union(_range(value, kind) for value, kind in known))
