"""Refinement: what samples say of weights and biases, and the passes that apply it."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from quantization_support import calibrated, constant, op_names
from quantization_support import module_of as module_without_names
from xdsl.builder import Builder
from xdsl.dialects.builtin import ArrayAttr, ModuleOp, StringAttr
from xdsl.ir import SSAValue
from xdsl.rewriter import Rewriter

from qcc.compiler.calibration import check_samples, input_specs
from qcc.compiler.pipeline import PipelineOptions, qdq_passes, run_pipeline
from qcc.compiler.refinement import KeptSamples, check_refinements, refine
from qcc.compiler.refinement.bias import significant_mean
from qcc.compiler.refinement.contractions import contractions
from qcc.compiler.refinement.observation import Moments
from qcc.compiler.refinement.segments import SegmentedRun, kept_bytes
from qcc.compiler.refinement.weight_search import (
    best_scales,
    compensated,
    damped,
    nearest,
    sum_errors,
)
from qcc.dialects import nn, quant
from qcc.dialects.errors import QccError
from qcc.dialects.naming import model_function, tensor_name
from qcc.dialects.reference.interpreter import run
from qcc.passes.notes import NOTE
from qcc.passes.quantizable import constant_array
from qcc.passes.refinements import BiasCorrection, WeightRounding
from qcc.passes.statistics import Statistics, use

Array = NDArray[Any]
Floats = NDArray[np.float32]

RNG = np.random.default_rng(7)
SHAPE = (1, 4, 6, 6)


def module_of(
    build: Callable[[Builder, SSAValue], Sequence[SSAValue]], shape: Sequence[int]
) -> ModuleOp:
    """A module of one input, with names for its outputs."""
    module = module_without_names(build, shape)
    func = model_function(module)
    outputs = [StringAttr(f"output{i}") for i in range(len(func.function_type.outputs))]
    func.attributes["output_names"] = ArrayAttr(outputs)
    return module


def normal(*shape: int, scale: float = 1.0) -> NDArray[np.float64]:
    return np.random.default_rng(sum(shape)).normal(size=shape) * scale


def positive_samples(count: int = 12) -> list[Floats]:
    """Samples with a mean, as after a relu."""
    values = RNG.uniform(0.2, 1.0, size=(count, *SHAPE)).astype(np.float32)
    return list(values)


def small_network(builder: Builder, x: SSAValue) -> Sequence[SSAValue]:
    """Conv, relu, depthwise without a bias, residual add, matmul."""
    first = nn.Conv2dOp(
        x,
        constant(builder, normal(8, 4, 3, 3)),
        constant(builder, normal(8)),
        pads=(1, 1, 1, 1),
    )
    relu = builder.insert(nn.ReluOp(builder.insert(first)))
    depthwise = builder.insert(
        nn.Conv2dOp(
            relu, constant(builder, normal(8, 1, 3, 3)), groups=8, pads=(1,) * 4
        )
    )
    total = builder.insert(nn.AddOp(depthwise, relu))
    flat = builder.insert(nn.ReshapeOp(total, (1, 8 * 36)))
    weights = constant(builder, normal(8 * 36, 5, scale=0.1))
    return [builder.insert(nn.MatMulOp(flat, weights)).result]


def refined(
    module: ModuleOp, samples: list[Floats], *steps: str
) -> tuple[ModuleOp, Statistics]:
    """The module with casts, refined by `steps`, and what that took."""
    statistics = calibrated(module, samples)
    fed = [{"x": sample} for sample in samples]
    refine(module, fed, statistics, qdq_passes(), steps)
    result = module.clone()
    with use(statistics):
        run_pipeline(result, qdq_passes())
    return result, statistics


def channel_errors(
    module: ModuleOp, reference: ModuleOp, samples: list[Floats]
) -> dict[str, NDArray[np.float64]]:
    """The mean difference of each channel of each contraction, over all samples."""

    def means(each: ModuleOp) -> dict[str, NDArray[np.float64]]:
        found: dict[str, list[Array]] = {}

        def observe(value: SSAValue, array: Array) -> None:
            if isinstance(value.owner, nn.Conv2dOp | nn.MatMulOp):
                name = tensor_name(value)
                assert name is not None
                axes = tuple(a for a in range(array.ndim) if a != 1)
                found.setdefault(name, []).append(array.mean(axis=axes, dtype=float))

        for sample in samples:
            run(each, [sample], observe)
        return {name: np.mean(rows, axis=0) for name, rows in found.items()}

    actual, expected = means(module), means(reference)
    assert set(actual) == set(expected)
    return {name: np.abs(actual[name] - expected[name]) for name in actual}


def test_biases_are_right_on_average_in_every_layer():
    module, samples = module_of(small_network, SHAPE), positive_samples()
    plain, _ = refined(module, samples)
    better, statistics = refined(module, samples, "biases")
    before = channel_errors(plain, module, samples)
    after = channel_errors(better, module, samples)
    assert len(after) == 3
    for name in after:
        # The few sums of the matrix product differ more from sample to sample.
        share = 0.3 if name.startswith("matmul") else 0.05
        assert after[name].max() < share * before[name].max()
    assert sorted(statistics.tensors(BiasCorrection)) == sorted(after)


def test_a_later_layer_is_measured_with_the_earlier_ones_corrected():
    """One sample's worth of error in layer 1 must not be corrected again in layer 2."""

    def build(builder: Builder, x: SSAValue) -> Sequence[SSAValue]:
        # 0.3 of a step of 1.27 / 127 is lost in each of the four products.
        off = np.full((4, 4, 1, 1), 0.013)
        off[:, 0] = 1.27
        first = builder.insert(nn.Conv2dOp(x, constant(builder, off)))
        exact = constant(builder, np.eye(4)[:, :, None, None] * 1.27)
        return [builder.insert(nn.Conv2dOp(first, exact)).result]

    module, samples = module_of(build, SHAPE), positive_samples()
    _, statistics = refined(module, samples, "biases")
    first, second = (
        np.array(statistics.get(BiasCorrection, name).values)  # type: ignore[union-attr]
        for name in (c.name for c in contractions(model_function(module)))
    )
    assert np.all(first > 0.003)
    assert np.all(np.abs(second) < 0.1 * first)


