"""qcc as a contestant: compiled for a target, called through its C interface."""

from __future__ import annotations

import ctypes
import hashlib
from functools import cache
from pathlib import Path

import numpy as np

from benchmarks.contest import Contestant
from benchmarks.models import BUILD, ROOT, Feeds, Model
from qcc.codegen.targets import find_target
from qcc.compiler.api import Options, compile_with
from qcc.compiler.cli.qcc_run import open_session


@cache
def fingerprint() -> str:
    """Of the compiler's sources: a library made by others is not measured."""
    digest = hashlib.sha256()
    for folder in ("compiler", "dialects", "passes", "codegen", "runtime"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".py", ".h", ".c", ".in", ".rules", ".lark"):
                digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def library(model: Model, target: str, threads: int = 1) -> Path:
    """The model compiled for one target, or for several (comma-separated)."""
    names = [find_target(name).name for name in target.split(",")]
    variant = "_".join(names) + (f"-{threads}" if threads > 1 else "")
    folder = BUILD / "qcc" / variant / fingerprint()
    path = folder / f"{model.name}.so"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        samples = None if model.is_quantized else model.calibration()
        options = Options(target=target, calibration=samples, threads=threads)
        compile_with(model.path, path, options)
    return path


class _Api(ctypes.Structure):
    """The beginning of `qcc_api` (`runtime/include/qcc_api.h`)."""

    _fields_ = [
        ("version", ctypes.c_uint32),
        ("description", ctypes.c_char_p),
        ("arena_bytes", ctypes.c_size_t),
        ("arena_align", ctypes.c_size_t),
        ("context_bytes", ctypes.c_size_t),
        ("init", ctypes.CFUNCTYPE(ctypes.c_int, *[ctypes.c_void_p] * 3)),
        ("run", ctypes.CFUNCTYPE(ctypes.c_int, *[ctypes.c_void_p] * 3)),
    ]


def _aligned(size: int, alignment: int) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    memory = np.zeros(size + alignment, np.uint8)
    start = -memory.ctypes.data % alignment
    return memory[start : start + size]


def open_ours(model: Model, feeds: Feeds, target: str) -> Contestant:
    """Its run is one call of the library's `run`, as an application makes it."""
    session = open_session(library(model, target))
    api = _Api.from_address(session.api_address)
    arena = _aligned(api.arena_bytes, api.arena_align)
    context = _aligned(api.context_bytes, 16)
    inputs = [np.ascontiguousarray(feeds[info.name]) for info in session.get_inputs()]
    outputs = [np.empty(info.shape, info.type) for info in session.get_outputs()]
    pointers = [
        (ctypes.c_void_p * len(arrays))(*(array.ctypes.data for array in arrays))
        for arrays in (inputs, outputs)
    ]
    status = api.init(context.ctypes.data, arena.ctypes.data, None)
    assert status == 0, f"{model.name}: error {status}"
    run = api.run
    places = (
        ctypes.c_void_p(context.ctypes.data),
        *(ctypes.c_void_p(ctypes.addressof(pointer)) for pointer in pointers),
    )
    return Contestant(
        f"qcc {find_target(target).name}",
        lambda: run(*places),
        lambda: outputs[0],
        (session, arena, context, inputs, pointers),
    )
