"""The training helper: `python -m benchmarks.training` as rows (needs torch)."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

import numpy as np

from benchmarks.acceptance.registry import Row, check

SEEDS = 3


@check("training helper")
def training() -> Iterator[Row]:
    """Simulated int8 = compiled int8; at most half of the post-training drop."""
    if find_spec("torch") is None:
        yield Row("digits", "not run: no torch", "pip install '.[training]'", False)
        return
    from benchmarks.training import POINTS, measure

    drops: list[tuple[float, float]] = []
    for seed in range(SEEDS):
        row = measure(seed)
        drops.append(row.drops)
        before, after = row.drops
        text = f"{row.unequal} of {row.outputs} outputs differ"
        detail = f"{text}; post-training {before:.2f}, trained {after:.2f} points"
        yield Row(f"digits, seed {seed}", detail, "0 differ", row.unequal == 0)
    before, after = np.mean(drops, axis=0)
    yield Row(
        f"drop, mean of {SEEDS} seeds",
        f"post-training {before:.2f}, trained {after:.2f} points",
        f"≥ {POINTS}, ≤ half of it",
        bool(before >= POINTS and after <= before / 2),
    )
