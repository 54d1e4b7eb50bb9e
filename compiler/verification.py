"""
Compares a compiled model with its ONNX model, tensor by tensor, on the same samples.

The ONNX model runs in onnxruntime with every comparable intermediate tensor as output;
the compiled one must have been made with `keep_tensors` to show more than its outputs.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime  # pyright: ignore[reportMissingTypeStubs]
from numpy.typing import NDArray

from qcc.dialects.errors import QccError
from qcc.runtime.session import InferenceSession, TensorInfo

Array = NDArray[Any]


@dataclass(frozen=True)
class LayerError:
    """How far a tensor of the compiled model is from that of the ONNX model."""

    name: str
    sqnr: float
    """Signal to quantization noise ratio, dB, over all samples; inf if equal."""
    cosine: float
    maximum: float
    """Largest absolute difference, in real units."""
    is_output: bool


@dataclass
class _Sums:
    """Sums over the samples from which the errors follow."""

    is_output: bool
    signal: float = 0.0
    noise: float = 0.0
    product: float = 0.0
    power: float = 0.0
    maximum: float = field(default=0.0)

    def add(self, expected: Array, actual: Array) -> None:
        x = np.ravel(expected).astype(np.float64)
        y = np.ravel(actual).astype(np.float64)
        self.signal += float(x @ x)
        self.power += float(y @ y)
        self.product += float(x @ y)
        self.noise += float((x - y) @ (x - y))
        self.maximum = max(self.maximum, float(np.max(np.abs(x - y), initial=0.0)))

    def error(self, name: str) -> LayerError:
        sqnr = float("inf")
        if self.noise > 0:
            ratio = max(self.signal, np.finfo(np.float64).tiny) / self.noise
            sqnr = float(10 * np.log10(ratio))
        norm = float(np.sqrt(self.signal * self.power))
        cosine = self.product / norm if norm > 0 else float(self.noise == 0)
        return LayerError(name, sqnr, cosine, self.maximum, self.is_output)


def real_values(info: TensorInfo, stored: Array) -> Array:
    """A tensor in real units with ONNX's axes."""
    if info.permutation is not None:
        stored = stored.transpose(info.permutation)
    if info.scale is None or info.zero_point is None:
        return stored
    return (stored.astype(np.int32) - info.zero_point) * np.float32(info.scale)


def _reference(
    model: Path, names: Iterable[str]
) -> tuple[onnxruntime.InferenceSession, list[str]]:
    """A session of the ONNX model that also returns those of `names` that it has."""
    try:
        proto = onnx.load(model)
        outputs = [output.name for output in proto.graph.output]
        known = {name for node in proto.graph.node for name in node.output}
        extra = [n for n in dict.fromkeys(names) if n in known and n not in outputs]
        proto.graph.output.extend(onnx.ValueInfoProto(name=name) for name in extra)
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = (
            onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        )
        session = onnxruntime.InferenceSession(
            proto.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
    except OSError as error:
        raise QccError(f"cannot read {model}", why=str(error)) from None
    except Exception as error:
        raise QccError(
            f"onnxruntime cannot run {model}",
            why=str(error).splitlines()[0],
            remedy="check the file with onnx.checker",
        ) from None
    return session, [*outputs, *extra]


def compare(
    session: InferenceSession,
    model: Path,
    samples: Iterable[Mapping[str, Array]],
    count: int,
) -> list[LayerError]:
    """
    Errors over the first `count` samples, in the order in which the tensors are made.

    Outputs come last. QccError if the ONNX model lacks an output of the library.
    """
    tensors = {info.name: info for info in session.get_tensors()}
    reference, names = _reference(model, tensors)
    outputs = {info.name: info for info in session.get_outputs()}
    if missing := sorted(set(outputs) - set(names)):
        raise QccError(
            f"{model} has no output {missing[0]!r}",
            why="the library was made from another model or with --outputs",
        )
    sums = {name: _Sums(False) for name in tensors if name in names}
    sums |= {name: _Sums(True) for name in outputs}
    for sample in itertools.islice(samples, count):
        expected = dict(zip(names, reference.run(names, dict(sample)), strict=True))
        results = session.run(None, sample)
        for info, result in zip(session.get_outputs(), results, strict=True):
            sums[info.name].add(expected[info.name], real_values(info, result))
        for name, info in tensors.items():
            if name in sums and name not in outputs:
                actual = real_values(info, session.read_tensor(info))
                sums[name].add(expected[name], actual)
    return [total.error(name) for name, total in sums.items()]
