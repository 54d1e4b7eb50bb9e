"""`qcc-run` and `qcc-verify` on compiled models."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from command_line import DIGITS, Tool
from onnx import TensorProto, helper, numpy_helper
from small_models import convolution, samples

import qcc

TEST, MODEL = DIGITS / "test.npz", DIGITS / "digits.onnx"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundled model, with all its tensors."""
    return qcc.compile(
        MODEL,
        tmp_path_factory.mktemp("digits") / "digits.so",
        calibration=DIGITS / "calibration.npz",
        keep_tensors=True,
    )


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Twelve test images as a file of samples."""
    with np.load(TEST) as archive:
        np.savez(tmp_path / "images.npz", image=archive["image"][:12])
    return tmp_path / "images.npz"


def test_run_prints_a_line_per_sample(library: Path, images: Path, qcc_run_tool: Tool):
    outcome = qcc_run_tool(library, "--inputs", images)
    assert (outcome.code, outcome.err) == (0, "")
    rows = [line.split() for line in outcome.out.splitlines()[1:]]
    with np.load(TEST) as archive:
        labels = archive["label"][:12]
    assert [row[0] for row in rows] == [str(number) for number in range(12)]
    assert {row[1] for row in rows} == {"probabilities"}
    assert np.mean([int(row[-1]) for row in rows] == labels) > 0.8


def test_run_writes_the_outputs(
    library: Path, images: Path, tmp_path: Path, qcc_run_tool: Tool
):
    outcome = qcc_run_tool(library, "-i", images, "-o", tmp_path / "out.npz")
    assert (outcome.code, outcome.out) == (0, "")
    with np.load(tmp_path / "out.npz") as archive, np.load(images) as given:
        written = archive["probabilities"]
        [expected] = qcc.InferenceSession(library).run(None, {"image": given["image"]})
    np.testing.assert_array_equal(written[:, 0], expected)


def _names_of_parameters() -> onnx.ModelProto:
    """A model whose outputs are called as the parameters of `np.savez`."""
    names = ["file", "allow_pickle", "../up", "[/b] [red]"]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3])
    nodes = [helper.make_node("Neg", ["x"], [name]) for name in names]
    outputs = [helper.make_empty_tensor_value_info(name) for name in names]
    graph = helper.make_graph(nodes, "g", [x], outputs)
    opsets = [helper.make_opsetid("", 17)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8)


def test_hostile_output_names(tmp_path: Path, qcc_tool: Tool, qcc_run_tool: Tool):
    (tmp_path / "m.onnx").write_bytes(_names_of_parameters().SerializeToString())
    np.save(tmp_path / "x.npy", np.ones((2, 3), np.float32))
    compiled = qcc_tool(tmp_path / "m.onnx", "-o", tmp_path / "m.so", "--mode=float")
    assert compiled.code == 0
    assert "[/b] [red]" in compiled.err
    output = tmp_path / "out.npz"
    outcome = qcc_run_tool(tmp_path / "m.so", "-i", tmp_path / "x.npy", "-o", output)
    assert (outcome.code, outcome.err) == (0, "")
    with np.load(output) as archive:
        assert set(archive.files) == {"file", "allow_pickle", "../up", "[/b] [red]"}
        np.testing.assert_array_equal(archive["file"], np.full((2, 1, 3), -1))
    printed = qcc_run_tool(tmp_path / "m.so", "-i", tmp_path / "x.npy")
    assert (printed.code, printed.err) == (0, "")
    assert "[/b] [red]" in printed.out


def colour_model() -> onnx.ModelProto:
    """Scores of the classes red, green and blue: the means of the channels."""
    x = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, 16, 16])
    nodes = [
        helper.make_node("GlobalAveragePool", ["image"], ["means"]),
        helper.make_node("Flatten", ["means"], ["flat"]),
        helper.make_node("MatMul", ["flat", "eye"], ["scores"]),
    ]
    outputs = [helper.make_empty_tensor_value_info("scores")]
    eye = numpy_helper.from_array(np.eye(3, dtype=np.float32), "eye")
    graph = helper.make_graph(nodes, "colours", [x], outputs, [eye])
    opsets = [helper.make_opsetid("", 17)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8)


def test_run_classifies_a_picture(tmp_path: Path, qcc_run_tool: Tool):
    images = pytest.importorskip("PIL.Image")
    picture, labels = tmp_path / "picture.png", tmp_path / "labels.txt"
    images.new("RGB", (40, 30), (10, 200, 90)).save(picture)
    labels.write_text("red [/]\ngreen [bold]\n")
    path = qcc.compile(colour_model(), tmp_path / "colours.so", mode="float")
    options = ("--image", picture, "--labels", labels, "--mean=0", "--std=255")
    outcome = qcc_run_tool(path, *options, "--top=3")
    assert (outcome.code, outcome.err) == (0, "")
    lines = [line.split() for line in outcome.out.splitlines()[1:]]
    # The third class has no label.
    assert [line[0] for line in lines] == ["green", "2", "red"]
    scores = [float(line[-1]) for line in lines]
    np.testing.assert_allclose(scores, [200 / 255, 90 / 255, 10 / 255], atol=1e-3)
    assert len(qcc_run_tool(path, *options, "--top=1").out.splitlines()) == 2


def test_run_refuses(library: Path, images: Path, tmp_path: Path, qcc_run_tool: Tool):
    qcc_run_tool(library).assert_wrong_usage("--inputs or --image")
    both = qcc_run_tool(library, "-i", images, "--image", images)
    both.assert_wrong_usage("--inputs or --image")
    qcc_run_tool(library, "-i", images, "--top=0").assert_wrong_usage("--top")
    qcc_run_tool(tmp_path / "no.so", "-i", images).assert_refused("no.so", "remedy:")
    qcc_run_tool(images, "-i", images).assert_refused("not a compiled model", "remedy:")
    qcc_run_tool(library, "-i", tmp_path / "none.npz").assert_refused("none.npz")
    np.savez(tmp_path / "other.npz", x=np.zeros(3, np.float32))
    other = qcc_run_tool(library, "-i", tmp_path / "other.npz")
    other.assert_refused("'image'")
    output = tmp_path / "nowhere" / "out.npz"
    qcc_run_tool(library, "-i", images, "-o", output).assert_refused("nowhere")
    picture = tmp_path / "picture.png"
    picture.write_bytes(b"no picture")
    qcc_run_tool(library, "--image", picture).assert_refused("picture.png")


def columns(text: str) -> dict[str, tuple[float, float, float, bool]]:
    """Tensor → SQNR in dB, cosine, largest error, whether it is an output."""
    rows = [line.split() for line in text.splitlines()[2:]]
    return {
        row[0]: (float(row[1]), float(row[2]), float(row[3]), row[-1] == "yes")
        for row in rows
    }


def test_verify_shows_every_layer(library: Path, images: Path, qcc_verify_tool: Tool):
    outcome = qcc_verify_tool(library, MODEL, "--samples", images, "--count=12")
    assert (outcome.code, outcome.err) == (0, "")
    table = columns(outcome.out)
    assert {"stem", "body", "point", "probabilities"} <= set(table)
    assert [name for name, row in table.items() if row[3]] == ["probabilities"]
    for sqnr, cosine, largest, _ in table.values():
        assert 10 < sqnr < 80
        assert 0.95 < cosine <= 1
        assert largest > 0
    # Probabilities are off by less than a few steps of 1/256.
    assert table["probabilities"][2] < 0.25
    # Errors grow along the way, and the worst comes first.
    assert table["stem"][0] > table["point"][0]
    ranking = [row[0] for row in table.values()]
    assert ranking == sorted(ranking)
    assert "12 samples" in outcome.out


def test_verify_writes_numbers(
    library: Path, images: Path, tmp_path: Path, qcc_verify_tool: Tool
):
    output = tmp_path / "errors.json"
    outcome = qcc_verify_tool(library, MODEL, "-s", images, "-n", 4, "--json", output)
    assert (outcome.code, outcome.err) == (0, "")
    numbers = json.loads(output.read_text())
    assert numbers["samples"] == 4
    rows = {row["tensor"]: row for row in numbers["tensors"]}
    assert rows["stem"]["node"] == "stem"
    assert (rows["logits"]["node"], rows["logits"]["op"]) == ("logits", "Gemm")
    assert rows["probabilities"]["is_output"]
    table = columns(outcome.out)
    assert list(table) == [row["tensor"] for row in numbers["tensors"]]
    assert rows["point"]["sqnr_db"] == pytest.approx(table["point"][0], abs=0.01)
    refused = qcc_verify_tool(
        library, MODEL, "-s", images, "--json", tmp_path / "no" / "e.json"
    )
    refused.assert_refused("No such file")


def test_verify_of_a_float_library(tmp_path: Path, images: Path, qcc_verify_tool: Tool):
    path = qcc.compile(MODEL, tmp_path / "m.so", mode="float", keep_tensors=True)
    outcome = qcc_verify_tool(path, MODEL, "-s", images, "--min-sqnr=80")
    assert (outcome.code, outcome.err) == (0, "")
    assert min(row[0] for row in columns(outcome.out).values()) > 80


def test_verify_without_tensors_shows_outputs(
    tmp_path: Path, images: Path, qcc_verify_tool: Tool
):
    path = qcc.compile(MODEL, tmp_path / "m.so")
    outcome = qcc_verify_tool(path, MODEL, "-s", images, "-n", 3)
    assert list(columns(outcome.out)) == ["probabilities"]
    assert "--keep-tensors" in outcome.err


def test_verify_fails_below_a_limit(library: Path, images: Path, qcc_verify_tool: Tool):
    outcome = qcc_verify_tool(library, MODEL, "-s", images, "--min-sqnr=99")
    assert outcome.code == 1
    assert "dB < 99" in outcome.err
    assert "probabilities" in outcome.out


def test_verify_refuses(
    library: Path, images: Path, tmp_path: Path, qcc_verify_tool: Tool
):
    (tmp_path / "other.onnx").write_bytes(convolution().SerializeToString())
    other = qcc_verify_tool(library, tmp_path / "other.onnx", "-s", images)
    other.assert_refused("probabilities", "another model")
    missing = qcc_verify_tool(library, tmp_path / "none.onnx", "-s", images)
    missing.assert_refused("none.onnx")
    (tmp_path / "bad.onnx").write_bytes(b"\x08\x08" * 50)
    qcc_verify_tool(library, tmp_path / "bad.onnx", "-s", images).assert_refused("bad")
    np.save(tmp_path / "x.npy", samples())
    wrong = qcc_verify_tool(library, MODEL, "-s", tmp_path / "x.npy")
    wrong.assert_refused("'image'")
