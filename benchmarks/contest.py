"""Runs contestants in turn, so that what disturbs the machine disturbs all of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

CLOCKS = ("wall", "cpu")

_BLOCK_NANOSECONDS = 20_000_000
"""A timed block repeats a short inference for so long."""

_WARM_UP = 0.25
"""
Inferences before a block, per timed one, and at least `_LEAST_WARM_UPS`: the contestant
before has left the caches full of its own weights and code, which an application would
not, and that costs those more who have more.
"""

_LEAST_WARM_UPS = 3

_LEAST_ROUNDS = 15


class CannotEnter(Exception):
    """The peer has no form of this model; that is no failure of it."""


@dataclass(frozen=True)
class Contestant:
    """One library with one model loaded and its inputs in place."""

    name: str
    run: Callable[[], object]
    """One inference, with as little around it as the library's Python allows."""
    output: Callable[[], Array]
    """The first output of the last run."""
    keep: object = None
    """What must live as long as this."""


@dataclass(frozen=True)
class Times:
    """Nanoseconds per inference of one contestant, one entry per round."""

    wall: NDArray[np.float64]
    cpu: NDArray[np.float64]
    """Of the process, all threads: unlike `wall` it does not count being preempted."""

    def of(self, clock: str) -> NDArray[np.float64]:
        """By one of `CLOCKS`."""
        assert clock in CLOCKS
        return self.wall if clock == "wall" else self.cpu


def _warm_ups(repeats: int) -> int:
    return max(_LEAST_WARM_UPS, int(_WARM_UP * repeats))


def _block(run: Callable[[], object], repeats: int) -> tuple[float, float]:
    for _ in range(_warm_ups(repeats)):
        run()
    wall, cpu = time.perf_counter_ns(), time.process_time_ns()
    for _ in range(repeats):
        run()
    cpu, wall = time.process_time_ns() - cpu, time.perf_counter_ns() - wall
    return wall / repeats, cpu / repeats


def race(contestants: Sequence[Contestant], seconds: float) -> dict[str, Times]:
    """
    Rounds in which every contestant runs one block; the order alternates.

    The number of rounds is what fits into `seconds`, but at least 15. A block is some
    inferences without a clock, then some with it.
    """
    repeats: dict[str, int] = {}
    round_nanoseconds = 0.0
    for contestant in contestants:
        once = min(_block(contestant.run, 1)[1] for _ in range(5))
        repeats[contestant.name] = max(1, int(_BLOCK_NANOSECONDS / max(once, 1)))
        runs = repeats[contestant.name]
        round_nanoseconds += once * (runs + _warm_ups(runs))
    rounds = max(_LEAST_ROUNDS, int(seconds * 1e9 / round_nanoseconds))
    samples: dict[str, list[tuple[float, float]]] = {c.name: [] for c in contestants}
    for number in range(rounds):
        for contestant in contestants[:: 1 if number % 2 else -1]:
            name = contestant.name
            samples[name].append(_block(contestant.run, repeats[name]))
    return {
        name: Times(*np.array(values, np.float64).T) for name, values in samples.items()
    }


def median_ratio(first: Times, second: Times, clock: str) -> float:
    """The median over rounds of first / second."""
    return float(np.median(first.of(clock) / second.of(clock)))


def signal_to_noise(output: Array, reference: Array) -> float:
    """10 log10(Σ reference² / Σ (output - reference)²), dB; infinite where equal."""
    wanted = reference.astype(np.float64).ravel()
    noise = float(np.sum((output.astype(np.float64).ravel() - wanted) ** 2))
    power = float(np.sum(wanted**2))
    return 10 * float(np.log10(power / noise)) if noise else float("inf")
