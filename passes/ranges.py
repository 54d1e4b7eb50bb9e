"""
Ranges of values: the attribute `range` that `analyze-ranges` writes, and its types.

`range = array<f32: minimum, maximum>` stands on the op that defines a value or among
the attributes of a function's argument. On a `quant.qcast` it says that the cast is
ours, not the model's: its type came from this range, and `unify-scales` may change it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias, cast

import numpy as np
from xdsl.dialects.builtin import ArrayAttr, DenseArrayBase, DictionaryAttr, Float32Type
from xdsl.dialects.func import FuncOp
from xdsl.ir import Attribute, BlockArgument, OpResult, SSAValue

from qcc.dialects.quant import UniformType
from qcc.dialects.types import float_array, floats

RANGE = "range"

Range: TypeAlias = tuple[float, float]
"""Minimum ≤ 0 and maximum ≥ 0, both float32 values."""

UNIT_INTERVAL = UniformType.per_tensor(1 / 256, -128)
"""The type of softmax and sigmoid results."""
SYMMETRIC_UNIT_INTERVAL = UniformType.per_tensor(1 / 128, 0)
"""The type of tanh results."""

SMALLEST_SCALE = float(np.finfo(np.float32).tiny)
"""Anything below is not a normal float32: the range is taken as degenerate."""


def widened(minimum: float, maximum: float) -> Range:
    """The range rounded to float32 and widened to hold 0."""
    low, high = float(np.float32(minimum)), float(np.float32(maximum))
    # Adding 0.0 turns -0.0 into 0.0.
    return min(low, 0.0) + 0.0, max(high, 0.0) + 0.0


def union(ranges: Iterable[Range]) -> Range:
    """The smallest range that holds all of `ranges`."""
    ranges = list(ranges)
    return min(low for low, _ in ranges), max(high for _, high in ranges)


def width(bounds: Range) -> float:
    """Maximum minus minimum."""
    return bounds[1] - bounds[0]


MUCH_WIDER = 2.0
"""How many times wider a range may be before sharing its scale costs accuracy."""


def is_much_wider(bounds: Range, than: Range) -> bool:
    """Whether a value of range `than` would lose more than one bit with `bounds`."""
    return width(bounds) > MUCH_WIDER * width(than)


def activation_type(bounds: Range) -> UniformType:
    """
    The asymmetric int8 type of a range that holds 0.

    scale = float32((max − min) / 255), zero point = rne(−128 − min / scale); a
    degenerate range has scale 1.
    """
    low, high = np.float32(bounds[0]), np.float32(bounds[1])
    with np.errstate(over="ignore"):
        scale = np.float32((np.float64(high) - np.float64(low)) / 255)
    if not SMALLEST_SCALE <= scale < np.inf:
        scale = np.float32(1)
    zero_point = np.clip(np.rint(-128 - low / scale), -128, 127)
    return UniformType.per_tensor(float(scale), int(zero_point))


def representable(kind: UniformType) -> Range:
    """The reals of the least and the greatest stored integer of a per-tensor type."""
    scale, zero_point = kind.scale, kind.zero_point
    return scale * (kind.minimum - zero_point), scale * (kind.maximum - zero_point)


def _from_attribute(attribute: Attribute | None) -> Range | None:
    if not isinstance(attribute, DenseArrayBase):
        return None
    low, high = floats(cast("DenseArrayBase[Float32Type]", attribute))
    return low, high


def range_of(value: SSAValue) -> Range | None:
    """The `range` attribute of a value; None if it has none."""
    if isinstance(value, OpResult):
        return _from_attribute(value.op.attributes.get(RANGE))
    assert isinstance(value, BlockArgument)
    func = value.block.parent_op()
    if not isinstance(func, FuncOp) or func.arg_attrs is None:
        return None
    return _from_attribute(func.arg_attrs.data[value.index].data.get(RANGE))


def set_range(value: SSAValue, bounds: Range) -> None:
    """Writes the `range` attribute of a value."""
    attribute = float_array(bounds)
    if isinstance(value, OpResult):
        value.op.attributes[RANGE] = attribute
        return
    assert isinstance(value, BlockArgument)
    func = value.block.parent_op()
    assert isinstance(func, FuncOp)
    held = (
        [DictionaryAttr({}) for _ in func.args]
        if func.arg_attrs is None
        else list(func.arg_attrs.data)
    )
    held[value.index] = DictionaryAttr({**held[value.index].data, RANGE: attribute})
    func.arg_attrs = ArrayAttr(held)
