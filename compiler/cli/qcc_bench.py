"""`qcc-bench MODEL.so`: latency, time of every layer, memory of a compiled model."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from qcc.compiler.calibration.samples import load_samples
from qcc.compiler.cli.qcc_run import input_specs, open_session
from qcc.compiler.diagnostics import report_errors
from qcc.compiler.files import write_bytes
from qcc.compiler.timing import ModelTimer, StepTimes, random_feeds
from qcc.runtime.session import InferenceSession

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

_WARM_UP_SECONDS = 0.2
_LEAST_RUNS = 10


@dataclass(frozen=True)
class Latency:
    """Of one inference, milliseconds."""

    runs: int
    median: float
    minimum: float
    p90: float


def measure(timer: ModelTimer, seconds: float, runs: int | None) -> Latency:
    """Warms up, then makes `runs` runs, or as many as fit into `seconds`."""
    started = time.perf_counter()
    once = float(timer.time_runs(3).min()) / 1e9
    while time.perf_counter() - started < min(_WARM_UP_SECONDS, seconds):
        once = float(timer.time_runs(3).min()) / 1e9
    if runs is None:
        runs = max(_LEAST_RUNS, int(seconds / max(once, 1e-8)))
    times = timer.time_runs(min(runs, 10_000_000)) / 1e6
    return Latency(
        len(times),
        float(np.median(times)),
        float(times.min()),
        float(np.percentile(times, 90)),
    )


@app.command()
def bench(
    library: Annotated[Path, typer.Argument(help="a compiled model (.so)")],
    inputs: Annotated[
        Path | None,
        typer.Option(
            "--inputs", "-i", help="samples (.npz, .npy), the first is run; or random"
        ),
    ] = None,
    target: Annotated[
        str | None, typer.Option(help="one that the library has; the best if left out")
    ] = None,
    threads: Annotated[
        int, typer.Option(help="for libraries made with --threads", min=1, max=16)
    ] = 1,
    seconds: Annotated[float, typer.Option(help="time to measure for", min=0.01)] = 2.0,
    runs: Annotated[
        int | None, typer.Option(help="inferences, instead of --seconds", min=1)
    ] = None,
    profile: Annotated[bool, typer.Option(help="also the time of every step")] = False,
    output: Annotated[
        Path | None, typer.Option("--json", help="write the numbers to a file")
    ] = None,
) -> None:
    """Measures one inference; needs a C compiler."""
    session = open_session(library, target)
    feeds = random_feeds(session)
    if inputs is not None:
        feeds = dict(next(iter(load_samples(inputs, input_specs(session)))))
    timer = ModelTimer(session, feeds, threads)
    latency = measure(timer, seconds, runs)
    numbers = _numbers(session, latency)
    console = Console()
    console.print(_summary(library, numbers))
    if profile:
        steps = timer.time_steps(min(latency.runs, 100_000))
        numbers["steps"] = profile_rows(session, steps)
        console.print(_profile(numbers["steps"], steps.clock))
    if output is not None:
        write_bytes(output, json.dumps(numbers, indent=1).encode())


def _numbers(session: InferenceSession, latency: Latency) -> dict[str, Any]:
    about = session.variant
    macs = sum(step.get("macs", 0) for step in about["steps"])
    return {
        "target": about["target"],
        "runs": latency.runs,
        "median_ms": latency.median,
        "minimum_ms": latency.minimum,
        "p90_ms": latency.p90,
        "macs": macs,
        "gmacs_per_second": macs / latency.median / 1e6,
        "arena_bytes": about["arena_bytes"],
        "arena_lower_bound_bytes": about["lower_bound_bytes"],
        "weight_bytes": session.description["weight_bytes"],
    }


def profile_rows(session: InferenceSession, times: StepTimes) -> list[dict[str, Any]]:
    """One row per step: median microseconds, share, GMAC/s, kernel and node."""
    medians = np.median(times.nanoseconds, axis=0) / 1e3
    total = max(float(medians.sum()), 1e-9)
    rows: list[dict[str, Any]] = []
    for step, spent in zip(session.variant["steps"], medians.tolist(), strict=True):
        macs = step.get("macs", 0)
        rate = macs / spent / 1e3 if macs and spent > 0 else None
        rows.append(
            {
                "microseconds": spent,
                "share": spent / total,
                "macs": macs,
                "gmacs_per_second": rate,
                "kernel": step["kernel"],
                "node": step["node"],
            }
        )
    return rows


def _summary(library: Path, numbers: dict[str, Any]) -> Table:
    table = Table(box=None, show_header=False)
    median, rate = numbers["median_ms"], numbers["gmacs_per_second"]
    text = f"median {median:.4g} ms, minimum {numbers['minimum_ms']:.4g} ms, "
    text += f"p90 {numbers['p90_ms']:.4g} ms ({numbers['runs']} runs)"
    table.add_row("model", f"{library} ({numbers['target']})")
    table.add_row("latency", text)
    if numbers["macs"]:
        text = f"{numbers['macs']:,} multiply-accumulates, {rate:.4g} GMAC/s"
        table.add_row("work", text)
    bound = numbers["arena_lower_bound_bytes"]
    table.add_row("arena", f"{numbers['arena_bytes']:,} bytes (bound {bound:,})")
    table.add_row("weights", f"{numbers['weight_bytes']:,} bytes")
    return table


def _profile(rows: list[dict[str, Any]], clock: float) -> Table:
    title = f"median of each step; the clock's {clock:.0f} ns are subtracted"
    table = Table(box=None, title=title, title_justify="left")
    for name in ("step", "µs", "%", "GMAC/s"):
        table.add_column(name, justify="right")
    for name in ("kernel", "node"):
        table.add_column(name, overflow="fold")
    for number, row in enumerate(rows):
        rate = row["gmacs_per_second"]
        table.add_row(
            str(number),
            f"{row['microseconds']:.2f}",
            f"{100 * row['share']:.1f}",
            "" if rate is None else f"{rate:.1f}",
            row["kernel"],
            row["node"],
        )
    return table


def main() -> None:
    """Entry point of the console script."""
    with report_errors():
        app()
