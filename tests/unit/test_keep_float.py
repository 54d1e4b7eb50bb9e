"""Ops that stay float: what is a layer, what is marked, what the mark does."""

from __future__ import annotations

import numpy as np
import pytest
from quantization_support import calibrated, constant, module_of, op_names, ops_of
from xdsl.builder import Builder
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import SSAValue

from qcc.compiler.pipeline import (
    PipelineOptions,
    qdq_passes,
    quantization_passes,
    run_pipeline,
)
from qcc.dialects import nn
from qcc.dialects.errors import QccError
from qcc.dialects.naming import model_function, set_node_name, set_tensor_name
from qcc.dialects.reference.interpreter import run
from qcc.passes.keep_float import KeepFloatPass
from qcc.passes.layers import layers
from qcc.passes.statistics import use

RNG = np.random.default_rng(5)
X = RNG.normal(size=(1, 2, 6, 6)).astype(np.float32)


def two_convolutions() -> ModuleOp:
    """conv, relu, max pooling, conv, tanh; the convolutions are called `a` and `b`."""

    def build(builder: Builder, x: SSAValue) -> list[SSAValue]:
        weights = [constant(builder, RNG.normal(size=(2, 2, 3, 3))) for _ in "ab"]
        first = builder.insert(nn.Conv2dOp(x, weights[0], pads=(1, 1, 1, 1)))
        set_node_name(first, "a")
        relu = builder.insert(nn.ReluOp(first))
        pool = builder.insert(nn.MaxPool2dOp(relu, kernel=(2, 2), strides=(2, 2)))
        second = builder.insert(nn.Conv2dOp(pool, weights[1], pads=(1, 1, 1, 1)))
        set_node_name(second, "b")
        return [builder.insert(nn.TanhOp(second)).result]

    return module_of(build, X.shape)


def quantized(module: ModuleOp, names: dict[str, str], mode: str = "static"):
    result = module.clone()
    options = PipelineOptions(keep_float=names)
    with use(calibrated(module, [X])):
        run_pipeline(result, quantization_passes(mode, options))
    return result


def test_a_layer_is_an_op_with_the_activation_fused_with_it():
    found = layers(model_function(two_convolutions()))
    kinds = [[op.name for op in layer.ops] for layer in found]
    assert kinds == [["nn.conv2d", "nn.relu"], ["nn.conv2d"], ["nn.tanh"]]
    assert [layer.name for layer in found][:2] == ["a", "b"]
    assert all(layer.tensor for layer in found)


def test_layers_of_one_node_are_named_by_their_tensors():
    module = two_convolutions()
    for op in ops_of(module, "nn.conv2d"):
        set_node_name(op, "same")
    set_tensor_name(ops_of(module, "nn.relu")[0], "first")
    names = [layer.name for layer in layers(model_function(module))]
    assert names[0] == "first"
    assert len(set(names)) == 3


@pytest.mark.parametrize("name", ["a", "relu"])
def test_a_kept_layer_is_float_between_casts(name: str):
    module = two_convolutions()
    set_tensor_name(ops_of(module, "nn.relu")[0], "relu")
    got = quantized(module, {name: "asked for"})
    # The pooling behind is int8 already; the input of a is never rounded.
    assert op_names(got) == [
        "nn.conv2d",
        "nn.relu",
        "quant.qcast",
        "nn.max_pool2d",
        "quant.conv2d",
        "quant.lookup",
        "quant.dcast",
        "func.return",
    ]
    [exact], [rounded] = run(module, [X]), run(got, [X])
    assert np.abs(exact - rounded).max() < 0.1


def test_with_all_layers_kept_the_model_is_the_float_model():
    module = two_convolutions()
    names = {layer.name: "asked for" for layer in layers(model_function(module))}
    got = quantized(module, names)
    assert op_names(got) == op_names(module)
    np.testing.assert_array_equal(run(got, [X]), run(module, [X]))


def test_dynamic_mode_honours_the_mark():
    got = quantized(two_convolutions(), {"b": "asked for"}, "dynamic")
    kept = [op for op in got.walk() if "keep_float" in op.attributes]
    assert [op.name for op in kept] == ["nn.conv2d"]


def test_the_mark_says_why():
    got = quantized(two_convolutions(), {"a": "int8 would be slower", "b": "asked for"})
    notes = [str(op.attributes.get("note")) for op in ops_of(got, "nn.conv2d")]
    assert notes == ['"stays float: int8 would be slower"', '"stays float: asked for"']


def test_the_models_own_casts_do_not_undo_the_mark():
    module = two_convolutions()
    with use(calibrated(module, [X])):
        run_pipeline(module, qdq_passes())
    own = module.clone()
    options = PipelineOptions(keep_float={"b": "asked for"})
    run_pipeline(own, quantization_passes("static", options))
    assert len(ops_of(own, "nn.conv2d")) == 1
    assert len(ops_of(own, "quant.conv2d")) == 1
    [expected], [got] = run(module, [X]), run(own, [X])
    assert np.abs(expected - got).max() <= 1 / 128


def test_an_unknown_name_is_an_error_with_close_ones():
    module = two_convolutions()
    set_node_name(ops_of(module, "nn.conv2d")[0], "block/conv")
    with pytest.raises(QccError, match="'block/con'") as caught:
        run_pipeline(module, [KeepFloatPass(("block/con",))])
    assert caught.value.remedy is not None
    assert "block/conv" in caught.value.remedy
