"""`InferenceSession`: what it takes, what it refuses, loops, profiles, tensors."""

from __future__ import annotations

import ctypes.util
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

import qcc
from qcc.runtime.session import ModelLoadError

DIGITS = Path(__file__).resolve().parents[2] / "examples" / "digits"

Images = NDArray[np.float32]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundled model, with all its tensors."""
    return qcc.compile(
        DIGITS / "digits.onnx",
        tmp_path_factory.mktemp("digits") / "digits.so",
        calibration=DIGITS / "calibration.npz",
        keep_tensors=True,
    )


@pytest.fixture
def session(library: Path) -> qcc.InferenceSession:
    """The model, loaded."""
    return qcc.InferenceSession(library)


@pytest.fixture(scope="module")
def images() -> Images:
    """Images [n, 1, 8, 8] that the model has not seen."""
    with np.load(DIGITS / "test.npz") as archive:
        return archive["image"]


def test_inputs_and_outputs(session: qcc.InferenceSession):
    [image], [probabilities] = session.get_inputs(), session.get_outputs()
    assert (image.name, image.shape, image.type) == ("image", (1, 1, 8, 8), np.float32)
    assert (probabilities.name, probabilities.shape) == ("probabilities", (1, 10))


def test_a_larger_first_axis_is_a_loop(session: qcc.InferenceSession, images: Images):
    one_by_one = [session.run(None, {"image": each[None]})[0] for each in images[:5]]
    [together] = session.run(["probabilities"], {"image": images[:5]})
    np.testing.assert_array_equal(together, np.concatenate(one_by_one))
    assert len({row.tobytes() for row in one_by_one}) > 1


def test_arrays_of_any_layout(session: qcc.InferenceSession, images: Images):
    [expected] = session.run(None, {"image": images[:4]})
    wide = np.repeat(images[:4], 2, axis=3)[:, :, :, ::2]
    frozen = np.asfortranarray(images[:4])
    frozen.setflags(write=False)
    for other in (wide, frozen, images[:4].tolist()):
        array = np.asarray(other, np.float32)
        [result] = session.run(None, {"image": array})
        np.testing.assert_array_equal(result, expected)


def test_results_are_fresh_arrays(session: qcc.InferenceSession, images: Images):
    [first] = session.run(None, {"image": images[:1]})
    kept = first.copy()
    session.run(None, {"image": images[1:2]})
    np.testing.assert_array_equal(first, kept)


@pytest.mark.parametrize(
    ("feeds", "message"),
    [
        ({}, "expected"),
        ({"x": np.zeros((1, 1, 8, 8), np.float32)}, "'image'"),
        (
            {name: np.zeros((1, 1, 8, 8), np.float32) for name in ("image", "more")},
            "more",
        ),
        ({"image": np.zeros((1, 1, 8, 8))}, "float64"),
        ({"image": np.zeros((1, 1, 8, 8), np.uint8)}, "uint8"),
        ({"image": np.zeros((1, 1, 8, 8), ">f4")}, "f4"),
        ({"image": np.zeros((1, 8, 8), np.float32)}, "shape"),
        ({"image": np.zeros((1, 1, 8, 9), np.float32)}, "shape"),
        ({"image": np.zeros((0, 1, 8, 8), np.float32)}, "shape"),
        ({"image": np.zeros((), np.float32)}, "shape"),
        ({"image": "picture"}, "expected float32"),
    ],
)
def test_wrong_inputs(
    session: qcc.InferenceSession, feeds: dict[str, NDArray[np.generic]], message: str
):
    with pytest.raises(ValueError, match=message):
        session.run(None, feeds)


def test_unknown_output(session: qcc.InferenceSession, images: Images):
    with pytest.raises(ValueError, match=r"'logits'.*probabilities"):
        session.run(["logits"], {"image": images[:1]})


def test_profile_is_called_after_each_step(
    session: qcc.InferenceSession, images: Images
):
    seen: list[int] = []
    session.set_profile(seen.append)
    session.run(None, {"image": images[:2]})
    steps = len(session.variant["steps"])
    assert seen == 2 * list(range(steps))
    assert steps > 4
    session.set_profile(None)
    session.run(None, {"image": images[:1]})
    assert len(seen) == 2 * steps


def test_intermediate_tensors(session: qcc.InferenceSession, images: Images):
    session.run(None, {"image": images[:1]})
    tensors = {info.name: info for info in session.get_tensors()}
    assert "stem" in tensors
    stem = session.read_tensor(tensors["stem"])
    assert stem.dtype == np.int8
    assert stem.std() > 1
    session.run(None, {"image": images[1:2]})
    assert (session.read_tensor(tensors["stem"]) != stem).any()


def test_what_is_not_a_library(tmp_path: Path):
    def refused(path: Path, message: str) -> None:
        with pytest.raises(ModelLoadError, match=message):
            qcc.InferenceSession(path)

    refused(tmp_path / "none.so", "no such file")
    refused(tmp_path, "no such file")
    (tmp_path / "text.so").write_text("hello")
    refused(tmp_path / "text.so", "not a compiled model")
    (tmp_path / "empty.so").touch()
    refused(tmp_path / "empty.so", "not a compiled model")
    refused(Path(sys.executable), "not a compiled model")


def test_a_library_of_another_kind():
    name = ctypes.util.find_library("z") or ctypes.util.find_library("c")
    paths = [*Path("/lib").glob(f"*/{name}"), *Path("/usr/lib").glob(f"*/{name}")]
    if not paths:
        pytest.skip("found no other library")
    with pytest.raises(ModelLoadError, match="not a compiled model"):
        qcc.InferenceSession(paths[0])


def test_unknown_target(library: Path):
    with pytest.raises(ModelLoadError, match="target"):
        qcc.InferenceSession(library, target="z80")


def test_several_inputs_loop_together(tmp_path: Path):
    kinds = {
        "a": helper.make_tensor_value_info("a", TensorProto.FLOAT, ["n", 4]),
        "b": helper.make_tensor_value_info("b", TensorProto.FLOAT, ["n", 2, 3]),
    }
    nodes = [
        helper.make_node("MatMul", ["a", "w"], ["ya"]),
        helper.make_node("Neg", ["b"], ["yb"]),
    ]
    graph = helper.make_graph(
        nodes,
        "two",
        list(kinds.values()),
        [helper.make_empty_tensor_value_info(name) for name in ("ya", "yb")],
        [numpy_helper.from_array(np.eye(4, 5, dtype=np.float32), "w")],
    )
    opsets = [helper.make_opsetid("", 17)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    path = qcc.compile(model, tmp_path / "two.so", mode="float")
    session = qcc.InferenceSession(path)
    random = np.random.default_rng(0)
    a = random.normal(size=(3, 4)).astype(np.float32)
    b = random.normal(size=(3, 2, 3)).astype(np.float32)
    [yb, ya] = session.run(["yb", "ya"], {"b": b, "a": a})
    np.testing.assert_array_equal(ya[:, :4], a)
    np.testing.assert_array_equal(yb, -b)
    with pytest.raises(ValueError, match="differ in how often"):
        session.run(None, {"b": b, "a": a[:2]})


def test_sessions_in_threads_do_not_disturb_each_other(library: Path, images: Images):
    def run_all(_: int) -> bytes:
        session = qcc.InferenceSession(library)
        return b"".join(
            session.run(None, {"image": images})[0].tobytes() for _ in range(5)
        )

    with ThreadPoolExecutor(4) as pool:
        results = set(pool.map(run_all, range(8)))
    assert len(results) == 1


def test_session_is_light():
    """Loading a library takes numpy and no part of the compiler."""
    code = (
        "import sys, qcc; qcc.InferenceSession; heavy = 'onnx onnxruntime xdsl rich';"
        "print([name for name in heavy.split() if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


def test_a_session_may_live_until_the_interpreter_ends(library: Path):
    program = (
        "import builtins, sys, qcc; builtins.kept = qcc.InferenceSession(sys.argv[1])"
    )
    command = [sys.executable, "-c", program, str(library)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_library_compiled_anew_is_loaded_anew(tmp_path: Path, images: Images):
    path, targets = tmp_path / "digits.so", []
    for target in ("portable", "native"):
        qcc.compile(DIGITS / "digits.onnx", path, target=target, mode="float")
        targets.append(qcc.InferenceSession(path).target)
    assert targets[0] == "portable" != targets[1]
