"""`--scales pow2`: all scales of a static module are powers of two."""

from __future__ import annotations

import numpy as np
import pytest
from quantization_support import calibrated, constant, module_of, signal_to_noise
from xdsl.builder import Builder
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import SSAValue

from qcc.compiler.pipeline import PipelineOptions, quantization_passes, run_pipeline
from qcc.dialects import nn
from qcc.dialects.quant import UniformType
from qcc.dialects.reference.interpreter import run
from qcc.dialects.types import element_type_of
from qcc.passes.power_of_two_scales import (
    at_least,
    is_power_of_two,
    power_of_two_type,
    power_of_two_weights,
)
from qcc.passes.ranges import activation_type, representable
from qcc.passes.statistics import use
from qcc.passes.weights import weight_type


def test_at_least():
    assert [at_least(s) for s in (1.0, 1.01, 0.5, 0.3, 2**-126)] == [
        *(1.0, 2.0, 0.5, 0.5, 2**-126)
    ]
    assert at_least(float(np.finfo(np.float32).max)) == 2.0**127


@pytest.mark.parametrize("seed", range(20))
def test_activations_lose_no_range_and_at_most_a_bit(seed: int):
    rng = np.random.default_rng(seed)
    low, high = -rng.uniform(0, 9) * (seed % 3), rng.uniform(0.01, 300)
    before = activation_type((low, high))
    kind = power_of_two_type(before)
    assert is_power_of_two(kind)
    assert before.scale <= kind.scale < 2 * before.scale
    least, greatest = representable(kind)
    assert least <= representable(before)[0] + kind.scale / 2
    assert greatest >= representable(before)[1] - kind.scale / 2
    assert power_of_two_type(kind) == kind


def test_weights_take_the_better_neighbour():
    rng = np.random.default_rng(0)
    weights = rng.standard_normal((40, 200)).astype(np.float32)
    # One large weight among small ones, just above a power of two: clipping it pays.
    weights[0] = rng.uniform(-0.9, 0.9, 200)
    weights[0, 0] = 128.0 / 127
    before = weight_type(weights, 0)
    kind = power_of_two_weights(weights, before)
    assert is_power_of_two(kind)
    ratios = np.array(kind.scales) / np.array(before.scales)
    assert ratios.min() < 1 < ratios.max()
    assert ratios[0] < 1
    assert np.all((ratios > 0.5) & (ratios < 2))


def test_a_scale_that_was_raised_for_a_bias_is_not_lowered():
    weights = np.full((1, 8), 1e-3, np.float32)
    before = weight_type(weights, 0, np.array([1e6], np.float32), 0.001)
    assert before.scales[0] > 1e-3 / 127
    assert power_of_two_weights(weights, before).scales[0] >= before.scales[0]


def _network(seed: int) -> ModuleOp:
    rng = np.random.default_rng(seed)

    def build(builder: Builder, x: SSAValue) -> list[SSAValue]:
        weight = constant(builder, rng.standard_normal((8, 3, 3, 3)))
        bias = constant(builder, rng.standard_normal(8))
        y = builder.insert(nn.Conv2dOp(x, weight, bias, pads=(1, 1, 1, 1))).result
        y = builder.insert(nn.ReluOp(y)).result
        shift = constant(builder, rng.standard_normal((1, 8, 1, 1)))
        z = builder.insert(nn.AddOp(y, shift)).result
        z = builder.insert(nn.ReluOp(z)).result
        z = builder.insert(nn.ConcatOp([z, y], axis=1)).result
        z = builder.insert(nn.MulOp(z, z)).result
        z = builder.insert(nn.ReduceMeanOp(z, axes=(2, 3))).result
        z = builder.insert(nn.ReshapeOp(z, (1, 16))).result
        matrix = constant(builder, rng.standard_normal((16, 5)))
        z = builder.insert(nn.MatMulOp(z, matrix)).result
        return [builder.insert(nn.SoftmaxOp(z, axis=1)).result]

    return module_of(build, (1, 3, 6, 6))


def _scales(module: ModuleOp) -> list[UniformType]:
    values = [value for op in module.walk() for value in op.results]
    kinds = [element_type_of(value) for value in values]
    return [kind for kind in kinds if isinstance(kind, UniformType)]


@pytest.mark.parametrize("seed", range(4))
def test_all_scales_of_a_module(seed: int):
    rng = np.random.default_rng(seed)
    module = _network(seed)
    samples = [rng.standard_normal((1, 3, 6, 6)).astype(np.float32) for _ in range(4)]
    results: list[np.ndarray] = []
    for scales in ("float", "pow2"):
        quantized = module.clone()
        options = PipelineOptions(scales=scales, int8_only=True)
        with use(calibrated(module, samples)):
            run_pipeline(quantized, quantization_passes("static", options))
        kinds = _scales(quantized)
        assert len(kinds) > 8
        assert all(map(is_power_of_two, kinds)) == (scales == "pow2")
        results.append(run(quantized, [samples[0]])[0])
    exact = run(module, [samples[0]])[0]
    assert signal_to_noise(exact, results[1]) > 15
    # Scales are below twice as large: a bit, but for luck with single roundings.
    lost = signal_to_noise(exact, results[0]) - signal_to_noise(exact, results[1])
    assert lost < 12
