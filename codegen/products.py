"""
What a compilation leaves behind: `.c`, `.o`, `.a`, `.so` (each with its `.h`), or a
folder that is a C project. Everything is made aside and renamed into place at the end.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from string import Template

from qcc.codegen.c_printer import PrintedModel
from qcc.codegen.toolchain import Compiler
from qcc.codegen.weights import weights_as_literals, weights_from_file
from qcc.dialects.errors import QccError

SUFFIXES = (".so", ".a", ".o", ".c", "")
"""Products that are made here; no suffix is a folder."""


@contextmanager
def _workshop(output: Path) -> Iterator[Path]:
    """A temporary folder beside `output`, so that a rename moves files into place."""
    try:
        with tempfile.TemporaryDirectory(prefix=".qcc-", dir=output.parent) as name:
            yield Path(name)
    except OSError as error:
        raise QccError(
            f"cannot write {output}",
            why=error.strerror or str(error),
            remedy="choose another path with -o",
        ) from None


def _source(model: PrintedModel, weights: str) -> str:
    return model.source.replace("@WEIGHTS@", weights)


def _write_project(model: PrintedModel, folder: Path) -> str:
    """Writes `.c`, `.h` and the weights file; returns the name of the `.c`."""
    weights = f"{model.prefix}_weights.bin"
    text = _source(model, weights_from_file(model.prefix, weights))
    (folder / f"{model.prefix}.c").write_text(text, "ascii")
    (folder / f"{model.prefix}.h").write_text(model.header, "ascii")
    (folder / weights).write_bytes(model.weights)
    return f"{model.prefix}.c"


def _compile(
    model: PrintedModel, suffix: str, compiler: Compiler, folder: Path
) -> Path:
    """Makes the compiled product inside `folder`; returns its path."""
    source = _write_project(model, folder)
    position = ("-fPIC", "-fvisibility=hidden")
    if suffix == ".so":
        flags = (*position, "-DQCC_SHARED_LIBRARY", "-shared", "-Wl,-z,noexecstack")
        compiler.run((*flags, source, "-o", "product.so"), folder)
        return folder / "product.so"
    compiler.run((*position, "-c", source, "-o", "product.o"), folder)
    if suffix == ".o":
        return folder / "product.o"
    member = f"{model.prefix}.o"
    (folder / "product.o").rename(folder / member)
    compiler.archive("product.a", [member], folder)
    return folder / "product.a"


def _write_folder(model: PrintedModel, output: Path, workshop: Path) -> None:
    project = workshop / "project"
    project.mkdir()
    _write_project(model, project)
    template = resources.files("qcc.codegen").joinpath("templates/CMakeLists.txt.in")
    text = Template(template.read_text("utf-8")).substitute(prefix=model.prefix)
    (project / "CMakeLists.txt").write_text(text, "ascii")
    if output.is_dir():
        foreign = {p.name for p in output.iterdir()} - {
            p.name for p in project.iterdir()
        }
        if foreign:
            raise QccError(
                f"will not replace the folder {output}",
                why=f"it holds other files, such as {sorted(foreign)[0]!r}",
                remedy="choose a new folder with -o",
            )
        shutil.rmtree(output)
    project.rename(output)


def write_product(
    model: PrintedModel, output: Path, compiler: Compiler | None = None
) -> None:
    """
    Writes the product that the suffix of `output` names.

    `compiler` is needed for `.so`, `.a` and `.o`. QccError when the path cannot be
    written; then nothing is left behind.
    """
    suffix = output.suffix
    assert suffix in SUFFIXES, suffix
    with _workshop(output) as workshop:
        if suffix == "":
            _write_folder(model, output, workshop)
            return
        if suffix == ".c":
            product = workshop / "product.c"
            weights = weights_as_literals(model.prefix, model.weights)
            text = _source(model, weights).replace(
                f'#include "{model.prefix}.h"', f'#include "{output.stem}.h"', 1
            )
            product.write_text(text, "ascii")
        else:
            assert compiler is not None
            product = _compile(model, suffix, compiler, workshop)
        header = workshop / "product.h"
        header.write_text(model.header, "ascii")
        header.replace(output.with_suffix(".h"))
        product.replace(output)
