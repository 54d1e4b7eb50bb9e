"""What is wrong around a model: paths, disks, compilers, samples, ranges, options."""

from __future__ import annotations

import errno
import importlib.util
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from command_line import DIGITS, Tool
from small_models import SHAPE, convolution, samples

from qcc.compiler.files import write_bytes


@pytest.fixture
def model_path(tmp_path: Path) -> Path:
    """A good model whose input is x."""
    path = tmp_path / "model.onnx"
    path.write_bytes(convolution().SerializeToString())
    return path


@pytest.fixture
def products(tmp_path: Path) -> Path:
    """An empty folder to compile into."""
    folder = tmp_path / "products"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("suffix", [".so", ".c", ".mlir", ".onnx", ""])
def test_output_in_a_missing_folder(
    suffix: str, model_path: Path, products: Path, qcc_tool: Tool
):
    output = products / "nowhere" / f"m{suffix}"
    qcc_tool(model_path, "-o", output, "--mode=float").assert_refused(
        "nowhere", "why:", "remedy:"
    )
    assert not list(products.iterdir())


@pytest.mark.parametrize("suffix", [".so", ".c", ".mlir", ".onnx", ""])
def test_output_under_a_file(suffix: str, model_path: Path, qcc_tool: Tool):
    before = model_path.read_bytes()
    output = model_path / f"m{suffix}"
    qcc_tool(model_path, "-o", output, "--mode=float").assert_refused("model.onnx")
    assert model_path.read_bytes() == before


@pytest.mark.parametrize("suffix", [".so", ".c", ".mlir", ".onnx"])
def test_output_is_a_folder(
    suffix: str, model_path: Path, products: Path, qcc_tool: Tool
):
    output = products / f"m{suffix}"
    output.mkdir()
    qcc_tool(model_path, "-o", output, "--mode=float").assert_refused(
        output.name, "directory"
    )
    assert [path.name for path in products.rglob("*")] == [output.name]


def test_folder_product_where_a_file_is(
    model_path: Path, products: Path, qcc_tool: Tool
):
    (products / "project").write_text("mine")
    qcc_tool(model_path, "-o", products / "project").assert_refused("project")
    assert (products / "project").read_text() == "mine"
    assert len(list(products.iterdir())) == 1


def test_unknown_suffix(model_path: Path, products: Path, qcc_tool: Tool):
    outcome = qcc_tool(model_path, "-o", products / "m.exe")
    outcome.assert_refused("m.exe", "remedy:", ".so", ".onnx")
    assert not list(products.iterdir())


