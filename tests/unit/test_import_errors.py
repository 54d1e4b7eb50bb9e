"""What is wrong with a model is said in one QccError; no bytes give a traceback."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from qcc.compiler.onnx_import import import_model
from qcc.dialects.errors import QccError
from qcc.dialects.types import Array


def model(
    nodes: list[onnx.NodeProto],
    *,
    constants: dict[str, Array] | None = None,
    opset: int = 17,
    inputs: list[onnx.ValueInfoProto] | None = None,
    outputs: tuple[str, ...] = ("y",),
) -> onnx.ModelProto:
    """A model with the float input x of shape [1, 2, 4, 4] and the output y."""
    if inputs is None:
        inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, (1, 2, 4, 4))]
    graph = helper.make_graph(
        nodes,
        "graph",
        inputs,
        [onnx.ValueInfoProto(name=name) for name in outputs],
        [numpy_helper.from_array(a, name) for name, a in (constants or {}).items()],
    )
    opsets = [helper.make_opsetid("", opset)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8)


def convolution(weight: Array, **attributes: object) -> onnx.ModelProto:
    """One convolution, conv, of x by `weight`."""
    node = helper.make_node("Conv", ["x", "w"], ["y"], "conv", **attributes)
    return model([node], constants={"w": weight})


def failure(source: onnx.ModelProto | bytes | Path, **options: object) -> QccError:
    """The error of an import, which must have a reason and a remedy."""
    with pytest.raises(QccError) as raised:
        import_model(source, **options)  # pyright: ignore[reportArgumentType]
    assert raised.value.why
    assert raised.value.remedy
    return raised.value


def assert_names(error: QccError, node: str, op: str, tensor: str) -> None:
    """The error names the node, its operator and its output."""
    assert (error.node, error.op, error.tensor) == (node, op, tensor)


WEIGHT = np.ones((3, 2, 3, 3), np.float32)


@pytest.mark.parametrize(
    "data", [b"", b"\x00" * 40, b"PK\x03\x04 no model", b"\x08\x08"]
)
def test_bytes_that_are_no_model(data: bytes) -> None:
    assert "not an ONNX model" in failure(data).what


def test_missing_file(tmp_path: Path) -> None:
    assert "cannot read" in failure(tmp_path / "absent.onnx").what


@pytest.mark.parametrize("version", [2, 99])
def test_ir_version(version: int) -> None:
    source = convolution(WEIGHT)
    source.ir_version = version
    assert f"IR version {version}" in failure(source).what


@pytest.mark.parametrize("version", [6, 999])
def test_operator_set(version: int) -> None:
    source = convolution(WEIGHT)
    source.opset_import[0].version = version
    assert f"operator set {version} is not supported" in failure(source).what


def test_cycle() -> None:
    nodes = [
        helper.make_node("Add", ["x", "b"], ["a"], "first"),
        helper.make_node("Relu", ["a"], ["b"], "second"),
        helper.make_node("Relu", ["b"], ["y"], "third"),
    ]
    error = failure(model(nodes))
    assert "cycle" in error.what
    assert_names(error, "first", "Add", "a")


def test_nodes_in_another_order_are_sorted() -> None:
    nodes = [
        helper.make_node("Relu", ["a"], ["y"], "second"),
        helper.make_node("Sigmoid", ["x"], ["a"], "first"),
    ]
    text = str(import_model(model(nodes)))
    assert text.index("nn.sigmoid") < text.index("nn.relu")


def test_two_nodes_with_one_output() -> None:
    nodes = [
        helper.make_node("Relu", ["x"], ["y"], "first"),
        helper.make_node("Tanh", ["x"], ["y"], "second"),
    ]
    error = failure(model(nodes))
    assert "used twice" in error.what
    assert_names(error, "second", "Tanh", "y")


def test_undefined_input() -> None:
    error = failure(model([helper.make_node("Relu", ["nothing"], ["y"], "relu")]))
    assert "'nothing' is not defined" in error.what
    assert_names(error, "relu", "Relu", "y")


def test_name_that_is_not_text() -> None:
    data = convolution(WEIGHT).SerializeToString().replace(b"conv", b"co\xffv")
    assert "not text" in failure(data).what


def test_unknown_operator() -> None:
    error = failure(model([helper.make_node("NotAnOp", ["x"], ["y"], "odd")]))
    assert "NotAnOp is not supported" in error.what
    assert_names(error, "odd", "NotAnOp", "y")
    assert "--outputs x" in str(error.remedy)


def test_unknown_operator_in_another_domain() -> None:
    source = model([helper.make_node("Magic", ["x"], ["y"], "m", domain="my.domain")])
    source.opset_import.append(helper.make_opsetid("my.domain", 1))
    assert "my.domain.Magic is not supported" in failure(source).what


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_weights_that_are_not_finite(value: float) -> None:
    weight = WEIGHT.copy()
    weight[1, 1, 1, 1] = value
    error = failure(convolution(weight))
    assert "'w' has 1 elements that are NaN or infinite" in str(error.why)
    assert_names(error, "conv", "Conv", "y")


def test_weights_of_an_unsupported_type() -> None:
    error = failure(
        model(
            [helper.make_node("Add", ["x", "w"], ["y"], "add")],
            constants={"w": np.ones((1,), np.float64)},
        )
    )
    assert error.node == "add"


@pytest.mark.parametrize("kind", [TensorProto.FLOAT16, TensorProto.DOUBLE])
def test_input_of_an_unsupported_type(kind: int) -> None:
    value = helper.make_tensor_value_info("x", kind, (1, 4))
    error = failure(model([helper.make_node("Relu", ["x"], ["y"])], inputs=[value]))
    assert "'x' has elements of type" in error.what


def test_empty_weight() -> None:
    node = helper.make_node("Add", ["x", "w"], ["y"], "add")
    error = failure(model([node], constants={"w": np.zeros((0,), np.float32)}))
    assert error.node == "add"


def test_empty_input() -> None:
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, (1, 0))
    error = failure(model([helper.make_node("Relu", ["x"], ["y"])], inputs=[value]))
    assert "impossible shape" in error.what


def test_wrong_attribute() -> None:
    error = failure(convolution(WEIGHT, strides=[1, 1, 1]))
    assert_names(error, "conv", "Conv", "y")


def test_channels_that_do_not_fit() -> None:
    error = failure(convolution(np.ones((3, 5, 3, 3), np.float32)))
    assert_names(error, "conv", "Conv", "y")


def test_three_dimensional_convolution() -> None:
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, (1, 2, 4, 4, 4))
    node = helper.make_node("Conv", ["x", "w"], ["y"], "conv3d")
    weight = np.ones((3, 2, 3, 3, 3), np.float32)
    error = failure(model([node], constants={"w": weight}, inputs=[value]))
    assert "only 1-D and 2-D convolution" in str(error.why)


def test_control_flow_at_run_time() -> None:
    branch = helper.make_graph(
        [helper.make_node("Relu", ["x"], ["r"])],
        "branch",
        [],
        [helper.make_tensor_value_info("r", TensorProto.FLOAT, None)],
    )
    condition = helper.make_tensor_value_info("c", TensorProto.BOOL, ())
    node = helper.make_node(
        "If", ["c"], ["y"], "choice", then_branch=branch, else_branch=branch
    )
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, (1, 4))
    error = failure(model([node], inputs=[x, condition]))
    assert "control flow" in str(error.why)
    assert_names(error, "choice", "If", "y")


def test_constants_that_would_be_huge() -> None:
    node = helper.make_node("ConstantOfShape", ["s"], ["y"], "huge")
    shape = np.asarray([1 << 20, 1 << 20], np.int64)
    error = failure(model([node], constants={"s": shape}))
    assert "too large" in error.what
    assert error.node == "huge"


def test_run_time_shape() -> None:
    shape = helper.make_tensor_value_info("s", TensorProto.INT64, (2,))
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, (2, 4))
    node = helper.make_node("Reshape", ["x", "s"], ["y"], "reshape")
    error = failure(model([node], inputs=[x, shape]))
    assert "target shape (s) is computed at run time" in str(error.why)


def _external(location: str, **entries: str) -> onnx.ModelProto:
    source = convolution(WEIGHT)
    tensor = source.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in {"location": location, **entries}.items():
        tensor.external_data.add(key=key, value=value)
    return source


@pytest.mark.parametrize(
    ("location", "entries", "why"),
    [
        ("../outside.bin", {}, "outside of the model's folder"),
        ("/etc/passwd", {}, "outside of the model's folder"),
        ("absent.bin", {}, "does not exist"),
        ("", {}, "does not say in which file"),
        ("data.bin", {"offset": "8"}, "does not fit its type"),
        ("data.bin", {"length": "100000"}, "too short"),
        ("data.bin", {"offset": "-4"}, "too short"),
        ("data.bin", {"offset": "four"}, "no number"),
    ],
)
def test_external_data(
    tmp_path: Path, location: str, entries: dict[str, str], why: str
) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (tmp_path / "outside.bin").write_bytes(WEIGHT.tobytes())
    (folder / "data.bin").write_bytes(WEIGHT.tobytes())
    path = folder / "model.onnx"
    path.write_bytes(_external(location, **entries).SerializeToString())
    error = failure(path)
    assert why in str(error.why)
    assert error.tensor == "w"


def test_external_data_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "outside.bin").write_bytes(WEIGHT.tobytes())
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "data.bin").symlink_to(tmp_path / "outside.bin")
    path = folder / "model.onnx"
    path.write_bytes(_external("data.bin").SerializeToString())
    assert "outside of the model's folder" in str(failure(path).why)


def test_external_data_beside_the_model(tmp_path: Path) -> None:
    (tmp_path / "data.bin").write_bytes(WEIGHT.tobytes())
    path = tmp_path / "model.onnx"
    path.write_bytes(_external("data.bin").SerializeToString())
    assert "nn.conv2d" in str(import_model(path))


def test_external_data_of_bytes() -> None:
    source = _external("data.bin").SerializeToString()
    assert "only bytes" in str(failure(source).why)


def _truncated(data: bytes, rng: np.random.Generator) -> bytes:
    return data[: rng.integers(0, len(data))]


def _flipped(data: bytes, rng: np.random.Generator) -> bytes:
    changed = bytearray(data)
    for position in rng.integers(0, len(data), rng.integers(1, 8)):
        changed[position] = rng.integers(0, 256)
    return bytes(changed)


def _network() -> bytes:
    """Many kinds of attributes and inputs in few bytes."""
    constants: dict[str, Array] = {
        "w": np.ones((2, 2, 3, 3), np.float32),
        "scale": np.asarray(0.1, np.float32),
        "zero": np.asarray(3, np.uint8),
        "q": np.full((32, 3), 7, np.uint8),
        "shape": np.asarray([0, -1], np.int64),
        "axes": np.asarray([1], np.int64),
        "pads": np.asarray([0, 0, 1, 1, 0, 0, 1, 1], np.int64),
    }
    nodes = [
        helper.make_node("Pad", ["x", "pads"], ["p"], mode="reflect"),
        helper.make_node("Conv", ["p", "w"], ["c"], strides=[1, 1]),
        helper.make_node("Clip", ["c", "", "scale"], ["k"]),
        helper.make_node("MaxPool", ["k"], ["m"], kernel_shape=[2, 2], ceil_mode=1),
        helper.make_node("Resize", ["m", "", "", "sizes"], ["r"], mode="linear"),
        helper.make_node("Shape", ["r"], ["s"]),
        helper.make_node("Gather", ["s", "axes"], ["g"]),
        helper.make_node("Concat", ["one", "g", "four", "four"], ["sizes2"], axis=0),
        helper.make_node("Reshape", ["r", "sizes2"], ["r2"]),
        helper.make_node("Reshape", ["r2", "shape"], ["f"]),
        helper.make_node("QuantizeLinear", ["f", "scale", "zero"], ["fq"]),
        helper.make_node("DequantizeLinear", ["fq", "scale", "zero"], ["fd"]),
        helper.make_node("DequantizeLinear", ["q", "scale", "zero"], ["qd"]),
        helper.make_node("Gemm", ["fd", "qd"], ["h"], alpha=0.5),
        helper.make_node("Softmax", ["h"], ["y"], axis=-1),
    ]
    constants["sizes"] = np.asarray([1, 2, 4, 4], np.int64)
    constants["one"] = np.asarray([1], np.int64)
    constants["four"] = np.asarray([4], np.int64)
    return model(nodes, constants=constants).SerializeToString()


def test_the_damaged_network_is_valid() -> None:
    assert "quant.qcast" in str(import_model(_network()))


@pytest.mark.parametrize("damage", [_truncated, _flipped])
@pytest.mark.parametrize("seed", range(8))
def test_damaged_models(
    damage: Callable[[bytes, np.random.Generator], bytes], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    data = _network()
    refused = 0
    for _ in range(25):
        try:
            import_model(damage(data, rng))
        except QccError:
            refused += 1
    assert refused
