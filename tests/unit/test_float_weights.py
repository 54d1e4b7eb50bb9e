"""Weights in fewer bits under float arithmetic: values, types, errors, sums."""

from __future__ import annotations

import zlib

import numpy as np
import pytest

from qcc.dialects.reference import numbers
from qcc.passes.coarsen_weights import LARGEST, coarse
from qcc.passes.int4_weights import best_scales, quantize_int4


def gaussian(*shape: int) -> np.ndarray:
    rng = np.random.default_rng(sum(shape))
    scales = np.exp(rng.standard_normal((shape[0], *[1] * (len(shape) - 1))))
    return (rng.standard_normal(shape) * scales).astype(np.float32)


@pytest.mark.parametrize("axis", [0, 1])
def test_coarse_weights_are_few_multiples_of_a_power_of_two(axis: int):
    weights = gaussian(24, 40, 3, 3)
    rounded = coarse(weights, axis)
    assert rounded.dtype == np.float32
    rows = np.moveaxis(rounded, axis, 0).reshape(weights.shape[axis], -1)
    exact = np.moveaxis(weights, axis, 0).reshape(rows.shape)
    for row, before in zip(rows, exact, strict=True):
        step = 2.0 ** np.ceil(np.log2(np.abs(before).max() / LARGEST))
        multiples = row / step
        assert np.array_equal(multiples, np.rint(multiples))
        assert LARGEST / 2 - 1 <= np.abs(multiples).max() <= LARGEST
        assert np.abs(row - before).max() <= step / 2
    assert not np.any(rounded.view(np.uint32) & 0xFFFF)


def test_coarse_weights_compress_to_a_third():
    weights = gaussian(64, 64, 3, 3)
    packed = len(zlib.compress(coarse(weights, 0).tobytes()))
    assert packed <= 0.35 * len(zlib.compress(weights.tobytes()))


def test_coarse_weights_keep_zeros_and_limits():
    weights = np.zeros((4, 2), np.float32)
    weights[1] = [1e-45, -1e-45]
    weights[2] = [np.finfo(np.float32).max, 1.0]
    weights[3] = [64.0, 0.5]
    rounded = coarse(weights, 0)
    assert not rounded[:2].any()
    assert np.isfinite(rounded).all()
    # A tie, to even.
    assert rounded[3].tolist() == [64.0, 0.0]


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


@pytest.mark.parametrize("axis", [0, 1])
def test_int4_weights_keep_the_sum_of_a_channel(axis: int):
    weights = np.abs(gaussian(20, 30, 3, 3))
    stored, kind = quantize_int4(weights, axis)
    assert kind.axis == axis
    assert (kind.minimum, kind.maximum) == (-8, 7)
    assert stored.dtype == np.int8
    assert stored.min() >= -8
    assert stored.max() <= 7
    assert stored.min() == 0, "weights of one sign keep it"
    plain = numbers.quantize_to(weights, kind)
    # A changed rounding is the next one.
    assert np.abs(stored.astype(int) - plain).max() == 1
    scales = np.array(kind.scales, np.float64)
    others = tuple(a for a in range(4) if a != axis)
    shape = [1] * 4
    shape[axis] = -1
    exact = np.clip(weights / scales.reshape(shape), -8, 7)
    assert np.abs((stored - exact).sum(axis=others)).max() <= 0.5 + 1e-9
    assert np.abs((plain - exact).sum(axis=others)).max() > 1


def test_int4_tables_are_rounded_to_the_nearest():
    weights = gaussian(50, 40)
    stored, kind = quantize_int4(weights, 0, keeps_sums=False)
    assert np.array_equal(stored, numbers.quantize_to(weights, kind))


def test_int4_of_zeros_and_tiny_weights_has_scale_1():
    weights = np.zeros((3, 4), np.float32)
    weights[1] = 1e-44
    weights[2] = [7, -8, 3, 0]
    stored, kind = quantize_int4(weights, 0)
    assert kind.scales == (1.0, 1.0, 1.0)
    assert stored.tolist() == [[0] * 4, [0] * 4, [7, -8, 3, 0]]
