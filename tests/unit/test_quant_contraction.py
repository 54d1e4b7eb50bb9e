"""Integer convolution and matmul against plain loops; layouts; raw; residual."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from quant_values import int8, run, value
from xdsl.dialects.builtin import i32

from qcc.dialects import quant
from qcc.dialects.errors import QccError
from qcc.dialects.quant import UniformType
from qcc.dialects.reference import numbers

Array = NDArray[Any]
RESULT = UniformType.per_tensor(0.7, 5)


def weight_type(random: np.random.Generator, count: int, axis: int) -> UniformType:
    scales = random.uniform(0.001, 0.02, count).tolist()
    return UniformType.per_axis(scales, axis, random.integers(-9, 10, count).tolist())


def clamped(acc: int, multiplier: np.float32, low: int, high: int) -> int:
    scaled = float(np.float32(acc) * multiplier)
    zero_point = RESULT.zero_point
    return max(low, min(high, round(scaled) + zero_point))


def plain_conv(
    x: Array, zero_point: int, weight: Array, kind: UniformType, bias: Array, **p: Any
) -> NDArray[np.int64]:
    """acc[n, o, y, x] of NCHW, with a loop over everything."""
    (sy, sx), (dy, dx) = p["strides"], p["dilations"]
    top, left, bottom, right = p["pads"]
    batch, _, height, width = x.shape
    outputs, channels, kh, kw = weight.shape
    out_h = (height + top + bottom - dy * (kh - 1) - 1) // sy + 1
    out_w = (width + left + right - dx * (kw - 1) - 1) // sx + 1
    acc = np.zeros((batch, outputs, out_h, out_w), np.int64)
    zero_points = np.resize(kind.zero_points, outputs)
    for n, o, oy, ox in np.ndindex(*acc.shape):
        total = int(bias[o])
        first = o // (outputs // p["groups"]) * channels
        for c, ky, kx in np.ndindex(channels, kh, kw):
            iy, ix = oy * sy + ky * dy - top, ox * sx + kx * dx - left
            if 0 <= iy < height and 0 <= ix < width:
                q = int(x[n, first + c, iy, ix]) - zero_point
                total += q * (int(weight[o, c, ky, kx]) - int(zero_points[o]))
        acc[n, o, oy, ox] = total
    return acc


GEOMETRIES = [
    {"strides": s, "pads": p, "dilations": d, "groups": g}
    for (s, p, d), g in itertools.product(
        [
            ((1, 1), (0, 0, 0, 0), (1, 1)),
            ((2, 1), (1, 0, 2, 1), (1, 2)),
            ((3, 2), (2, 2, 0, 1), (2, 1)),
        ],
        [1, 2, 4],
    )
]


@pytest.mark.parametrize("geometry", GEOMETRIES)
@pytest.mark.parametrize("kernel", [(1, 1), (3, 2)])
def test_conv2d_equals_plain_loops(
    geometry: dict[str, Any], kernel: tuple[int, int]
) -> None:
    random = np.random.default_rng(0)
    outputs = 4 if geometry["groups"] == 4 else 6
    x = int8(random, 2, 4, 7, 6)
    weight = int8(random, outputs, 4 // geometry["groups"], *kernel)
    bias = random.integers(-5000, 5000, outputs).astype(np.int32)
    source = UniformType.per_tensor(0.03, -17)
    kind = weight_type(random, outputs, 0)
    op = quant.Conv2dOp(
        value(source, x.shape),
        value(kind, weight.shape),
        value(i32, bias.shape),
        result_type=RESULT,
        minimum=-100,
        maximum=90,
        **geometry,
    )
    actual = run(op, x, weight, bias, None)
    acc = plain_conv(x, -17, weight, kind, bias, **geometry)
    for index in np.ndindex(*acc.shape):
        m = np.float32(source.scale * kind.scales[index[1]] / RESULT.scale)
        assert actual[index] == clamped(int(acc[index]), m, -100, 90)


@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_conv2d_nhwc_is_transposed_nchw(geometry: dict[str, Any]) -> None:
    random = np.random.default_rng(1)
    x = int8(random, 2, 4, 7, 6)
    weight = int8(random, 8, 4 // geometry["groups"], 2, 2)
    source, kind = UniformType.per_tensor(0.03, 11), weight_type(random, 8, 0)
    planar = quant.Conv2dOp(
        value(source, x.shape),
        value(kind, weight.shape),
        result_type=RESULT,
        **geometry,
    )
    last = x.transpose(0, 2, 3, 1)
    interleaved = quant.Conv2dOp(
        value(source, last.shape),
        value(kind, weight.shape),
        result_type=RESULT,
        layout="NHWC",
        **geometry,
    )
    expected = run(planar, x, weight, None, None).transpose(0, 2, 3, 1)
    assert np.array_equal(run(interleaved, last, weight, None, None), expected)
    assert expected.std() > 1


@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_raw_conv2d_with_a_folded_zero_point_is_equal(geometry: dict[str, Any]) -> None:
    random = np.random.default_rng(2)
    x = int8(random, 1, 4, 6, 6)
    weight = int8(random, 4, 4 // geometry["groups"], 3, 3)
    bias = random.integers(-900, 900, 4).astype(np.int32)
    source, kind = UniformType.per_tensor(0.03, -120), weight_type(random, 4, 0)
    sums = numbers.centre(weight, kind).sum(axis=(1, 2, 3))
    folded = (bias - source.zero_point * sums).astype(np.int32)
    operands = value(source, x.shape), value(kind, weight.shape), value(i32, (4,))
    plain = quant.Conv2dOp(*operands, result_type=RESULT, **geometry)
    raw = quant.Conv2dOp(*operands, result_type=RESULT, raw=True, **geometry)
    expected = run(plain, x, weight, bias, None)
    assert np.array_equal(run(raw, x, weight, folded, None), expected)
    assert not np.array_equal(run(raw, x, weight, bias, None), expected)


def test_residual_is_conv_then_add() -> None:
    random = np.random.default_rng(3)
    x, weight = int8(random, 1, 3, 5, 5), int8(random, 4, 3, 3, 3)
    residual = int8(random, 1, 4, 3, 3)
    source, kind = UniformType.per_tensor(0.03, 4), weight_type(random, 4, 0)
    between, other = UniformType.per_tensor(0.2, -6), UniformType.per_tensor(0.3, 9)
    operands = value(source, x.shape), value(kind, weight.shape)
    conv = quant.Conv2dOp(*operands, result_type=between)
    add = quant.AddOp(conv, value(other, residual.shape), RESULT, minimum=5)
    fused = quant.Conv2dOp(
        *operands,
        None,
        value(other, residual.shape),
        result_type=RESULT,
        conv_type=between,
        minimum=5,
    )
    expected = run(add, run(conv, x, weight, None, None), residual)
    assert np.array_equal(run(fused, x, weight, None, residual), expected)
    assert expected.min() == 5 < expected.max()


@pytest.mark.parametrize("groups", [1, 2, 4])
@pytest.mark.parametrize("axis", [None, 1])
def test_conv_transpose2d_equals_plain_loops(groups: int, axis: int | None) -> None:
    random = np.random.default_rng(4)
    x, weight = int8(random, 2, 4, 3, 4), int8(random, 4, 2, 3, 2)
    source = UniformType.per_tensor(0.03, -17)
    kind = (
        UniformType.per_tensor(0.01, 3) if axis is None else weight_type(random, 2, 1)
    )
    outputs = 2 * groups
    bias = random.integers(-900, 900, outputs).astype(np.int32)
    op = quant.ConvTranspose2dOp(
        value(source, x.shape),
        value(kind, weight.shape),
        value(i32, (outputs,)),
        result_type=RESULT,
        strides=(2, 3),
        pads=(1, 0, 2, 1),
        dilations=(2, 1),
        groups=groups,
        output_padding=(1, 0),
    )
    actual = run(op, x, weight, bias)
    acc = np.zeros(actual.shape, np.int64) + bias.reshape(1, -1, 1, 1)
    zero_points = np.resize(kind.zero_points, 2)
    for n, c, y, z, o, ky, kx in np.ndindex(2, 4, 3, 4, 2, 3, 2):
        oy, ox = y * 2 + ky * 2 - 1, z * 3 + kx
        if 0 <= oy < acc.shape[2] and 0 <= ox < acc.shape[3]:
            w = int(weight[c, o, ky, kx]) - int(zero_points[o])
            channel = c // (4 // groups) * 2 + o
            acc[n, channel, oy, ox] += (int(x[n, c, y, z]) + 17) * w
    scales = np.resize(np.array(kind.scales), outputs)
    for index in np.ndindex(*acc.shape):
        m = np.float32(source.scale * scales[index[1]] / RESULT.scale)
        assert actual[index] == clamped(int(acc[index]), m, -128, 127)


def test_conv_transpose2d_nhwc_is_transposed_nchw() -> None:
    random = np.random.default_rng(5)
    x, weight = int8(random, 1, 4, 3, 3), int8(random, 4, 1, 2, 2)
    source, kind = UniformType.per_tensor(0.03, -17), weight_type(random, 4, 0)
    p: dict[str, Any] = {"result_type": RESULT, "strides": (2, 2), "groups": 4}
    planar = quant.ConvTranspose2dOp(
        value(source, x.shape), value(kind, weight.shape), **p
    )
    last = x.transpose(0, 2, 3, 1)
    interleaved = quant.ConvTranspose2dOp(
        value(source, last.shape), value(kind, weight.shape), layout="NHWC", **p
    )
    expected = run(planar, x, weight, None).transpose(0, 2, 3, 1)
    assert np.array_equal(run(interleaved, last, weight, None), expected)


@settings(max_examples=25, deadline=None)
@given(
    st.integers(1, 4),
    st.integers(1, 9),
    st.integers(1, 5),
    st.booleans(),
    st.integers(0, 2**32),
)
def test_matmul_equals_plain_loops(
    rows: int, depth: int, columns: int, batched: bool, seed: int
) -> None:
    random = np.random.default_rng(seed)
    lhs = int8(random, 2, rows, depth)
    rhs = int8(random, 2, depth, columns) if batched else int8(random, depth, columns)
    bias = random.integers(-900, 900, columns).astype(np.int32)
    source = UniformType.per_tensor(0.03, -128)
    kind = (
        UniformType.per_tensor(0.02, 127)
        if batched
        else weight_type(random, columns, 1)
    )
    op = quant.MatMulOp(
        value(source, lhs.shape),
        value(kind, rhs.shape),
        value(i32, (columns,)),
        result_type=RESULT,
    )
    actual = run(op, lhs, rhs, bias)
    for b, i, j in np.ndindex(2, rows, columns):
        matrix = rhs[b] if batched else rhs
        channel = 0 if batched else j
        total = int(bias[j])
        for k in range(depth):
            w = int(matrix[k, j]) - kind.zero_points[channel]
            total += (int(lhs[b, i, k]) + 128) * w
        m = np.float32(source.scale * kind.scales[channel] / RESULT.scale)
        assert actual[b, i, j] == clamped(total, m, -128, 127)


def test_raw_matmul_with_a_folded_zero_point_is_equal() -> None:
    random = np.random.default_rng(6)
    lhs, rhs = int8(random, 5, 8), int8(random, 8, 3)
    source, kind = UniformType.per_tensor(0.03, 77), weight_type(random, 3, 1)
    folded = (-77 * numbers.centre(rhs, kind).sum(axis=0)).astype(np.int32)
    lhs_value, rhs_value = value(source, lhs.shape), value(kind, rhs.shape)
    plain = quant.MatMulOp(lhs_value, rhs_value, result_type=RESULT)
    raw = quant.MatMulOp(
        lhs_value, rhs_value, value(i32, (3,)), result_type=RESULT, raw=True
    )
    assert np.array_equal(run(raw, lhs, rhs, folded), run(plain, lhs, rhs, None))


def test_large_sums_are_exact() -> None:
    # 2^24 is passed by far: a float32 accumulator would lose the last bits.
    lhs = np.full((1, 4097), 127, np.int8)
    rhs = np.full((4097, 1), 127, np.int8)
    lhs[0, 0], rhs[0, 0] = 1, 1
    total = 127 * 127 * 4096 + 1
    source, kind = UniformType.per_tensor(1.0, -128), UniformType.per_tensor(1.0)
    op = quant.MatMulOp(
        value(source, lhs.shape),
        value(kind, rhs.shape),
        value(i32, (1,)),
        result_type=UniformType.per_tensor(1.0),
    )
    bias = np.array([-total - 128 * (127 * 4096 + 1) + 3], np.int32)
    assert run(op, lhs, rhs, bias).tolist() == [[3]]


def test_overflow_of_int32_is_an_error() -> None:
    lhs, rhs = np.full((1, 2), 127, np.int8), np.full((2, 1), 127, np.int8)
    op = quant.MatMulOp(
        value(UniformType.per_tensor(1.0), lhs.shape),
        value(UniformType.per_tensor(1.0), rhs.shape),
        value(i32, (1,)),
        result_type=RESULT,
    )
    with pytest.raises(QccError, match="overflows int32"):
        run(op, lhs, rhs, np.array([2**31 - 1], np.int32))


def test_conv2d_is_close_to_float() -> None:
    random = np.random.default_rng(7)
    x = random.normal(size=(1, 8, 9, 9)).astype(np.float32)
    weight = (random.normal(size=(5, 8, 3, 3)) * 0.1).astype(np.float32)
    source = UniformType.per_tensor(np.abs(x).max() / 127)
    scales = (np.abs(weight).max(axis=(1, 2, 3)) / 127).tolist()
    kind = UniformType.per_axis(scales, 0, minimum=-127)
    x_q, w_q = numbers.quantize_to(x, source), numbers.quantize_to(weight, kind)
    # The float operation on what the integers stand for: one rounding apart.
    x_f = numbers.dequantize_from(x_q, source).astype(np.float64)
    w_f = numbers.dequantize_from(w_q, kind).astype(np.float64)
    windows = np.lib.stride_tricks.sliding_window_view(x_f, (3, 3), axis=(2, 3))
    expected = np.einsum("nchwij,ocij->nohw", windows, w_f)
    target = UniformType.per_tensor(np.abs(expected).max() / 127)
    op = quant.Conv2dOp(
        value(source, x.shape), value(kind, weight.shape), result_type=target
    )
    actual = numbers.dequantize_from(run(op, x_q, w_q, None, None), target)
    assert np.abs(actual - expected).max() <= 0.5001 * target.scale
