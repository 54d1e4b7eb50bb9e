"""Real models: imported and exported again, they give what onnxruntime gave before."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from qcc.compiler.calibration import calibrate
from qcc.compiler.onnx_export import export_model
from qcc.compiler.onnx_import.importer import import_model
from qcc.compiler.onnx_session import OnnxSession
from qcc.dialects.naming import model_function, name_values, tensor_name

ZOO = Path(__file__).parents[3] / "shared" / "zoo"

pytestmark = pytest.mark.skipif(
    not (ZOO / "zoo.py").is_file(), reason=f"the model zoo is not at {ZOO}"
)

FLOAT_MODELS = [
    "basic_pitch_nmp",
    "dtln_model_2",
    "kws_dscnn",
    "magika_v2_1",
    "mnist_cntk",
    "mobilenet_v1_025_224",
    "resnet8_cifar10",
    "sww_streaming",
    "ultraface_rfb320",
    "vww_mobilenetv1_025_96",
]
QDQ_MODELS = [
    "kws_dscnn_tflite_int8_qdq",
    "mobilenet_v1_025_128_qat_qdq",
    "resnet8_cifar10_int8_qdq",
    "vww_person_detect_96_int8_qdq",
]


def samples(name: str, count: int) -> list[dict[str, Any]]:
    sys.path.insert(0, str(ZOO))
    try:
        import zoo
    finally:
        sys.path.remove(str(ZOO))
    return list(zoo.cases()[name].calibration(count))


@pytest.mark.parametrize("name", FLOAT_MODELS)
def test_float_models(name: str):
    original = onnx.load(ZOO / "models" / f"{name}.onnx")
    exported = export_model(import_model(original))
    onnx.checker.check_model(exported, full_check=True)
    before, after = OnnxSession(original), OnnxSession(exported)
    for feeds in samples(name, 2):
        for expected, actual in zip(before.run(feeds), after.run(feeds), strict=True):
            assert actual.shape == expected.shape
            tolerance = 1e-5 * float(np.abs(expected).max()) + 1e-7
            np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=tolerance)


@pytest.mark.parametrize("name", QDQ_MODELS)
def test_quantized_models(name: str):
    original = onnx.load(ZOO / "models" / f"{name}.onnx")
    module = import_model(original)
    exported = export_model(module)
    kinds = {node.op_type for node in exported.graph.node}
    assert {"QuantizeLinear", "DequantizeLinear"} <= kinds
    before = OnnxSession(original, optimize=False)
    after = OnnxSession(exported, optimize=False)
    for feeds in samples(name, 4):
        np.testing.assert_array_equal(after.run(feeds), before.run(feeds))


@pytest.mark.parametrize("name", ["resnet8_cifar10", "dtln_model_2"])
def test_calibrated_ranges_are_those_of_the_tensors_themselves(name: str):
    module = import_model(onnx.load(ZOO / "models" / f"{name}.onnx"))
    statistics = calibrate(module, samples(name, 3), method="minmax")
    names = set(name_values(model_function(module)).values())
    inputs = {tensor_name(value) for value in model_function(module).args}
    tensors = [tensor for tensor in statistics.tensors() if tensor not in inputs]
    assert len(tensors) > 10
    assert set(tensors) <= names
    model = export_model(module, extra_outputs=tensors)
    outputs = [output.name for output in model.graph.output]
    session = OnnxSession(model)
    runs = [
        dict(zip(outputs, session.run(feeds), strict=True))
        for feeds in samples(name, 3)
    ]
    for tensor in tensors:
        low = min(float(run[tensor].min()) for run in runs)
        high = max(float(run[tensor].max()) for run in runs)
        atol = 1e-5 * max(-low, high)
        assert statistics.range(tensor) == pytest.approx((low, high), abs=atol), tensor
