"""Generated C of int8 contractions equals the reference in every bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.lowering import check_against_reference, constant, make_module

from qcc.codegen.targets import TARGETS
from qcc.dialects import quant
from qcc.dialects.quant.types import UniformType

HOSTS = [name for name, t in TARGETS.items() if t.architecture in (None, "x86_64")]

ACTIVATION = UniformType.per_tensor(0.05, -7)
RESULT = UniformType.per_tensor(0.21, 11)


def _weight_type(
    rng: np.random.Generator, count: int, axis: int, zero: bool = True
) -> UniformType:
    scales = rng.uniform(0.001, 0.01, count)
    zeros = None if zero else rng.integers(-128, 128, count).tolist()
    return UniformType.per_axis(scales, axis, zeros)


def _int8(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.integers(-128, 128, shape, np.int8)


CONVOLUTIONS: list[tuple[tuple[int, ...], tuple[int, ...], dict[str, Any]]] = [
    ((1, 8, 9, 3), (16, 3, 3, 3), {"strides": (2, 2), "pads": (0, 0, 1, 1)}),
    ((2, 5, 6, 24), (40, 24, 1, 1), {}),
    ((2, 15, 18, 20), (33, 20, 3, 3), {"pads": (1, 1, 2, 0)}),
    ((1, 9, 9, 18), (18, 1, 3, 3), {"groups": 18, "pads": (1, 1, 1, 1)}),
    ((1, 7, 8, 6), (4, 3, 3, 2), {"groups": 2, "dilations": (2, 1)}),
    ((1, 7, 8, 6), (12, 1, 1, 1), {"groups": 6, "strides": (2, 1)}),
]


@pytest.mark.parametrize("target", HOSTS)
@pytest.mark.parametrize("index", range(len(CONVOLUTIONS)))
@pytest.mark.parametrize("zero", [True, False], ids=["symmetric", "zero-points"])
def test_conv2d(target: str, index: int, zero: bool) -> None:
    rng = np.random.default_rng(index)
    shape, weight_shape, properties = CONVOLUTIONS[index]
    weight = constant(
        _int8(rng, *weight_shape), _weight_type(rng, weight_shape[0], 0, zero)
    )
    bias = constant(rng.integers(-4000, 4000, weight_shape[0], np.int32))

    def body(args: Any) -> list[Any]:
        op = quant.Conv2dOp(
            args[0],
            weight,
            bias if zero else None,
            result_type=RESULT,
            layout="NHWC",
            minimum=-90,
            **properties,
        )
        return [weight, *([bias] if zero else []), op]

    module = make_module([(shape, ACTIVATION)], body)
    check_against_reference(module, target, [_int8(rng, *shape)])


@pytest.mark.parametrize("target", HOSTS)
@pytest.mark.parametrize("groups", [1, 20])
@pytest.mark.parametrize("size", [(6, 5), (13, 16)])
def test_residual(target: str, size: tuple[int, int], groups: int) -> None:
    rng = np.random.default_rng(5)
    weight = constant(_int8(rng, 20, 20 // groups, 3, 3), _weight_type(rng, 20, 0))
    bias = constant(rng.integers(-4000, 4000, 20, np.int32))
    shape = (1, *size, 20)

    def body(args: Any) -> list[Any]:
        op = quant.Conv2dOp(
            args[0],
            weight,
            bias,
            args[1],
            result_type=RESULT,
            layout="NHWC",
            pads=(1, 1, 1, 1),
            groups=groups,
            raw=True,
            minimum=11,
            conv_type=UniformType.per_tensor(0.17, 3),
        )
        return [weight, bias, op]

    other = UniformType.per_tensor(0.09, 31)
    module = make_module([(shape, ACTIVATION), (shape, other)], body)
    inputs = [_int8(rng, *shape), _int8(rng, *shape)]
    check_against_reference(module, target, inputs)


@pytest.mark.parametrize("target", HOSTS)
@pytest.mark.parametrize("shape", [(1, 33), (3, 7, 20)], ids=str)
def test_fully_connected(target: str, shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(6)
    weight = constant(_int8(rng, shape[-1], 10), _weight_type(rng, 10, 1))
    bias = constant(rng.integers(-4000, 4000, 10, np.int32))

    def body(args: Any) -> list[Any]:
        return [weight, bias, quant.MatMulOp(args[0], weight, bias, result_type=RESULT)]

    module = make_module([(shape, ACTIVATION)], body)
    check_against_reference(module, target, [_int8(rng, *shape)])


PRODUCTS = [
    ((2, 3, 5, 17), (2, 3, 17, 9)),
    ((4, 1, 6, 8), (3, 8, 33)),
    ((5, 64), (64, 16)),
    ((2, 5, 64), (64, 3)),
]


@pytest.mark.parametrize("target", HOSTS)
@pytest.mark.parametrize("shapes", PRODUCTS, ids=str)
def test_product_of_activations(target: str, shapes: Any) -> None:
    rng = np.random.default_rng(7)
    other = UniformType.per_tensor(0.01, 19)

    def body(args: Any) -> list[Any]:
        return [quant.MatMulOp(args[0], args[1], result_type=RESULT)]

    module = make_module([(shapes[0], ACTIVATION), (shapes[1], other)], body)
    inputs = [_int8(rng, *shapes[0]), _int8(rng, *shapes[1])]
    check_against_reference(module, target, inputs)
