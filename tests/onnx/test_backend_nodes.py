"""
ONNX's own tests of single operators: import, run in the interpreter, compare.

`not_supported.txt` lists the tests of what cannot be imported, under the reason. Each
of them must fail with a QccError; every other one must give ONNX's expected output.

After a change: `python tests/onnx/test_backend_nodes.py --update` writes the list anew.
Every line of it that goes or comes should be looked at.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from qcc.compiler.onnx_import import import_model
from qcc.dialects.errors import QccError
from qcc.dialects.reference.interpreter import run

LIST = Path(__file__).with_name("not_supported.txt")

WRONG_IN_ONNX = {
    # Interpolates with the fractional output size 2.4, where 2 is meant.
    "test_resize_downsample_scales_linear_align_corners",
}


def _collect() -> dict[str, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from onnx.backend.test.case.node import collect_testcases

        return {case.name: case for case in collect_testcases(None)}


CASES = _collect()


def _listed() -> set[str]:
    lines = LIST.read_text().splitlines()
    return {line.strip() for line in lines if line.startswith("    ")}


NOT_SUPPORTED = _listed() if LIST.exists() else set[str]()


def _with_constants(
    model: onnx.ModelProto, inputs: Sequence[Any]
) -> onnx.ModelProto | None:
    """All inputs but the first as constants: shapes, axes, scales, weights."""
    if not all(isinstance(array, np.ndarray | np.generic) for array in inputs[1:]):
        return None
    result = onnx.ModelProto()
    result.CopyFrom(model)
    for value, array in list(zip(model.graph.input, inputs, strict=False))[1:]:
        tensor = numpy_helper.from_array(np.asarray(array), value.name)
        result.graph.initializer.append(tensor)
    return result


def _outputs(model: onnx.ModelProto, inputs: Sequence[Any]) -> list[np.ndarray]:
    """
    The interpreter's outputs.

    Where a shape or the like must be known when compiling, the inputs but the first
    are tried as constants.
    """
    try:
        module = import_model(model)
    except QccError as error:
        other = _with_constants(model, inputs)
        reasons = ("at run time", "no elements")
        if other is None or not any(text in str(error) for text in reasons):
            raise
        module, inputs = import_model(other), inputs[:1]
    return run(module, [np.asarray(array) for array in inputs])


@pytest.mark.parametrize("name", sorted(CASES))
def test_node(name: str) -> None:
    case = CASES[name]
    inputs, expected = case.data_sets[0]
    if name in NOT_SUPPORTED:
        with pytest.raises(QccError) as failure:
            _outputs(case.model, inputs)
        assert failure.value.why
        assert failure.value.remedy
        return
    if name in WRONG_IN_ONNX:
        pytest.xfail("ONNX's expected output is wrong")
    actual = _outputs(case.model, inputs)
    for got, want in zip(actual, expected, strict=True):
        assert got.dtype == np.asarray(want).dtype
        np.testing.assert_allclose(got, want, rtol=1e-3, atol=1e-5, strict=True)


def _reason(error: QccError) -> str:
    """What the tests of one group have in common."""
    why = error.why or ""
    if "elements of type" in error.what + why:
        kind = (error.what + " " + why).split("elements of type ")[1].split()[0]
        return f"element type {kind}"
    if "no elements" in why:
        return "tensors without elements"
    if "is not supported" in error.what:
        return error.what
    return f"{error.op}: {why.split(': ')[-1]}" if error.op else error.what


def update() -> None:
    """Writes `not_supported.txt`."""
    groups: dict[str, list[str]] = {}
    for name, case in CASES.items():
        try:
            _outputs(case.model, case.data_sets[0][0])
        except QccError as error:
            groups.setdefault(_reason(error), []).append(name)
    lines = ["# Written by test_backend_nodes.py --update: reason, then the tests."]
    for reason in sorted(groups):
        lines += ["", reason, *(f"    {name}" for name in sorted(groups[reason]))]
    LIST.write_text("\n".join(lines) + "\n")


if __name__ == "__main__" and "--update" in sys.argv:
    update()
