"""Every product of the bundled model, used as its user would."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from command_line import DIGITS
from execution import STRICT

import qcc
from qcc.codegen.targets import TARGETS, host_architecture
from qcc.codegen.toolchain import triple

Array = np.ndarray[Any, np.dtype[Any]]

README = Path(__file__).resolve().parents[2] / "README.md"

STATIC = {"target": "portable", "calibration": DIGITS / "calibration.npz"}


@pytest.fixture(scope="module")
def image() -> Array:
    """One image that the model has not seen."""
    with np.load(DIGITS / "test.npz") as archive:
        return archive["image"][:1]


@pytest.fixture(scope="module")
def probabilities(image: Array, tmp_path_factory: pytest.TempPathFactory) -> Array:
    """What the library makes of the image."""
    path = tmp_path_factory.mktemp("so") / "model.so"
    session = qcc.InferenceSession(compile_digits(path))
    [result] = session.run(None, {"image": image})
    with np.load(DIGITS / "test.npz") as archive:
        assert result.argmax() == archive["label"][0]
    return result


def compile_digits(path: Path, **options: Any) -> Path:
    return qcc.compile(DIGITS / "digits.onnx", path, **(STATIC | options))


def run(*command: str | Path, folder: Path, data: bytes = b"") -> bytes:
    """The output of a program, which must say nothing else."""
    done = subprocess.run(
        [str(word) for word in command], cwd=folder, input=data, capture_output=True
    )
    assert (done.returncode, done.stderr) == (0, b""), done.stderr.decode()
    return done.stdout


@cache
def program() -> str:
    """The C example of the README, between reading an image and writing the result."""
    match = re.search(r"```c\n(.*?)```", README.read_text("utf-8"), flags=re.S)
    assert match is not None
    lines = match[1].splitlines()
    includes = [line for line in lines if line.startswith("#include")]
    body = [line for line in lines if not line.startswith("#include")]
    return "\n".join(
        [
            *includes,
            "#include <stdio.h>",
            "int main(void) {",
            "static float image[MODEL_IMAGE_ELEMENTS];",
            "static float logits[MODEL_PROBABILITIES_ELEMENTS];",
            "if (fread(image, sizeof image, 1, stdin) != 1) return 1;",
            *body,
            "return fwrite(logits, sizeof logits, 1, stdout) != 1;",
            "}\n",
        ]
    )


def need(*programs: str) -> None:
    for name in programs:
        if shutil.which(name) is None:
            pytest.skip(f"needs {name}")


def assert_program_runs(
    folder: Path, link: Sequence[str], image: Array, probabilities: Array
) -> None:
    """The README's program, linked with `link`, gives the same bytes."""
    (folder / "main.c").write_text(program())
    flags = ("-std=c11", "-O1", *STRICT)
    run("gcc", *flags, "-c", "main.c", folder=folder)
    run("gcc", "main.o", *link, "-o", "program", folder=folder)
    output = run(folder / "program", folder=folder, data=image.tobytes())
    assert output == probabilities.tobytes()


@pytest.mark.parametrize("suffix", [".o", ".a", ".so"])
def test_compiled_product_in_a_c_program(
    suffix: str, tmp_path: Path, image: Array, probabilities: Array
):
    need("gcc")
    path = compile_digits(tmp_path / f"model{suffix}")
    assert {p.name for p in tmp_path.iterdir()} == {path.name, "model.h"}
    link = [str(path)]
    assert_program_runs(tmp_path, link, image, probabilities)


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_self_contained_c(
    compiler: str, tmp_path: Path, image: Array, probabilities: Array
):
    need("gcc", compiler)
    compile_digits(tmp_path / "model.c")
    flags = ("-std=c11", "-O2", "-pedantic", "-Wno-overlength-strings", *STRICT)
    run(compiler, *flags, "-c", "model.c", folder=tmp_path)
    assert_program_runs(tmp_path, ["model.o"], image, probabilities)


def test_folder_is_a_cmake_project(tmp_path: Path, image: Array, probabilities: Array):
    need("gcc", "cmake")
    folder = compile_digits(tmp_path / "model")
    names = {"CMakeLists.txt", "model.c", "model.h", "model_weights.bin"}
    assert {path.name for path in folder.iterdir()} == names
    run("cmake", "-S", folder, "-B", "build", "-DCMAKE_C_COMPILER=gcc", folder=tmp_path)
    run("cmake", "--build", "build", folder=tmp_path)
    (library,) = (tmp_path / "build").glob("libmodel*.a")
    shutil.copy(folder / "model.h", tmp_path)
    assert_program_runs(tmp_path, [str(library)], image, probabilities)


