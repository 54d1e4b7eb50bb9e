"""Each op with an int8 form: what it becomes, and that it computes the same."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from quantization_support import (
    calibrated,
    constant,
    module_of,
    op_names,
    ops_of,
    quantized,
    signal_to_noise,
)
from xdsl.builder import Builder
from xdsl.ir import SSAValue

from qcc.compiler.pipeline import quantization_passes, run_pipeline
from qcc.dialects import nn, quant
from qcc.dialects.quant import UniformType
from qcc.dialects.reference.interpreter import run
from qcc.passes.check_integer_only import CheckIntegerOnlyPass
from qcc.passes.rewriting import quantized_type
from qcc.passes.statistics import Statistics, use

SHAPE = (1, 4, 6, 6)
RANDOM = np.random.default_rng(1)
WEIGHT = RANDOM.normal(size=(6, 4, 3, 3))
BIAS = RANDOM.normal(size=6)

Build = Callable[[Builder, SSAValue], nn.NNOperation]


def conv2d(b: Builder, x: SSAValue) -> nn.NNOperation:
    weight, bias = constant(b, WEIGHT), constant(b, BIAS)
    return nn.Conv2dOp(x, weight, bias, strides=(2, 1), pads=(1, 0, 1, 2))


def depthwise(b: Builder, x: SSAValue) -> nn.NNOperation:
    weight = constant(b, WEIGHT[:4, :1])
    return nn.Conv2dOp(x, weight, groups=4, pads=(1, 1, 1, 1))


def transposed(b: Builder, x: SSAValue) -> nn.NNOperation:
    weight, bias = constant(b, WEIGHT[:4, :3]), constant(b, BIAS)
    return nn.ConvTranspose2dOp(x, weight, bias, groups=2, strides=(2, 2))


def matmul(b: Builder, x: SSAValue) -> nn.NNOperation:
    return nn.MatMulOp(x, constant(b, RANDOM.normal(size=(6, 5))))


def attention(b: Builder, x: SSAValue) -> nn.NNOperation:
    other = b.insert(nn.TransposeOp(x, permutation=(0, 1, 3, 2)))
    return nn.MatMulOp(x, other)


def add_constant(b: Builder, x: SSAValue) -> nn.NNOperation:
    return nn.AddOp(x, constant(b, RANDOM.normal(size=(4, 1, 1))))


def multiply(b: Builder, x: SSAValue) -> nn.NNOperation:
    pooled = b.insert(nn.ReduceMeanOp(x, axes=(2, 3)))
    return nn.MulOp(x, pooled)


def resize(b: Builder, x: SSAValue) -> nn.NNOperation:
    return nn.ResizeOp(x, sizes=(12, 9), scales=(2.0, 1.5), mode="linear")


def layer_norm(b: Builder, x: SSAValue) -> nn.NNOperation:
    scale = constant(b, RANDOM.normal(size=6))
    return nn.LayerNormOp(x, scale, None, axis=3, epsilon=1e-5)


def prelu(b: Builder, x: SSAValue) -> nn.NNOperation:
    return nn.PReluOp(x, constant(b, np.array([0.25])))


def divide(b: Builder, x: SSAValue) -> nn.NNOperation:
    return nn.DivOp(x, constant(b, np.array([[3.0]])))


CASES: list[tuple[Build, str]] = [
    (conv2d, "quant.conv2d"),
    (depthwise, "quant.conv2d"),
    (transposed, "quant.conv_transpose2d"),
    (matmul, "quant.matmul"),
    (attention, "quant.matmul"),
    (add_constant, "quant.add"),
    (lambda b, x: nn.SubOp(x, constant(b, RANDOM.normal(size=(1, 6)))), "quant.sub"),
    (multiply, "quant.mul"),
    (resize, "quant.resize"),
    (layer_norm, "quant.layer_norm"),
    (prelu, "quant.lookup"),
    (divide, "quant.lookup"),
    (lambda b, x: nn.SoftmaxOp(x, axis=3), "quant.softmax"),
    (lambda b, x: nn.ReduceMeanOp(x, axes=(2, 3)), "quant.reduce_mean"),
    (lambda b, x: nn.ReduceSumOp(x, axes=(1,)), "quant.reduce_sum"),
    (
        lambda b, x: nn.AvgPool2dOp(x, kernel=(3, 3), pads=(1, 1, 1, 1)),
        "quant.avg_pool2d",
    ),
    (lambda b, x: nn.HardSwishOp(x), "quant.lookup"),
    (lambda b, x: nn.GeluOp(x), "quant.lookup"),
    (lambda b, x: nn.TanhOp(x), "quant.lookup"),
]


def samples(count: int = 4) -> list[np.ndarray]:
    random = np.random.default_rng(0)
    return [random.normal(size=SHAPE).astype(np.float32) for _ in range(count)]


@pytest.mark.parametrize(("build", "expected"), CASES)
def test_op_runs_on_integers_within_one_and_a_half_steps(build: Build, expected: str):
    def only(b: Builder, x: SSAValue) -> Sequence[SSAValue]:
        return b.insert(build(b, x)).results

    module = module_of(only, SHAPE)
    inputs = samples()
    result = quantized(module, inputs)
    names = op_names(result)
    assert names[0] == "quant.qcast"
    assert expected in names
    assert names[-2:] == ["quant.dcast", "func.return"]
    # The same float function of the rounded input, for want of a better truth.
    (rounding,) = ops_of(result, "quant.qcast")
    x_scale = quantized_type(rounding.results[0]).scale
    y_scale = quantized_type(ops_of(result, "quant.dcast")[-1].operands[0]).scale
    for sample in inputs:
        (got,) = run(result, [sample])
        (exact,) = run(module, [sample])
        error = np.abs(got - exact).mean()
        assert error < 0.5 * y_scale + 8 * x_scale
        assert np.corrcoef(got.ravel(), exact.ravel())[0, 1] > 0.999


@pytest.mark.parametrize("producer", [conv2d, add_constant, multiply, matmul])
@pytest.mark.parametrize(
    "activation", [nn.ReluOp, lambda x: nn.ClipOp(x, min=-0.5, max=1.5)]
)
def test_an_activation_becomes_bounds(producer: Build, activation: Build):
    def build(b: Builder, x: SSAValue) -> Sequence[SSAValue]:
        value = b.insert(producer(b, x)).results[0]
        return b.insert(activation(value)).results

    module = module_of(build, SHAPE)
    result = quantized(module, samples())
    assert not {"quant.clamp", "nn.relu", "nn.clip"} & set(op_names(result))
    (got,) = run(result, [samples()[0]])
    (exact,) = run(module, [samples()[0]])
    assert got.min() >= exact.min() - 0.02
    assert np.corrcoef(got.ravel(), exact.ravel())[0, 1] > 0.999


def test_a_chain_of_functions_is_one_table():
    def build(b: Builder, x: SSAValue) -> Sequence[SSAValue]:
        negative = b.insert(nn.NegOp(x)).result
        return b.insert(nn.ExpOp(b.insert(nn.ClipOp(negative, max=1.0)))).results

    result = quantized(module_of(build, SHAPE), samples())
    assert op_names(result)[1:-2] == ["quant.lookup"]


def test_movement_runs_on_integers_without_rounding():
    def build(b: Builder, x: SSAValue) -> Sequence[SSAValue]:
        pool = b.insert(nn.MaxPool2dOp(x, kernel=(2, 2), strides=(2, 2)))
        flat = b.insert(nn.ReshapeOp(pool, (1, 36)))
        product = b.insert(nn.MatMulOp(flat, constant(b, RANDOM.normal(size=(36, 3)))))
        return product.results

    result = quantized(module_of(build, SHAPE), samples())
    assert op_names(result)[1:-2] == ["nn.max_pool2d", "nn.reshape", "quant.matmul"]


def test_concat_unifies_the_scales_of_what_it_joins():
    def build(b: Builder, x: SSAValue) -> Sequence[SSAValue]:
        wide = b.insert(nn.Conv2dOp(x, constant(b, WEIGHT[:, :, :1, :1])))
        narrow = b.insert(nn.Conv2dOp(x, constant(b, WEIGHT[:, :, 1:2, 1:2] * 0.1)))
        joined = b.insert(nn.ConcatOp([wide, narrow], axis=1))
        return b.insert(nn.ReduceMeanOp(joined, axes=(2, 3))).results

    result = quantized(module_of(build, SHAPE), samples())
    assert "quant.requantize" not in op_names(result)
    (concat,) = ops_of(result, "nn.concat")
    assert len({operand.type for operand in concat.operands}) == 1


def test_float_ops_without_an_int8_form_stay_float():
    def build(b: Builder, x: SSAValue) -> Sequence[SSAValue]:
        product = b.insert(conv2d(b, x)).results[0]
        greater = b.insert(nn.MaxOp(product, b.insert(nn.NegOp(product))))
        return greater.results

    module = module_of(build, SHAPE)
    result = quantized(module, samples())
    assert "nn.max" in op_names(result)
    assert "quant.conv2d" in op_names(result)


def test_an_accumulator_that_could_overflow_keeps_the_op_float():
    depth = 70_000

    def build(b: Builder, x: SSAValue) -> Sequence[SSAValue]:
        return b.insert(nn.MatMulOp(x, constant(b, np.ones((depth, 1))))).results

    module = module_of(build, (1, depth))
    inputs = [np.ones((1, depth), np.float32)]
    result = quantized(module, inputs)
    (stays,) = ops_of(result, "nn.matmul")
    assert "beyond int32" in str(stays.attributes["note"])


def test_dynamic_mode_needs_no_ranges():
    def build(b: Builder, x: SSAValue) -> Sequence[SSAValue]:
        value = b.insert(nn.ReluOp(b.insert(conv2d(b, x)))).result
        return b.insert(nn.MatMulOp(value, constant(b, np.eye(6)))).results

    module = module_of(build, SHAPE)
    result = quantized(module, samples(1), mode="dynamic")
    assert op_names(result) == [
        "quant.dynamic_qcast",
        "quant.dynamic_conv2d",
        "quant.dynamic_qcast",
        "quant.dynamic_matmul",
        "func.return",
    ]
    (got,), (exact,) = (run(m, [samples()[0]]) for m in (result, module))
    assert np.corrcoef(got.ravel(), exact.ravel())[0, 1] > 0.999


def test_states_of_different_ranges_keep_their_own_scales():
    """One input with two states in it, both updated and joined again."""

    def build(b: Builder, x: SSAValue) -> Sequence[SSAValue]:
        states = [
            b.insert(nn.SliceOp(x, starts=(0, start), sizes=(1, 4))).result
            for start in (0, 4)
        ]
        weights = [constant(b, RANDOM.normal(size=(4, 4)) * s) for s in (0.5, 0.5)]
        products = [
            b.insert(nn.MatMulOp(state, weight)).result
            for state, weight in zip(states, weights, strict=True)
        ]
        return b.insert(nn.ConcatOp(products, axis=1)).results

    module = module_of(build, (1, 8))
    random = np.random.default_rng(3)
    scales = np.array([[0.01] * 4 + [10.0] * 4])
    inputs = [(random.normal(size=(1, 8)) * scales).astype(np.float32) for _ in "abc"]
    result = quantized(module, inputs)
    types = {quantized_type(op.results[0]) for op in ops_of(result, "quant.matmul")}
    assert len(types) == 2
    for x in inputs:
        (exact,), (got,) = run(module, [x]), run(result, [x])
        assert signal_to_noise(exact[:, :4], got[:, :4]) > 30
        assert signal_to_noise(exact[:, 4:], got[:, 4:]) > 30
    run_pipeline(result, [CheckIntegerOnlyPass()])


def test_a_narrow_operand_that_others_read_is_requantized_for_a_concat():
    def build(b: Builder, x: SSAValue) -> Sequence[SSAValue]:
        wide = b.insert(nn.Conv2dOp(x, constant(b, WEIGHT[:4, :, :1, :1] * 20))).result
        narrow = b.insert(nn.TanhOp(x)).result
        joined = b.insert(nn.ConcatOp([wide, narrow], axis=1)).result
        weight = constant(b, RANDOM.normal(size=(2, 8, 1, 1)))
        product = b.insert(nn.Conv2dOp(joined, weight))
        return [product.result, b.insert(nn.AddOp(narrow, narrow)).result]

    result = quantized(module_of(build, SHAPE), samples())
    (lookup,) = ops_of(result, "quant.lookup")
    assert quantized_type(lookup.results[0]).scale == 1 / 128
    (requantize,) = ops_of(result, "quant.requantize")
    assert requantize.operands[0] == lookup.results[0]


@pytest.mark.parametrize("has_ranges", [True, False])
def test_a_model_with_casts_keeps_them_and_takes_ranges_for_the_rest(has_ranges: bool):
    theirs = UniformType.per_tensor(0.05, 3)

    def build(b: Builder, x: SSAValue) -> Sequence[SSAValue]:
        rounded = b.insert(quant.QuantizeCastOp(x, theirs))
        value = b.insert(quant.DequantizeCastOp(rounded)).result
        product = b.insert(nn.Conv2dOp(value, constant(b, WEIGHT))).result
        return b.insert(nn.ReluOp(product)).results

    module = module_of(build, SHAPE)
    statistics = calibrated(module, samples()) if has_ranges else Statistics()
    result = module.clone()
    with use(statistics):
        run_pipeline(result, quantization_passes())
    assert quantized_type(ops_of(result, "quant.qcast")[0].results[0]) == theirs
    assert ("quant.conv2d" in op_names(result)) == has_ranges
    assert ("nn.relu" in op_names(result)) != has_ranges
    (exact,), (got,) = (run(m, [samples()[0]]) for m in (module, result))
    assert signal_to_noise(exact, got) > (30 if has_ranges else 100)
