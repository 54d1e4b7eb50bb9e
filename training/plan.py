"""
Which tensors training rounds, and which of them share a type: what the compiler does.

The passes of the compiler themselves decide, on the model as it will be exported, with
made-up ranges that are all different and nearly equal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation

from qcc.compiler.onnx_import import import_model
from qcc.compiler.pipeline import (
    PipelineOptions,
    float_passes,
    quantization_passes,
    run_pipeline,
)
from qcc.dialects import nn
from qcc.dialects.naming import model_function, node_name, tensor_name
from qcc.dialects.quant import DequantizeCastOp, QuantizeCastOp, UniformType
from qcc.dialects.types import element_type_of
from qcc.passes.analyze_ranges import AnalyzeRangesPass
from qcc.passes.insert_quantize import InsertQuantizePass
from qcc.passes.quantizable import Form, form_of, weight_operand
from qcc.passes.ranges import (
    RANGE,
    SYMMETRIC_UNIT_INTERVAL,
    UNIT_INTERVAL,
)
from qcc.passes.statistics import Range, Statistics, use
from qcc.passes.unify_scales import UnifyScalesPass
from qcc.training.onnx_writer import Written

_FIXED = (UNIT_INTERVAL, SYMMETRIC_UNIT_INTERVAL)


@dataclass(frozen=True)
class Group:
    """
    Tensors of one type; `fixed` where what computes them determines it.

    `moved` ones hold elements of other tensors of the group only.
    """

    tensors: tuple[str, ...]
    moved: frozenset[str]
    fixed: UniformType | None


@dataclass(frozen=True)
class Plan:
    """All groups, and the rounded tensor that each ONNX node with weights reads."""

    groups: Sequence[Group]
    inputs: Mapping[str, str]


def plan(written: Written, *, int8_only: bool) -> Plan:
    """
    The tensors that `insert-quantize` rounds, in groups that `unify-scales` makes.

    Raises QccError, with `int8_only` also when an operation would stay in float.
    """
    module = import_model(written.model)
    options = PipelineOptions(int8_only=int8_only)
    run_pipeline(module, float_passes(options))
    with use(_different_ranges(module)):
        run_pipeline(module, [AnalyzeRangesPass(), InsertQuantizePass()])
        run_pipeline(module, [UnifyScalesPass()])
        found = Plan(_rounded(module), _inputs(module))
        # With casts in place nothing is chosen again; this is about `int8_only`.
        run_pipeline(module, quantization_passes("static", options))
    return found


def _different_ranges(module: ModuleOp) -> Statistics:
    """Ranges of which none is much wider than another, so that all can share types."""
    func = model_function(module)
    values = [*func.args, *(v for op in func.body.walk() for v in op.results)]
    statistics = Statistics()
    for index, value in enumerate(values):
        name = tensor_name(value)
        if name is not None:
            statistics.replace(name, Range(-0.2, 1 + index / (8 * len(values))))
    return statistics


def _rounded(module: ModuleOp) -> list[Group]:
    groups: dict[UniformType, list[str]] = {}
    separate: list[Group] = []
    moved: set[str] = set()
    for op in model_function(module).body.walk():
        if not isinstance(op, QuantizeCastOp) or RANGE not in op.attributes:
            continue
        name, kind = tensor_name(op.result), element_type_of(op.result)
        assert isinstance(kind, UniformType)
        if name is None or kind.axis is not None:
            continue
        source = op.input.owner
        if isinstance(source, Operation) and form_of(source) == Form.MOVEMENT:
            if not isinstance(source, nn.PadOp):
                moved.add(name)
        if kind in _FIXED and name not in moved:
            separate.append(Group((name,), frozenset(), kind))
        else:
            groups.setdefault(kind, []).append(name)
    return [
        *(_group(names, moved, kind) for kind, names in groups.items()),
        *separate,
    ]


def _inputs(module: ModuleOp) -> dict[str, str]:
    found: dict[str, str] = {}
    for op in model_function(module).body.walk():
        if form_of(op) != Form.CONTRACTION or weight_operand(op) is None:
            continue
        cast, node = op.operands[0].owner, node_name(op)
        if isinstance(cast, DequantizeCastOp) and node is not None:
            name = tensor_name(cast.input)
            assert name is not None
            found[node] = name
    return found


def _group(names: Sequence[str], moved: set[str], kind: UniformType) -> Group:
    fixed = kind if kind in _FIXED else None
    return Group(tuple(names), frozenset(moved.intersection(names)), fixed)


__all__ = ["Group", "Plan", "plan"]