@pytest.mark.parametrize("suffix", [".so", ".c", ".mlir", ".onnx", ""])
def test_full_disk(
    suffix: str,
    model_path: Path,
    products: Path,
    qcc_tool: Tool,
    monkeypatch: pytest.MonkeyPatch,
):
    """What stood there before still stands there, and nothing is beside it."""
    output = products / f"m{suffix}"
    if suffix:
        output.write_bytes(b"older")
    original = Path.write_bytes

    def full(path: Path, data: Any) -> int:
        if path.is_relative_to(products):
            original(path, data[:10])
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        return original(path, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    outcome = qcc_tool(model_path, "-o", output, "--mode=float")
    outcome.assert_refused("No space left on device")
    assert [path.name for path in products.iterdir()] == (
        [output.name] if suffix else []
    )
    if suffix:
        assert output.read_bytes() == b"older"


def test_two_files_are_replaced_together_or_not_at_all(
    model_path: Path, products: Path, qcc_tool: Tool, monkeypatch: pytest.MonkeyPatch
):
    """A header beside a library that does not fit it would be a trap."""
    for name in ("m.c", "m.h"):
        (products / name).write_bytes(b"older")
    original, written = Path.write_bytes, list[Path]()

    def second_fails(path: Path, data: Any) -> int:
        if path.is_relative_to(products):
            written.append(path)
            if len(written) > 1:
                raise OSError(errno.ENOSPC, "No space left on device", str(path))
        return original(path, data)

    monkeypatch.setattr(Path, "write_bytes", second_fails)
    qcc_tool(model_path, "-o", products / "m.c").assert_refused("No space left")
    assert {path.read_bytes() for path in products.iterdir()} == {b"older"}
    assert len(list(products.iterdir())) == 2


def test_usage(model_path: Path, products: Path, qcc_tool: Tool):
    output = ("-o", products / "m.c")
    qcc_tool().assert_wrong_usage("Missing argument")
    qcc_tool(model_path).assert_wrong_usage("--output")
    qcc_tool(model_path, *output, "--mode=fast").assert_wrong_usage("static")
    qcc_tool(model_path, *output, "--io=int4").assert_wrong_usage("uint8")
    qcc_tool(model_path, *output, "--frobnicate").assert_wrong_usage("No such option")
    qcc_tool(model_path, *output, "--dim=N").assert_wrong_usage("NAME=N")
    qcc_tool(model_path, *output, "--dim=N=0").assert_wrong_usage("NAME=N")
    for value in ("x", "x=", "x=1", "x=2:1", "x=a:b", "=0:1", "x=nan:1", "x=0:inf"):
        outcome = qcc_tool(model_path, *output, f"--input-range={value}")
        outcome.assert_wrong_usage("MIN:MAX")
    qcc_tool(model_path, *output, "--mean=red").assert_wrong_usage("red")
    assert not list(products.iterdir())


def test_unknown_things(model_path: Path, products: Path, qcc_tool: Tool):
    output = ("-o", products / "m.c")

    def refused(option: str, *words: str) -> None:
        qcc_tool(model_path, *output, option).assert_refused(*words)

    refused("--target=z80", "'z80'", "portable", "armv8", "--target")
    refused("--dim=batch=2", "batch")
    refused("--outputs=z", "'z'")
    refused("--inputs=z", "'z'")
    refused("--input-range=z=0:1", "'z'")
    refused("--passes=frobnicate", "'frobnicate'", "--pass-plugin")
    refused("--pass-plugin=no.such.module", "no.such.module")
    refused("--rules=nothing.rules", "nothing.rules")
    refused("--print-ir-after=frobnicate", "frobnicate")
    assert not list(products.iterdir())


def test_unknown_calibration_method(model_path: Path, products: Path, qcc_tool: Tool):
    path = products / "x.npy"
    np.save(path, samples())
    options = (f"--calibrate={path}", "--calibration-method=magic")
    outcome = qcc_tool(model_path, "-o", products / "m.c", *options)
    outcome.assert_wrong_usage("magic", "minmax")
    assert [path.name for path in products.iterdir()] == ["x.npy"]


def hide_compilers(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """No program is found, neither is the package ziglang."""
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv("CC", raising=False)
    original = importlib.util.find_spec

    def find_spec(name: str, *rest: Any) -> Any:
        return None if name == "ziglang" else original(name, *rest)

    monkeypatch.setattr(importlib.util, "find_spec", find_spec)


@pytest.mark.parametrize("target", ["native", "armv8"])
def test_no_compiler(
    target: str,
    model_path: Path,
    products: Path,
    qcc_tool: Tool,
    monkeypatch: pytest.MonkeyPatch,
):
    hide_compilers(monkeypatch, products)
    for suffix in (".so", ".a", ".o"):
        outcome = qcc_tool(
            model_path, "-o", products / f"m{suffix}", "--target", target
        )
        outcome.assert_refused("no C compiler", "qcc[zig]", "-o model.c")
    assert not list(products.iterdir())
    assert qcc_tool(model_path, "-o", products / "m.c", "--target", target).code == 0


def test_failing_compiler(
    model_path: Path, products: Path, qcc_tool: Tool, monkeypatch: pytest.MonkeyPatch
):
    output = ("-o", products / "m.so")
    outcome = qcc_tool(model_path, *output, "--cc=false")
    outcome.assert_refused("false failed with status 1", "--cc")
    qcc_tool(model_path, *output, "--cc=no-such-cc").assert_refused("no-such-cc")
    qcc_tool(model_path, *output, "--cc=").assert_refused("''")
    qcc_tool(model_path, *output, "--cc='open").assert_refused("--cc")
    monkeypatch.setenv("CC", "false")
    qcc_tool(model_path, *output).assert_refused("false failed with status 1")
    assert not list(products.iterdir())


def _npz(**arrays: Any) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


def _bomb() -> bytes:
    """A header that promises 2^50 samples, in a small file."""
    header = (
        f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({1 << 50}, 1, 2, 4, 4)}}"
    )
    text = header.ljust(117) + "\n"
    array = b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", array + bytes(1 << 20))
    return stream.getvalue()


