"""qcc-opt: side files, plugins, and messages instead of tracebacks."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from xdsl.dialects.builtin import ModuleOp
from xdsl.utils.exceptions import VerifyException

from qcc.compiler.cli.qcc_opt import QccOptMain, main
from qcc.dialects import blob, nn
from qcc.dialects.errors import QccError
from qcc.passes.statistics import Range, Statistics

PLUGIN = '''
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, UnitAttr
from xdsl.passes import ModulePass


class MarkPass(ModulePass):
    """Marks the module."""

    name = "mark"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        op.attributes["marked"] = UnitAttr()
'''


@pytest.fixture
def module_file(tmp_path: Path) -> Path:
    """A module whose constant is a blob in the `.npz` beside it."""
    array = np.random.default_rng(7).standard_normal(100).astype(np.float32)
    module = ModuleOp([nn.ReluOp(constant := nn.ConstantOp(array))])
    module.body.block.insert_op_before(constant, module.body.block.first_op)
    path = tmp_path / "model.mlir"
    path.write_text(str(module))
    blob.save_blobs(module, path.with_suffix(".npz"))
    return path


def _forget_blobs(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    store: dict[str, object] = {}
    monkeypatch.setattr(blob, "_STORE", store)
    return store


def test_blobs_beside_the_input_are_read_and_written_beside_the_output(
    module_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = _forget_blobs(monkeypatch)
    output = tmp_path / "out.mlir"
    QccOptMain([str(module_file), "-o", str(output)]).run()
    assert len(store) == 1
    assert output.read_text().strip() == module_file.read_text().strip()
    store.clear()
    QccOptMain([str(output), "-o", str(tmp_path / "again.mlir")]).run()
    (array,) = store.values()
    assert isinstance(array, np.ndarray)
    assert array.shape == (100,)


def test_load_blobs_names_another_file(
    module_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    store = _forget_blobs(monkeypatch)
    other = tmp_path / "elsewhere.npz"
    module_file.with_suffix(".npz").rename(other)
    QccOptMain([str(module_file)]).run()
    assert store == {}
    QccOptMain([str(module_file), "--load-blobs", str(other)]).run()
    assert len(store) == 1
    assert "nn.relu" in capsys.readouterr().out
    other.write_text("no archive")
    with pytest.raises(QccError, match=r"is not an \.npz file"):
        QccOptMain([str(module_file), "--load-blobs", str(other)]).run()


def test_ranges_are_passed_on(module_file: Path, tmp_path: Path) -> None:
    statistics = Statistics()
    statistics.add("x", Range(-1.0, 2.0))
    ranges, saved = tmp_path / "ranges.json", tmp_path / "saved.json"
    statistics.save(ranges)
    options = ["--ranges", str(ranges), "--save-ranges", str(saved)]
    output = ["-o", str(tmp_path / "out.mlir")]
    QccOptMain([str(module_file), *options, *output]).run()
    assert Statistics.load(saved) == statistics


def test_pass_plugin(module_file: Path, tmp_path: Path) -> None:
    plugin = tmp_path / "mark_plugin.py"
    plugin.write_text(PLUGIN)
    output = tmp_path / "out.mlir"
    arguments = ["--pass-plugin", str(plugin), "-p", "mark", "-o", str(output)]
    QccOptMain([str(module_file), *arguments]).run()
    assert "marked" in output.read_text()


@pytest.mark.parametrize(
    ("text", "arguments", "message"),
    [
        ("", ["-p", "nonsense"], "cannot run the passes nonsense"),
        ("", ["-p", "cse{x=1}"], "cannot run the passes cse{x=1}"),
        ("", ["--ranges", "missing.json"], "missing.json"),
        ('"nn.nonsense"() : () -> ()', [], "Operation nn.nonsense is not registered"),
        ("%0 = ", [], "operation name"),
        (
            "%c = nn.constant dense<1.0> : tensor<3xf32> -> tensor<4xf32>",
            [],
            "result type is tensor<4xf32>, expected tensor<3xf32>",
        ),
    ],
)
def test_mistakes_end_with_a_message_and_1(
    text: str,
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "input.mlir"
    path.write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["qcc-opt", str(path), *arguments])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 1
    assert message in capsys.readouterr().err


def test_verifier_messages_reach_callers(tmp_path: Path) -> None:
    path = tmp_path / "input.mlir"
    path.write_text("%c = nn.constant dense<1.0> : tensor<3xf32> -> tensor<4xf32>")
    with pytest.raises(VerifyException, match="expected tensor<3xf32>"):
        QccOptMain([str(path)]).run()
