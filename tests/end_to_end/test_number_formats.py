"""Modes weights and round, int4 weights, power-of-two scales: every target's bits."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from execution import (
    SANITIZERS,
    Machine,
    assert_same_bits,
    execute,
    print_for,
    reference,
)
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from random_models import run_onnx
from xdsl.dialects.builtin import ModuleOp

from qcc.codegen.targets import TARGETS
from qcc.compiler.api import Options, compile_with
from qcc.compiler.onnx_import import import_model
from qcc.compiler.pipeline import PipelineOptions, build_pipeline, run_pipeline
from qcc.dialects.errors import QccError
from qcc.dialects.quant import UniformType
from qcc.dialects.reference.interpreter import run
from qcc.dialects.types import element_type_of
from qcc.passes.power_of_two_scales import is_power_of_two
from qcc.passes.refinements import WeightRounding
from qcc.passes.statistics import Statistics, use
from qcc.runtime.session import InferenceSession

FORMATS: dict[str, dict[str, Any]] = {
    "weights": {"mode": "weights"},
    "int4": {"mode": "weights", "weights": "int4"},
    "round": {"mode": "round"},
    "pow2": {"mode": "static", "scales": "pow2"},
}


def network(width: int = 24, table: int = 300) -> onnx.ModelProto:
    """Embedding, convolutions of all kinds and products, over two inputs."""
    rng = np.random.default_rng(0)

    def weight(name: str, *shape: int) -> onnx.TensorProto:
        values = rng.standard_normal(shape) / np.sqrt(max(np.prod(shape[1:]), 1))
        return numpy_helper.from_array(values.astype(np.float32), name)

    w = width
    initializers = [
        *(weight("first", w, 3, 3, 3), weight("first_bias", w)),
        *(weight("deep", w, 1, 3, 3), weight("deep_bias", w)),
        *(weight("grouped", w, w // 2, 1, 1), weight("up", w, 10, 2, 2)),
        *(weight("table", table, w), weight("matrix", w, 10)),
        *(weight("head", 10, 7), weight("head_bias", 7)),
        numpy_helper.from_array(np.array([1, 2]), "axes"),
        numpy_helper.from_array(np.array([2, 3]), "spatial"),
        numpy_helper.from_array(np.array([1, 10, 1, 1]), "shape"),
    ]
    node = helper.make_node
    nodes = [
        node("Conv", ["image", "first", "first_bias"], ["a"], pads=[1] * 4),
        node("Relu", ["a"], ["b"]),
        node("Conv", ["b", "deep", "deep_bias"], ["c"], group=w, strides=[2, 2]),
        node("Conv", ["c", "grouped"], ["d"], group=2),
        node("Relu", ["d"], ["e"]),
        node("ConvTranspose", ["e", "up"], ["f"], strides=[2, 2]),
        node("Gather", ["table", "words"], ["g"]),
        node("ReduceMean", ["g", "axes"], ["h"], keepdims=0),
        node("MatMul", ["h", "matrix"], ["i"]),
        node("Reshape", ["i", "shape"], ["j"]),
        node("Add", ["f", "j"], ["k"]),
        node("ReduceMean", ["k", "spatial"], ["l"], keepdims=0),
        node("Gemm", ["l", "head", "head_bias"], ["logits"]),
    ]
    value = helper.make_tensor_value_info
    inputs = [value("image", 1, [1, 3, 12, 12]), value("words", 7, [1, 5, 1])]
    outputs = [value("logits", 1, [1, 7])]
    graph = helper.make_graph(nodes, "net", inputs, outputs, initializers)
    opset = [helper.make_opsetid("", 18)]
    return helper.make_model(graph, opset_imports=opset, ir_version=9)


def feeds(count: int, table: int = 300) -> list[dict[str, np.ndarray]]:
    rng = np.random.default_rng(1)
    return [
        {
            "image": rng.standard_normal((1, 3, 12, 12)).astype(np.float32),
            "words": rng.integers(0, table, (1, 5, 1)),
        }
        for _ in range(count)
    ]


@pytest.fixture(scope="module")
def model() -> onnx.ModelProto:
    return network()


@pytest.fixture(scope="module")
def ranges(model: onnx.ModelProto, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ranges")
    options = Options(
        calibration=feeds(8), save_ranges=folder / "ranges.json", target="portable"
    )
    compile_with(model, folder / "model.c", options)
    return folder / "ranges.json"


def quantized(model: onnx.ModelProto, name: str, ranges: Path) -> ModuleOp:
    settings = FORMATS[name]
    module = import_model(model)
    options = PipelineOptions(
        weights=settings.get("weights", "int8"), scales=settings.get("scales", "float")
    )
    mode = settings["mode"]
    with use(Statistics.load(ranges) if mode == "static" else Statistics()):
        run_pipeline(module, build_pipeline(mode, options))
    return module


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("target", TARGETS)
def test_the_bits_of_the_reference(
    name: str, target: str, model: onnx.ModelProto, ranges: Path
) -> None:
    machine = Machine.of(target)
    module = quantized(model, name, ranges)
    inputs = list(feeds(1)[0].values())
    expected = reference(module, inputs)
    result = execute(print_for(module, machine.target), machine, inputs)
    assert_same_bits(result, expected)


@pytest.mark.parametrize("name", ["weights", "int4"])
@pytest.mark.parametrize(
    "flags",
    [SANITIZERS, ("-O3", "-march=native", "-ffp-contract=fast"), ("-O0",)],
    ids=["sanitizers", "contraction", "plain"],
)
def test_other_flags_give_the_same_bits(
    name: str, flags: tuple[str, ...], model: onnx.ModelProto, ranges: Path
) -> None:
    machine = Machine.of("portable")
    module = quantized(model, name, ranges)
    inputs = list(feeds(1)[0].values())
    expected = reference(module, inputs)
    result = execute(print_for(module, machine.target), machine, inputs, flags)
    assert_same_bits(result, expected)


def test_samples_correct_the_biases(model: onnx.ModelProto, tmp_path: Path) -> None:
    float_model: Any = ReferenceEvaluator(model)
    tests = feeds(30)
    for name in ("int4", "round"):
        errors: list[float] = []
        for samples in (None, feeds(12)):
            path = tmp_path / f"{name}{len(errors)}.so"
            compile_with(model, path, Options(calibration=samples, **FORMATS[name]))
            session = InferenceSession(path)
            shifts = [
                session.run(None, sample)[0] - float_model.run(None, sample)[0]
                for sample in tests
            ]
            errors.append(float(np.abs(np.mean(shifts, axis=0)).sum()))
        assert errors[1] < 0.8 * errors[0], name


def test_an_onnx_product_has_the_integers(
    model: onnx.ModelProto, ranges: Path, tmp_path: Path
) -> None:
    compile_with(model, tmp_path / "model.onnx", Options(**FORMATS["weights"]))
    exported = onnx.load(tmp_path / "model.onnx")
    stored = [t for t in exported.graph.initializer if t.data_type == 3]
    assert sum(int(np.prod(t.dims)) for t in stored) > 300 * 24
    module = quantized(model, "weights", ranges)
    inputs = list(feeds(1)[0].values())
    # Optimized, it computes products with int8 weights on rounded activations.
    result = run_onnx(exported, feeds(1)[0])["logits"]
    np.testing.assert_allclose(result, run(module, inputs)[0], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    ("name", "decibels"), [("weights", 38), ("int4", 14), ("round", 30), ("pow2", 18)]
)
def test_signal_to_noise(
    name: str, decibels: float, model: onnx.ModelProto, ranges: Path, tmp_path: Path
) -> None:
    settings = FORMATS[name]
    static = settings["mode"] == "static"
    options = Options(ranges=ranges if static else None, **settings)
    compile_with(model, tmp_path / "model.so", options)
    session = InferenceSession(tmp_path / "model.so")
    float_model: Any = ReferenceEvaluator(model)
    signal = noise = 0.0
    for sample in feeds(20):
        (expected,) = float_model.run(None, sample)
        (actual,) = session.run(None, sample)
        exact = np.asarray(expected, np.float32)
        signal += float(np.square(exact).sum())
        noise += float(np.square(actual - exact).sum())
    assert 10 * np.log10(signal / noise) >= decibels


def test_statistics_of_other_scales_give_powers_of_two(
    model: onnx.ModelProto, ranges: Path, tmp_path: Path
) -> None:
    decided = Statistics.load(ranges)
    roundings = [
        decided.get(WeightRounding, t) for t in decided.tensors(WeightRounding)
    ]
    assert any(each is not None and each.integers for each in roundings)
    module = quantized(model, "pow2", ranges)
    kinds = [element_type_of(value) for op in module.walk() for value in op.results]
    uniform = [kind for kind in kinds if isinstance(kind, UniformType)]
    assert len(uniform) > 10
    assert all(map(is_power_of_two, uniform))


def test_sizes(tmp_path: Path) -> None:
    model = network(width=256, table=3000)
    sizes: dict[str, int] = {}
    zips: dict[str, int] = {}
    for name in ("float", "weights", "int4", "round"):
        settings: dict[str, Any] = FORMATS.get(name) or {"mode": "float"}
        path = tmp_path / f"{name}.so"
        compile_with(model, path, Options(**settings))
        sizes[name] = path.stat().st_size
        zips[name] = len(zlib.compress(path.read_bytes()))
    assert sizes["weights"] <= 0.27 * sizes["float"]
    assert sizes["int4"] <= 0.14 * sizes["float"]
    assert zips["round"] <= 0.35 * zips["float"]


@pytest.mark.parametrize(
    ("settings", "what"),
    [
        ({"mode": "float", "weights": "int4"}, "int4 weights cannot be had in mode"),
        ({"mode": "static", "weights": "int4"}, "int4 weights cannot be had in mode"),
        ({"mode": "weights", "weights": "int2"}, "unknown type of weights 'int2'"),
        ({"mode": "weights", "scales": "pow2"}, "pow2 scales cannot be had in mode"),
        ({"mode": "static", "scales": "fp8"}, "unknown scales 'fp8'"),
    ],
)
def test_what_does_not_go_together(
    settings: dict[str, Any], what: str, model: onnx.ModelProto, tmp_path: Path
) -> None:
    with pytest.raises(QccError, match=what):
        compile_with(model, tmp_path / "model.so", Options(**settings))
    assert not list(tmp_path.iterdir())
