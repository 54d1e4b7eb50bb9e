"""Zoo models: accuracy of static int8, and QDQ models against onnxruntime."""

import sys
from itertools import islice
from pathlib import Path
from types import ModuleType

import numpy as np
import onnx
import onnxruntime
import pytest
from quantization_support import EXACT_PASSES, calibrated, signal_to_noise
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation

import qcc
from qcc.compiler.onnx_import.importer import import_model
from qcc.compiler.onnx_session import OnnxSession
from qcc.compiler.pipeline import (
    build_pipeline,
    float_passes,
    quantization_passes,
    run_pipeline,
)
from qcc.dialects import nn, quant
from qcc.dialects.naming import model_function, name_values, tensor_name
from qcc.dialects.reference.interpreter import run
from qcc.dialects.reference.registry import evaluate, operand_values
from qcc.dialects.types import Array, shape_of
from qcc.passes.statistics import use

ZOO = Path(__file__).parents[3] / "shared" / "zoo"

pytestmark = pytest.mark.skipif(
    not (ZOO / "zoo.py").exists(), reason=f"no models: {ZOO} is absent"
)


@pytest.fixture(scope="module")
def zoo() -> ModuleType:
    sys.path.insert(0, str(ZOO))
    try:
        import zoo as module
    finally:
        sys.path.remove(str(ZOO))
    return module


@pytest.mark.parametrize(
    ("name", "decibels"),
    [("mnist_cntk", 30), ("kws_dscnn", 25), ("resnet8_cifar10", 20)],
)
def test_static_int8_is_close_to_float(zoo: ModuleType, name: str, decibels: float):
    case = zoo.cases()[name]
    module = import_model(ZOO / "models" / f"{name}.onnx")
    run_pipeline(module, float_passes())
    func = model_function(module)
    name_values(func)
    samples = [only(feeds) for feeds in case.calibration(24)]
    result = module.clone()
    with use(calibrated(module, samples)):
        run_pipeline(result, quantization_passes())
    assert float_operations(result) == {"quant.qcast", "quant.dcast"}
    inputs = [only(feeds) for feeds, _ in islice(case.evaluation(), 24)]
    exact = np.concatenate([run(module, [x])[0] for x in inputs])
    got = np.concatenate([run(result, [x])[0] for x in inputs])
    agreement = (exact.argmax(1) == got.argmax(1)).mean()
    assert agreement >= 0.9
    assert signal_to_noise(exact, got) > decibels


def only(feeds: dict[str, Array]) -> Array:
    (array,) = feeds.values()
    return array


def float_operations(module: ModuleOp) -> set[str]:
    return {
        op.name
        for op in model_function(module).body.block.ops
        if not isinstance(op, nn.ConstantOp)
        and op.results
        and any(
            "f32>" in str(v.type) and "uniform" not in str(v.type)
            for v in (*op.operands, *op.results)
        )
    }


QDQ_MODELS = [
    "resnet8_cifar10_int8_qdq",
    "vww_person_detect_96_int8_qdq",
    "kws_dscnn_tflite_int8_qdq",
    "mobilenet_v1_025_128_qat_qdq",
]


@pytest.mark.parametrize("name", QDQ_MODELS)
def test_qdq_model_is_within_one_step_of_onnxruntime(zoo: ModuleType, name: str):
    sample = only(next(iter(zoo.cases()[name].calibration(1))))
    check_steps(ZOO / "models" / f"{name}.onnx", sample)


