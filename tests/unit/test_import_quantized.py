"""Models that are quantized already keep their integers."""

from __future__ import annotations

import numpy as np
import pytest
from imported_models import assert_same_as_onnxruntime, graph, op_names
from xdsl.dialects.builtin import i32
from xdsl.ir import Operation

from qcc.compiler.onnx_import import import_model
from qcc.dialects import nn, quant
from qcc.dialects.errors import QccError
from qcc.dialects.naming import model_function, tensor_name
from qcc.dialects.quant import UniformType
from qcc.dialects.reference.interpreter import run
from qcc.dialects.types import Array, element_type_of


def _scalar(value: float) -> Array:
    return np.asarray(value, np.float32)


def _ops(text: str, constants: dict[str, Array]) -> list[Operation]:
    function = model_function(import_model(graph(text, constants)))
    return list(function.body.block.ops)


ROUND_TRIP = """
g (float[4] x) => (float[4] y) {
    q = QuantizeLinear(x, s, z)
    y = DequantizeLinear(q, s, z)
}
"""


@pytest.mark.parametrize(
    ("zero", "expected"), [(np.uint8(131), 3), (np.int8(-5), -5), (None, -128)]
)
def test_zero_points_of_uint8_are_shifted(
    zero: np.integer | None, expected: int
) -> None:
    constants: dict[str, Array] = {"s": _scalar(0.5)}
    text = ROUND_TRIP
    if zero is None:
        text = text.replace(", z)", ")")
    else:
        constants["z"] = np.asarray(zero)
    ops = _ops(text, constants)
    assert [op.name for op in ops[:2]] == ["quant.qcast", "quant.dcast"]
    assert tensor_name(ops[0].results[0]) == "q"
    kind = element_type_of(ops[0].results[0])
    assert kind == UniformType.per_tensor(0.5, expected)
    values = np.asarray([-1000, -0.3, 0.3, 1000], np.float32)
    assert_same_as_onnxruntime(graph(text, constants), [values])


def test_weights_keep_their_integers() -> None:
    text = """
    g (float[1, 2, 4, 4] x) => (float[1, 3, 2, 2] y) {
        wd = DequantizeLinear<axis = 0>(w, ws, wz)
        bd = DequantizeLinear<axis = 0>(b, bs)
        y = Conv(x, wd, bd)
    }
    """
    rng = np.random.default_rng(0)
    weight = rng.integers(0, 256, (3, 2, 3, 3)).astype(np.uint8)
    constants: dict[str, Array] = {
        "w": weight,
        "ws": np.asarray([0.1, 0.2, 0.3], np.float32),
        "wz": np.asarray([100, 128, 130], np.uint8),
        "b": np.asarray([1, -2, 100000], np.int32),
        "bs": np.asarray([0.01, 0.02, 0.03], np.float32),
    }
    ops = _ops(text, constants)
    stored = {tensor_name(op.result): op for op in ops if isinstance(op, nn.ConstantOp)}
    np.testing.assert_array_equal(stored["w"].array(), weight.astype(np.int16) - 128)
    kind = element_type_of(stored["w"].result)
    assert isinstance(kind, UniformType)
    assert (kind.axis, kind.zero_points) == (0, (-28, 0, 2))
    bias = element_type_of(stored["b"].result)
    assert isinstance(bias, UniformType)
    assert bias.storage == i32
    image = rng.normal(size=(1, 2, 4, 4)).astype(np.float32)
    assert_same_as_onnxruntime(graph(text, constants), [image], 1e-4)


