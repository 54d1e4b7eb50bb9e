"""LSTM, GRU and RNN: unrolled, then like any other graph."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import helper
from small_models import model

import qcc
from qcc.compiler.onnx_import import import_model
from qcc.dialects.errors import QccError
from qcc.dialects.reference.interpreter import run

STEPS, BATCH, INPUTS, HIDDEN = 6, 1, 12, 16
GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}


def _network(kind: str, steps: int = STEPS, **attributes: object) -> onnx.ModelProto:
    rng = np.random.default_rng(0)
    directions = 2 if attributes.get("direction") == "bidirectional" else 1
    gates = GATES[kind] * HIDDEN
    shapes = {
        "w": (directions, gates, INPUTS),
        "r": (directions, gates, HIDDEN),
        "b": (directions, 2 * gates),
    }
    weights = {
        name: (rng.standard_normal(shape) / 3).astype(np.float32)
        for name, shape in shapes.items()
    }
    states = [f"s{index}" for index in range(2 if kind == "LSTM" else 1)]
    outputs = ["y", *(f"last {name}" for name in states)]
    node = helper.make_node(
        kind,
        ["x", "w", "r", "b", "", *states],
        outputs,
        "cell",
        hidden_size=HIDDEN,
        **attributes,
    )
    inputs = {"x": (steps, BATCH, INPUTS)}
    inputs |= dict.fromkeys(states, (directions, BATCH, HIDDEN))
    return model([node], weights, inputs, outputs)


def _feeds(proto: onnx.ModelProto, seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {
        value.name: rng.uniform(
            -1, 1, [d.dim_value for d in value.type.tensor_type.shape.dim]
        ).astype(np.float32)
        for value in proto.graph.input
    }


VARIANTS = [
    ("LSTM", {}),
    ("LSTM", {"direction": "bidirectional"}),
    ("LSTM", {"direction": "reverse", "clip": 0.5}),
    ("GRU", {"direction": "bidirectional", "linear_before_reset": 1}),
    ("GRU", {"clip": 0.3}),
    ("RNN", {"activations": ["Relu"]}),
]


@pytest.mark.parametrize(("kind", "attributes"), VARIANTS, ids=str)
def test_import_is_what_onnxruntime_computes(kind: str, attributes: dict[str, object]):
    proto = _network(kind, **attributes)
    feeds = _feeds(proto, 1)
    session = onnxruntime.InferenceSession(proto.SerializeToString())
    expected = session.run(None, feeds)
    got = run(import_model(proto), list(feeds.values()))
    for actual, want in zip(got, expected, strict=True):
        np.testing.assert_allclose(actual, want, rtol=1e-4, atol=1e-5, strict=True)


@pytest.mark.parametrize("kind", GATES)
@pytest.mark.parametrize("mode", ["static", "dynamic"])
def test_int8_is_close(kind: str, mode: str, tmp_path: Path):
    proto = _network(kind)
    samples = [_feeds(proto, seed) for seed in range(8)] if mode == "static" else None
    library = qcc.compile(proto, tmp_path / "x.so", mode=mode, calibration=samples)
    feeds = _feeds(proto, 99)
    session = onnxruntime.InferenceSession(proto.SerializeToString())
    expected = session.run(None, feeds)
    for actual, want in zip(
        qcc.InferenceSession(library).run(None, feeds), expected, strict=True
    ):
        noise = np.square(actual - want).mean() / np.square(want).mean()
        assert noise < 1e-2  # 20 dB: cells of 8 bits add up their errors


def test_sequences_that_are_too_long_to_unroll():
    with pytest.raises(QccError) as failure:
        import_model(_network("GRU", steps=5000))
    assert "unrolled" in str(failure.value)
    assert failure.value.remedy
