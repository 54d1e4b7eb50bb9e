"""
What onnx itself says about one node: whether it is valid, and the types of its outputs.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import onnx
from onnx import numpy_helper, shape_inference

from qcc.compiler.onnx_import.structure import node_error
from qcc.compiler.onnx_import.tensors import Array

_SMALL_DATA = 1024
"""Constants of at most this many elements are shown to type inference."""


def check_node(
    node: onnx.NodeProto, versions: Mapping[str, int], ir_version: int
) -> None:
    """
    Applies onnx's checker to one node; QccError when the node is not valid.

    Nodes with subgraphs are not checked, since these may read any outer tensor.
    """
    if not any(node.output):
        raise node_error(node, f"this {node.op_type} node has no output", "it is empty")
    if schema_of(node.domain, node.op_type, versions.get(node.domain, 0)) is None:
        return
    if any(attribute.HasField("g") or attribute.graphs for attribute in node.attribute):
        return
    context = onnx.checker.C.CheckerContext()
    context.ir_version = ir_version
    context.opset_imports = dict(versions)
    try:
        onnx.checker.check_node(node, context)
    except (onnx.checker.ValidationError, RuntimeError, ValueError) as error:
        raise node_error(
            node, f"this {node.op_type} node is not valid", first_line(error)
        ) from error


def schema_of(domain: str, op_type: str, version: int) -> onnx.defs.OpSchema | None:
    """The schema of an operator in an operator set version, None if unknown."""
    try:
        return onnx.defs.get_schema(op_type, version, domain)
    except onnx.defs.SchemaError:
        return None


def infer_types(
    node: onnx.NodeProto,
    versions: Mapping[str, int],
    input_types: Mapping[str, onnx.TypeProto],
    constants: Mapping[str, Array],
) -> dict[str, onnx.TypeProto]:
    """
    The types of the outputs of one node, as far as onnx can infer them.

    Raises QccError when the inputs do not fit the operator.
    """
    schema = schema_of(node.domain, node.op_type, versions.get(node.domain, 0))
    if schema is None:
        return {}
    data = {
        name: numpy_helper.from_array(array, name)
        for name, array in constants.items()
        if array.size <= _SMALL_DATA and array.dtype != np.object_
    }
    opsets = [onnx.helper.make_opsetid(*entry) for entry in versions.items()]
    try:
        return shape_inference.infer_node_outputs(
            schema, node, dict(input_types), data, opset_imports=opsets
        )
    except (shape_inference.InferenceError, onnx.checker.ValidationError) as error:
        raise node_error(
            node, f"this {node.op_type} node is not valid", first_line(error)
        ) from error
    except (RuntimeError, ValueError, IndexError) as error:
        raise node_error(
            node, f"cannot infer the type of this {node.op_type}", first_line(error)
        ) from error


def first_line(error: Exception) -> str:
    """The first line of an exception's message."""
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0]
