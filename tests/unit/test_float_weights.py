"""Weights in fewer bits under float arithmetic: values, types, errors, sums."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
import pytest

from qcc.dialects.reference import numbers
from qcc.passes.coarse_weights import LARGEST, coarse_type, has_few_levels
from qcc.passes.int4_weights import best_scales, int4_type
from qcc.passes.quantize_weights import int8_type, quantized
from qcc.passes.weight_sums import keep_sums
from qcc.passes.weights import short_scale, weight_type


def coarse(weights: np.ndarray, axis: int, *, keeps_sums: bool = True) -> np.ndarray:
    kind = coarse_type(weights, axis)
    stored = quantized(weights, kind, keeps_sums=keeps_sums)
    return numbers.dequantize_from(stored, kind)


def gaussian(*shape: int) -> np.ndarray:
    rng = np.random.default_rng(sum(shape))
    scales = np.exp(rng.standard_normal((shape[0], *[1] * (len(shape) - 1))))
    return (rng.standard_normal(shape) * scales).astype(np.float32)


@pytest.mark.parametrize("axis", [0, 1])
def test_coarse_weights_are_few_multiples_of_a_power_of_two(axis: int):
    weights = gaussian(24, 40, 3, 3)
    rounded = coarse(weights, axis, keeps_sums=False)
    assert rounded.dtype == np.float32
    rows = np.moveaxis(rounded, axis, 0).reshape(weights.shape[axis], -1)
    exact = np.moveaxis(weights, axis, 0).reshape(rows.shape)
    for row, before in zip(rows, exact, strict=True):
        step = 2.0 ** np.ceil(np.log2(np.abs(before).max() / LARGEST))
        multiples = row / step
        assert np.array_equal(multiples, np.rint(multiples))
        assert LARGEST // 2 <= np.abs(multiples).max() <= LARGEST
        assert np.abs(row - before).max() <= step / 2
    assert not np.any(rounded.view(np.uint32) & 0xFFFF)


def test_coarse_weights_compress_to_a_third():
    weights = gaussian(64, 64, 3, 3)
    packed = len(zlib.compress(coarse(weights, 0).tobytes()))
    assert packed <= 0.35 * len(zlib.compress(weights.tobytes()))


def test_weights_that_came_from_int8_have_few_levels():
    rng = np.random.default_rng(1)
    levels = rng.integers(-100, 150, (8, 30))
    assert has_few_levels((levels * np.float32(0.0173)).astype(np.float32))
    # One step in each channel is not one grid, 400 levels are too many.
    scales = rng.uniform(0.01, 0.02, (8, 1))
    assert not has_few_levels((levels * scales).astype(np.float32))
    wide = rng.integers(-200, 200, (8, 300)) * np.float32(0.0173)
    assert not has_few_levels(wide.astype(np.float32))
    assert not has_few_levels(gaussian(3, 4))
    assert has_few_levels(np.zeros((2, 2), np.float32))


def test_coarse_weights_keep_zeros_and_limits():
    weights = np.zeros((4, 2), np.float32)
    weights[1] = [1e-45, -1e-45]
    weights[2] = [2.0**126, 1.0]
    weights[3] = [63.0, 0.5]
    rounded = coarse(weights, 0, keeps_sums=False)
    assert not rounded[:2].any()
    assert np.isfinite(rounded).all()
    # A tie, to even.
    assert rounded[3].tolist() == [63.0, 0.0]


def test_int4_scales_have_the_least_error_of_many():
    weights = gaussian(16, 200).astype(np.float64)
    scales = best_scales(weights)

    def errors(scale: np.ndarray) -> np.ndarray:
        q = np.clip(np.rint(weights / scale[:, None]), -8, 7)
        return np.square(q * scale[:, None] - weights).sum(axis=1)

    best = errors(scales.astype(np.float64))
    largest = np.abs(weights).max(axis=1) / 7
    assert np.all(best < errors(largest))
    for factor in np.linspace(0.5, 1, 21):
        assert np.all(best <= 1.02 * errors(largest * factor))


@pytest.mark.parametrize("choose", [int8_type, int4_type, coarse_type])
@pytest.mark.parametrize("axis", [0, 1])
def test_weights_keep_the_sum_of_a_channel(choose: Any, axis: int):
    weights = np.abs(gaussian(20, 30, 3, 3))
    kind = choose(weights, axis)
    stored = quantized(weights, kind)
    assert stored.dtype == np.int8
    assert stored.min() == 0, "weights of one sign keep it"
    assert stored.max() <= kind.maximum
    plain = quantized(weights, kind, keeps_sums=False)
    assert np.array_equal(plain, numbers.quantize_to(weights, kind))
    # A changed rounding is the next one.
    assert np.abs(stored.astype(int) - plain).max() == 1
    others = tuple(a for a in range(4) if a != axis)
    shape = [1] * 4
    shape[axis] = -1
    scales = np.array(kind.scales, np.float64).reshape(shape)
    exact = np.clip(weights / scales, kind.minimum, kind.maximum)
    assert np.abs((stored - exact).sum(axis=others)).max() <= 0.5 + 1e-9
    assert np.abs((plain - exact).sum(axis=others)).max() > 1


def test_scales_are_rounded_up_to_bfloat16():
    scales = np.array([1.0, 1.00001, 0.3, 1e-38, 3.4e38], np.float32)
    short = short_scale(scales)
    assert not np.any(short.view(np.uint32) & 0xFFFF)
    assert np.all(short[:4] >= scales[:4])
    assert np.all(short[:4] <= scales[:4] * (1 + 2.0**-7))
    assert np.isfinite(short[4])
    assert short[0] == 1
    assert short[1] == 1 + 2.0**-7
    weights = gaussian(30, 50)
    ratios = np.array(int8_type(weights, 0).scales) / weight_type(weights, 0).scales
    assert np.all((ratios >= 1) & (ratios <= 1 + 2.0**-7))


def test_what_cannot_keep_its_sum_changes_all_that_it_may():
    # Everything was clamped from above: nothing may grow.
    exact = np.array([[7.0, 7.0, 0.0], [0.4, 0.4, 0.4], [-0.4, -0.4, -8.0]])
    stored = keep_sums(np.rint(exact), exact, (-8, 7))
    assert stored.tolist() == [[7, 7, 0], [1, 0, 0], [-1, 0, -8]]


def test_int4_of_zeros_and_tiny_weights_has_scale_1():
    weights = np.zeros((3, 4), np.float32)
    weights[1] = 1e-44
    weights[2] = [7, -8, 3, 0]
    kind = int4_type(weights, 0)
    stored = quantized(weights, kind)
    assert (kind.minimum, kind.maximum) == (-8, 7)
    assert kind.scales == (1.0, 1.0, 1.0)
    assert stored.tolist() == [[0] * 4, [0] * 4, [7, -8, 3, 0]]
