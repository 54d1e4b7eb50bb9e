"""`--eval`, `--metric`, `--max-drop`, `--keep-float`: from the command line to bits."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
import small_models
from command_line import Tool
from scaled_network import CONSUMER, LAYER, Array, digits, model

import qcc
from qcc.compiler.api import Options, Report, compile_with

PLAIN = {"calibration_method": "minmax", "refinements": ()}
"""Nothing that might heal the network by itself."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The network, samples to calibrate it and samples to score it."""
    folder = tmp_path_factory.mktemp("budget")
    onnx.save(model(), folder / "scaled.onnx")
    train, test = digits()
    np.savez(folder / "train.npz", image=train.images[:64])
    np.savez(folder / "test.npz", image=test.images, label=test.labels)
    np.savez(folder / "images.npz", image=test.images)
    return folder


def compiled(folder: Path, output: Path, **options: object) -> Report:
    given = {"evaluation": folder / "test.npz", **options}
    all_options = Options(calibration=folder / "train.npz", **given)  # pyright: ignore
    return compile_with(folder / "scaled.onnx", output, all_options)


def accuracy(library: Path) -> float:
    """Percent of the test images."""
    test = digits()[1]
    session = qcc.InferenceSession(library)
    outputs: Array = session.run(None, {"image": test.images})[0]
    return 100 * float(np.mean(outputs.argmax(axis=1) == test.labels))


@pytest.mark.parametrize("options", [PLAIN, {}], ids=["plain", "defaults"])
def test_the_layer_that_hurts_is_named_and_stays_float(
    folder: Path, tmp_path: Path, options: dict[str, object]
):
    library = tmp_path / "m.so"
    report = compiled(folder, library, max_drop=0.5, **options)
    budget = report.budget
    assert budget is not None
    assert budget.float_score - accuracy(library) <= 0.5
    assert budget.score == accuracy(library)
    if not budget.kept:
        # The defaults may come to heal this network; then nothing may stay float.
        assert options is not PLAIN
        assert not any("stays float" in note for note in report.notes)
        return
    assert budget.float_score - budget.int8_score > 0.5
    assert budget.ranking[0].name == LAYER
    assert {LAYER} <= set(budget.kept) <= {LAYER, CONSUMER}
    noise = [layer.noise for layer in budget.ranking]
    assert noise == sorted(noise, reverse=True)


def test_the_summary_says_how_to_do_it_again(
    folder: Path, tmp_path: Path, qcc_tool: Tool
):
    common = (folder / "scaled.onnx", f"--calibrate={folder / 'train.npz'}")
    common += ("--calibration-method=minmax", "--refine=none", "--target=portable")
    budget = (f"--eval={folder / 'test.npz'}", "--metric=top1", "--max-drop=0.5")
    first = qcc_tool(*common, "-o", tmp_path / "m.c", *budget)
    assert first.code == 0, first.err
    kept = f"{LAYER},{CONSUMER}"
    assert f"--keep-float {kept}" in first.err
    assert "layers by sensitivity" in first.err
    (tmp_path / "n").mkdir()
    again = qcc_tool(*common, "-o", tmp_path / "n" / "m.c", "--keep-float", kept)
    assert again.code == 0, again.err
    assert (tmp_path / "n/m.c").read_bytes() == (tmp_path / "m.c").read_bytes()


def test_the_search_is_deterministic(folder: Path, tmp_path: Path):
    found: list[object] = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        output = tmp_path / name / "m.c"
        report = compiled(folder, output, max_drop=0.5, metric="top1", **PLAIN)
        assert report.budget is not None
        found.append((list(report.budget.ranking), output.read_bytes()))
    assert found[0] == found[1]


