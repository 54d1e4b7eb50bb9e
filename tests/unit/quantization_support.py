"""Builds, calibrates and quantizes small modules for the tests of quantization."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from xdsl.builder import Builder
from xdsl.dialects.builtin import ArrayAttr, ModuleOp, StringAttr, f32
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import Operation, SSAValue
from xdsl.rewriter import InsertPoint

from qcc.compiler.pipeline import quantization_passes, run_pipeline
from qcc.dialects import nn
from qcc.dialects.naming import model_function, name_values, tensor_name
from qcc.dialects.reference.interpreter import run
from qcc.dialects.types import tensor
from qcc.passes.statistics import Range, Statistics, use

Floats = NDArray[np.float32]

EXACT_PASSES = (
    "fold-zero-points",
    "fuse-activations",
    "fuse-residual",
    "lookup-tables",
    "check-integer-only",
)
"""The passes that must not change a bit."""


def module_of(
    build: Callable[[Builder, SSAValue], Sequence[SSAValue]], shape: Sequence[int]
) -> ModuleOp:
    """A module whose function computes what `build` builds from one f32 input."""
    func = FuncOp("model", ([tensor(f32, shape)], []))
    builder = Builder(InsertPoint.at_end(func.body.block))
    results = build(builder, func.args[0])
    builder.insert(ReturnOp(*results))
    func.update_function_type()
    func.attributes["input_names"] = ArrayAttr([StringAttr("x")])
    name_values(func)
    module = ModuleOp([func])
    module.verify()
    return module


def constant(builder: Builder, array: NDArray[np.float64]) -> SSAValue:
    """A float constant."""
    return builder.insert(nn.ConstantOp(array.astype(np.float32))).result


def calibrated(module: ModuleOp, samples: Sequence[Floats]) -> Statistics:
    """The ranges of all float values over `samples`."""
    statistics = Statistics()

    def observe(value: SSAValue, array: NDArray[np.generic]) -> None:
        name = tensor_name(value)
        if name is not None and array.dtype == np.float32:
            statistics.add(name, Range(float(array.min()), float(array.max())))

    for sample in samples:
        run(module, [sample], observe)
    return statistics


def quantized(
    module: ModuleOp, samples: Sequence[Floats], mode: str = "static"
) -> ModuleOp:
    """
    A quantized copy of `module`; asserts that no exact pass changes a bit.

    The copy runs on the first sample after each pass from `lower-to-quant` on.
    """
    result = module.clone()
    previous: list[NDArray[np.generic]] = []

    def compare(each: object, changed: ModuleOp) -> None:
        name = getattr(each, "name", "")
        if name not in (*EXACT_PASSES, "lower-to-quant", "insert-dynamic-quantize"):
            return
        outputs = run(changed, [samples[0]])
        if name in EXACT_PASSES:
            for before, after in zip(previous, outputs, strict=True):
                np.testing.assert_array_equal(before, after, err_msg=name)
        previous[:] = outputs

    with use(calibrated(module, samples)):
        run_pipeline(result, quantization_passes(mode), compare)
    return result


def op_names(module: ModuleOp) -> list[str]:
    """The names of the ops of a function, without constants, in order."""
    block = model_function(module).body.block
    return [o.name for o in block.ops if not isinstance(o, nn.ConstantOp)]


def ops_of(module: ModuleOp, name: str) -> list[Operation]:
    """The ops of one name."""
    return [op for op in module.walk() if op.name == name]


def signal_to_noise(reference: Floats, result: Floats) -> float:
    """In dB; infinite for equal arrays."""
    noise = float(np.square(reference.astype(np.float64) - result).sum())
    signal = float(np.square(reference.astype(np.float64)).sum())
    return 10 * float(np.log10(signal / noise)) if noise else math.inf
