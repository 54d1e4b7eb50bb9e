"""`--report FILE.html`: what stands in it, that it stands alone, and hostile names."""

from __future__ import annotations

import importlib.util
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from command_line import DIGITS, Tool
from small_models import convolution, samples
from xdsl.dialects.func import FuncOp

import qcc
from qcc.codegen.costs import multiply_accumulates
from qcc.codegen.targets import find_target
from qcc.compiler.api import Options, generate
from qcc.compiler.calibration import calibrate
from qcc.compiler.onnx_import import import_model
from qcc.compiler.pipeline import build_pipeline, float_passes, run_pipeline
from qcc.compiler.report.program import arena_bytes, describe_steps, memory_map
from qcc.dialects import kernel
from qcc.passes.statistics import use

CALIBRATION, MODEL = DIGITS / "calibration.npz", DIGITS / "digits.onnx"


class Page(HTMLParser):
    """The cells of tables by heading, and every reference to something outside."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tables: dict[str, list[list[str]]] = {}
        self.outside: list[str] = []
        self.tags: list[str] = []
        self._heading = ""
        self._tag = ""
        text = path.read_text("utf-8")
        self.figures = re.findall(r"<svg.*?</svg>", text, re.DOTALL)
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._tag = tag
        self.tags.append(tag)
        if tag == "h2":
            self._heading = ""
        if tag == "tr":
            self.tables.setdefault(self._heading, []).append([])
        if tag in ("td", "th"):
            self.tables[self._heading][-1].append("")
        for name, value in attrs:
            refers = name in ("src", "href", "xlink:href", "action", "data")
            if refers and value and not value.startswith("#"):
                self.outside.append(value)

    def handle_endtag(self, tag: str) -> None:
        self._tag = ""

    def handle_data(self, data: str) -> None:
        if self._tag == "h2":
            self._heading += data
        elif self._tag in ("td", "th"):
            self.tables[self._heading][-1][-1] += data


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Page:
    """The report of the bundled model."""
    folder = tmp_path_factory.mktemp("report")
    qcc.compile(
        MODEL, folder / "m.so", calibration=CALIBRATION, report=folder / "r.html"
    )
    return Page(folder / "r.html")


def test_it_shows_everything(page: Page):
    titles = ("Error by layer", "Ranges", "Memory", "Energy, an estimate")
    assert set(titles) <= set(page.tables)
    summary = {row[0]: row[1] for row in page.tables[""]}
    assert summary["mode"] == "static"
    assert {"target", "arena", "weights", "product", "time"} <= set(summary)
    errors = page.tables["Error by layer"][1:]
    assert {"stem", "body", "point", "probabilities"} <= {row[0] for row in errors}
    ratios = [float(row[3]) for row in errors]
    assert ratios == sorted(ratios)
    assert 10 < min(ratios) < max(ratios) < 90
    ranges = {row[0]: row for row in page.tables["Ranges"][1:]}
    assert ranges["probabilities"][3:] == ["0.00390625", "-128"]
    # Errors, ranges, memory, times, energy.
    assert len(page.figures) == 5


def test_times_are_those_of_the_library(page: Page):
    rows = page.tables["Energy, an estimate"]
    assert rows[0][3] == "µs"
    assert sum(float(row[3]) for row in rows[1:]) > 0
    assert sum(int(row[4].replace(",", "")) for row in rows[1:]) > 100_000


def test_it_stands_alone(page: Page):
    assert page.outside == []
    assert not {"script", "link", "img", "iframe", "object"} & set(page.tags)
    identifiers: list[str] = []
    for figure in page.figures:
        tree = ElementTree.fromstring(figure)
        identifiers += [e.attrib["id"] for e in tree.iter() if "clip" in e.tag]
    # Figures of one page must not refer to each other's clip paths.
    clips = [i for i in identifiers if i]
    assert len(clips) == len(set(clips))


def test_the_memory_map_is_the_plan():
    module = import_model(MODEL)
    run_pipeline(module, float_passes())
    with np.load(CALIBRATION) as archive:
        images = [{"image": image[None]} for image in archive["image"][:8]]
    with use(calibrate(module, images, "minmax")):
        run_pipeline(module, build_pipeline())
    printed = generate(module, [find_target("portable")], "m", Options(threads=4))
    [run] = [op for op in module.ops if isinstance(op, FuncOp)]
    steps, buffers = describe_steps(run), memory_map(run)
    listed = printed.description["steps"]
    assert [step.kernel for step in steps] == [step["kernel"] for step in listed]
    assert [step.macs for step in steps] == [step.get("macs", 0) for step in listed]
    calls = [op for op in run.walk() if isinstance(op, kernel.CallOp)]
    assert sum(step.macs for step in steps) == sum(map(multiply_accumulates, calls))
    assert max(b.offset + b.bytes for b in buffers) <= arena_bytes(run)
    for buffer in buffers:
        assert 0 <= buffer.first <= buffer.last < len(steps)
        for other in buffers:
            if other is buffer:
                break
            apart = buffer.last < other.first or other.last < buffer.first
            below = buffer.offset + buffer.bytes <= other.offset
            above = other.offset + other.bytes <= buffer.offset
            assert apart or below or above


def test_hostile_names_are_text(tmp_path: Path):
    name = '</td><script>alert(1)</script> $\\frac{x$ & \x07 "quoted" ]]> {{ 7 * 7 }}'
    path = tmp_path / "<b>model.onnx"
    path.write_bytes(convolution("x", "w", name, name).SerializeToString())
    given = [{"x": x} for x in samples()]
    report = tmp_path / "r.html"
    qcc.compile(path, tmp_path / "m.so", calibration=given, report=report)
    page = Page(report)
    assert not {"script", "b"} & set(page.tags)
    for figure in page.figures:
        ElementTree.fromstring(figure)
    shown = [cell for row in page.tables["Ranges"] for cell in row]
    assert name.replace("\x07", "\\x07") in shown


@pytest.mark.parametrize(
    ("target", "output"), [("armv8", "m.c"), ("portable", "m.c"), ("native", "m.mlir")]
)
def test_other_products_and_modes(tmp_path: Path, target: str, output: str):
    report = tmp_path / "r.html"
    qcc.compile(MODEL, tmp_path / output, target=target, report=report)
    text = report.read_text("utf-8")
    assert "no samples were given" in text
    assert "In mode dynamic there are no chosen ranges" in text
    assert ("this machine cannot run armv8" in text) == (target == "armv8")
    assert ("Memory" in Page(report).tables) == (output == "m.c")


def test_evaluation_data_serves_where_there_is_no_calibration(tmp_path: Path):
    ranges = tmp_path / "ranges.json"
    qcc.compile(MODEL, tmp_path / "m.c", calibration=CALIBRATION, save_ranges=ranges)
    report = tmp_path / "r.html"
    with np.load(DIGITS / "test.npz") as archive:
        images, labels = archive["image"][:40], archive["label"][:40]
    data = [
        {"image": image[None], "label": label}
        for image, label in zip(images, labels, strict=True)
    ]
    options = {"ranges": ranges, "evaluation": data, "report": report}
    qcc.compile(MODEL, tmp_path / "m.c", **options)
    page = Page(report)
    assert len(page.tables["Error by layer"]) > 5
    assert "score" in {row[0] for row in page.tables[""]}


def test_reports_that_cannot_be_made(
    tmp_path: Path, qcc_tool: Tool, monkeypatch: pytest.MonkeyPatch
):
    common = (MODEL, "-o", tmp_path / "m.c")
    nowhere = qcc_tool(*common, f"--report={tmp_path / 'no' / 'r.html'}")
    nowhere.assert_refused("no such folder", "--report")
    qcc_tool(*common, f"--report={tmp_path}").assert_refused("it is a folder")
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name, *rest: None if name == "matplotlib" else find(name, *rest),
    )
    missing = qcc_tool(*common, f"--report={tmp_path / 'r.html'}")
    missing.assert_refused("matplotlib", 'pip install "qcc[report]"')
    assert not list(tmp_path.iterdir())
