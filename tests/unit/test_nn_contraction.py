"""Convolutions and matmul against ONNX Runtime; their fixed order of additions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from onnx_oracle import assert_close, evaluated, random_floats, run_onnx, value

from qcc.dialects import nn


@dataclass(frozen=True)
class Case:
    input: tuple[int, int, int, int] = (2, 6, 9, 8)
    outputs: int = 4
    kernel: tuple[int, int] = (3, 3)
    strides: tuple[int, int] = (1, 1)
    pads: tuple[int, int, int, int] = (0, 0, 0, 0)
    dilations: tuple[int, int] = (1, 1)
    groups: int = 1
    bias: bool = True

    def attributes(self) -> dict[str, Any]:
        return {
            "strides": self.strides,
            "pads": self.pads,
            "dilations": self.dilations,
        }


CASES = [
    Case(),
    Case(bias=False, kernel=(1, 1)),
    Case(strides=(2, 3), pads=(1, 0, 2, 1)),
    Case(dilations=(2, 3), pads=(2, 3, 1, 0)),
    Case(groups=2),
    Case(groups=6, outputs=6, pads=(1, 1, 1, 1)),
    Case(groups=6, outputs=12, strides=(2, 2), kernel=(5, 2), pads=(2, 1, 2, 0)),
    Case(input=(1, 3, 1, 7), kernel=(1, 4), pads=(0, 3, 0, 3)),
]
LAYOUTS = ["NCHW", "NHWC"]


def _as_layout(x: np.ndarray, layout: str) -> np.ndarray:
    return x if layout == "NCHW" else x.transpose(0, 2, 3, 1)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("case", CASES)
def test_conv2d(case: Case, layout: str) -> None:
    x = random_floats(1, *case.input)
    w = random_floats(2, case.outputs, case.input[1] // case.groups, *case.kernel)
    b = random_floats(3, case.outputs) if case.bias else None
    op = nn.Conv2dOp(
        value(_as_layout(x, layout)),
        value(w),
        None if b is None else value(b),
        groups=case.groups,
        layout=layout,
        **case.attributes(),
    )
    expected = run_onnx("Conv", [x, w, b], group=case.groups, **case.attributes())
    assert_close(evaluated(op), _as_layout(expected, layout), 2e-5)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("output_padding", [(0, 0), (1, 0)])
@pytest.mark.parametrize(
    "case",
    [
        Case(input=(2, 6, 4, 5), strides=(2, 2)),
        Case(input=(1, 6, 4, 5), strides=(2, 3), pads=(1, 0, 2, 1), groups=2),
        Case(input=(1, 6, 4, 5), strides=(3, 2), dilations=(2, 2), bias=False),
        Case(input=(1, 4, 3, 3), kernel=(2, 2), strides=(3, 3), groups=4),
        Case(input=(1, 4, 3, 3), kernel=(1, 2), strides=(4, 4), pads=(0, 1, 0, 0)),
    ],
)
def test_conv_transpose2d(
    case: Case, output_padding: tuple[int, int], layout: str
) -> None:
    x = random_floats(1, *case.input)
    w = random_floats(2, case.input[1], case.outputs // case.groups, *case.kernel)
    b = random_floats(3, case.outputs) if case.bias else None
    op = nn.ConvTranspose2dOp(
        value(_as_layout(x, layout)),
        value(w),
        None if b is None else value(b),
        groups=case.groups,
        output_padding=output_padding,
        layout=layout,
        **case.attributes(),
    )
    expected = run_onnx(
        "ConvTranspose",
        [x, w, b],
        group=case.groups,
        output_padding=output_padding,
        **case.attributes(),
    )
    assert_close(evaluated(op), _as_layout(expected, layout), 2e-5)


@pytest.mark.parametrize(
    ("lhs", "rhs"),
    [
        ((3, 4), (4, 5)),
        ((2, 3, 4), (4, 5)),
        ((1, 2, 3, 4), (6, 1, 4, 5)),
        ((5, 1, 1), (1, 7)),
        ((3, 0), (0, 2)),
    ],
)
def test_matmul(lhs: tuple[int, ...], rhs: tuple[int, ...]) -> None:
    a, b = random_floats(1, *lhs), random_floats(2, *rhs)
    bias = random_floats(3, rhs[-1])
    expected = np.matmul(a.astype(np.float64), b)
    plain = nn.MatMulOp(value(a), value(b))
    assert_close(evaluated(plain), expected.astype(np.float32))
    biased = nn.MatMulOp(value(a), value(b), value(bias))
    assert_close(evaluated(biased), (expected + bias).astype(np.float32))


def test_sums_start_at_the_bias_and_ascend() -> None:
    # 2^60 + 1 - 2^60 is 0 in this order of doubles and 1 in others.
    x = np.array([[2.0**30, 1.0, -(2.0**30)]], np.float32)
    w = np.array([[2.0**30], [1.0], [2.0**30]], np.float32)
    bias = np.array([0.5], np.float32)
    assert evaluated(nn.MatMulOp(value(x), value(w), value(bias))) == 0.0
    image = x.reshape(1, 3, 1, 1)
    kernel = w.reshape(1, 3, 1, 1)
    conv = nn.Conv2dOp(value(image), value(kernel), value(bias))
    assert evaluated(conv) == 0.0


def test_convolution_adds_channels_before_columns() -> None:
    # Channels 0 and 1 of one column cancel before the next column is added.
    x = np.array([[2.0**30, 1.0], [-(2.0**30), 0.0]], np.float32).reshape(1, 2, 1, 2)
    w = np.array([[2.0**30, 1.0], [2.0**30, 1.0]], np.float32).reshape(1, 2, 1, 2)
    assert evaluated(nn.Conv2dOp(value(x), value(w))) == 1.0


def test_products_are_summed_in_double() -> None:
    x = np.array([[1.0, 2.0**-30, 2.0**-30]], np.float32)
    w = np.array([[1.0], [1.0], [-1.0]], np.float32)
    wide = np.array([[1.0 + 2.0**-23, 1.0, 0.0]], np.float32)
    assert evaluated(nn.MatMulOp(value(x), value(w))) == 1.0
    exact = np.float64(1.0 + 2.0**-23) ** 2 + 2.0**-30
    square = np.array([[1.0 + 2.0**-23], [2.0**-30], [1.0]], np.float32)
    assert evaluated(nn.MatMulOp(value(wide), value(square))) == np.float32(exact)