def _with_nan() -> Any:
    rows = samples()
    rows[1, 0, 1, 2, 3] = np.nan
    return rows


CALIBRATION: dict[str, tuple[str, Callable[[], bytes], list[str]]] = {
    "wrong name": ("c.npz", lambda: _npz(y=samples()), ["'x'", "['y']"]),
    "wrong shape": ("c.npz", lambda: _npz(x=samples()[:, :, :1]), ["[3, 1, 1, 4, 4]"]),
    "scalar": ("c.npz", lambda: _npz(x=1.0), ["x"]),
    "no samples": ("c.npz", lambda: _npz(x=samples(0)), ["no samples"]),
    "text": ("c.npz", lambda: _npz(x=np.full((2, *SHAPE), "a")), ["x", "<U1"]),
    "complex": ("c.npz", lambda: _npz(x=samples() * 1j), ["x", "complex"]),
    "objects": (
        "c.npz",
        lambda: _npz(x=np.array([print] * 64, object).reshape(2, *SHAPE)),
        ["x", "object"],
    ),
    "NaN": ("c.npz", lambda: _npz(x=_with_nan()), ["sample 1", "nan"]),
    "truncated": ("c.npz", lambda: _npz(x=samples())[:300], ["c.npz"]),
    "not a zip": ("c.npz", lambda: b"PK" * 40, ["c.npz"]),
    "not an array": ("c.npy", lambda: b"hello" * 40, ["c.npy"]),
    "bomb": ("c.npz", _bomb, ["c.npz"]),
    "another kind": ("c.txt", lambda: b"1 2 3", ["c.txt", ".npz"]),
    "not an image": ("c.png", lambda: b"\x89PNG\r\n\x1a\n" * 9, ["images"]),
}


@pytest.mark.parametrize("name", CALIBRATION)
def test_bad_calibration(
    name: str, tmp_path: Path, model_path: Path, products: Path, qcc_tool: Tool
):
    file, make, words = CALIBRATION[name]
    path = tmp_path / file
    path.write_bytes(make())
    ranges = products / "ranges.json"
    options = ("--calibrate", path, "--save-ranges", ranges)
    qcc_tool(model_path, "-o", products / "m.c", *options).assert_refused(*words)
    assert not list(products.iterdir())


def test_missing_calibration(
    model_path: Path, products: Path, qcc_tool: Tool, tmp_path: Path
):
    output = ("-o", products / "m.c")
    missing = qcc_tool(model_path, *output, "--calibrate", tmp_path / "none.npz")
    missing.assert_refused("none.npz")
    (tmp_path / "empty").mkdir()
    empty = qcc_tool(model_path, *output, "--calibrate", tmp_path / "empty")
    empty.assert_refused("empty", "no samples")
    static = qcc_tool(model_path, *output, "--mode=static")
    static.assert_refused("tensor: x", "calibrat", "--ranges")
    np.save(tmp_path / "x.npy", samples())
    both = qcc_tool(
        model_path, *output, f"--calibrate={tmp_path / 'x.npy'}", "--mean=1"
    )
    both.assert_refused("images")
    assert not list(products.iterdir())


