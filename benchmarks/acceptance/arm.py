"""Arm instructions per inference, int8 in and out, beside what they may be at most."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.acceptance.registry import Row, check
from benchmarks.arm_counts import CPUS, MODELS, SHARED, measure


@check("Arm instructions")
def arm_instructions() -> Iterator[Row]:
    """Exact counts under QEMU; the outputs must be those of the portable library."""
    tool = SHARED / "tools" / "arm" / "count.py"
    with tempfile.TemporaryDirectory() as folder:
        for model in MODELS.values():
            for row in measure(model, list(CPUS.values()), tool, Path(folder)):
                text, required = f"{row.millions:.3f} M", "equal bits"
                passed = row.same_bits
                if row.goal is not None:
                    text += f", best peer {row.peer:.2f} M"
                    required = f"≤ {row.goal} M"
                    passed = passed and row.millions <= row.goal
                if not row.same_bits:
                    text += ", other bits than the portable library"
                subject = f"{model.name}, {row.cpu.name}"
                yield Row(subject, text, required, passed)
