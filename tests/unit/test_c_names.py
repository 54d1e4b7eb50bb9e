"""Names and numbers of a model as C text: nothing hostile gets through."""

import json
import re
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qcc.codegen.c_names import (
    c_float,
    c_identifier,
    c_int,
    c_string,
    json_text,
    unique_identifiers,
)


@given(st.text())
def test_identifiers_are_identifiers(text: str):
    assert re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", c_identifier(text))


@pytest.mark.parametrize("text", ["int", "float", "arena", "*/", '"; exit(1); "', "9a"])
def test_hostile_names(text: str):
    name = c_identifier(text)
    assert re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name)
    assert name not in ("int", "float", "arena")


@given(st.lists(st.text(max_size=4), max_size=20))
def test_unique_identifiers(texts: list[str]):
    names = unique_identifiers(texts, "tensor")
    assert len({name.upper() for name in names}) == len(texts)


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_floats_are_exact(value: float):
    text = c_float(value)
    assert struct.pack("f", float.fromhex(text[:-1])) == struct.pack("f", value)


def test_special_floats():
    assert c_float(np.inf) == "__builtin_inff()"
    assert c_float(-np.inf) == "-__builtin_inff()"
    assert c_float(np.nan) == '__builtin_nanf("")'


def test_smallest_integer():
    assert c_int(-(2**63)) == "(-9223372036854775807 - 1)"


@given(st.text())
def test_strings_hold_any_json(text: str):
    value = json_text({"name": text})
    literal = c_string(value)
    assert literal.isascii()
    body = "".join(line.strip()[1:-1] for line in literal.splitlines())
    decoded = re.sub(r"\\(.)", r"\1", body)
    assert json.loads(decoded) == {"name": text}
    assert "??" not in literal
