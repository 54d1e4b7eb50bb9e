"""Reductions and normalizations against ONNX Runtime; the order of their sums."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx_oracle import assert_close, evaluated, random_floats, run_onnx, value

from qcc.dialects import nn
from qcc.dialects.reference.lanes import sum_in_lanes

REDUCTIONS = [
    (nn.ReduceMeanOp, "ReduceMean"),
    (nn.ReduceSumOp, "ReduceSum"),
    (nn.ReduceProdOp, "ReduceProd"),
    (nn.ReduceSumSquareOp, "ReduceSumSquare"),
    (nn.ReduceMaxOp, "ReduceMax"),
    (nn.ReduceMinOp, "ReduceMin"),
]


@pytest.mark.parametrize("axes", [(0,), (1, 2), (0, 2), (2,), (0, 1, 2)])
@pytest.mark.parametrize(("op_class", "op_type"), REDUCTIONS)
def test_reduce(op_class: Any, op_type: str, axes: tuple[int, ...]) -> None:
    x = random_floats(1, 3, 5, 7, scale=1.0)
    expected = run_onnx(op_type, [x, np.array(axes, np.int64)], keepdims=1)
    assert_close(evaluated(op_class(value(x), axes=axes)), expected, 1e-5)


@pytest.mark.parametrize(
    ("op_class", "expected"),
    [
        (nn.ReduceSumOp, 2),
        (nn.ReduceProdOp, -24),
        (nn.ReduceSumSquareOp, 30),
        (nn.ReduceMaxOp, 4),
        (nn.ReduceMinOp, -3),
    ],
)
def test_reduce_of_integers(op_class: Any, expected: int) -> None:
    x = np.array([1, -3, 4, -2, 0], np.int32)
    if op_class is nn.ReduceProdOp:
        x = np.array([1, -3, 4, 2, 1], np.int32)
    elif op_class is nn.ReduceSumOp:
        x = np.array([1, -3, 4, 0, 0], np.int32)
    result = evaluated(op_class(value(x), axes=(0,)))
    assert result.dtype == np.int32
    assert result.tolist() == [expected]


def test_reduce_over_no_axes_keeps_every_element() -> None:
    x = random_floats(1, 2, 3)
    np.testing.assert_array_equal(evaluated(nn.ReduceMaxOp(value(x), axes=())), x)
    np.testing.assert_array_equal(evaluated(nn.ReduceSumOp(value(x), axes=())), x)


def test_lanes_are_added_in_a_tree() -> None:
    # Lane 0 holds 2^60 + 1 -> 2^60 and lane 8 -2^60: the 1 is lost; lane 1 keeps its 1.
    values = np.zeros(32)
    values[0], values[16], values[8], values[1] = 2.0**60, 1.0, -(2.0**60), 1.0
    assert sum_in_lanes(values) == 1.0
    # Lanes 0 and 4 meet only after 0 and 8.
    values = np.zeros(16)
    values[0], values[4], values[8] = 2.0**60, 1.0, -(2.0**60)
    assert sum_in_lanes(values) == 1.0
    values[4], values[8], values[12] = -(2.0**60), 1.0, 0.0
    assert sum_in_lanes(values) == 0.0


@pytest.mark.parametrize("count", [0, 1, 15, 16, 17, 100])
def test_lanes_of_any_count(count: int) -> None:
    values = np.arange(3 * count, dtype=np.float64).reshape(3, count)
    np.testing.assert_array_equal(sum_in_lanes(values), values.sum(axis=-1))


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_softmax(axis: int) -> None:
    x = random_floats(1, 3, 20, 7, scale=5.0)
    expected = run_onnx("Softmax", [x], axis=axis)
    assert_close(evaluated(nn.SoftmaxOp(value(x), axis=axis)), expected)


def test_softmax_of_large_numbers() -> None:
    x = np.array([1e30, 1e30, -1e30], np.float32)
    result = evaluated(nn.SoftmaxOp(value(x), axis=0))
    np.testing.assert_array_equal(result, np.array([0.5, 0.5, 0], np.float32))


@pytest.mark.parametrize("axis", [1, 2])
@pytest.mark.parametrize(("scaled", "biased"), [(1, 1), (1, 0), (0, 1), (0, 0)])
def test_layer_norm(axis: int, scaled: int, biased: int) -> None:
    x = random_floats(1, 4, 5, 30)
    shape = x.shape[axis:]
    scale = random_floats(2, *shape) if scaled else None
    bias = random_floats(3, *shape) if biased else None
    op = nn.LayerNormOp(
        value(x),
        None if scale is None else value(scale),
        None if bias is None else value(bias),
        axis=axis,
        epsilon=1e-3,
    )
    ones = np.ones(shape, np.float32) if scale is None else scale
    expected = run_onnx("LayerNormalization", [x, ones, bias], axis=axis, epsilon=1e-3)
    assert_close(evaluated(op), expected, 1e-5)


@pytest.mark.parametrize("shape", [(2, 5), (2, 5, 3), (2, 5, 3, 4)])
def test_batch_norm(shape: tuple[int, ...]) -> None:
    x = random_floats(1, *shape)
    scale, bias, mean = (random_floats(seed, 5) for seed in (2, 3, 4))
    variance = np.abs(random_floats(5, 5)) + np.float32(0.1)
    parameters = [scale, bias, mean, variance]
    op = nn.BatchNormOp(value(x), *(value(p) for p in parameters), epsilon=1e-3)
    expected = run_onnx("BatchNormalization", [x, *parameters], epsilon=1e-3)
    assert_close(evaluated(op), expected, 1e-5)
