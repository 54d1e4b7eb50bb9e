"""What came of a budget, for people."""

from __future__ import annotations

from rich.table import Table

from qcc.compiler.accuracy.budget import (
    BudgetResult,
    RankedLayer,
)
from qcc.compiler.accuracy.metrics import decibels
from qcc.compiler.diagnostics import plain

LISTED = 10
"""Layers that the table shows besides those in float."""


def summary(result: BudgetResult) -> list[tuple[str, str]]:
    """Rows for the summary of a compilation."""
    metric = result.metric
    text = f"{metric.text(result.float_score)} in float, "
    text += f"{metric.text(result.int8_score)} in int8"
    if result.kept:
        text += f", {metric.text(result.score)} with {len(result.kept)} of "
        text += f"{len(result.ranking)} layers in float"
    drop = f"{max(result.drop, 0.0):.4g} {metric.unit}".rstrip()
    if not result.is_exact:
        drop += " (as onnxruntime computes it: there is no C compiler)"
    return [("score", text), ("drop", drop)]


def repeat(result: BudgetResult) -> list[str]:
    """Notes: how the same is compiled again without the search."""
    if not result.kept:
        return []
    return [f"the same again: --keep-float {','.join(result.kept)}"]


def ranking_table(result: BudgetResult) -> Table:
    """The worst layers and those in float: what rounding does and what float costs."""
    table = Table(box=None, title="layers by sensitivity", title_justify="left")
    for name in (
        "layer",
        "op",
        "SQNR if only this is int8",
        "cost of float",
        "kept in",
    ):
        table.add_column(name, justify="left" if name in ("layer", "op") else "right")
    shown = [e for n, e in enumerate(result.ranking) if n < LISTED or e.kept]
    for each in shown:
        table.add_row(plain(each.name), each.op, *_numbers(each))
    if len(shown) < len(result.ranking):
        table.add_row(
            f"and {len(result.ranking) - len(shown)} more", "", "", "", "int8"
        )
    return table


def _numbers(layer: RankedLayer) -> tuple[str, str, str]:
    ratio = decibels(1.0, layer.noise)
    return (
        f"{ratio:.1f} dB",
        f"{100 * layer.cost:+.1f} %",
        "float" if layer.kept else "int8",
    )
