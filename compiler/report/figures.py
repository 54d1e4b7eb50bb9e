"""Figures as SVG, to stand in a page as they are; all text in them is escaped."""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Sequence
from typing import Any, cast

import matplotlib
from matplotlib.figure import Figure

from qcc.compiler.diagnostics import printable
from qcc.compiler.report.measure import Distribution
from qcc.compiler.report.program import Buffer

mpl = cast("Any", matplotlib)

BLUE, ORANGE, GREY = "#3465a4", "#ce5c00", "#888a85"

MOST_BARS = 40
COLUMNS = 4

_STYLE: dict[str, Any] = {
    # Names hold dollars and backslashes, which are no formulas.
    "text.parse_math": False,
    "svg.fonttype": "none",
    "font.size": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def _svg(figure: Any, salt: str) -> str:
    """The figure without what would differ from run to run."""
    stream = io.StringIO()
    with warnings.catch_warnings(), mpl.rc_context({**_STYLE, "svg.hashsalt": salt}):
        # Text stays text: the reader's fonts have what is missing here.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    text = stream.getvalue()
    return text[text.index("<svg") :]


def bars(
    salt: str,
    rows: Sequence[tuple[str, float]],
    label: str,
    colors: Sequence[str] | None = None,
) -> str:
    """Horizontal bars, the first on top."""
    rows = rows[:MOST_BARS]
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(8, 0.6 + 0.2 * len(rows)), layout="constrained")
        axes: Any = figure.subplots()
        places = range(len(rows))
        axes.barh(places, [value for _, value in rows], color=colors or BLUE)
        axes.set_yticks(places, [shortened(name) for name, _ in rows])
        axes.set_xlabel(label)
        axes.invert_yaxis()
        axes.margins(y=0.01)
    return _svg(figure, salt)


def shortened(name: str, most: int = 48) -> str:
    """A name out of the model; its end says more than its beginning."""
    name = printable(name)
    return name if len(name) <= most else "…" + name[1 - most :]


def memory(salt: str, buffers: Sequence[Buffer], size: int, steps: int) -> str:
    """The arena over the steps of a run."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(8, 4), layout="constrained")
        axes: Any = figure.subplots()
        for number, buffer in enumerate(buffers):
            span = (buffer.first, buffer.last - buffer.first + 1)
            color = f"C{number % 10}"
            axes.broken_barh(
                [span],
                (buffer.offset / 1024, buffer.bytes / 1024),
                facecolors=color,
                edgecolor="white",
                linewidth=0.5,
                alpha=0.8,
            )
            if buffer.bytes * span[1] >= 0.02 * size * steps:
                axes.text(
                    buffer.first + span[1] / 2,
                    (buffer.offset + buffer.bytes / 2) / 1024,
                    shortened(buffer.name, max(6, 120 * span[1] // max(steps, 1))),
                    ha="center",
                    va="center",
                    clip_on=True,
                )
        axes.set_xlim(0, max(steps, 1))
        axes.set_ylim(0, size / 1024)
        axes.set_xlabel("step")
        axes.set_ylabel("arena, KiB")
    return _svg(figure, salt)


def histograms(salt: str, found: Sequence[Distribution]) -> str:
    """Small histograms with the ranges of int8 shaded."""
    rows = math.ceil(len(found) / COLUMNS)
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(10, 1.5 * rows), layout="constrained")
        grid: Any = figure.subplots(rows, COLUMNS, squeeze=False)
        for axes in grid.ravel():
            axes.set_axis_off()
        for axes, each in zip(grid.ravel(), found, strict=False):
            axes.set_axis_on()
            axes.set_title(shortened(each.tensor, 32), fontsize=7)
            axes.axvspan(each.low, each.high, color=BLUE, alpha=0.15, linewidth=0)
            for bound in (each.low, each.high):
                axes.axvline(bound, color=ORANGE, linewidth=0.8)
            axes.stairs(each.counts, each.edges, fill=True, color=GREY)
            axes.set_yscale("log")
            axes.set_yticks([])
            axes.minorticks_off()
            axes.tick_params(labelsize=6)
    return _svg(figure, salt)
