"""
Expansion of nodes that are defined by other nodes: ONNX function bodies, constant If.

`onnx` ships bodies for composite operators (Celu, MeanVarianceNormalization, ...);
an operator without an importer function of its own is imported through its body.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

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
    version = versions.get(node.domain, 0)
    # The package's type stubs lack these members.
    schema: Any = schema_of(node.domain, node.op_type, version)
    if schema is None:
        return None
    body = b""
    if schema.has_function:
        chosen = _nearest(schema.function_opset_versions, version)
        body = schema.get_function_with_opset_version(chosen)
    elif schema.has_context_dependent_function:
        body = schema.get_context_dependent_function_with_opset_version(
            _nearest(schema.context_dependent_function_opset_versions, version),
            node.SerializeToString(),
            [kind.SerializeToString() for kind in input_types],
        )
    if not body:
        return None
    function = onnx.FunctionProto.FromString(body)
    _add_defaults(function, schema)
    return function


def _nearest(offered: Sequence[int], version: int) -> int:
    """All bodies of a schema mean the same; takes the newest that is not too new."""
    return max((v for v in offered if v <= version), default=min(offered))


def _add_defaults(function: onnx.FunctionProto, schema: onnx.defs.OpSchema) -> None:
    for attribute in schema.attributes.values():
        if attribute.default_value.type != onnx.AttributeProto.UNDEFINED:
            function.attribute_proto.append(attribute.default_value)


def expand(
    node: onnx.NodeProto, body: onnx.FunctionProto
) -> tuple[list[onnx.NodeProto], dict[str, int]]:
    """
    The nodes of `body` in place of `node`, and the operator sets that it names.

    Inner tensors are called OUTPUT/NAME; the nodes keep the outer node's name.
    """
    names = dict.fromkeys(body.input, "") | dict(zip(body.input, node.input))
    names |= {b: a for b, a in zip(body.output, node.output) if a}
    prefix = next(name for name in node.output if name)
    names = _Renaming(prefix, names)
    given = {attribute.name: attribute for attribute in body.attribute_proto}
    given |= {attribute.name: attribute for attribute in node.attribute}
    nodes: list[onnx.NodeProto] = []
    for inner in body.node:
        copy = onnx.NodeProto()
        copy.CopyFrom(inner)
        _rename(copy, names)
        copy.name = node.name or prefix
        _bind_attributes(copy, given)
        nodes.append(copy)
    return nodes, opset_versions(body)


class _Renaming(dict[str, str]):
    """New names of tensors; those that are not in it get a prefix."""

    def __init__(self, prefix: str, names: Mapping[str, str]):
        super().__init__(names)
        self._prefix = prefix

    def __missing__(self, name: str) -> str:
        return f"{self._prefix}/{name}" if name else ""


def _rename(node: onnx.NodeProto, names: _Renaming) -> None:
    """Renames what `node` and its subgraphs read and write."""
    for field in (node.input, node.output):
        renamed = [names[name] for name in field]
        del field[:]
        field.extend(renamed)
    for attribute in node.attribute:
        for graph in (attribute.g, *attribute.graphs):
            for inner in graph.node:
                _rename(inner, names)
            for value in (*graph.input, *graph.output, *graph.initializer):
                value.name = names[value.name]


def _bind_attributes(
    node: onnx.NodeProto, given: Mapping[str, onnx.AttributeProto]
) -> None:
    attributes = list(node.attribute)
    del node.attribute[:]
    for attribute in attributes:
        for graph in (attribute.g, *attribute.graphs):
            for inner in graph.node:
                _bind_attributes(inner, given)
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