def test_weights_on_a_grid_are_kept_exactly():
    integers = RNG.integers(-90, 91, size=(8, 4, 3, 3))
    integers[:, 0, 0, 0] = 100
    weights: NDArray[np.float64] = integers * np.float64(0.03125)

    def build(builder: Builder, x: SSAValue) -> Sequence[SSAValue]:
        return [builder.insert(nn.Conv2dOp(x, constant(builder, weights))).result]

    module = module_of(build, SHAPE)
    better, statistics = refined(module, positive_samples(), "scales")
    (name,) = statistics.tensors(WeightRounding)
    rounding = statistics.get(WeightRounding, name)
    assert rounding is not None
    assert rounding.scales == (0.03125,) * 8
    (stored,) = (
        op.array()
        for op in better.walk()
        if isinstance(op, nn.ConstantOp) and op.array().dtype == np.int8
    )
    np.testing.assert_array_equal(stored, integers)


def output_noise(module: ModuleOp, reference: ModuleOp, samples: list[Floats]) -> float:
    """The variance of the error of the outputs."""
    pairs = [(run(module, [x])[0], run(reference, [x])[0]) for x in samples]
    return float(np.var([actual - expected for actual, expected in pairs]))


def correlated_samples(count: int, seed: int) -> list[Floats]:
    """Neighbouring pixels and channels are nearly equal, as in images."""
    rng = np.random.default_rng(seed)
    common = rng.uniform(0, 1, size=(count, 1, 1, 1, 1))
    own = rng.uniform(0, 0.05, size=(count, *SHAPE))
    return list((common + own).astype(np.float32))


