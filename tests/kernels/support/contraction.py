"""Naive oracles of the contraction kernels, written from docs/numerics.md."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Int8 = NDArray[np.int8]
Int32 = NDArray[np.int32]
Float32 = NDArray[np.float32]


@dataclass(frozen=True)
class Shape:
    """A convolution: input NHWC, weight [O, C/groups, KH, KW]; `c`, `o` per group."""

    n: int = 1
    h: int = 5
    w: int = 7
    c: int = 3
    o: int = 5
    groups: int = 1
    kernel: tuple[int, int] = (3, 3)
    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    pads: tuple[int, int, int, int] = (1, 1, 1, 1)

    @property
    def output(self) -> tuple[int, int]:
        """Height and width of the result."""
        sizes: list[int] = []
        for axis, size in enumerate((self.h, self.w)):
            reach = (self.kernel[axis] - 1) * self.dilation[axis] + 1
            padded = size + self.pads[axis] + self.pads[axis + 2]
            sizes.append((padded - reach) // self.stride[axis] + 1)
        return sizes[0], sizes[1]

    @property
    def input_shape(self) -> tuple[int, int, int, int]:
        """NHWC."""
        return self.n, self.h, self.w, self.c * self.groups

    @property
    def output_shape(self) -> tuple[int, int, int, int]:
        """NHWC."""
        return self.n, *self.output, self.o * self.groups

    @property
    def weight_shape(self) -> tuple[int, int, int, int]:
        """O, C/groups, KH, KW."""
        return self.o * self.groups, self.c, *self.kernel


def conv2d_sums(s: Shape, x: Int8, w: NDArray[np.integer], zero_point: int) -> Int32:
    """Σ x · w over the taps (stored integers of x), padding reads as `zero_point`."""
    top, left, bottom, right = s.pads
    padded = np.pad(
        x.astype(np.int64),
        ((0, 0), (top, bottom), (left, right), (0, 0)),
        constant_values=zero_point,
    )
    out_h, out_w = s.output
    sums = np.zeros(s.output_shape, np.int64)
    for g in range(s.groups):
        weight = w[g * s.o : (g + 1) * s.o].astype(np.int64)
        part = padded[..., g * s.c : (g + 1) * s.c]
        for ky in range(s.kernel[0]):
            for kx in range(s.kernel[1]):
                y0, x0 = ky * s.dilation[0], kx * s.dilation[1]
                taps = part[:, y0:, x0:][:, :: s.stride[0], :: s.stride[1]]
                taps = taps[:, :out_h, :out_w]
                sums[..., g * s.o : (g + 1) * s.o] += taps @ weight[:, :, ky, kx].T
    return sums.astype(np.int32)


def requantize(
    acc: Int32, multiplier: Float32, zero_point: int, minimum: int, maximum: int
) -> Int8:
    """requantize(acc, m) of docs/numerics.md."""
    scaled = acc.astype(np.float32) * multiplier
    low, high = np.float32(minimum - zero_point), np.float32(maximum - zero_point)
    return (np.rint(np.clip(scaled, low, high)) + zero_point).astype(np.int8)


def rne_shift(v: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    """v / 2^n rounded half to even."""
    floor = v >> n
    rest = v - (floor << n)
    half = 1 << (n - 1)
    return floor + ((rest > half) | ((rest == half) & (floor % 2 == 1)))


def add(
    lhs: Int8,
    rhs: Int8,
    multipliers: tuple[int, int],
    shift: int,
    zero_points: tuple[int, int, int],
    limits: tuple[int, int],
) -> Int8:
    """The add formula of docs/numerics.md."""
    a = (lhs.astype(np.int64) - zero_points[0]) * multipliers[0]
    b = (rhs.astype(np.int64) - zero_points[1]) * multipliers[1]
    return np.clip(rne_shift(a + b, shift) + zero_points[2], *limits).astype(np.int8)


def conv2d_arguments(s: Shape, column_block: int | None = None) -> dict[str, int]:
    """The geometry members of qcc_conv2d_args."""
    out_h, out_w = s.output
    return {
        "batch": s.n,
        "input_height": s.h,
        "input_width": s.w,
        "channels": s.c,
        "output_height": out_h,
        "output_width": out_w,
        "output_channels": s.o * s.groups,
        "output_step": s.o * s.groups,
        "groups": s.groups,
        "kernel_height": s.kernel[0],
        "kernel_width": s.kernel[1],
        "stride_y": s.stride[0],
        "stride_x": s.stride[1],
        "pad_top": s.pads[0],
        "pad_left": s.pads[1],
        "dilation_y": s.dilation[0],
        "dilation_x": s.dilation[1],
        "column_block": column_block or out_w,
    }
