"""The core's int8 peaks, measured by `peaks.c`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from benchmarks.models import BUILD
from qcc.codegen.targets import Target, host_architecture, native_target
from qcc.codegen.toolchain import find_compiler

_SOURCE = Path(__file__).with_name("peaks.c")


def measure() -> dict[str, float]:
    """GMAC/s by instruction set. SystemExit on other processors than x86-64."""
    if host_architecture() != "x86_64":
        sys.exit("peaks are measured on x86-64 only")
    BUILD.mkdir(parents=True, exist_ok=True)
    find_compiler(native_target()).run((str(_SOURCE), "-o", "peaks"), BUILD)
    command = [str(BUILD / "peaks")]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    rows = (line.split() for line in done.stdout.splitlines())
    return {name: float(value) for name, value in rows}


def peak_of(target: Target, peaks: dict[str, float]) -> float:
    """That of the target's best instruction set; plain C is compiled to SSE2."""
    for isa in target.isas:
        if isa in peaks:
            return peaks[isa]
    return peaks["sse2"]
