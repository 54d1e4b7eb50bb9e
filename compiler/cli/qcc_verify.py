"""`qcc-verify MODEL.so MODEL.onnx`: the compiled model against the ONNX model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from qcc.compiler.calibration.samples import load_samples
from qcc.compiler.cli.qcc_run import input_specs, open_session
from qcc.compiler.diagnostics import plain, report_errors
from qcc.compiler.verification import LayerError, compare

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
    min_sqnr: Annotated[
        float | None, typer.Option(help="fail if an output is worse than this (dB)")
    ] = None,
) -> None:
    """
    Prints the error of every tensor that both models have, and of the outputs.

    A library compiled with --keep-tensors shows every layer, others the outputs only.
    """
    session = open_session(library)
    errors = compare(session, model, load_samples(samples, input_specs(session)), count)
    _print(errors)
    worst = min(error.sqnr for error in errors if error.is_output)
    if min_sqnr is not None and worst < min_sqnr:
        Console(stderr=True).print(f"SQNR of an output is {worst:.2f} dB < {min_sqnr}")
        raise typer.Exit(1)


def _print(errors: list[LayerError]) -> None:
    table = Table("tensor", "SQNR dB", "cosine", "max error", "output", box=None)
    for error in errors:
        table.add_row(
            plain(error.name),
            f"{error.sqnr:.2f}",
            f"{error.cosine:.5f}",
            f"{error.maximum:.5g}",
            "yes" if error.is_output else "",
        )
    Console().print(table)


def main() -> None:
    """Entry point of the console script."""
    with report_errors():
        app()
