"""`qcc-verify MODEL.so MODEL.onnx`: the compiled model against the ONNX model."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from qcc.compiler.calibration.samples import load_samples
from qcc.compiler.cli.qcc_run import input_specs, open_session
from qcc.compiler.diagnostics import plain, report_errors
from qcc.compiler.files import write_bytes
from qcc.compiler.progress import track
from qcc.compiler.verification import Comparison, compare

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def verify_model(
    library: Annotated[Path, typer.Argument(help="a compiled model (.so)")],
    model: Annotated[Path, typer.Argument(help="the ONNX model it was made from")],
    samples: Annotated[
        Path, typer.Option("--samples", "-s", help="inputs: .npz, .npy or a folder")
    ],
    count: Annotated[
        int, typer.Option("--count", "-n", help="how many samples to use", min=1)
    ] = 10,
    output: Annotated[
        Path | None, typer.Option("--json", help="write the numbers to a file")
    ] = None,
    min_sqnr: Annotated[
        float | None, typer.Option(help="fail if an output is worse than this (dB)")
    ] = None,
) -> None:
    """
    Ranks the tensors that both models have, outputs included, by their error.

    A library compiled with --keep-tensors shows every layer, others the outputs only.
    """
    session = open_session(library)
    given = load_samples(samples, input_specs(session))
    comparison = compare(session, model, track(given, "comparing", count), count)
    _print(comparison)
    if not session.get_tensors():
        text = "compile with --keep-tensors to see the layers too"
        Console(stderr=True).print(text)
    if output is not None:
        numbers = _numbers(library, model, comparison)
        write_bytes(output, json.dumps(numbers, indent=1).encode())
    worst = comparison.worst_output
    if min_sqnr is not None and worst < min_sqnr:
        Console(stderr=True).print(f"SQNR of an output is {worst:.2f} dB < {min_sqnr}")
        raise typer.Exit(1)


def _print(comparison: Comparison) -> None:
    title = f"int8 against float, worst first ({comparison.samples} samples)"
    table = Table(box=None, title=title, title_justify="left")
    table.add_column("tensor", overflow="fold")
    for name in ("SQNR dB", "cosine", "max error"):
        table.add_column(name, justify="right")
    table.add_column("op")
    table.add_column("node", overflow="fold")
    table.add_column("output")
    for error in comparison.ranked():
        table.add_row(
            plain(error.name),
            f"{error.sqnr:.2f}",
            f"{error.cosine:.5f}",
            f"{error.maximum:.5g}",
            plain(error.op),
            plain(error.node),
            "yes" if error.is_output else "",
        )
    # A file or a pipe has room for long names.
    console = Console(width=None if sys.stdout.isatty() else 400)
    console.print(table)


def _numbers(library: Path, model: Path, comparison: Comparison) -> dict[str, Any]:
    """For `--json`: equal tensors have no SQNR."""
    return {
        "library": str(library),
        "model": str(model),
        "samples": comparison.samples,
        "tensors": [
            {
                "tensor": error.name,
                "node": error.node,
                "op": error.op,
                "sqnr_db": error.sqnr if math.isfinite(error.sqnr) else None,
                "cosine": error.cosine,
                "max_error": error.maximum,
                "is_output": error.is_output,
            }
            for error in comparison.ranked()
        ],
    }


def main() -> None:
    """Entry point of the console script."""
    with report_errors():
        app()
