"""Single operations: which of them became integer, and each against onnxruntime."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation, SSAValue

from benchmarks.acceptance.models import (
    QUANTIZED,
    STATIC,
    float_module,
    quant_module,
    zoo_cases,
)
from benchmarks.acceptance.registry import Row, check
from qcc.compiler.pipeline import quantization_passes, run_pipeline
from qcc.dialects import nn, quant
from qcc.dialects.naming import tensor_name
from qcc.dialects.reference.registry import evaluate, operand_values
from qcc.dialects.types import shape_of

Array = NDArray[Any]

_FLOAT = nn.Conv2dOp | nn.ConvTranspose2dOp | nn.MatMulOp
_INTEGER = quant.Conv2dOp | quant.ConvTranspose2dOp | quant.MatMulOp


def _has_constant(op: Operation) -> bool:
    return any(isinstance(value.owner, nn.ConstantOp) for value in op.operands[:2])


@check("int8 operations")
def integer() -> Iterator[Row]:
    """Convolutions and products with a constant operand: none stays float."""
    for name in (*STATIC, *QUANTIZED):
        ops = [op for op in quant_module(name).walk() if _has_constant(op)]
        left = sum(isinstance(op, _FLOAT) for op in ops)
        done = sum(isinstance(op, _INTEGER) for op in ops)
        text = f"{done} of {done + left} are int8"
        yield Row(name, text, "all", left == 0 and done > 0)


@dataclass
class _Steps:
    """Elements of the outputs of one kind of op, and how far from onnxruntime's."""

    ops: int = 0
    worst: float = 1.0
    """The smallest share of elements within one step, over the ops."""
    unequal: int = 0
    elements: int = 0
    skipped: list[str] = field(default_factory=list[str])


@check("steps of quantized models")
def steps() -> Iterator[Row]:
    """Each integer convolution and product on onnxruntime's own quantized inputs."""
    for name in QUANTIZED:
        case = zoo_cases()[name]
        (sample,) = (dict(feeds) for feeds in case.calibration(1))
        module = float_module(name)
        lowered: list[ModuleOp] = []

        def keep(each: object, changed: ModuleOp, kept: list[ModuleOp] = lowered):
            if getattr(each, "name", "") == "lower-to-quant":
                kept.append(changed.clone())

        run_pipeline(module, quantization_passes("static"), keep)
        expected = _quantized_tensors(onnx.load(case.model), sample)
        found = _Steps()
        for op in lowered[0].walk():
            if isinstance(op, _INTEGER):
                _compare(op, expected, found)
        share = 100 * found.worst
        text = (
            f"{found.ops} ops, at least {share:.3f} % within 1 step, "
            f"{found.unequal} of {found.elements} elements differ"
        )
        if found.skipped:
            text += f", not compared: {', '.join(found.skipped)}"
        passed = found.ops > 0 and found.worst >= 0.999 and not found.skipped
        yield Row(name, text, "≥ 99.9 %", passed)


def _quantized_tensors(
    model: onnx.ModelProto, sample: Mapping[str, Array]
) -> dict[str, Array]:
    """Every QuantizeLinear output as onnxruntime computes it, as int8."""
    names = [n.output[0] for n in model.graph.node if n.op_type == "QuantizeLinear"]
    known = {output.name for output in model.graph.output}
    model.graph.output.extend(
        onnx.ValueInfoProto(name=name) for name in names if name not in known
    )
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = (
        onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    )
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    values = [np.asarray(value) for value in session.run(names, dict(sample))]
    return {
        name: (v ^ 0x80).view(np.int8) if v.dtype == np.uint8 else v
        for name, v in zip(names, values, strict=True)
    }


def _unshaped(value: SSAValue) -> SSAValue:
    """What reshapes made `value` of: onnxruntime has no tensor of the result."""
    while isinstance(value.owner, nn.ReshapeOp):
        value = value.owner.operands[0]
    return value


def _compare(op: Operation, expected: Mapping[str, Array], found: _Steps) -> None:
    name = tensor_name(op.results[0]) or "(no name)"
    arrays: list[Array | None] = []
    for value in operand_values(op):
        if value is None:
            arrays.append(None)
        elif isinstance(value.owner, nn.ConstantOp):
            arrays.append(value.owner.array())
        elif (source := tensor_name(_unshaped(value)) or "") in expected:
            arrays.append(expected[source].reshape(shape_of(value)))
        else:
            found.skipped.append(name)
            return
    if name not in expected:
        found.skipped.append(name)
        return
    (got,) = evaluate(op, arrays)
    distance = np.abs(got.astype(int) - expected[name].reshape(got.shape))
    found.ops += 1
    found.worst = min(found.worst, float((distance <= 1).mean()))
    found.unequal += int(np.count_nonzero(distance))
    found.elements += distance.size