def test_header_in_cpp(tmp_path: Path, image: Array, probabilities: Array):
    need("gcc", "g++")
    compile_digits(tmp_path / "model.o")
    text = program().replace("static _Alignas", "alignas")
    (tmp_path / "main.cpp").write_text(text)
    flags = ("-std=c++17", "-pedantic", *STRICT)
    run("g++", *flags, "main.cpp", "model.o", "-o", "program", folder=tmp_path)
    output = run(tmp_path / "program", folder=tmp_path, data=image.tobytes())
    assert output == probabilities.tobytes()


def test_two_models_in_one_program(tmp_path: Path):
    need("gcc")
    compile_digits(tmp_path / "first.o")
    compile_digits(tmp_path / "second.o", mode="float")
    lines = [
        '#include "first.h"',
        '#include "second.h"',
        "int main(void) {",
        "  return FIRST_ARENA_BYTES == 0 || first_api() == second_api();",
        "}\n",
    ]
    (tmp_path / "main.c").write_text("\n".join(lines))
    objects = ("main.c", "first.o", "second.o")
    run("gcc", "-std=c11", *STRICT, *objects, "-o", "program", folder=tmp_path)
    run(tmp_path / "program", folder=tmp_path)


ALLOWED = {
    "memcpy",
    "memset",
    "memmove",
    "_GLOBAL_OFFSET_TABLE_",
    "__stack_chk_fail",
    # Linux on Arm says with it what the processor has.
    "getauxval",
}

PUBLIC = {"model_init", "model_run", "model_api", "model_stop", "model_weights"}


@pytest.mark.parametrize(
    ("target", "mode"),
    [
        *((name, "static") for name in TARGETS),
        ("portable", "dynamic"),
        ("portable", "float"),
    ],
)
def test_object_needs_nothing(target: str, mode: str, tmp_path: Path):
    """No allocation, no stdio, no libm: only what a freestanding compiler asks for."""
    architecture = TARGETS[target].architecture
    foreign = architecture not in (None, host_architecture())
    nm = f"{triple(architecture)}-nm" if architecture and foreign else "nm"
    need("gcc", nm)
    path = compile_digits(tmp_path / "model.o", target=target, mode=mode)
    undefined = run(nm, "-u", path, folder=tmp_path).decode().split()
    # Divisions and such, which 32-bit Arm processors leave to the compiler's library.
    called = {name for name in undefined if not name.startswith("__aeabi_")}
    assert called - {"U"} <= ALLOWED
    symbols = run(nm, "-g", "--defined-only", path, folder=tmp_path).decode()
    public = {line.split()[-1] for line in symbols.splitlines()}
    assert {"model_init", "model_run", "model_api"} <= public <= PUBLIC
    # Nothing is written but the caller's memory. `api` holds pointers, for the linker.
    data = re.findall(r" [bBcCdDgG] (.*)", run(nm, path, folder=tmp_path).decode())
    assert data == ["api"]


@pytest.mark.parametrize("name", ["armv8", "x86-64-v3"])
def test_zig_makes_libraries_of_other_architectures(name: str, tmp_path: Path):
    pytest.importorskip("ziglang")
    command = f"{sys.executable} -m ziglang cc"
    architecture = {"armv8": "aarch64", "x86-64-v3": "x86_64"}[name]
    path = compile_digits(
        tmp_path / "model.so",
        target=name,
        compiler=f"{command} -target {architecture}-linux-gnu -fno-sanitize=all",
    )
    machine = int.from_bytes(path.read_bytes()[18:20], "little")
    assert machine == {"armv8": 183, "x86-64-v3": 62}[name]


def test_ir_runs_on_and_gives_the_same(
    tmp_path: Path, image: Array, probabilities: Array
):
    """The .mlir product goes through the rest of the passes in qcc-opt."""
    path = compile_digits(tmp_path / "model.mlir")
    tool = "from qcc.compiler.cli.qcc_opt import main; main()"
    passes = "to-channels-last,select-kernels{target=portable},plan-memory"
    command = (sys.executable, "-c", tool, path, "-p", passes)
    kernels = run(*command, folder=tmp_path).decode()
    assert kernels.count("kernel.call") > 4


def test_onnx_product_in_another_runtime(
    tmp_path: Path, image: Array, probabilities: Array
):
    """QDQ in onnxruntime: apart by one step of the output's scale at most."""
    path = compile_digits(tmp_path / "model.onnx")
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    [result] = session.run(None, {"image": image})
    assert float(np.abs(np.asarray(result) - probabilities).max()) <= 1.5 / 256


def test_onnx_product_compiles_to_the_same_bits(
    tmp_path: Path, image: Array, probabilities: Array
):
    """The QDQ model holds all that was decided: no ranges are needed again."""
    path = compile_digits(tmp_path / "model.onnx")
    again = qcc.compile(path, tmp_path / "model.so", target="portable")
    [result] = qcc.InferenceSession(again).run(None, {"image": image})
    assert result.tobytes() == probabilities.tobytes()
