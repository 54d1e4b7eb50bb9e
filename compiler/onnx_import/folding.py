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

_RANDOM = {
    "Bernoulli",
    "Multinomial",
    "RandomNormal",
    "RandomNormalLike",
    "RandomUniform",
    "RandomUniformLike",
}

_NOT_FOLDED = _RANDOM | {"DequantizeLinear", "If", "Loop", "Scan"}


def fold(
    node: onnx.NodeProto,
    versions: Mapping[str, int],
    constants: Mapping[str, Array],
    output_types: Mapping[str, onnx.TypeProto],
) -> Sequence[Array] | None:
    """
    The outputs of a node whose inputs are all in `constants`, else None.

    DequantizeLinear is left alone, because its integers are wanted, and so are nodes
    that onnx cannot evaluate. Raises QccError when the evaluation fails.
    """
    if node.op_type in _NOT_FOLDED or node.domain != "":
        return None
    if any(name and name not in constants for name in node.input):
        return None
    _check_size(node, output_types)
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


def _check_size(
    node: onnx.NodeProto, output_types: Mapping[str, onnx.TypeProto]
) -> None:
    for name, kind in output_types.items():
        dims = kind.tensor_type.shape.dim
        size = math.prod(dim.dim_value for dim in dims if dim.HasField("dim_value"))
        if size > LARGEST_FOLDED:
            raise node_error(
                node,
                f"the constant {name!r} would be too large",
                f"it has {size} elements; at most {LARGEST_FOLDED} are supported",
                "make the model's constants smaller; the file may be corrupt",
            )
