"""Probes and the method `auto`: errors as numpy finds them, and what is chosen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from model_building import Array, constant, module_of, normal
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation, SSAValue

from qcc.compiler.calibration import calibrate
from qcc.compiler.calibration.auto import FEWEST_THAT_CUT
from qcc.compiler.calibration.probe import Probe, cone_of
from qcc.compiler.calibration.run import SpreadSamples
from qcc.dialects import nn
from qcc.dialects.naming import model_function, name_values, set_tensor_name
from qcc.dialects.reference import interpreter
from qcc.dialects.reference.registry import evaluate
from qcc.passes.histogram import Histogram
from qcc.passes.ranges import Range, activation_type
from qcc.passes.statistics import Range as SavedRange


def named(op: Operation, name: str) -> SSAValue:
    set_tensor_name(op, name)
    return op.results[0]


def layers(x: SSAValue) -> list[SSAValue]:
    """Five convolutions with a residual branch, pooling and a product at the end."""
    first = nn.Conv2dOp(x, constant(6, 3, 3, 3), constant(6), pads=(1, 1, 1, 1))
    a = named(nn.ReluOp(first), "a")
    second = nn.Conv2dOp(a, constant(6, 1, 3, 3), constant(6), groups=6, pads=(1,) * 4)
    b = named(nn.ReluOp(second), "b")
    c = named(nn.Conv2dOp(b, constant(6, 6, 1, 1), constant(6)), "c")
    d = named(nn.AddOp(a, c), "d")
    third = nn.Conv2dOp(d, constant(8, 6, 1, 1), constant(8))
    e = named(nn.ReluOp(third), "e")
    f = named(nn.ReduceMeanOp(e, axes=(2, 3)), "f")
    flat = nn.ReshapeOp(f, (1, 8))
    scores = named(nn.MatMulOp(flat, constant(8, 5), constant(5)), "scores")
    return [nn.SoftmaxOp(scores, axis=1).result]


def model(build: Callable[[SSAValue], Sequence[SSAValue]] = layers) -> ModuleOp:
    return module_of(build, {"x": normal(1, 3, 8, 8)})


def by_name(module: ModuleOp) -> dict[str, SSAValue]:
    """Values by name; for a name used twice, the later one."""
    return {n: v for v, n in name_values(model_function(module)).items()}


def values_of(module: ModuleOp, x: Array) -> dict[SSAValue, Array]:
    exact: dict[SSAValue, Array] = {}
    interpreter.run(module, [x], exact.__setitem__)
    return exact


def names(module: ModuleOp, values: Sequence[SSAValue]) -> set[str]:
    known = name_values(model_function(module))
    return {known[value] for value in values}


@pytest.mark.parametrize(
    ("tensor", "frontier"),
    [
        # From a: to c by way of b, and to the product's operand by way of d.
        ("a", {"c", "scores"}),
        ("b", {"conv2d_2"}),
        ("c", {"scores"}),
        ("d", {"scores"}),
        ("e", {"scores"}),
        ("scores", set[str]()),
    ],
)
def test_the_frontier_is_the_second_contraction_or_the_output(
    tensor: str, frontier: set[str]
):
    module = model()
    cone = cone_of(by_name(module)[tensor])
    assert names(module, cone.frontier if cone else ()) == frontier


def rounded(x: Array, bounds: Range) -> Array:
    """What the int8 type of a range makes of the elements."""
    kind = activation_type(bounds)
    steps = np.rint(x / np.float32(kind.scale)) + kind.zero_point
    return (np.clip(steps, -128, 127) - kind.zero_point) * np.float32(kind.scale)


def recomputed(
    module: ModuleOp, exact: dict[SSAValue, Array], value: SSAValue, new: Array
) -> dict[SSAValue, Array]:
    """All values when one of them has other elements."""
    values = {**exact, value: new}
    for op in model_function(module).body.block.ops:
        if op.results and op is not value.owner and not op.name.startswith("func"):
            results = evaluate(op, [values[operand] for operand in op.operands])
            values.update(zip(op.results, results, strict=True))
            values[value] = new
    return values


@pytest.mark.parametrize("tensor", ["a", "b", "c", "d", "e"])
def test_errors_are_those_of_the_reference(tensor: str):
    module = model()
    value = by_name(module)[tensor]
    cone = cone_of(value)
    assert cone is not None
    probe = Probe(model_function(module), cone)
    exact = values_of(module, normal(1, 3, 8, 8, seed=5))
    low, high = float(exact[value].min()), float(exact[value].max())
    candidates = [(min(low, 0) * part, high * part) for part in (1.0, 0.7, 0.2)]
    found = probe.errors({v: exact[v] for v in probe.reads}, candidates)
    assert found.shape == (3, len(cone.frontier))
    for row, bounds in zip(found, candidates, strict=True):
        new = recomputed(module, exact, value, rounded(exact[value], bounds))
        expected = [np.mean((new[v] - exact[v]) ** 2) for v in cone.frontier]
        assert row.tolist() == pytest.approx(expected, rel=0.02)


def test_moments_are_those_of_numpy():
    module = model()
    cone = cone_of(by_name(module)["a"])
    assert cone is not None
    exact = values_of(module, normal(1, 3, 8, 8, seed=5))
    probe = Probe(model_function(module), cone)
    for value, (square, means) in zip(cone.frontier, probe.moments(exact), strict=True):
        x = exact[value].astype(np.float64)
        axes = (0, 2, 3) if x.ndim == 4 else (0,)
        assert square == pytest.approx(np.mean(x**2), rel=1e-5)
        assert means == pytest.approx(x.mean(axis=axes), rel=1e-5, abs=1e-6)


def outlier_samples(count: int = FEWEST_THAT_CUT) -> list[dict[str, Array]]:
    """Samples with one rare large element among small ones."""
    samples = [{"x": normal(1, 512, 16, seed=seed)} for seed in range(count)]
    samples[3]["x"][0, 5, 7] = 60
    return samples


def chosen(
    build: Callable[[SSAValue], Any], samples: list[dict[str, Array]] | None = None
) -> tuple[float, float]:
    """The part of what was seen that `auto` keeps of the tensor "t", at each end."""
    samples = samples or outlier_samples()
    module = module_of(build, samples[0])
    statistics = calibrate(module, samples, "auto")
    seen, kept = statistics.get(Histogram, "t"), statistics.get(SavedRange, "t")
    assert seen is not None
    assert kept is not None
    return kept.minimum / seen.minimum, kept.maximum / seen.maximum


def weights(*shape: int) -> nn.ConstantOp:
    return nn.ConstantOp(normal(*shape, seed=9) / np.float32(4))


def doubled(x: SSAValue) -> SSAValue:
    return named(nn.AddOp(x, x), "t")


def test_an_outlier_is_cut_off_before_a_product():
    def build(x: SSAValue):
        return [nn.MatMulOp(doubled(x), weights(16, 8)).result]

    low, high = chosen(build)
    assert high < 0.6
    assert 0.5 < low <= 1


def test_few_samples_cut_nothing_off():
    def build(x: SSAValue):
        return [nn.MatMulOp(doubled(x), weights(16, 8)).result]

    assert chosen(build, outlier_samples(FEWEST_THAT_CUT - 1)) == (1, 1)


def test_an_extreme_that_the_probed_samples_lack_stays():
    """Sample 1 of 64 is not probed; cutting its large elements off costs too much."""

    def build(x: SSAValue):
        return [nn.MatMulOp(doubled(x), weights(16, 8)).result]

    samples = [{"x": normal(1, 512, 16, seed=seed)} for seed in range(64)]
    samples[1]["x"][0, :200, 0] = 60
    assert chosen(build, samples)[1] == 1


def test_an_outlier_that_a_maximum_looks_for_stays():
    def build(x: SSAValue):
        largest = nn.ReduceMaxOp(doubled(x), axes=(1, 2))
        return [nn.MatMulOp(nn.ReshapeOp(largest, (1, 1)), weights(1, 8)).result]

    assert chosen(build)[1] == 1


def test_inputs_and_outputs_keep_all_that_was_seen():
    def build(x: SSAValue):
        product = named(nn.MatMulOp(x, weights(16, 16)), "t")
        return [nn.SoftmaxOp(product, axis=2).result]

    assert chosen(build) == (1, 1)
    module = module_of(build, outlier_samples()[0])
    saved = calibrate(module, outlier_samples(), "auto").range("x")
    assert saved is not None
    assert saved[1] == 60


def test_auto_takes_a_generator_and_uses_the_samples_kept():
    module = model()
    samples = [{"x": normal(1, 3, 8, 8, seed=seed)} for seed in range(9)]
    once = calibrate(module, iter(samples), "auto")
    assert once == calibrate(module, samples, "auto")


@pytest.mark.parametrize(
    ("count", "step"), [(5, 1), (8, 1), (9, 2), (17, 4), (100, 16)]
)
def test_kept_samples_are_spread_over_all(count: int, step: int):
    samples = [{"x": np.array([number])} for number in range(count)]
    spread = SpreadSamples(samples, 8)
    assert list(spread) == samples
    kept = [int(sample["x"][0]) for sample in spread.kept]
    assert kept == list(range(0, count, step))
