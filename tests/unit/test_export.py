"""Export to ONNX: every op, names, QDQ; and round trips of real models."""

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import pytest
from model_building import Array, argument, constant, module_of, normal
from xdsl.dialects.builtin import ModuleOp, f32, i1, i8, i32, i64
from xdsl.ir import SSAValue

from qcc.compiler.onnx_export import export_model
from qcc.compiler.onnx_session import OnnxSession
from qcc.dialects import nn, quant
from qcc.dialects.blob import ui8
from qcc.dialects.errors import QccError
from qcc.dialects.naming import set_node_name, set_tensor_name
from qcc.dialects.quant.types import UniformType
from qcc.dialects.reference import interpreter


def run(module: ModuleOp, inputs: dict[str, Array]) -> list[Array]:
    model = export_model(module)
    onnx.checker.check_model(model, full_check=True)
    return OnnxSession(model).run(inputs)


IMAGE = normal(1, 4, 7, 6)
ROW = normal(2, 3, 5)
INDICES = np.array([[0, 3], [2, 1]], np.int64)

OPS: dict[str, tuple[Callable[[SSAValue], Any], Array]] = {
    "conv2d": (
        lambda x: nn.Conv2dOp(
            x,
            constant(6, 2, 3, 2),
            constant(6),
            strides=(2, 1),
            pads=(1, 0, 2, 1),
            dilations=(1, 2),
            groups=2,
        ),
        IMAGE,
    ),
    "conv2d_no_bias": (lambda x: nn.Conv2dOp(x, constant(5, 4, 1, 1)), IMAGE),
    "conv_transpose2d": (
        lambda x: nn.ConvTranspose2dOp(
            x,
            constant(4, 3, 3, 2),
            constant(6),
            strides=(2, 3),
            pads=(1, 0, 0, 1),
            groups=2,
            output_padding=(1, 2),
        ),
        IMAGE,
    ),
    "matmul": (lambda x: nn.MatMulOp(x, constant(5, 4)), ROW),
    "matmul_bias": (lambda x: nn.MatMulOp(x, constant(2, 5, 4), constant(4)), ROW),
    "gemm": (lambda x: nn.MatMulOp(x, constant(6, 4), constant(4)), normal(3, 6)),
    "max_pool2d": (
        lambda x: nn.MaxPool2dOp(
            x, kernel=(3, 2), strides=(2, 1), pads=(1, 0, 1, 1), dilations=(1, 2)
        ),
        IMAGE - 5,
    ),
    "max_pool2d_wide_pads": (
        lambda x: nn.MaxPool2dOp(
            x, kernel=(3, 2), strides=(2, 1), pads=(1, 2, 3, 0), dilations=(2, 3)
        ),
        IMAGE - 5,
    ),
    "avg_pool2d": (
        lambda x: nn.AvgPool2dOp(x, kernel=(3, 2), strides=(2, 2), pads=(1, 0, 1, 1)),
        IMAGE,
    ),
    "avg_pool2d_with_pad": (
        lambda x: nn.AvgPool2dOp(
            x, kernel=(3, 2), pads=(1, 0, 1, 1), count_include_pad=True
        ),
        IMAGE,
    ),
    "clip": (lambda x: nn.ClipOp(x, min=-0.5, max=0.25), ROW),
    "clip_above": (lambda x: nn.ClipOp(x, max=0.25), ROW),
    "leaky_relu": (lambda x: nn.LeakyReluOp(x, alpha=0.2), ROW),
    "elu": (lambda x: nn.EluOp(x, alpha=0.7), ROW),
    "hard_sigmoid": (lambda x: nn.HardSigmoidOp(x, alpha=0.3, beta=0.4), ROW),
    "gelu": (nn.GeluOp, ROW),
    "gelu_tanh": (lambda x: nn.GeluOp(x, approximate="tanh"), ROW),
    "sqrt": (nn.SqrtOp, abs(ROW)),
    "log": (nn.LogOp, abs(ROW)),
    "pow": (lambda x: nn.PowOp(x, constant(5)), abs(ROW)),
    "prelu": (lambda x: nn.PReluOp(x, constant(3, 1)), ROW),
    "equal": (
        lambda x: nn.EqualOp(x, nn.ConstantOp(np.array([2, 1], np.int64))),
        INDICES,
    ),
    "where": (
        lambda x: nn.WhereOp(
            nn.EqualOp(x, nn.ConstantOp(np.array(1, np.int64))),
            constant(2, 1),
            constant(2, 2, seed=3),
        ),
        INDICES,
    ),
    "softmax": (lambda x: nn.SoftmaxOp(x, axis=1), ROW),
    "layer_norm": (
        lambda x: nn.LayerNormOp(
            x, constant(3, 5), constant(3, 5), axis=1, epsilon=1e-3
        ),
        ROW,
    ),
    "layer_norm_bare": (lambda x: nn.LayerNormOp(x, axis=2, epsilon=1e-5), ROW),
    "batch_norm": (
        lambda x: nn.BatchNormOp(
            x,
            constant(4),
            constant(4),
            constant(4),
            nn.ConstantOp(abs(normal(4)) + 1),
            epsilon=1e-3,
        ),
        IMAGE,
    ),
    "reshape": (lambda x: nn.ReshapeOp(x, (5, 6)), ROW),
    "transpose": (lambda x: nn.TransposeOp(x, permutation=(2, 0, 1)), ROW),
    "concat": (lambda x: nn.ConcatOp([x, constant(2, 1, 5), x], axis=1), ROW),
    "slice": (
        lambda x: nn.SliceOp(x, starts=(0, 2, 4), sizes=(2, 3, 2), steps=(1, -1, -3)),
        ROW,
    ),
    "slice_forward": (
        lambda x: nn.SliceOp(x, starts=(1, 0, 1), sizes=(1, 2, 2), steps=(1, 2, 2)),
        ROW,
    ),
    "gather": (
        lambda x: nn.GatherOp(x, nn.ConstantOp(np.array([[4, -5], [0, 1]])), axis=2),
        ROW,
    ),
    "pad": (
        lambda x: nn.PadOp(x, before=(0, 1, 2), after=(1, 0, 1), value=-1.5),
        ROW,
    ),
    "pad_reflect": (
        lambda x: nn.PadOp(x, before=(0, 1, 2), after=(1, 0, 1), mode="reflect"),
        ROW,
    ),
    "resize_nearest": (
        lambda x: nn.ResizeOp(x, sizes=(14, 9), scales=(2.0, 1.5)),
        IMAGE,
    ),
    "resize_linear": (
        lambda x: nn.ResizeOp(
            x,
            sizes=(15, 4),
            scales=(2.2, 0.7),
            mode="linear",
            coordinates="asymmetric",
        ),
        IMAGE,
    ),
    "resize_aligned": (
        lambda x: nn.ResizeOp(
            x,
            sizes=(13, 11),
            scales=(13 / 7, 11 / 6),
            mode="linear",
            coordinates="align_corners",
        ),
        IMAGE,
    ),
    "expand": (lambda x: nn.ExpandOp(x, (4, 2, 3, 5)), ROW),
    "cast": (lambda x: nn.CastOp(x, f32), INDICES),
    "cast_to_bool": (lambda x: nn.CastOp(x, i1), INDICES),
    "one_hot": (
        lambda x: nn.OneHotOp(x, depth=3, axis=1, on=2.0, off=-1.0),
        INDICES,
    ),
    "one_hot_i32": (
        lambda x: nn.OneHotOp(x, depth=3, axis=2, element_type=i64),
        INDICES.astype(np.int32),
    ),
    "one_hot_i8": (lambda x: nn.OneHotOp(x, depth=4, axis=0, element_type=i8), INDICES),
    "arg_max": (lambda x: nn.ArgMaxOp(x, axis=1), ROW),
    "arg_max_last": (
        lambda x: nn.ArgMaxOp(x, axis=1, select_last_index=True),
        np.round(ROW),
    ),
}
for kind in ("Mean", "Sum", "Max", "Min", "Prod", "SumSquare"):
    cls = getattr(nn, f"Reduce{kind}Op")
    OPS[f"reduce_{kind}"] = (lambda x, cls=cls: cls(x, axes=(0, 2)), ROW)
    OPS[f"reduce_{kind}_nothing"] = (lambda x, cls=cls: cls(x, axes=()), ROW)
