"""Arena beside its lower bound, and how much code a library holds."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

from benchmarks import arm_counts
from benchmarks.acceptance.registry import Row, check
from benchmarks.models import Model, all_models, zoo_models
from benchmarks.ours import library
from qcc.codegen.targets import find_target, runs_here
from qcc.compiler.cli.qcc_run import open_session
from qcc.compiler.diagnostics import QccError

_X86 = ("x86-64-v3", "avx512vnni", "amx")

_ARM = "armv8,armv8+dotprod,armv8+i8mm"

_EXECUTABLE = 4
"""SHF_EXECINSTR: flag of a section that holds instructions."""


def code_bytes(path: Path) -> int:
    """The bytes of all sections with instructions of a 64-bit little-endian ELF."""
    data = path.read_bytes()
    assert data[:6] == b"\x7fELF\x02\x01", "not a 64-bit little-endian ELF file"
    [start] = struct.unpack_from("<Q", data, 40)
    size, count = struct.unpack_from("<HH", data, 58)
    total = 0
    for number in range(count):
        header = struct.unpack_from("<IIQQQQ", data, start + number * size)
        total += header[5] if header[2] & _EXECUTABLE else 0
    return total


def _models() -> list[Model]:
    """Those that are measured and those of the zoo, each once."""
    return list(
        {model.name: model for model in (*all_models(), *zoo_models())}.values()
    )


@check("arena")
def arena() -> Iterator[Row]:
    """
    Against the most bytes that are live at one call.

    The scratch of a call is live during it; the bound of tensors alone is printed too.
    """
    for model in _models():
        for target in _X86:
            if not runs_here(find_target(target)):
                continue
            try:
                about = open_session(library(model, target)).variant
            except QccError as error:  # some of the zoo have what qcc has not
                yield Row(model.name, f"does not compile: {error.what}", "", True)
                break
            size, bound = about["arena_bytes"], about["lower_bound_bytes"]
            text = f"{size / 1e3:.1f} kB of {bound / 1e3:.1f} kB: {size / bound:.3f} ×"
            text += f", tensors alone {about['tensor_bound_bytes'] / 1e3:.1f} kB"
            subject = f"{model.name}, {target}"
            yield Row(subject, text, "≤ 1.1 ×", size <= 1.1 * bound)


@check("code size")
def code_size() -> Iterator[Row]:
    """Instructions of a library for one target, and for three Arm targets."""
    for model in all_models():
        found = {target: code_bytes(library(model, target)) for target in _X86}
        largest = max(found, key=found.__getitem__)
        text = f"{found[largest] / 1e3:.0f} kB ({largest})"
        yield Row(f"{model.name}, one target", text, "≤ 400 kB", found[largest] <= 4e5)
    for model in all_models():
        if model.name in arm_counts.MODELS:
            size = code_bytes(library(model, _ARM))
            text = f"{size / 1e3:.0f} kB"
            yield Row(f"{model.name}, {_ARM}", text, "≤ 1000 kB", size <= 1e6)
