"""Integer softmax and layer norm: equal to exact integers, close to float."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from quant_values import Array, int8, run, value
from xdsl.dialects.builtin import f32
from xdsl.utils.exceptions import VerifyException

from qcc.dialects import quant
from qcc.dialects.errors import QccError
from qcc.dialects.quant import UniformType
from qcc.dialects.reference import numbers

PROBABILITY = UniformType.per_tensor(1 / 256, -128)


def layer_norm_op(
    q: Array, source: UniformType, target: UniformType, epsilon: float, affine: bool
) -> quant.LayerNormOp:
    row = value(f32, q.shape[-1:])
    return quant.LayerNormOp(
        value(source, q.shape),
        row if affine else None,
        row if affine else None,
        result_type=target,
        axis=q.ndim - 1,
        epsilon=epsilon,
    )


def exact_layer_norm(
    row: list[int],
    source: UniformType,
    target: UniformType,
    p: numbers.LayerNormParameters,
) -> list[int]:
    """The formula in Python's unbounded integers; everything must fit int64."""
    n, limit = len(row), 2**63

    def fits(number: int) -> int:
        assert -limit <= number < limit
        return number

    v = [q - source.zero_point for q in row]
    total, squares = sum(v), sum(x * x for x in v)
    variance = fits(fits((n * squares - total**2) << p.fraction_bits) + p.epsilon)
    variance, bits = max(variance, 1 << p.fraction_bits), p.fraction_bits // 2
    while variance < 2**60:
        variance, bits = variance << 2, bits + 1
    assert variance < 2**62
    inverse = round(Fraction(2**61, math.isqrt(variance)))
    assert 11 <= 41 - bits <= 41
    result: list[int] = []
    for x, gain, offset in zip(
        v, p.multipliers.tolist(), p.offsets.tolist(), strict=True
    ):
        product = fits(fits((n * x - total) * inverse) + 2 ** (40 - bits))
        t = round(Fraction(product - 2 ** (40 - bits), 2 ** (41 - bits)))
        assert abs(t) < 2**28
        acc = t * gain + offset
        fits(abs(acc) + 2 ** (p.shift - 1))
        y = round(Fraction(acc, 2**p.shift)) + target.zero_point
        result.append(max(-128, min(127, y)))
    return result


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(-128, 127), min_size=1, max_size=40),
    st.floats(2.0**-12, 8.0, width=32),
    st.floats(2.0**-12, 8.0, width=32),
    st.sampled_from([0.0, 1e-12, 1e-5, 1e-3, 1.0]),
    st.integers(-128, 127),
)
def test_layer_norm_equals_unbounded_integers(
    row: list[int], input_scale: float, output_scale: float, epsilon: float, zp: int
) -> None:
    source = UniformType.per_tensor(input_scale, zp)
    target = UniformType.per_tensor(output_scale, -zp // 2)
    random = np.random.default_rng(len(row))
    scale = random.normal(size=len(row)).astype(np.float32)
    bias = random.normal(size=len(row)).astype(np.float32)
    q = np.array([row], np.int8)
    op = layer_norm_op(q, source, target, epsilon, affine=True)
    p = numbers.layer_norm_parameters(
        source.scale, target.scale, op.epsilon_value, scale, bias
    )
    expected = exact_layer_norm(row, source, target, p)
    assert run(op, q, scale, bias).ravel().tolist() == expected


EXTREME_ROWS = [
    lambda n: np.where(np.arange(n) == 0, 127, -128),
    lambda n: np.where(np.arange(n) % 2 == 0, 127, -128),
    lambda n: np.full(n, -128),
    lambda n: np.where(np.arange(n) == 0, 1, 0),
]


@pytest.mark.parametrize("row", range(4))
@pytest.mark.parametrize("n", [2, 768, 4096, 32768])
@pytest.mark.parametrize("zero_point", [-128, 127])
def test_layer_norm_of_extremes_never_overflows(
    row: int, n: int, zero_point: int
) -> None:
    q = EXTREME_ROWS[row](n).astype(np.int8)
    source = UniformType.per_tensor(1e-3, zero_point)
    target = UniformType.per_tensor(0.05, 3)
    scale = np.full(n, 1e4, np.float32)
    bias = np.full(n, -1e6, np.float32)
    p = numbers.layer_norm_parameters(source.scale, target.scale, 1e-5, scale, bias)
    op = layer_norm_op(q, source, target, 1e-5, affine=True)
    expected = exact_layer_norm(q.tolist(), source, target, p)
    assert run(op, q, scale, bias).tolist() == expected


def float_layer_norm(
    x: NDArray[np.float64], epsilon: float, scale: Array, bias: Array
) -> NDArray[np.float64]:
    mean = x.mean(axis=-1, keepdims=True)
    variance = ((x - mean) ** 2).mean(axis=-1, keepdims=True)
    return (x - mean) / np.sqrt(variance + epsilon) * scale + bias


@pytest.mark.parametrize("n", [1, 3, 64, 768, 4096])
@pytest.mark.parametrize("spread", [1, 3, 30, 127])
@pytest.mark.parametrize("scale_x", [1e-4, 0.02, 3.0])
def test_layer_norm_is_close_to_float(n: int, spread: int, scale_x: float) -> None:
    random = np.random.default_rng(n * spread)
    q = random.integers(-spread, spread + 1, (5, n)).astype(np.int8)
    scale = random.uniform(0.1, 3, n).astype(np.float32)
    bias = random.normal(size=n).astype(np.float32)
    source = UniformType.per_tensor(scale_x, 17)
    x = numbers.dequantize_from(q, source).astype(np.float64)
    epsilon = float(np.float32(1e-5))
    expected = float_layer_norm(x, epsilon, scale, bias)
    target = UniformType.per_tensor(np.abs(expected).max() / 127 + 1e-6)
    op = layer_norm_op(q, source, target, 1e-5, affine=True)
    error = run(op, q, scale, bias) - expected / target.scale
    assert np.abs(error).max() <= 0.502


def test_layer_norm_without_scale_over_two_axes() -> None:
    q = int8(np.random.default_rng(0), 2, 3, 4, 5)
    kind = UniformType.per_tensor(0.02)
    op = quant.LayerNormOp(value(kind, q.shape), result_type=kind, axis=2, epsilon=1e-5)
    x = numbers.dequantize_from(q, kind).astype(np.float64).reshape(6, 20)
    expected = float_layer_norm(x, 1e-5, np.float64(1), np.float64(0)) / kind.scale
    actual = run(op, q, None, None).reshape(6, 20)
    assert np.abs(actual - np.clip(expected, -128, 127)).max() <= 0.502


def test_layer_norm_of_constant_rows_is_the_bias() -> None:
    q = np.full((2, 8), 55, np.int8)
    kind = UniformType.per_tensor(0.5)
    op = layer_norm_op(q, kind, kind, 0.0, affine=True)
    bias = np.arange(8, dtype=np.float32)
    assert (
        run(op, q, np.ones(8, np.float32), bias).tolist()
        == [[0, 2, 4, 6, 8, 10, 12, 14]] * 2
    )


def test_layer_norm_that_cannot_be_integer() -> None:
    row = np.ones(4, np.float32)
    with pytest.raises(QccError, match="too far apart"):
        numbers.layer_norm_parameters(1e-20, 1.0, 1e-5, row, row)
    with pytest.raises(QccError, match="too far apart"):
        numbers.layer_norm_parameters(1.0, 1e-20, 1e-5, row, row)
    many = np.ones(2**15 + 1, np.float32)
    with pytest.raises(QccError, match="too large"):
        numbers.layer_norm_parameters(1.0, 1.0, 1e-5, many, many)


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("scale", [0.001, 0.05, 0.5, 20.0])
def test_softmax_is_close_to_float(axis: int, scale: float) -> None:
    q = int8(np.random.default_rng(1), 3, 11, 4)
    source = UniformType.per_tensor(scale, 9)
    actual = run(quant.SoftmaxOp(value(source, q.shape), PROBABILITY, axis=axis), q)
    x = numbers.dequantize_from(q, source).astype(np.float64)
    powers = np.exp(x - x.max(axis=axis, keepdims=True))
    exact = powers / powers.sum(axis=axis, keepdims=True) * 256 - 128
    assert np.abs(actual - np.minimum(exact, 127)).max() <= 0.501


def test_softmax_of_ties_and_extremes() -> None:
    kind = UniformType.per_tensor(10.0)
    q = np.array([[-128] * 4, [127, -128, -128, -128]], np.int8)
    actual = run(quant.SoftmaxOp(value(kind, q.shape), PROBABILITY, axis=1), q)
    assert actual.tolist() == [[-64] * 4, [127, -128, -128, -128]]


def test_softmax_rounds_ties_to_even() -> None:
    # 256 / 512 equal elements: each is exactly half a step.
    kind = UniformType.per_tensor(1.0)
    q = np.zeros((1, 512), np.int8)
    actual = run(quant.SoftmaxOp(value(kind, q.shape), PROBABILITY, axis=1), q)
    assert (actual == -128).all()


def test_softmax_axis_is_checked() -> None:
    op = quant.SoftmaxOp(value(PROBABILITY, (2, 2)), PROBABILITY, axis=2)
    with pytest.raises(VerifyException, match="axis 2 is out of range"):
        op.verify()
