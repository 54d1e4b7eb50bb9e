"""
Finds a C compiler for a target and runs it.

gcc, clang and zig (also from the PyPI package `ziglang`) are known. Code carries its
instruction sets in function attributes, so no flag names one.
"""

from __future__ import annotations

import importlib.util
import os
import shlex
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from qcc.codegen.targets import Target, host_architecture
from qcc.dialects.errors import QccError

FLAGS = ("-std=c11", "-O2", "-ftree-vectorize", "-ffp-contract=off", "-fno-math-errno")
"""The code is exact under contraction too; the flag is a second line of defence."""

SMALL = ("-fno-unwind-tables", "-fno-asynchronous-unwind-tables")
"""Nothing throws through C; the tables of a model's functions are some kilobytes."""


_SCRIPT = "library.ld"

_LITTLE_CODE = 16384
"""
Bytes of code up to which libraries are laid out without gaps. Linux maps what is around
the code that runs at init; where code begins on no page of its own, that was seen to be
all of it, and the resident memory of loaded libraries counts more than 5 kB in a file.
"""

_PT_LOAD, _PF_X = 1, 1


@dataclass(frozen=True)
class Compiler:
    """A C compiler that makes code for one processor family."""

    command: tuple[str, ...]
    archiver: tuple[str, ...]
    flags: tuple[str, ...] = ()
    shared: tuple[str, ...] = ("-shared", "-s", "-Wl,-z,noexecstack")
    """Flags that make a shared library."""
    script: bool = False
    """Whether its linker may take the script `templates/library.ld`."""

    def run(self, arguments: Sequence[str], folder: Path) -> None:
        """Runs the compiler in `folder`. QccError with its messages if it fails."""
        _run((*self.command, *FLAGS, *SMALL, *self.flags, *arguments), folder)

    def link(self, arguments: Sequence[str], output: Path) -> None:
        """Makes the shared library `output` of objects beside it, as `run`."""
        folder = output.parent
        arguments = (*self.shared, *arguments, "-o", output.name)
        if self.script:
            script = resources.files("qcc.codegen").joinpath("templates", _SCRIPT)
            (folder / _SCRIPT).write_bytes(script.read_bytes())
            try:
                self.run((*arguments, f"-Wl,-T,{_SCRIPT}"), folder)
                if executable_bytes(output.read_bytes()) <= _LITTLE_CODE:
                    return
            except QccError:
                pass  # not every linker takes scripts
        self.run(arguments, folder)

    def archive(self, archive: str, objects: Sequence[str], folder: Path) -> None:
        """Makes a static library. QccError if there is no archiver."""
        _run((*self.archiver, "rcsD", archive, *objects), folder)


def executable_bytes(library: bytes) -> int:
    """The bytes of executable segments of a shared library (ELF, 64 bits)."""
    [table] = struct.unpack_from("<Q", library, 32)
    size, count = struct.unpack_from("<HH", library, 54)
    headers = (
        struct.unpack_from("<IIQQQQQQ", library, table + size * index)
        for index in range(count)
    )
    return sum(h[5] for h in headers if h[0] == _PT_LOAD and h[1] & _PF_X)


def _run(command: Sequence[str], folder: Path) -> None:
    try:
        result = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, errors="replace"
        )
    except OSError as error:
        raise QccError(
            f"cannot run {command[0]}",
            why=str(error),
            remedy="install a C compiler, or write C with -o model.c",
        ) from None
    if result.returncode != 0:
        lines = result.stderr.strip().splitlines()
        raise QccError(
            f"{Path(command[0]).name} failed with status {result.returncode}",
            why="\n".join(lines[:20]) or "it printed no message",
            remedy="try another compiler with --cc, or write C with -o model.c",
        )


def _zig_commands() -> Iterator[tuple[str, ...]]:
    if path := shutil.which("zig"):
        yield (path,)
    if importlib.util.find_spec("ziglang") is not None:
        yield (sys.executable, "-m", "ziglang")


def _system(architecture: str) -> str:
    # Floats in registers, as all processors with NEON can.
    return "linux-gnueabihf" if architecture == "arm" else "linux-gnu"


