"""Pooling and resizing against ONNX Runtime, in both layouts."""

from __future__ import annotations

import numpy as np
import pytest
from onnx_oracle import assert_close, evaluated, random_floats, run_onnx, value

from qcc.dialects import nn
from qcc.dialects.quant.types import UniformType

LAYOUTS = ["NCHW", "NHWC"]
WINDOWS = [
    ((2, 2), (1, 1), (0, 0, 0, 0)),
    ((3, 3), (2, 2), (1, 1, 1, 1)),
    ((3, 2), (2, 3), (2, 0, 1, 1)),
    ((1, 5), (1, 2), (0, 4, 0, 2)),
]


def _as_layout(x: np.ndarray, layout: str) -> np.ndarray:
    return x if layout == "NCHW" else x.transpose(0, 2, 3, 1)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dilations", [(1, 1), (2, 3)])
@pytest.mark.parametrize(("kernel", "strides", "pads"), WINDOWS)
def test_max_pool2d(
    kernel: tuple[int, int],
    strides: tuple[int, int],
    pads: tuple[int, int, int, int],
    dilations: tuple[int, int],
    layout: str,
) -> None:
    # Negative inputs: padding must not win.
    x = -np.abs(random_floats(1, 2, 3, 9, 14))
    window = {"strides": strides, "pads": pads, "dilations": dilations}
    op = nn.MaxPool2dOp(
        value(_as_layout(x, layout)), kernel=kernel, layout=layout, **window
    )
    expected = run_onnx("MaxPool", [x], kernel_shape=kernel, **window)
    assert_close(evaluated(op), _as_layout(expected, layout), 0)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("count_include_pad", [False, True])
@pytest.mark.parametrize(("kernel", "strides", "pads"), WINDOWS)
def test_avg_pool2d(
    kernel: tuple[int, int],
    strides: tuple[int, int],
    pads: tuple[int, int, int, int],
    count_include_pad: bool,
    layout: str,
) -> None:
    x = random_floats(1, 2, 3, 7, 8)
    op = nn.AvgPool2dOp(
        value(_as_layout(x, layout)),
        kernel=kernel,
        strides=strides,
        pads=pads,
        count_include_pad=count_include_pad,
        layout=layout,
    )
    expected = run_onnx(
        "AveragePool",
        [x],
        kernel_shape=kernel,
        strides=strides,
        pads=pads,
        count_include_pad=int(count_include_pad),
    )
    assert_close(evaluated(op), _as_layout(expected, layout))


def test_max_pool2d_of_quantized_elements_pads_with_the_least() -> None:
    x = np.full((1, 1, 2, 2), -120, np.int8)
    op = nn.MaxPool2dOp(
        value(x, UniformType.per_tensor(0.5, 3)), kernel=(2, 2), pads=(1, 1, 1, 1)
    )
    np.testing.assert_array_equal(evaluated(op), np.full((1, 1, 3, 3), -120, np.int8))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("size", [(8, 12), (3, 2), (7, 9), (1, 1), (4, 5)])
@pytest.mark.parametrize("mode", ["nearest", "linear"])
@pytest.mark.parametrize(
    "coordinates",
    ["half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel"],
)
def test_resize(
    coordinates: str, mode: str, size: tuple[int, int], layout: str
) -> None:
    x = random_floats(1, 2, 3, 4, 5)
    scales = (size[0] / 4, size[1] / 5)
    for nearest_mode in (
        "round_prefer_floor",
        "round_prefer_ceil",
        "floor",
        "ceil",
    ):
        op = nn.ResizeOp(
            value(_as_layout(x, layout)),
            sizes=size,
            scales=scales,
            mode=mode,
            coordinates=coordinates,
            nearest_mode=nearest_mode,
            layout=layout,
        )
        sizes = np.array([2, 3, *size], np.int64)
        expected = run_onnx(
            "Resize",
            [x, None, None, sizes],
            mode=mode,
            coordinate_transformation_mode=coordinates,
            nearest_mode=nearest_mode,
        )
        assert_close(evaluated(op), _as_layout(expected, layout))


def test_resize_with_scales_that_are_no_ratio_of_sizes() -> None:
    x = random_floats(1, 1, 2, 5, 5)
    scales = np.array([1, 1, 1.5, 0.7], np.float32)
    expected = run_onnx("Resize", [x, None, scales], mode="linear")
    op = nn.ResizeOp(
        value(x), sizes=expected.shape[2:], scales=(1.5, 0.7), mode="linear"
    )
    assert_close(evaluated(op), expected)


def test_nearest_resize_of_quantized_elements_keeps_them() -> None:
    x = np.array([[-128, 5], [127, 0]], np.int8).reshape(1, 1, 2, 2)
    op = nn.ResizeOp(
        value(x, UniformType.per_tensor(0.5, 3)), sizes=(4, 4), scales=(2, 2)
    )
    expected = x.repeat(2, axis=2).repeat(2, axis=3)
    np.testing.assert_array_equal(evaluated(op), expected)
