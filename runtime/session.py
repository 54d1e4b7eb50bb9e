"""
`InferenceSession`: loads a compiled model (`.so`) and runs it. Needs numpy only.

    session = InferenceSession("model.so")
    [logits] = session.run(None, {"image": image})
"""

from __future__ import annotations

import ctypes
import json
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

API_VERSION = 1

_PROFILE = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int)

_ERRORS = {
    1: "the arena is not aligned",
    2: "it was not compiled for this processor, or not for the target asked for",
}


class _Options(ctypes.Structure):
    _fields_ = [
        ("profile", _PROFILE),
        ("user", ctypes.c_void_p),
        ("target", ctypes.c_char_p),
        ("threads", ctypes.c_int),
        ("parallel_for", ctypes.c_void_p),
    ]


class _Context(ctypes.Structure):
    """The beginning of `qcc_context`."""

    _fields_ = [
        ("arena", ctypes.c_void_p),
        ("weights", ctypes.c_void_p),
        ("run", ctypes.c_void_p),
        ("target", ctypes.c_char_p),
    ]


class _Api(ctypes.Structure):
    """`qcc_api` of `runtime/include/qcc_api.h`."""

    _fields_ = [
        ("version", ctypes.c_uint32),
        ("description", ctypes.c_char_p),
        ("arena_bytes", ctypes.c_size_t),
        ("arena_align", ctypes.c_size_t),
        ("context_bytes", ctypes.c_size_t),
        (
            "init",
            ctypes.CFUNCTYPE(
                ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p
            ),
        ),
        (
            "run",
            ctypes.CFUNCTYPE(
                ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p
            ),
        ),
        ("stop", ctypes.CFUNCTYPE(None, ctypes.c_void_p)),
    ]


@dataclass(frozen=True)
class TensorInfo:
    """An input, an output or an intermediate tensor of a compiled model."""

    name: str
    """The ONNX name."""
    type: np.dtype[Any]
    shape: tuple[int, ...]
    scale: float | None = None
    """real = scale · (stored − zero_point), for quantized tensors."""
    zero_point: int | None = None
    offset: int | None = None
    """Bytes into the arena, for intermediate tensors."""
    permutation: tuple[int, ...] | None = None
    """Transposing by it gives the axes of ONNX, for intermediate tensors."""

    @staticmethod
    def of(entry: Mapping[str, Any]) -> TensorInfo:
        """From an entry of the library's description."""
        return TensorInfo(
            entry["name"],
            np.dtype(entry["type"]),
            tuple(entry["shape"]),
            entry.get("scale"),
            entry.get("zero_point"),
            entry.get("offset"),
            tuple(entry["permutation"]) if "permutation" in entry else None,
        )


def _load(location: Path) -> ctypes.CDLL:
    """
    Loads a library under a name of its own.

    The loader takes a path that it has seen for the library that it has already, even
    where another one has been compiled to it since.
    """
    with tempfile.TemporaryDirectory(prefix="qcc-") as folder:
        link = Path(folder) / location.name
        try:
            link.symlink_to(location.resolve())
        except OSError:
            # A system without symbolic links, or not for this user.
            link = location.resolve()
        return ctypes.CDLL(os.fspath(link))


def _description(text: bytes) -> dict[str, Any]:
    """What a library says of itself; its steps as `codegen.description` has them."""
    about: dict[str, Any] = json.loads(text)
    for variant in (about, *about.get("variants", ())):
        kernels = variant.pop("kernels")
        variant["steps"] = [
            {"kernel": kernels[kernel], "node": node}
            | ({"macs": macs[0]} if macs else {})
            for kernel, node, *macs in variant["steps"]
        ]
    return about


class ModelLoadError(ValueError):
    """A file that is not a compiled model, or not one for this processor."""


def _aligned(size: int, alignment: int) -> Array:
    """Zeroed bytes at an aligned address."""
    memory = np.zeros(size + alignment, np.uint8)
    start = -memory.ctypes.data % alignment
    return memory[start : start + size]