for (
    kind
) in "Relu Sigmoid HardSwish Silu Softplus Tanh Erf Exp Reciprocal Neg Abs".split():
    OPS[kind] = (getattr(nn, f"{kind}Op"), ROW)
for kind in "Add Sub Mul Div Min Max".split():
    cls = getattr(nn, f"{kind}Op")
    OPS[kind] = (lambda x, cls=cls: cls(x, constant(2, 1, 1)), ROW)
OPS["MulIntegers"] = (lambda x: nn.MulOp(x, x), INDICES)


@pytest.mark.parametrize("name", OPS)
def test_every_op_means_in_onnx_what_the_reference_says(name: str):
    build, x = OPS[name]
    module = module_of(lambda x: [build(x).results[0]], {"x": x})
    (expected,) = interpreter.run(next(iter(module.ops)), [x])
    (actual,) = run(module, {"x": x})
    assert actual.dtype == expected.dtype
    assert actual.shape == expected.shape
    np.testing.assert_allclose(actual, expected, rtol=2e-5, atol=2e-6)


def test_every_nn_op_has_a_case_here():
    classes = {type(build(argument(x)).results[0].owner) for build, x in OPS.values()}
    assert set(nn.NN.operations) - classes == {nn.ConstantOp}


def test_tensor_and_node_names_are_kept_and_unique():
    def build(x: SSAValue):
        first, second, third = nn.ReluOp(x), None, None
        set_tensor_name(first, "hidden")
        set_node_name(first, "relu_1")
        second = nn.SiluOp(first)
        set_tensor_name(second, "hidden")
        set_node_name(second, "relu_1")
        third = nn.AddOp(second, first)
        set_tensor_name(third, "x")
        return [third.result]

    model = export_model(module_of(build, {"x": ROW}), extra_outputs=["hidden", "y"])
    onnx.checker.check_model(model, full_check=True)
    assert [node.output[0] for node in model.graph.node[:1]] == ["hidden"]
    assert model.graph.node[0].name == "relu_1"
    assert len({node.name for node in model.graph.node}) == len(model.graph.node)
    assert [output.name for output in model.graph.output] == ["y", "hidden"]
    hidden = OnnxSession(model).run({"x": ROW})[1]
    np.testing.assert_array_equal(hidden, np.maximum(ROW, 0))


