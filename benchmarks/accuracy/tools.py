"""
The quantizers, with their defaults: each makes a function from feeds to outputs.

ONNX Runtime: `quantize_static`, QDQ, int8 weights per channel. NNCF: `quantize` of the
OpenVINO model, which OpenVINO runs with float32 for what stays float. Both run what
they made on the kernels that they choose for this processor.
"""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import onnxruntime

import qcc
from benchmarks.accuracy.subjects import BUILD, Array, Feeds, Subject
from qcc.compiler.api import Options, compile_with

Run = Callable[[Feeds], Sequence[Array]]


@dataclass(frozen=True)
class Tool:
    """A way from a float model and samples to something that runs."""

    name: str
    prepare: Callable[[Subject, list[Feeds]], Run]
    needs: tuple[str, ...] = ()
    """Python packages."""

    @property
    def installed(self) -> bool:
        """Whether its packages are there."""
        return all(importlib.util.find_spec(package) for package in self.needs)


def float_model(subject: Subject) -> Run:
    """The model itself in ONNX Runtime."""
    return _onnx_runtime(str(subject.path))


def _qcc(subject: Subject, samples: list[Feeds]) -> Run:
    path = BUILD / f"{subject.name}.so"
    compile_with(subject.path, path, Options(calibration=samples))
    session = qcc.InferenceSession(path)
    return lambda feeds: session.run(None, feeds)


def _quantize_static(subject: Subject, samples: list[Feeds]) -> Run:
    from onnxruntime import quantization
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Reader(quantization.CalibrationDataReader):
        def __init__(self) -> None:
            self._feeds: Iterator[Feeds] = iter(samples)

        def get_next(self) -> Any:
            return next(self._feeds, None)

    cleaned = BUILD / f"{subject.name}.cleaned.onnx"
    path = BUILD / f"{subject.name}.qdq.onnx"
    quant_pre_process(str(subject.path), str(cleaned), skip_symbolic_shape=True)

    def quantize(**extra_options: bool) -> None:
        quantization.quantize_static(
            str(cleaned),
            str(path),
            Reader(),
            quant_format=quantization.QuantFormat.QDQ,
            per_channel=True,
            extra_options=extra_options,
        )

    try:
        quantize()
    except ValueError:
        # Its check of bias scales fails on some weights per channel (1.31).
        quantize(QDQDisableWeightAdjustForInt32Bias=True)
    return _onnx_runtime(str(path))


def _nncf(subject: Subject, samples: list[Feeds]) -> Run:
    import nncf
    import openvino

    logging.getLogger("nncf").setLevel(logging.ERROR)
    core = openvino.Core()
    model = core.read_model(subject.path)
    model.reshape({name: list(array.shape) for name, array in samples[0].items()})
    dataset = nncf.Dataset(samples)
    quantized = nncf.quantize(model, dataset, subset_size=len(samples))
    # Where the processor has AMX, OpenVINO would round floats to bfloat16.
    settings = {"INFERENCE_PRECISION_HINT": "f32"}
    compiled = core.compile_model(quantized, "CPU", settings)
    request = compiled.create_infer_request()

    def run(feeds: Feeds) -> list[Array]:
        results = request.infer(feeds)
        return [results[output].copy() for output in compiled.outputs]

    return run


def _onnx_runtime(path: str) -> Run:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        path, options, providers=["CPUExecutionProvider"]
    )
    return lambda feeds: session.run(None, feeds)


OURS = "qcc"

TOOLS = {
    tool.name: tool
    for tool in (
        Tool(OURS, _qcc),
        Tool("onnxruntime", _quantize_static),
        Tool("nncf", _nncf, ("nncf", "openvino")),
    )
}
