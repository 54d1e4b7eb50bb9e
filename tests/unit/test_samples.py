"""Samples: files, folders, images, Python iterables, and what is wrong with them."""

import builtins
import io
import operator
import pickle
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from qcc.compiler.calibration.samples import InputSpec, check_samples, load_samples
from qcc.dialects.errors import QccError

Array = NDArray[Any]

F32, I32, U8 = np.dtype(np.float32), np.dtype(np.int32), np.dtype(np.uint8)
X = InputSpec("x", (1, 2, 3), F32)
N = InputSpec("n", (4,), I32)
DATA = np.arange(30, dtype=np.float32).reshape(5, 2, 3)
NUMBERS = np.arange(20).reshape(5, 4)


def message(path: object, *inputs: InputSpec, **options: Any) -> str:
    with pytest.raises(QccError) as caught:
        list(load_samples(path, inputs, **options))  # pyright: ignore
    return str(caught.value)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("shape", [(5, 2, 3), (5, 1, 2, 3)])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", [">f4", "<f4", "f8", "f2", "i8", "u1"])
def test_npz(tmp_path: Path, save: Any, shape: Any, order: Any, dtype: str):
    data = np.array(DATA.reshape(shape), dtype, order=order)
    save(tmp_path / "s.npz", x=data, n=NUMBERS, label=np.array(["a"]))
    samples = load_samples(tmp_path / "s.npz", [X, N])
    assert operator.length_hint(samples) == 5
    for _ in range(2):
        for number, sample in enumerate(samples):
            assert list(sample) == ["x", "n"]
            assert (sample["x"].dtype, sample["x"].shape) == (F32, (1, 2, 3))
            assert (sample["n"].dtype, sample["n"].shape) == (I32, (4,))
            np.testing.assert_array_equal(sample["x"][0], DATA[number])
            np.testing.assert_array_equal(sample["n"], NUMBERS[number])
        assert number == 4


@pytest.mark.parametrize("order", ["C", "F"])
def test_npy_and_folder(tmp_path: Path, order: Any):
    np.save(tmp_path / "b.npy", np.array(DATA[:3], order=order))
    (tmp_path / "sub").mkdir()
    np.savez(tmp_path / "sub" / "c.npz", x=DATA[3:])
    np.save(tmp_path / "a.npy", DATA[:1])
    (tmp_path / ".hidden.npy").write_bytes(b"x")
    samples = list(load_samples(tmp_path, [X]))
    expected = np.concatenate([DATA[:1], DATA])
    np.testing.assert_array_equal([sample["x"][0] for sample in samples], expected)
    assert len(list(load_samples(tmp_path / "b.npy", [X]))) == 3


def test_a_batch_axis_other_than_one_belongs_to_the_sample(tmp_path: Path):
    np.save(tmp_path / "s.npy", DATA[:4].reshape(2, 2, 2, 3))
    spec = InputSpec("x", (2, 2, 3), F32)
    assert [s["x"].shape for s in load_samples(tmp_path / "s.npy", [spec])] == [
        (2, 2, 3)
    ] * 2
    np.save(tmp_path / "s.npy", DATA)
    assert "found shape [5, 2, 3]" in message(tmp_path / "s.npy", spec)


def test_wrong_files(tmp_path: Path):
    path = tmp_path / "s.npz"
    assert "no file or folder" in message(path, X)
    path.write_bytes(b"PK nonsense")
    assert "cannot read" in message(path, X)
    (tmp_path / "s.npy").write_bytes(b"nonsense")
    assert "cannot read" in message(tmp_path / "s.npy", X)
    (tmp_path / "s.txt").write_text("1 2 3")
    assert "holds no samples" in message(tmp_path / "s.txt", X)
    (tmp_path / "empty").mkdir()
    assert "holds no samples" in message(tmp_path / "empty", X)


def test_wrong_names_and_numbers(tmp_path: Path):
    path = tmp_path / "s.npz"
    np.savez(path, y=DATA, z=DATA)
    text = message(path, X)
    assert "the input 'x'" in text
    assert "['y', 'z']" in text
    np.savez(path, x=DATA, n=NUMBERS[:3])
    assert "{'x': 5, 'n': 3}" in message(path, X, N)
    np.savez(path, x=DATA[:0])
    assert "no samples" in message(path, X)
    np.save(tmp_path / "s.npy", DATA)
    assert "2 inputs" in message(tmp_path / "s.npy", X, N)


