"""Calibration: ranges as numpy finds them, bounded memory, clear errors."""

import resource
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from model_building import Array, constant, module_of, normal
from xdsl.dialects.builtin import Float32Type, ModuleOp
from xdsl.ir import SSAValue

from qcc.compiler.calibration import (
    calibrate,
    calibration_methods,
    choices,
    input_specs,
    methods,
)
from qcc.compiler.calibration.auto import Auto
from qcc.compiler.calibration.histogram_observer import choose_ranges, stride
from qcc.compiler.calibration.observers import MinMax
from qcc.compiler.onnx_export.graph import GraphBuilder
from qcc.dialects import nn
from qcc.dialects.errors import QccError
from qcc.dialects.naming import model_function, name_values, set_tensor_name
from qcc.dialects.reference import interpreter
from qcc.dialects.types import element_type_of
from qcc.passes.histogram import BINS, Histogram
from qcc.passes.quantization_plan import is_chained
from qcc.passes.statistics import Range, Statistics


def small_model() -> ModuleOp:
    def build(x: SSAValue):
        conv = nn.Conv2dOp(x, constant(6, 4, 3, 3), constant(6), pads=(1, 1, 1, 1))
        relu = nn.ReluOp(conv)
        pool = nn.MaxPool2dOp(relu, kernel=(2, 2), strides=(2, 2))
        flat = nn.ReshapeOp(pool, (1, 6 * 3 * 3))
        product = nn.MatMulOp(flat, constant(54, 5), constant(5))
        best = nn.ArgMaxOp(product, axis=1)
        return [nn.SigmoidOp(product).result, best.result]

    return module_of(build, {"x": normal(1, 4, 7, 6)}, ["y", "best"])


def numpy_ranges(
    module: ModuleOp, samples: Sequence[dict[str, Array]]
) -> dict[str, tuple[float, float]]:
    """The least and greatest element of every float value in the reference."""
    names = name_values(model_function(module))
    ranges: dict[str, tuple[float, float]] = {}

    def observe(value: SSAValue, array: Array) -> None:
        if isinstance(element_type_of(value), Float32Type):
            low, high = ranges.get(names[value], (np.inf, -np.inf))
            ranges[names[value]] = (min(low, array.min()), max(high, array.max()))

    for sample in samples:
        interpreter.run(module, list(sample.values()), observe)
    return ranges


