"""The core's int8 peaks, measured by `peaks.c`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from benchmarks.models import BUILD
from qcc.codegen.targets import Target, host_architecture

_SOURCE = Path(__file__).with_name("peaks.c")


def measure() -> dict[str, float]:
    """GMAC/s by instruction set. SystemExit on other processors than x86-64."""
    if host_architecture() != "x86_64":
        sys.exit("peaks are measured on x86-64 only")
    BUILD.mkdir(parents=True, exist_ok=True)
    program = BUILD / "peaks"
    compiler = os.environ.get("CC", "cc")
    command = (compiler, "-std=c11", "-O2", str(_SOURCE), "-o", str(program))
    subprocess.run(command, check=True)
    done = subprocess.run([str(program)], check=True, capture_output=True, text=True)
    rows = (line.split() for line in done.stdout.splitlines())
    return {name: float(value) for name, value in rows}


def peak_of(target: Target, peaks: dict[str, float]) -> float:
    """That of the target's best instruction set; plain C is compiled to SSE2."""
    for isa in target.isas:
        if isa in peaks:
            return peaks[isa]
    return peaks["sse2"]
