"""
The peers by name. Each module is an optional extra: what is not installed is left out.

A peer is a function `open(model, feeds) -> Contestant`; it prepares what it needs in
`build/bench/prepared/` once.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.contest import Contestant
from benchmarks.models import Feeds, Model

Opener = Callable[[Model, Feeds], Contestant]


@dataclass(frozen=True)
class Peer:
    """One library in one precision."""

    name: str
    module: str
    """In this folder."""
    function: str
    needs: tuple[str, ...]
    """Python packages."""
    is_float: bool = False

    @property
    def installed(self) -> bool:
        """Whether its packages are there."""
        return all(importlib.util.find_spec(package) for package in self.needs)

    def open(self, model: Model, feeds: Feeds) -> Contestant:
        """Prepares and loads `model`; whatever the library raises if it cannot."""
        module = importlib.import_module(f"benchmarks.peers.{self.module}")
        opener: Opener = getattr(module, self.function)
        return opener(model, feeds)


REFERENCE = Peer(
    "ort f32", "onnx_runtime", "open_float", ("onnxruntime",), is_float=True
)
"""Its outputs are what the others' are compared with."""

_OPENVINO_QDQ = ("openvino", "onnxruntime", "onnx")

PEERS = {
    peer.name: peer
    for peer in (
        REFERENCE,
        Peer("ort u8s8", "onnx_runtime", "open_u8s8", ("onnxruntime", "onnx")),
        Peer("ort s8s8", "onnx_runtime", "open_s8s8", ("onnxruntime", "onnx")),
        Peer("openvino", "open_vino", "open_default", ("openvino",), is_float=True),
        Peer("openvino nncf", "open_vino", "open_int8", ("openvino", "nncf")),
        Peer("openvino u8s8", "open_vino", "open_qdq_u8s8", _OPENVINO_QDQ),
        Peer("openvino s8s8", "open_vino", "open_qdq_s8s8", _OPENVINO_QDQ),
        Peer("litert int8", "litert", "open_int8", ("ai_edge_litert",)),
    )
}
