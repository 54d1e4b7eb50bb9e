"""Histograms: counting, merging, the file; and the ranges that methods make of them."""

import itertools
import json
from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from qcc.compiler.calibration import choices
from qcc.compiler.calibration.histogram_observer import (
    MOST_ELEMENTS,
    Accumulator,
    stride,
)
from qcc.dialects.errors import QccError
from qcc.passes.histogram import (
    BINS,
    SMALLEST_EXPONENT,
    Histogram,
    exponent_for,
)
from qcc.passes.ranges import Range, activation_type
from qcc.passes.statistics import Statistics

Array = NDArray[np.float32]


def histogram_of(*parts: Array) -> Histogram:
    """The histogram of several samples."""
    accumulator = Accumulator()
    for part in parts:
        accumulator.add(part, float(part.min()), float(part.max()))
    return accumulator.histogram()


def draws() -> dict[str, Array]:
    """Elements of several shapes of distribution."""
    generator = np.random.default_rng(3)
    normal = generator.normal(size=20_000).astype(np.float32)
    outliers = normal.copy()
    outliers[:3] = 40, 55, -23
    return {
        "normal": normal,
        "shifted": normal * 3 + 10,
        "relu": np.maximum(normal, 0),
        "relu6": np.clip(normal * 4, 0, 6),
        "outliers": outliers,
        "heavy": normal**3,
        "negative": -np.abs(normal) - 0.25,
        "tiny": normal * np.float32(1e-30),
        "huge": normal * np.float32(1e37),
        "constant": np.full(100, 0.7, np.float32),
        "zeros": np.zeros(100, np.float32),
        "power of two": np.array([-2.0, 1.0, -0.0, 2.0], np.float32),
    }


DRAWS = draws()


@pytest.mark.parametrize("name", DRAWS)
def test_every_element_is_in_its_bin(name: str):
    data = DRAWS[name]
    histogram = histogram_of(data)
    others = data[data != 0].astype(np.float64)
    assert histogram.zeros == np.sum(data == 0)
    assert histogram.total == data.size
    assert (histogram.minimum, histogram.maximum) == (data.min(), data.max())
    if others.size:
        counts, edges = np.histogram(others, histogram.edges())
        assert list(histogram.counts) == counts.tolist()
        # The last bin of numpy holds its right edge, ours does not.
        assert np.max(others) < edges[-1]
        used = max(-histogram.first, histogram.first + len(histogram.counts))
        assert BINS // 2 < used <= BINS
    else:
        assert histogram.counts == ()


def test_the_exponent_is_the_least_that_fits():
    for low, high in itertools.product((0, -1e-3, -4, -4.001), (0, 1e-20, 4, 3.999)):
        exponent = exponent_for(low, high)

        def fits(e: int, low: float = low, high: float = high) -> bool:
            return -BINS * 2.0**e <= low and high < BINS * 2.0**e

        assert fits(exponent)
        assert exponent == SMALLEST_EXPONENT or not fits(exponent - 1)


@pytest.mark.parametrize("name", DRAWS)
def test_samples_in_any_order_and_any_split_give_the_same(name: str):
    parts = np.array_split(DRAWS[name], 5)
    # Samples whose ranges differ widely, as those of a real model may.
    parts = [part * np.float32(4.0**-i) for i, part in enumerate(parts) if part.size]
    whole = histogram_of(*parts)
    assert histogram_of(*parts[::-1]) == whole
    first, second, third = (histogram_of(*parts[i::3]) for i in range(3))
    assert first.merge(second).merge(third) == whole
    assert third.merge(second.merge(first)) == whole


def test_the_file_is_exact():
    statistics = Statistics()
    for name, data in DRAWS.items():
        statistics.add(name, histogram_of(data))
    again = Statistics.from_text(statistics.to_text())
    assert again == statistics
    assert again.to_text() == statistics.to_text()


@pytest.mark.parametrize(
    "change",
    [
        {"counts": [1, -1, 1]},
        {"counts": [0, 1]},
        {"counts": [1.5]},
        {"counts": "12"},
        {"first": BINS},
        {"zeros": -1},
        {"exponent": 3},
        {"bounds": [1, 0]},
        {"bounds": [0, 1e39]},
        {"bounds": [0]},
    ],
)
def test_corrupt_histograms(change: dict[str, Any]):
    statistics = Statistics()
    statistics.add("x", histogram_of(np.array([0.5, 1.0, 0.0], np.float32)))
    content = json.loads(statistics.to_text())
    content["statistics"]["histogram"]["x"].update(change)
    with pytest.raises(QccError, match="not a statistics file"):
        Statistics.from_text(json.dumps(content))


def test_strides_leave_few_elements_of_every_column_and_channel():
    assert stride(MOST_ELEMENTS) == 1
    for shape in ((112, 112, 32), (3, 513, 513), (64, 480, 7), (1 << 15, 2)):
        elements = np.indices(shape).reshape(len(shape), -1)[:, :: stride(prod(shape))]
        assert MOST_ELEMENTS // 2 < elements.shape[1] <= MOST_ELEMENTS
        for indices, size in zip(elements, shape, strict=True):
            assert len(np.unique(indices)) >= min(size, 1000)


