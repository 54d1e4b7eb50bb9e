"""
Runs one C kernel on numpy arrays.

A kernel is compiled once into a shared library that takes the members of its argument
struct at run time, or with literal members as generated code has them; for Arm
into a static program that runs under qemu, with its data on stdin.
Every buffer ends in guard bytes: a kernel that writes past the end fails the test.
"""

from __future__ import annotations

import ctypes
import hashlib
import itertools
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from qcc.codegen.kernel_row import KernelRow
from qcc.codegen.targets import host_architecture, host_features

Array = NDArray[np.generic]
Literal = int | float | Sequence[int] | Sequence[float]

RUNTIME = Path(__file__).parents[3] / "runtime"
FLAGS = ["-std=c11", "-O2", "-ftree-vectorize", "-Wall", "-Wextra", "-Wconversion"]
FLAGS += ["-Werror", "-Wno-pass-failed", "-Wno-unknown-warning-option"]
GUARD = 64
"""Bytes after a buffer that a kernel may read but never write."""

_FEATURES = {
    "sse2": "sse2",
    "sse41": "sse4_1",
    "avx2": "avx2",
    "avxvnni": "avx_vnni",
    "avx512vnni": "avx512_vnni",
    "amx": "amx_int8",
}
EMULATE_TILES = "-DQCC_AMX_EMULATE"
"""Compiles AMX kernels as plain C, for any processor (qcc_amx.h)."""

_PERMISSION = """
#if !defined(QCC_AMX_EMULATE)
    if (!qcc_cpu_has_amx_tile()) __builtin_trap();
#endif
"""
_EMULATED = {
    "neon32": "cortex-a7",
    "neon": "cortex-a53",
    "dotprod": "cortex-a76",
    "i8mm": "max,sve=off,sme=off",
}
"""What runs the code of an instruction set; a53 proves that neon needs no later one."""

_PROGRAM = """
#include <stdio.h>
#include <stdlib.h>
static void get(void *to, size_t size) {
    if (fread(to, 1, size, stdin) != size) exit(2);
}
int main(void) {
    static int64_t integers[256];
    static double numbers[256];
    void *buffers[16];
    int64_t counts[3], size[16];
    get(counts, sizeof counts);
    get(integers, (size_t)counts[0] * 8);
    get(numbers, (size_t)counts[1] * 8);
    for (int64_t i = 0; i < counts[2]; i++) {
        get(&size[i], 8);
        buffers[i] = NULL;
        if (size[i] < 0) continue;
        buffers[i] = aligned_alloc(64, ((size_t)size[i] + 63) / 64 * 64);
        get(buffers[i], (size_t)size[i]);
    }
    run(integers, numbers, buffers);
    for (int64_t i = 0; i < counts[2]; i++)
        if (size[i] >= 0) fwrite(buffers[i], 1, (size_t)size[i], stdout);
    for (int64_t i = 0; i < counts[2]; i++) free(buffers[i]);
    return 0;
}
"""


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="qcc-kernels-")


def _emulation(isa: str) -> tuple[str, str]:
    """The compiler and the emulator of an instruction set of Arm."""
    if isa == "neon32":
        return "arm-linux-gnueabihf-gcc", "qemu-arm"
    return "aarch64-linux-gnu-gcc", "qemu-aarch64"


def skip_without(isa: str) -> None:
    """Skips the calling test where code for `isa` cannot be run."""
    if isa in _EMULATED:
        for tool in _emulation(isa):
            if shutil.which(tool) is None:
                pytest.skip(f"{tool} is not installed")
    elif isa != "portable":
        if host_architecture() != "x86_64" or _FEATURES[isa] not in host_features():
            pytest.skip(f"this processor has no {isa}")


