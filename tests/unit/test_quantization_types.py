"""Scales and zero points: of activations from ranges, of weights from data."""

import numpy as np
import pytest

from qcc.dialects.reference import numbers
from qcc.passes.ranges import activation_type, representable, union, widened
from qcc.passes.weights import BIAS_LIMIT, weight_type


def test_ranges_are_widened_to_hold_zero():
    assert widened(2.0, 7.0) == (0.0, 7.0)
    assert widened(-3.0, -1.0) == (-3.0, 0.0)
    assert union([(-1.0, 2.0), (-0.5, 4.0)]) == (-1.0, 4.0)


def test_activation_type_formula():
    kind = activation_type((-1.0, 2.0))
    assert kind.scale == float(np.float32(3 / 255))
    assert kind.zero_point == round(-128 + 1.0 / kind.scale)


@pytest.mark.parametrize("bounds", [(0.0, 255.0), (-1.0, 0.0), (-1e-3, 5.0)])
def test_activation_type_covers_its_range_and_zero_exactly(bounds):
    kind = activation_type(bounds)
    low, high = representable(kind)
    assert low <= bounds[0] + kind.scale / 2
    assert high >= bounds[1] - kind.scale / 2
    zero = numbers.quantize_to(np.zeros(1, np.float32), kind)
    assert numbers.dequantize_from(zero, kind)[0] == 0.0


@pytest.mark.parametrize("bounds", [(0.0, 0.0), (0.0, 1e-42), (-1e-44, 1e-44)])
def test_a_degenerate_range_has_scale_one(bounds):
    kind = activation_type(bounds)
    assert kind.scale == 1.0
    kind.verify()


def test_the_widest_range_has_a_finite_scale():
    largest = float(np.finfo(np.float32).max)
    activation_type((-largest, largest)).verify()


def test_weights_are_symmetric_per_channel():
    weights = np.array([[1.27, -0.5], [0.0, 0.0], [-2.54, 2.0]], np.float32)
    kind = weight_type(weights, 0)
    assert kind.scales == pytest.approx((0.01, 1.0, 0.02))
    assert kind.zero_points == (0, 0, 0)
    stored = numbers.quantize_to(weights, kind)
    assert stored[0, 0] == 127
    assert stored[2, 0] == -127
    assert np.abs(stored).max() == 127


def test_a_bias_that_would_overflow_raises_the_scale_of_its_channel_only():
    weights = np.array([[1e-12], [1.0]], np.float32)
    bias = np.array([1.0, 1.0], np.float32)
    kind = weight_type(weights, 0, bias, input_scale=0.5)
    stored = numbers.quantize_bias(bias, 0.5, kind.scales)
    assert abs(int(stored[0]) - BIAS_LIMIT) < 2**8
    assert kind.scales[1] == float(np.float32(1 / 127))


def test_the_bias_of_a_channel_without_weights_stays_precise():
    kind = weight_type(np.zeros((1, 4), np.float32), 0, np.array([0.3]), 1.0)
    stored = numbers.quantize_bias(np.array([0.3], np.float32), 1.0, kind.scales)
    assert stored[0] * kind.scales[0] == pytest.approx(0.3, rel=1e-5)
