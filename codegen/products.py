"""
What a compilation leaves behind: `.c`, `.o`, `.a`, `.so` (each with its `.h`), or the
files of a folder that is a C project.
"""

from __future__ import annotations

import tempfile
from importlib import resources
from pathlib import Path
from string import Template

from qcc.codegen.c_printer import PrintedModel
from qcc.codegen.toolchain import Compiler
from qcc.codegen.weights import weights_as_literals, weights_from_file

COMPILED = (".so", ".a", ".o")
"""Products that need a C compiler."""

SUFFIXES = (*COMPILED, ".c", "")
"""Products that are made here; no suffix is a folder."""


_PTHREAD = """
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
target_link_libraries(${PROJECT_NAME} PUBLIC Threads::Threads)
"""


def _source(model: PrintedModel, weights: str) -> bytes:
    # The first one: a name of the model in its description may say @WEIGHTS@ too.
    return model.source.replace("@WEIGHTS@", weights, 1).encode("ascii")


def _weights_name(model: PrintedModel) -> str:
    return f"{model.prefix}_weights.bin"


def _sources(model: PrintedModel) -> dict[str, bytes]:
    """`.c`, `.h` and the weights file that the assembler reads."""
    weights = _weights_name(model)
    return {
        f"{model.prefix}.c": _source(model, weights_from_file(model.prefix, weights)),
        f"{model.prefix}.h": model.header.encode("ascii"),
        weights: model.weights,
    }


def _project(model: PrintedModel) -> dict[str, bytes]:
    """A CMake project."""
    template = resources.files("qcc.codegen").joinpath("templates/CMakeLists.txt.in")
    text = Template(template.read_text("utf-8")).substitute(
        prefix=model.prefix, libraries=_PTHREAD if model.threads else ""
    )
    return {**_sources(model), "CMakeLists.txt": text.encode("ascii")}


def _compile(model: PrintedModel, suffix: str, compiler: Compiler) -> bytes:
    with tempfile.TemporaryDirectory(prefix="qcc-") as name:
        folder = Path(name)
        for file, content in _sources(model).items():
            (folder / file).write_bytes(content)
        source, compiled = f"{model.prefix}.c", f"{model.prefix}.o"
        common = ("-fPIC", "-fvisibility=hidden", source)
        if model.threads:
            common = ("-pthread", *common)
        if suffix == ".so":
            compiler.run(
                (*common, "-DQCC_SHARED_LIBRARY", "-c", "-o", compiled), folder
            )
            threads = ("-pthread",) if model.threads else ()
            compiler.link((*threads, compiled), folder / "product")
            return (folder / "product").read_bytes()
        compiler.run((*common, "-c", "-o", compiled), folder)
        if suffix == ".o":
            return (folder / compiled).read_bytes()
        compiler.archive("product.a", [compiled], folder)
        return (folder / "product.a").read_bytes()


def make_product(
    model: PrintedModel, output: Path, compiler: Compiler | None = None
) -> dict[str, bytes]:
    """
    The files of the product that the suffix of `output` names, by file name.

    For a folder they go into it, otherwise beside `output`. `compiler` is needed for
    `.so`, `.a` and `.o`; QccError if it fails.
    """
    suffix = output.suffix
    assert suffix in SUFFIXES, suffix
    if suffix == "":
        return _project(model)
    files = {f"{model.prefix}.h": model.header.encode("ascii")}
    if suffix == ".c":
        weights = weights_as_literals(model.prefix, model.weights)
        files[output.name] = _source(model, weights)
    else:
        assert compiler is not None
        files[output.name] = _compile(model, suffix, compiler)
    return files
