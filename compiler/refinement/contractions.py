"""
Contractions with constant weights: which they are, and their sums as matrix products.

A contraction sums `taps` products for each output channel; seen as a matrix product it
is rows [groups, outputs per group, taps] times patches [groups, taps, positions].
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.func import FuncOp

from qcc.dialects import nn
from qcc.dialects.naming import tensor_name
from qcc.dialects.types import rank_of, shape_of, size_of
from qcc.passes.quantizable import constant_array, weight_operand

Array = NDArray[Any]
Doubles = NDArray[np.float64]

ContractionOp: TypeAlias = nn.Conv2dOp | nn.ConvTranspose2dOp | nn.MatMulOp


@dataclass(frozen=True)
class Contraction:
    """A float contraction with constant float32 weights."""

    op: ContractionOp
    name: str
    """The `tensor` name of its result."""
    weights: Array

    @property
    def channel_axis(self) -> int:
        """The axis of the result along which output channels lie."""
        is_last = isinstance(self.op, nn.MatMulOp) or self.op.layout_value == "NHWC"
        return rank_of(self.op.result) - 1 if is_last else 1

    @property
    def channels(self) -> int:
        """The number of output channels."""
        return shape_of(self.op.result)[self.channel_axis]

    @property
    def products(self) -> int:
        """Multiply-accumulates of one run."""
        if isinstance(self.op, nn.ConvTranspose2dOp):
            # Each element of an input channel meets that channel's weights.
            return size_of(self.op.input) * self.weights[0].size
        return size_of(self.op.result) * self.weights.size // self.channels

    @property
    def has_rows(self) -> bool:
        """Whether `rows` and `patches` can be had: not of transposed convolutions."""
        return not isinstance(self.op, nn.ConvTranspose2dOp)

    def rows(self) -> Doubles:
        """The weights as [groups, outputs per group, taps]."""
        weights = self.weights.astype(np.float64)
        if isinstance(self.op, nn.MatMulOp):
            return np.moveaxis(weights, -1, 0).reshape(1, weights.shape[-1], -1)
        groups = self.op.group_count
        return weights.reshape(groups, len(weights) // groups, -1)

    def from_rows(self, rows: Array) -> Array:
        """The inverse of `rows`, of any element type."""
        if isinstance(self.op, nn.MatMulOp):
            *outer, outputs = self.weights.shape
            return np.moveaxis(rows.reshape(outputs, *outer), 0, -1)
        return rows.reshape(self.weights.shape)

    def patches(self, input: Array, most: int, turn: int) -> Array:
        """
        What the rows are multiplied with, [groups, taps, positions], float32.

        At most `most` positions of the result, spread over it; which ones varies with
        `turn`, the number of the sample.
        """
        if isinstance(self.op, nn.MatMulOp):
            vectors = input.reshape(-1, input.shape[-1])
            return vectors[_spread(len(vectors), most, turn)].T[None]
        assert isinstance(self.op, nn.Conv2dOp)
        if self.op.layout_value == "NHWC":
            input = input.transpose(0, 3, 1, 2)
        return _windows(self.op, input, most, turn)


def contractions(func: FuncOp) -> list[Contraction]:
    """All contractions of a float function whose weights are constants, in order."""
    found: list[Contraction] = []
    for op in func.body.walk():
        if not isinstance(op, ContractionOp) or weight_operand(op) is None:
            continue
        weights, name = constant_array(op.operands[1]), tensor_name(op.result)
        if weights is None or name is None or weights.dtype != np.float32:
            continue
        if isinstance(op, nn.MatMulOp) and np.prod(weights.shape[:-2]) != 1:
            continue
        if constant_array(op.operands[0]) is None:
            found.append(Contraction(op, name, weights))
    return found


def _spread(count: int, most: int, turn: int) -> NDArray[np.int64]:
    """At most `most` of the numbers below `count`, evenly, beginning by `turn`."""
    if count <= most:
        return np.arange(count)
    # The golden ratio: starts of successive turns fall between those of earlier ones.
    start = turn * 0.6180339887498949 % 1.0
    return ((np.arange(most) + start) * count / most).astype(np.int64)


def _windows(op: nn.Conv2dOp, input: Array, most: int, turn: int) -> Array:
    """The windows of a convolution at some positions; `input` is [N, C, H, W]."""
    kernel = shape_of(op.weight)[2:]
    top, left, bottom, right = op.pad_values
    padded = np.pad(input, ((0, 0), (0, 0), (top, bottom), (left, right)))
    batch, channels, *sizes = padded.shape
    outputs = [
        (size - dilation * (taps - 1) - 1) // stride + 1
        for size, taps, stride, dilation in zip(
            sizes, kernel, op.stride_values, op.dilation_values, strict=True
        )
    ]
    chosen = _spread(batch * outputs[0] * outputs[1], most, turn)
    image, row, column = np.unravel_index(chosen, (batch, *outputs))
    rows = row[:, None] * op.stride_values[0]
    rows = rows + np.arange(kernel[0]) * op.dilation_values[0]
    columns = column[:, None] * op.stride_values[1]
    columns = columns + np.arange(kernel[1]) * op.dilation_values[1]
    # Advanced indices come first: [positions, kernel rows, kernel columns, channels].
    windows = padded[image[:, None, None], :, rows[:, :, None], columns[:, None, :]]
    by_tap = windows.transpose(3, 1, 2, 0).reshape(channels, -1, len(chosen))
    return by_tap.reshape(op.group_count, -1, len(chosen))
