"""
Times a compiled model, and each step of it, from C: no interpreter between two readings
of the clock. The C (`runtime/timer.c`) is compiled on demand.
"""

from __future__ import annotations

import ctypes
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcc.codegen.targets import native_target
from qcc.codegen.toolchain import find_compiler
from qcc.compiler.diagnostics import QccError
from qcc.runtime.session import InferenceSession, TensorInfo

Array = NDArray[Any]
Nanoseconds = NDArray[np.int64]


def random_feeds(session: InferenceSession, seed: int = 0) -> dict[str, Array]:
    """Normal floats, uniform bytes and booleans, zeros for indices, for every input."""
    generator = np.random.default_rng(seed)
    return {
        info.name: _random(generator, info.shape, info.type)
        for info in session.get_inputs()
    }


def _random(
    generator: np.random.Generator, shape: tuple[int, ...], kind: np.dtype[Any]
) -> Array:
    if kind.kind == "f":
        return generator.standard_normal(shape).astype(kind)
    if kind.kind == "b":
        return generator.integers(0, 2, shape).astype(kind)
    if kind.itemsize == 1:
        limits = np.iinfo(kind)
        return generator.integers(limits.min, limits.max + 1, shape).astype(kind)
    # Wider integers are indices, whose range is not known.
    return np.zeros(shape, kind)


def _compile_timer(folder: Path) -> ctypes.CDLL:
    runtime = resources.files("qcc.runtime")
    for name in ("timer.c", "include/qcc_api.h"):
        text = runtime.joinpath(name).read_bytes()
        (folder / Path(name).name).write_bytes(text)
    find_compiler(native_target()).run(
        ("-fPIC", "-shared", "timer.c", "-o", "timer.so"), folder
    )
    return ctypes.CDLL(str(folder / "timer.so"))


class _Timed(ctypes.Structure):
    """`timed` of `runtime/timer.c`."""

    _fields_ = [
        ("api", ctypes.c_void_p),
        ("target", ctypes.c_char_p),
        ("inputs", ctypes.c_void_p),
        ("outputs", ctypes.c_void_p),
        ("threads", ctypes.c_int64),
        ("runs", ctypes.c_int64),
    ]


def _pointers(arrays: list[Array]) -> ctypes.Array[ctypes.c_void_p]:
    addresses = [array.ctypes.data for array in arrays]
    return (ctypes.c_void_p * max(len(arrays), 1))(*addresses)


@dataclass(frozen=True)
class StepTimes:
    """Times of `runs` runs by step."""

    nanoseconds: Nanoseconds
    """[runs, steps], what reading the clock takes already subtracted."""
    clock: float
    """That: nanoseconds per step."""


class ModelTimer:
    """Runs one model again and again on the same inputs, in an arena of its own."""

    def __init__(
        self, session: InferenceSession, feeds: Mapping[str, Array], threads: int = 1
    ):
        """QccError where `feeds` do not fit the model or there is no C compiler."""
        self._session = session
        self._threads = threads
        self._inputs = [_checked(info, feeds) for info in session.get_inputs()]
        self._outputs = [np.empty(o.shape, o.type) for o in session.get_outputs()]
        self._buffers = (_pointers(self._inputs), _pointers(self._outputs))
        with tempfile.TemporaryDirectory(prefix="qcc-") as folder:
            self._library = _compile_timer(Path(folder))

    def time_runs(self, runs: int) -> Nanoseconds:
        """Nanoseconds of each of `runs` runs, in order."""
        times = np.zeros(runs, np.int64)
        self._call(self._library.qcc_time_runs, runs, times.ctypes.data)
        return times

    def time_steps(self, runs: int) -> StepTimes:
        """Nanoseconds of each step of each of `runs` runs, in order."""
        steps = len(self._session.variant["steps"])
        stamps = np.zeros((runs, steps + 1), np.int64)
        self._call(self._library.qcc_time_steps, runs, steps, stamps.ctypes.data)
        clock = self._clock()
        times = np.diff(stamps, axis=1) - round(clock)
        return StepTimes(np.maximum(times, 0), clock)

    def _clock(self) -> float:
        stamps = np.zeros(1001, np.int64)
        arguments = (1000, stamps.ctypes.data)
        self._library.qcc_time_nothing(*map(ctypes.c_int64, arguments))
        return float(np.median(np.diff(stamps)))

    def _call(self, function: Any, runs: int, *arguments: int) -> None:
        what = _Timed(
            self._session.api_address,
            self._session.target.encode(),
            *(ctypes.addressof(pointers) for pointers in self._buffers),
            self._threads,
            runs,
        )
        status = function(ctypes.byref(what), *map(ctypes.c_int64, arguments))
        if status != 0:
            raise QccError("the model cannot run", why=f"status {status}")


def _checked(info: TensorInfo, feeds: Mapping[str, Array]) -> Array:
    array = feeds.get(info.name)
    if array is None:
        raise QccError("no data for an input of the model", tensor=info.name)
    if array.dtype != info.type or array.shape != info.shape:
        raise QccError(
            "wrong data for an input of the model",
            tensor=info.name,
            why=f"it is {array.dtype} {array.shape}, not {info.type} {info.shape}",
        )
    return np.ascontiguousarray(array).reshape(info.shape)


__all__ = ["ModelTimer", "StepTimes", "random_feeds"]