def test_ranges_are_those_of_all_intermediate_values():
    module = small_model()
    samples = [{"x": normal(1, 4, 7, 6, seed=seed) * (seed + 1)} for seed in range(7)]
    statistics = calibrate(module, samples, "minmax")
    names = name_values(model_function(module))
    expected = numpy_ranges(module, samples)
    for value, name in names.items():
        if isinstance(value.owner, nn.ConstantOp):
            del expected[name]
        elif isinstance(value.owner, nn.Conv2dOp):
            # Its relu is fused with it: the value between them is never rounded.
            assert is_chained(value.owner)
            del expected[name]
    assert set(statistics.tensors()) == set(expected)
    assert len(expected) == 6
    for name, bounds in expected.items():
        assert statistics.range(name) == pytest.approx(bounds, rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("method", calibration_methods())
def test_statistics_do_not_depend_on_the_number_of_threads(method: str):
    samples = [{"x": normal(4, 7, 6, seed=seed)} for seed in range(20)]
    texts = {
        calibrate(small_model(), samples, method, threads=threads).to_text()
        for threads in (1, 2, 7)
    }
    assert len(texts) == 1


def test_partial_statistics_merge_to_the_whole():
    samples = [{"x": normal(4, 7, 6, seed=seed)} for seed in range(9)]
    whole = calibrate(small_model(), samples, "minmax")
    parts = [calibrate(small_model(), samples[i::3], "minmax") for i in range(3)]
    assert parts[2].merge(parts[0]).merge(parts[1]) == whole


def elements(module: ModuleOp, samples: Sequence[dict[str, Array]]):
    """All elements of each float value in the reference, one array per sample."""
    names = name_values(model_function(module))
    found: dict[str, list[Array]] = {}

    def observe(value: SSAValue, array: Array) -> None:
        if isinstance(element_type_of(value), Float32Type):
            found.setdefault(names[value], []).append(array.ravel())

    for sample in samples:
        interpreter.run(module, list(sample.values()), observe)
    return found


def spread_samples(count: int = 9) -> list[dict[str, Array]]:
    return [{"x": normal(1, 4, 7, 6, seed=n) * (n + 1)} for n in range(count)]


def test_moving_average_is_the_mean_of_the_extremes():
    module, samples = small_model(), spread_samples()
    statistics = calibrate(module, samples, "moving-average")
    for name, arrays in elements(module, samples).items():
        if name not in set(statistics.tensors()):
            continue
        means = np.mean([[a.min(), a.max()] for a in arrays], axis=0)
        assert statistics.range(name) == pytest.approx(means, rel=1e-5, abs=1e-6)


RULES = {
    "percentile": choices.percentile,
    "entropy": choices.entropy,
    "mse": choices.mse,
}


@pytest.mark.parametrize("method", RULES)
def test_methods_with_histograms_see_all_elements(method: str):
    module, samples = small_model(), spread_samples()
    statistics = calibrate(module, samples, method)
    checked = 0
    for name, arrays in elements(module, samples).items():
        histogram = statistics.get(Histogram, name)
        if histogram is None:
            continue
        data = np.concatenate(arrays)
        assert histogram.total == data.size
        bounds = [histogram.minimum, histogram.maximum]
        assert bounds == pytest.approx([data.min(), data.max()], rel=1e-5)
        found = histogram.all_counts()
        found[BINS] += histogram.zeros
        expected, _ = np.histogram(data, np.arange(-BINS, BINS + 1) * histogram.width)
        # The last bits of a sum differ, which can move single elements to the next bin.
        assert np.abs(np.cumsum(expected) - np.cumsum(found)).max() <= 2
        assert statistics.range(name) == pytest.approx(RULES[method](histogram))
        checked += 1
    assert checked >= 4


@pytest.mark.parametrize("method", RULES)
def test_histograms_of_parts_merge_to_the_whole(method: str):
    samples = spread_samples()
    whole = calibrate(small_model(), samples, method)
    parts = [calibrate(small_model(), samples[i::3], method) for i in range(3)]
    merged = parts[2].merge(parts[0]).merge(parts[1])
    choose_ranges(merged, RULES[method])
    for name in whole.tensors(Histogram):
        assert merged.get(Histogram, name) == whole.get(Histogram, name)
        assert merged.range(name) == whole.range(name)


def test_of_large_tensors_every_nth_element_is_counted():
    x = normal(1, 40, 50, 60)
    module = module_of(lambda x: [nn.NegOp(x).result], {"x": x})
    histogram = calibrate(module, [{"x": x}], "mse").get(Histogram, "x")
    assert histogram is not None
    step = stride(x.size)
    assert step > 1
    counted = x.ravel()[::step]
    assert histogram.total == counted.size
    counts, _ = np.histogram(counted, histogram.edges())
    assert list(histogram.counts) == counts.tolist()
    assert (histogram.minimum, histogram.maximum) == (x.min(), x.max())


def test_names_of_the_model_are_kept_and_moved_elements_keep_their_range():
    def build(x: SSAValue):
        moved = nn.TransposeOp(nn.ReshapeOp(x, (2, 6)), permutation=(1, 0))
        set_tensor_name(moved, "moved")
        return [nn.ExpandOp(moved, (3, 6, 2)).result]

    module = module_of(build, {"in:0": normal(1, 3, 4)})
    data = normal(3, 4)
    statistics = calibrate(module, [{"in:0": data}])
    bounds = (data.min(), data.max())
    assert len(list(statistics.tensors())) == 4
    for name in statistics.tensors():
        assert statistics.range(name) == bounds
    assert {"in:0", "moved"} <= set(statistics.tensors())


def test_no_more_samples_are_read_than_threads_need():
    module = small_model()
    alive, most, lock = 0, 0, threading.Lock()

    class Counted(np.ndarray[Any, Any]):
        def __del__(self) -> None:
            nonlocal alive
            with lock:
                alive -= 1

    def generate() -> Iterator[dict[str, Array]]:
        nonlocal alive, most
        for _ in range(200):
            with lock:
                alive += 1
                most = max(most, alive)
            yield {"x": normal(1, 4, 7, 6).view(Counted)}

    calibrate(module, generate(), "mse", threads=2)
    assert most <= 6
    calibrate(module, generate(), "auto", threads=2)
    assert most <= 6 + Auto.kept_samples


def peak_memory_growth(path: Path, method: str) -> int:
    """By how much a calibration with many samples exceeds one with few, in bytes."""
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); "
        "import test_calibration; test_calibration.print_memory_growth(sys.argv[2])"
    )
    result = subprocess.run(
        [sys.executable, "-c", program, str(path), method],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return int(result.stdout) * 1024


def print_memory_growth(method: str) -> None:
    """Runs in a process of its own: the peak of a process never falls."""

    def samples(count: int) -> Iterator[dict[str, Array]]:
        for number in range(count):
            yield {"x": np.full((1, 1 << 18), number, np.float32)}

    module = module_of(
        lambda x: [nn.AddOp(nn.SqrtOp(x), x).result],
        {"x": np.zeros((1, 1 << 18), np.float32)},
    )
    calibrate(module, samples(40), method, threads=2)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    statistics = calibrate(module, samples(400), method, threads=2)
    assert statistics.range("x") == (0, 399)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)


