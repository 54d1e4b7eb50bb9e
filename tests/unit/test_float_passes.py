"""The float passes keep what a module computes: random modules, and real models."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, f32
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import SSAValue

from qcc.dialects import nn
from qcc.dialects.naming import model_function
from qcc.dialects.reference.interpreter import run
from qcc.dialects.types import Array, element_type_of, shape_of, storage_dtype, tensor
from qcc.passes import get_all_passes

PASSES = (
    "strip-unused",
    "fold-constants",
    "fold-batch-norms",
    "apply-rules",
    "cse",
    "dce",
)
ZOO = Path(__file__).parents[2].parent / "shared" / "zoo" / "models"
MODELS = {
    "kws_dscnn.onnx": {"nn.batch_norm"},
    "resnet8_cifar10.onnx": {"nn.batch_norm"},
    "dtln_model_2.onnx": {"nn.reduce_mean", "nn.sqrt"},
    "magika_v2_1.onnx": {"nn.erf", "nn.reduce_mean", "nn.batch_norm", "nn.add"},
}
"""Models, and ops of theirs that the passes must leave none of."""


def apply(name: str, module: ModuleOp) -> None:
    get_all_passes()[name]()().apply(Context(), module)
    module.verify()


class Builder:
    """Appends random ops to a function of one image."""

    def __init__(self, seed: int):
        self.random = np.random.default_rng(seed)
        kind = tensor(f32, [1, 4, 5, 5])
        self.func = FuncOp("model", ([kind], []))
        self.value: SSAValue = self.func.args[0]

    def add(self, op: nn.NNOperation) -> SSAValue:
        self.func.body.block.add_op(op)
        return op.results[0]

    def constant(self, *shape: int) -> SSAValue:
        array = self.random.uniform(0.5, 2, shape) * self.random.choice([-1, 1], shape)
        return self.add(nn.ConstantOp(array.astype(np.float32)))

    def channels(self) -> int:
        return shape_of(self.value)[1]

    def append(self, kind: str) -> None:
        x, channels = self.value, self.channels()
        per_channel = (channels, 1, 1)
        match kind:
            case "conv":
                outputs = int(self.random.choice([2, 4, 6]))
                weight = self.constant(outputs, channels, 1, 1)
                self.value = self.add(nn.Conv2dOp(x, weight))
            case "grouped":
                weight = self.constant(channels, channels // 2, 3, 3)
                bias = self.constant(channels)
                pads = (1, 1, 1, 1)
                op = nn.Conv2dOp(x, weight, bias, pads=pads, groups=2)
                self.value = self.add(op)
            case "transposed":
                weight = self.constant(channels, 2, 1, 1)
                self.value = self.add(nn.ConvTranspose2dOp(x, weight, groups=2))
            case "batch_norm":
                a, b, c = (self.constant(channels) for _ in range(3))
                variance = self.random.uniform(0.5, 2, channels).astype(np.float32)
                v = self.add(nn.ConstantOp(variance))
                self.value = self.add(nn.BatchNormOp(x, a, b, c, v, epsilon=1e-3))
            case "mul":
                self.value = self.add(nn.MulOp(x, self.constant(*per_channel)))
            case "rsub":
                self.value = self.add(nn.SubOp(self.constant(*per_channel), x))
            case "div":
                self.value = self.add(nn.DivOp(x, self.constant()))
            case "add":
                self.value = self.add(nn.AddOp(x, self.constant(1, *per_channel)))
            case "rows":
                self.value = self.add(nn.AddOp(x, self.constant(shape_of(x)[3])))
            case "relu":
                self.value = self.add(nn.ReluOp(x))
            case "silu":
                self.value = self.add(nn.MulOp(self.add(nn.SigmoidOp(x)), x))
            case "residual":
                self.value = self.add(nn.AddOp(self.add(nn.TanhOp(x)), x))
            case "reshape":
                shape = shape_of(x)
                flat = self.add(nn.ReshapeOp(x, [1, channels, shape[2] * shape[3]]))
                scaled = self.add(nn.MulOp(flat, self.constant(channels, 1)))
                self.value = self.add(nn.ReshapeOp(scaled, shape))
            case _:
                pads = {"before": (0, 0, 1, 0), "after": (0, 0, 0, 1)}
                self.value = self.add(nn.PadOp(x, **pads))

    def module(self) -> ModuleOp:
        self.func.body.block.add_op(ReturnOp(self.value))
        self.func.update_function_type()
        module = ModuleOp([self.func])
        module.verify()
        return module


KINDS = (
    "conv",
    "grouped",
    "transposed",
    "batch_norm",
    "mul",
    "rsub",
    "div",
    "add",
    "rows",
    "relu",
    "silu",
    "residual",
    "reshape",
    "pad",
)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    kinds=st.lists(st.sampled_from(KINDS), min_size=1, max_size=7),
    seed=st.integers(0, 2**16),
)
def test_passes_keep_the_meaning(kinds: list[str], seed: int) -> None:
    builder = Builder(seed)
    for kind in kinds:
        builder.append(kind)
    module = builder.module()
    x = builder.random.normal(size=(1, 4, 5, 5)).astype(np.float32)
    (before,) = run(module, [x])
    for name in PASSES:
        apply(name, module)
        (after,) = run(module, [x])
        scale = float(np.abs(before).max())
        np.testing.assert_allclose(
            after, before, rtol=1e-4, atol=1e-5 * scale, err_msg=name
        )


def random_inputs(module: ModuleOp) -> list[Array]:
    generator = np.random.default_rng(0)
    arrays: list[Array] = []
    for argument in model_function(module).args:
        shape, dtype = shape_of(argument), storage_dtype(element_type_of(argument))
        if dtype.kind == "f":
            arrays.append(generator.normal(size=shape).astype(dtype))
        else:
            arrays.append(generator.integers(0, 100, shape).astype(dtype))
    return arrays


def intermediate_of(module: ModuleOp, inputs: Sequence[Array]) -> list[Array]:
    """
    The operands of the last softmax, if any, and the results of the model.

    Softmax of random inputs is one 1 and many 0, which would hide differences.
    """
    found: list[Array] = []

    def observe(value: SSAValue, array: Array) -> None:
        if any(isinstance(use.operation, nn.SoftmaxOp) for use in value.uses):
            found.append(array)

    return [*run(module, inputs, observe), *found]


@pytest.mark.parametrize("name", MODELS)
def test_passes_keep_the_meaning_of_models(name: str) -> None:
    path = ZOO / name
    if not path.exists():
        pytest.skip(f"{path} is absent")
    from qcc.compiler.onnx_import import import_model

    module = import_model(path)
    inputs = random_inputs(module)
    before = intermediate_of(module, inputs)
    for each in PASSES:
        apply(each, module)
    after = intermediate_of(module, inputs)
    assert not MODELS[name] & {op.name for op in module.walk()}
    for left, right in zip(before, after, strict=True):
        scale = float(np.abs(left).max())
        np.testing.assert_allclose(right, left, rtol=1e-3, atol=1e-5 * scale)
