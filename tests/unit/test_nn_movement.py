"""Ops that move elements or work on indices, against numpy and ONNX Runtime."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx_oracle import assert_close, evaluated, random_floats, run_onnx, value
from xdsl.dialects.builtin import f32, i1, i8, i32, i64
from xdsl.utils.exceptions import VerifyException

from qcc.dialects import nn
from qcc.dialects.quant.types import UniformType

QUANTIZED = UniformType.per_tensor(0.5, 3)


def test_reshape_transpose_expand() -> None:
    x = random_floats(1, 2, 3, 4)
    np.testing.assert_array_equal(
        evaluated(nn.ReshapeOp(value(x), (4, 6))), x.reshape(4, 6)
    )
    np.testing.assert_array_equal(
        evaluated(nn.TransposeOp(value(x), permutation=(2, 0, 1))),
        x.transpose(2, 0, 1),
    )
    y = random_floats(1, 3, 1)
    np.testing.assert_array_equal(
        evaluated(nn.ExpandOp(value(y), (2, 3, 4))), np.broadcast_to(y, (2, 3, 4))
    )


def test_transpose_moves_the_quantized_axis() -> None:
    kind = UniformType.per_axis([0.5, 0.25], 0)
    op = nn.TransposeOp(value(np.zeros((2, 3), np.int8), kind), permutation=(1, 0))
    assert op.expected_type().element_type == UniformType.per_axis([0.5, 0.25], 1)


def test_concat() -> None:
    parts = [random_floats(i, 2, size, 3) for i, size in enumerate((1, 4, 0, 2))]
    op = nn.ConcatOp([value(part) for part in parts], axis=1)
    np.testing.assert_array_equal(evaluated(op), np.concatenate(parts, axis=1))


@pytest.mark.parametrize(
    ("starts", "sizes", "steps", "index"),
    [
        ((0, 1), (4, 2), None, np.s_[:, 1:3]),
        ((3, 0), (2, 3), (-2, 2), np.s_[3::-2, ::2]),
        ((3, 4), (4, 5), (-1, -1), np.s_[::-1, ::-1]),
        ((0, 0), (0, 5), (1, 1), np.s_[:0]),
    ],
)
def test_slice(
    starts: tuple[int, ...], sizes: tuple[int, ...], steps: Any, index: Any
) -> None:
    x = random_floats(1, 4, 5)
    op = nn.SliceOp(value(x), starts=starts, sizes=sizes, steps=steps)
    np.testing.assert_array_equal(evaluated(op), x[index])


@pytest.mark.parametrize("mode", ["constant", "reflect", "edge"])
def test_pad(mode: str) -> None:
    x = random_floats(1, 3, 4)
    fill = {"value": 1.5} if mode == "constant" else {}
    op = nn.PadOp(value(x), before=(1, 3), after=(2, 0), mode=mode, **fill)
    pads = np.array([1, 3, 2, 0], np.int64)
    expected = run_onnx("Pad", [x, pads, np.array(1.5, np.float32)], mode=mode)
    assert_close(evaluated(op), expected, 0)


def test_pad_of_quantized_elements_writes_the_quantized_value() -> None:
    x = np.array([5], np.int8)
    for real, stored in ((0.0, 3), (1.0, 5), (1000.0, 127), (-1000.0, -128)):
        op = nn.PadOp(value(x, QUANTIZED), before=(0,), after=(1,), value=real)
        assert evaluated(op).tolist() == [5, stored]


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("indices", [[[0, 1], [2, -1]], 1, [-3, 2]])
def test_gather(axis: int, indices: Any) -> None:
    x = random_floats(1, 3, 4)
    i = np.array(indices, np.int64)
    op = nn.GatherOp(value(x), value(i), axis=axis)
    assert_close(evaluated(op), run_onnx("Gather", [x, i], axis=axis), 0)


def test_gather_never_reads_outside() -> None:
    x = np.array([1, 2, 3], np.int8)
    i = np.array([3, 99, -4, -(2**62), 2**62], np.int64)
    op = nn.GatherOp(value(x, QUANTIZED), value(i))
    assert evaluated(op).tolist() == [3, 3, 1, 1, 3]


@pytest.mark.parametrize("axis", [0, 1])
def test_one_hot(axis: int) -> None:
    i = np.array([0, 3, -1, 4, -5], np.int64)
    op = nn.OneHotOp(value(i), depth=4, axis=axis, on=5.0, off=-1.0)
    values = np.array([-1, 5], np.float32)
    expected = run_onnx("OneHot", [i, np.array(4, np.int64), values], axis=axis)
    assert_close(evaluated(op), expected, 0)


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("axis", [0, 1])
def test_arg_max(axis: int, last: bool) -> None:
    x = np.array([[1, 3, 3], [3, 1, 3]], np.float32)
    op = nn.ArgMaxOp(value(x), axis=axis, select_last_index=last)
    expected = run_onnx("ArgMax", [x], axis=axis, select_last_index=int(last))
    assert_close(evaluated(op), expected)


def test_cast() -> None:
    x = np.array([1.9, -1.9, 0.0, 300.0, -300.0, np.nan, 1e30], np.float32)
    assert evaluated(nn.CastOp(value(x), i8)).tolist() == [1, -1, 0, 127, -128, 0, 127]
    maximum = np.iinfo(np.int64).max
    assert evaluated(nn.CastOp(value(x), i64)).tolist()[-2:] == [0, maximum]
    assert evaluated(nn.CastOp(value(x[:3]), i1)).tolist() == [True, True, False]
    integers = np.array([2**24 + 1, -5], np.int32)
    assert evaluated(nn.CastOp(value(integers), f32)).tolist() == [2.0**24, -5.0]
    assert evaluated(nn.CastOp(value(integers), i32)).tolist() == integers.tolist()


def test_constructors_refuse_what_verifiers_refuse() -> None:
    x = value(random_floats(1, 2, 3))
    with pytest.raises(VerifyException, match="different sizes"):
        nn.ReshapeOp(x, (7,))
    with pytest.raises(VerifyException, match="leaves axis 1 of size 3"):
        nn.SliceOp(x, starts=(0, 2), sizes=(2, 2))
    with pytest.raises(VerifyException, match="do not broadcast"):
        nn.AddOp(x, value(random_floats(1, 2)))