@pytest.mark.parametrize(
    ("spec", "data", "found"),
    [
        (X, DATA[0], "shape [2, 3]"),
        (X, DATA.reshape(5, 3, 2), "shape [5, 3, 2]"),
        (X, np.float32(1), "shape []"),
        (X, DATA.astype(complex), "complex128"),
        (X, DATA.astype(str), "<U32"),
        (X, np.zeros((5, 2, 3), [("a", "f4")]), "'a'"),
        (N, NUMBERS + 0.5, "float64"),
        (N, NUMBERS + 2**31, "2147483648"),
        (InputSpec("u", (4,), U8), NUMBERS - 1, "values from -1 to 2"),
        (InputSpec("b", (4,), np.dtype(bool)), NUMBERS, "int64"),
        (X, np.where(DATA == 17, np.nan, DATA), "nan"),
        (X, np.where(DATA == 17, -np.inf, DATA), "-inf"),
        (X, np.where(DATA == 17, 1e300, DATA.astype(float)), "inf"),
    ],
)
@pytest.mark.parametrize("suffix", [".npz", ".npy"])
def test_wrong_arrays(
    tmp_path: Path, spec: InputSpec, data: Array, found: str, suffix: str
):
    path = tmp_path / f"s{suffix}"
    if suffix == ".npz":
        np.savez(path, **{spec.name: data})
    else:
        np.save(path, data)
    text = message(path, spec)
    assert found in text
    assert f"'{spec.name}'" in text


class Explosive:
    def __reduce__(self) -> Any:
        return (open, ("exploded", "w"))


