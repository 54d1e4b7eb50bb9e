"""Scales taken at run time: parameters of ranges, casts and arithmetic by them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from quant_values import Array, int8, value
from xdsl.dialects.builtin import f32, i8

from qcc.dialects import quant
from qcc.dialects.reference.dynamic_scales import (
    centre_by,
    pair_multipliers,
    parameters_of,
    quantize_by,
    requantize_by,
    union_of,
)
from qcc.dialects.reference.registry import evaluate

SCALE = np.float32(0.125)


def parameters(scale: float, zero_point: int) -> Array:
    return np.array([scale, zero_point], np.float32)


def real(q: Array, p: Array) -> Array:
    return centre_by(q, p) * float(p[0])


def dynamic(shape: tuple[int, ...]) -> list[Any]:
    return [value(i8, shape), value(f32, (2,))]


def test_parameters() -> None:
    x = np.array([-1.0, 3.0, np.nan, np.inf], np.float32)
    scale, zero_point = parameters_of(x)
    assert scale == np.float32(4) / np.float32(255)
    assert zero_point == -64


@pytest.mark.parametrize("x", [[0.0], [np.nan], [np.inf, -np.inf], [1e-45], [-1e-40]])
def test_parameters_without_a_range(x: list[float]) -> None:
    scale, zero_point = parameters_of(np.array(x, np.float32))
    assert scale == 1.0
    assert zero_point == -128


def test_a_range_beyond_float32() -> None:
    assert parameters_of(np.array([-3e38, 3e38], np.float32)).tolist() == [1.0, 127]
    [scale, zero_point] = parameters_of(np.array([3e38], np.float32))
    assert scale == np.float32(3e38) / np.float32(255)
    assert zero_point == -128


def test_a_clip_narrows_the_range() -> None:
    x = np.array([-9.0, -1.0, 2.0, 7.0], np.float32)
    p = parameters_of(x, 0.0, 6.0)
    assert p.tolist() == [np.float32(6) / np.float32(255), -128]
    assert quantize_by(x, p).tolist() == [-128, -128, round(2 * 255 / 6) - 128, 127]


@given(st.lists(st.floats(-(2.0**100), 2.0**100, width=32), min_size=1, max_size=40))
def test_quantization_is_within_a_step(values: list[float]) -> None:
    x = np.array(values, np.float32)
    p = parameters_of(x)
    zero = quantize_by(np.zeros(1, np.float32), p)
    assert zero == p[1]
    error = np.abs(real(quantize_by(x, p), p) - x.astype(np.float64))
    assert error.max() <= float(p[0]) * 1.001


def test_special_numbers() -> None:
    p = parameters(0.5, 3)
    x = np.array([np.nan, np.inf, -np.inf, 0.25, 0.75, -0.25], np.float32)
    assert quantize_by(x, p).tolist() == [3, 127, -128, 3, 5, 3]


def test_requantization() -> None:
    q = np.arange(-128, 128).astype(np.int8)
    source, target = parameters(0.5, -3), parameters(1.0, 7)
    expected = np.clip(np.rint((q.astype(int) + 3) / 2) + 7, -128, 127)
    assert np.array_equal(requantize_by(q, source, target), expected)
    assert np.array_equal(requantize_by(q, source, source), q)


@given(
    st.lists(
        st.tuples(st.floats(2.0**-20, 2.0**20, width=32), st.integers(-128, 127)),
        min_size=1,
        max_size=5,
    )
)
def test_a_union_holds_all_ranges(pairs: list[tuple[float, int]]) -> None:
    parts = [parameters(*pair) for pair in pairs]
    union = union_of(parts)
    ends = np.array([-128, 127], np.int8)
    lowest, highest = real(ends, union)
    for part in parts:
        low, high = real(ends, part)
        assert low >= lowest - union[0]
        assert high <= highest + union[0]


@pytest.mark.parametrize("name", ["Add", "Sub", "Mul"])
def test_arithmetic_is_close_to_float(name: str) -> None:
    random = np.random.default_rng(0)
    a, b = int8(random, 4, 50), int8(random, 50)
    p, r = parameters(0.02, -17), parameters(0.5, 40)
    op = getattr(quant, f"Dynamic{name}Op")(
        *dynamic((4, 50)), *dynamic((50,)), maximum=30.0
    )
    op.verify()
    q, own = evaluate(op, [a, p, b, r])
    compute = {"Add": np.add, "Sub": np.subtract, "Mul": np.multiply}[name]
    exact = np.minimum(compute(real(a, p), real(b, r)), 30.0)
    assert np.abs(real(q, own) - exact).max() <= float(own[0]) * 0.6
    assert float(own[0]) == pytest.approx((exact.max() - exact.min()) / 255, rel=1e-4)


def test_multipliers_of_a_sum() -> None:
    assert pair_multipliers(SCALE, SCALE) == (2**20, 2**20, SCALE / 2**20)
    assert pair_multipliers(SCALE, SCALE / 4)[:2] == (2**20, 2**18)
    assert pair_multipliers(SCALE / 2**30, SCALE)[:2] == (0, 2**20)


def test_clip_is_that_of_reals() -> None:
    q = np.arange(-128, 128).astype(np.int8)
    p = parameters(0.1, -20)
    op = quant.DynamicClipOp(*dynamic(q.shape), minimum=0.0, maximum=6.0)
    op.verify()
    [clipped] = evaluate(op, [q, p])
    assert clipped.min() == -20
    assert clipped.max() == 40
    inside = (q >= -20) & (q <= 40)
    assert np.array_equal(clipped[inside], q[inside])


def test_mean() -> None:
    random = np.random.default_rng(1)
    q, p = int8(random, 2, 3, 5, 5), parameters(0.25, 9)
    op = quant.DynamicReduceMeanOp(*dynamic(q.shape), axes=(2, 3))
    op.verify()
    [mean] = evaluate(op, [q, p])
    assert mean.dtype == np.float32
    exact = real(q, p).mean(axis=(2, 3), keepdims=True)
    assert np.allclose(mean, exact, rtol=1e-6, atol=1e-6)
