"""Models trained with quantization elsewhere become fully int8."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from qcc.compiler.onnx_import import import_model
from qcc.compiler.pipeline import PipelineOptions, build_pipeline, run_pipeline
from qcc.dialects import quant
from qcc.dialects.errors import QccError
from qcc.dialects.reference.interpreter import run

Array = NDArray[Any]


class Exporter:
    """An ONNX graph of one input `x`, 1x3x8x8, made as exporters of frameworks do."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[TensorProto] = []
        self.random = np.random.default_rng(5)

    def constant(self, data: Any, dtype: Any = np.float32) -> str:
        """An initializer."""
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(data, dtype), name))
        return name

    def add(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """A node; returns its output."""
        output = f"{kind.lower()}_{len(self.nodes)}"
        node = helper.make_node(kind, list(inputs), [output], output, **attributes)
        self.nodes.append(node)
        return output

    def cast(
        self,
        x: str,
        low: float,
        high: float,
        dtype: Any = np.int8,
        bounds: tuple[int, int] | None = None,
    ) -> str:
        """QuantizeLinear, Clip where the integers are `bounds`, DequantizeLinear."""
        info = np.iinfo(dtype)
        least, greatest = bounds or (int(info.min), int(info.max))
        scale = np.float32((high - low) / (greatest - least))
        zero = round(least - low / float(scale))
        parameters = [self.constant(scale), self.constant(zero, dtype)]
        stored = self.add("QuantizeLinear", x, *parameters)
        if bounds is not None:
            limits = [self.constant(bound, dtype) for bound in bounds]
            stored = self.add("Clip", stored, *limits)
        return self.add("DequantizeLinear", stored, *parameters)

    def weights(self, shape: tuple[int, ...], style: str = "int8") -> str:
        """Weights as `int8`, or as `float`s rounded in the graph, `clip`ped, ..."""
        reals = self.random.normal(0, 0.3, shape).astype(np.float32)
        scales = np.abs(reals).reshape(len(reals), -1).max(1) / 127
        if style == "per_tensor":
            parameters = [self.constant(scales.max()), self.constant(0, np.int8)]
            axis = {}
        else:
            zeros = self.constant(np.zeros(len(reals)), np.int8)
            parameters, axis = [self.constant(scales), zeros], {"axis": 0}
        if style == "int8":
            steps = reals / scales.reshape(-1, *[1] * (len(shape) - 1))
            stored = self.constant(np.clip(np.rint(steps), -127, 127), np.int8)
        else:
            source = self.constant(reals)
            stored = self.add("QuantizeLinear", source, *parameters, **axis)
        if style == "clip":
            limits = self.constant(-127, np.int8), self.constant(127, np.int8)
            stored = self.add("Clip", stored, *limits)
        return self.add("DequantizeLinear", stored, *parameters, **axis)

    def conv(self, x: str, outputs: int, inputs: int, style: str = "int8") -> str:
        """A 3x3 convolution without bias."""
        weights = self.weights((outputs, inputs, 3, 3), style)
        return self.add("Conv", x, weights, kernel_shape=[3, 3], pads=[1, 1, 1, 1])

    def batch_norm(self, x: str, channels: int) -> str:
        """BatchNormalization; every other factor is negative."""
        draw = self.random.uniform
        factors = draw(0.5, 1.5, channels) * np.resize([1, -1], channels)
        offsets = [draw(-0.5, 0.5, channels) for _ in range(2)]
        values = [factors, *offsets, draw(0.5, 2, channels)]
        return self.add("BatchNormalization", x, *map(self.constant, values))

    def head(self, x: str, inputs: int) -> str:
        """Five rounded logits."""
        bias = self.constant(self.random.normal(0, 0.1, 5))
        y = self.add("Gemm", x, self.weights((5, inputs)), bias, transB=1)
        return self.cast(y, -4, 4)

    def body(self, dtype: Any = np.int8, style: str = "int8", **cast: Any) -> str:
        """Eight channels after a convolution and ReLU, rounded."""
        x = self.cast("x", -3, 3, dtype, **cast)
        y = self.add("Relu", self.conv(x, 8, 3, style))
        return self.cast(y, 0, 6, dtype, **cast)

    def model(self, output: str) -> onnx.ModelProto:
        """The model, of opset 21."""
        ports = [
            helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 8, 8]),
            helper.make_tensor_value_info(output, TensorProto.FLOAT, None),
        ]
        graph = helper.make_graph(
            self.nodes, "g", ports[:1], ports[1:], initializer=self.constants
        )
        opsets = [helper.make_opsetid("", 21)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=10)


