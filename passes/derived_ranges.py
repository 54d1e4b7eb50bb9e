"""
Ranges that follow from those of the operands, for models that come with casts.

Such a model says the range of most tensors; what it does not round itself between two
of its casts (a sum, a mean, an activation before the next layer) is bounded by what
it does. Sums and products have the widest range that their operands allow, a layer that
is added to something the range beyond which the sum saturates.
"""

from __future__ import annotations

import math

import numpy as np
from xdsl.ir import Operation, SSAValue

from qcc.dialects import nn, quant
from qcc.dialects.types import element_type_of
from qcc.passes.lookup_tables import as_function
from qcc.passes.quantizable import function_operand, single_user
from qcc.passes.quantization_plan import goes_to_quantize
from qcc.passes.ranges import Range, range_of, representable, union, widened
from qcc.passes.rewriting import int8_type

_SAMPLES = 1024
"""Points at which an elementwise function is looked at."""

_CONVEX = (nn.AvgPool2dOp, nn.ReduceMeanOp, nn.ResizeOp)
"""Results lie between the least and the greatest operand element."""


def derived_range(op: Operation) -> Range | None:
    """What the result of `op` can be, given its operands' ranges; None if unknown."""
    if isinstance(op, quant.DequantizeCastOp):
        kind = element_type_of(op.input)
        if not isinstance(kind, quant.UniformType) or kind.axis is not None:
            return None
        return widened(*representable(kind)) if kind.storage.width.data == 8 else None
    if isinstance(op, _CONVEX):
        return range_of(op.operands[0])
    if (index := function_operand(op)) is not None:
        return _of_function(op, index)
    if isinstance(op, nn.AddOp | nn.SubOp | nn.MulOp):
        return _of_arithmetic(op)
    return None


def _of_arithmetic(op: nn.AddOp | nn.SubOp | nn.MulOp) -> Range | None:
    lhs, rhs = range_of(op.lhs), range_of(op.rhs)
    if lhs is None or rhs is None:
        return None
    if isinstance(op, nn.MulOp):
        products = [a * b for a in lhs for b in rhs]
        return widened(min(products), max(products))
    if isinstance(op, nn.SubOp):
        rhs = (-rhs[1], -rhs[0])
    return widened(lhs[0] + rhs[0], lhs[1] + rhs[1])


def _of_function(op: Operation, index: int) -> Range | None:
    """The least and the greatest of f at many points of the operand's range."""
    bounds = range_of(op.operands[index])
    if bounds is None:
        return None
    points = np.linspace(*bounds, _SAMPLES).astype(np.float32)
    with np.errstate(all="ignore"):
        values = as_function(op)(points)
    low, high = float(values.min()), float(values.max())
    return widened(low, high) if math.isfinite(low) and math.isfinite(high) else None


def needed_range(value: SSAValue) -> Range | None:
    """
    The part of a summand's range that matters: beyond it the rounded sum saturates.

    For a value that only one addition or subtraction reads, whose result the model
    rounds (after relu or clip); None for others.
    """
    user = single_user(value)
    if not isinstance(user, nn.AddOp | nn.SubOp):
        return None
    is_lhs = user.lhs == value
    other = range_of(user.rhs if is_lhs else user.lhs)
    total = _rounded_range(user.result)
    if other is None or total is None or user.result.type != value.type:
        return None
    if isinstance(user, nn.AddOp):
        return widened(total[0] - other[1], total[1] - other[0])
    if is_lhs:
        return widened(total[0] + other[0], total[1] + other[1])
    return widened(other[0] - total[1], other[1] - total[0])


def _rounded_range(value: SSAValue) -> Range | None:
    """What the model's own cast of a value can represent, between relu and clip."""
    low, high = -math.inf, math.inf
    while not goes_to_quantize(value):
        user = single_user(value)
        if not isinstance(user, nn.ReluOp | nn.ClipOp):
            return None
        is_clip = isinstance(user, nn.ClipOp)
        low = max(low, user.min_value if is_clip else 0.0)
        high = min(high, user.max_value) if is_clip else high
        value = user.results[0]
    kinds = [int8_type(use.operation.results[0]) for use in value.uses]
    known = [representable(kind) for kind in kinds if kind is not None]
    if len(known) != len(kinds):
        return None
    bottom, top = union(known)
    return max(low, bottom), min(high, top)


def is_rounded_later(value: SSAValue) -> bool:
    """Whether anything that follows from a value is rounded by the model."""
    waiting, seen = [value], {value}
    for current in waiting:
        for use in current.uses:
            if isinstance(use.operation, quant.QuantizeCastOp):
                return True
            new = [result for result in use.operation.results if result not in seen]
            waiting += new
            seen.update(new)
    return False