def test_sqnr_needs_no_labels(folder: Path, tmp_path: Path):
    images = folder / "images.npz"
    budget = compiled(
        folder,
        tmp_path / "m.so",
        evaluation=images,
        metric="sqnr",
        max_drop=5.0,
        **PLAIN,
    ).budget
    assert budget is not None
    assert budget.kept
    assert budget.drop <= 5
    # 5 percent of the signal are 26 dB.
    assert budget.score >= 26
    assert budget.int8_score < 26


def test_a_metric_of_the_user(folder: Path, tmp_path: Path):
    (tmp_path / "own.py").write_text(
        "def hits(outputs, labels):\n"
        "    guesses = outputs['logits'].reshape(-1, 10).argmax(axis=1)\n"
        "    return (guesses == labels['label']).mean()\n"
        "def broken(outputs, labels):\n"
        "    return outputs['nothing']\n"
    )
    metric = f"{tmp_path / 'own.py'}:hits"
    report = compiled(folder, tmp_path / "m.so", metric=metric, max_drop=0.005, **PLAIN)
    assert report.budget is not None
    assert report.budget.kept
    assert report.budget.drop <= 0.005
    for name, words in (("broken", "KeyError"), ("none", "no function")):
        metric = f"{tmp_path / 'own.py'}:{name}"
        with pytest.raises(qcc.QccError, match=words):
            compiled(folder, tmp_path / "m.so", metric=metric, max_drop=1.0)


def test_scores_alone_change_nothing(folder: Path, tmp_path: Path):
    report = compiled(folder, tmp_path / "m.so", **PLAIN)
    assert report.budget is not None
    assert not report.budget.kept
    assert "score" in dict(report.rows)
    assert report.budget.score == accuracy(tmp_path / "m.so")


def test_the_best_reached_is_named_where_the_budget_cannot_be_met(
    folder: Path, tmp_path: Path
):
    with pytest.raises(qcc.QccError, match="cannot be met") as caught:
        compiled(folder, tmp_path / "m.so", max_drop=0.5, int8_only=True, **PLAIN)
    assert "the best reached is a drop of" in str(caught.value)
    assert "--int8-only" in str(caught.value)
    (tmp_path / "worse.py").write_text(
        "calls = []\n"
        "def worse(outputs, labels):\n"
        "    calls.append(0)\n"
        "    return -float(len(calls) > 1)\n"
    )
    metric = f"{tmp_path / 'worse.py'}:worse"
    with pytest.raises(qcc.QccError, match="all 4 layers in float"):
        compiled(folder, tmp_path / "m.so", metric=metric, max_drop=0.5, **PLAIN)
    assert not list(tmp_path.glob("m.*"))


def test_wrong_budgets_are_refused(folder: Path, tmp_path: Path, qcc_tool: Tool):
    common = (folder / "scaled.onnx", "-o", tmp_path / "m.c")
    data = f"--eval={folder / 'test.npz'}"
    calibrated = (*common, f"--calibrate={folder / 'train.npz'}")
    refused = qcc_tool(*calibrated, "--max-drop=1")
    refused.assert_refused("evaluation data", "--eval")
    qcc_tool(*calibrated, data, "--max-drop=-1").assert_refused("cannot be met")
    qcc_tool(*calibrated, data, "--max-drop=nan").assert_refused("cannot be met")
    qcc_tool(*common, data, "--max-drop=1").assert_refused("mode is dynamic")
    unknown = qcc_tool(*calibrated, data, "--metric=top5", "--max-drop=1")
    unknown.assert_refused("'top5'", "FILE.py:function")
    missing = qcc_tool(*calibrated, data, "--metric=no.py:f", "--max-drop=1")
    missing.assert_refused("no.py")
    images = f"--eval={folder / 'images.npz'}"
    qcc_tool(*calibrated, images, "--max-drop=1").assert_refused("top1 needs labels")
    nothing = qcc_tool(*calibrated, f"--eval={tmp_path / 'no.npz'}", "--max-drop=1")
    nothing.assert_refused("no.npz")
    qcc_tool(*calibrated, "--keep-float=nobody").assert_refused("nobody", "remedy:")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["label", "labels"])
