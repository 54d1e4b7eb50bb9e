"""Contractions with ranges taken at run time, and ONNX's integer products."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from quant_values import Array, int8, run, value
from xdsl.dialects.builtin import f32, i8

from qcc.dialects import quant
from qcc.dialects.blob import ui8
from qcc.dialects.quant import UniformType
from qcc.dialects.reference import numbers
from qcc.dialects.reference.dynamic_scales import parameters_of, quantize_by
from qcc.dialects.reference.registry import evaluate

WEIGHTS = UniformType.per_axis([0.01, 0.02, 0.03], 1, minimum=-127)


def normal(random: np.random.Generator, *shape: int) -> Array:
    return (random.normal(size=shape) * 3).astype(np.float32)


def test_dynamic_matmul_equals_the_formula() -> None:
    random = np.random.default_rng(0)
    x, weight, bias = normal(random, 2, 4, 7), int8(random, 7, 3), normal(random, 3)
    op = quant.DynamicMatMulOp(
        *(value(i8, x.shape), value(f32, (2,))),
        *(value(WEIGHTS, weight.shape), value(f32, (3,))),
    )
    parameters = parameters_of(x)
    actual = run(op, quantize_by(x, parameters), parameters, weight, bias)
    low, high = np.float32(x.min()), np.float32(x.max())
    scale = np.float32((high - low) / np.float32(255))
    zero_point = round(float(np.float32(-128) - low / scale))
    steps = x * np.float32(np.float32(1) / scale)
    q = np.rint(steps).astype(np.int64) + zero_point
    for b, i, j in np.ndindex(*actual.shape):
        factor = np.float32(scale * np.float32(WEIGHTS.scales[j]))
        acc = round(float(bias[j] / factor))
        for k in range(7):
            clamped = max(-128, min(127, int(q[b, i, k])))
            acc += (clamped - zero_point) * int(weight[k, j])
        assert actual[b, i, j] == np.float32(acc) * factor


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
@pytest.mark.parametrize("groups", [1, 3])
def test_dynamic_conv2d_is_close_to_float(layout: str, groups: int) -> None:
    random = np.random.default_rng(1)
    x, bias = normal(random, 1, 3, 6, 6), normal(random, 3)
    kind = WEIGHTS.with_axis(0)
    weight = random.integers(-127, 128, (3, 3 // groups, 3, 3)).astype(np.int8)
    w = numbers.dequantize_from(weight, kind).astype(np.float64)
    padded = np.pad(x.astype(np.float64), ((0, 0), (0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))
    if groups == 3:
        expected = np.einsum("nohwij,oij->nohw", windows, w[:, 0])
    else:
        expected = np.einsum("nchwij,ocij->nohw", windows, w)
    expected += bias.reshape(1, 3, 1, 1)
    data = x if layout == "NCHW" else x.transpose(0, 2, 3, 1)
    parameters = parameters_of(data)
    op = quant.DynamicConv2dOp(
        value(i8, data.shape),
        value(f32, (2,)),
        value(kind, weight.shape),
        value(f32, (3,)),
        pads=(1, 1, 1, 1),
        groups=groups,
        layout=layout,
    )
    actual = run(op, quantize_by(data, parameters), parameters, weight, bias)
    if layout == "NHWC":
        actual = actual.transpose(0, 3, 1, 2)
    bound = np.abs(w).sum(axis=(1, 2, 3)).max() * parameters[0] * 0.501
    assert np.abs(actual - expected).max() <= bound
    assert np.abs(actual - expected).max() > 0


@given(st.lists(st.floats(-(2.0**100), 2.0**100, width=32), min_size=1))
def test_dynamic_quantize_is_onnx(values: list[float]) -> None:
    x = np.array(values, np.float32)
    op = quant.DynamicQuantizeOp(value(f32, x.shape))
    op.verify()
    q, scale, zero_point = evaluate(op, [x])
    low, high = min(np.float32(0), x.min()), max(np.float32(0), x.max())
    expected_scale = np.float32(high - low) / np.float32(255)
    if expected_scale == 0:
        expected_scale = np.float32(1)
    assert scale == expected_scale
    expected_zero = np.rint(np.clip(np.float32(0) - low / scale, 0, 255))
    assert zero_point == expected_zero
    assert q.dtype == np.uint8
    expected = np.clip(np.rint(x / scale) + expected_zero, 0, 255)
    assert np.array_equal(q, expected)


INTEGERS = {"signed": (i8, np.int8), "unsigned": (ui8, np.uint8)}


def integers(random: np.random.Generator, dtype: Any, *shape: int) -> Array:
    info = np.iinfo(dtype)
    return random.integers(info.min, info.max + 1, shape).astype(dtype)


@settings(deadline=None)
@given(
    st.sampled_from(["signed", "unsigned"]),
    st.sampled_from(["signed", "unsigned"]),
    st.sampled_from(["none", "scalar", "vector"]),
    st.integers(0, 2**32),
)
def test_matmul_integer(left: str, right: str, zero_points: str, seed: int) -> None:
    random = np.random.default_rng(seed)
    (lhs_element, lhs_dtype), (rhs_element, rhs_dtype) = INTEGERS[left], INTEGERS[right]
    lhs, rhs = integers(random, lhs_dtype, 2, 4, 5), integers(random, rhs_dtype, 5, 3)
    shapes = {"none": None, "scalar": ((), ()), "vector": ((4,), (3,))}[zero_points]
    operands, zeros = [None, None], [None, None]
    if shapes is not None:
        zeros = [
            integers(random, lhs_dtype, *shapes[0]),
            integers(random, rhs_dtype, *shapes[1]),
        ]
        zeros = [np.asarray(z, d) for z, d in zip(zeros, (lhs_dtype, rhs_dtype))]
        operands = [value(lhs_element, shapes[0]), value(rhs_element, shapes[1])]
    op = quant.MatMulIntegerOp(
        value(lhs_element, lhs.shape), value(rhs_element, rhs.shape), *operands
    )
    a, b = lhs.astype(np.int64), rhs.astype(np.int64)
    if shapes is not None:
        a = a - zeros[0].astype(np.int64).reshape(-1, 1)
        b = b - zeros[1].astype(np.int64)
    assert np.array_equal(run(op, lhs, rhs, *zeros), a @ b)


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
def test_conv2d_integer_pads_with_the_zero_point(layout: str) -> None:
    random = np.random.default_rng(2)
    x, weight = integers(random, np.uint8, 1, 2, 4, 4), int8(random, 3, 2, 3, 3)
    zero_point = np.array(200, np.uint8)
    weight_zero_points = np.array([1, -2, 3], np.int8)
    data = x if layout == "NCHW" else x.transpose(0, 2, 3, 1)
    op = quant.Conv2dIntegerOp(
        value(ui8, data.shape),
        value(i8, weight.shape),
        value(ui8, ()),
        value(i8, (3,)),
        pads=(1, 1, 1, 1),
        layout=layout,
    )
    actual = run(op, data, weight, zero_point, weight_zero_points)
    if layout == "NHWC":
        actual = actual.transpose(0, 3, 1, 2)
    centred = np.pad(x.astype(np.int64) - 200, ((0, 0), (0, 0), (1, 1), (1, 1)))
    w = weight.astype(np.int64) - weight_zero_points.reshape(3, 1, 1, 1)
    windows = np.lib.stride_tricks.sliding_window_view(centred, (3, 3), axis=(2, 3))
    assert np.array_equal(actual, np.einsum("nchwij,ocij->nohw", windows, w))
