"""Elementwise functions against ONNX Runtime and exact values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx_oracle import assert_close, evaluated, random_floats, run_onnx, value

from qcc.dialects import nn

INFINITY, NAN = float("inf"), float("nan")


@pytest.mark.parametrize(
    ("op_class", "op_type", "properties"),
    [
        (nn.ReluOp, "Relu", {}),
        (nn.SigmoidOp, "Sigmoid", {}),
        (nn.HardSwishOp, "HardSwish", {}),
        (nn.TanhOp, "Tanh", {}),
        (nn.ErfOp, "Erf", {}),
        (nn.ExpOp, "Exp", {}),
        (nn.NegOp, "Neg", {}),
        (nn.AbsOp, "Abs", {}),
        (nn.ReciprocalOp, "Reciprocal", {}),
        (nn.LeakyReluOp, "LeakyRelu", {"alpha": 0.3}),
        (nn.LeakyReluOp, "LeakyRelu", {}),
        (nn.EluOp, "Elu", {"alpha": 0.7}),
        (nn.EluOp, "Elu", {}),
        (nn.HardSigmoidOp, "HardSigmoid", {"alpha": 0.3, "beta": 0.4}),
        (nn.HardSigmoidOp, "HardSigmoid", {}),
        (nn.GeluOp, "Gelu", {"approximate": "tanh"}),
        (nn.GeluOp, "Gelu", {}),
    ],
)
def test_unary(op_class: Any, op_type: str, properties: dict[str, Any]) -> None:
    x = random_floats(1, 5, 200, scale=3.0)
    expected = run_onnx(op_type, [x], **properties)
    assert_close(evaluated(op_class(value(x), **properties)), expected)


@pytest.mark.parametrize(
    ("op_class", "op_type"), [(nn.SqrtOp, "Sqrt"), (nn.LogOp, "Log")]
)
def test_unary_of_positive_numbers(op_class: Any, op_type: str) -> None:
    x = np.abs(random_floats(1, 500, scale=100.0)) + np.float32(1e-3)
    assert_close(evaluated(op_class(value(x))), run_onnx(op_type, [x]))


def test_softplus() -> None:
    x = np.append(random_floats(1, 500), np.float32([0, -700, 90, 3e38, INFINITY]))
    result = evaluated(nn.SoftplusOp(value(x)))
    assert_close(result, run_onnx("Softplus", [x]))


def test_silu() -> None:
    x = random_floats(1, 500)
    expected = x / (1 + np.exp(-x.astype(np.float64)))
    assert_close(evaluated(nn.SiluOp(value(x))), expected.astype(np.float32))


def test_nan_stays_nan_in_comparisons() -> None:
    x = np.array([NAN, -INFINITY, INFINITY, -0.5], np.float32)
    relu = evaluated(nn.ReluOp(value(x)))
    np.testing.assert_array_equal(relu, np.array([NAN, 0, INFINITY, 0], np.float32))
    clip = evaluated(nn.ClipOp(value(x), min=-1.0, max=6.0))
    np.testing.assert_array_equal(clip, np.array([NAN, -1, 6, -0.5], np.float32))
    for op_class in (nn.MinOp, nn.MaxOp):
        ones = np.ones(4, np.float32)
        assert np.isnan(evaluated(op_class(value(x), value(ones))))[0]
        assert np.isnan(evaluated(op_class(value(ones), value(x))))[0]


def test_of_equal_zeros_the_later_wins() -> None:
    zero, minus = np.array([0.0], np.float32), np.array([-0.0], np.float32)
    for op_class in (nn.MinOp, nn.MaxOp):
        assert np.signbit(evaluated(op_class(value(zero), value(minus))))[0]
        assert not np.signbit(evaluated(op_class(value(minus), value(zero))))[0]
    for op_class in (nn.ReduceMinOp, nn.ReduceMaxOp):
        mixed = np.array([0.0, -0.0, 0.0, -0.0], np.float32)
        assert np.signbit(evaluated(op_class(value(mixed), axes=(0,))))[0]
        assert not np.signbit(evaluated(op_class(value(mixed[:3]), axes=(0,))))[0]


def test_clip_without_bounds_is_the_identity() -> None:
    x = np.array([-INFINITY, -3.0, INFINITY], np.float32)
    np.testing.assert_array_equal(evaluated(nn.ClipOp(value(x))), x)


@pytest.mark.parametrize(
    ("op_class", "op_type"),
    [
        (nn.AddOp, "Add"),
        (nn.SubOp, "Sub"),
        (nn.MulOp, "Mul"),
        (nn.DivOp, "Div"),
        (nn.MinOp, "Min"),
        (nn.MaxOp, "Max"),
    ],
)
@pytest.mark.parametrize(
    ("lhs", "rhs"),
    [((3, 4), (3, 4)), ((2, 3, 4), (3, 1)), ((1, 4), (5, 1)), ((2,), ()), ((), ())],
)
def test_binary_is_one_operation(
    op_class: Any, op_type: str, lhs: tuple[int, ...], rhs: tuple[int, ...]
) -> None:
    a, b = random_floats(1, *lhs), random_floats(2, *rhs)
    actual = evaluated(op_class(value(a), value(b)))
    assert_close(actual, run_onnx(op_type, [a, b]), 0)


@pytest.mark.parametrize(
    ("op_class", "op_type"),
    [
        (nn.AddOp, "Add"),
        (nn.SubOp, "Sub"),
        (nn.MulOp, "Mul"),
        (nn.DivOp, "Div"),
        (nn.MinOp, "Min"),
        (nn.MaxOp, "Max"),
        (nn.EqualOp, "Equal"),
    ],
)
@pytest.mark.parametrize("dtype", [np.int32, np.int64])
def test_binary_of_integers(op_class: Any, op_type: str, dtype: Any) -> None:
    a = np.array([7, -7, 7, -7, 0, 5, 5], dtype)
    b = np.array([2, 2, -2, -2, 3, 5, 4], dtype)
    assert_close(evaluated(op_class(value(a), value(b))), run_onnx(op_type, [a, b]))


def test_integers_divided_by_zero_give_zero() -> None:
    a, b = np.array([5, -5], np.int64), np.array([0, 0], np.int64)
    np.testing.assert_array_equal(evaluated(nn.DivOp(value(a), value(b))), [0, 0])


def test_pow() -> None:
    base = np.abs(random_floats(1, 50)) + np.float32(0.1)
    for exponent in (2.0, -1.0, 0.5, 3.7, 0.0):
        b = np.array(exponent, np.float32)
        actual = evaluated(nn.PowOp(value(base), value(b)))
        assert_close(actual, run_onnx("Pow", [base, b]))
    negative = np.array([-2.0, -2.0, 0.0], np.float32)
    b = np.array([3.0, 0.5, 0.0], np.float32)
    result = evaluated(nn.PowOp(value(negative), value(b)))
    np.testing.assert_array_equal(result, np.array([-8.0, NAN, 1.0], np.float32))


def test_pow_of_integers() -> None:
    a = np.array([2, -3, 1, -1, -1, 5], np.int64)
    b = np.array([10, 3, -4, -3, -2, -1], np.int64)
    result = evaluated(nn.PowOp(value(a), value(b)))
    np.testing.assert_array_equal(result, [1024, -27, 1, -1, 1, 0])


def test_where_and_prelu() -> None:
    condition = np.array([[True], [False]])
    a, b = random_floats(1, 2, 3), random_floats(2, 3)
    chosen = evaluated(nn.WhereOp(value(condition), value(a), value(b)))
    assert_close(chosen, run_onnx("Where", [condition, a, b]), 0)
    x, slope = random_floats(3, 2, 4, 3), random_floats(4, 4, 1)
    actual = evaluated(nn.PReluOp(value(x), value(slope)))
    assert_close(actual, run_onnx("PRelu", [x, slope]), 0)


def test_float64_and_float16_keep_their_type() -> None:
    for dtype in (np.float64, np.float16):
        x = random_floats(1, 20).astype(dtype)
        result = evaluated(nn.SigmoidOp(value(x)))
        expected = (1 / (1 + np.exp(-x.astype(np.float64)))).astype(dtype)
        assert_close(result, expected, 1e-3 if dtype == np.float16 else 1e-6)
