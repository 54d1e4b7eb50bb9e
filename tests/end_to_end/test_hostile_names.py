"""Names out of a model never reach C, a shell or a path as they are."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from command_line import Tool
from small_models import SHAPE, convolution, samples

import qcc

HOSTILE = {
    "quotes": "a\"b'c`d",
    "newline": 'x\n#error "injected"\n',
    "carriage return": "x\r\n#include <stdio.h>\r",
    "end of comment": "*/ int injected; /*",
    "line comment": "// injected \\",
    "format": "%s%n%d",
    "trigraph": "??/\n??=define injected ??'",
    "backslashes": "\\\\\\n\\x41\\u0041\\",
    "unicode": "Größe→名前🙂\u202e\u0000\x7f",
    "shell": "$(touch injected); `id` | rm -rf . &",
    "path": "../../injected/../x",
    "absolute path": "/tmp/injected",
    "template": "@WEIGHTS@ @NAME@ $runtime ${prefix} {0}",
    "keyword": "int",
    "own names": "arena",
    "json": '{"a": [1, "\\u0000"]}',
    "html": "<script>alert(1)</script>&amp;",
    "markup": "[bold red]x[/] [link=file:///etc/passwd]",
    "location": 'loc("x") {tensor = "y"} : i32',
    "space": " ",
    "digit": "0",
    "long": "n" * 5000,
    "escapes": "\x1b[31mred\x07",
}

NAMES = tuple(HOSTILE.values())


def hostile_model() -> onnx.ModelProto:
    """Convolutions side by side, all of whose tensors and nodes have hostile names."""
    parts = [convolution(f"{n}1", f"{n}2", f"{n}3", f"{n}4") for n in NAMES]
    proto = parts[0]
    for part in parts[1:]:
        proto.graph.MergeFrom(part.graph)
    return proto


def feeds(seed: int) -> dict[str, Any]:
    """Another sample for each input."""
    rows = samples(len(NAMES), seed)
    return {f"{name}1": row for name, row in zip(NAMES, rows, strict=True)}


CALIBRATION = [feeds(seed) for seed in range(3)]


def test_library(tmp_path: Path):
    path = qcc.compile(hostile_model(), tmp_path / "model.so", calibration=CALIBRATION)
    session = qcc.InferenceSession(path)
    assert [info.name for info in session.get_inputs()] == [f"{n}1" for n in NAMES]
    assert [info.name for info in session.get_outputs()] == [f"{n}3" for n in NAMES]
    plain = onnxruntime.InferenceSession(
        convolution().SerializeToString(), providers=["CPUExecutionProvider"]
    )
    for name, x in CALIBRATION[0].items():
        output = name[:-1] + "3"
        [result] = session.run([output], CALIBRATION[0])
        [expected] = plain.run(None, {"x": x})
        np.testing.assert_allclose(result, expected, atol=0.15)
    assert {p.name for p in tmp_path.iterdir()} == {"model.so", "model.h"}


def assert_harmless(text: str) -> None:
    """Nothing of the names is left in C but letters, outside of the description."""
    text.encode("ascii")
    assert not re.search(r"[^\n -~]", text)
    code = re.sub(r'"([^"\\\n]|\\.)*"', "", text)
    code = re.sub(r"/\*.*?\*/", "", code, flags=re.S)
    for word in ("int injected", "#include <stdio", "@", "$", "??", "alert("):
        assert word not in code


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_c_is_strict(compiler: str, tmp_path: Path):
    if shutil.which(compiler) is None:
        pytest.skip(f"needs {compiler}")
    qcc.compile(hostile_model(), tmp_path / "m.c", target="portable", keep_tensors=True)
    assert_harmless((tmp_path / "m.c").read_text("ascii"))
    assert_harmless((tmp_path / "m.h").read_text("ascii"))
    flags = ("-std=c11", "-trigraphs", "-pedantic", "-Wall", "-Wextra", "-Wconversion")
    command = (compiler, *flags, "-Wno-overlength-strings", "-Werror", "-fsyntax-only")
    arguments = (*command, "m.c")
    done = subprocess.run(arguments, cwd=tmp_path, capture_output=True, text=True)
    assert done.stderr == ""
    assert done.returncode == 0


def test_other_products(tmp_path: Path):
    proto = hostile_model()
    exported = qcc.compile(proto, tmp_path / "model.onnx", calibration=CALIBRATION)
    again = onnx.load(exported)
    assert [value.name for value in again.graph.input] == [f"{n}1" for n in NAMES]
    assert [value.name for value in again.graph.output] == [f"{n}3" for n in NAMES]
    folder = qcc.compile(proto, tmp_path / "project", calibration=CALIBRATION)
    assert {p.name for p in folder.iterdir()} == {
        "CMakeLists.txt",
        "project.c",
        "project.h",
        "project_weights.bin",
    }


def test_ir_is_readable(tmp_path: Path):
    proto = hostile_model()
    path = qcc.compile(proto, tmp_path / "model.mlir", calibration=CALIBRATION)
    command = (sys.executable, "-c", "from qcc.compiler.cli.qcc_opt import *; main()")
    done = subprocess.run((*command, path), capture_output=True, text=True)
    assert done.stderr == ""
    names = names_in(path.read_text("ascii"))
    assert names_in(done.stdout) == names
    assert len(names) > 3 * len(NAMES)


def names_in(text: str) -> list[str]:
    """The strings in attributes: names of tensors, inputs and outputs."""
    found = re.findall(r'(?:tensor = |names = \[|, )("(?:[^"\\]|\\.)*")', text)
    return [str(each) for each in found]


def test_messages_do_not_control_the_terminal(tmp_path: Path, qcc_tool: Tool):
    proto = convolution(node="\x1b[31m[bold]evil\r\n")
    proto.graph.node[0].op_type = "Frob\x1b[2Jnicate"
    path = tmp_path / "model.onnx"
    path.write_bytes(proto.SerializeToString())
    outcome = qcc_tool(path, "-o", tmp_path / "model.c")
    outcome.assert_refused("[bold]evil", "\\x1b[2J")
    assert not re.search(r"[^\n -~]", outcome.err)


OUTPUTS = [
    "with space.so",
    "-rf.so",
    "quote's\"; $(touch injected) größe %s.so",
    "int.so",
    "1.so",
    ".so.so",
    "@file.so",
]


@pytest.mark.parametrize("name", OUTPUTS)
def test_hostile_output_name(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    calibration = [{"x": x} for x in samples(2)]
    path = qcc.compile(convolution(), name, calibration=calibration)
    assert len(list(tmp_path.iterdir())) == 2
    [result] = qcc.InferenceSession(tmp_path / path).run(None, calibration[0])
    assert result.shape == (SHAPE[0], 3, *SHAPE[2:])
