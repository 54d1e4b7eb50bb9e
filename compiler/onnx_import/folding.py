"""
Evaluation of nodes whose inputs are all known, by onnx's reference evaluator.

Shape arithmetic (Shape, Gather, Concat, Range ...) becomes constants here and never
reaches the IR.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx

from qcc.compiler.onnx_import.checking import first_line
from qcc.compiler.onnx_import.structure import node_error
from qcc.compiler.onnx_import.tensors import Array

LARGEST_FOLDED = 1 << 27
"""Elements of a constant that folding may make (512 MiB of float32)."""

_BROADCASTING = frozenset(
    """
    Add And BitShift BitwiseAnd BitwiseOr BitwiseXor Div Equal Greater GreaterOrEqual
    Less LessOrEqual Max Mean Min Mod Mul Or Pow Sub Sum Where Xor
    """.split()
)

_GROWING = {
    *_BROADCASTING,
    "ConstantOfShape",
    "Expand",
    "Gather",
    "Gemm",
    "MatMul",
    "OneHot",
    "Pad",
    "Range",
    "Tile",
}

_NOT_GROWING = frozenset(
    """
    Abs Acos Acosh ArgMax ArgMin Asin Asinh Atan Atanh BitwiseNot Cast Ceil Clip
    Compress Concat Constant Cos Cosh CumSum Erf Exp Flatten Floor GatherElements
    GatherND Identity IsInf IsNaN Log Neg NonZero Not QuantizeLinear Reciprocal ReduceL1
    ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd
    ReduceSum ReduceSumSquare Relu Reshape Round ScatterElements ScatterND Shape Sigmoid
    Sign Sin Sinh Size Slice Split Sqrt Squeeze Tan Tanh TopK Transpose Trilu Unique
    Unsqueeze
    """.split()
)
"""Operators whose outputs are about as large as their inputs."""


def _product(shape: Array) -> int:
    return math.prod(int(size) for size in shape.reshape(-1))


def _result_size(node: onnx.NodeProto, inputs: Sequence[Array]) -> int:
    """A bound of the output's elements for operators that can make much of little."""
    first = inputs[0]
    match node.op_type:
        case "ConstantOfShape":
            return _product(first)
        case "Expand":
            shape = [int(size) for size in inputs[1].reshape(-1)]
            return math.prod(np.broadcast_shapes(first.shape, shape))
        case "Gather":
            axis = next((a.i for a in node.attribute if a.name == "axis"), 0)
            return first.size // first.shape[axis] * inputs[1].size
        case "Gemm" | "MatMul":
            second = inputs[1]
            return first.size * second.size // max(1, min(*first.shape, *second.shape))
        case "OneHot":
            return first.size * int(inputs[1].reshape(()))
        case "Pad":
            added = int(np.maximum(inputs[1], 0).sum())
            return math.prod(size + added for size in first.shape)
        case "Range":
            start, limit, delta = (float(array.reshape(())) for array in inputs)
            return max(0, math.ceil((limit - start) / delta))
        case "Tile":
            return first.size * _product(inputs[1])
        case _:
            return math.prod(np.broadcast_shapes(*(array.shape for array in inputs)))


def fold(
    node: onnx.NodeProto,
    versions: Mapping[str, int],
    constants: Mapping[str, Array],
) -> Sequence[Array] | None:
    """
    The outputs of a node whose inputs are all in `constants`, else None.

    Only operators of shape arithmetic and elementwise ones are evaluated; in particular
    DequantizeLinear is left alone, because its integers are wanted. Raises QccError
    when the evaluation fails or the result would be too large.
    """
    if node.domain != "" or node.op_type not in _NOT_GROWING | _GROWING:
        return None
    if any(name and name not in constants for name in node.input):
        return None
    _check_size(node, [constants[name] for name in node.input if name])
    from onnx.reference import ReferenceEvaluator

    read = {name: constants[name] for name in node.input if name}
    graph = onnx.helper.make_graph(
        [node],
        "fold",
        [_value_info(name, array) for name, array in read.items()],
        [onnx.ValueInfoProto(name=name) for name in node.output if name],
    )
    opsets = [onnx.helper.make_opsetid(*entry) for entry in versions.items()]
    model = onnx.helper.make_model(graph, opset_imports=opsets)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            evaluator: Any = ReferenceEvaluator(model)
        except NotImplementedError:
            return None
        # The evaluator runs arbitrary numpy code on what may be a hostile model.
        except Exception as error:
            raise _folding_error(node, error) from error
        try:
            results: list[Any] = evaluator.run(None, read)
        except Exception as error:
            raise _folding_error(node, error) from error
    if not all(isinstance(result, np.ndarray | np.generic) for result in results):
        return None
    named = dict(zip(filter(None, node.output), results, strict=True))
    return [np.asarray(named[name]) if name else np.zeros(0) for name in node.output]


def _folding_error(node: onnx.NodeProto, error: Exception) -> Exception:
    return node_error(
        node,
        f"cannot evaluate this {node.op_type} of constants",
        f"{type(error).__name__}: {first_line(error)}",
    )


def _value_info(name: str, array: Array) -> onnx.ValueInfoProto:
    kind = onnx.helper.np_dtype_to_tensor_dtype(array.dtype)
    return onnx.helper.make_tensor_value_info(name, kind, array.shape)


def _check_size(node: onnx.NodeProto, inputs: Sequence[Array]) -> None:
    if node.op_type not in _GROWING:
        return
    try:
        size = _result_size(node, inputs)
    except (ArithmeticError, IndexError, TypeError, ValueError) as error:
        raise _folding_error(node, error) from error
    if size > LARGEST_FOLDED:
        raise node_error(
            node,
            f"the result of this {node.op_type} of constants would be too large",
            f"it may have {size} elements; at most {LARGEST_FOLDED} are supported",
            "make the model's constants smaller; the file may be corrupt",
        )
