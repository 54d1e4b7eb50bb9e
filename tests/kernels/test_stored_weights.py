"""Float ops on weights of 8 or 4 bits equal the reference on dcast in every bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.lowering import check_against_reference, constant, make_module
from xdsl.dialects.builtin import ModuleOp, f32, i32, i64

from qcc.codegen.packing import pack_int4, pack_int4_rows
from qcc.codegen.select_kernels import select_kernels
from qcc.codegen.targets import TARGETS
from qcc.codegen.to_channels_last import ToChannelsLastPass
from qcc.compiler.pipeline import make_context
from qcc.dialects import kernel, nn, quant
from qcc.dialects.naming import model_function
from qcc.dialects.quant.types import UniformType
from qcc.passes.shorten_biases import nearest_short
from qcc.passes.weights import short_scale

HOSTS = ["portable", "x86-64-v3", "avx512vnni"]
"""The kernels are portable C: what differs is what the compiler makes of them."""
BITS = [8, 4]

Ops = list[Any]


def _floats(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return (rng.standard_normal(shape) * rng.uniform(0.1, 30)).astype(np.float32)


def _bias(rng: np.random.Generator, count: int, bits: int) -> np.ndarray:
    """Beside int4 weights as `shorten-biases` makes it."""
    values = _floats(rng, count)
    return nearest_short(values) if bits == 4 else values


def _stored(
    rng: np.random.Generator, shape: tuple[int, ...], bits: int, axis: int | None
) -> Ops:
    """A constant of all the values that so many bits hold, and its dcast."""
    low, high = (-8, 7) if bits == 4 else (-128, 127)
    array = rng.integers(low, high + 1, shape, np.int8)
    count = 1 if axis is None else shape[axis]
    scales = short_scale(rng.uniform(0.001, 0.1, count))
    if axis is None:
        kind = UniformType.per_tensor(scales[0], 0, minimum=low, maximum=high)
    else:
        kind = UniformType.per_axis(scales, axis, minimum=low, maximum=high)
    weight = constant(array, kind)
    return [weight, quant.DequantizeCastOp(weight)]


CONVOLUTIONS: list[tuple[tuple[int, ...], tuple[int, ...], dict[str, Any]]] = [
    ((1, 8, 9, 3), (16, 3, 3, 3), {"strides": (2, 2), "pads": (0, 0, 1, 1)}),
    ((2, 5, 7, 24), (40, 24, 1, 1), {}),
    ((1, 9, 9, 18), (18, 1, 3, 3), {"groups": 18, "pads": (1, 1, 1, 1)}),
    ((2, 6, 5, 32), (32, 1, 2, 3), {"groups": 32, "strides": (2, 1)}),
    ((1, 7, 8, 6), (4, 3, 3, 2), {"groups": 2, "dilations": (2, 1)}),
    ((1, 9, 8, 4), (37, 4, 2, 3), {"dilations": (1, 2), "pads": (1, 2, 0, 2)}),
    ((1, 3, 3, 131), (17, 131, 3, 1), {"pads": (1, 0, 1, 0)}),
    ((1, 2, 400, 5), (34, 5, 1, 3), {"strides": (1, 2)}),
    ((1, 6, 6, 60), (60, 20, 2, 2), {"groups": 3}),
]


@pytest.mark.parametrize("target", HOSTS)
@pytest.mark.parametrize("bits", BITS)
@pytest.mark.parametrize("index", range(len(CONVOLUTIONS)))
def test_conv2d(target: str, bits: int, index: int) -> None:
    rng = np.random.default_rng(index)
    shape, weight_shape, properties = CONVOLUTIONS[index]
    weight = _stored(rng, weight_shape, bits, None if index == 1 else 0)
    bias = constant(_bias(rng, weight_shape[0], bits))

    def body(args: Any) -> Ops:
        used = bias if index % 2 else None
        op = nn.Conv2dOp(args[0], weight[-1], used, layout="NHWC", **properties)
        return [*weight, bias, op]

    module = make_module([(shape, f32)], body)
    check_against_reference(module, target, [_floats(rng, *shape)])


@pytest.mark.parametrize("target", HOSTS)
@pytest.mark.parametrize("bits", BITS)
@pytest.mark.parametrize("shape", [(1, 33, 10), (2, 3, 200, 40), (70, 5, 16)], ids=str)
def test_matmul(target: str, bits: int, shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(4)
    *lhs, columns = shape
    weight = _stored(rng, (shape[-2], columns), bits, 1)
    bias = constant(_bias(rng, columns, bits))

    def body(args: Any) -> Ops:
        return [*weight, bias, nn.MatMulOp(args[0], weight[-1], bias)]

    module = make_module([(tuple(lhs), f32)], body)
    check_against_reference(module, target, [_floats(rng, *lhs)])


TRANSPOSED: list[tuple[tuple[int, ...], tuple[int, ...], dict[str, Any]]] = [
    ((1, 5, 6, 4), (4, 3, 3, 3), {"strides": (2, 2), "pads": (1, 1, 1, 1)}),
    (
        (2, 3, 4, 6),
        (6, 2, 4, 2),
        {"groups": 3, "strides": (3, 2), "output_padding": (1, 0)},
    ),
    ((1, 4, 4, 5), (5, 1, 2, 3), {"groups": 5, "dilations": (2, 1)}),
    ((1, 6, 5, 6), (6, 17, 1, 1), {"strides": (1, 2), "groups": 2}),
]


@pytest.mark.parametrize("target", HOSTS)
@pytest.mark.parametrize("bits", BITS)
@pytest.mark.parametrize("index", range(len(TRANSPOSED)))
def test_conv_transpose2d(target: str, bits: int, index: int) -> None:
    rng = np.random.default_rng(index)
    shape, weight_shape, properties = TRANSPOSED[index]
    weight = _stored(rng, weight_shape, bits, 1)
    bias = constant(_bias(rng, weight_shape[1] * properties.get("groups", 1), bits))

    def body(args: Any) -> Ops:
        used = bias if index % 2 else None
        op = nn.ConvTranspose2dOp(
            args[0], weight[-1], used, layout="NHWC", **properties
        )
        return [*weight, bias, op]

    module = make_module([(shape, f32)], body)
    check_against_reference(module, target, [_floats(rng, *shape)])


@pytest.mark.parametrize("bits", BITS)
@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("per_row", [False, True])
@pytest.mark.parametrize("element", [i32, i64], ids=str)
def test_gather(bits: int, axis: int, per_row: bool, element: Any) -> None:
    rng = np.random.default_rng(bits + axis)
    weight = _stored(rng, (9, 11, 5), bits, axis if per_row else None)

    def body(args: Any) -> Ops:
        return [*weight, nn.GatherOp(weight[-1], args[0], axis=axis)]

    module = make_module([((2, 3), element)], body)
    dtype = np.int32 if element == i32 else np.int64
    # Hostile indices are clamped, rows and scales alike.
    indices = np.array([[0, -1, 8], [3, 99, -99]], dtype)
    check_against_reference(module, "portable", [indices])


def _called(module: ModuleOp) -> list[str]:
    module = module.clone()
    ToChannelsLastPass().apply(make_context(), module)
    run = select_kernels(model_function(module), TARGETS["portable"])
    return [op.function.data for op in run.walk() if isinstance(op, kernel.CallOp)]


def test_weights_that_another_op_reads_are_dequantized_once() -> None:
    rng = np.random.default_rng(0)
    weight = _stored(rng, (4, 5), 8, 1)

    def body(args: Any) -> Ops:
        product = nn.MatMulOp(args[0], weight[-1])
        return [*weight, product, nn.AddOp(product, weight[-1])]

    module = make_module([((4, 4), f32)], body)
    assert "qcc_dequantize_channels_s8_f32__portable" in _called(module)
    check_against_reference(module, "portable", [_floats(rng, 4, 4)])


@pytest.mark.parametrize(
    ("axis", "zero_points", "scale"),
    [(0, None, 1.0), (1, [1, 2, 3, 4, 5], 1.0), (1, None, 1.001)],
    ids=["axis", "zeros", "long"],
)
def test_other_types_of_weights(
    axis: int, zero_points: list[int] | None, scale: float
) -> None:
    rng = np.random.default_rng(0)
    shape = (4, 5)
    kind = UniformType.per_axis([scale] * shape[axis], axis, zero_points)
    weight = constant(rng.integers(-128, 128, shape, np.int8), kind)
    dequantize = quant.DequantizeCastOp(weight)

    def body(args: Any) -> Ops:
        return [weight, dequantize, nn.MatMulOp(args[0], dequantize)]

    module = make_module([((4, 4), f32)], body)
    assert not any("s8" in name for name in _called(module)[1:])
    check_against_reference(module, "portable", [_floats(rng, 4, 4)])


def test_convolution_of_weights_with_zero_points() -> None:
    rng = np.random.default_rng(0)
    kind = UniformType.per_tensor(0.1, 3)
    weight = constant(rng.integers(-128, 128, (4, 5, 1, 1), np.int8), kind)
    dequantize = quant.DequantizeCastOp(weight)

    def body(args: Any) -> Ops:
        return [weight, dequantize, nn.Conv2dOp(args[0], dequantize, layout="NHWC")]

    module = make_module([((1, 4, 4, 5), f32)], body)
    check_against_reference(module, "portable", [_floats(rng, 1, 4, 4, 5)])


@pytest.mark.parametrize(("bits", "short"), [(8, True), (4, False)])
def test_either_kind_of_bias_with_either_kind_of_weights(
    bits: int, short: bool
) -> None:
    rng = np.random.default_rng(1)
    weight = _stored(rng, (24, 3, 3, 3), bits, 0)
    values = _floats(rng, 24)
    bias = constant(nearest_short(values) if short else values)

    def body(args: Any) -> Ops:
        op = nn.Conv2dOp(args[0], weight[-1], bias, layout="NHWC", groups=2)
        return [*weight, bias, op]

    module = make_module([((1, 6, 7, 6), f32)], body)
    run = select_kernels(model_function(module), TARGETS["portable"])
    arrays = [op.array() for op in run.walk() if isinstance(op, kernel.ConstantOp)]
    assert (2 * 24 in [a.nbytes for a in arrays]) == short
    assert (4 * 24 in [a.nbytes for a in arrays]) != short
    check_against_reference(module, "portable", [_floats(rng, 1, 6, 7, 6)])


def test_nearest_short() -> None:
    values = np.array([1, 1.00390625, 1.01171875, -3.1415927, 1e-40, 0], np.float32)
    short = nearest_short(values)
    assert not np.any(short.view(np.uint32) & 0xFFFF)
    assert short[:4].tolist() == [1, 1, 1.015625, -3.140625]
    assert np.all(np.abs(short - values) <= np.abs(values) / 256 + 1e-40)


def test_integers_are_stored_and_no_floats() -> None:
    rng = np.random.default_rng(0)
    for bits in BITS:
        weight = _stored(rng, (64, 64, 3, 3), bits, 0)
        module = make_module(
            [((1, 8, 8, 64), f32)],
            lambda args, w=weight: [*w, nn.Conv2dOp(args[0], w[-1], layout="NHWC")],
        )
        run = select_kernels(model_function(module), TARGETS["portable"])
        constants = [
            op.array() for op in run.walk() if isinstance(op, kernel.ConstantOp)
        ]
        assert sum(array.nbytes for array in constants) == 64 * 64 * 9 * bits // 8 + 128
        scratch = [op for op in run.walk() if isinstance(op, kernel.AllocateOp)]
        held = sum(kernel.buffer_type(op.result).byte_count for op in scratch)
        assert held < 4 * 64 * 64 * 9, "less than one float copy of the weights"


def test_pack_int4() -> None:
    runs = np.array([[-8, 7, -1, 0], [1, 2, 3, -4]], np.int8)
    assert pack_int4(runs, 4).tolist() == [0xF8, 0x07, 0x31, 0xC2]
    rows = np.array([[-8, 7, -1], [1, 2, 3]], np.int8)
    assert pack_int4_rows(rows).tolist() == [[0x78, 0x0F], [0x21, 0x03]]
