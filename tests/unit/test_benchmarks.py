"""The contest's arithmetic, and that a process can be held to an instruction set."""

from __future__ import annotations

import os
import platform
import struct
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT))

from benchmarks.acceptance.arena_and_code import code_bytes  # noqa: E402
from benchmarks.contest import Contestant, Times, race, signal_to_noise  # noqa: E402
from benchmarks.machine import build_hold_isa  # noqa: E402
from benchmarks.report import (  # noqa: E402
    Result,
    geometric_mean,
    markdown,
    read_json,
    write_json,
)


def spin(milliseconds: float) -> Contestant:
    """Busy for a time, by the CPU's clock."""

    def run() -> None:
        end = time.process_time_ns() + milliseconds * 1e6
        while time.process_time_ns() < end:
            pass

    return Contestant(f"{milliseconds} ms", run, lambda: np.zeros(1))


def times(*milliseconds: float) -> Times:
    values = np.array(milliseconds) * 1e6
    return Times(values, values)


def test_race_measures_each_by_both_clocks():
    measured = race([spin(2), spin(0.1)], seconds=0.1)
    assert list(measured) == ["2 ms", "0.1 ms"]
    slow, fast = measured["2 ms"], measured["0.1 ms"]
    assert len(slow.wall) == len(slow.cpu) == len(fast.cpu) >= 15
    assert 2e6 <= np.median(slow.cpu) < 3e6
    assert 1e5 <= np.median(fast.cpu) < 2e5
    assert np.median(slow.wall) >= np.median(slow.cpu) * 0.99


def test_signal_to_noise():
    reference = np.array([3.0, -4.0])
    assert signal_to_noise(reference, reference) == float("inf")
    assert signal_to_noise(reference + 0.5, reference) == pytest.approx(
        10 * np.log10(25 / 0.5)
    )


def test_ratio_is_to_the_fastest_peer_that_computes_the_model():
    result = Result("m", 1, decibels={"qcc": 30, "a": 40, "b": 20, "nonsense": 3})
    result.fill(
        {
            "qcc": times(1, 2, 3),
            "a": times(4, 4, 4),
            "b": times(2, 2, 12),
            "nonsense": times(0.1, 0.1, 0.1),
        },
        ["qcc"],
    )
    assert result.best_peer == {"wall": "b", "cpu": "b"}
    # The median of 1/2, 2/2, 3/12: pairs, not medians.
    assert result.ratios["cpu"] == {"qcc": 0.5}
    assert result.minimum_ratios["cpu"] == {"qcc": 0.5}
    assert result.milliseconds["wall"]["nonsense"] == pytest.approx(0.1)


def test_geometric_mean():
    assert geometric_mean([0.5, 2.0, 1.0]) == pytest.approx(1)


def test_table_marks_nonsense_and_failures():
    result = Result("m", 1, failures={"b": "why"})
    result.decibels = {"qcc": 30, "a": 40, "nonsense": 3, "exact": float("inf")}
    names = ("qcc", "a", "nonsense", "exact")
    result.fill({name: times(1, 1) for name in names}, ["qcc"])
    other = Result("n", 1, decibels={"qcc": 30, "b": 20})
    other.fill({"qcc": times(1), "b": times(4)}, ["qcc"])
    lines = markdown([result, other], "cpu").splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert cells[0][:6] == ["model", "qcc", "a", "nonsense", "exact", "b"]
    assert cells[0][6:] == ["best peer", "qcc / best", "by minima"]
    assert cells[2][1:6] == ["1 (30)", "1 (40)", "wrong: 1 (3)", "1", "fails"]
    assert cells[2][6:] == ["a", "1.00", "1.00"]
    assert cells[3][1:] == ["1 (30)", "", "", "", "4 (20)", "b", "0.25", "0.25"]
    assert cells[4][-2:] == ["0.50", "0.50"]


def test_json_round_trip(tmp_path: Path):
    result = Result("m", 5, decibels={"qcc": 30, "a": 40}, failures={"b": "why"})
    result.fill({"qcc": times(1, 1), "a": times(2, 2)}, ["qcc"])
    write_json([result], {"features": []}, tmp_path / "r.json")
    assert read_json(tmp_path / "r.json") == [result]


def test_code_bytes_are_those_of_sections_with_instructions(tmp_path: Path):
    """Three section headers after a 64-byte ELF header: code, data, more code."""
    headers = [
        struct.pack("<IIQQQQIIQQ", 0, 1, flags, 0, 0, size, 0, 0, 0, 0)
        for flags, size in ((6, 100), (3, 5000), (4, 20))
    ]
    start = b"\x7fELF\x02\x01".ljust(40, b"\0") + struct.pack("<Q", 64)
    start = start.ljust(58, b"\0") + struct.pack("<HHH", 64, 3, 0)
    path = tmp_path / "library.so"
    path.write_bytes(start + b"".join(headers))
    assert code_bytes(path) == 120


@pytest.mark.skipif(platform.machine() != "x86_64", reason="CPUID is of x86-64")
@pytest.mark.parametrize("isa", ["avx512vnni", "avx2"])
def test_hold_isa_hides_what_is_better(isa: str, tmp_path: Path):
    library = build_hold_isa(tmp_path)
    ask = f"import ctypes; print(ctypes.CDLL({str(library)!r}).hold_isa_seen())"
    command = [sys.executable, "-c", ask]
    free = subprocess.run(command, capture_output=True, text=True, check=True)
    held = subprocess.run(
        command,
        capture_output=True,
        text=True,
        env={**os.environ, "HOLD_ISA": isa, "LD_PRELOAD": str(library)},
    )
    if held.returncode == 75:
        pytest.skip("this CPU or kernel cannot fault on CPUID")
    # 1 is AVX512-VNNI, 2 is AMX.
    allowed = {"avx512vnni": 1, "avx2": 0}[isa]
    assert int(held.stdout) == int(free.stdout) & allowed
