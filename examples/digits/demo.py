"""
Compiles the bundled model and compares float and int8: accuracy, size, time.

    make demo        (or: python examples/digits/demo.py [folder for the library])
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from rich.console import Console
from rich.table import Table

import qcc

HERE = Path(__file__).resolve().parent

Array = np.ndarray[Any, np.dtype[Any]]
Run = Callable[[Array], Array]


def float_model(path: Path) -> Run:
    """The float model in onnxruntime on one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        path, options, providers=["CPUExecutionProvider"]
    )
    return lambda image: np.asarray(session.run(None, {"image": image})[0])


def compiled_model(path: Path) -> Run:
    """The library that qcc made."""
    session = qcc.InferenceSession(path)
    return lambda image: session.run(None, {"image": image})[0]


def accuracy(run: Run, images: Array, labels: Array) -> float:
    """Share of the images whose largest score is the label."""
    guesses = [run(image[None]).argmax() for image in images]
    return float(np.mean(guesses == labels))


def milliseconds(runs: list[Run], image: Array) -> list[float]:
    """Median time of one inference each, measured in turn."""
    times: list[list[float]] = [[] for _ in runs]
    for _ in range(300):
        for run, found in zip(runs, times, strict=True):
            start = time.perf_counter()
            run(image)
            found.append(time.perf_counter() - start)
    return [1000 * float(np.median(found)) for found in times]


def main() -> None:
    """Prints the table."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(sys.argv[1] if len(sys.argv) > 1 else temporary)
        model = HERE / "digits.onnx"
        with np.load(HERE / "calibration.npz") as archive:
            samples = [{"image": image[None]} for image in archive["image"]]
        library = qcc.compile(model, folder / "digits.so", calibration=samples)
        with np.load(HERE / "test.npz") as archive:
            images, labels = archive["image"], archive["label"]
        runs = [float_model(model), compiled_model(library)]
        times = milliseconds(runs, images[:1])
        table = Table("model", "accuracy", "size", "time per image", box=None)
        paths = {"float (onnxruntime)": model, "int8 (qcc)": library}
        for (name, path), run, time_ in zip(paths.items(), runs, times, strict=True):
            score = accuracy(run, images, labels)
            size = f"{path.stat().st_size / 1000:.1f} kB"
            table.add_row(name, f"{100 * score:.2f} %", size, f"{time_:.4f} ms")
        console = Console()
        console.print(f"handwritten digits, {len(labels)} test images", style="bold")
        console.print(table)
        console.print("time includes the Python call on both sides", style="dim")


if __name__ == "__main__":
    try:
        main()
    except qcc.QccError as error:
        sys.exit(f"error: {error}")
