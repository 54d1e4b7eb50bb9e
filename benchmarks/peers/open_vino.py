"""
OpenVINO: its default precision (bf16 where the CPU has AMX), int8 by NNCF, and the QDQ
models of ONNX Runtime's quantizer, which some versions run faster.
"""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

import openvino
from onnxruntime.quantization import QuantType

from benchmarks.contest import Contestant
from benchmarks.models import Feeds, Model
from benchmarks.peers import onnx_runtime

_ONE_THREAD = {
    "INFERENCE_NUM_THREADS": 1,
    "NUM_STREAMS": 1,
    "PERFORMANCE_HINT": "LATENCY",
    # The process is pinned already; OpenVINO would move its thread elsewhere.
    "ENABLE_CPU_PINNING": False,
}


def open_default(model: Model, feeds: Feeds) -> Contestant:
    """The float model in the precision that OpenVINO chooses."""
    return _open("openvino", model.path, feeds)


def open_int8(model: Model, feeds: Feeds) -> Contestant:
    """Post-training quantization by NNCF with its defaults."""
    return _open("openvino nncf", _quantized(model), feeds)


def open_qdq_u8s8(model: Model, feeds: Feeds) -> Contestant:
    """What ONNX Runtime's quantizer makes, activations uint8."""
    path = onnx_runtime.quantized(model, "u8s8", QuantType.QUInt8)
    return _open("openvino u8s8", path, feeds)


def open_qdq_s8s8(model: Model, feeds: Feeds) -> Contestant:
    """What ONNX Runtime's quantizer makes, activations symmetric int8."""
    path = onnx_runtime.quantized(model, "s8s8", QuantType.QInt8)
    return _open("openvino s8s8", path, feeds)


def _quantized(model: Model) -> Path:
    path = model.prepared("nncf.xml")
    if not path.exists():
        import nncf

        logging.getLogger("nncf").setLevel(logging.ERROR)
        kind = nncf.ModelType.TRANSFORMER if model.is_transformer else None
        samples = model.calibration()
        quantized = nncf.quantize(
            openvino.Core().read_model(model.path),
            nncf.Dataset(samples),
            subset_size=len(samples),
            model_type=kind,
        )
        openvino.save_model(quantized, path, compress_to_fp16=False)
    return path


_BEYOND = {"avx512vnni": "amx", "avx2": "avx512"}
"""What no primitive's name may hold when the process is held (`hold_isa.c`)."""

_CHOICE = "primitiveType"


def _check_held(compiled: openvino.CompiledModel) -> None:
    """Asks OpenVINO which kernels it chose; SystemExit where the hold failed."""
    beyond = _BEYOND.get(os.environ.get("HOLD_ISA", ""))
    for operation in compiled.get_runtime_model().get_ops():
        about = operation.get_rt_info()
        primitive = about[_CHOICE].astype(str) if _CHOICE in about else ""
        if beyond and beyond in primitive:
            sys.exit(f"OpenVINO runs {primitive}, which it should not see")


def _open(name: str, path: Path, feeds: Feeds) -> Contestant:
    core = openvino.Core()
    model = core.read_model(path)
    model.reshape({key: list(array.shape) for key, array in feeds.items()})
    compiled = core.compile_model(model, "CPU", _ONE_THREAD)
    _check_held(compiled)
    request = compiled.create_infer_request()
    tensors = {key: openvino.Tensor(array) for key, array in feeds.items()}
    for key, tensor in tensors.items():
        request.set_tensor(key, tensor)
    return Contestant(
        name,
        request.infer,
        lambda: request.get_output_tensor(0).data.copy(),
        (compiled, tensors),
    )