def saved_ranges(tmp_path: Path, model_path: Path, qcc_tool: Tool) -> Path:
    """The ranges file of the model."""
    ranges, data = tmp_path / "ranges.json", tmp_path / "x.npy"
    np.save(data, samples())
    options = ("--calibrate", data, "--save-ranges", ranges)
    assert qcc_tool(model_path, "-o", tmp_path / "m.c", *options).code == 0
    return ranges


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: "",
        lambda text: text[:-20],
        lambda text: text.replace("[", "[1e999, "),
        lambda text: text.replace("[", '["'),
        lambda text: "[" * 100_000,
        lambda text: '{"format": 1}',
        lambda text: text.replace("version", "v"),
        lambda text: "\ud800 \x00",
    ],
)
def test_corrupt_ranges(
    damage: Callable[[str], str],
    tmp_path: Path,
    model_path: Path,
    products: Path,
    qcc_tool: Tool,
):
    ranges = saved_ranges(tmp_path, model_path, qcc_tool)
    good = ranges.read_text()
    assert damage(good) != good
    ranges.write_bytes(damage(good).encode("utf-8", "surrogatepass"))
    outcome = qcc_tool(model_path, "-o", products / "m.c", "--ranges", ranges)
    outcome.assert_refused("ranges.json")
    assert not list(products.iterdir())


def test_ranges_of_another_model(
    tmp_path: Path, model_path: Path, products: Path, qcc_tool: Tool
):
    ranges = saved_ranges(tmp_path, model_path, qcc_tool)
    digits = DIGITS / "digits.onnx"
    options = ("-o", products / "m.c", "--ranges", ranges)
    qcc_tool(digits, *options).assert_refused("remedy:")
    missing = qcc_tool(digits, "-o", products / "m.c", "--ranges", products / "none")
    missing.assert_refused("none")
    assert not list(products.iterdir())


def test_ranges_give_the_same_c(tmp_path: Path, model_path: Path, qcc_tool: Tool):
    ranges = saved_ranges(tmp_path, model_path, qcc_tool)
    first = (tmp_path / "m.c").read_bytes()
    assert qcc_tool(model_path, "-o", tmp_path / "m.c", "--ranges", ranges).code == 0
    assert (tmp_path / "m.c").read_bytes() == first


def test_a_pipe_is_written_in_place(tmp_path: Path):
    """`-o /dev/stdout` and the like are not renamed over."""
    path = tmp_path / "link"
    path.symlink_to("/dev/null")
    write_bytes(path, b"x" * 10)
    assert path.is_symlink()
    assert Path("/dev/null").exists()


def test_weights_of_external_files_stay_inside_of_the_folder(
    tmp_path: Path, products: Path, qcc_tool: Tool
):
    proto = convolution()
    (tmp_path / "secret").write_bytes(bytes(1000))
    folder = tmp_path / "models"
    folder.mkdir()
    tensor = proto.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "../secret"
    path = folder / "model.onnx"
    path.write_bytes(proto.SerializeToString())
    qcc_tool(path, "-o", products / "m.c").assert_refused("../secret", "outside")
    assert not list(products.iterdir())


def test_a_form_of_mode_dynamic(model_path: Path, products: Path, qcc_tool: Tool):
    output = products / "m.c"
    qcc_tool(model_path, "-o", output, "--dynamic", "half").assert_wrong_usage("half")
    qcc_tool(
        model_path, "-o", output, "--mode=float", "--dynamic=per-op"
    ).assert_refused("per-op", "mode float", "remedy:")
    assert not list(products.iterdir())


def test_forms_of_mode_dynamic_differ(products: Path, qcc_tool: Tool):
    texts: dict[str, str] = {}
    for form in ("full", "per-op"):
        output = products / f"{form}.mlir"
        assert (
            qcc_tool(DIGITS / "digits.onnx", "-o", output, "--dynamic", form).code == 0
        )
        texts[form] = output.read_text()
    assert "quant.dynamic_conv2d" in texts["full"]
    assert "quant.dynamic_conv2d" in texts["per-op"]
    assert "nn.relu" not in texts["full"]
    assert "nn.relu" in texts["per-op"]