def test_quantized_weights_of_a_transposed_gemm() -> None:
    text = """
    g (float[1, 4] x) => (float[1, 3] y) {
        wd = DequantizeLinear<axis = 0>(w, ws)
        y = Gemm<transB = 1>(x, wd)
    }
    """
    constants: dict[str, Array] = {
        "w": np.arange(12, dtype=np.int8).reshape(3, 4),
        "ws": np.asarray([0.1, 0.2, 0.3], np.float32),
    }
    ops = _ops(text, constants)
    constant = next(op for op in ops if isinstance(op, nn.ConstantOp))
    kind = element_type_of(constant.result)
    assert isinstance(kind, UniformType)
    assert kind.axis == 1
    assert constant.array().shape == (4, 3)
    assert_same_as_onnxruntime(graph(text, constants), [np.ones((1, 4), np.float32)])


def test_quantized_constant_is_folded_to_integers() -> None:
    text = """
    g (float[4] x) => (float[4] y) {
        q = QuantizeLinear(w, s, z)
        d = DequantizeLinear(q, s, z)
        y = Mul(x, d)
    }
    """
    constants: dict[str, Array] = {
        "w": np.asarray([0.1, 0.2, -0.3, 9], np.float32),
        "s": _scalar(0.05),
        "z": np.asarray(0, np.int8),
    }
    ops = _ops(text, constants)
    constant = next(op for op in ops if isinstance(op, nn.ConstantOp))
    assert constant.array().tolist() == [2, 4, -6, 127]
    assert op_names(graph(text, constants)) == ["quant.dcast", "nn.mul"]


@pytest.mark.parametrize(("kind", "dtype"), [("uint8", np.uint8), ("int8", np.int8)])
def test_integer_inputs_and_outputs(kind: str, dtype: type[np.integer]) -> None:
    text = f"""
    g ({kind}[4] x) => ({kind}[4] y) {{
        d = DequantizeLinear(x, s, z)
        r = Relu(d)
        y = QuantizeLinear(r, s2, z)
    }}
    """
    constants: dict[str, Array] = {
        "s": _scalar(0.5),
        "s2": _scalar(0.25),
        "z": np.asarray(100, dtype),
    }
    names = op_names(graph(text, constants))
    casts = ["quant.scast", "quant.dcast", "nn.relu", "quant.qcast", "quant.scast"]
    assert names == casts
    values = np.asarray([0, 50, 101, 127]).astype(dtype)
    assert_same_as_onnxruntime(graph(text, constants), [values])


def test_data_movement_of_integers() -> None:
    text = """
    g (float[1, 2, 4, 4] x) => (float[2, 5, 2] y)
    <int64[2] shape = {2, 4}, int64[4] pads = {0, 1, 0, 0}> {
        q = QuantizeLinear(x, s, z)
        m = MaxPool<kernel_shape = [2, 2], strides = [2, 2]>(q)
        r = Reshape(m, shape)
        p = Pad(r, pads, z)
        t = Unsqueeze(p, axes)
        c = Concat<axis = 2>(t, t)
        y = DequantizeLinear(c, s, z)
    }
    """
    constants: dict[str, Array] = {
        "s": _scalar(0.1),
        "z": np.asarray(140, np.uint8),
        "axes": np.asarray([2], np.int64),
    }
    assert "quant.scast" not in op_names(graph(text, constants))
    image = np.random.default_rng(0).normal(size=(1, 2, 4, 4)).astype(np.float32)
    assert_same_as_onnxruntime(graph(text, constants), [image])


def test_integers_read_with_another_scale_keep_their_bits() -> None:
    text = """
    g (float[4] x) => (float[4] y) {
        q = QuantizeLinear(x, s, z)
        y = DequantizeLinear(q, s2, z2)
    }
    """
    constants: dict[str, Array] = {
        "s": _scalar(0.1),
        "s2": _scalar(0.7),
        "z": np.asarray(140, np.uint8),
        "z2": np.asarray(3, np.uint8),
    }
    values = np.asarray([-1, 0, 1, 2], np.float32)
    assert_same_as_onnxruntime(graph(text, constants), [values])


