"""How shared libraries for x86-64 are laid out (`codegen/templates/library.ld`)."""

from __future__ import annotations

import shutil
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
from command_line import DIGITS

import qcc
from qcc.codegen.targets import TARGETS, host_architecture
from qcc.codegen.toolchain import find_compiler

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or host_architecture() != "x86_64",
    reason="the script is for Linux on x86-64",
)

EXECUTABLE, WRITABLE = 1, 2


def _segments(library: bytes) -> list[tuple[int, int, int]]:
    """Flags, first byte in the file and bytes of what is loaded (ELF, 64 bits)."""
    [table] = struct.unpack_from("<Q", library, 32)
    entry, count = struct.unpack_from("<HH", library, 54)
    segments: list[tuple[int, int, int]] = []
    for index in range(count):
        header = struct.unpack_from("<IIQQQQQQ", library, table + index * entry)
        if header[0] == 1:
            segments.append((header[1], header[2], header[5]))
    return segments


def _compile(path: Path) -> bytes:
    ranges = DIGITS / "calibration.npz"
    qcc.compile(DIGITS / "digits.onnx", path, target="portable", calibration=ranges)
    return path.read_bytes()


def test_weights_cannot_be_executed_and_there_are_no_gaps(tmp_path: Path) -> None:
    if not find_compiler(TARGETS["portable"]).script:
        pytest.skip("this compiler lays libraries out itself")
    library = _compile(tmp_path / "model.so")
    segments = _segments(library)
    assert [flags & 3 for flags, _, _ in segments] == [0, EXECUTABLE, 0, WRITABLE]
    weights = qcc.compile(
        DIGITS / "digits.onnx",
        tmp_path / "folder",
        target="portable",
        calibration=DIGITS / "calibration.npz",
    )
    [content] = [path.read_bytes() for path in weights.glob("*_weights.bin")]
    place = library.index(content)
    _, first, size = segments[2]
    assert first <= place
    assert place + len(content) <= first + size
    assert len(library) - sum(size for _, _, size in segments) < 2048


def test_a_linker_that_takes_no_scripts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiler = shutil.which("gcc")
    if compiler is None:
        pytest.skip("no gcc")
    wrapper = tmp_path / "cc"
    wrapper.write_text(
        "#!/bin/sh\n"
        'case "$*" in *-Wl,-T*) echo no scripts >&2; exit 1;; esac\n'
        f'exec "{compiler}" "$@"\n'
    )
    wrapper.chmod(0o755)
    monkeypatch.setenv("CC", str(wrapper))
    library = _compile(tmp_path / "plain.so")
    monkeypatch.delenv("CC")
    assert len(library) > len(_compile(tmp_path / "compact.so"))
    with np.load(DIGITS / "test.npz") as archive:
        image = archive["image"][:1]
    results = [
        qcc.InferenceSession(tmp_path / name).run(None, {"image": image})[0]
        for name in ("plain.so", "compact.so")
    ]
    np.testing.assert_array_equal(*results)
