"""The contest's results: a table, JSON, a picture."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table
from rich.text import Text

from benchmarks.contest import CLOCKS, Times, median_ratio

SENSIBLE_DECIBELS = 10.0
"""A peer whose output is further from float32 is not counted: it computes nonsense."""


@dataclass
class Result:
    """One model's race."""

    model: str
    macs: int
    of: str = ""
    """Fingerprint of the compiler that made our libraries."""
    milliseconds: dict[str, dict[str, float]] = field(
        default_factory=dict[str, dict[str, float]]
    )
    """By clock, by contestant: median."""
    minima: dict[str, dict[str, float]] = field(
        default_factory=dict[str, dict[str, float]]
    )
    """By clock, by contestant: ms of the fastest block, the least disturbed."""
    decibels: dict[str, float] = field(default_factory=dict[str, float])
    """Signal to noise ratio of the output against float32."""
    failures: dict[str, str] = field(default_factory=dict[str, str])
    best_peer: dict[str, str] = field(default_factory=dict[str, str])
    """By clock."""
    ratios: dict[str, dict[str, float]] = field(
        default_factory=dict[str, dict[str, float]]
    )
    """By clock, by contestant of ours: median of time / best peer's time."""
    minimum_ratios: dict[str, dict[str, float]] = field(
        default_factory=dict[str, dict[str, float]]
    )
    """By clock, by contestant of ours: its minimum / the least of the peers' minima."""

    def is_sensible(self, name: str) -> bool:
        """Whether the contestant computes the model."""
        return self.decibels[name] >= SENSIBLE_DECIBELS

    def fill(self, times: dict[str, Times], ours: list[str]) -> None:
        """Takes medians and paired ratios out of `times`."""
        peers = [n for n in times if n not in ours and self.is_sensible(n)]
        for clock in CLOCKS:
            by_clock = {name: value.of(clock) / 1e6 for name, value in times.items()}
            medians = {name: float(np.median(v)) for name, v in by_clock.items()}
            minima = {name: float(np.min(v)) for name, v in by_clock.items()}
            self.milliseconds[clock], self.minima[clock] = medians, minima
            if not peers:
                continue
            fastest = min(peers, key=medians.__getitem__)
            least = min(minima[name] for name in peers)
            self.best_peer[clock] = fastest
            raced = [name for name in ours if name in times]
            self.ratios[clock] = {
                name: median_ratio(times[name], times[fastest], clock) for name in raced
            }
            self.minimum_ratios[clock] = {name: minima[name] / least for name in raced}


def geometric_mean(values: list[float]) -> float:
    """Of positive numbers, at least one."""
    return float(np.exp(np.mean(np.log(values))))


def table(results: list[Result], clock: str) -> Table:
    """One row per model; a peer's nonsense is marked."""
    names = list(dict.fromkeys(n for r in results for n in r.milliseconds[clock]))
    ours = list(dict.fromkeys(n for r in results for n in r.ratios.get(clock, {})))
    view = Table(title=f"median ms, {clock} clock (dB against float32)", box=None)
    view.add_column("model")
    ratios = [text for name in ours for text in (f"{name} / best", "by minima")]
    for name in [*names, "best peer", *ratios]:
        view.add_column(name, justify="right")
    for result in results:
        cells = [_cell(result, name, clock) for name in names]
        best_peer = result.best_peer.get(clock, "")
        view.add_row(result.model, *cells, best_peer, *_ratios([result], ours, clock))
    means = [f"[bold]{text}[/]" for text in _ratios(results, ours, clock)]
    view.add_row("geometric mean", *[""] * (len(names) + 1), *means)
    return view


def _ratios(results: list[Result], ours: list[str], clock: str) -> list[str]:
    """Two cells for each contestant of ours: geometric means over `results`."""
    cells: list[str] = []
    for name in ours:
        for kind in ("ratios", "minimum_ratios"):
            found = [getattr(r, kind).get(clock, {}).get(name) for r in results]
            values = [ratio for ratio in found if ratio is not None]
            cells.append(f"{geometric_mean(values):.2f}" if values else "")
    return cells


def markdown(results: list[Result], clock: str) -> str:
    """The same as a table for docs/performance.md."""
    view = table(results, clock)
    rows = [[str(column.header) for column in view.columns]]
    rows.append(["---", *["--:"] * (len(view.columns) - 1)])
    rows += map(list, zip(*(column.cells for column in view.columns), strict=True))
    lines = ["| " + " | ".join(map(str, row)) + " |" for row in rows]
    return Text.from_markup("\n".join(lines)).plain + "\n"


def _cell(result: Result, name: str, clock: str) -> str:
    if name not in result.milliseconds[clock]:
        return "fails" if name in result.failures else ""
    value, noise = result.milliseconds[clock][name], result.decibels[name]
    text = f"{value:.4g}"
    if noise != float("inf"):
        text += f" ({noise:.0f})"
    return text if result.is_sensible(name) else f"[dim]wrong: {text}[/]"


def write_json(results: list[Result], about: dict[str, Any], path: Path) -> None:
    """Everything that was measured."""
    content = {**about, "results": [asdict(result) for result in results]}
    path.write_text(json.dumps(content, indent=1))


def read_json(path: Path) -> list[Result]:
    """The results in a file of `write_json`."""
    return [Result(**entry) for entry in json.loads(path.read_text())["results"]]


def write_picture(results: list[Result], clock: str, path: Path) -> bool:
    """
    Bars of time relative to the best peer, in the format that the suffix names.

    False where matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return False
    names = list(dict.fromkeys(n for r in results for n in r.milliseconds[clock]))
    figure = Figure(figsize=(1.5 + 1.3 * len(results), 4.5), layout="constrained")
    axes = figure.subplots()
    width = 0.8 / len(names)
    for number, name in enumerate(names):
        heights = [_relative(result, name, clock) for result in results]
        places = np.arange(len(results)) + (number - (len(names) - 1) / 2) * width
        axes.bar(places, heights, width, label=name)
    axes.axhline(1, color="black", linewidth=0.8)
    axes.set_yscale("log", base=2)
    axes.set_ylabel("time / best peer's time (lower is faster)")
    axes.yaxis.set_major_formatter(lambda value, _position: f"{value:g}")
    labels = [result.model.replace("_", "\n", 1) for result in results]
    axes.set_xticks(range(len(results)), labels, fontsize=8)
    axes.legend(fontsize=8, ncols=len(names))
    figure.savefig(path, dpi=150)
    return True


def _relative(result: Result, name: str, clock: str) -> float:
    times = result.milliseconds[clock]
    if name not in times or clock not in result.best_peer:
        return float("nan")
    return times[name] / times[result.best_peer[clock]]
