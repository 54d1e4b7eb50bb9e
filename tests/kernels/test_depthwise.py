"""Every depthwise kernel of the table against the naive oracle, bit for bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.contraction import Shape, add, conv2d_arguments, conv2d_sums, requantize
from support.harness import run_kernel

from qcc.codegen.kernel_row import KernelRow
from qcc.codegen.kernel_table import KERNELS
from qcc.codegen.lowerings.requantization import requantization_facts
from qcc.codegen.packing import pack_conv2d, pack_depthwise, pack_depthwise_rows

ROWS = [row for row in KERNELS if row.stem.startswith("qcc_depthwise_s8s8")]


def _shape(channels: int, **members: Any) -> Shape:
    return Shape(c=1, o=1, groups=channels, **members)


SHAPES = [
    _shape(32, h=9, w=10),
    _shape(17, h=7, w=7, stride=(2, 2)),
    _shape(5, h=12, w=9, kernel=(5, 5), pads=(2, 2, 2, 2), n=2),
    _shape(48, h=9, w=11, kernel=(2, 7), dilation=(3, 2), pads=(0, 6, 3, 6)),
    _shape(19, h=8, w=8, kernel=(1, 1), stride=(3, 2), pads=(0, 0, 0, 0)),
    _shape(70, h=3, w=14, kernel=(7, 3), pads=(5, 2, 4, 1), dilation=(1, 1)),
    _shape(64, h=6, w=13, kernel=(3, 5), pads=(1, 2, 1, 2)),
    _shape(16, h=7, w=9, stride=(1, 2)),
    _shape(8, h=5, w=23, kernel=(3, 9), pads=(1, 4, 1, 4), stride=(4, 1)),
    _shape(152, h=6, w=11, kernel=(5, 5), pads=(2, 2, 2, 2), stride=(2, 2)),
]


def _check(
    row: KernelRow,
    s: Shape,
    seed: int,
    *,
    zero_points: bool = False,
    residual: bool = False,
    float_output: bool = False,
    **options: Any,
) -> None:
    assert row.tile is not None
    rng = np.random.default_rng(seed)
    count = s.groups
    x = rng.integers(-128, 128, s.input_shape, np.int8)
    symmetric = row.stem == "qcc_depthwise_s8s8_symmetric"
    limited = row.stem != "qcc_depthwise_s8s8"
    if limited and zero_points:
        return
    w = rng.integers(-127 if limited else -128, 128, s.weight_shape, np.int8)
    zw = rng.integers(-128, 128, count, np.int8) if zero_points else None
    wide = w.astype(np.int32)
    if zw is not None:
        wide = wide - zw.reshape(-1, 1, 1, 1)
    bias = rng.integers(-3000, 3000, count, np.int32)
    multipliers = rng.uniform(0.001, 0.03, count).astype(np.float32)
    zp_x, zp_y = int(rng.integers(-128, 128)), int(rng.integers(-128, 128))
    limits = (-100, 120)
    overflows = seed % 4 == 3
    if overflows:  # products beyond int32, of both signs
        multipliers[::2] *= np.float32(1e7)
        bias = bias * np.int32(1000)
    if seed % 4 == 2:  # what follows a ReLU
        zp_y, limits = -128, (-128, 127)
    arguments = conv2d_arguments(s, 4 if seed % 2 else None) | {
        "channels": count,
        "groups": 1,
        "input_zero_point": zp_x,
        "zero_point": zp_y,
        "minimum": limits[0],
        "maximum": limits[1],
        "float_output": int(float_output),
        "no_overflow": int(not overflows),
    }
    acc = conv2d_sums(s, x, wide, zp_x) + bias
    expected = requantize(acc, multipliers, zp_y, *limits)
    added = None
    if residual:
        added = rng.integers(-128, 128, s.output_shape, np.int8)
        arguments |= {
            "conv_multiplier": 2_000_001,
            "residual_multiplier": 999_999,
            "residual_shift": 21,
            "residual_zero_point": 7,
            "sum_zero_point": -9,
            "sum_minimum": -9,
            "sum_maximum": 90,
        }
        zeros, sum_limits = (zp_y, 7, -9), (-9, 90)
        expected = add(expected, added, (2_000_001, 999_999), 21, zeros, sum_limits)
    if row.lines:
        facts = requantization_facts(arguments, w, bias, multipliers)
        arguments |= {"fits_int16": 0, "ties": 1} if seed % 2 else facts
    if float_output:
        expected = acc.astype(np.float32) * multipliers
    result = np.zeros(expected.shape, expected.dtype)
    columns = max(s.stride[1], s.kernel[1]) * s.output[1] + s.kernel[1]
    scratch = np.zeros(2 * columns * count * s.kernel[0], np.int8)
    packed = pack_depthwise(w, row.tile, zw)
    if row.paired_rows:
        packed = pack_depthwise_rows(w, row.tile, zw)
        slots, span = s.kernel[0] // 2 + 1, (s.kernel[1] - 1) * s.dilation[1] + 1
        span += (s.output[1] - 1) * s.stride[1]
        weights = 2 * slots * s.kernel[1] * min(64, count + 15)
        ring = slots * span * min(64, count + 15)
        scratch = np.zeros(4 * (weights + ring + slots), np.int8)
    if symmetric:
        bias = bias - row.activation_offset * wide.sum(axis=(1, 2, 3))
        bias = bias.astype(np.int32)
        packed = pack_conv2d(w, row.tile, 1)
        quads = (s.kernel[1] + 3) // 4
        entries = (s.output[1] + 4) * quads + 4 * quads
        scratch = np.zeros(256 * s.kernel[0] * (entries + quads), np.int8)
    run_kernel(
        row,
        arguments,
        [x, packed, zw, bias, multipliers, added, None],
        [result, scratch],
        **options,
    )
    np.testing.assert_array_equal(result, expected, strict=True)


@pytest.mark.parametrize("row", ROWS, ids=lambda r: r.function)
@pytest.mark.parametrize("index", range(len(SHAPES)))
def test_shapes(row: KernelRow, index: int) -> None:
    for seed in range(4):
        _check(row, SHAPES[index], seed)
        _check(row, SHAPES[index], seed, residual=True)
        _check(row, SHAPES[index], seed, zero_points=True)
        _check(row, SHAPES[index], seed, float_output=True)


@pytest.mark.parametrize("row", ROWS, ids=lambda r: r.function)
@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_literal_arguments(row: KernelRow, compiler: str) -> None:
    for index in range(3):
        _check(row, SHAPES[index], index, compiler=compiler, literal=True)


@pytest.mark.parametrize("row", ROWS, ids=lambda r: r.function)
def test_sanitizers(row: KernelRow) -> None:
    for index in (1, 3, 5):
        _check(row, SHAPES[index], index, zero_points=index == 1, sanitize=True)
