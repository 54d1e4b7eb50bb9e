"""`Statistics`: merging, the file format, the current one."""

import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from qcc.dialects.errors import QccError
from qcc.passes import statistics as statistics_module
from qcc.passes.statistics import Range, Statistics, current, summary_kind, use


def of(**ranges: tuple[float, float]) -> Statistics:
    result = Statistics()
    for tensor, (minimum, maximum) in ranges.items():
        result.add(tensor, Range(minimum, maximum))
    return result


def test_merge_is_the_union_of_ranges():
    merged = of(a=(-1, 2), b=(0, 1)).merge(of(a=(0, 3), c=(5, 5)))
    assert merged.range("a") == (-1, 3)
    assert merged.range("b") == (0, 1)
    assert merged.range("c") == (5, 5)
    assert merged.range("d") is None
    assert list(merged.tensors()) == ["a", "b", "c"]


def test_replace_forgets_what_was_seen():
    statistics = of(a=(-1, 2))
    statistics.replace("a", Range(0, 1))
    assert statistics.range("a") == (0, 1)


def test_file_is_exact_and_independent_of_the_order_of_merging(tmp_path: Path):
    draw = np.random.default_rng(0).normal(size=(200, 2)).astype(np.float32)
    parts = [of(**{f"t{i % 20}": (min(x), max(x))}) for i, x in enumerate(draw)]
    parts += [of(zero=(-0.0, 0.0)), of(zero=(0.0, -0.0))]
    texts: set[str] = set()
    for seed in range(3):
        random.Random(seed).shuffle(parts)
        merged = Statistics()
        for part in parts:
            merged.merge(part)
        texts.add(merged.to_text())
    assert len(texts) == 1
    merged.save(tmp_path / "ranges.json")
    assert Statistics.load(tmp_path / "ranges.json") == merged
    assert [path.name for path in tmp_path.iterdir()] == ["ranges.json"]
    low, high = draw[::20].min(), draw[::20].max()
    assert merged.range("t0") == (low, high)


def test_floats_are_written_as_the_shortest_float32():
    assert '"x": [-0.1, 16777216.0]' in of(x=(-0.1, 2**24)).to_text()


def test_a_float_whose_shortest_text_is_a_tie_in_binary64():
    value = float(np.nextafter(np.float32(7.0385313e-26), np.float32(0)))
    assert float(np.float32(float(str(np.float32(value))))) != value
    again = Statistics.from_text(of(x=(-value, value)).to_text())
    assert again.range("x") == (-value, value)


def test_strange_tensor_names_survive():
    names = ['a"b', "a/b:0", "é\n", ""]
    statistics = Statistics()
    for name in names:
        statistics.add(name, Range(0, 1))
    again = Statistics.from_text(statistics.to_text())
    assert sorted(again.tensors()) == sorted(names)


def test_empty_statistics_survive():
    assert Statistics.from_text(Statistics().to_text()) == Statistics()


@pytest.mark.parametrize(
    "bounds", [(1, 0), (float("nan"), 0), (0, float("inf")), (0, 1e39)]
)
def test_what_is_no_range(bounds: tuple[float, float]):
    with pytest.raises(ValueError, match="not a range"):
        Range(*bounds)


GOOD = of(x=(0, 1)).to_text()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not JSON"),
        (GOOD[:-5], "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "format"),
        ("{}", "format"),
        (GOOD.replace('"version": 1', '"version": 2'), "version 2"),
        (GOOD.replace("range", "median"), "unknown kind of statistics 'median'"),
        (GOOD.replace("[0.0, 1.0]", "[1.0, 0.0]"), "tensor 'x'"),
        (GOOD.replace("[0.0, 1.0]", "[1.0]"), "tensor 'x'"),
        (GOOD.replace("[0.0, 1.0]", '["0", "1"]'), "tensor 'x'"),
        (GOOD.replace("1.0]", "NaN]"), "NaN"),
        (GOOD.replace("1.0]", "1e99]"), "tensor 'x'"),
        (GOOD.replace("1.0]", "1" + "0" * 400 + "]"), "tensor 'x'"),
        (GOOD.replace("{\n    ", "[\n    "), "not JSON"),
        ('{"format": "qcc statistics", "version": 1}', '"statistics"'),
    ],
)
def test_corrupt_file_is_one_clear_error(tmp_path: Path, text: str, message: str):
    path = tmp_path / "ranges.json"
    path.write_text(text)
    with pytest.raises(QccError) as caught:
        Statistics.load(path)
    assert str(path) in str(caught.value)
    assert message in str(caught.value)


def test_missing_and_binary_file(tmp_path: Path):
    with pytest.raises(QccError, match="No such file"):
        Statistics.load(tmp_path / "none.json")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(QccError, match="not a text file"):
        Statistics.load(tmp_path / "binary")
    with pytest.raises(QccError, match="No such file"):
        Statistics().save(tmp_path / "none" / "ranges.json")


def test_use_as_function_and_as_block():
    first, second = of(a=(0, 1)), of(a=(0, 2))
    with use(first):
        use(second)
        assert current() is second
        with use(first) as inside:
            assert current() is first is inside
        assert current() is second
    assert current() == Statistics()


def test_another_kind_of_summary_merges_and_survives(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(statistics_module, "_KINDS", {"range": Range})

    @summary_kind
    @dataclass(frozen=True)
    class Count:
        kind: ClassVar[str] = "count"
        number: int

        def merge(self, other: "Count") -> "Count":
            return Count(self.number + other.number)

        def to_json(self) -> object:
            return self.number

        @classmethod
        def from_json(cls, data: Any) -> "Count":
            return cls(int(data))

    statistics = of(a=(0, 1))
    statistics.add("a", Count(2))
    statistics.merge(statistics)
    again = Statistics.from_text(statistics.to_text())
    assert again.get(Count, "a") == Count(4)
    assert again.range("a") == (0, 1)