def test_labels_from_dictionaries(folder: Path, tmp_path: Path, name: str):
    test = digits()[1]
    samples = [
        {"image": image, name: label}
        for image, label in zip(test.images[:50], test.labels[:50], strict=True)
    ]
    report = compiled(folder, tmp_path / "m.so", evaluation=samples)
    assert report.budget is not None
    assert report.budget.float_score > 90


def test_labels_that_are_not_one_per_sample(folder: Path, tmp_path: Path):
    test = digits()[1]
    np.savez(tmp_path / "few.npz", image=test.images, label=test.labels[:7])
    with pytest.raises(qcc.QccError, match="top1 needs labels"):
        compiled(folder, tmp_path / "m.so", evaluation=tmp_path / "few.npz")
    np.savez(tmp_path / "many.npz", image=test.images, label=np.zeros((400, 3)))
    with pytest.raises(qcc.QccError, match="do not fit"):
        compiled(folder, tmp_path / "m.so", evaluation=tmp_path / "many.npz")


def test_the_cost_model_keeps_additions_between_floats(tmp_path: Path, qcc_tool: Tool):
    nodes = [
        onnx.helper.make_node("MaxPool", ["x"], ["p"], "pool", kernel_shape=[1, 1]),
        onnx.helper.make_node("Add", ["x", "p"], ["s"], "sum"),
        onnx.helper.make_node("Relu", ["s"], ["y"], "relu"),
    ]
    (tmp_path / "m.onnx").write_bytes(small_models.model(nodes).SerializeToString())
    np.save(tmp_path / "x.npy", small_models.samples())
    common = (tmp_path / "m.onnx", f"--calibrate={tmp_path / 'x.npy'}")
    common += ("--target=x86-64-v3,portable", "--keep-float=auto")
    output = tmp_path / "m.mlir"
    found = qcc_tool(*common, "-o", output)
    assert found.code == 0, found.err
    assert 'node "sum"): stays float: int8 would be slower' in found.err
    assert "quant." not in output.read_text()
    found = qcc_tool(*common, "-o", output, "--io=int8")
    assert found.code == 0, found.err
    assert "quant.add" in output.read_text()
    dynamic = qcc_tool(*common, "-o", output, "--mode=dynamic")
    dynamic.assert_refused("the mode is dynamic")


ZOO = Path(__file__).resolve().parents[3] / "shared" / "zoo"


@pytest.mark.skipif(not (ZOO / "zoo.py").is_file(), reason=f"no model zoo at {ZOO}")
def test_a_real_model_keeps_the_error_of_its_outputs_small(tmp_path: Path):
    """kws_dscnn: 3 % of error where all in int8 makes more than 4 %."""
    sys.path.insert(0, str(ZOO))
    try:
        import zoo
    finally:
        sys.path.remove(str(ZOO))
    case = zoo.cases()["kws_dscnn"]
    samples = [feeds for feeds, _ in case.evaluation(40)]
    options = Options(
        calibration=list(case.calibration(32)),
        calibration_method="minmax",
        refinements=(),
        evaluation=samples,
        metric="sqnr",
        max_drop=3.0,
    )
    library = tmp_path / "kws.so"
    report = compile_with(ZOO / "models" / "kws_dscnn.onnx", library, options)
    budget = report.budget
    assert budget is not None
    assert 0 < len(budget.kept) < len(budget.ranking)
    assert budget.metric.drop(budget.float_score, budget.int8_score) > 3
    session = qcc.InferenceSession(library)
    signal = noise = 0.0
    for feeds in samples:
        expected: Array = case.run(feeds)[0].astype(np.float64)
        signal += float(np.sum(expected**2))
        noise += float(np.sum((session.run(None, feeds)[0] - expected) ** 2))
    assert 100 * (noise / signal) ** 0.5 <= 3.0
