"""
`analyze-ranges`: the attribute `range` on every float value whose range is known.

Constants are known from their data, activation functions bound their results, data
movement hands ranges on, inputs are what the user declares; the rest comes from the
statistics of calibration.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import FuncOp
from xdsl.ir import BlockArgument, Operation, SSAValue
from xdsl.passes import ModulePass

from qcc.dialects import nn, quant
from qcc.dialects.errors import QccError
from qcc.dialects.naming import model_function, node_name, tensor_name
from qcc.passes import statistics
from qcc.passes.derived_ranges import derived_range, is_rounded_later, needed_range
from qcc.passes.quantizable import (
    Form,
    activations,
    constant_array,
    form_of,
    is_float,
)
from qcc.passes.quantization_plan import QuantizationPlan
from qcc.passes.ranges import Range, range_of, set_range, union, widened

# Monotone codomains; None where the operand decides.
_CODOMAINS: dict[type[Operation], tuple[float, float]] = {
    nn.SigmoidOp: (0.0, 1.0),
    nn.HardSigmoidOp: (0.0, 1.0),
    nn.SoftmaxOp: (0.0, 1.0),
    nn.TanhOp: (-1.0, 1.0),
    nn.ErfOp: (-1.0, 1.0),
    nn.ReluOp: (0.0, math.inf),
    nn.AbsOp: (0.0, math.inf),
    nn.SqrtOp: (0.0, math.inf),
    nn.ExpOp: (0.0, math.inf),
    nn.ReduceSumSquareOp: (0.0, math.inf),
}

LARGEST_PADDING = 1e30
"""What pads with more than this means infinity."""

_AVERAGES = (nn.AvgPool2dOp, nn.ReduceMeanOp)


def codomain(op: Operation) -> Range:
    """What an op can give for any operand; may be infinite."""
    if isinstance(op, nn.ClipOp):
        return op.min_value, op.max_value
    if isinstance(op, nn.OneHotOp):
        return min(op.on_value, op.off_value), max(op.on_value, op.off_value)
    return _CODOMAINS.get(type(op), (-math.inf, math.inf))


def clipped(bounds: Range, limits: Range) -> Range:
    """A range after each of its values went through min and max."""
    low, high = (min(max(bound, limits[0]), limits[1]) for bound in bounds)
    return low, high


def constant_range(value: SSAValue) -> Range | None:
    """The range of the finite elements of a float constant."""
    array = constant_array(value)
    if array is None or not is_float(value):
        return None
    finite = array[np.isfinite(array)]
    return widened(finite.min(), finite.max()) if finite.size else (0.0, 0.0)


def _moved_range(op: Operation) -> Range | None:
    """The range of data movement: that of its operands, and of a pad's value."""
    ranges = [range_of(op.operands[index]) for index in activations(op)]
    known = [bounds for bounds in ranges if bounds is not None]
    if len(known) != len(ranges):
        return None
    if isinstance(op, nn.PadOp) and op.mode.data == "constant":
        value = op.value.value.data
        # Padding "with minus infinity" for a maximum saturates, it needs no range.
        if abs(value) < LARGEST_PADDING:
            known.append(widened(value, value))
    return union(known)


def _result_range(op: Operation, seen: Range | None) -> Range | None:
    """The range of the result, given what calibration saw; None if unknown."""
    value = op.results[0]
    if isinstance(op, nn.ConstantOp):
        return constant_range(value)
    if isinstance(op, quant.DequantizeCastOp):
        return seen
    if form_of(op) == Form.MOVEMENT and (moved := _moved_range(op)) is not None:
        if isinstance(op, nn.SliceOp) and seen is not None:
            # A part may have a range of its own (one of several recurrent states).
            return widened(*clipped(seen, moved))
        return moved
    limits = codomain(op)
    if all(math.isfinite(limit) for limit in limits) and not isinstance(op, nn.ClipOp):
        return widened(*limits)
    if seen is None and (form_of(op) == Form.CLAMP or isinstance(op, _AVERAGES)):
        seen = range_of(op.operands[0])
    if seen is None and isinstance(op, nn.ClipOp) and all(map(math.isfinite, limits)):
        seen = limits
    return None if seen is None else widened(*clipped(seen, limits))


@dataclass(frozen=True)
class AnalyzeRangesPass(ModulePass):
    """
    Writes `range` on every value of the model function whose range is known.

    Raises QccError for a value that must be int8 and has no known range; in a model
    that comes with casts of its own, ops at such a value stay float instead. There,
    what nothing else tells is derived from the model's own types (`derived_ranges`), as
    far as the model rounds anything that follows from it.
    """

    name = "analyze-ranges"

    input_ranges: tuple[str, ...] = ()
    """What the user knows of inputs: `"NAME=MIN:MAX"`."""

    derive_outputs: bool = False
    """Derive ranges of what leads to outputs only, too."""

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        func = model_function(op)
        declared = parse_input_ranges(func, self.input_ranges)
        known = statistics.current()
        has_casts = any(isinstance(o, quant.DequantizeCastOp) for o in op.walk())
        for argument in func.args:
            bounds = declared.get(argument, _lookup(known.range, argument))
            if bounds is not None and is_float(argument):
                set_range(argument, widened(*bounds))
        for inner in func.body.walk():
            if len(inner.results) != 1 or not is_float(inner.results[0]):
                continue
            seen = _lookup(known.range, inner.results[0])
            if has_casts and seen is None:
                if not self.derive_outputs and not is_rounded_later(inner.results[0]):
                    continue
                seen = derived_range(inner)
            bounds = _result_range(inner, seen)
            if bounds is not None:
                set_range(inner.results[0], bounds)
        if not has_casts:
            _require_ranges(func)
            return
        for inner in func.body.walk():
            if (
                form_of(inner) == Form.CONTRACTION
                and range_of(inner.results[0]) is None
            ):
                bounds = needed_range(inner.results[0])
                if bounds is not None:
                    set_range(inner.results[0], bounds)


def _lookup(
    find: Callable[[str], tuple[float, float] | None], value: SSAValue
) -> Range | None:
    name = tensor_name(value)
    return None if name is None else find(name)


def _require_ranges(func: FuncOp) -> None:
    for value in QuantizationPlan(func, lambda value: True).values():
        if range_of(value) is not None:
            continue
        producer = None if isinstance(value, BlockArgument) else value.owner
        assert producer is None or isinstance(producer, Operation)
        raise QccError(
            "a range is missing",
            node=None if producer is None else node_name(producer),
            op=None if producer is None else producer.name,
            tensor=tensor_name(value) or "(unnamed)",
            why="calibration has not seen this tensor",
            remedy="calibrate with samples, or give the --ranges of this model",
        )


def parse_input_ranges(
    func: FuncOp, texts: tuple[str, ...]
) -> dict[SSAValue, tuple[float, float]]:
    """The declared range of each argument; QccError for what cannot be read."""
    arguments = {tensor_name(argument): argument for argument in func.args}
    result: dict[SSAValue, tuple[float, float]] = {}
    for text in texts:
        name, _, numbers = text.rpartition("=")
        low, _, high = numbers.partition(":")
        try:
            bounds = float(low), float(high)
        except ValueError:
            bounds = math.nan, math.nan
        if name not in arguments:
            known = ", ".join(str(known) for known in arguments)
            raise QccError(
                f'there is no input "{name}"', remedy=f"the inputs are: {known}"
            )
        if not -math.inf < bounds[0] <= bounds[1] < math.inf:
            raise QccError(
                f'"{numbers}" is not a range', tensor=name, remedy="write MIN:MAX"
            )
        result[arguments[name]] = bounds
    return result
