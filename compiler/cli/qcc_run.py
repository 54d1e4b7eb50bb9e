"""`qcc-run MODEL.so`: runs a compiled model on arrays or on a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any
from zipfile import ZipFile

import numpy as np
import typer
from numpy.lib import format as npy_format
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from qcc.compiler.calibration.samples import InputSpec, load_samples
from qcc.compiler.diagnostics import QccError, plain, report_errors
from qcc.compiler.files import atomic_path
from qcc.runtime.session import InferenceSession, ModelLoadError

Array = NDArray[Any]

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


def open_session(library: Path, target: str | None = None) -> InferenceSession:
    """Loads a compiled model; QccError if that is not one for this machine."""
    try:
        return InferenceSession(library, target=target)
    except ModelLoadError as error:
        raise QccError(
            str(error), remedy="compile the model with: qcc MODEL.onnx -o MODEL.so"
        ) from None


def input_specs(session: InferenceSession) -> list[InputSpec]:
    """What the sample readers must deliver for this model."""
    return [
        InputSpec(info.name, info.shape, info.type) for info in session.get_inputs()
    ]


@app.command()
def run_model(
    library: Annotated[Path, typer.Argument(help="a compiled model (.so)")],
    inputs: Annotated[
        Path | None,
        typer.Option("--inputs", "-i", help="samples: .npz, .npy or a folder of them"),
    ] = None,
    image: Annotated[Path | None, typer.Option(help="a picture to classify")] = None,
    labels: Annotated[
        Path | None, typer.Option(help="text file with one class name per line")
    ] = None,
    top: Annotated[int, typer.Option(help="how many classes to print", min=1)] = 5,
    mean: Annotated[str | None, typer.Option(help="subtracted from pixels")] = None,
    std: Annotated[str | None, typer.Option(help="divides pixels")] = None,
    layout: Annotated[
        str | None, typer.Option(help="axes of the input: nchw, nhwc")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="write the outputs (.npz)")
    ] = None,
) -> None:
    """Runs every sample; prints a summary, or the top classes of a picture."""
    if (inputs is None) == (image is None):
        raise typer.BadParameter("give either --inputs or --image")
    session = open_session(library)
    source = inputs or image
    assert source is not None
    samples = load_samples(
        source,
        input_specs(session),
        mean=_numbers(mean),
        std=_numbers(std),
        layout=layout,
    )
    collected: list[list[Array]] = [session.run(None, sample) for sample in samples]
    if output is not None:
        _save(session, collected, output)
    if image is not None:
        _print_classes(collected[0][0], labels, top)
    elif output is None:
        _print_outputs(session, collected)


def _numbers(text: str | None) -> list[float] | None:
    try:
        return None if text is None else [float(n) for n in text.split(",")]
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a list of numbers") from None


def _save(session: InferenceSession, results: list[list[Array]], path: Path) -> None:
    names = [info.name for info in session.get_outputs()]
    arrays = {
        name: np.stack([result[index] for result in results])
        for index, name in enumerate(names)
    }
    # Not `np.savez`, whose own parameters have names that an output may have.
    with atomic_path(path) as aside, ZipFile(aside, "w") as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as stream:
                npy_format.write_array(stream, array, allow_pickle=False)


def _print_classes(scores: Array, labels: Path | None, top: int) -> None:
    names: list[str] | None = None
    if labels is not None:
        names = labels.read_text("utf-8", errors="replace").splitlines()
    flat = scores.reshape(-1)
    table = Table("class", "score", box=None)
    for index in map(int, np.argsort(-flat, kind="stable")[:top]):
        name = names[index] if names and index < len(names) else str(index)
        table.add_row(plain(name), f"{float(flat[index]):.4f}")
    Console().print(table)


def _print_outputs(session: InferenceSession, results: list[list[Array]]) -> None:
    table = Table("sample", "output", "shape", "min", "max", "argmax", box=None)
    for number, outputs in enumerate(results):
        for info, array in zip(session.get_outputs(), outputs, strict=True):
            table.add_row(
                str(number),
                plain(info.name),
                "x".join(map(str, array.shape)),
                f"{float(array.min()):.5g}",
                f"{float(array.max()):.5g}",
                str(int(array.argmax())),
            )
    Console().print(table)


def main() -> None:
    """Entry point of the console script."""
    with report_errors():
        app()