Build = Callable[[Exporter], str]


def pooled(e: Exporter, y: str) -> str:
    """Global average pooling and a flatten."""
    return e.add("Flatten", e.add("GlobalAveragePool", y))


def classifier(**options: Any) -> Build:
    """Convolution, pooling, linear layer; every tensor rounded but the pooled one."""

    def build(e: Exporter) -> str:
        y = pooled(e, e.body(**options))
        options.pop("style", None)
        return e.head(e.cast(y, 0, 3, **options), 8)

    return build


def batch_norm(e: Exporter) -> str:
    y = e.add("Relu", e.batch_norm(e.conv(e.cast("x", -3, 3), 8, 3), 8))
    return e.cast(y, 0, 6)


def scaled_batch_norm(e: Exporter) -> str:
    """What PyTorch exports for ConvBn2d in evaluation mode."""
    y = e.conv(e.cast("x", -3, 3), 8, 3)
    y = e.add("Div", y, e.constant(e.random.uniform(0.2, 3, (1, 8, 1, 1))))
    return e.cast(e.add("Relu", e.batch_norm(y, 8)), 0, 6)


def mul_and_add(e: Exporter) -> str:
    """BatchNorm as tf2onnx leaves it, ReLU6."""
    y = e.conv(e.cast("x", -3, 3), 8, 3)
    y = e.add("Mul", y, e.constant(e.random.uniform(0.2, 3, (1, 8, 1, 1))))
    y = e.add("Add", y, e.constant(e.random.normal(0, 1, (1, 8, 1, 1))))
    return e.cast(e.add("Clip", y, e.constant(0), e.constant(6)), 0, 6)


def product_and_bias(e: Exporter) -> str:
    """MatMul with transposed weights, Add of an int32 bias."""
    x = e.add("Flatten", e.cast("x", -3, 3))
    weights = e.add("Transpose", e.weights((5, 192), "per_tensor"), perm=[1, 0])
    bias = [e.constant([1, -2, 300, 4, 5], np.int32), e.constant(1e-4)]
    y = e.add("MatMul", x, weights)
    y = e.add("Add", y, e.add("DequantizeLinear", *bias))
    return e.cast(e.add("Relu", y), 0, 6)


def int8_bias(e: Exporter) -> str:
    bias = e.cast(e.constant(e.random.normal(0, 0.4, 8)), -1, 1)
    x, weights = e.cast("x", -3, 3), e.weights((8, 3, 3, 3))
    y = e.add("Conv", x, weights, bias, kernel_shape=[3, 3], pads=[1] * 4)
    return e.cast(y, -6, 6)


def pool_resize_pad(e: Exporter) -> str:
    """Data movement between a layer and its cast."""
    y = e.add("Relu", e.conv(e.cast("x", -3, 3), 8, 3))
    y = e.add("MaxPool", y, kernel_shape=[2, 2], strides=[2, 2])
    y = e.add("Resize", y, "", e.constant([1, 1, 2, 2]), mode="nearest")
    y = e.add("Pad", y, e.constant([0, 0, 1, 1, 0, 0, 1, 1], np.int64))
    return e.cast(e.conv(e.cast(y, 0, 6), 4, 8), -6, 6)


def rounded_concat(e: Exporter) -> str:
    x = e.cast("x", -3, 3)
    y = e.add("Concat", x, e.add("Relu", e.conv(x, 8, 3)), axis=1)
    return e.cast(e.conv(e.cast(y, -3, 6), 4, 11), -6, 6)


def unrounded_mean(e: Exporter) -> str:
    axes = e.constant([2, 3], np.int64)
    return e.head(e.add("ReduceMean", e.body(), axes, keepdims=0), 8)


def unrounded_concat(e: Exporter) -> str:
    y = e.add("Concat", e.cast("x", -3, 3), e.body(), axis=1)
    return e.cast(e.conv(y, 4, 11), -6, 6)


def unrounded_add(e: Exporter) -> str:
    y = e.body()
    y = e.add("Add", e.cast(e.conv(y, 8, 8), -6, 6), y)
    return e.cast(e.conv(y, 4, 8), -6, 6)


def unrounded_summand(e: Exporter) -> str:
    """Casts at the inputs of layers only, around a residual connection."""
    y = e.body()
    y = e.add("Relu", e.add("Add", e.conv(y, 8, 8), y))
    return e.cast(e.conv(e.cast(y, 0, 8), 4, 8), -6, 6)