def test_qlinear_convolution() -> None:
    text = """
    g (uint8[1, 2, 5, 5] x) => (uint8[1, 3, 3, 3] y) {
        y = QLinearConv(x, xs, xz, w, ws, wz, ys, yz, b)
    }
    """
    rng = np.random.default_rng(0)
    constants: dict[str, Array] = {
        "xs": _scalar(0.02),
        "xz": np.asarray(120, np.uint8),
        "w": rng.integers(-127, 128, (3, 2, 3, 3)).astype(np.int8),
        "ws": np.asarray([0.01, 0.02, 0.03], np.float32),
        "wz": np.zeros(3, np.int8),
        "ys": _scalar(0.1),
        "yz": np.asarray(130, np.uint8),
        "b": np.asarray([100, -200, 300], np.int32),
    }
    names = op_names(graph(text, constants))
    assert "nn.conv2d" in names
    assert names[-2:] == ["quant.qcast", "quant.scast"]
    image = rng.integers(0, 256, (1, 2, 5, 5)).astype(np.uint8)
    assert_same_as_onnxruntime(graph(text, constants), [image])


def test_integer_products() -> None:
    text = """
    g (float[2, 4] x) => (float[2, 3] y) {
        q, s, z = DynamicQuantizeLinear(x)
        p = MatMulInteger(q, w, z, wz)
        f = Cast<to = 1>(p)
        y = Mul(f, s)
    }
    """
    constants: dict[str, Array] = {
        "w": np.arange(12, dtype=np.int8).reshape(4, 3),
        "wz": np.asarray(2, np.int8),
    }
    ops = _ops(text, constants)
    assert any(isinstance(op, quant.DynamicQuantizeOp) for op in ops)
    values = np.random.default_rng(0).normal(size=(2, 4)).astype(np.float32)
    assert_same_as_onnxruntime(graph(text, constants), [values])


@pytest.mark.parametrize(
    ("constants", "why"),
    [
        ({"s": np.float32(0.1), "z": np.int16(0)}, "int16"),
        ({"s": np.float32(0), "z": np.int8(0)}, "not positive and finite"),
        ({"s": np.float32(np.nan), "z": np.int8(0)}, "not positive and finite"),
        ({"s": np.ones(3, np.float32), "z": np.zeros(3, np.int8)}, "3 scales"),
    ],
)
def test_what_is_not_supported(constants: dict[str, Array], why: str) -> None:
    arrays = {name: np.asarray(value) for name, value in constants.items()}
    text = ROUND_TRIP.replace("QuantizeLinear(x", "QuantizeLinear<axis = 0>(x", 1)
    with pytest.raises(QccError) as failure:
        import_model(graph(text, arrays, opset=21))
    assert why in str(failure.value.why)
    assert failure.value.op == "QuantizeLinear"
    assert failure.value.tensor == "q"


def test_blocks_are_not_supported() -> None:
    text = """
    g (float[4, 4] x) => (float[4, 4] y) {
        d = DequantizeLinear<axis = 0, block_size = 2>(w, s)
        y = Mul(x, d)
    }
    """
    constants: dict[str, Array] = {
        "w": np.ones((4, 4), np.int8),
        "s": np.ones((2, 4), np.float32),
    }
    with pytest.raises(QccError) as failure:
        import_model(graph(text, constants, opset=21))
    assert "in blocks" in str(failure.value.why)


def test_scales_at_run_time_are_not_supported() -> None:
    text = "g (float[4] x, float s) => (uint8[4] y) { y = QuantizeLinear(x, s) }"
    with pytest.raises(QccError) as failure:
        import_model(graph(text))
    assert "scale (s) is computed at run time" in str(failure.value.why)


def test_interpreter_saturates() -> None:
    constants: dict[str, Array] = {"s": _scalar(1), "z": np.asarray(0, np.int8)}
    module = import_model(graph(ROUND_TRIP, constants))
    values = np.asarray([-1e9, 1e9, 0.5, 1.5], np.float32)
    assert run(module, [values])[0].tolist() == [-128, 127, 0, 2]