@pytest.mark.parametrize(("steps", "share"), [(["scales"], 0.6), (["rounding"], 0.3)])
def test_weights_are_rounded_for_the_inputs_that_occur(steps: list[str], share: float):
    def build(builder: Builder, x: SSAValue) -> Sequence[SSAValue]:
        weights = constant(builder, normal(16, 4, 3, 3))
        return [builder.insert(nn.Conv2dOp(x, weights)).result]

    module, samples = module_of(build, SHAPE), correlated_samples(16, seed=1)
    unseen = correlated_samples(8, seed=2)
    plain, _ = refined(module, samples, "biases")
    better, _ = refined(module, samples, *steps, "biases")
    for each in (plain, better):
        drop_activation_casts(each)
    ratio = output_noise(better, module, unseen) / output_noise(plain, module, unseen)
    assert ratio < share


def drop_activation_casts(module: ModuleOp) -> None:
    """So that only the weights are rounded."""
    for op in list(module.walk()):
        if isinstance(op, quant.DequantizeCastOp):
            source = op.input.owner
            if isinstance(source, quant.QuantizeCastOp):
                op.result.replace_all_uses_with(source.input)


def test_inputs_that_hardly_vary():
    """As behind a global pooling: few positions, large means, small differences."""
    rng = np.random.default_rng(0)
    means = rng.uniform(0, 100, (1, 96, 1))
    values = means * (1 + 1e-5 * rng.standard_normal((1, 96, 4)))
    patches = values.astype(np.float32)
    moments = Moments()
    for position in range(4):
        moments.add(patches[..., position : position + 1])
    expected = np.cov(patches[0].astype(np.float64), bias=True)
    np.testing.assert_allclose(
        moments.covariance()[0], expected, atol=1e-5 * expected.max()
    )
    covariance = damped(moments.covariance(), moments.count)
    rows = rng.standard_normal((1, 24, 96))
    scales = best_scales(rows, covariance)
    simple = nearest(rows, scales)
    rounded = compensated(rows, scales, covariance)
    before, after = (
        sum_errors(rows - each * scales[..., None], covariance).sum()
        for each in (simple, rounded)
    )
    assert after < before


