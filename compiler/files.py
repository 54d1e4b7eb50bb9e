"""
Writing products so that nothing half-written is ever seen under its own name.

A file is written aside in the folder where it shall stand, then renamed; if anything
fails on the way (a full disk, an interrupt), what stood there still stands there.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path


def _aside(path: Path, purpose: str) -> Path:
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}.{purpose}")


@contextmanager
def atomic_path(path: str | Path) -> Generator[Path]:
    """
    Yields the path of a file to write; it becomes `path` when the block ends well.

    A path that exists and is no plain file (`/dev/stdout`, a pipe) is written in place.
    A link is followed. OSError where the folder is missing or cannot be written.
    """
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(21, "Is a directory", str(path))
    if path.exists() and not path.is_file():
        yield path
        return
    path = path.resolve()
    aside = _aside(path, "new" + path.suffix)
    try:
        yield aside
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


def write_bytes(path: str | Path, data: bytes) -> None:
    """Writes a whole file, or none."""
    with atomic_path(path) as aside:
        aside.write_bytes(data)


def write_files(files: Mapping[Path, bytes]) -> None:
    """Writes all of the files, or none: they take their names when all are there."""
    with ExitStack() as stack:
        for path, data in files.items():
            stack.enter_context(atomic_path(path)).write_bytes(data)


def write_text(path: str | Path, text: str) -> None:
    """Writes a whole UTF-8 file with the line ends of `text`, or none."""
    write_bytes(path, text.encode("utf-8"))


@contextmanager
def atomic_folder(path: str | Path) -> Generator[Path]:
    """
    Yields an empty folder to fill; it becomes `path` when the block ends well.

    Where `path` is a folder already, the new files are moved into it one by one, and
    what else is in it stays: it may be the user's. FileExistsError if it is a file.
    """
    path = Path(path).resolve()
    if path.exists() and not path.is_dir():
        raise FileExistsError(17, "A file of this name exists", str(path))
    aside = _aside(path, "new")
    try:
        aside.mkdir()
        yield aside
        _move(aside, path)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _move(source: Path, target: Path) -> None:
    if source.is_dir() and target.is_dir():
        for entry in sorted(source.iterdir()):
            _move(entry, target / entry.name)
    else:
        source.replace(target)
