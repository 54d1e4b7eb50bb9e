"""Generated C of float and dynamic contractions equals the reference in every bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.lowering import check_against_reference, constant, make_module
from xdsl.dialects.builtin import f32, i8

from qcc.dialects import nn, quant
from qcc.dialects.blob import ui8
from qcc.dialects.quant.types import UniformType

HOSTS = ["portable", "x86-64", "x86-64-v3", "avx512vnni"]
"""Targets with float kernels of their own; the others take those of one of them."""

CONVOLUTIONS: list[tuple[tuple[int, ...], tuple[int, ...], dict[str, Any]]] = [
    ((1, 8, 9, 3), (16, 3, 3, 3), {"strides": (2, 2), "pads": (0, 0, 1, 1)}),
    ((2, 5, 6, 24), (40, 24, 1, 1), {}),
    ((1, 9, 9, 18), (18, 1, 3, 3), {"groups": 18, "pads": (1, 1, 1, 1)}),
    ((1, 7, 8, 6), (4, 3, 3, 2), {"groups": 2, "dilations": (2, 1)}),
    ((1, 9, 8, 4), (5, 4, 2, 3), {"dilations": (1, 2), "pads": (1, 2, 0, 2)}),
    (
        (2, 7, 6, 35),
        (35, 1, 3, 2),
        {"groups": 35, "dilations": (2, 1), "pads": (2, 0, 1, 2), "strides": (1, 2)},
    ),
]


def _floats(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return (rng.standard_normal(shape) * rng.uniform(0.1, 30)).astype(np.float32)


@pytest.mark.parametrize("target", HOSTS)
@pytest.mark.parametrize("index", range(len(CONVOLUTIONS)))
def test_conv2d(target: str, index: int) -> None:
    rng = np.random.default_rng(index)
    shape, weight_shape, properties = CONVOLUTIONS[index]
    weight = constant(_floats(rng, *weight_shape))
    bias = constant(_floats(rng, weight_shape[0]))

    def body(args: Any) -> list[Any]:
        used = bias if index % 2 else None
        op = nn.Conv2dOp(args[0], weight, used, layout="NHWC", **properties)
        return [weight, bias, op]

    module = make_module([(shape, f32)], body)
    check_against_reference(module, target, [_floats(rng, *shape)])


@pytest.mark.parametrize("target", HOSTS)
@pytest.mark.parametrize(
    "shapes",
    [
        *(((2, 3, 5, 17), (3, 17, 9)), ((6, 40), (40, 33)), ((2, 1, 4, 8), (3, 8, 16))),
        *(((2, 53, 26), (2, 26, 58)), ((1, 70), (70, 123))),
    ],
    ids=str,
)
def test_matmul(target: str, shapes: Any) -> None:
    rng = np.random.default_rng(3)

    def body(args: Any) -> list[Any]:
        return [nn.MatMulOp(args[0], args[1], args[2])]

    shapes = [*shapes, shapes[1][-1:]]
    module = make_module([(shape, f32) for shape in shapes], body)
    inputs = [_floats(rng, *shape) for shape in shapes]
    check_against_reference(module, target, inputs)


TRANSPOSED: list[tuple[tuple[int, ...], tuple[int, ...], dict[str, Any]]] = [
    ((1, 5, 6, 4), (4, 3, 3, 3), {"strides": (2, 2), "pads": (1, 1, 1, 1)}),
    (
        (2, 3, 4, 6),
        (6, 2, 4, 2),
        {"groups": 3, "strides": (3, 2), "output_padding": (1, 0)},
    ),
    ((1, 4, 4, 5), (5, 1, 2, 3), {"groups": 5, "dilations": (2, 1)}),
    ((1, 6, 5, 3), (3, 17, 1, 1), {"strides": (1, 2)}),
]


@pytest.mark.parametrize("target", HOSTS)
@pytest.mark.parametrize("index", range(len(TRANSPOSED)))
def test_float_conv_transpose2d(target: str, index: int) -> None:
    rng = np.random.default_rng(index)
    shape, weight_shape, properties = TRANSPOSED[index]
    outputs = weight_shape[1] * properties.get("groups", 1)
    weight = constant(_floats(rng, *weight_shape))
    bias = constant(_floats(rng, outputs))

    def body(args: Any) -> list[Any]:
        used = bias if index % 2 else None
        op = nn.ConvTranspose2dOp(args[0], weight, used, layout="NHWC", **properties)
        return [weight, bias, op]

    module = make_module([(shape, f32)], body)
    check_against_reference(module, target, [_floats(rng, *shape)])


@pytest.mark.parametrize("target", HOSTS)
@pytest.mark.parametrize("index", range(len(TRANSPOSED)))
def test_conv_transpose2d(target: str, index: int) -> None:
    rng = np.random.default_rng(index)
    shape, weight_shape, properties = TRANSPOSED[index]
    outputs = weight_shape[1] * properties.get("groups", 1)
    scales = rng.uniform(0.001, 0.01, weight_shape[1])
    zeros = rng.integers(-128, 128, weight_shape[1]).tolist()
    kind = UniformType.per_axis(scales, 1, zeros if index % 2 else None)
    weight = constant(rng.integers(-128, 128, weight_shape, np.int8), kind)
    bias = constant(rng.integers(-4000, 4000, outputs, np.int32))

    def body(args: Any) -> list[Any]:
        op = quant.ConvTranspose2dOp(
            args[0],
            weight,
            bias if index != 2 else None,
            result_type=UniformType.per_tensor(0.13, -4),
            layout="NHWC",
            maximum=101,
            **properties,
        )
        return [weight, bias, op]

    module = make_module([(shape, UniformType.per_tensor(0.05, 17))], body)
    x = rng.integers(-128, 128, shape, np.int8)
    check_against_reference(module, target, [x])


def _hostile(x: np.ndarray, index: int) -> np.ndarray:
    """A range that is one-sided, empty, or with elements that are not finite."""
    x = x.copy()
    if index == 1:
        x = np.abs(x)
    elif index == 2:
        x[...] = 0
    elif index == 3:
        x.reshape(-1)[:4] = [np.nan, np.inf, -np.inf, 3e38]
    elif index == 4:
        x = -np.abs(x) * np.float32(1e-40)
    return x


@pytest.mark.parametrize("target", HOSTS)
@pytest.mark.parametrize("index", range(len(CONVOLUTIONS)))
def test_dynamic_conv2d(target: str, index: int) -> None:
    rng = np.random.default_rng(index)
    shape, weight_shape, properties = CONVOLUTIONS[index]
    kind = UniformType.per_axis(rng.uniform(0.001, 0.01, weight_shape[0]), 0)
    weight = constant(rng.integers(-127, 128, weight_shape, np.int8), kind)
    bias = constant(_floats(rng, weight_shape[0]))

    def body(args: Any) -> list[Any]:
        used = None if index == 1 else bias
        cast = quant.DynamicQuantizeCastOp(args[0])
        op = quant.DynamicConv2dOp(
            *cast.results, weight, used, layout="NHWC", **properties
        )
        return [weight, bias, cast, op]

    module = make_module([(shape, f32)], body)
    check_against_reference(module, target, [_hostile(_floats(rng, *shape), index)])


@pytest.mark.parametrize("target", HOSTS)
@pytest.mark.parametrize("index", range(5))
def test_dynamic_matmul(target: str, index: int) -> None:
    rng = np.random.default_rng(index)
    kind = UniformType.per_axis(rng.uniform(0.001, 0.01, 21), 1)
    weight = constant(rng.integers(-127, 128, (34, 21), np.int8), kind)
    bias = constant(_floats(rng, 21))

    def body(args: Any) -> list[Any]:
        cast = quant.DynamicQuantizeCastOp(args[0])
        return [weight, bias, cast, quant.DynamicMatMulOp(*cast.results, weight, bias)]

    module = make_module([((2, 3, 34), f32)], body)
    check_against_reference(module, target, [_hostile(_floats(rng, 2, 3, 34), index)])


@pytest.mark.parametrize("index", range(5))
def test_dynamic_quantize(index: int) -> None:
    rng = np.random.default_rng(index)
    module = make_module([((3, 37), f32)], lambda a: [quant.DynamicQuantizeOp(a[0])])
    x = _hostile(_floats(rng, 3, 37), index)
    check_against_reference(module, "portable", [x])


@pytest.mark.parametrize("index", range(len(CONVOLUTIONS)))
def test_conv2d_integer(index: int) -> None:
    rng = np.random.default_rng(index)
    shape, weight_shape, properties = CONVOLUTIONS[index]
    kind, dtype = (i8, np.int8) if index % 2 else (ui8, np.uint8)
    low, high = np.iinfo(dtype).min, np.iinfo(dtype).max + 1
    count = weight_shape[0] if index > 2 else 1

    def body(args: Any) -> list[Any]:
        zeros = args[2:] if index else [None, None]
        return [quant.Conv2dIntegerOp(*args[:2], *zeros, layout="NHWC", **properties)]

    shapes = [shape, weight_shape, (), (count,) if count > 1 else ()]
    module = make_module([(s, kind) for s in shapes], body)
    inputs = [rng.integers(low, high, s, dtype) for s in shapes]
    inputs[2:] = [np.array(x, dtype) for x in inputs[2:]]
    check_against_reference(module, "portable", inputs)


@pytest.mark.parametrize("per_row", [False, True])
def test_matmul_integer(per_row: bool) -> None:
    rng = np.random.default_rng(4)
    shapes = [(2, 5, 17), (17, 9), (5,) if per_row else (), (9,) if per_row else ()]

    def body(args: Any) -> list[Any]:
        return [quant.MatMulIntegerOp(*args)]

    module = make_module(list(zip(shapes, [ui8, i8, ui8, i8], strict=True)), body)
    lhs, left = (rng.integers(0, 256, s, np.uint8) for s in shapes[::2])
    rhs, right = (rng.integers(-128, 128, s, np.int8) for s in shapes[1::2])
    zeros = [np.array(left, np.uint8), np.array(right, np.int8)]
    check_against_reference(module, "portable", [lhs, rhs, *zeros])
