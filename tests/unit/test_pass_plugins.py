"""Passes of plugins: modules, files, and what can be wrong with them."""

from pathlib import Path

import pytest

from qcc.dialects.errors import QccError
from qcc.passes import get_all_passes, load_plugins

PLUGIN = """
from dataclasses import dataclass
from xdsl.passes import ModulePass

@dataclass(frozen=True)
class DoNothingPass(ModulePass):
    name = "{name}"
    times: int = 1
    def apply(self, ctx, op):
        pass
"""


def write(folder: Path, module: str, name: str) -> Path:
    path = folder / f"{module}.py"
    path.write_text(PLUGIN.format(name=name))
    return path


def test_every_registered_pass_loads_and_has_its_name() -> None:
    passes = get_all_passes()
    assert "apply-rules" in passes
    for name, factory in passes.items():
        assert factory().name == name


def test_a_file(tmp_path: Path) -> None:
    path = write(tmp_path, "qcc_plugin_in_a_file", "do-nothing")
    passes = load_plugins([str(path)])
    assert passes["do-nothing"]()(times=3).name == "do-nothing"


def test_a_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "qcc_plugin_module", "do-less")
    monkeypatch.syspath_prepend(tmp_path)
    assert set(load_plugins(["qcc_plugin_module"])) >= {"do-less"}


def test_a_module_that_is_not_there() -> None:
    with pytest.raises(QccError, match="cannot import the pass plugin no_such_module"):
        load_plugins(["no_such_module"])


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(QccError, match="cannot import the pass plugin"):
        load_plugins([str(tmp_path / "no.py")])


def test_a_module_without_passes() -> None:
    with pytest.raises(QccError, match="math defines no pass"):
        load_plugins(["math"])


def test_a_name_that_is_taken(tmp_path: Path) -> None:
    path = write(tmp_path, "qcc_plugin_cse", "cse")
    with pytest.raises(QccError, match="defines the pass cse"):
        load_plugins([str(path)])