@pytest.mark.parametrize("suffix", [".npz", ".npy"])
def test_object_arrays_are_refused_and_never_unpickled(
    tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    data = np.array([Explosive()] * 2, object)
    path = tmp_path / f"s{suffix}"
    if suffix == ".npz":
        np.savez(path, x=data)
    else:
        np.save(path, data)
    assert "object" in message(path, X)
    assert not (tmp_path / "exploded").exists()
    path.write_bytes(pickle.dumps(Explosive()))
    message(path, X)
    assert not (tmp_path / "exploded").exists()


def test_a_file_that_is_cut_short(tmp_path: Path):
    np.save(tmp_path / "s.npy", DATA)
    content = (tmp_path / "s.npy").read_bytes()
    (tmp_path / "s.npy").write_bytes(content[:-4])
    assert "cannot read" in message(tmp_path / "s.npy", X)
    for order in ("C", "F"):
        buffer = io.BytesIO()
        np.save(buffer, np.array(DATA, order=order))  # pyright: ignore
        with zipfile.ZipFile(tmp_path / "s.npz", "w") as archive:
            archive.writestr("x.npy", buffer.getvalue()[:-4])
        assert "cannot read" in message(tmp_path / "s.npz", X)


def test_python_iterables():
    def generate():
        yield {"x": DATA[0], "other": 1}
        yield {"x": DATA[1:2].tolist()}

    first, second = check_samples(generate(), [X])
    np.testing.assert_array_equal(first["x"], DATA[:1])
    np.testing.assert_array_equal(second["x"], DATA[1:2])
    listed = check_samples([{"x": DATA[0]}] * 3, [X])
    assert operator.length_hint(listed) == 3
    assert operator.length_hint(check_samples(generate(), [X]), -1) == -1


@pytest.mark.parametrize(
    ("samples", "found"),
    [
        ([], "no samples"),
        ([DATA[0]], "a ndarray"),
        ([{"y": DATA[0]}], "['y']"),
        ([{"x": DATA[0]}, {"x": DATA}], "calibration sample 1"),
        ([{"x": [["a"] * 3] * 2}], "<U1"),
        ([{"x": [[1, 2, 3], [4, 5]]}], "not an array"),
    ],
)
def test_wrong_python_samples(samples: Any, found: str):
    with pytest.raises(QccError) as caught:
        list(check_samples(samples, [X]))
    assert found in str(caught.value)


@pytest.mark.parametrize("save", ["savez", "savez_compressed", "save", "fortran"])
def test_memory_does_not_grow_with_the_number_of_samples(tmp_path: Path, save: str):
    # 64 MB of samples, each 16 kB.
    count, spec = 4096, InputSpec("x", (1, 4096), F32)
    data = np.broadcast_to(np.arange(4096, dtype=np.float32), (count, 4096))
    path = tmp_path / ("s.npy" if save == "save" else "s.npz")
    if save == "save":
        np.save(path, data)
    elif save == "fortran":
        np.savez(path, x=np.asfortranarray(data))
    else:
        getattr(np, save)(path, x=data)
    del data
    tracemalloc.start()
    try:
        total = sum(float(sample["x"][0, 1]) for sample in load_samples(path, [spec]))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert total == count
    assert peak < 4 << 20


def png(path: Path, pixels: Array, mode: str | None = None) -> None:
    image = pytest.importorskip("PIL.Image").fromarray(pixels)
    (image if mode is None else image.convert(mode)).save(path)


PIXELS = np.random.default_rng(0).integers(0, 256, (6, 8, 3), np.uint8)


def test_images(tmp_path: Path):
    png(tmp_path / "b.png", PIXELS)
    (tmp_path / "class").mkdir()
    png(tmp_path / "class" / "a.bmp", PIXELS[..., 0])
    spec = InputSpec("x", (1, 3, 6, 8), F32)
    samples = load_samples(
        tmp_path, [spec], mean=(1, 2, 3), std=(10, 20, 40), layout="nchw"
    )
    assert operator.length_hint(samples) == 2
    color, grey = (sample["x"] for sample in samples)
    mean, std = np.array([1, 2, 3], np.float32), np.array([10, 20, 40], np.float32)
    expected = (PIXELS.astype(np.float32) - mean) / std
    np.testing.assert_array_equal(color[0].transpose(1, 2, 0), expected)
    np.testing.assert_array_equal(grey[0, 1], (PIXELS[..., 0] - mean[1]) / std[1])


def test_one_image_resized_in_either_layout(tmp_path: Path):
    image = pytest.importorskip("PIL.Image")
    png(tmp_path / "a.png", PIXELS)
    resized = image.fromarray(PIXELS).resize((5, 4), image.Resampling.BILINEAR)
    expected = np.asarray(resized, np.float32)
    for spec in (InputSpec("x", (1, 4, 5, 3), F32), InputSpec("x", (4, 5, 3), F32)):
        (sample,) = load_samples(tmp_path / "a.png", [spec])
        np.testing.assert_array_equal(sample["x"].reshape(4, 5, 3), expected)
    (sample,) = load_samples(tmp_path / "a.png", [InputSpec("x", (1, 3, 4, 5), U8)])
    np.testing.assert_array_equal(sample["x"][0].transpose(1, 2, 0), expected)
    grey = InputSpec("x", (1, 1, 4, 5), F32)
    (sample,) = load_samples(tmp_path / "a.png", [grey], mean=127.5, std=127.5)
    resized = image.fromarray(PIXELS).convert("L").resize((5, 4), image.BILINEAR)
    expected = (np.asarray(resized, np.float32) - np.float32(127.5)) / np.float32(127.5)
    np.testing.assert_array_equal(sample["x"][0, 0], expected)


@pytest.mark.parametrize(
    ("spec", "options", "found"),
    [
        (InputSpec("x", (1, 10), F32), {}, "[1, 10]"),
        (InputSpec("x", (2, 3, 6, 8), F32), {}, "[2, 3, 6, 8]"),
        (InputSpec("x", (1, 4, 6, 8), F32), {}, "4 channels"),
        (InputSpec("x", (1, 3, 6, 8), F32), {"layout": "nhwc"}, "8 channels"),
        (InputSpec("x", (1, 3, 6, 8), F32), {"layout": "chw"}, "'chw'"),
        (InputSpec("x", (1, 3, 6, 8), F32), {"mean": (1, 2)}, "[1.0, 2.0]"),
        (InputSpec("x", (1, 3, 6, 8), F32), {"mean": float("nan")}, "nan"),
        (InputSpec("x", (1, 3, 6, 8), F32), {"std": 0}, "positive"),
        (InputSpec("x", (1, 3, 6, 8), U8), {"std": 2}, "pixels as they are"),
    ],
)
def test_images_that_do_not_suit_the_model(
    tmp_path: Path, spec: InputSpec, options: Any, found: str
):
    png(tmp_path / "a.png", PIXELS)
    assert found in message(tmp_path, spec, **options)


def test_wrong_images(tmp_path: Path):
    spec = InputSpec("x", (1, 3, 6, 8), F32)
    (tmp_path / "a.png").write_bytes(b"nonsense")
    assert "cannot read the image" in message(tmp_path, spec)
    png(tmp_path / "a.png", PIXELS)
    whole = (tmp_path / "a.png").read_bytes()
    (tmp_path / "a.png").write_bytes(whole[: len(whole) // 2])
    assert "cannot read the image" in message(tmp_path, spec)
    png(tmp_path / "a.png", PIXELS[..., 0].astype(np.uint16) * 256)
    assert "8 bits" in message(tmp_path, spec)
    np.save(tmp_path / "b.npy", DATA)
    assert "both arrays and images" in message(tmp_path, spec)
    assert "for images only" in message(tmp_path / "b.npy", X, mean=1)


def test_a_transparent_palette_is_read_without_a_warning(tmp_path: Path):
    image = pytest.importorskip("PIL.Image").fromarray(PIXELS).convert("P")
    image.save(tmp_path / "a.png", transparency=bytes(range(200)))
    spec = InputSpec("x", (1, 3, 6, 8), F32)
    (sample,) = load_samples(tmp_path, [spec])
    expected = np.asarray(image.convert("RGB"), np.float32)
    np.testing.assert_array_equal(sample["x"][0].transpose(1, 2, 0), expected)


def test_without_pillow_the_message_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "a.png").write_bytes(b"x")
    real = builtins.__import__

    def no_pillow(name: str, *rest: Any, **options: Any) -> Any:
        if name.startswith("PIL"):
            raise ImportError(name)
        return real(name, *rest, **options)

    monkeypatch.setattr(builtins, "__import__", no_pillow)
    text = message(tmp_path, InputSpec("x", (1, 3, 6, 8), F32))
    assert 'pip install "qcc[images]"' in text
