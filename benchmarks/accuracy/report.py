"""The table, in Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Rows = Mapping[str, Mapping[str, Any]]


def markdown(results: Rows, ours: str) -> str:
    """One row per model: each tool's drop and ratio, and whether ours is no worse."""
    tools = [ours]
    for rows in results.values():
        tools += [t for t in rows if t not in (*tools, "metric")]
    header = ["model", *tools, "drop", "SQNR"]
    lines = [header, ["---", *["--:"] * len(tools), "---", "---"]]
    for name, rows in results.items():
        cells = [_cell(rows.get(tool), rows["metric"]) for tool in tools]
        lines.append([name, *cells, *verdicts(rows, ours)])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def _cell(row: Mapping[str, Any] | None, metric: str) -> str:
    if row is None:
        return ""
    if "failed" in row:
        return "fails"
    if row["drop"] is None:
        return f"{row['score']:.1f} dB"
    points = f"{row['drop'] + 0.0:.2f} ± {row['error']:.2f}"
    return f"{points} ({row['decibels']:.1f} dB)"


def verdicts(rows: Mapping[str, Any], ours: str) -> tuple[str, str]:
    """
    Whether our drop is at most the peers' least (or 0) plus one standard error, and our
    signal to noise ratio at least the peers' best. Empty where nothing can be said.
    """
    mine = rows.get(ours)
    peers = [r for t, r in rows.items() if t not in (ours, "metric") and "score" in r]
    if not mine or "score" not in mine or not peers:
        return "", ""
    drop = ""
    if mine["drop"] is not None:
        # The best of the peers, which is harder than each alone.
        allowed = max(0.0, min(peer["drop"] for peer in peers)) + mine["error"]
        drop = "yes" if mine["drop"] <= allowed + 1e-9 else "no"
    best = max(peer["decibels"] for peer in peers)
    return drop, "yes" if mine["decibels"] >= best else "no"