class InferenceSession:
    """
    A compiled model ready to run; one session serves one thread at a time.

    Shaped like onnxruntime's class of that name. Inputs may have a larger first axis
    than the compiled one: the session then loops over it.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        target: str | None = None,
        threads: int = 1,
    ):
        """
        Loads the library at `path`. ModelLoadError if it cannot be used here.

        `target` names one of those that the library was compiled for; None takes the
        best that this processor has. `threads` works for libraries that were compiled
        with `--threads`.
        """
        location = Path(path)
        if not location.is_file():
            raise ModelLoadError(f"{location}: no such file")
        try:
            self._library = _load(location)
            get_api = self._library.qcc_get_api
        except (OSError, AttributeError) as error:
            raise ModelLoadError(
                f"{location}: not a compiled model for this machine ({error})"
            ) from None
        get_api.restype = ctypes.POINTER(_Api)
        self._api = get_api().contents
        if self._api.version != API_VERSION:
            raise ModelLoadError(
                f"{location}: interface version {self._api.version}, "
                f"expected {API_VERSION}; compile the model again"
            )
        self.description: dict[str, Any] = _description(self._api.description)
        self._inputs = [TensorInfo.of(e) for e in self.description["inputs"]]
        self._outputs = [TensorInfo.of(e) for e in self.description["outputs"]]
        self._arena = _aligned(self._api.arena_bytes, self._api.arena_align)
        self._context = _aligned(self._api.context_bytes, 16)
        # numpy cannot tell it any more when the interpreter ends.
        self._context_address = self._context.ctypes.data
        self._options = _Options(
            target=target.encode() if target else None, threads=threads
        )
        self._init(location)

    def _init(self, location: Path | str = "model") -> None:
        status = self._api.init(
            self._context_address,
            self._arena.ctypes.data,
            ctypes.byref(self._options),
        )
        if status != 0:
            reason = _ERRORS.get(status, f"error {status}")
            raise ModelLoadError(f"{location}: {reason}")

    def close(self) -> None:
        """Ends the session's threads; it must not be used afterwards."""
        self._api.stop(self._context_address)

    def __del__(self) -> None:
        # A session whose constructor failed has no context.
        if hasattr(self, "_options"):
            self.close()

    def get_inputs(self) -> list[TensorInfo]:
        """Names, types and shapes of the inputs, in order."""
        return list(self._inputs)

    def get_outputs(self) -> list[TensorInfo]:
        """Names, types and shapes of the outputs, in order."""
        return list(self._outputs)

    @property
    def api_address(self) -> int:
        """Address of the library's `qcc_api` (`qcc_api.h`), for callers in C."""
        return ctypes.addressof(self._api)

    @property
    def target(self) -> str:
        """The target that runs: the best of the library's that the processor has."""
        context = _Context.from_address(self._context_address)
        return context.target.decode()

    @property
    def variant(self) -> dict[str, Any]:
        """The part of the description that is about `target`: arena, steps."""
        variants = self.description.get("variants", [self.description])
        return next(v for v in variants if v["target"] == self.target)

    def set_profile(self, callback: Callable[[int], None] | None) -> None:
        """Calls `callback(step)` after each step of every later run."""
        self._options.profile = _PROFILE(0)
        if callback is not None:
            function = callback

            def step_done(_user: int | None, step: int) -> None:
                function(step)

            self._options.profile = _PROFILE(step_done)
        self.close()
        self._init()

    def run(
        self, output_names: Sequence[str] | None, feeds: Mapping[str, Any]
    ) -> list[Array]:
        """
        One inference per index of the first axis.

        `feeds` maps every input name to an array of its type and shape. Returns the
        outputs named, or all. ValueError for wrong names, types or shapes.
        """
        wanted = self._wanted(output_names)
        arrays = self._checked(feeds)
        loops = self._loops(arrays)
        if loops is None:
            results = self._run_once(arrays)
        else:
            results = self._run_loop(arrays, loops)
        return [results[index] for index in wanted]

    def get_tensors(self) -> list[TensorInfo]:
        """The intermediate tensors that a library made with --keep-tensors lists."""
        return [TensorInfo.of(e) for e in self.variant.get("tensors", [])]

    def read_tensor(self, info: TensorInfo) -> Array:
        """An intermediate tensor of the last run, stored values as `info` says."""
        assert info.offset is not None
        size = int(np.prod(info.shape, dtype=np.int64)) * info.type.itemsize
        data = self._arena[info.offset : info.offset + size]
        return data.view(info.type).reshape(info.shape).copy()

    def _wanted(self, names: Sequence[str] | None) -> list[int]:
        known = [info.name for info in self._outputs]
        if names is None:
            return list(range(len(known)))
        for name in names:
            if name not in known:
                raise ValueError(f"no output {name!r}; the outputs are {known}")
        return [known.index(name) for name in names]

    def _checked(self, feeds: Mapping[str, Any]) -> list[Array]:
        names = [info.name for info in self._inputs]
        if set(feeds) != set(names):
            raise ValueError(f"inputs {sorted(feeds)} given, {names} expected")
        arrays: list[Array] = []
        for info in self._inputs:
            array = np.asarray(feeds[info.name])
            if array.dtype != info.type:
                raise ValueError(
                    f"input {info.name!r} is {array.dtype}, expected {info.type}"
                )
            arrays.append(np.ascontiguousarray(array).reshape(array.shape))
        return arrays

    def _loops(self, arrays: Sequence[Array]) -> int | None:
        """How often the model must run; None if the shapes are as compiled."""
        expected = [info.shape for info in self._inputs]
        if [array.shape for array in arrays] == expected:
            return None
        counts: set[int] = set()
        for array, info in zip(arrays, self._inputs, strict=True):
            fits = info.shape and array.shape[1:] == info.shape[1:]
            if not fits or array.shape[0] % info.shape[0] or not array.shape[0]:
                raise ValueError(
                    f"input {info.name!r} has shape {array.shape}, expected "
                    f"{info.shape} (or a multiple of its first axis)"
                )
            counts.add(array.shape[0] // info.shape[0])
        if len(counts) != 1:
            raise ValueError("the inputs differ in how often their first axis repeats")
        return counts.pop()

    def _run_once(self, arrays: Sequence[Array]) -> list[Array]:
        results = [np.empty(info.shape, info.type) for info in self._outputs]
        pointers = ctypes.c_void_p * max(len(arrays), 1)
        inputs = pointers(*(array.ctypes.data for array in arrays))
        pointers = ctypes.c_void_p * max(len(results), 1)
        outputs = pointers(*(array.ctypes.data for array in results))
        status = self._api.run(
            self._context_address,
            cast("Any", inputs),
            cast("Any", outputs),
        )
        if status != 0:
            raise RuntimeError(_ERRORS.get(status, f"error {status}"))
        return results

    def _run_loop(self, arrays: Sequence[Array], loops: int) -> list[Array]:
        collected: list[list[Array]] = [[] for _ in self._outputs]
        for index in range(loops):
            parts: list[Array] = []
            for array, info in zip(arrays, self._inputs, strict=True):
                first = info.shape[0]
                parts.append(array[index * first : (index + 1) * first])
            for results, result in zip(collected, self._run_once(parts), strict=True):
                results.append(result)
        return [np.concatenate(results) for results in collected]