def triple(architecture: str) -> str:
    """How tools for Linux on another processor family are named."""
    return f"{architecture}-{_system(architecture)}"


def _zig(base: tuple[str, ...], architecture: str) -> Compiler:
    # Without -target zig compiles for the host's own features.
    system = "macos" if sys.platform == "darwin" else _system(architecture)
    cpu = "cortex_a7" if architecture == "arm" else "baseline"  # which has no NEON
    flags = ("-target", f"{architecture}-{system}", f"-mcpu={cpu}")
    flags = (*flags, "-fno-sanitize=all")
    return Compiler((*base, "cc"), (*base, "ar"), flags)


def _gnu(
    name: str,
    architecture: str,
    archivers: Sequence[str],
    flags: tuple[str, ...] = (),
) -> Compiler:
    archiver = next((ar for ar in archivers if shutil.which(ar)), archivers[0])
    shared, script = ("-shared",), False
    if sys.platform != "darwin":
        # Linux on x86-64 reads executable segments in pieces of up to 2 MB: weights in
        # one would be resident after loading. Where segments are 64 kB apart (AArch64),
        # and such pieces as large, they share one. What is read-only after loading has
        # no segment, and there are no constructors that would need the start files.
        script = architecture == "x86_64"
        code = "separate-code" if script else "noseparate-code"
        shared = ("-shared", "-s", "-nostartfiles", "-Wl,--build-id=none")
        for flag in ("noexecstack", code, "norelro"):
            shared = (*shared, f"-Wl,-z,{flag}")
    return Compiler((name,), (archiver,), flags, shared, script)


def _candidates(architecture: str) -> Iterator[Compiler]:
    if architecture == host_architecture():
        for name in ("cc", "gcc", "clang"):
            if shutil.which(name):
                yield _gnu(name, architecture, ("ar", "gcc-ar", "llvm-ar"))
    else:
        prefix = triple(architecture)
        if shutil.which(f"{prefix}-gcc"):
            yield _gnu(f"{prefix}-gcc", architecture, (f"{prefix}-ar", "llvm-ar"))
    for base in _zig_commands():
        yield _zig(base, architecture)
    if architecture != host_architecture() and shutil.which("clang"):
        flags = (f"--target={triple(architecture)}", "-fuse-ld=lld")
        if architecture == "arm":
            # Of gcc's attribute for NEON clang knows nothing.
            flags = (*flags, "-march=armv7-a", "-mfpu=neon")
        yield _gnu("clang", architecture, ("llvm-ar", "ar"), flags)


def compilers(target: Target) -> list[Compiler]:
    """Every compiler found for `target`, best first."""
    return list(_candidates(target.architecture or host_architecture()))


def find_compiler(target: Target, command: str | None = None) -> Compiler:
    """
    The compiler for `target`: `command` (or $CC for the host) if given, else the first.

    Raises QccError with what to install when there is none.
    """
    architecture = target.architecture or host_architecture()
    if command is None and architecture == host_architecture():
        command = os.environ.get("CC") or None
    if command is not None:
        return _named(command, architecture)
    for compiler in _candidates(architecture):
        return compiler
    package = {
        "aarch64": "gcc-aarch64-linux-gnu",
        "arm": "gcc-arm-linux-gnueabihf",
        "x86_64": "gcc",
    }.get(architecture)
    raise QccError(
        f"no C compiler for {target.name}",
        why="neither gcc nor clang nor zig was found",
        remedy="pip install 'qcc[zig]'"
        + (f" (or install {package})" if package else "")
        + ", or write C with -o model.c",
    )


def _named(command: str, architecture: str) -> Compiler:
    try:
        words = tuple(shlex.split(command))
    except ValueError:
        # A quotation mark without its partner.
        words = ()
    if not words or shutil.which(words[0]) is None:
        raise QccError(
            f"C compiler {command!r} not found",
            why="it is named by --cc or the environment variable CC",
            remedy="correct the name, or leave it out to use the first one found",
        )
    if Path(words[0]).stem == "zig":
        return _zig(words[:1], architecture)
    prefix = words[0].rpartition("gcc")[0]
    return Compiler(words, (f"{prefix}ar" if prefix.endswith("-") else "ar",))
