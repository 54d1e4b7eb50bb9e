"""
Samples in `.npy` and `.npz` files, read one sample at a time.

A `.npy` file is mapped into memory. A member of an `.npz` is a compressed stream, so it
is decompressed piece by piece; only one in Fortran order (whose samples are scattered
all over it) is first unpacked into a temporary file.
"""

from __future__ import annotations

import math
import tempfile
import zipfile
import zlib
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy_format

from qcc.compiler.calibration.samples import (
    Array,
    InputSpec,
    Samples,
    check_dtype,
    check_names,
)
from qcc.dialects.errors import QccError

SUFFIXES = frozenset({".npy", ".npz"})

_COPY_BYTES = 1 << 20


@dataclass(frozen=True)
class Header:
    """What stands at the head of a stored array."""

    shape: tuple[int, ...]
    fortran_order: bool
    dtype: np.dtype[Any]


def samples(files: Sequence[Path], inputs: Sequence[InputSpec]) -> Samples:
    """The samples of all files, whose headers are checked at once."""
    counts = {file: _count(file, inputs) for file in files}

    def read() -> Iterator[tuple[str, Mapping[str, Array]]]:
        for file, count in counts.items():
            with _file_errors(file), ExitStack() as stack:
                streams = {
                    spec.name: stack.enter_context(closing(_stream(file, spec)))
                    for spec in inputs
                }
                for number in range(count):
                    sample = {name: next(rows) for name, rows in streams.items()}
                    yield f"sample {number} of {file}", sample

    return Samples(inputs, read, sum(counts.values()))


@contextmanager
def _file_errors(file: Path) -> Generator[None]:
    """Turns what a corrupt or unreadable file causes into one QccError."""
    try:
        yield
    except QccError:
        raise
    except (
        OSError,
        EOFError,
        ValueError,
        KeyError,
        RuntimeError,
        NotImplementedError,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        raise QccError(f"cannot read {file}", why=str(error)) from None


def _count(file: Path, inputs: Sequence[InputSpec]) -> int:
    """The number of samples in `file`; QccError unless its arrays fit the inputs."""
    with _file_errors(file):
        headers = _headers(file, inputs)
    check_names(inputs, list(headers), str(file))
    counts: dict[str, int] = {}
    for spec in inputs:
        header = headers[spec.name]
        check_dtype(spec, header.dtype, str(file))
        if not header.shape or not spec.accepts_shape(header.shape[1:]):
            raise QccError(
                f"{file} does not fit the input {spec.name!r}",
                tensor=spec.name,
                why=f"found shape {list(header.shape)}, expected [samples] + "
                f"{list(spec.shape)}",
                remedy="the first axis of a file's arrays counts the samples",
            )
        counts[spec.name] = header.shape[0]
    if len(set(counts.values())) > 1:
        raise QccError(
            f"the arrays in {file} differ in their number of samples", why=str(counts)
        )
    return next(iter(counts.values()), 0)


def _headers(file: Path, inputs: Sequence[InputSpec]) -> dict[str, Header]:
    if file.suffix.lower() == ".npz":
        with zipfile.ZipFile(file) as archive:
            names = [name for name in archive.namelist() if name.endswith(".npy")]
            headers: dict[str, Header] = {}
            for name in names:
                with archive.open(name) as stream:
                    headers[name.removesuffix(".npy")] = _read_header(stream)
            return headers
    if len(inputs) != 1:
        raise QccError(
            f"{file} holds one array, the model has {len(inputs)} inputs",
            why=", ".join(spec.describe() for spec in inputs),
            remedy="use an .npz file with one array per input",
        )
    with file.open("rb") as stream:
        return {inputs[0].name: _read_header(stream)}


def _read_header(stream: IO[bytes]) -> Header:
    version = npy_format.read_magic(stream)
    if version == (1, 0):
        return Header(*npy_format.read_array_header_1_0(stream))
    if version == (2, 0):
        return Header(*npy_format.read_array_header_2_0(stream))
    raise ValueError(f"version {version} of the npy format is not supported")


def _stream(file: Path, spec: InputSpec) -> Generator[Array]:
    """The samples of one input, each a fresh array."""
    with ExitStack() as stack:
        if file.suffix.lower() == ".npy":
            yield from _rows(np.load(file, mmap_mode="r", allow_pickle=False))
            return
        archive = stack.enter_context(zipfile.ZipFile(file))
        stream = stack.enter_context(archive.open(f"{spec.name}.npy"))
        header = _read_header(stream)
        if header.fortran_order:
            yield from _rows(_unpack(stream, header, stack))
            return
        shape = header.shape[1:]
        size = math.prod(shape) * header.dtype.itemsize
        for _ in range(header.shape[0]):
            data = stream.read(size)
            if len(data) != size:
                raise EOFError(f"the array {spec.name!r} is cut short")
            yield np.frombuffer(data, header.dtype).reshape(shape)


def _rows(array: Array) -> Iterator[Array]:
    for row in array:
        yield np.array(row)


def _unpack(stream: IO[bytes], header: Header, stack: ExitStack) -> Array:
    """The rest of `stream` as an array that lies in a temporary file."""
    file = stack.enter_context(tempfile.TemporaryFile())
    while piece := stream.read(_COPY_BYTES):
        file.write(piece)
    file.flush()
    return np.memmap(file, dtype=header.dtype, mode="r", shape=header.shape, order="F")
