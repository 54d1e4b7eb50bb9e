"""The arithmetic of the accuracy table."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT))

from benchmarks.accuracy import few_samples  # noqa: E402
from benchmarks.accuracy.measure import bootstrap_error  # noqa: E402
from benchmarks.accuracy.report import markdown, verdicts  # noqa: E402


def row(drop: float, error: float, decibels: float) -> dict[str, float]:
    return {"score": 0.9, "drop": drop, "error": error, "decibels": decibels}


def test_bootstrap_error_is_that_of_the_mean():
    differences = np.random.default_rng(5).normal(size=400)
    exact = differences.std() / np.sqrt(400)
    assert bootstrap_error(differences) == pytest.approx(exact, rel=0.1)
    assert bootstrap_error(np.ones(10)) == 0


@pytest.mark.parametrize(
    ("ours", "expected"),
    [
        (row(0.2, 0.3, 30.0), ("yes", "yes")),
        (row(0.7, 0.3, 30.0), ("no", "yes")),
        # A peer that gains does not ask for a gain of ours.
        (row(0.3, 0.3, 20.0), ("yes", "no")),
    ],
)
def test_ours_is_compared_with_the_best_of_the_peers(
    ours: dict[str, float], expected: tuple[str, str]
):
    peers = {"a": row(-0.5, 0.1, 25.0), "b": row(0.4, 0.1, 28.0)}
    assert verdicts({"qcc": ours, **peers, "metric": "top1"}, "qcc") == expected


def test_a_tool_that_fails_is_named_and_not_compared():
    rows = {
        "qcc": row(0.0, 0.1, 30.0),
        "peer": {"failed": "no such op"},
        "metric": "top1",
    }
    assert verdicts(rows, "qcc") == ("", "")
    line = markdown({"net": rows}, "qcc").splitlines()[2]
    assert line == "| net | 0.00 ± 0.10 (30.0 dB) | fails |  |  |"


def test_few_samples_counts_models_that_lose() -> None:
    results = {"a": [(4, 0.5), (4, -0.1), (32, 1.0)], "b": [(4, -0.2), (4, -0.3)]}
    lines = few_samples.markdown(results).splitlines()
    assert lines[2].startswith("| a | +0.20 (-0.10) |  |  | +1.00 (+1.00) |")
    assert lines[3].startswith("| b | -0.25 (-0.30) |  |")
    assert lines[4].startswith("| mean of the models | -0.02 |")
    assert lines[5].startswith("| that lose more than 0.1 dB | 1 of 2 | 0 of 0 |")
