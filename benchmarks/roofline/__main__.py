"""
GMAC/s of every layer beside the core's peak, the most time lost first.

    python -m benchmarks.roofline [--models NAME,...] [--target NAME] [--top N]

"lost" is a step's time beyond its multiply-accumulates at the peak; steps without any
lose all of their time. Writes build/bench/roofline-TARGET.json.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.machine import pin
from benchmarks.models import BUILD, Model, all_models
from benchmarks.ours import library
from benchmarks.roofline.peaks import measure, peak_of
from qcc.codegen.targets import find_target
from qcc.compiler.cli.qcc_bench import profile_rows
from qcc.compiler.cli.qcc_run import open_session
from qcc.compiler.diagnostics import report_errors
from qcc.compiler.timing import ModelTimer

_SECONDS = 2.0


@dataclass(frozen=True)
class Layer:
    """One step of a compiled model."""

    number: int
    kernel: str
    node: str
    microseconds: float
    macs: int
    lost: float
    """Microseconds beyond those that the MACs take at the peak."""
    of_peak: float


def layers(model: Model, target: str, peak: float) -> list[Layer]:
    """Every step of `model` compiled for `target`, medians; `peak` in GMAC/s."""
    session = open_session(library(model, target))
    timer = ModelTimer(session, model.feeds())
    once = float(np.median(timer.time_runs(5))) / 1e9
    times = timer.time_steps(max(20, int(_SECONDS / once)))
    found: list[Layer] = []
    for number, row in enumerate(profile_rows(session, times)):
        spent, ideal = row["microseconds"], row["macs"] / peak / 1e3
        found.append(
            Layer(
                number,
                row["kernel"],
                row["node"],
                spent,
                row["macs"],
                spent - ideal,
                ideal / spent if spent else 0.0,
            )
        )
    return found


def _table(model: Model, found: list[Layer], peak: float, top: int) -> Table:
    spent = sum(layer.microseconds for layer in found)
    macs = sum(layer.macs for layer in found)
    share = macs / peak / 1e3 / spent
    title = f"{model.name}: {spent / 1e3:.3f} ms in steps, {100 * share:.0f} % of peak"
    view = Table(title=title, box=None, title_justify="left")
    for name in ("step", "µs", "MMAC", "GMAC/s", "% of peak", "lost µs", "lost %"):
        view.add_column(name, justify="right")
    view.add_column("kernel")
    view.add_column("node")
    for layer in sorted(found, key=lambda layer: -layer.lost)[:top]:
        rate = layer.macs / layer.microseconds / 1e3 if layer.microseconds else 0.0
        work = (f"{layer.macs / 1e6:.2f}", f"{rate:.0f}", f"{100 * layer.of_peak:.0f}")
        view.add_row(
            str(layer.number),
            f"{layer.microseconds:.1f}",
            *(work if layer.macs else ("", "", "")),
            f"{layer.lost:.1f}",
            f"{100 * layer.lost / spent:.1f}",
            layer.kernel,
            layer.node,
        )
    return view


def _summary(shares: dict[str, float]) -> Table:
    view = Table("model", "% of peak", box=None)
    for name, share in shares.items():
        view.add_row(name, f"{100 * share:.0f}")
    return view


def _run(options: argparse.Namespace, console: Console) -> None:
    target = find_target(options.target)
    peaks = measure()
    peak = peak_of(target, peaks)
    console.print("peaks, GMAC/s:", ", ".join(f"{n} {v:.0f}" for n, v in peaks.items()))
    console.print(f"target {target.name}: {peak:.0f} GMAC/s")
    results: dict[str, list[Layer]] = {}
    shares: dict[str, float] = {}
    for model in all_models():
        if options.models and model.name not in options.models:
            continue
        found = layers(model, target.name, peak)
        results[model.name] = found
        spent = sum(layer.microseconds for layer in found)
        shares[model.name] = sum(layer.macs for layer in found) / peak / 1e3 / spent
        console.print(_table(model, found, peak, options.top))
    console.print(_summary(shares))
    content = {
        "target": target.name,
        "peaks": peaks,
        "models": {n: [asdict(layer) for layer in v] for n, v in results.items()},
    }
    path = BUILD / f"roofline-{target.name}.json"
    path.write_text(json.dumps(content, indent=1))


def main() -> None:
    """Measures the peaks, then the models."""
    parser = argparse.ArgumentParser(
        prog="benchmarks.roofline",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--models", type=lambda text: text.split(","))
    parser.add_argument("--target", default="native")
    parser.add_argument("--top", type=int, default=12, help="rows per model")
    parser.add_argument("--cpu", type=int, help="which CPU to run on")
    options = parser.parse_args()
    pin(options.cpu)
    with report_errors():
        _run(options, Console(width=140))


if __name__ == "__main__":
    main()
