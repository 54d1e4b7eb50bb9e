"""What onnx itself knows of operators: schemas, and whether a node fits its schema."""

from __future__ import annotations

from collections.abc import Mapping

import onnx

from qcc.compiler.onnx_import.structure import node_error


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


def first_line(error: Exception) -> str:
    """The first line of an exception's message."""
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0]
