"""Real models: all can be imported; small ones compute what onnxruntime does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from qcc.compiler.onnx_import import import_model
from qcc.dialects.naming import model_function, node_name, tensor_name
from qcc.dialects.reference.interpreter import run
from qcc.dialects.types import Array, element_type_of, shape_of, storage_dtype

MODELS = Path(__file__).parents[3] / "shared" / "zoo" / "models"

pytestmark = pytest.mark.skipif(
    not MODELS.is_dir(), reason="the model zoo ../shared/zoo is not here"
)

COMPARED = [
    "basic_pitch_nmp",
    "dtln_model_2",
    "gtcrn_simple",
    "kws_dscnn",
    "magika_v2_1",
    "mnist_cntk",
    "mobilenet_v1_025_224",
    "resnet8_cifar10",
    "silero_vad_openvino_16k",
    "sww_streaming",
    "ultraface_rfb320",
    "vww_mobilenetv1_025_96",
]

COMPARED_QUANTIZED = [
    "kws_dscnn_tflite_int8_qdq",
    "resnet8_cifar10_int8_qdq",
    "vww_person_detect_96_int8_qdq",
]


def _names() -> list[str]:
    return sorted(path.stem for path in MODELS.glob("*.onnx"))


@pytest.mark.parametrize("name", _names())
def test_import(name: str) -> None:
    function = model_function(import_model(MODELS / f"{name}.onnx"))
    for op in list(function.body.block.ops)[:-1]:
        assert node_name(op), op.name
    assert all(tensor_name(argument) for argument in function.args)


def _both(name: str) -> tuple[list[Array], list[Array]]:
    """Outputs of the interpreter and of onnxruntime on the same random input."""
    path = MODELS / f"{name}.onnx"
    function = model_function(import_model(path))
    rng = np.random.default_rng(1)
    inputs: list[Array] = []
    for argument in function.args:
        dtype = storage_dtype(element_type_of(argument))
        shape = shape_of(argument)
        if dtype.kind == "i":
            inputs.append(rng.integers(0, 256, shape).astype(dtype))
        else:
            inputs.append(rng.uniform(-1, 1, shape).astype(dtype))
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    # Optimized, quantized models run in integers with other roundings.
    level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.graph_optimization_level = level
    session = onnxruntime.InferenceSession(path, options)
    names = [value.name for value in session.get_inputs()]
    expected = session.run(None, dict(zip(names, inputs, strict=True)))
    return run(function, inputs), [np.asarray(array) for array in expected]


@pytest.mark.parametrize("name", COMPARED)
def test_float_models_agree_with_onnxruntime(name: str) -> None:
    for got, want in zip(*_both(name), strict=True):
        scale = float(np.abs(want).max())
        np.testing.assert_allclose(got, want, rtol=1e-3, atol=1e-4 * scale, strict=True)


@pytest.mark.parametrize("name", COMPARED_QUANTIZED)
def test_quantized_models_agree_with_onnxruntime(name: str) -> None:
    """A tie that float arithmetic rounds the other way may move an output by a step."""
    for got, want in zip(*_both(name), strict=True):
        np.testing.assert_allclose(got, want, atol=2 / 128, strict=True)