def compile_c(source: str, command: Sequence[str], suffix: str = "") -> Path:
    """Compiles a C text once per session. The compiler's messages are the failure."""
    digest = hashlib.sha256("\0".join([source, *command]).encode()).hexdigest()[:24]
    binary = Path(_folder().name) / f"k{digest}{suffix}"
    if not binary.exists():
        if shutil.which(command[0]) is None:
            pytest.skip(f"{command[0]} is not installed")
        text = binary.with_suffix(".c")
        text.write_text(source)
        includes = [f"-I{RUNTIME / 'include'}", f"-I{RUNTIME / 'kernels'}"]
        result = subprocess.run(
            [*command, *FLAGS, *includes, str(text), "-o", str(binary)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, result.stderr
    return binary


def _literal(value: int | float) -> str:
    return str(value) if isinstance(value, int) else f"{value.hex()}f"


def _wrapper(
    row: KernelRow, arguments: Mapping[str, Literal], buffer_count: int, literal: bool
) -> tuple[str, list[int], list[float]]:
    """The text of `run`, and the integers and floats that it reads."""
    integers: list[int] = []
    numbers: list[float] = []

    def expression(value: int | float) -> str:
        if literal:
            return _literal(value)
        if isinstance(value, int):
            integers.append(value)
            return f"integers[{len(integers) - 1}]"
        numbers.append(value)
        return f"(float)numbers[{len(numbers) - 1}]"

    lines: list[str] = []
    for name, value in arguments.items():
        if isinstance(value, int | float):
            lines.append(f"    a.{name} = (__typeof__(a.{name})){expression(value)};")
            continue
        for index, item in enumerate(value):
            member = f"a.{name}[{index}]"
            lines.append(f"    {member} = (__typeof__({member})){expression(item)};")
    passed = ", ".join(f"buffers[{i}]" for i in range(buffer_count))
    attribute = "" if row.isa == "portable" else f"QCC_TARGET_{row.isa.upper()} "
    text = (
        f'#include "qcc_cpu.h"\n#include "{row.path}"\n'
        f"{attribute}void run(const int64_t *, const double *, void **);\n"
        f"{attribute}void run(const int64_t *integers, const double *numbers,"
        " void **buffers) {\n"
        "    (void)integers, (void)numbers;\n"
        f"{_PERMISSION if row.isa == 'amx' else ''}"
        f"    {row.struct} a = {{0}};\n"
        + "\n".join(lines)
        + f"\n    {row.function}(a, {passed});\n}}\n"
    )
    return text, integers, numbers


def _run_in_process(
    source: str,
    compiler: str,
    integers: list[int],
    numbers: list[float],
    buffers: list[NDArray[np.uint8] | None],
    flags: Sequence[str],
) -> None:
    library = ctypes.CDLL(
        str(compile_c(source, [compiler, *flags, "-shared", "-fPIC"], ".so"))
    )
    pointers = (ctypes.c_void_p * len(buffers))(
        *[None if b is None else b.ctypes.data for b in buffers]
    )
    library.run(
        (ctypes.c_int64 * max(1, len(integers)))(*integers),
        (ctypes.c_double * max(1, len(numbers)))(*numbers),
        pointers,
    )


def _run_program(
    source: str,
    command: Sequence[str],
    runner: Sequence[str],
    integers: list[int],
    numbers: list[float],
    buffers: list[NDArray[np.uint8] | None],
) -> None:
    program = compile_c(source + _PROGRAM, command)
    data = struct.pack("=3q", len(integers), len(numbers), len(buffers))
    data += struct.pack(f"={len(integers)}q{len(numbers)}d", *integers, *numbers)
    for buffer in buffers:
        size = -1 if buffer is None else buffer.size
        data += struct.pack("=q", size) + (b"" if buffer is None else buffer.tobytes())
    result = subprocess.run(
        [*runner, str(program)], input=data, capture_output=True, check=False
    )
    assert result.returncode == 0, result.stderr.decode(errors="replace")
    offset = 0
    for buffer in buffers:
        if buffer is not None:
            part = result.stdout[offset : offset + buffer.size]
            buffer[:] = np.frombuffer(part, np.uint8)
            offset += buffer.size


def _guarded(array: Array | None) -> NDArray[np.uint8] | None:
    """The bytes of `array` on a cache line of their own, then guard bytes."""
    if array is None:
        return None
    content = np.frombuffer(np.ascontiguousarray(array).tobytes(), np.uint8)
    raw = np.full(content.size + GUARD + 64, 0xA5, np.uint8)
    start = -raw.ctypes.data % 64
    place = raw[start : start + content.size + GUARD]
    place[: content.size] = content
    return place


def run_kernel(
    row: KernelRow,
    arguments: Mapping[str, Literal],
    inputs: Sequence[Array | None],
    outputs: Sequence[Array | None],
    *,
    compiler: str = "gcc",
    flags: Sequence[str] = (),
    literal: bool = False,
    sanitize: bool = False,
) -> None:
    """
    Calls the kernel of `row`; `outputs` (and scratch, the last of them) are filled.

    `literal` compiles the arguments into the code, as generated C does. `sanitize`
    runs it as a program under ASan and UBSan. Skips where the ISA cannot be run.
    """
    if EMULATE_TILES not in flags:
        skip_without(row.isa)
    buffers = [_guarded(b) for b in itertools.chain(inputs, outputs)]
    source, integers, numbers = _wrapper(row, arguments, len(buffers), literal)
    if row.isa in _EMULATED:
        gcc, qemu = _emulation(row.isa)
        command, runner = [gcc, "-static", *flags], [qemu, "-cpu", _EMULATED[row.isa]]
        _run_program(source, command, runner, integers, numbers, buffers)
    elif sanitize:
        checks = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g"]
        command = [compiler, *checks, *flags]
        _run_program(source, command, [], integers, numbers, buffers)
    else:
        _run_in_process(source, compiler, integers, numbers, buffers, flags)
    for original, buffer in zip(outputs, buffers[len(inputs) :], strict=True):
        if original is None or buffer is None:
            continue
        content = buffer[: buffer.size - GUARD]
        original[...] = np.frombuffer(content.tobytes(), original.dtype).reshape(
            original.shape
        )
    for array, buffer in zip([*inputs, *outputs], buffers, strict=True):
        if array is not None and buffer is not None:
            written = (buffer[buffer.size - GUARD :] != 0xA5).any()
            assert not written, f"{row.function} writes past the end of a buffer"