@pytest.mark.parametrize("method", ["minmax", "mse", "auto"])
def test_memory_does_not_grow_with_the_number_of_samples(method: str):
    # 400 samples are 400 MB, and as much again for each intermediate value.
    assert peak_memory_growth(Path(__file__).parent, method) < 40 << 20


@pytest.mark.parametrize("method", ["minmax", "mse", "auto"])
@pytest.mark.parametrize(
    ("build", "x", "found"),
    [
        (nn.SqrtOp, -1.0, "gives NaN"),
        (nn.LogOp, 0.0, "values from -inf to 0.0"),
        (nn.ReciprocalOp, 0.0, "values from 1.0 to inf"),
    ],
)
def test_nan_and_infinity_inside_the_model(
    build: Callable[[SSAValue], Any], x: float, found: str, method: str
):
    def model(x: SSAValue):
        op = build(x)
        set_tensor_name(op, "inner")
        # A relu hides NaN: the ranges after it look well.
        return [nn.ReluOp(nn.AddOp(nn.ConcatOp([op, x], axis=0), x)).result]

    samples = [{"x": np.ones((1, 8), np.float32)} for _ in range(5)]
    samples[3]["x"][0, 5] = x
    with pytest.raises(QccError) as caught:
        calibrate(module_of(model, {"x": samples[0]["x"]}), samples, method)
    assert "'inner'" in str(caught.value)
    assert found in str(caught.value)


def test_a_tensor_without_elements():
    def build(x: SSAValue):
        empty = nn.SliceOp(x, starts=(0,), sizes=(0,))
        return [nn.NegOp(empty).result]

    with pytest.raises(QccError, match="without elements"):
        calibrate(module_of(build, {"x": normal(3)}), [{"x": normal(3)}])


def test_sums_that_overflow_are_no_error():
    x = np.full((4,), 3e38, np.float32)
    module = module_of(lambda x: [nn.NegOp(x).result], {"x": x})
    assert calibrate(module, [{"x": x}]).range("x") == (x[0], x[0])


