"""
Samples of a model's inputs, one at a time: from files or from a Python iterable.

Nothing here holds more than one sample, however many there are. Every sample that comes
out has exactly the inputs' names, shapes and element types, and is finite.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import length_hint
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from qcc.dialects.errors import QccError

Array = NDArray[Any]
Sample = dict[str, Array]


@dataclass(frozen=True)
class InputSpec:
    """One input of a model: its ONNX name, static shape and element type."""

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    def accepts_shape(self, shape: tuple[int, ...]) -> bool:
        """True for the input's own shape and for it without a batch axis of 1."""
        return shape == self.shape or (self.shape[:1], shape) == ((1,), self.shape[1:])

    def describe(self) -> str:
        """Name, element type and shape, as messages print them."""
        return f"{self.name!r}: {self.dtype} {list(self.shape)}"


class Samples(Iterable[Sample]):
    """
    Checked samples, iterable as often as their source is.

    `count` is their number where it is known without reading them, else None.
    """

    def __init__(
        self,
        inputs: Sequence[InputSpec],
        read: Callable[[], Iterator[tuple[str, Mapping[str, Array]]]],
        count: int | None,
    ) -> None:
        """`read` starts anew, yielding (where it stands, arrays by input name)."""
        self.inputs = tuple(inputs)
        self.count = count
        self._read = read

    def __iter__(self) -> Iterator[Sample]:
        """Yields each sample; QccError at the first bad one or if there are none."""
        empty = True
        for origin, arrays in self._read():
            empty = False
            yield {
                spec.name: check_array(spec, arrays[spec.name], origin)
                for spec in self._present(arrays, origin)
            }
        if empty:
            raise QccError(
                "there are no samples",
                remedy="give at least one sample of each input",
            )

    def __length_hint__(self) -> int:
        return NotImplemented if self.count is None else self.count

    def _present(
        self, arrays: Mapping[str, Array], origin: str
    ) -> tuple[InputSpec, ...]:
        check_names(self.inputs, list(arrays), origin)
        return self.inputs


def check_names(inputs: Sequence[InputSpec], found: list[str], origin: str) -> None:
    """QccError unless every input is among `found`; others there do no harm."""
    missing = [spec.name for spec in inputs if spec.name not in found]
    if missing:
        raise QccError(
            f"{origin} has no array for the input {missing[0]!r}",
            tensor=missing[0],
            why=f"it has {sorted(found)}",
            remedy="name the arrays " + ", ".join(repr(spec.name) for spec in inputs),
        )


def check_array(spec: InputSpec, array: object, origin: str) -> Array:
    """
    One sample of one input in the input's own shape and element type.

    Numbers convert where no value can change its meaning: any real type to a float
    input, any integer that fits to an integer input. QccError for anything else, and
    for NaN or infinity.
    """
    try:
        found = np.asarray(array)
    except (ValueError, TypeError) as error:
        raise _mismatch(spec, origin, f"what is not an array ({error})") from None
    if not spec.accepts_shape(found.shape):
        raise _mismatch(spec, origin, f"shape {list(found.shape)}")
    check_dtype(spec, found.dtype, origin)
    with np.errstate(over="ignore"):
        result = found.astype(spec.dtype, copy=False).reshape(spec.shape)
    if spec.dtype.kind in "iu" and not np.array_equal(
        result.reshape(found.shape), found
    ):
        raise _mismatch(spec, origin, f"values from {found.min()} to {found.max()}")
    if spec.dtype.kind == "f" and not np.isfinite(result).all():
        bad = result[~np.isfinite(result)][0]
        raise QccError(
            f"{origin} holds {bad} for the input {spec.name!r}",
            tensor=spec.name,
            why="a range that holds it cannot be quantized",
            remedy="leave such samples out",
        )
    return result


def check_dtype(spec: InputSpec, dtype: np.dtype[Any], origin: str) -> None:
    """QccError unless arrays of `dtype` can hold values of the input."""
    allowed = {"f": "fiub", "i": "iub", "u": "iub", "b": "b"}[spec.dtype.kind]
    if dtype.kind not in allowed:
        raise _mismatch(spec, origin, f"elements of type {dtype}")


def _mismatch(spec: InputSpec, origin: str, found: str) -> QccError:
    return QccError(
        f"{origin} does not fit the input {spec.name!r}",
        tensor=spec.name,
        why=f"found {found}, expected {spec.dtype} {list(spec.shape)} per sample",
    )


def check_samples(samples: Iterable[object], inputs: Sequence[InputSpec]) -> Samples:
    """
    The samples of a Python iterable of dictionaries, array by input name.

    Each array is shaped as the input, with or without its batch axis of 1.
    """

    def read() -> Iterator[tuple[str, Mapping[str, Array]]]:
        for number, sample in enumerate(samples):
            origin = f"calibration sample {number}"
            if not isinstance(sample, Mapping):
                raise QccError(
                    f"{origin} is not a dictionary",
                    why=f"it is a {type(sample).__name__}",
                    remedy='yield dictionaries such as {"input": array}',
                )
            yield origin, cast("Mapping[str, Array]", sample)

    return Samples(inputs, read, length_hint(samples, 0) or None)


def load_samples(
    path: str | Path,
    inputs: Sequence[InputSpec],
    *,
    mean: Sequence[float] | float | None = None,
    std: Sequence[float] | float | None = None,
    layout: str | None = None,
) -> Samples:
    """
    The samples in a file or folder.

    - `.npz`: one array per input, the first axis counts the samples;
    - `.npy`: the same for a model with one input;
    - a folder of such files, or a folder of images (searched recursively, in the order
      of their names), each resized to the input and turned into (pixel - mean) / std
      with pixels in 0..255.

    `mean` and `std` are one number or one per channel; `layout` is the image input's
    axis order, "nchw" or "nhwc", guessed from its shape when None. These three are
    for images only. QccError for whatever does not fit, much of it before any sample is
    read.
    """
    from qcc.compiler.calibration import array_files, image_files

    path = Path(path)
    if not path.exists():
        raise QccError(f"there is no file or folder {path}")
    arrays = _find(path, array_files.SUFFIXES)
    images = _find(path, image_files.SUFFIXES)
    if not arrays and not images:
        suffixes = sorted(array_files.SUFFIXES | image_files.SUFFIXES)
        raise QccError(
            f"{path} holds no samples",
            why="files of samples end with " + ", ".join(suffixes),
        )
    if arrays and images:
        raise QccError(
            f"the folder {path} holds both arrays and images",
            why=f"for example {arrays[0].name} and {images[0].name}",
            remedy="give a folder of one kind",
        )
    if images:
        preprocess = image_files.Preprocess.of(inputs, mean, std, layout)
        return image_files.samples(images, inputs, preprocess)
    if (mean, std, layout) != (None, None, None):
        raise QccError(
            "mean, std and layout are for images only",
            why=f"{path} holds no image",
            remedy="store arrays as the model wants them",
        )
    return array_files.samples(arrays, inputs)


def _find(path: Path, suffixes: frozenset[str]) -> list[Path]:
    """The files with these suffixes at or below `path`, in the order of their names."""
    if path.is_file():
        return [path] if path.suffix.lower() in suffixes else []
    return sorted(
        file
        for file in path.rglob("*")
        if file.suffix.lower() in suffixes
        and not file.name.startswith(".")
        and file.is_file()
    )
