"""`qcc MODEL.onnx -o OUT`: the compiler's command line."""

from __future__ import annotations

import math
import re
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from qcc.compiler.diagnostics import QccError, plain, report_errors

if TYPE_CHECKING:
    from qcc.compiler.api import Report

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


class Mode(StrEnum):
    """Where activation ranges come from."""

    static = "static"
    dynamic = "dynamic"
    weights = "weights"
    round = "round"
    float = "float"


class DynamicForm(StrEnum):
    """What mode `dynamic` keeps in int8."""

    full = "full"
    per_op = "per-op"


class Weights(StrEnum):
    """How mode `weights` stores weights."""

    int8 = "int8"
    int4 = "int4"


class Scales(StrEnum):
    """Which scales mode `static` may choose."""

    float = "float"
    pow2 = "pow2"


class CalibrationMethod(StrEnum):
    """How ranges follow from samples; `calibration_methods()` without its imports."""

    auto = "auto"
    minmax = "minmax"
    moving_average = "moving-average"
    percentile = "percentile"
    entropy = "entropy"
    mse = "mse"


class Io(StrEnum):
    """Element type of quantized inputs and outputs."""

    float = "float"
    int8 = "int8"
    uint8 = "uint8"


def _names(values: list[str] | None) -> list[str] | None:
    """Repeated and comma-separated values as one list; None if there is none."""
    if not values:
        return None
    return [name for value in values for name in value.split(",") if name]


def _dimensions(values: list[str] | None) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for value in values or []:
        match = re.fullmatch(r"(.+)=(\d+)", value)
        if match is None or int(match[2]) < 1:
            raise typer.BadParameter(f"{value!r} is not NAME=N with N > 0")
        sizes[match[1]] = int(match[2])
    return sizes


def _input_ranges(values: list[str] | None) -> dict[str, tuple[float, float]]:
    ranges: dict[str, tuple[float, float]] = {}
    for value in values or []:
        name, _, bounds = value.rpartition("=")
        low, _, high = bounds.partition(":")
        try:
            ranges[name] = float(low), float(high)
        except ValueError:
            raise typer.BadParameter(f"{value!r} is not NAME=MIN:MAX") from None
        low, high = ranges[name]
        if not name or not -math.inf < low < high < math.inf:
            raise typer.BadParameter(f"{value!r} is not NAME=MIN:MAX with MIN < MAX")
    return ranges


def _numbers(value: str | None) -> list[float] | None:
    if value is None:
        return None
    try:
        return [float(number) for number in value.split(",")]
    except ValueError:
        raise typer.BadParameter(
            f"{value!r} is not a number or a comma-separated list of them"
        ) from None


