"""Channels made alike: what calibration decides, and that it helps."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from model_building import Array, module_of, normal
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation, SSAValue

from qcc.compiler.calibration import calibrate
from qcc.compiler.pipeline import float_passes, qdq_passes, run_pipeline
from qcc.compiler.refinement import refine
from qcc.compiler.refinement.channels import HEADROOM
from qcc.dialects import nn
from qcc.dialects.naming import set_tensor_name, tensor_name
from qcc.dialects.reference import interpreter
from qcc.passes.equalize_channels import EqualizeChannelsPass
from qcc.passes.refinements import ChannelScaling
from qcc.passes.smooth_activations import SmoothActivationsPass
from qcc.passes.statistics import Statistics, use

SIZES = np.array([1, 1, 0.04, 0.3, 1, 0.02, 1, 0.5], np.float32)
"""How large each channel is."""


def weights(*shape: int, by: Array | float = 1.0) -> SSAValue:
    return nn.ConstantOp(normal(*shape, seed=3) * np.float32(0.3) * by).result


def named(op: Operation) -> SSAValue:
    set_tensor_name(op, "t")
    return op.results[0]


def convolutions(x: SSAValue) -> list[SSAValue]:
    """Channels of unequal size, read by a depthwise and by a plain convolution."""
    first = weights(8, 4, 1, 1, by=SIZES[:, None, None, None])
    a = named(nn.ReluOp(nn.Conv2dOp(x, first)))
    undo = (1 / SIZES)[:, None, None, None]
    b = nn.Conv2dOp(a, weights(8, 1, 3, 3, by=undo), groups=8, pads=(1, 1, 1, 1))
    pooled = nn.MaxPool2dOp(nn.ReluOp(b), kernel=(2, 2), strides=(2, 2))
    return [nn.Conv2dOp(pooled, weights(3, 8, 1, 1)).result]


def normalization(x: SSAValue) -> list[SSAValue]:
    """A layer normalization whose small channels count as much as its large ones."""
    scale = nn.ConstantOp(SIZES)
    norm = named(
        nn.LayerNormOp(x, scale, nn.ConstantOp(SIZES / 4), axis=1, epsilon=0.1)
    )
    columns = weights(8, 5, by=(1 / SIZES)[:, None])
    return [nn.MatMulOp(norm, columns).result]


MODELS: dict[str, tuple[Callable[[SSAValue], Sequence[SSAValue]], tuple[int, ...]]] = {
    "equalize-channels": (convolutions, (1, 4, 8, 8)),
    "smooth-activations": (normalization, (20, 8)),
}


def prepared(
    build: Callable[[SSAValue], Sequence[SSAValue]], shape: Sequence[int]
) -> tuple[ModuleOp, list[dict[str, Array]], Statistics]:
    """A float model, samples, and their ranges."""
    samples = [{"x": normal(*shape, seed=seed)} for seed in range(8)]
    module = module_of(build, samples[0])
    run_pipeline(module, float_passes())
    return module, samples, calibrate(module, samples, "minmax")


def factors(statistics: Statistics, tensor: str = "t") -> Array:
    found = statistics.get(ChannelScaling, tensor)
    assert found is not None
    return np.array(found.factors)


def outputs(module: ModuleOp, samples: Sequence[dict[str, Array]]) -> Array:
    return np.array([interpreter.run(module, [s["x"]])[0] for s in samples])


def quantized(module: ModuleOp, statistics: Statistics) -> ModuleOp:
    result = module.clone()
    with use(statistics):
        run_pipeline(result, qdq_passes())
    return result


@pytest.mark.parametrize("model", MODELS)
def test_float_function_stays_and_int8_errs_less(model: str):
    module, samples, statistics = prepared(*MODELS[model])
    exact = outputs(module, samples)
    before = outputs(quantized(module, statistics), samples)
    refine(module, samples, statistics, qdq_passes(), ["channels"])
    scaled = module.clone()
    with use(statistics):
        run_pipeline(scaled, [EqualizeChannelsPass(), SmoothActivationsPass()])
    assert str(scaled) != str(module)
    assert outputs(scaled, samples) == pytest.approx(exact, rel=1e-4, abs=1e-5)
    after = outputs(quantized(module, statistics), samples)
    assert np.square(after - exact).mean() < 0.5 * np.square(before - exact).mean()


@pytest.mark.parametrize("model", MODELS)
def test_small_channels_grow_within_the_range_of_the_tensor(model: str):
    module, samples, statistics = prepared(*MODELS[model])
    refine(module, samples, statistics, qdq_passes(), ["channels"])
    found, bounds = factors(statistics), statistics.range("t")
    assert bounds is not None
    peaks: list[Array] = []

    def observe(value: SSAValue, array: Array) -> None:
        if tensor_name(value) == "t":
            rows = np.moveaxis(array, 1, -1).reshape(-1, 8)
            peaks.extend((rows.max(axis=0), -rows.min(axis=0)))

    for sample in samples:
        interpreter.run(module, [sample["x"]], observe)
    seen = np.max(peaks, axis=0)
    largest = max(-bounds[0], bounds[1])
    assert found.min() == 1
    assert found[[2, 5]].min() > 4
    assert np.all((found == 1) | (found * seen <= largest / HEADROOM * 1.001))


def test_statistics_with_factors_come_back_and_are_checked():
    module, samples, statistics = prepared(*MODELS["equalize-channels"])
    refine(module, samples, statistics, qdq_passes(), ["channels"])
    scaling = statistics.get(ChannelScaling, "t")
    assert scaling is not None
    assert ChannelScaling.from_json(scaling.to_json()) == scaling
    with pytest.raises(ValueError, match="less than 1"):
        ChannelScaling.from_json([scaling.digest, [1, 0.5]])
