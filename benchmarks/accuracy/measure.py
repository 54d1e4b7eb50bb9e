"""Scores, their drop with its standard error, and signal to noise ratios."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.subjects import Array, Subject
from benchmarks.accuracy.tools import Run

Doubles = NDArray[np.float64]

RESAMPLES = 2000
"""Of the bootstrap."""


@dataclass
class Measured:
    """One tool on one model."""

    score: float
    """In the unit of the zoo's metric."""
    drop: float | None
    """Float score minus score, in points; None for metrics in decibels."""
    error: float | None
    """One standard error of the drop, in points."""
    decibels: float
    """Signal to noise ratio over all samples, of the worst output or logits."""


@dataclass
class _Tally:
    """What is kept of a tool's outputs."""

    outputs: list[Sequence[Array]] = field(default_factory=list[Sequence[Array]])
    signal: Doubles = field(default_factory=lambda: np.zeros(()))
    noise: Doubles = field(default_factory=lambda: np.zeros(()))

    def add(
        self, subject: Subject, got: Sequence[Array], exact: Sequence[Array]
    ) -> None:
        self.outputs.append([np.array(array) for array in got[: subject.outputs]])
        pairs = [(exact[i].astype(np.float64), got[i]) for i in subject.compared]
        squares = [np.sum(np.square(x)) for x, _ in pairs]
        errors = [np.sum(np.square(x - y.reshape(x.shape))) for x, y in pairs]
        self.signal = self.signal + np.array(squares)
        self.noise = self.noise + np.array(errors)

    def decibels(self) -> float:
        with np.errstate(divide="ignore"):
            return float(np.min(10 * np.log10(self.signal / self.noise)))


def measure(
    subject: Subject, exact: Run, runs: Mapping[str, Run], most: int | None = None
) -> dict[str, Measured]:
    """Each of `runs`, and the float model, over the evaluation samples."""
    tallies = {name: _Tally() for name in runs}
    reference = _Tally()
    truth: list[Any] = []
    for feeds, label in subject.case.evaluation(most):
        wanted = exact(feeds)
        reference.add(subject, wanted, wanted)
        truth.append(label if subject.case.labelled else reference.outputs[-1])
        for name, run in runs.items():
            tallies[name].add(subject, run(feeds), wanted)
    singles = _single_scores(subject, reference.outputs, truth)
    whole = subject.case.score(reference.outputs, truth)
    found: dict[str, Measured] = {}
    for name, tally in tallies.items():
        score = float(subject.case.score(tally.outputs, truth))
        drop = error = None
        if np.isfinite(whole):
            drop = 100 * float(whole - score)
            each = _single_scores(subject, tally.outputs, truth)
            error = 100 * bootstrap_error(singles - each)
        found[name] = Measured(score, drop, error, tally.decibels())
    return found


def _single_scores(
    subject: Subject, outputs: Sequence[Sequence[Array]], truth: Sequence[Any]
) -> Doubles:
    pairs = zip(outputs, truth, strict=True)
    return np.array([subject.case.score([got], [want]) for got, want in pairs])


def bootstrap_error(differences: Doubles) -> float:
    """The standard error of the mean of paired differences, by resampling them."""
    random = np.random.default_rng(0)
    count = len(differences)
    means = [
        differences[random.integers(count, size=count)].mean() for _ in range(RESAMPLES)
    ]
    return float(np.std(means))
