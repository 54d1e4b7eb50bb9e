"""
qcc beside its peers: what static int8 costs in accuracy.

    python -m benchmarks.accuracy [--models NAME,...] [--tools NAME,...]
                                  [--samples N] [--evaluate N] [--resume]

All get the same float model and the same calibration samples, and use their defaults.
Writes build/accuracy/results.json and the table as .md (for docs/accuracy.md).
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict
from typing import Any

from rich.console import Console

from benchmarks.accuracy.measure import measure
from benchmarks.accuracy.report import markdown
from benchmarks.accuracy.subjects import BUILD, NAMES, subject
from benchmarks.accuracy.tools import OURS, TOOLS, Run, float_model
from qcc.compiler.diagnostics import report_errors

RESULTS = BUILD / "results.json"


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="benchmarks.accuracy",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    names = lambda text: text.split(",")  # noqa: E731
    parser.add_argument("--models", type=names, metavar="NAME,...", default=NAMES)
    parser.add_argument("--tools", type=names, metavar="NAME,...", default=[*TOOLS])
    parser.add_argument("--samples", type=int, default=100, help="that calibrate")
    parser.add_argument("--evaluate", type=int, help="samples to score; default all")
    parser.add_argument("--resume", action="store_true", help="keep what was measured")
    options = parser.parse_args()
    for name in options.models:
        if name not in NAMES:
            parser.error(f"no model {name!r}; there are: {', '.join(NAMES)}")
    for name in options.tools:
        if name not in TOOLS:
            parser.error(f"no tool {name!r}; there are: {', '.join(TOOLS)}")
    return options


def _measure(
    name: str, tools: list[str], options: argparse.Namespace, console: Console
) -> dict[str, Any]:
    """The rows of the tools for one model."""
    model = subject(name)
    samples = model.calibration(options.samples)
    rows: dict[str, Any] = {}
    runs: dict[str, Run] = {}
    seconds: dict[str, float] = {}
    for tool in tools:
        started = time.monotonic()
        try:
            run = TOOLS[tool].prepare(model, samples)
            run(samples[0])
        except Exception as error:  # what one cannot do must not stop the others
            lines = str(error).strip().splitlines() or [type(error).__name__]
            rows[tool] = {"failed": lines[-1]}
            console.print(f"{name}: {tool} fails: {lines[-1]}", markup=False)
            continue
        runs[tool], seconds[tool] = run, time.monotonic() - started
    found = measure(model, float_model(model), runs, options.evaluate)
    for tool, measured in found.items():
        rows[tool] = {**asdict(measured), "seconds": round(seconds[tool], 1)}
        console.print(f"{name}: {tool} {rows[tool]}", markup=False)
    rows["metric"] = model.case.metric
    return rows


def main() -> None:
    """Measures, prints and writes the table."""
    options = _parse()
    console = Console()
    tools = [tool for tool in options.tools if TOOLS[tool].installed]
    for tool in options.tools:
        if tool not in tools:
            needs = ", ".join(TOOLS[tool].needs)
            console.print(f"{tool}: not installed ({needs})")
    BUILD.mkdir(parents=True, exist_ok=True)
    results: dict[str, Any] = {}
    if RESULTS.exists():
        results = json.loads(RESULTS.read_text())
    for name in options.models:
        known = results.get(name, {})
        wanted = [t for t in tools if not (options.resume and t in known)]
        if wanted:
            results[name] = {**known, **_measure(name, wanted, options, console)}
            RESULTS.write_text(json.dumps(results, indent=1))
    text = markdown({name: results[name] for name in NAMES if name in results}, OURS)
    (BUILD / "results.md").write_text(text)
    console.print(text, markup=False)


if __name__ == "__main__":
    with report_errors():
        main()
