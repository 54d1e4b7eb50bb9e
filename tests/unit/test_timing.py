"""`qcc-bench` and what it measures with."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper as h
from onnx import numpy_helper
from typer.testing import CliRunner

import qcc
from qcc.codegen.targets import TARGETS, runs_here
from qcc.compiler.cli.qcc_bench import app
from qcc.compiler.diagnostics import QccError
from qcc.compiler.timing import ModelTimer, random_feeds

MACS = 16 * 16 * 32 * 32 * 9


@pytest.fixture(scope="module")
def model() -> onnx.ModelProto:
    """One convolution."""
    generator = np.random.default_rng(0)
    weight = generator.standard_normal((32, 32, 3, 3)).astype(np.float32)
    node = h.make_node("Conv", ["x", "w"], ["y"], "layer", pads=[1, 1, 1, 1])
    ports = [
        h.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1, 32, 16, 16])
        for name in "xy"
    ]
    constants = [numpy_helper.from_array(weight, "w")]
    graph = h.make_graph([node], "g", ports[:1], ports[1:], constants)
    return h.make_model(graph, opset_imports=[h.make_opsetid("", 17)], ir_version=8)


@pytest.fixture(scope="module")
def library(model: onnx.ModelProto, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Dynamic int8, for this processor."""
    return qcc.compile(model, tmp_path_factory.mktemp("timing") / "one.so")


def test_runs_and_steps_agree(library: Path):
    session = qcc.InferenceSession(library)
    timer = ModelTimer(session, random_feeds(session))
    runs = timer.time_runs(200)
    steps = timer.time_steps(200)
    assert runs.shape == (200,)
    assert runs.min() > 0
    assert steps.nanoseconds.shape == (200, len(session.description["steps"]))
    assert 0 < steps.clock < 10_000
    ratio = np.median(steps.nanoseconds.sum(axis=1)) / np.median(runs)
    assert 0.3 < ratio < 3


def test_the_layer_takes_most_of_the_time(library: Path):
    session = qcc.InferenceSession(library)
    steps = ModelTimer(session, random_feeds(session)).time_steps(100)
    medians = np.median(steps.nanoseconds, axis=0)
    macs = [step.get("macs", 0) for step in session.description["steps"]]
    assert macs[int(np.argmax(medians))] == MACS


def test_the_target_asked_for_is_timed(model: onnx.ModelProto, tmp_path: Path):
    targets = ("x86-64", "x86-64-v3")
    if not all(runs_here(TARGETS[name]) for name in targets):
        pytest.skip("needs AVX2")
    library = qcc.compile(model, tmp_path / "two.so", target=",".join(targets))
    for name in targets:
        output = tmp_path / "out.json"
        arguments = ["--target", name, "--runs", "1", "--profile", "--json", output]
        result = CliRunner().invoke(app, [str(library), *map(str, arguments)])
        assert result.exit_code == 0, result.output
        numbers = json.loads(output.read_text())
        assert numbers["target"] == name
        kernel = next(row["kernel"] for row in numbers["steps"] if row["macs"])
        assert kernel.endswith({"x86-64": "sse2", "x86-64-v3": "avx2"}[name])


def test_wrong_feeds(library: Path):
    session = qcc.InferenceSession(library)
    feeds = random_feeds(session)
    with pytest.raises(QccError, match="no data"):
        ModelTimer(session, {})
    with pytest.raises(QccError, match="wrong data"):
        ModelTimer(session, {"x": feeds["x"].astype(np.float64)})


def test_command_writes_what_it_prints(library: Path, tmp_path: Path):
    output = tmp_path / "out.json"
    arguments = [str(library), "--runs", "20", "--profile", "--json", str(output)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    numbers = json.loads(output.read_text())
    assert numbers["runs"] == 20
    assert numbers["macs"] == MACS
    assert numbers["minimum_ms"] <= numbers["median_ms"] <= numbers["p90_ms"]
    assert sum(row["share"] for row in numbers["steps"]) == pytest.approx(1)
    assert "layer" in result.output
    assert f"{numbers['arena_bytes']:,} bytes" in result.output


def test_samples_of_the_user_are_run(library: Path, tmp_path: Path):
    samples = tmp_path / "samples.npz"
    np.savez(samples, x=np.zeros((2, 32, 16, 16), np.float32))
    result = CliRunner().invoke(app, [str(library), "--runs", "1", "-i", str(samples)])
    assert result.exit_code == 0, result.output
    np.savez(samples, wrong=np.zeros((2, 3), np.float32))
    result = CliRunner().invoke(app, [str(library), "-i", str(samples)])
    assert isinstance(result.exception, QccError)