@app.command()
def compile_model(
    model: Annotated[Path, typer.Argument(help="an ONNX file")],
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            help=".so .a .o .c, a folder (a C project), .mlir (the IR), "
            ".onnx (QDQ, for other runtimes)",
        ),
    ],
    target: Annotated[
        str, typer.Option(help="native, portable, x86-64, x86-64-v3, armv7, armv8 …")
    ] = "native",
    mode: Annotated[
        Mode | None,
        typer.Option(
            help="static: ranges from --calibrate or --ranges, or the model's own; "
            "dynamic: ranges at run time (default without data); weights: "
            "int8 weights (--weights), float arithmetic; round: float weights of few "
            "values, which archives compress; float"
        ),
    ] = None,
    dynamic: Annotated[
        DynamicForm,
        typer.Option(
            help="of --mode dynamic; full: tensors stay int8 between operations, with "
            "scales taken at run time; per-op: only inside of convolutions and "
            "products with constant weights, the rest is float"
        ),
    ] = DynamicForm.full,
    weights: Annotated[
        Weights, typer.Option(help="how --mode weights stores weights")
    ] = Weights.int8,
    scales: Annotated[
        Scales,
        typer.Option(help="of --mode static; pow2: powers of two, for shifts"),
    ] = Scales.float,
    calibrate: Annotated[
        Path | None,
        typer.Option(help="samples: .npz, .npy, a folder of them, or of images"),
    ] = None,
    calibration_method: Annotated[
        CalibrationMethod,
        typer.Option(help="how ranges follow from samples; auto measures, per tensor"),
    ] = CalibrationMethod.auto,
    refine: Annotated[
        str,
        typer.Option(
            help="what samples improve besides ranges: scales, rounding (of weights), "
            "biases, channels (made alike), comma-separated; or none"
        ),
    ] = "scales,rounding,biases",
    mean: Annotated[
        str | None,
        typer.Option(help="subtracted from image pixels; one or per channel"),
    ] = None,
    std: Annotated[
        str | None, typer.Option(help="divides image pixels; one or per channel")
    ] = None,
    layout: Annotated[
        str | None, typer.Option(help="order of an image input's axes: nchw, nhwc")
    ] = None,
    input_range: Annotated[
        list[str] | None, typer.Option(help="NAME=MIN:MAX that you know of an input")
    ] = None,
    ranges: Annotated[
        Path | None, typer.Option(help="statistics of an earlier run")
    ] = None,
    save_ranges: Annotated[
        Path | None, typer.Option(help="write the statistics to this file")
    ] = None,
    int8_only: Annotated[
        bool, typer.Option(help="fail if any operation would stay in float")
    ] = False,
    keep_float: Annotated[
        list[str] | None,
        typer.Option(
            help="nodes or tensors that stay in float, comma-separated; auto: those "
            "that int8 would slow down"
        ),
    ] = None,
    evaluate: Annotated[
        Path | None,
        typer.Option(
            "--eval",
            help="samples to score the model on, as --calibrate takes them; other "
            "arrays of an .npz are labels (top1: label)",
        ),
    ] = None,
    metric: Annotated[
        str, typer.Option(help="of --eval: top1, sqnr, or FILE.py:function")
    ] = "top1",
    max_drop: Annotated[
        float | None,
        typer.Option(
            help="what the metric may lose (top1: points; sqnr: error in % of the "
            "outputs); the fewest layers that it takes stay in float"
        ),
    ] = None,
    io: Annotated[
        Io, typer.Option(help="type of quantized inputs and outputs")
    ] = Io.float,
    dim: Annotated[
        list[str] | None, typer.Option(help="NAME=N: the size of a symbolic dimension")
    ] = None,
    inputs: Annotated[
        list[str] | None, typer.Option(help="tensors at which the graph begins")
    ] = None,
    outputs: Annotated[
        list[str] | None, typer.Option(help="tensors at which the graph ends")
    ] = None,
    rules: Annotated[
        list[Path] | None, typer.Option(help="rewrite rules of your own (.rules)")
    ] = None,
    pass_plugin: Annotated[
        list[str] | None, typer.Option(help="a Python module with passes of your own")
    ] = None,
    passes: Annotated[
        str | None,
        typer.Option(
            help="passes of a plugin to run on the float model, comma-separated"
        ),
    ] = None,
    dump_ir: Annotated[
        Path | None, typer.Option(help="folder for the IR after every pass")
    ] = None,
    print_ir_after: Annotated[
        list[str] | None, typer.Option(help="print the IR after this pass")
    ] = None,
    keep_tensors: Annotated[
        bool, typer.Option(help="keep every intermediate tensor, to look at them")
    ] = False,
    threads: Annotated[
        int,
        typer.Option(help="split heavy layers for so many threads", min=1, max=16),
    ] = 1,
    report: Annotated[
        Path | None,
        typer.Option(
            help="write an HTML page: errors by layer, ranges, memory, times, energy"
        ),
    ] = None,
    cc: Annotated[
        str | None, typer.Option(help="the C compiler (default: the first found)")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="no summary")] = False,
) -> None:
    """Compiles an ONNX model to an int8 library for one processor."""
    from qcc.compiler.api import Options, compile_with

    options = Options(
        target=target,
        mode=mode.value if mode else None,
        dynamic=dynamic.value,
        weights=weights.value,
        scales=scales.value,
        calibration=calibrate,
        calibration_method=calibration_method.value,
        refinements=() if refine == "none" else tuple(_names([refine]) or ()),
        mean=_numbers(mean),
        std=_numbers(std),
        layout=layout,
        input_ranges=_input_ranges(input_range),
        ranges=ranges,
        save_ranges=save_ranges,
        int8_only=int8_only,
        keep_float=tuple(_names(keep_float) or ()),
        evaluation=evaluate,
        metric=metric,
        max_drop=max_drop,
        io=io.value,
        dimensions=_dimensions(dim),
        inputs=_names(inputs),
        outputs=_names(outputs),
        rules=tuple(rules or ()),
        plugins=tuple(pass_plugin or ()),
        extra_passes=tuple(_names([passes]) or ()) if passes else (),
        dump_ir=dump_ir,
        print_ir_after=tuple(_names(print_ir_after) or ()),
        keep_tensors=keep_tensors,
        threads=threads,
        report=report,
        compiler=cc,
    )
    summary = compile_with(model, output, options)
    if not quiet:
        _print_summary(summary)


def _print_summary(report: Report) -> None:
    console = Console(stderr=True, highlight=False)
    table = Table(show_header=False, box=None, pad_edge=False)
    for label, text in report.rows:
        table.add_row(label, plain(text))
    console.print(table)
    if report.budget is not None and report.budget.ranking:
        from qcc.compiler.accuracy import ranking_table

        console.print(ranking_table(report.budget))
    for note in report.notes:
        console.print(plain(f"note: {note}"), soft_wrap=True)


def main() -> None:
    """Entry point of the console script."""
    with report_errors():
        app()


__all__ = ["QccError", "app", "main"]
