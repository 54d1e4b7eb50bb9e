"""
Compares a compiled model with its ONNX model, tensor by tensor, on the same samples.

The ONNX model runs in onnxruntime with every comparable intermediate tensor as output;
the compiled one must have been made with `keep_tensors` to show more than its outputs.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
import onnx
from numpy.typing import NDArray

from qcc.compiler.onnx_session import OnnxSession
from qcc.dialects.errors import QccError
from qcc.runtime.session import InferenceSession, TensorInfo

Array = NDArray[Any]


@dataclass(frozen=True)
class LayerError:
    """How far a tensor of the compiled model is from that of the ONNX model."""

    name: str
    node: str
    """The ONNX node that makes the tensor, and its operator."""
    op: str
    sqnr: float
    """Signal to quantization noise ratio, dB, over all samples; inf if equal."""
    cosine: float
    maximum: float
    """Largest absolute difference, in real units."""
    is_output: bool


@dataclass(frozen=True)
class Comparison:
    """The errors of all tensors that both models have."""

    errors: list[LayerError]
    """In the order in which the tensors are made, outputs last."""
    samples: int
    """How many were used."""

    def ranked(self) -> list[LayerError]:
        """The errors, worst SQNR first; ties in order."""
        return sorted(self.errors, key=lambda error: error.sqnr)

    @property
    def worst_output(self) -> float:
        """The SQNR of the worst output, dB."""
        return min(error.sqnr for error in self.errors if error.is_output)


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

    def error(self, name: str, node: str, op: str) -> LayerError:
        sqnr = float("inf")
        if self.noise > 0:
            ratio = max(self.signal, np.finfo(np.float64).tiny) / self.noise
            sqnr = float(10 * np.log10(ratio))
        norm = float(np.sqrt(self.signal * self.power))
        cosine = self.product / norm if norm > 0 else float(self.noise == 0)
        return LayerError(name, node, op, sqnr, cosine, self.maximum, self.is_output)


def real_values(info: TensorInfo, stored: Array) -> Array:
    """A tensor in real units with ONNX's axes."""
    if info.permutation is not None:
        stored = stored.transpose(info.permutation)
    if info.scale is None or info.zero_point is None:
        return stored
    return (stored.astype(np.int32) - info.zero_point) * np.float32(info.scale)


def _reference(
    model: Path, names: Iterable[str]
) -> tuple[OnnxSession, list[str], dict[str, tuple[str, str]]]:
    """
    A session of the ONNX model that also returns those of `names` that it has.

    With the names of what it returns, and the node and operator that make each tensor.
    """
    try:
        proto: onnx.ModelProto = cast("Any", onnx).load(model)
        outputs = [output.name for output in proto.graph.output]
        known = {
            name: (node.name, node.op_type)
            for node in proto.graph.node
            for name in node.output
        }
        extra = [n for n in dict.fromkeys(names) if n in known and n not in outputs]
        proto.graph.output.extend(onnx.ValueInfoProto(name=name) for name in extra)
        session = OnnxSession(proto, optimize=False)
    except OSError as error:
        raise QccError(f"cannot read {model}", why=str(error)) from None
    except Exception as error:
        raise QccError(
            f"onnxruntime cannot run {model}",
            why=str(error).splitlines()[0],
            remedy="check the file with onnx.checker",
        ) from None
    return session, [*outputs, *extra], known


def compare(
    session: InferenceSession,
    model: Path,
    samples: Iterable[Mapping[str, Array]],
    count: int,
) -> Comparison:
    """
    Errors over the first `count` samples.

    QccError if the ONNX model lacks an output of the library.
    """
    tensors = [info.name for info in session.get_tensors()]
    reference, names, nodes = _reference(model, tensors)
    missing = {info.name for info in session.get_outputs()} - set(names)
    if missing:
        raise QccError(
            f"{model} has no output {min(missing)!r}",
            why="the library was made from another model or with --outputs",
        )

    def run(sample: Mapping[str, Array]) -> dict[str, Array]:
        return dict(zip(names, reference.run(sample), strict=True))

    return compare_with(session, run, names, nodes, itertools.islice(samples, count))


def compare_with(
    session: InferenceSession,
    reference: Callable[[Mapping[str, Array]], Mapping[str, Array]],
    names: Collection[str],
    nodes: Mapping[str, tuple[str, str]],
    samples: Iterable[Mapping[str, Array]],
) -> Comparison:
    """
    Errors over all `samples`.

    `reference` gives the tensors called `names`, the outputs of the session among them;
    `nodes` are node and operator of tensors.
    """
    tensors = {info.name: info for info in session.get_tensors()}
    outputs = {info.name: info for info in session.get_outputs()}
    sums = {name: _Sums(False) for name in tensors if name in names}
    sums |= {name: _Sums(True) for name in outputs}
    used = 0
    for used, sample in enumerate(samples, 1):
        expected = reference(sample)
        results = session.run(None, sample)
        for info, result in zip(session.get_outputs(), results, strict=True):
            sums[info.name].add(expected[info.name], real_values(info, result))
        for name, info in tensors.items():
            if name in sums and name not in outputs:
                actual = real_values(info, session.read_tensor(info))
                sums[name].add(expected[name], actual)
    errors = [
        total.error(name, *nodes.get(name, ("", ""))) for name, total in sums.items()
    ]
    return Comparison(errors, used)
