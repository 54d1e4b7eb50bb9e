"""What a measurement ran on: CPU features and versions, never the host's name."""

from __future__ import annotations

import ctypes
import os
import platform
import sys
from importlib import metadata
from pathlib import Path

from benchmarks.models import BUILD
from qcc.codegen.targets import host_architecture, host_features, native_target
from qcc.codegen.toolchain import find_compiler

ISAS = ("avx512vnni", "avx2")
"""What a process can be held to (`hold_isa.c`)."""

_FEATURES = (
    "sse4_1",
    "avx2",
    "avx_vnni",
    "avx512_vnni",
    "avx512_bf16",
    "amx_int8",
    "amx_bf16",
    "asimd",
    "asimddp",
    "i8mm",
)

_PACKAGES = ("onnxruntime", "openvino", "nncf", "ai-edge-litert", "numpy")


def describe(isa: str | None) -> dict[str, object]:
    """CPU features that matter here, what the peers are held to, versions."""
    versions: dict[str, str] = {}
    for package in _PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return {
        "architecture": host_architecture(),
        "features": [name for name in _FEATURES if name in host_features()],
        "peers_held_to": isa,
        "python": platform.python_version(),
        "versions": versions,
    }


def pin(cpu: int | None) -> int:
    """Binds the process to one CPU, the last that it may use unless `cpu` is given."""
    if not hasattr(os, "sched_setaffinity"):
        return -1
    chosen = max(os.sched_getaffinity(0)) if cpu is None else cpu
    os.sched_setaffinity(0, {chosen})
    return chosen


def hold(isa: str) -> None:
    """
    Starts this program anew on a CPU that seems to have nothing better than `isa`.

    Returns when that is already so. SystemExit where it cannot be done.
    """
    if os.environ.get("HOLD_ISA") == isa:
        _check_held(isa)
        return
    library = build_hold_isa(BUILD)
    held = {**os.environ, "HOLD_ISA": isa, "LD_PRELOAD": str(library)}
    os.execve(sys.executable, sys.orig_argv, held)


def build_hold_isa(folder: Path) -> Path:
    """The library to preload, made in `folder`. QccError without a C compiler."""
    source = Path(__file__).with_name("hold_isa.c")
    arguments = ("-fPIC", "-shared", str(source), "-o", "hold_isa.so")
    find_compiler(native_target()).run(arguments, folder)
    return folder / "hold_isa.so"


def _check_held(isa: str) -> None:
    """Asks the CPU itself, through the library that was preloaded."""
    seen = ctypes.CDLL(str(BUILD / "hold_isa.so")).hold_isa_seen()
    if seen != {"avx2": 0, "avx512vnni": 1}[isa]:
        sys.exit(f"holding the peers to {isa} has no effect on this machine")
