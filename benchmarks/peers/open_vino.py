"""OpenVINO: its default precision (bf16 where the CPU has AMX) and int8 by NNCF."""

from __future__ import annotations

import logging
from pathlib import Path

import openvino

from benchmarks.contest import Contestant
from benchmarks.models import Feeds, Model

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
    return _open("openvino int8", _quantized(model), feeds)


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


def _open(name: str, path: Path, feeds: Feeds) -> Contestant:
    core = openvino.Core()
    model = core.read_model(path)
    model.reshape({key: list(array.shape) for key, array in feeds.items()})
    compiled = core.compile_model(model, "CPU", _ONE_THREAD)
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