def test_rows_times_patches_is_the_contraction():
    def build(builder: Builder, x: SSAValue) -> Sequence[SSAValue]:
        weights = constant(builder, normal(6, 2, 3, 2))
        conv = builder.insert(
            nn.Conv2dOp(
                x,
                weights,
                strides=(2, 1),
                pads=(1, 0, 2, 1),
                dilations=(1, 2),
                groups=2,
            )
        )
        flat = builder.insert(nn.ReshapeOp(x, (1, 24, 6)))
        product = builder.insert(nn.MatMulOp(flat, constant(builder, normal(6, 5))))
        return [conv.result, product.result]

    module, (sample,) = module_of(build, SHAPE), positive_samples(1)
    conv, product = contractions(model_function(module))
    expected = run(module, [sample])
    rows = conv.rows()
    sums = rows @ conv.patches(sample, 10**6, 0)
    np.testing.assert_allclose(
        sums.reshape(expected[0].shape), expected[0], rtol=1e-5, atol=1e-5
    )
    np.testing.assert_array_equal(conv.from_rows(rows), conv.weights)
    sums = product.rows() @ product.patches(sample.reshape(1, 24, 6), 10**6, 0)
    np.testing.assert_allclose(sums[0].T, expected[1][0], rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(product.from_rows(product.rows()), product.weights)
    assert conv.patches(sample, 4, 3).shape == (2, 12, 4)


def test_the_mean_is_drawn_to_zero_where_samples_disagree():
    sure = np.array([[1.0], [1.01], [0.99]])
    unsure = np.array([[4.0], [-4.0], [0.5]])
    np.testing.assert_allclose(significant_mean(sure), [1.0], rtol=1e-3)
    assert significant_mean(unsure) == 0
    assert significant_mean(np.array([[3.0]])) == 0


def test_a_run_in_parts_is_the_run():
    module, samples = module_of(small_network, SHAPE), positive_samples(3)
    quantized, _ = refined(module, samples)
    func = model_function(quantized)
    parts = SegmentedRun(func, [{"x": sample} for sample in samples])
    expected: list[dict[SSAValue, Array]] = [{} for _ in samples]
    for sample, values in zip(samples, expected, strict=True):
        run(quantized, [sample], values.__setitem__)
    for op in list(func.body.block.ops):
        if isinstance(op, nn.Conv2dOp | nn.MatMulOp):
            results = list(parts.run_before(op))
            for values, result in zip(expected, results, strict=True):
                np.testing.assert_allclose(
                    result, values[op.results[0]], rtol=1e-4, atol=1e-4
                )
    # The input, and the two int8 operands of the residual addition.
    assert kept_bytes(func) < 3 * 8 * 36 + 4 * 36


def test_a_file_says_all(tmp_path: Any):
    module, samples = module_of(small_network, SHAPE), positive_samples()
    expected, statistics = refined(module, samples, "rounding", "biases")
    statistics.save(tmp_path / "statistics.json")
    loaded = Statistics.load(tmp_path / "statistics.json")
    assert loaded == statistics
    with use(loaded):
        run_pipeline(module, qdq_passes())
    assert str(module) == str(expected)


@pytest.mark.parametrize(
    "row",
    [
        '"weight-rounding": {"y": ["0123456789abcdef", [0.5, 0.0]]}',
        '"weight-rounding": {"y": ["0123456789abcdef", [0.5], "not base64"]}',
        '"weight-rounding": {"y": ["0123456789abcdef", [0.5], "AA==", 1]}',
        '"weight-rounding": {"y": ["0123", [0.5]]}',
        '"weight-rounding": {"y": [7, [0.5]]}',
        '"bias-correction": {"y": ["0123456789abcdef", ["1"]]}',
        '"bias-correction": {"y": ["0123456789abcdef", 1]}',
        '"bias-correction": {"y": ["0123456789abcdef", [1e300]]}',
    ],
)
def test_a_corrupt_file_is_an_error(row: str):
    head = '{"format": "qcc statistics", "version": 1, "statistics": {'
    with pytest.raises(QccError, match="not a statistics file"):
        Statistics.from_text(head + row + "}}")


def test_decisions_about_other_weights_are_not_applied():
    module, samples = module_of(small_network, SHAPE), positive_samples()
    plain, _ = refined(module, samples)
    _, statistics = refined(module, samples, "scales", "biases")
    weights = next(
        op.weight.owner for op in module.walk() if isinstance(op, nn.Conv2dOp)
    )
    assert isinstance(weights, nn.ConstantOp)
    changed = nn.ConstantOp(weights.array() * np.float32(2))
    changed.attributes.update(weights.attributes)
    Rewriter.replace_op(weights, changed)
    with use(statistics):
        run_pipeline(module, qdq_passes())
    notes = [str(op.attributes[NOTE]) for op in module.walk() if NOTE in op.attributes]
    assert len(notes) == 1
    assert "not refined" in notes[0]
    assert "not corrected" in notes[0]
    assert op_names(module) == op_names(plain)


def test_models_with_casts_of_their_own_are_left_alone():
    module, samples = module_of(small_network, SHAPE), positive_samples()
    quantized, _ = refined(module, samples)
    statistics = calibrated(module, samples)
    before = statistics.to_text()
    fed = [{"x": sample} for sample in samples]
    refine(quantized, fed, statistics, qdq_passes(), ("scales", "biases"))
    assert statistics.to_text() == before


def test_kept_samples_are_spread_and_copied():
    buffer = np.zeros(SHAPE, np.float32)

    def stream() -> Any:
        for number in range(100):
            buffer[:] = number
            yield {"x": buffer}

    module = module_of(small_network, SHAPE)
    samples = KeptSamples(check_samples(stream(), input_specs(module)))
    assert len(list(samples)) == 100
    numbers = [float(sample["x"][0, 0, 0, 0]) for sample in samples.kept]
    assert numbers == [float(number) for number in range(0, 100, 2)]


def test_an_unknown_refinement_is_an_error():
    check_refinements(("scales", "biases"))
    with pytest.raises(QccError, match="there is no refinement 'everything'"):
        check_refinements(("everything",))


def transposed(builder: Builder, x: SSAValue) -> Sequence[SSAValue]:
    weights = constant(builder, normal(4, 2, 2, 2))
    op = nn.ConvTranspose2dOp(x, weights, strides=(2, 2), groups=2)
    return [builder.insert(op).result]


def test_transposed_convolutions_are_corrected_too():
    module, samples = module_of(transposed, SHAPE), positive_samples()
    _, statistics = refined(module, samples, "scales", "rounding", "biases")
    (name,) = statistics.tensors(BiasCorrection)
    correction = statistics.get(BiasCorrection, name)
    assert correction is not None
    assert len(correction.values) == 4
    assert not list(statistics.tensors(WeightRounding))


@pytest.mark.parametrize("tiny", [1e-30, 1e-12, 0.0])
def test_channels_without_weights_keep_their_bias(tiny: float):
    """A batch norm folded into a dead channel: the bias must survive its tiny scale."""
    weights = normal(8, 4, 1, 1)
    weights[3] = tiny
    biases = np.linspace(-2, 2, 8)

    def build(builder: Builder, x: SSAValue) -> Sequence[SSAValue]:
        w, b = constant(builder, weights), constant(builder, biases)
        return [builder.insert(nn.Conv2dOp(x, w, b)).result]

    module, samples = module_of(build, SHAPE), positive_samples()
    quantized, _ = refined(module, samples, "rounding", "biases")
    (expected,), (actual,) = run(module, [samples[0]]), run(quantized, [samples[0]])
    step = (expected.max() - expected.min()) / 255
    assert np.abs(actual[:, 3] - expected[:, 3]).max() < 3 * step
    noise = np.abs(actual - expected).max()
    assert noise < 4 * step


def boxes(builder: Builder, x: SSAValue) -> Sequence[SSAValue]:
    """Corners from a centre and a size; the relu between is no last step."""
    conv = builder.insert(nn.Conv2dOp(x, constant(builder, normal(4, 4, 1, 1))))
    size = builder.insert(nn.ReluOp(builder.insert(nn.MulOp(conv, x))))
    low, high = (builder.insert(each(conv, size)) for each in (nn.SubOp, nn.AddOp))
    return [builder.insert(nn.ConcatOp([low, high], axis=1)).result]


@pytest.mark.parametrize("float_outputs", [True, False])
def test_last_steps_stay_float_where_outputs_are(float_outputs: bool):
    module, samples = module_of(boxes, SHAPE), positive_samples()
    result = module.clone()
    with use(calibrated(module, samples)):
        run_pipeline(result, qdq_passes("static", PipelineOptions(float_outputs=True)))
        run_pipeline(module, qdq_passes("static"))
    func = model_function(result if float_outputs else module)
    (concat,) = (op for op in func.body.walk() if isinstance(op, nn.ConcatOp))
    is_last = constant_array(concat.inputs[0]) is None and isinstance(
        concat.inputs[0].owner, nn.SubOp
    )
    assert is_last == float_outputs
    casts = [op for op in func.body.walk() if isinstance(op, quant.QuantizeCastOp)]
    # Input, convolution, relu of the product; without float outputs the concat's too.
    assert len(casts) == (3 if float_outputs else 5)
