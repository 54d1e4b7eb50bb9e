"""Small ONNX models in text form, and what their import is compared with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper, parser

from qcc.compiler.onnx_import import import_model
from qcc.dialects.naming import model_function
from qcc.dialects.reference.interpreter import run
from qcc.dialects.types import Array


def graph(
    text: str, constants: Mapping[str, Array] | None = None, opset: int = 17
) -> onnx.ModelProto:
    """A model in ONNX's text form, after its header, with more constants."""
    header = f'<ir_version: 8, opset_import: ["" : {opset}, "local" : 1]>'
    model = parser.parse_model(f"{header}\n{text}")
    for name, array in (constants or {}).items():
        model.graph.initializer.append(numpy_helper.from_array(array, name))
    return model


def op_names(model: onnx.ModelProto, **options: object) -> list[str]:
    """Names of the ops without constants and return, in order."""
    function = model_function(import_model(model, **options))  # pyright: ignore[reportArgumentType]
    names = [op.name for op in function.body.block.ops]
    return [name for name in names if name not in ("nn.constant", "func.return")]


def assert_same_as_onnxruntime(
    model: onnx.ModelProto, inputs: Sequence[Array], tolerance: float = 1e-5
) -> None:
    """The interpreter's results of the import are onnxruntime's."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    names = [value.name for value in session.get_inputs()]
    expected = session.run(None, dict(zip(names, inputs, strict=True)))
    actual = run(import_model(model), inputs)
    for got, want in zip(actual, expected, strict=True):
        np.testing.assert_allclose(
            got, np.asarray(want), rtol=tolerance, atol=tolerance, strict=True
        )


def random(*shape: int, seed: int = 0) -> Array:
    """Normally distributed float32 values."""
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)
