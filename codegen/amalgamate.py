"""
Joins the runtime's C headers into one text, so that generated C needs no include path.

Local `#include "..."` lines are replaced by the file they name, each once; lookup is
relative to the including file, then to `runtime/kernels/`, then to `runtime/include/`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib import resources
from importlib.resources.abc import Traversable

from qcc.codegen.targets import Target

_INCLUDE = re.compile(r'^#include "([^"]+)"\s*$')


def _runtime() -> Traversable:
    return resources.files("qcc.runtime")


def runtime_file(path: str) -> Traversable:
    """A C file of the runtime by its path below `runtime/`."""
    return _runtime().joinpath(*path.split("/"))


def _resolve(name: str, folder: str) -> str:
    """The path below `runtime/` of an included file."""
    for base in (folder, "kernels", "include"):
        parts: list[str] = []
        for part in f"{base}/{name}".split("/"):
            if part == "..":
                parts.pop()
            elif part != ".":
                parts.append(part)
        path = "/".join(parts)
        if runtime_file(path).is_file():
            return path
    raise AssertionError(f"no runtime header {name} (included from {folder})")


def _expand(path: str, seen: set[str]) -> str:
    if path in seen:
        return ""
    seen.add(path)
    folder = path.rpartition("/")[0]
    lines: list[str] = []
    for line in runtime_file(path).read_text("utf-8").splitlines():
        match = _INCLUDE.match(line)
        if match:
            lines.append(_expand(_resolve(match[1], folder), seen))
        else:
            lines.append(line)
    return "\n".join(lines) + "\n"


def amalgamate(
    targets: Iterable[Target], headers: Iterable[str], parallel: bool = False
) -> str:
    """The runtime and the kernel `headers` (below `runtime/kernels/`) as one text."""
    seen: set[str] = {"include/qcc_api.h"}
    paths = ["include/qcc_runtime.h", "include/qcc_step.h"]
    if any(target.checked_features for target in targets):
        paths.append("include/qcc_cpu.h")
    if parallel:
        paths.append("include/qcc_parallel.h")
    paths += [f"kernels/{header}" for header in headers]
    return "\n".join(_expand(path, seen) for path in paths)


def api_header() -> str:
    """The text of `qcc_api.h`, which goes into every generated header."""
    return _expand("include/qcc_api.h", set())