def test_outputs_that_are_inputs_constants_or_twice_the_same():
    def build(x: SSAValue):
        relu = nn.ReluOp(x).result
        return [x, constant(3).result, relu, relu]

    module = module_of(build, {"x": ROW}, ["a", "b", "c", "d"])
    a, b, c, d = run(module, {"x": ROW})
    np.testing.assert_array_equal(a, ROW)
    np.testing.assert_array_equal(b, normal(3, seed=1))
    np.testing.assert_array_equal(c, np.maximum(ROW, 0))
    np.testing.assert_array_equal(c, d)


def test_export_is_deterministic():
    def model() -> bytes:
        module = module_of(lambda x: [nn.SiluOp(nn.ReluOp(x)).result], {"x": ROW})
        return export_model(module).SerializeToString(deterministic=True)

    assert model() == model()


def test_unknown_extra_output():
    module = module_of(lambda x: [nn.ReluOp(x).result], {"x": ROW})
    with pytest.raises(QccError, match="no tensor 'z'"):
        export_model(module, extra_outputs=["z"])


def test_channels_last_is_refused():
    def build(x: SSAValue):
        return [nn.MaxPool2dOp(x, kernel=(2, 2), layout="NHWC").result]

    with pytest.raises(QccError, match="NHWC"):
        export_model(module_of(build, {"x": IMAGE}))


def test_integer_ops_have_no_onnx_form():
    kind = UniformType.per_tensor(0.5)

    def build(x: SSAValue):
        q = quant.QuantizeCastOp(x, kind)
        clamped = quant.ClampOp(q, minimum=0, maximum=5)
        return [quant.DequantizeCastOp(clamped).result]

    with pytest.raises(QccError, match=r"quant\.clamp has no ONNX form"):
        export_model(module_of(build, {"x": ROW}))


ACTIVATION = UniformType.per_tensor(0.05, -3)
NARROW = UniformType.per_tensor(0.05, 4, minimum=-20, maximum=31)


@pytest.mark.parametrize("kind", [ACTIVATION, NARROW])
def test_casts_are_quantize_and_dequantize_linear(kind: UniformType):
    def build(x: SSAValue):
        return [quant.DequantizeCastOp(quant.QuantizeCastOp(x, kind)).result]

    x = np.concatenate([normal(100) * 4, [0.025, 0.075, -0.025]]).astype(np.float32)
    (actual,) = run(module_of(build, {"x": x}), {"x": x})
    scale, zero_point = np.float32(kind.scale), kind.zero_point
    stored = np.clip(np.rint(x / scale) + zero_point, kind.minimum, kind.maximum)
    expected = (stored - zero_point).astype(np.float32) * scale
    np.testing.assert_array_equal(actual, expected)


@pytest.mark.parametrize("limits", [(-128, 127), (-50, 60)])
def test_requantize_is_dequantize_and_quantize_linear(limits: tuple[int, int]):
    kinds = [UniformType.per_tensor(0.25, -3), UniformType.per_tensor(0.5, 7)]

    def build(x: SSAValue):
        narrow = quant.QuantizeCastOp(x, kinds[0]).result
        low, high = limits
        wide = quant.RequantizeOp(narrow, kinds[1], minimum=low, maximum=high)
        return [quant.DequantizeCastOp(wide.result).result]

    x = normal(500) * 20
    module = module_of(build, {"x": x})
    # When it optimizes, onnxruntime takes two pairs of casts for one.
    session = OnnxSession(export_model(module), optimize=False)
    (actual,) = session.run({"x": x})
    np.testing.assert_array_equal(actual, interpreter.run(module, [x])[0])


