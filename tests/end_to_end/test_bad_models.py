"""Broken and unsupported models through the command line: a message, no traces."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from command_line import DIGITS, Tool
from onnx import TensorProto, helper
from small_models import SHAPE, convolution, model, unsupported_head, weight


def _cycle() -> onnx.ModelProto:
    return model(
        [
            helper.make_node("Add", ["x", "b"], ["a"], "first"),
            helper.make_node("Relu", ["a"], ["b"], "second"),
            helper.make_node("Relu", ["b"], ["y"], "third"),
        ]
    )


def _weights(value: float) -> onnx.ModelProto:
    node = helper.make_node("Conv", ["x", "w"], ["y"], "conv")
    return model([node], {"w": weight(value)})


def _of_type(element_type: int) -> onnx.ModelProto:
    node = helper.make_node("Relu", ["x"], ["y"], "relu")
    return model([node], element_type=element_type)


def _mixed_types() -> onnx.ModelProto:
    node = helper.make_node("Add", ["x", "n"], ["y"], "sum")
    return model([node], {"n": np.ones(1, np.int64)})


def _empty(*shape: int) -> onnx.ModelProto:
    return model([helper.make_node("Relu", ["x"], ["y"], "relu")], inputs={"x": shape})


def _of_operator(op_type: str, domain: str = "") -> onnx.ModelProto:
    proto = model([helper.make_node(op_type, ["x"], ["y"], "strange", domain=domain)])
    if domain:
        proto.opset_import.append(helper.make_opsetid(domain, 1))
    return proto


def _no_outputs() -> onnx.ModelProto:
    return model([helper.make_node("Relu", ["x"], ["y"])], outputs=())


def _bad_attribute() -> onnx.ModelProto:
    node = helper.make_node("Conv", ["x", "w"], ["y"], "conv", strides=[0, 1])
    return model([node], {"w": weight()})


def _huge() -> onnx.ModelProto:
    shape = [1 << 20, 1 << 20, 1 << 20]
    node = helper.make_node(
        "ConstantOfShape",
        ["n"],
        ["c"],
        "fill",
        value=helper.make_tensor("v", 1, [1], [0]),
    )
    add = helper.make_node("Add", ["x", "c"], ["y"], "sum")
    return model([node, add], {"n": np.array(shape, np.int64)})


DIGITS_BYTES = (DIGITS / "digits.onnx").read_bytes()

BROKEN: dict[str, tuple[Callable[[], onnx.ModelProto | bytes], list[str]]] = {
    "no bytes": (lambda: b"", ["is not an ONNX model", "why:", "remedy:"]),
    "text": (lambda: b"model: yes\n" * 9, ["is not an ONNX model", "remedy:"]),
    "truncated": (lambda: DIGITS_BYTES[:9000], ["is not an ONNX model", "truncated"]),
    "cycle": (_cycle, ["node: first", "why:", "cycle"]),
    "NaN": (lambda: _weights(float("nan")), ["w", "why:", "NaN or infinite"]),
    "infinite": (lambda: _weights(float("inf")), ["w", "why:", "NaN or infinite"]),
    "double": (lambda: _of_type(TensorProto.DOUBLE), ["tensor: x", "why:", "remedy:"]),
    "half": (lambda: _of_type(TensorProto.FLOAT16), ["tensor: x", "why:", "remedy:"]),
    "string": (lambda: _of_type(TensorProto.STRING), ["tensor: x", "why:", "remedy:"]),
    "mixed types": (_mixed_types, ["node: sum", "op: Add", "why:"]),
    "empty tensor": (lambda: _empty(1, 0, 4, 4), ["x", "why:"]),
    "negative size": (lambda: _empty(1, -3, 4, 4), ["x", "why:"]),
    "unknown operator": (
        lambda: _of_operator("Frobnicate"),
        ["node: strange", "op: Frobnicate", "tensor: y", "why:", "--outputs"],
    ),
    "unknown domain": (
        lambda: _of_operator("Thing", "com.example"),
        ["node: strange", "Thing", "com.example", "why:"],
    ),
    "no outputs": (_no_outputs, ["no outputs", "why:"]),
    "bad attribute": (_bad_attribute, ["node: conv", "op: Conv", "strides", "why:"]),
    "huge constant": (_huge, ["node: fill", "why:"]),
    "unsupported head": (
        unsupported_head,
        ["node: head", "op: Det", "tensor: y", "--outputs"],
    ),
}


def written(folder: Path, proto: onnx.ModelProto | bytes) -> Path:
    """The model as a file."""
    path = folder / "model.onnx"
    is_proto = isinstance(proto, onnx.ModelProto)
    path.write_bytes(proto.SerializeToString() if is_proto else proto)
    return path


@pytest.fixture
def products(tmp_path: Path) -> Path:
    """An empty folder to compile into."""
    folder = tmp_path / "products"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("name", BROKEN)
def test_broken_model(name: str, tmp_path: Path, products: Path, qcc_tool: Tool):
    make, words = BROKEN[name]
    outcome = qcc_tool(written(tmp_path, make()), "-o", products / "model.c")
    outcome.assert_refused(*words)
    assert not list(products.iterdir())


def test_missing_model(products: Path, qcc_tool: Tool):
    outcome = qcc_tool(products / "nothing.onnx", "-o", products / "model.c")
    outcome.assert_refused("nothing.onnx", "No such file", "remedy:")
    qcc_tool(products, "-o", products / "model.c").assert_refused("Is a directory")
    assert not list(products.iterdir())


def test_a_process_refuses_with_one_message(tmp_path: Path, products: Path):
    path = written(tmp_path, DIGITS_BYTES[:9000])
    command = (sys.executable, "-c", "from qcc.compiler.cli.qcc import main; main()")
    arguments = (str(path), "-o", str(products / "model.so"))
    done = subprocess.run((*command, *arguments), capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr
    assert not list(products.iterdir())


def damaged(seed: int) -> bytes:
    """The digits model cut short or with some bytes changed."""
    random = np.random.default_rng(seed)
    if seed % 4 == 0:
        return DIGITS_BYTES[: random.integers(len(DIGITS_BYTES))]
    data = bytearray(DIGITS_BYTES)
    # Most bytes are weights; the structure stands at the beginning and at the end.
    for _ in range(random.integers(1, 4)):
        position = random.integers(len(data))
        if seed % 2:
            position = int(random.choice([position % 1500, -1 - position % 1500]))
        data[position] = random.integers(256)
    return bytes(data)


@pytest.mark.parametrize("seed", range(40))
def test_damaged_model(seed: int, tmp_path: Path, products: Path, qcc_tool: Tool):
    path = written(tmp_path, damaged(seed))
    outcome = qcc_tool(path, "-o", products / "model.c", "--target=portable", "-q")
    if outcome.code == 0:
        assert {path.name for path in products.iterdir()} == {"model.c", "model.h"}
    else:
        outcome.assert_refused()
        assert not list(products.iterdir())


def test_unsupported_head_can_be_cut_off(
    tmp_path: Path, products: Path, qcc_tool: Tool
):
    path = written(tmp_path, unsupported_head())
    whole = qcc_tool(path, "-o", products / "m.c", "--outputs=y")
    whole.assert_refused("node: head")
    unknown = qcc_tool(path, "-o", products / "m.c", "--outputs=feature")
    unknown.assert_refused("'feature'", "features")
    assert not list(products.iterdir())
    assert qcc_tool(path, "-o", products / "m.c", "--outputs=features").code == 0
    assert (products / "m.h").read_text().count("features: 1x3x2x2 float") == 1


def test_unsupported_beginning_can_be_cut_off(
    tmp_path: Path, products: Path, qcc_tool: Tool
):
    nodes = [
        helper.make_node("Frobnicate", ["x"], ["pixels"], "decoder"),
        helper.make_node("Conv", ["pixels", "w"], ["y"], "conv"),
    ]
    proto = model(nodes, {"w": weight()})
    kind = helper.make_tensor_value_info("pixels", TensorProto.FLOAT, SHAPE)
    proto.graph.value_info.append(kind)
    path = written(tmp_path, proto)
    qcc_tool(path, "-o", products / "m.c").assert_refused("node: decoder")
    assert not list(products.iterdir())
    assert qcc_tool(path, "-o", products / "m.c", "--inputs=pixels").code == 0


def test_int8_only_names_what_stays_in_float(
    tmp_path: Path, products: Path, qcc_tool: Tool
):
    path = written(tmp_path, convolution(node="first"))
    outcome = qcc_tool(path, "-o", products / "m.c", "--int8-only", "--mode=float")
    outcome.assert_refused("first")
    assert not list(products.iterdir())
