"""
`qcc.compile`: an ONNX model in, a product out. The command line is a thin coat over it.

The stages stand one below the other in `compile_with`; what each does is in
`pipeline.py`, `calibration/` and `codegen/`.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from xdsl.dialects.builtin import ModuleOp, StringAttr
from xdsl.dialects.func import FuncOp
from xdsl.passes import ModulePass

from qcc.codegen import products
from qcc.codegen.c_names import c_identifier
from qcc.codegen.c_printer import PrintedModel, print_model
from qcc.codegen.elide_copies import ElideCopiesPass
from qcc.codegen.plan_memory import PlanMemoryPass
from qcc.codegen.select_kernels import SelectKernelsPass
from qcc.codegen.split_calls import SplitCallsPass
from qcc.codegen.targets import Target, find_targets
from qcc.codegen.to_channels_last import ToChannelsLastPass
from qcc.codegen.toolchain import Compiler, find_compiler
from qcc.compiler.accuracy import BudgetResult, repeat, summary
from qcc.compiler.calibration import input_specs
from qcc.compiler.data_stages import (
    check_budget,
    gather_statistics,
    hold_budget,
    report_samples,
)
from qcc.compiler.files import atomic_folder, write_bytes, write_files
from qcc.compiler.float_costs import AUTO, keep_slow_layers
from qcc.compiler.ir_dump import IrDump, write_module
from qcc.compiler.number_formats import check_number_formats
from qcc.compiler.onnx_export import export_model
from qcc.compiler.onnx_import import import_model
from qcc.compiler.options import Options, Samples
from qcc.compiler.pipeline import (
    MODES,
    PipelineOptions,
    float_passes,
    qdq_passes,
    quantization_passes,
    run_pipeline,
)
from qcc.compiler.report import Compilation, check_report, write_report
from qcc.dialects import quant
from qcc.dialects.errors import QccError
from qcc.dialects.naming import describe
from qcc.passes import get_all_passes, load_plugins
from qcc.passes.cse import CsePass
from qcc.passes.notes import NOTE
from qcc.passes.statistics import Statistics, use

_CODEGEN_PASSES = (
    ToChannelsLastPass,
    SelectKernelsPass,
    ElideCopiesPass,
    SplitCallsPass,
    PlanMemoryPass,
)

IR_SUFFIXES = (".mlir", ".onnx")


@dataclass
class Report:
    """What a compilation tells its user."""

    rows: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    notes: list[str] = field(default_factory=list[str])
    budget: BudgetResult | None = None


def compile(
    model: str | Path | bytes | onnx.ModelProto,
    output: str | Path,
    *,
    calibration: str | Path | Samples | None = None,
    ranges: str | Path | Statistics | None = None,
    evaluation: str | Path | Samples | None = None,
    **options: Any,
) -> Path:
    """
    Compiles `model` and writes the product that the suffix of `output` names.

    `calibration` is an iterable of dicts (input name → array) or a path as for
    `--calibrate`; without it and without `ranges` the mode is `dynamic`. So is
    `evaluation`, with labels besides. The other options are the fields of `Options`.
    Returns the path written. Raises QccError.
    """
    if isinstance(calibration, str):
        calibration = Path(calibration)
    if isinstance(ranges, str):
        ranges = Path(ranges)
    if isinstance(evaluation, str):
        evaluation = Path(evaluation)
    unknown = sorted(set(options) - set(Options.__dataclass_fields__))
    if unknown:
        raise TypeError(f"compile() has no option {unknown[0]!r}")
    all_options = Options(
        calibration=calibration, ranges=ranges, evaluation=evaluation, **options
    )
    source = Path(model) if isinstance(model, str) else model
    compile_with(source, Path(output), all_options)
    return Path(output)


def compile_with(
    model: Path | bytes | onnx.ModelProto, output: Path, options: Options
) -> Report:
    """Runs all stages; see `compile`."""
    started = time.monotonic()
    targets = find_targets(options.target)
    _check_output(output)
    check_budget(options)
    if options.report is not None:
        check_report(options.report)
    needs_compiler = output.suffix in products.COMPILED
    compiler = find_compiler(targets[0], options.compiler) if needs_compiler else None
    dump = IrDump(options.dump_ir, options.print_ir_after)
    pipeline = _pipeline_options(options)
    _check_pass_names(options.print_ir_after, pipeline)

    module = import_model(
        model,
        inputs=options.inputs,
        outputs=options.outputs,
        dimensions=options.dimensions,
    )
    dump.add("import", module)
    run_pipeline(module, float_passes(pipeline), dump.after_each)
    _check_input_names(options.input_ranges, module)
    mode = _mode(options, module)
    check_number_formats(options, mode)
    if AUTO in options.keep_float:
        pipeline = keep_slow_layers(module, pipeline, mode, targets)
    budget: BudgetResult | None = None
    known = gather_statistics(options, module, mode, pipeline)
    statistics = known.statistics
    if options.evaluation is not None:
        pipeline, statistics, budget = hold_budget(
            options, module, mode, pipeline, known, targets
        )
    if options.save_ranges is not None:
        statistics.save(options.save_ranges)
    passes = quantization_passes(mode, pipeline)
    float_module = module.clone() if options.report is not None else None
    with use(statistics):
        if output.suffix == ".onnx":
            passes = _passes_for_onnx(module, mode, pipeline)
        run_pipeline(module, passes, dump.after_each)

    names = ", ".join(target.name for target in targets)
    report = Report([("target", names), ("mode", mode)], _notes(module), budget)
    if budget is not None:
        report.rows += summary(budget)
        report.notes += repeat(budget)
    if output.suffix in IR_SUFFIXES:
        _write_module(module, output)
    else:
        printed = generate(module, targets, _prefix(output), options, dump)
        _write_product(printed, output, compiler)
        _describe(printed, output, report)
    report.rows.append(("time", f"{time.monotonic() - started:.2f} s"))
    if options.report is not None and float_module is not None:
        compilation = Compilation.of(
            _name(model), output, report.rows, report.notes, targets, module
        )
        compilation.budget = budget
        compilation.samples = known.samples or report_samples(options, float_module)
        compilation.set_models(float_module, mode, pipeline, statistics)
        write_report(options.report, compilation)
        report.rows.append(("report", str(options.report)))
    return report


def _name(model: Path | bytes | onnx.ModelProto) -> str:
    """What a report calls the model."""
    return model.name if isinstance(model, Path) else "model"


def generate(
    module: ModuleOp,
    targets: Sequence[Target],
    prefix: str,
    options: Options | None = None,
    dump: IrDump | None = None,
) -> PrintedModel:
    """The C of a quant module, which is changed in place into its kernel form."""
    options = options or Options()
    passes: list[ModulePass] = [
        ToChannelsLastPass(),
        # Ops that read one tensor in the other layout have moved it there each.
        *([] if options.keep_tensors else [CsePass()]),
        SelectKernelsPass(
            target=tuple(target.name for target in targets), threads=options.threads
        ),
        # Tensors that are to be looked at have buffers of their own.
        *([] if options.keep_tensors else [ElideCopiesPass()]),
        *([SplitCallsPass(threads=options.threads)] if options.threads > 1 else []),
        PlanMemoryPass(reuse=not options.keep_tensors, threads=options.threads),
    ]
    run_pipeline(module, passes, dump.after_each if dump else None)
    runs = [op for op in module.ops if isinstance(op, FuncOp)]
    return print_model(runs, prefix, tensors=options.keep_tensors)


def _check_pass_names(names: Iterable[str], pipeline: PipelineOptions) -> None:
    passes = [*float_passes(pipeline), *_CODEGEN_PASSES]
    for mode in MODES:
        passes += quantization_passes(mode, pipeline)
    known = dict.fromkeys(["import", *(each.name for each in passes)])
    for name in names:
        if name not in known:
            raise QccError(
                f"no pass {name!r} to print the IR after",
                remedy=f"the passes are: {', '.join(known)}",
            )


def _check_input_names(names: Iterable[str], module: ModuleOp) -> None:
    known = [spec.name for spec in input_specs(module)]
    for name in names:
        if name not in known:
            raise QccError(
                f"there is no input {name!r}",
                remedy=f"the inputs are: {', '.join(known)}",
            )


def _passes_for_onnx(
    module: ModuleOp, mode: str, options: PipelineOptions
) -> list[ModulePass]:
    """Those to the QDQ form; QccError for what ONNX cannot say."""
    if mode == "dynamic":
        raise QccError(
            "an .onnx product needs ranges",
            why="in mode dynamic they are known at run time only",
            remedy="give --calibrate or --ranges, or --mode float",
        )
    if options.io != "float":
        raise QccError(
            f"an .onnx product cannot be made with --io {options.io}",
            why="its inputs and outputs are those of the float model",
            remedy="leave out --io",
        )
    if options.int8_only:
        run_pipeline(module.clone(), quantization_passes(mode, options))
    return qdq_passes(mode, options)


def _check_output(output: Path) -> None:
    if output.suffix not in (*products.SUFFIXES, *IR_SUFFIXES):
        raise QccError(
            f"unknown product {output.name!r}",
            why=f"nothing is known to be called *{output.suffix}",
            remedy="use .so, .a, .o, .c, .mlir, .onnx or a folder without a dot",
        )
    if not output.absolute().parent.is_dir():
        raise QccError(
            f"cannot write {output}",
            why=f"there is no folder {output.absolute().parent}",
            remedy="make the folder or choose another path with -o",
        )


def _prefix(output: Path) -> str:
    """What public names of the C begin with."""
    return c_identifier(output.stem, "model")


def _pipeline_options(options: Options) -> PipelineOptions:
    available = get_all_passes() | load_plugins(options.plugins)
    for name in options.extra_passes:
        if name not in available:
            raise QccError(
                f"no pass {name!r}",
                why="neither qcc nor a plugin defines it",
                remedy="name its module with --pass-plugin",
            )
    return PipelineOptions(
        rules=[str(path) for path in options.rules],
        extra=[available[name]()() for name in options.extra_passes],
        input_ranges=options.input_ranges,
        int8_only=options.int8_only,
        io=options.io,
        float_outputs=options.io == "float" and not options.int8_only,
        weights=options.weights,
        dynamic_form=options.dynamic,
        scales=options.scales,
        keep_float={n: "asked for" for n in options.keep_float if n != AUTO},
    )


def _mode(options: Options, module: ModuleOp) -> str:
    """The mode asked for; else static where there is something to take ranges from."""
    mode = options.mode
    if mode is None:
        has_data = options.calibration is not None or options.ranges is not None
        has_casts = any(isinstance(op, quant.DequantizeCastOp) for op in module.walk())
        return "static" if has_data or has_casts else "dynamic"
    if mode not in MODES:
        raise QccError(f"unknown mode {mode!r}", remedy=f"one of: {', '.join(MODES)}")
    return mode


def _notes(module: ModuleOp) -> list[str]:
    notes: list[str] = []
    for op in module.walk():
        note = op.attributes.get(NOTE)
        if isinstance(note, StringAttr):
            notes.append(f"{describe(op)}: {note.data}")
    return notes


def _write_module(module: ModuleOp, output: Path) -> None:
    if output.suffix == ".mlir":
        write_module(module, output)
    else:
        write_bytes(output, export_model(module).SerializeToString())


def _write_product(
    printed: PrintedModel, output: Path, compiler: Compiler | None
) -> None:
    files = products.make_product(printed, output, compiler)
    try:
        if output.suffix:
            write_files({output.with_name(name): data for name, data in files.items()})
            return
        with atomic_folder(output) as folder:
            for name, content in files.items():
                (folder / name).write_bytes(content)
    except OSError as error:
        raise QccError(
            f"cannot write {output}",
            why=error.strerror or str(error),
            remedy="choose another path with -o",
        ) from None


def _describe(printed: PrintedModel, output: Path, report: Report) -> None:
    about = printed.description
    arena, bound = about["arena_bytes"], about["lower_bound_bytes"]
    report.rows += [
        ("arena", f"{arena:,} bytes (lower bound by live ranges {bound:,})"),
        ("weights", f"{about['weight_bytes']:,} bytes"),
    ]
    if output.is_file():
        report.rows.append(("product", f"{output} ({output.stat().st_size:,} bytes)"))
    else:
        report.rows.append(("product", str(output)))
    for kind in ("inputs", "outputs"):
        for port in about[kind]:
            shape = "x".join(map(str, port["shape"])) or "scalar"
            elements = int(np.prod(port["shape"], dtype=np.int64))
            text = f"{port['name']}: {port['type']} {shape} ({elements:,} elements)"
            report.rows.append((kind[:-1], text))


__all__ = ["Options", "QccError", "Report", "compile", "compile_with", "generate"]