def rounded(data: Array, bounds: Range) -> NDArray[np.float64]:
    """What the int8 type of a range makes of the elements."""
    kind = activation_type(bounds)
    stored = np.rint(data.astype(np.float64) / kind.scale) + kind.zero_point
    return (np.clip(stored, -128, 127) - kind.zero_point) * kind.scale


def squared_error(data: Array, bounds: Range) -> float:
    return float(np.mean((rounded(data, bounds) - data) ** 2))


SPREAD = ("normal", "shifted", "relu", "outliers", "heavy", "negative")


@pytest.mark.parametrize("name", SPREAD)
@pytest.mark.parametrize("part", [1.0, 0.6, 0.1])
def test_the_expected_error_is_that_of_the_elements(name: str, part: float):
    data = DRAWS[name]
    bounds = min(0, float(data.min())) * part, max(0, float(data.max())) * part
    expected = squared_error(data, bounds)
    found = choices.rounding_error(histogram_of(data), bounds)
    assert found == pytest.approx(expected, rel=0.03)


@pytest.mark.parametrize("name", SPREAD)
def test_mse_is_the_best_of_all_pairs_of_ends(name: str):
    data = DRAWS[name][:4000]
    low, high = min(0, float(data.min())), max(0, float(data.max()))
    factors = choices.FACTORS[::4]
    pairs = itertools.product(low * factors, high * factors)
    best = min(squared_error(data, pair) for pair in dict.fromkeys(pairs))
    chosen = squared_error(data, choices.mse(histogram_of(data)))
    assert chosen <= best * 1.03


def test_mse_cuts_single_outliers_off_on_both_sides():
    outliers = np.array([-12, 16], np.float32)
    low, high = choices.mse(histogram_of(*[DRAWS["normal"]] * 100, outliers))
    assert -8 < low < -2
    assert 2 < high < 8
    # What saturates hard keeps its limit.
    assert choices.mse(histogram_of(DRAWS["relu6"])) == pytest.approx((0, 6), rel=0.05)


@pytest.mark.parametrize("name", SPREAD)
def test_percentile_is_that_of_numpy(name: str):
    data = DRAWS[name]
    histogram = histogram_of(data)
    low, high = choices.percentile(histogram)
    cut = (100 - choices.PERCENTILE) / 2
    ends = [
        np.percentile(data, cut, method="inverted_cdf"),
        np.percentile(data, 100 - cut, method="inverted_cdf"),
    ]
    assert low == pytest.approx(min(0.0, ends[0]), abs=histogram.width)
    assert high == pytest.approx(max(0.0, ends[1]), abs=histogram.width)
    assert histogram.minimum <= max(low, histogram.minimum)


def divergence(data: Array, histogram: Histogram, t: float) -> float:
    """Kullback-Leibler divergence, bin by bin, as the method's docstring says it."""
    low, high = max(min(histogram.minimum, 0), -t), min(max(histogram.maximum, 0), t)
    width = histogram.width
    first, end = round(low / width), round(high / width)
    original: dict[int, float] = {}
    kept: dict[int, float] = {}
    start = histogram.first
    stop = start + len(histogram.counts)
    first, end = max(first, start), min(end, stop)
    for number in range(start, stop):
        elements = histogram.counts[number - start]
        target = min(max(number, first), end - 1)
        original[target] = original.get(target, 0) + elements
        if target == number:
            kept[number] = elements
    levels: dict[int, list[int]] = {}
    for number, elements in kept.items():
        if elements:
            level = round((number + 0.5) * width * 255 / (high - low))
            levels.setdefault(level, []).append(number)
    int8 = {number: 0.5 for number, elements in original.items() if elements}
    for members in levels.values():
        share = sum(kept[number] for number in members) / len(members)
        int8.update((number, max(share, 0.5)) for number in members)
    p_total = sum(original.values())
    q_total = sum(int8.values())
    return sum(
        original[n] / p_total * np.log((original[n] / p_total) / (q / q_total))
        for n, q in int8.items()
    )


@pytest.mark.parametrize("name", ["normal", "relu", "outliers", "heavy"])
def test_entropy_has_the_least_divergence(name: str):
    data = DRAWS[name]
    histogram = histogram_of(data)
    bounds = choices.entropy(histogram)
    low, high = min(0.0, float(data.min())), max(0.0, float(data.max()))
    values = {
        t: divergence(data, histogram, t)
        for t in (max(-low, high) * choices.FACTORS).tolist()
        if min(t, high) + min(t, -low) >= 255 * histogram.width
    }
    best = min(values, key=lambda t: values[t])
    assert bounds == pytest.approx((max(low, -best), min(high, best)), rel=1e-6)


RULES = [choices.percentile, choices.mse, choices.entropy]


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", DRAWS)
def test_ranges_hold_0_and_nothing_that_was_not_seen(
    rule: Callable[[Histogram], Range], name: str
):
    data = DRAWS[name]
    low, high = rule(histogram_of(data))
    assert min(0, float(data.min())) <= low <= 0 <= high <= max(0, float(data.max()))
    if data.any():
        assert high > low
    assert activation_type((low, high)).scale > 0


def all_ranges(parts: Sequence[Array]) -> list[Range]:
    return [rule(histogram_of(*parts)) for rule in RULES]


def test_ranges_do_not_depend_on_the_order_of_samples():
    parts = np.array_split(DRAWS["heavy"], 7)
    assert all_ranges(parts) == all_ranges(parts[::-1])
