"""Pooling, reductions and linear resize: exact formulas, and close to the float op."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from quant_values import int8, run, value
from xdsl.dialects.builtin import f32

from qcc.dialects import nn, quant
from qcc.dialects.quant import UniformType
from qcc.dialects.reference import numbers

X = UniformType.per_tensor(0.05, -128)
Y = UniformType.per_tensor(0.03, 100)
WINDOWS: list[dict[str, Any]] = [
    {"kernel": (2, 2)},
    {"kernel": (3, 2), "strides": (2, 1), "pads": (1, 1, 2, 0)},
    {"kernel": (3, 3), "strides": (2, 2), "pads": (1, 1, 1, 1)},
]


def clamp(number: int) -> int:
    return max(-128, min(127, number))


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("count_include_pad", [False, True])
def test_avg_pool2d_equals_plain_loops(
    window: dict[str, Any], count_include_pad: bool
) -> None:
    q = int8(np.random.default_rng(0), 2, 3, 6, 7)
    op = quant.AvgPool2dOp(
        value(X, q.shape), result_type=Y, count_include_pad=count_include_pad, **window
    )
    actual = run(op, q)
    (kh, kw), (sy, sx) = window["kernel"], window.get("strides", (1, 1))
    top, left, _, _ = window.get("pads", (0, 0, 0, 0))
    taken: dict[tuple[int, ...], list[int]] = {}
    for n, c, y, x, ky, kx in np.ndindex(*actual.shape, kh, kw):
        iy, ix = y * sy + ky - top, x * sx + kx - left
        values = taken.setdefault((n, c, y, x), [])
        if 0 <= iy < 6 and 0 <= ix < 7:
            values.append(int(q[n, c, iy, ix]) - X.zero_point)
    counts = {at: kh * kw if count_include_pad else len(v) for at, v in taken.items()}
    table, shift = numbers.pooling_multipliers(X.scale, Y.scale, counts.values())
    for at, values in taken.items():
        exact = round(Fraction(sum(values) * table[counts[at]], 2**shift))
        assert actual[at] == clamp(exact + Y.zero_point)


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("count_include_pad", [False, True])
def test_avg_pool2d_is_close_to_float_in_both_layouts(
    window: dict[str, Any], count_include_pad: bool
) -> None:
    q = int8(np.random.default_rng(1), 1, 3, 6, 7)
    p = {**window, "count_include_pad": count_include_pad}
    actual = run(quant.AvgPool2dOp(value(X, q.shape), result_type=Y, **p), q)
    x = numbers.dequantize_from(q, X)
    expected = run(nn.AvgPool2dOp(value(f32, q.shape), **p), x)
    exact = np.clip(expected / Y.scale + Y.zero_point, -128, 127)
    assert np.abs(actual - exact).max() <= 0.51
    last = q.transpose(0, 2, 3, 1)
    op = quant.AvgPool2dOp(value(X, last.shape), result_type=Y, layout="NHWC", **p)
    assert np.array_equal(run(op, last), actual.transpose(0, 2, 3, 1))


def test_mean_rounds_ties_to_even() -> None:
    kind = UniformType.per_tensor(0.5)
    q = np.array([[0, 1], [1, 2], [2, 3], [-1, 0], [-1, -2]], np.int8)
    op = quant.ReduceMeanOp(value(kind, q.shape), kind, axes=(1,))
    assert run(op, q).ravel().tolist() == [0, 2, 2, 0, -2]


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from([(0,), (1,), (1, 2), (0, 2)]),
    st.floats(2.0**-6, 4.0, width=32),
    st.integers(0, 2**32),
)
def test_reductions_are_close_to_float(
    axes: tuple[int, ...], scale: float, seed: int
) -> None:
    q = int8(np.random.default_rng(seed), 3, 4, 5)
    target = UniformType.per_tensor(scale, -7)
    x = numbers.dequantize_from(q, X).astype(np.float64)
    for kind, function in ((quant.ReduceMeanOp, np.mean), (quant.ReduceSumOp, np.sum)):
        op = kind(value(X, q.shape), target, axes=axes, minimum=-100, maximum=99)
        exact = function(x, axis=axes, keepdims=True) / target.scale - 7
        assert np.abs(run(op, q) - np.clip(exact, -100, 99)).max() <= 0.5001


def test_mean_of_many_extremes_does_not_overflow() -> None:
    q = np.full((1, 2**20), 127, np.int8)
    op = quant.ReduceMeanOp(value(X, q.shape), X, axes=(1,))
    assert run(op, q).tolist() == [[127]]


@pytest.mark.parametrize(
    "coordinates", ["half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel"]
)
@pytest.mark.parametrize("sizes", [(9, 14), (3, 4), (1, 1), (6, 7)])
def test_resize_is_close_to_float_in_both_layouts(
    coordinates: str, sizes: tuple[int, int]
) -> None:
    q = int8(np.random.default_rng(2), 1, 2, 6, 7)
    scales = (sizes[0] / 6, sizes[1] / 7)
    p: dict[str, Any] = {"sizes": sizes, "scales": scales, "coordinates": coordinates}
    actual = run(quant.ResizeOp(value(X, q.shape), X, **p), q)
    x = numbers.dequantize_from(q, X)
    expected = run(nn.ResizeOp(value(f32, q.shape), mode="linear", **p), x)
    # A weight is off by at most half of 2^-11 per axis, times 255 steps.
    exact = expected / X.scale + X.zero_point
    assert np.abs(actual - exact).max() <= 0.5 + 2 * 255 / 4096 + 0.01
    last = q.transpose(0, 2, 3, 1)
    op = quant.ResizeOp(value(X, last.shape), X, layout="NHWC", **p)
    assert np.array_equal(run(op, last), actual.transpose(0, 2, 3, 1))


def test_resize_to_the_same_size_is_the_identity() -> None:
    q = int8(np.random.default_rng(3), 1, 2, 5, 5)
    op = quant.ResizeOp(value(X, q.shape), X, sizes=(5, 5), scales=(1.0, 1.0))
    assert np.array_equal(run(op, q), q)


def test_resize_of_extremes_does_not_overflow() -> None:
    kind = UniformType.per_tensor(1.0, 127)
    q = np.full((1, 1, 3, 3), -128, np.int8)
    op = quant.ResizeOp(value(kind, q.shape), kind, sizes=(7, 7), scales=(7 / 3, 7 / 3))
    assert (run(op, q) == -128).all()
