"""
Casts and requantize as QuantizeLinear and DequantizeLinear, and integer ops of ONNX.

Other ops of `quant` have no ONNX form: a model is exported before `lower-to-quant`.
"""

from __future__ import annotations

from typing import cast

import numpy as np
from onnx import TensorProto
from xdsl.dialects.builtin import DenseArrayBase, IntegerType
from xdsl.ir import SSAValue

from qcc.compiler.onnx_export.graph import GraphBuilder, onnx_element_type
from qcc.compiler.onnx_export.registry import exports
from qcc.dialects import nn, quant
from qcc.dialects.quant.types import UniformType, storage_range
from qcc.dialects.reference.numbers import quantize_to
from qcc.dialects.types import element_type_of, ints, shape_of, storage_dtype


def uniform_type(value: SSAValue) -> UniformType:
    """The element type of a quantized value."""
    element = element_type_of(value)
    assert isinstance(element, UniformType)
    return element


def _ints(attribute: DenseArrayBase) -> tuple[int, ...]:
    return ints(cast("DenseArrayBase[IntegerType]", attribute))


def _parameters(graph: GraphBuilder, kind: UniformType) -> tuple[list[str], int | None]:
    """The names of the constants scale and zero point, and the axis."""
    dtype = storage_dtype(kind)
    scales = np.array(kind.scales, np.float32)
    zero_points = np.array(kind.zero_points, dtype)
    if kind.axis is None:
        scales, zero_points = scales.reshape(()), zero_points.reshape(())
    names = [graph.constant(scales, "scale")]
    # An int32 tensor has no zero point in ONNX.
    if dtype == np.dtype(np.int32):
        assert not any(kind.zero_points), "an int32 tensor with a zero point"
    else:
        names.append(graph.constant(zero_points, "zero_point"))
    return names, kind.axis


@exports(quant.QuantizeCastOp)
def qcast(graph: GraphBuilder, op: quant.QuantizeCastOp) -> None:
    kind = uniform_type(op.result)
    result = graph.name(op.result)
    source = op.input.owner
    if isinstance(source, nn.ConstantOp):
        # The product holds int8 weights (and int32 biases, which ONNX cannot quantize).
        graph.initializer(quantize_to(source.array(), kind), result)
        return
    bounds = (kind.minimum, kind.maximum)
    _quantize(graph, graph.name(op.input), kind, bounds, result)


def _quantize(
    graph: GraphBuilder,
    source: str,
    kind: UniformType,
    bounds: tuple[int, int],
    result: str,
) -> None:
    """QuantizeLinear, and Clip where stored values are to stay within `bounds`."""
    names, axis = _parameters(graph, kind)
    names.insert(0, source)
    if bounds == storage_range(kind.storage):
        graph.add("QuantizeLinear", names, result, axis=axis)
        return
    wide = graph.add("QuantizeLinear", names, axis=axis)
    limits = [
        graph.constant(np.array(bound, storage_dtype(kind)), "bound")
        for bound in bounds
    ]
    graph.add("Clip", [wide, *limits], result)


@exports(quant.DequantizeCastOp)
def dcast(graph: GraphBuilder, op: quant.DequantizeCastOp) -> None:
    names, axis = _parameters(graph, uniform_type(op.input))
    names.insert(0, graph.name(op.input))
    graph.add("DequantizeLinear", names, graph.name(op.result), axis=axis)


@exports(quant.RequantizeOp)
def requantize(graph: GraphBuilder, op: quant.RequantizeOp) -> None:
    # Where the quotient of the scales is rounded, a tie may go the other way.
    names, axis = _parameters(graph, uniform_type(op.input))
    names.insert(0, graph.name(op.input))
    real = graph.add("DequantizeLinear", names, axis=axis)
    kind, bounds = uniform_type(op.result), (op.minimum_value, op.maximum_value)
    _quantize(graph, real, kind, bounds, graph.name(op.result))


@exports(quant.StorageCastOp)
def scast(graph: GraphBuilder, op: quant.StorageCastOp) -> None:
    source, result = graph.name(op.input), graph.name(op.result)
    kinds = [storage_dtype(element_type_of(x)) for x in (op.input, op.result)]
    if kinds[0] == kinds[1]:
        graph.add("Identity", [source], result)
        return
    # i8 xor 0x80 is ui8: 128 more.
    shift = np.array(128 if kinds[1] == np.dtype(np.uint8) else -128, np.int32)
    wide = graph.add("Cast", [source], to=TensorProto.INT32)
    wide = graph.add("Add", [wide, graph.constant(shift, "shift")])
    target = onnx_element_type(element_type_of(op.result))
    graph.add("Cast", [wide], result, to=target)


@exports(quant.DynamicQuantizeOp)
def dynamic_quantize(graph: GraphBuilder, op: quant.DynamicQuantizeOp) -> None:
    results = graph.names_of(op.results)
    graph.add("DynamicQuantizeLinear", [graph.name(op.input)], results)


@exports(quant.Conv2dIntegerOp)
def conv2d_integer(graph: GraphBuilder, op: quant.Conv2dIntegerOp) -> None:
    optional = (op.input_zero_point, op.weight_zero_point)
    names = graph.names_of((op.input, op.weight))
    names += ["" if value is None else graph.name(value) for value in optional]
    graph.add(
        "ConvInteger",
        names,
        graph.name(op.result),
        kernel_shape=shape_of(op.weight)[2:],
        strides=_ints(op.strides),
        pads=_ints(op.pads),
        dilations=_ints(op.dilations),
        group=op.groups.value.data,
    )


@exports(quant.MatMulIntegerOp)
def matmul_integer(graph: GraphBuilder, op: quant.MatMulIntegerOp) -> None:
    optional = (op.lhs_zero_point, op.rhs_zero_point)
    names = graph.names_of((op.lhs, op.rhs))
    names += ["" if value is None else graph.name(value) for value in optional]
    graph.add("MatMulInteger", names, graph.name(op.result))
