"""
The graph as a graph: unique names, defined inputs, an order without cycles, cutting.

Works on names alone, so that what is cut away need not be supported or even valid.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence

import onnx

from qcc.dialects.errors import QccError

EXPORT_AGAIN = "export the model again; the file is not a valid ONNX graph"


def node_error(
    node: onnx.NodeProto, what: str, why: str, remedy: str = EXPORT_AGAIN
) -> QccError:
    """A QccError that names `node`: its name, operator and first output."""
    tensor = next((name for name in node.output if name), None)
    return QccError(
        what,
        node=node.name or tensor,
        op=node.op_type,
        tensor=tensor,
        why=why,
        remedy=remedy,
    )


def unknown_name_error(kind: str, name: str, known: Iterable[str]) -> QccError:
    """`kind` `name` does not exist; the remedy lists names that look like it."""
    candidates = list(known)
    close = difflib.get_close_matches(name, candidates, n=4, cutoff=0.5)
    if close:
        remedy = f"did you mean {', '.join(close)}?"
    elif candidates:
        remedy = f"known names are, among others, {', '.join(candidates[:8])}"
    else:
        remedy = "the model has none"
    return QccError(
        f"there is no {kind} named {name!r}",
        why="nothing in the model has this name",
        remedy=remedy,
    )


def node_inputs(node: onnx.NodeProto) -> Iterator[str]:
    """Names that `node` reads, those that its subgraphs capture included."""
    yield from (name for name in node.input if name)
    for attribute in node.attribute:
        for graph in (attribute.g, *attribute.graphs):
            for inner in graph.node:
                yield from node_inputs(inner)
            yield from (output.name for output in graph.output)


def producers(graph: onnx.GraphProto) -> dict[str, onnx.NodeProto]:
    """The node that writes each tensor; QccError if two do, or one writes an input."""
    constants = {tensor.name for tensor in graph.initializer}
    given = constants | {value.name for value in graph.input}
    for kind, values in (("input", graph.input), ("initializer", graph.initializer)):
        seen: set[str] = set()
        for value in values:
            if not value.name or value.name in seen:
                raise QccError(
                    f"two {kind}s have the same name"
                    if value.name
                    else f"an {kind} has no name",
                    tensor=value.name or None,
                    why="names of tensors must be unique",
                    remedy=EXPORT_AGAIN,
                )
            seen.add(value.name)
    result: dict[str, onnx.NodeProto] = {}
    for node in graph.node:
        for name in filter(None, node.output):
            if name in result or name in given:
                raise node_error(
                    node,
                    f"the tensor name {name!r} is used twice",
                    "another node writes it as well"
                    if name in result
                    else "it is also an input or initializer of the graph",
                )
            result[name] = node
    return result


def slice_graph(
    graph: onnx.GraphProto, inputs: Sequence[str], outputs: Sequence[str]
) -> list[onnx.NodeProto]:
    """
    The nodes between `inputs` and `outputs`, each after the nodes that it reads from.

    Keeps the file's order where that is already an order. Raises QccError for a cycle
    and for a tensor that nothing defines.
    """
    producer_of = producers(graph)
    defined = set(inputs) | {tensor.name for tensor in graph.initializer}
    defined |= {sparse.values.name for sparse in graph.sparse_initializer}
    model_inputs = {value.name for value in graph.input}
    needed = _needed_nodes(producer_of, defined, model_inputs, outputs)
    remaining = [node for node in graph.node if id(node) in needed]
    ordered: list[onnx.NodeProto] = []
    while remaining:
        waiting: list[onnx.NodeProto] = []
        for node in remaining:
            if all(name in defined for name in needed[id(node)]):
                ordered.append(node)
                defined.update(node.output)
            else:
                waiting.append(node)
        if len(waiting) == len(remaining):
            raise node_error(
                waiting[0],
                "the graph has a cycle",
                f"{waiting[0].op_type} reads a tensor that depends on its own output",
            )
        remaining = waiting
    return ordered


def _needed_nodes(
    producer_of: dict[str, onnx.NodeProto],
    defined: set[str],
    model_inputs: set[str],
    outputs: Sequence[str],
) -> dict[int, list[str]]:
    """By id of each node that `outputs` need: the graph tensors which it reads."""
    needed: dict[int, list[str]] = {}
    pending: list[tuple[str, onnx.NodeProto | None]] = [(o, None) for o in outputs]
    while pending:
        name, reader = pending.pop()
        if name in defined:
            continue
        if (node := producer_of.get(name)) is None:
            raise _undefined_error(name, reader, name in model_inputs)
        if id(node) in needed:
            continue
        local = _subgraph_names(node)
        reads = [
            n
            for n in node_inputs(node)
            if n not in local or n in producer_of or n in defined
        ]
        needed[id(node)] = reads
        pending.extend((read, node) for read in reads)
    return needed


def _subgraph_names(node: onnx.NodeProto) -> set[str]:
    """Names that the subgraphs of `node` define themselves."""
    names: set[str] = set()
    for attribute in node.attribute:
        for graph in (attribute.g, *attribute.graphs):
            names.update(value.name for value in graph.input)
            names.update(value.name for value in graph.initializer)
            for inner in graph.node:
                names.update(inner.output)
                names |= _subgraph_names(inner)
    return names


def _undefined_error(
    name: str, reader: onnx.NodeProto | None, is_model_input: bool
) -> QccError:
    what = f"the tensor {name!r} is not defined"
    if is_model_input:
        what = f"the outputs also depend on the model's input {name!r}"
        why = "it is not among the inputs at which the graph is cut"
        remedy = f"add {name} to --inputs, or cut at a tensor after it"
    else:
        why = "no node, input or initializer has this name"
        remedy = EXPORT_AGAIN
    if reader is None:
        return QccError(what, tensor=name, why=why, remedy=remedy)
    return node_error(reader, what, why, remedy)
