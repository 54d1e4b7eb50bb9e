"""Fills the template of the report with what is known of a compilation."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from importlib import resources
from pathlib import Path

from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import FuncOp
from xdsl.passes import ModulePass

from qcc.codegen.targets import Target
from qcc.compiler.accuracy import BudgetResult
from qcc.compiler.accuracy.metrics import decibels
from qcc.compiler.calibration.samples import Sample
from qcc.compiler.diagnostics import printable
from qcc.compiler.files import write_text
from qcc.compiler.pipeline import (
    PipelineOptions,
    qdq_passes,
    quantization_passes,
    run_pipeline,
)
from qcc.compiler.progress import Say, status
from qcc.dialects.errors import QccError
from qcc.passes.statistics import Statistics, use

PACKAGES = ("jinja2", "matplotlib")

MOST_HISTOGRAMS = 120


@dataclass
class Compilation:
    """What a report is about."""

    name: str
    rows: Sequence[tuple[str, str]]
    """The summary: label and text."""
    notes: Sequence[str]
    targets: Sequence[Target]
    runs: Sequence[FuncOp]
    """The run functions, best target first; none for `.mlir` and `.onnx`."""
    library: Path | None = None
    """The product where it is a shared library."""
    budget: BudgetResult | None = None
    samples: Sequence[Sample] = ()
    mode: str = ""
    float_module: ModuleOp = field(default_factory=lambda: ModuleOp([]))
    quant_module: ModuleOp = field(default_factory=lambda: ModuleOp([]))
    """With floats as inputs and outputs, before code generation."""
    qdq_passes: Sequence[ModulePass] = ()
    statistics: Statistics = field(default_factory=Statistics)

    @classmethod
    def of(
        cls,
        name: str,
        product: Path,
        rows: Sequence[tuple[str, str]],
        notes: Sequence[str],
        targets: Sequence[Target],
        module: ModuleOp,
    ) -> Compilation:
        """`module` is what became of the model: its run functions, if it has any."""
        runs = [
            op
            for op in module.ops
            if isinstance(op, FuncOp) and "arena_bytes" in op.attributes
        ]
        library = product if product.suffix == ".so" else None
        return cls(name, rows, notes, targets, runs, library)

    def set_models(
        self,
        float_module: ModuleOp,
        mode: str,
        pipeline: PipelineOptions,
        statistics: Statistics,
    ) -> None:
        """The models to compare: `float_module` and what its passes make of it."""
        options = replace(pipeline, io="float", int8_only=False)
        self.float_module, self.mode, self.statistics = float_module, mode, statistics
        self.qdq_passes = qdq_passes(mode, options)
        self.quant_module = float_module.clone()
        with use(statistics):
            run_pipeline(self.quant_module, quantization_passes(mode, options))


@dataclass
class _Section:
    """A heading, a figure and a table, or why there is none of them."""

    title: str
    about: str
    figure: str = ""
    head: list[str] = field(default_factory=list[str])
    table: list[list[str]] = field(default_factory=list[list[str]])


def check_report(path: Path) -> None:
    """QccError where a report cannot be made, before anything else is done."""
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise QccError(
            f"a report needs the package {missing[0]}, which is not installed",
            remedy='pip install "qcc[report]"',
        )
    if not path.absolute().parent.is_dir() or path.is_dir():
        raise QccError(
            f"cannot write the report {path}",
            why="there is no such folder" if not path.is_dir() else "it is a folder",
            remedy="choose another path with --report",
        )


def write_report(path: Path, compilation: Compilation) -> None:
    """Measures, draws and writes; the file needs nothing else to be read."""
    import jinja2
    from markupsafe import Markup

    with status("report") as say:
        sections = [section for make in _SECTIONS for section in make(compilation, say)]
    folder = resources.files("qcc.compiler.report")
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
    )
    environment.filters["printable"] = printable
    template = environment.from_string(
        folder.joinpath("page.html.j2").read_text("utf-8")
    )
    text = template.render(
        compilation=compilation,
        sections=[(each, Markup(each.figure)) for each in sections],
    )
    try:
        write_text(path, text)
    except OSError as error:
        raise QccError(
            f"cannot write the report {path}", why=error.strerror or str(error)
        ) from None


def _budget(about: Compilation, say: Say) -> list[_Section]:
    result = about.budget
    if result is None or not result.ranking:
        return []
    rows = [
        [
            printable(each.name),
            each.op,
            f"{decibels(1.0, each.noise):.1f}",
            f"{100 * each.cost:+.1f}",
            "float" if each.kept else "int8",
        ]
        for each in result.ranking
    ]
    head = ["layer", "op", "SQNR if only this is int8, dB", "cost of float, %"]
    text = "Layers by what their rounding alone does to the outputs."
    return [_Section("Accuracy budget", text, "", [*head, "kept in"], rows)]


def _errors(about: Compilation, say: Say) -> list[_Section]:
    from qcc.compiler.report import figures, measure

    title = "Error by layer"
    if not about.samples:
        why = "Not measured: no samples were given (--calibrate or --eval)."
        return [_Section(title, why)]
    say("errors by layer")
    samples = about.samples[: measure.MOST_SAMPLES]
    try:
        found = measure.layer_errors(about.float_module, about.quant_module, samples)
    except QccError as error:
        return [_Section(title, f"Not measured: {error.what}.")]
    ranked = found.ranked()
    text = f"Compiled model against the float model on {found.samples} samples, the "
    text += "worst first; a tensor of which every value is equal has no SQNR."
    shown = [(e.name, e.sqnr) for e in ranked if e.sqnr < 1000]
    rows = [
        [
            printable(e.name),
            printable(e.node),
            e.op,
            f"{e.sqnr:.2f}",
            f"{e.cosine:.5f}",
            f"{e.maximum:.5g}",
            "yes" if e.is_output else "",
        ]
        for e in ranked
    ]
    figure = figures.bars("errors", shown, "SQNR, dB") if shown else ""
    head = ["tensor", "node", "op", "SQNR, dB", "cosine", "largest error", "output"]
    return [_Section(title, text, figure, head, rows)]


def _ranges(about: Compilation, say: Say) -> list[_Section]:
    from qcc.compiler.report import figures, measure

    title = "Ranges"
    if about.mode != "static":
        return [_Section(title, f"In mode {about.mode} there are no chosen ranges.")]
    say("histograms")
    samples = about.samples[: measure.MOST_SAMPLES]
    found = measure.distributions(
        about.float_module, about.qdq_passes, about.statistics, samples
    )
    drawn = [each for each in found if each.counts][:MOST_HISTOGRAMS]
    text = "What int8 can hold is shaded, its ends are marked; counts are logarithmic."
    if not drawn:
        text = "No histograms: no samples were given (--calibrate or --eval)."
    rows = [
        [
            printable(each.tensor),
            f"{each.low:.6g}",
            f"{each.high:.6g}",
            f"{each.scale:.6g}",
            str(each.zero_point),
        ]
        for each in found
    ]
    figure = figures.histograms("ranges", drawn) if drawn else ""
    head = ["tensor", "least", "largest", "scale", "zero point"]
    return [_Section(title, text, figure, head, rows)]


def _memory(about: Compilation, say: Say) -> list[_Section]:
    from qcc.compiler.report import figures, program

    if not about.runs:
        return []
    run = about.runs[0]
    buffers, steps = program.memory_map(run), program.describe_steps(run)
    size = program.arena_bytes(run)
    figure = figures.memory("memory", buffers, size, len(steps)) if buffers else ""
    text = f"The arena of {size:,} bytes over the {len(steps)} steps of a run "
    text += f"({about.targets[0].name})."
    rows = [
        [
            printable(each.name),
            f"{each.offset:,}",
            f"{each.bytes:,}",
            f"{each.first}–{each.last}",
        ]
        for each in buffers
    ]
    head = ["tensor", "offset", "bytes", "steps"]
    return [_Section("Memory", text, figure, head, rows)]


def _steps(about: Compilation, say: Say) -> list[_Section]:
    from qcc.compiler.report import figures, measure, program

    if not about.runs:
        return []
    target, steps = about.targets[0], program.describe_steps(about.runs[0])
    say("times")
    try:
        times = measure.step_times(about.quant_module, target, about.library)
        why = f"Not measured: this machine cannot run {target.name}."
    except QccError as error:
        times, why = None, f"Not measured: {error.what}."
    if times is not None and len(times) != len(steps):
        times, why = None, "Not measured: the steps of the library are others."
    names = [f"{n} {step.node or step.kernel}" for n, step in enumerate(steps)]
    sections: list[_Section] = []
    if times is None:
        sections.append(_Section("Time by layer", why))
    else:
        ranked = sorted(zip(names, times, strict=True), key=lambda row: -row[1])
        text = f"Median of each step on this machine ({target.name}), "
        text += f"{sum(times) / 1e3:.4g} ms in all; the slowest first."
        figure = figures.bars("times", ranked, "µs")
        sections.append(_Section("Time by layer", text, figure))
    rows = [
        [
            str(number),
            printable(step.node),
            step.kernel,
            f"{times[number]:.2f}" if times is not None else "",
            f"{step.macs:,}",
            f"{step.arena_bytes:,}",
            f"{step.weight_bytes:,}",
            f"{step.energy / 1e6:.4g}",
        ]
        for number, step in enumerate(steps)
    ]
    energies = [(n, s.energy / 1e6) for n, s in zip(names, steps, strict=True)]
    energies.sort(key=lambda row: -row[1])
    text = f"About {sum(e for _, e in energies):.4g} µJ per run, by multiplying: "
    text += f"{program.INT8_MAC:.1f} pJ per int8 and {program.FLOAT_MAC:.1f} pJ per "
    text += f"float multiply-accumulate, {program.ARENA_BYTE:.1f} pJ per byte of the "
    text += f"arena (a 32 kB cache), {program.WEIGHT_BYTE:.1f} pJ per byte of weights "
    text += f"(read once from DRAM). Source: {program.SOURCE}. Other work is not "
    text += "counted; processors differ, so compare, do not add to a power budget."
    figure = figures.bars("energy", energies, "µJ")
    head = ["step", "node", "kernel", "µs", "MACs", "arena bytes", "weight bytes", "µJ"]
    sections.append(_Section("Energy, an estimate", text, figure, head, rows))
    return sections


_SECTIONS: tuple[Callable[[Compilation, Say], list[_Section]], ...] = (
    *(_budget, _errors, _ranges, _memory, _steps),
)