def test_qdq_convolution_stores_its_constants_as_integers():
    weight = UniformType.per_axis((0.01, 0.02, 0.03), 0, minimum=-127, maximum=127)
    bias = UniformType.per_axis(
        [0.05 * scale for scale in weight.scales], 0, storage=i32
    )

    def cast(value: SSAValue | Any, kind: UniformType):
        return quant.DequantizeCastOp(quant.QuantizeCastOp(value, kind))

    def build(x: SSAValue):
        conv = nn.Conv2dOp(
            cast(x, ACTIVATION),
            cast(constant(3, 4, 3, 3), weight),
            cast(constant(3), bias),
        )
        return [cast(conv, ACTIVATION).result]

    module = module_of(build, {"x": IMAGE})
    model = export_model(module)
    kinds = {onnx.helper.tensor_dtype_to_np_dtype(i.data_type) for i in _big(model)}
    assert kinds == {np.dtype(np.int8), np.dtype(np.int32)}
    (expected,) = interpreter.run(next(iter(module.ops)), [IMAGE])
    (actual,) = run(module, {"x": IMAGE})
    np.testing.assert_allclose(actual, expected, atol=0.051)
    assert np.mean(actual != expected) < 0.05


def _big(model: onnx.ModelProto) -> list[onnx.TensorProto]:
    parameters = {
        name
        for node in model.graph.node
        if node.op_type in ("QuantizeLinear", "DequantizeLinear")
        for name in node.input[1:]
    }
    return [x for x in model.graph.initializer if x.name not in parameters]


def test_movement_of_quantized_elements():
    def build(x: SSAValue):
        q = quant.QuantizeCastOp(x, ACTIVATION)
        q = nn.PadOp(q, before=(0, 0, 1, 0), after=(0, 0, 0, 1), value=0.5)
        q = nn.MaxPool2dOp(q, kernel=(2, 2))
        return [quant.DequantizeCastOp(q).result]

    (actual,) = run(module_of(build, {"x": IMAGE}), {"x": IMAGE})
    scale = np.float32(0.05)
    real = np.clip(np.rint(IMAGE / scale), -125, 130).astype(np.float32) * scale
    real = np.pad(real, ((0, 0), (0, 0), (1, 0), (0, 1)), constant_values=10 * scale)
    windows = np.lib.stride_tricks.sliding_window_view(real, (2, 2), (2, 3))
    np.testing.assert_array_equal(actual, windows.max((-2, -1)))


def test_unsigned_storage():
    def build(x: SSAValue):
        q = quant.StorageCastOp(x, ACTIVATION)
        stored = quant.StorageCastOp(q, ui8)
        same = quant.StorageCastOp(q, i8)
        return [quant.DequantizeCastOp(q).result, stored.result, same.result]

    x = np.arange(256, dtype=np.uint8)
    real, stored, same = run(module_of(build, {"x": x}, ["r", "s", "t"]), {"x": x})
    np.testing.assert_array_equal(stored, x)
    np.testing.assert_array_equal(same, (x.astype(int) - 128).astype(np.int8))
    np.testing.assert_array_equal(
        real, (x.astype(np.float32) - 128 + 3) * np.float32(0.05)
    )


def test_dynamic_and_integer_ops_of_onnx():
    def build(x: SSAValue):
        q = quant.DynamicQuantizeOp(x)
        weight = nn.ConstantOp(np.arange(-12, 12, dtype=np.int8).reshape(2, 4, 1, 3))
        zero = nn.ConstantOp(np.array(2, np.int8))
        conv = quant.Conv2dIntegerOp(
            q.result, weight, q.zero_point, zero, pads=(0, 1, 0, 1)
        )
        matrix = nn.ConstantOp(np.arange(-9, 9, dtype=np.int8).reshape(6, 3))
        product = quant.MatMulIntegerOp(q.result, matrix, q.zero_point)
        return [q.result, q.scale, q.zero_point, conv.result, product.result]

    module = module_of(build, {"x": IMAGE}, ["q", "s", "z", "c", "m"])
    q, scale, zero_point, conv, product = run(module, {"x": IMAGE})
    lo, hi = min(0, IMAGE.min()), max(0, IMAGE.max())
    assert scale == np.float32((hi - lo) / np.float32(255))
    centered = q.astype(int) - int(zero_point)
    np.testing.assert_array_equal(product, centered @ np.arange(-9, 9).reshape(6, 3))
    padded = np.pad(centered, ((0, 0), (0, 0), (0, 0), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, 3, 3)
    weights = np.arange(-12, 12).reshape(2, 4, 3) - 2
    expected = np.einsum("nchwk,ock->nohw", windows, weights)
    np.testing.assert_array_equal(conv, expected)
