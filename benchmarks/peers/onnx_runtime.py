"""ONNX Runtime: float32, and static QDQ with U8S8 or S8S8 (weights per channel)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import onnxruntime
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantFormat,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process

from benchmarks.contest import Contestant
from benchmarks.models import Feeds, Model


class _Samples(CalibrationDataReader):
    def __init__(self, feeds: list[Feeds]):
        self._feeds: Iterator[Feeds] = iter(feeds)

    def get_next(self) -> Any:
        return next(self._feeds, None)


def open_float(model: Model, feeds: Feeds) -> Contestant:
    """The model as it is."""
    return _open("ort f32", model.path, feeds)


def open_u8s8(model: Model, feeds: Feeds) -> Contestant:
    """Activations uint8: what its x86 kernels like best."""
    return _open("ort u8s8", quantized(model, "u8s8", QuantType.QUInt8), feeds)


def open_s8s8(model: Model, feeds: Feeds) -> Contestant:
    """Activations symmetric int8."""
    return _open("ort s8s8", quantized(model, "s8s8", QuantType.QInt8), feeds)


def quantized(model: Model, form: str, activations: QuantType) -> Path:
    """The QDQ model, made once."""
    path = model.prepared(f"ort.{form}.onnx")
    if not path.exists():
        cleaned, part = model.prepared("ort.f32.onnx"), path.with_suffix(".part")
        quant_pre_process(str(model.path), str(cleaned), skip_symbolic_shape=True)
        quantize_static(
            str(cleaned),
            str(part),
            _Samples(model.calibration()),
            quant_format=QuantFormat.QDQ,
            activation_type=activations,
            weight_type=QuantType.QInt8,
            per_channel=True,
            extra_options={"ActivationSymmetric": form == "s8s8"},
        )
        part.rename(path)
    return path


def _open(name: str, path: Path, feeds: Feeds) -> Contestant:
    """Inputs and outputs are bound, so that a run copies nothing."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3  # warnings tell nothing about speed
    session = onnxruntime.InferenceSession(
        str(path), options, providers=["CPUExecutionProvider"]
    )
    binding = session.io_binding()
    for key, array in feeds.items():
        value = onnxruntime.OrtValue.ortvalue_from_numpy(array)
        binding.bind_ortvalue_input(key, value)
    for output in session.get_outputs():
        binding.bind_output(output.name)
    run = session.run_with_iobinding
    return Contestant(
        name,
        lambda: run(binding),
        lambda: binding.copy_outputs_to_cpu()[0],
        session,
    )