@pytest.mark.parametrize("name", ["mnist_cntk", "kws_dscnn", "resnet8_cifar10"])
def test_what_we_export_is_within_one_step_of_onnxruntime(
    zoo: ModuleType, tmp_path: Path, name: str
):
    """Each op of an `.onnx` product, and the outputs of it and of the library."""
    case, path = zoo.cases()[name], tmp_path / "qdq.onnx"
    ranges = tmp_path / "ranges.json"
    qcc.compile(
        case.model, path, calibration=list(case.calibration(16)), save_ranges=ranges
    )
    library = qcc.compile(case.model, tmp_path / f"{name}.so", ranges=ranges)
    again = qcc.compile(path, tmp_path / f"{name}_again.so")
    inputs = [feeds for feeds, _ in islice(case.evaluation(), 24)]
    check_steps(path, only(inputs[0]))
    session = OnnxSession(onnx.load(path), optimize=False)
    exact = np.concatenate([case.run(feeds)[0] for feeds in inputs])
    theirs = np.concatenate([session.run(feeds)[0] for feeds in inputs])
    ours, same = (
        np.concatenate([loaded.run(None, feeds)[0] for feeds in inputs])
        for loaded in map(qcc.InferenceSession, (library, again))
    )
    np.testing.assert_array_equal(ours, same)
    # Ties that fall otherwise in float make less of a difference than int8 itself.
    assert signal_to_noise(theirs, ours) >= signal_to_noise(exact, ours)
    assert (theirs.argmax(1) == ours.argmax(1)).mean() >= 0.9


def check_steps(path: Path, sample: Array) -> None:
    """Every integer op of a QDQ model on onnxruntime's own quantized inputs."""
    module = import_model(path)
    lowered: list[ModuleOp] = []
    previous: list[Array] = []

    def compare(each: object, changed: ModuleOp) -> None:
        pass_name = getattr(each, "name", "")
        if pass_name == "lower-to-quant":
            lowered.append(changed.clone())
        if pass_name in ("lower-to-quant", *EXACT_PASSES):
            outputs = run(changed, [sample])
            for before, after in zip(previous or outputs, outputs, strict=True):
                np.testing.assert_array_equal(before, after, err_msg=pass_name)
            previous[:] = outputs

    run_pipeline(module, build_pipeline(), compare)
    expected = quantized_tensors(path, sample)
    compared = [
        check_operation(op, expected)
        for op in lowered[0].walk()
        if op.name.startswith("quant.") and not is_cast(op)
    ]
    # Reshapes in front of one or two ops carry no name that onnxruntime knows.
    assert sum(compared) >= len(compared) - 2
    assert float_operations(module) == {"quant.qcast", "quant.dcast"}


def is_cast(op: Operation) -> bool:
    casts = (quant.QuantizeCastOp, quant.DequantizeCastOp, quant.StorageCastOp)
    return isinstance(op, casts)


def quantized_tensors(path: Path, sample: Array) -> dict[str, Array]:
    """Every QuantizeLinear output as onnxruntime computes it, as int8."""
    model = onnx.load(path)
    names = [n.output[0] for n in model.graph.node if n.op_type == "QuantizeLinear"]
    known = {output.name for output in model.graph.output}
    model.graph.output.extend(
        onnx.ValueInfoProto(name=name) for name in names if name not in known
    )
    options = onnxruntime.SessionOptions()
    disabled = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.graph_optimization_level = disabled
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    values = session.run(names, {session.get_inputs()[0].name: sample})
    return {
        name: (v ^ 0x80).view(np.int8) if v.dtype == np.uint8 else v
        for name, v in zip(names, values, strict=True)
    }


def check_operation(op: Operation, expected: dict[str, Array]) -> bool:
    """Runs one op on onnxruntime's own inputs; False if they have no common name."""
    arrays: list[Array | None] = []
    for value in operand_values(op):
        if value is None:
            arrays.append(None)
        elif isinstance(value.owner, nn.ConstantOp):
            arrays.append(value.owner.array())
        elif (name := tensor_name(value)) in expected:
            arrays.append(expected[name].reshape(shape_of(value)))
        else:
            return False
    (got,) = evaluate(op, arrays)
    name = tensor_name(op.results[0])
    assert name in expected, f"{op.name} carries no name of a QuantizeLinear: {name}"
    difference = np.abs(got.astype(int) - expected[name].reshape(got.shape))
    assert (difference <= 1).mean() >= 0.999, f"{op.name} {name}"
    return True