@pytest.mark.parametrize(
    ("samples", "method", "found"),
    [
        ([], "minmax", "no samples"),
        ([{"z": normal(4, 7, 6)}], "minmax", "'x'"),
        ([{"x": normal(4, 7, 5)}], "minmax", "[1, 4, 7, 6]"),
        (
            [{"x": normal(4, 7, 6)}],
            "magic",
            "use one of auto, entropy, minmax, moving-average, mse, percentile",
        ),
    ],
)
def test_bad_samples_and_methods(samples: Any, method: str, found: str):
    with pytest.raises(QccError) as caught:
        calibrate(small_model(), samples, method)
    assert found in str(caught.value)


def test_an_error_in_the_users_generator_is_the_users():
    def generate() -> Iterator[dict[str, Array]]:
        yield {"x": normal(4, 7, 6)}
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        calibrate(small_model(), generate())


def test_an_index_out_of_range_is_one_clear_error():
    module = module_of(
        lambda i: [nn.GatherOp(constant(4), i).result], {"i": np.zeros(1, np.int64)}
    )
    with pytest.raises(QccError, match="onnxruntime fails"):
        calibrate(module, [{"i": np.array([99])}])


def test_input_specs():
    module = module_of(
        lambda x, i: [x, i], {"x": normal(1, 2), "i": np.arange(3)}, "ab"
    )
    specs = [(spec.name, spec.shape, spec.dtype) for spec in input_specs(module)]
    assert specs == [("x", (1, 2), np.float32), ("i", (3,), np.int64)]


def test_a_method_with_two_passes_plugs_in(monkeypatch: pytest.MonkeyPatch):
    """Means of the elements within the range: needs the range first, and elements."""

    class InnerMean(MinMax):
        passes = 2

        def __init__(self) -> None:
            super().__init__()
            self.seen: Statistics | None = None
            self.inside: dict[str, list[Array]] = {}

        def fetches(self, graph: GraphBuilder, value: str, size: int) -> Sequence[str]:
            return super().fetches(graph, value, size) if not self.seen else [value]

        def observe(self, tensor: str, fetched: Sequence[Array]) -> None:
            if self.seen is None:
                super().observe(tensor, fetched)
                return
            low, high = self.seen.range(tensor) or (0, 0)
            (array,) = fetched
            inner = array[(array > low) & (array < high)]
            self.inside.setdefault(tensor, []).append(inner)

        def end_pass(self, statistics: Statistics) -> None:
            if self.seen is None:
                super().end_pass(statistics)
                self.seen = statistics
                return
            for tensor, parts in self.inside.items():
                mean = float(np.concatenate(parts).mean())
                statistics.replace(tensor, Range(mean, mean))

    monkeypatch.setitem(methods._METHODS, "inner-mean", InnerMean)  # pyright: ignore
    module = module_of(lambda x: [nn.NegOp(x).result], {"x": normal(1, 50)})
    samples = [{"x": normal(50, seed=seed)} for seed in range(6)]
    ordered = np.sort(np.concatenate([sample["x"] for sample in samples]))
    statistics = calibrate(module, samples, "inner-mean")
    mean = ordered[1:-1].mean()
    assert statistics.range("x") == pytest.approx((mean, mean), rel=1e-5)
    assert statistics.range("y") is None
    with pytest.raises(QccError, match="only once"):
        calibrate(module, iter(samples), "inner-mean")


def test_the_bar_is_on_stderr_and_only_on_demand(capsys: pytest.CaptureFixture[str]):
    samples = [{"x": normal(4, 7, 6)}] * 3
    calibrate(small_model(), samples)
    assert capsys.readouterr() == ("", "")
    calibrate(small_model(), samples, progress=True)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "calibrating" in captured.err
    assert "3/3" in captured.err
    calibrate(small_model(), (sample for sample in samples), progress=True)
    assert "3/?" in capsys.readouterr().err
