"""
C identifiers, literals and strings from arbitrary text.

Names of a model may hold anything (quotes, newlines, `*/`, unicode): only what passes
through here reaches generated C.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable

import numpy as np

_KEYWORDS = frozenset(
    "auto break case char const continue default do double else enum extern float "
    "for goto if inline int long register restrict return short signed sizeof static "
    "struct switch typedef union unsigned void volatile while asm bool true false "
    "nullptr class delete friend new operator private public template this throw try "
    "virtual namespace using typename catch export and or not xor context arena inputs "
    "outputs weights".split()
)


def c_identifier(text: str, fallback: str = "x") -> str:
    """`text` as an identifier, never a C or C++ keyword; what does not fit is `_`."""
    name = re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_")[:48]
    if not name or name[0].isdigit():
        name = f"{fallback}_{name}".rstrip("_")
    return f"{name}_" if name.lower() in _KEYWORDS else name


def unique_identifiers(texts: Iterable[str], fallback: str) -> list[str]:
    """`c_identifier` of each text, made different by counters."""
    taken: set[str] = set()
    names: list[str] = []
    for text in texts:
        name = base = c_identifier(text, fallback)
        counter = 1
        while name.lower() in taken:
            counter += 1
            name = f"{base}_{counter}"
        taken.add(name.lower())
        names.append(name)
    return names


def c_int(value: int) -> str:
    """An integer literal of any value that fits int64."""
    if value == -(2**63):
        return "(-9223372036854775807 - 1)"
    return str(value)


def c_float(value: float) -> str:
    """A float32 literal that gives exactly this value."""
    value = float(np.float32(value))
    if math.isnan(value):
        return '__builtin_nanf("")'
    if math.isinf(value):
        return "-__builtin_inff()" if value < 0 else "__builtin_inff()"
    return f"{value.hex()}f"


def c_string(text: str) -> str:
    """A C string literal, ASCII, split into lines of adjacent literals."""
    text.encode("ascii")
    pieces = [text[i : i + 96] for i in range(0, len(text), 96)] or [""]
    return "\n".join(f'    "{_escape(piece)}"' for piece in pieces)


def _escape(text: str) -> str:
    text = text.replace("\\", "\\\\").replace('"', '\\"')
    return text.replace("?", "\\?")


def json_text(value: object) -> str:
    """JSON in ASCII without spaces, keys in the order given."""
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
