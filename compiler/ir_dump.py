"""Writes the IR between passes to a folder, or prints it (`--dump-ir`)."""

from __future__ import annotations

import io
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from xdsl.dialects.builtin import ModuleOp, NameLoc, NoneAttr, StringAttr
from xdsl.ir import Attribute
from xdsl.passes import ModulePass
from xdsl.printer import Printer

from qcc.compiler.files import atomic_path
from qcc.dialects.blob import has_blobs, save_blobs
from qcc.dialects.errors import QccError


class _Printer(Printer):
    """Writes locations in ASCII, because xDSL reads no others."""

    def print_attribute(self, attribute: Attribute) -> None:
        if isinstance(attribute, NameLoc) and not attribute.desc.data.isascii():
            name = attribute.desc.data.encode("ascii", "backslashreplace").decode()
            attribute = NameLoc(StringAttr(name), NoneAttr())
        super().print_attribute(attribute)


def module_text(module: ModuleOp) -> str:
    """The module as `qcc-opt` reads it, with the names of ONNX nodes as locations."""
    stream = io.StringIO()
    _Printer(stream, print_debuginfo=True).print_op(module)
    return stream.getvalue() + "\n"


def write_module(module: ModuleOp, path: Path) -> None:
    """Writes `path` and, where the module has big constants, an `.npz` beside it."""
    with ExitStack() as stack:
        text = stack.enter_context(atomic_path(path))
        text.write_bytes(module_text(module).encode())
        if has_blobs(module):
            blobs = stack.enter_context(atomic_path(path.with_suffix(".npz")))
            save_blobs(module, blobs)


class IrDump:
    """Where the IR goes after each pass: files in order, stdout, or nowhere."""

    def __init__(self, folder: Path | None, print_after: Sequence[str]):
        self._folder = folder
        self._print_after = set(print_after)
        self._count = 0
        if folder is not None:
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise QccError(
                    f"cannot write {folder}",
                    why=error.strerror or str(error),
                    remedy="choose another folder with --dump-ir",
                ) from None

    def add(self, name: str, module: ModuleOp) -> None:
        """The module as it is after the step `name`."""
        if self._folder is not None:
            path = self._folder / f"{self._count:02d}-{name}.mlir"
            write_module(module, path)
        if name in self._print_after:
            print(f"// IR after {name}\n{module_text(module)}", end="")
        self._count += 1

    def after_each(self, each: ModulePass, module: ModuleOp) -> None:
        """For `run_pipeline`."""
        self.add(each.name, module)
