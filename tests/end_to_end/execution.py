"""
Runs generated C in a process of its own, natively, emulated or under sanitizers, and
compares every tensor with the numpy reference.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import SSAValue

from qcc.codegen.c_printer import PrintedModel
from qcc.codegen.products import _sources
from qcc.codegen.targets import TARGETS, Target, host_architecture, runs_here
from qcc.codegen.to_channels_last import ToChannelsLastPass
from qcc.codegen.toolchain import FLAGS, compilers, triple
from qcc.compiler.api import Options, generate
from qcc.compiler.pipeline import make_context
from qcc.dialects.naming import tensor_name
from qcc.dialects.reference.interpreter import run

Array = NDArray[Any]

HERE = Path(__file__).resolve().parent
SHARED = HERE.parents[2] / "shared"

STRICT = ("-Wall", "-Wextra", "-Wconversion", "-Werror")
SANITIZERS = ("-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")


def need_zoo() -> Any:
    """The zoo's module; skips the test where ../shared is absent."""
    folder = SHARED / "zoo"
    if not (folder / "zoo.py").is_file():
        pytest.skip("needs ../shared/zoo, which is not here")
    if str(folder) not in sys.path:
        sys.path.append(str(folder))
    import zoo

    return zoo


@dataclass(frozen=True)
class Machine:
    """A target with the commands that compile and execute its code."""

    target: Target
    compiler: tuple[str, ...]
    emulator: tuple[str, ...] = ()

    @staticmethod
    def of(name: str, compiler: str = "gcc") -> Machine:
        """The machine of a target; skips the test where something is missing."""
        target = TARGETS[name]
        if target.architecture in (None, host_architecture()):
            if not runs_here(target):
                pytest.skip(f"this processor lacks {target.features} for {name}")
            return Machine(target, _command(compiler, target))
        compiler = f"{triple(target.architecture)}-gcc"
        emulator = f"qemu-{target.architecture}"
        for program in (compiler, emulator):
            if shutil.which(program) is None:
                pytest.skip(f"needs {program} to test {name}")
        cpu = next((_CPUS[f] for f in target.features[::-1] if f in _CPUS), None)
        assert cpu is not None, target.features
        return Machine(target, (compiler,), (emulator, "-cpu", cpu))


_CPUS = {
    "neon": "cortex-a7",
    "asimd": "cortex-a53",
    "asimddp": "cortex-a76",
    "i8mm": "max,sve=off,sme=off",
}
"""Processors that have a feature and none beyond."""


def _command(name: str, target: Target) -> tuple[str, ...]:
    """How gcc, clang or zig is called for the host; skips the test without it."""
    if name != "zig":
        if shutil.which(name) is None:
            pytest.skip(f"needs {name}")
        return (name,)
    for compiler in compilers(target):
        if compiler.command[-1] == "cc" and len(compiler.command) > 1:
            return (*compiler.command, *compiler.flags)
    pytest.skip("needs zig")


@dataclass(frozen=True)
class Result:
    """Outputs in order, and named intermediate tensors as stored."""

    outputs: list[Array]
    tensors: dict[tuple[str, str], Array]
    """By name and element type: a float tensor and its int8 form share their name."""


def execute(
    printed: PrintedModel,
    machine: Machine,
    inputs: Sequence[Array],
    flags: Sequence[str] = (),
) -> Result:
    """Compiles with the compiler's usual flags and `flags`, then runs once."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, content in _sources(printed).items():
            (folder / file).write_bytes(content)
        about = printed.description
        sizes = [
            str(int(np.prod(p["shape"], dtype=np.int64)) * np.dtype(p["type"]).itemsize)
            for p in (*about["inputs"], *about["outputs"])
        ]
        defines = (
            f'-DRUNNER_HEADER="{printed.prefix}.h"',
            f"-DRUNNER_API={printed.prefix}_api",
            f"-DRUNNER_ALIGN={printed.prefix.upper()}_ARENA_ALIGN",
        )
        static = ("-static",) if machine.emulator else ()
        source = f"{printed.prefix}.c"
        command = (*machine.compiler, *FLAGS, *STRICT, *flags, "-c", source)
        subprocess.run((*command, "-o", "model.o"), cwd=folder, check=True)
        runner = (*machine.compiler, "-O1", *static, *defines, "-I.", *flags)
        runner = (*runner, str(HERE / "runner.c"), "model.o", "-o", "runner")
        subprocess.run(runner, cwd=folder, check=True)
        done = subprocess.run(
            (*machine.emulator, "./runner", str(len(about["inputs"])), *sizes),
            cwd=folder,
            input=b"".join(np.ascontiguousarray(x).tobytes() for x in inputs),
            stdout=subprocess.PIPE,
            check=True,
        )
    return _split(about, done.stdout)


def _split(about: dict[str, Any], data: bytes) -> Result:
    outputs: list[Array] = []
    for port in about["outputs"]:
        array, data = _take(port, data)
        outputs.append(array)
    tensors = {
        (entry["name"], entry["type"]): _take(entry, data[entry["offset"] :])[0]
        for entry in about.get("tensors", [])
    }
    return Result(outputs, tensors)


def _take(port: dict[str, Any], data: bytes) -> tuple[Array, bytes]:
    dtype = np.dtype(port["type"])
    count = int(np.prod(port["shape"], dtype=np.int64))
    array = np.frombuffer(data, dtype, count).reshape(port["shape"])
    return array, data[count * dtype.itemsize :]


def reference(module: ModuleOp, inputs: Sequence[Array]) -> Result:
    """The interpreter on the channels-last form of a quant module (a copy)."""
    module = module.clone()
    ToChannelsLastPass().apply(make_context(), module)
    tensors: dict[tuple[str, str], Array] = {}

    def observe(value: SSAValue, array: Array) -> None:
        name = tensor_name(value)
        if name is not None:
            tensors[name, array.dtype.name] = array

    outputs = run(module, inputs, observe)
    return Result(outputs, tensors)


def print_for(module: ModuleOp, target: Target, *, keep: bool = True) -> PrintedModel:
    """The C of a quant module (a copy), with all tensors kept or with memory reused."""
    options = Options(keep_tensors=keep)
    return generate(module.clone(), [target], "model", options)


def assert_same_bits(actual: Result, expected: Result) -> None:
    """Every output and every named tensor is equal in every byte."""
    for (name, kind), array in actual.tensors.items():
        want = expected.tensors[name, kind]
        _assert_same_bytes(array, want.reshape(array.shape), name)
    for got, want in zip(actual.outputs, expected.outputs, strict=True):
        assert (got.dtype, got.shape) == (want.dtype, want.shape)
        _assert_same_bytes(got, want, "output")


def _assert_same_bytes(got: Array, want: Array, name: str) -> None:
    if got.tobytes() != want.tobytes():
        np.testing.assert_array_equal(got, want, name)
        raise AssertionError(f"{name}: zeros or NaNs of different bits")
