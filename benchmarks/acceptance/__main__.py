"""
Runs the checks and prints the tables.

    python -m benchmarks.acceptance [--fresh] [NAME ...]

Rows are kept in `build/acceptance/results.json` as they are measured; a check that is
complete there is not run again unless `--fresh` is given.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.acceptance import (  # noqa: F401
    accuracy,
    accuracy_limits,
    arena_and_code,
    arm,
    budget,
    calibration_cost,
    dynamic,
    generated_c,
    house,
    number_formats,
    operations,
    same_bits,
    size_and_cost,
    speed,
    speed_limits,
    speed_peers,
    training,
)
from benchmarks.acceptance.models import BUILD
from benchmarks.acceptance.registry import CHECKS, Row

RESULTS = BUILD / "results.json"


def _load() -> dict[str, Any]:
    return json.loads(RESULTS.read_text()) if RESULTS.exists() else {}


def _run(name: str, console: Console) -> list[Row]:
    rows: list[Row] = []
    started = time.monotonic()
    try:
        for row in CHECKS[name]():
            rows.append(row)
            mark = "pass" if row.passed else "FAIL"
            seconds = time.monotonic() - started
            console.print(
                f"{seconds:7.1f} s  {mark}  {row.subject}: {row.measured}",
                markup=False,
            )
    except Exception as error:  # a check that breaks must not hide the others
        rows.append(Row("(stopped)", f"{type(error).__name__}: {error}", "", False))
    return rows


def _print(name: str, rows: list[Row], console: Console) -> None:
    table = Table("subject", "measured", "required", "", title=name, box=None)
    for row in rows:
        mark = "[green]pass[/]" if row.passed else "[bold red]FAIL[/]"
        table.add_row(row.subject, row.measured, row.required, mark)
    console.print(table)


def main() -> int:
    """Measures what is not measured yet; 1 if any row fails."""
    parser = argparse.ArgumentParser(prog="benchmarks.acceptance")
    parser.add_argument("names", nargs="*", metavar="NAME", help="checks to run")
    parser.add_argument("--fresh", action="store_true", help="measure again")
    arguments = parser.parse_args()
    console = Console(width=140)
    unknown = set(arguments.names) - set(CHECKS)
    if unknown:
        parser.error(f"no check {sorted(unknown)[0]!r}; there are {list(CHECKS)}")
    BUILD.mkdir(parents=True, exist_ok=True)
    results = _load()
    tables: dict[str, list[Row]] = {}
    for name in arguments.names or CHECKS:
        if arguments.fresh or name not in results:
            console.print(f"[bold]{name}")
            results[name] = [asdict(row) for row in _run(name, console)]
            RESULTS.write_text(json.dumps(results, indent=1))
        tables[name] = [Row(**row) for row in results[name]]
    console.rule(f"acceptance on {platform.processor() or platform.machine()}")
    for name, rows in tables.items():
        _print(name, rows, console)
    return int(not all(row.passed for rows in tables.values() for row in rows))


if __name__ == "__main__":
    sys.exit(main())
