"""The import directions, and the wheel in an environment of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

from benchmarks.acceptance.models import ROOT
from benchmarks.acceptance.registry import Row, check

_TESTS = {
    "import directions": "tests/unit/test_imports.py",
    "wheel in an empty environment": "tests/end_to_end/test_wheel.py",
}


@check("house")
def house() -> Iterator[Row]:
    """Runs the tests that check it."""
    for subject, path in _TESTS.items():
        command = [sys.executable, "-m", "pytest", "-q", path]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        lines = done.stdout.strip().splitlines()
        text = lines[-1] if lines else f"status {done.returncode}"
        yield Row(subject, text, "passed", done.returncode == 0)