def three_summands(e: Exporter) -> str:
    y = e.body()
    z = e.add("Add", e.cast(e.conv(y, 8, 8), -6, 6), y)
    z = e.add("Add", z, e.cast(e.conv(y, 8, 8), -6, 6))
    return e.cast(e.add("Relu", z), 0, 9)


def hard_swish(e: Exporter) -> str:
    y = e.cast(e.conv(e.cast("x", -3, 3), 8, 3), -6, 6)
    gate = e.add("HardSigmoid", y, alpha=1 / 6, beta=0.5)
    return e.cast(e.conv(e.add("Mul", y, gate), 4, 8), -6, 6)


def unrounded_gate(e: Exporter) -> str:
    y = e.body()
    gate = e.add("Sigmoid", e.cast(e.conv(y, 8, 8), -6, 6))
    return e.cast(e.conv(e.add("Mul", y, gate), 4, 8), -6, 6)


def final_softmax(e: Exporter) -> str:
    return e.add("Softmax", classifier()(e), axis=1)


EXACT: dict[str, Build] = {
    "int8 weights": classifier(),
    "weights rounded in the graph": classifier(style="float"),
    "weights clipped to a narrow range": classifier(style="clip"),
    "weights per tensor": classifier(style="per_tensor"),
    "uint8": classifier(dtype=np.uint8),
    "reduced range": classifier(dtype=np.uint8, bounds=(0, 127)),
    "BatchNorm": batch_norm,
    "scaled BatchNorm": scaled_batch_norm,
    "Mul and Add": mul_and_add,
    "product and bias": product_and_bias,
    "int8 bias": int8_bias,
    "pool, resize, pad": pool_resize_pad,
    "concat": rounded_concat,
}
"""All that is rounded by the model is rounded here, and nothing else."""

DERIVED: dict[str, Build] = {
    "mean": unrounded_mean,
    "unrounded concat": unrounded_concat,
    "add": unrounded_add,
    "summand": unrounded_summand,
    "three summands": three_summands,
    "hard swish": hard_swish,
    "gate": unrounded_gate,
    "softmax": final_softmax,
}
"""Some tensors have no cast: their types follow from those of others."""


def int8_and_onnxruntime(build: Build) -> tuple[Array, Array]:
    """The outputs of the fully int8 model, and of the QDQ graph as it stands."""
    exporter = Exporter()
    model = exporter.model(build(exporter))
    x = exporter.random.normal(0, 1.5, (64, 1, 3, 8, 8)).astype(np.float32)
    module = import_model(model)
    run_pipeline(module, build_pipeline("static", PipelineOptions(int8_only=True)))
    options = onnxruntime.SessionOptions()
    level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.graph_optimization_level = level
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    expected = [np.asarray(session.run(None, {"x": sample})[0]) for sample in x]
    return np.stack([run(module, [s])[0] for s in x]), np.stack(expected)


@pytest.mark.parametrize("name", EXACT)
def test_what_the_model_rounds(name: str) -> None:
    actual, expected = int8_and_onnxruntime(EXACT[name])
    levels = np.unique(expected)
    assert len(levels) > 4
    differs = np.abs(actual - expected)
    # Float arithmetic of onnxruntime decides ties by its own rounding.
    assert (differs > 0).mean() < 0.01
    assert differs.max() <= 1.01 * np.diff(levels).max()


@pytest.mark.parametrize("name", DERIVED)
def test_what_the_model_leaves_unrounded(name: str) -> None:
    actual, expected = int8_and_onnxruntime(DERIVED[name])
    noise = np.square(actual - expected).mean()
    assert len(np.unique(expected)) > 4
    assert 10 * np.log10(np.square(expected).mean() / noise) > 30


def test_outputs_stay_float_unless_all_must_be_int8() -> None:
    exporter = Exporter()
    module = import_model(exporter.model(final_softmax(exporter)))
    run_pipeline(module, build_pipeline("static", PipelineOptions()))
    names = [op.name for op in module.walk()]
    assert "nn.softmax" in names
    assert quant.SoftmaxOp.name not in names
    assert quant.MatMulOp.name in names


def test_a_layer_without_any_range_is_named() -> None:
    """The last layer's result is rounded by nothing and added to nothing."""
    exporter = Exporter()
    y = exporter.conv(exporter.body(), 4, 8)
    module = import_model(exporter.model(y))
    passes = build_pipeline("static", PipelineOptions(int8_only=True))
    with pytest.raises(QccError) as caught:
        run_pipeline(module, passes)
    assert caught.value.node == y
