"""
Expansion of nodes that are defined by other nodes: ONNX function bodies, constant If.

`onnx` ships bodies for composite operators (Celu, MeanVarianceNormalization, ...);
an operator without an importer function of its own is imported through its body.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import onnx

from qcc.compiler.onnx_import.checking import schema_of
from qcc.compiler.onnx_import.loading import opset_versions
from qcc.compiler.onnx_import.structure import node_inputs


def inline_model_functions(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model without functions of its own. Raises what onnx's inliner raises."""
    if not model.functions:
        return model
    from onnx.inliner import inline_local_functions

    return inline_local_functions(model)


def function_body(
    node: onnx.NodeProto,
    versions: Mapping[str, int],
    input_types: Sequence[onnx.TypeProto],
) -> onnx.FunctionProto | None:
    """The function that onnx defines the operator of `node` by, None if it has none."""
    schema = schema_of(node.domain, node.op_type, versions.get(node.domain, 0))
    if schema is None:
        return None
    if schema.has_function:
        version = _same_operator(schema, schema.function_opset_versions)
        if version is not None:
            body = schema.get_function_with_opset_version(version)
            return onnx.FunctionProto.FromString(body)
    if schema.has_context_dependent_function:
        known = schema.context_dependent_function_opset_versions
        version = _same_operator(schema, known)
        if version is not None:
            body = schema.get_context_dependent_function_with_opset_version(
                version,
                node.SerializeToString(),
                [kind.SerializeToString() for kind in input_types],
            )
            return onnx.FunctionProto.FromString(body) if body else None
    return None


def _same_operator(schema: onnx.defs.OpSchema, offered: Sequence[int]) -> int | None:
    """The newest of the `offered` versions in which the operator is still `schema`."""
    for version in sorted(offered, reverse=True):
        other = schema_of(schema.domain, schema.name, version)
        if other is not None and other.since_version == schema.since_version:
            return version
    return None


def expand(
    node: onnx.NodeProto, body: onnx.FunctionProto
) -> tuple[list[onnx.NodeProto], dict[str, int]]:
    """
    The nodes of `body` in place of `node`, and their operator set versions.

    Inner tensors are called OUTPUT/NAME; the nodes keep the outer node's name.
    """
    names = dict.fromkeys(body.input, "") | dict(zip(body.input, node.input))
    names |= {b: a for b, a in zip(body.output, node.output) if a}
    prefix = next(name for name in node.output if name)
    given = {attribute.name: attribute for attribute in node.attribute}
    defaults = {attribute.name: attribute for attribute in body.attribute_proto}
    nodes: list[onnx.NodeProto] = []
    for inner in body.node:
        copy = onnx.NodeProto()
        copy.CopyFrom(inner)
        copy.name = node.name or prefix
        for field in (copy.input, copy.output):
            renamed = [names.get(n, f"{prefix}/{n}") if n else "" for n in field]
            del field[:]
            field.extend(renamed)
        _bind_attributes(copy, defaults | given)
        nodes.append(copy)
    return nodes, opset_versions(body)


def _bind_attributes(
    node: onnx.NodeProto, given: Mapping[str, onnx.AttributeProto]
) -> None:
    attributes = list(node.attribute)
    del node.attribute[:]
    for attribute in attributes:
        if not attribute.ref_attr_name:
            node.attribute.append(attribute)
        elif attribute.ref_attr_name in given:
            bound = node.attribute.add()
            bound.CopyFrom(given[attribute.ref_attr_name])
            bound.name = attribute.name


def branch_nodes(node: onnx.NodeProto, branch: onnx.GraphProto) -> list[onnx.NodeProto]:
    """
    The nodes of one branch of an If in place of `node`.

    ONNX forbids a subgraph to redefine an outer name, so only outputs are renamed:
    an Identity writes each output of the If.
    """
    nodes: list[onnx.NodeProto] = []
    for tensor in branch.initializer:
        constant = onnx.helper.make_node("Constant", [], [tensor.name], value=tensor)
        nodes.append(constant)
    nodes.extend(branch.node)
    for inner, outer in zip(branch.output, node.output):
        if outer:
            nodes.append(
                onnx.helper.make_node("Identity", [inner.name], [outer], node.name)
            )
    return nodes


def reads_of(nodes: Sequence[onnx.NodeProto]) -> set[str]:
    """All names that `nodes` read."""
    return {name for node in nodes for name in node_inputs(node)}
