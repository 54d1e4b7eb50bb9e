"""
`import_model`: an ONNX model becomes a module with one `func.func @model`.

The steps: read the file (`loading`), fix all sizes (`dimensions`), keep the part
between inputs and outputs (`structure`), and check and import node after node
(`graph_builder`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import onnx
from xdsl.dialects.builtin import ArrayAttr, FunctionType, ModuleOp, StringAttr
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import Region

from qcc.compiler.onnx_import.dimensions import bind_symbols, pin_shapes, static_shape
from qcc.compiler.onnx_import.functions import inline_model_functions, reads_of
from qcc.compiler.onnx_import.graph_builder import GraphBuilder
from qcc.compiler.onnx_import.inner_types import inner_types
from qcc.compiler.onnx_import.loading import (
    load_external_data,
    load_model,
    opset_versions,
)
from qcc.compiler.onnx_import.structure import (
    slice_graph,
    unknown_name_error,
)
from qcc.dialects.errors import QccError


@dataclass(frozen=True)
class _Part:
    """The part of a model that is compiled: sorted nodes between pinned tensors."""

    nodes: list[onnx.NodeProto]
    inputs: list[onnx.ValueInfoProto]
    outputs: list[str]
    initializers: list[onnx.TensorProto]


def import_model(
    source: Path | bytes | onnx.ModelProto,
    *,
    inputs: Sequence[str] | None = None,
    outputs: Sequence[str] | None = None,
    dimensions: Mapping[str, int] | None = None,
) -> ModuleOp:
    """
    Imports an ONNX model as `nn` (and, where it is quantized already, `quant`) ops.

    `inputs` and `outputs` are tensor names at which the graph is cut; what is cut away
    need not be supported. `dimensions` gives symbolic sizes by name; the batch, axis 0,
    is 1 without one.

    Raises QccError for everything that is wrong with the model or not supported.
    """
    model = load_model(source)
    model = _inlined(model)
    part = _cut(model, inputs, outputs, dimensions or {})
    model = _with_weights(model, part, source)
    return _build(model, part)


def _inlined(model: onnx.ModelProto) -> onnx.ModelProto:
    try:
        return inline_model_functions(model)
    # The inliner raises several kinds of errors for invalid functions.
    except (
        onnx.checker.ValidationError,
        RuntimeError,
        ValueError,
        TypeError,
        IndexError,
    ) as error:
        raise QccError(
            "the model's own functions cannot be expanded",
            why=str(error).splitlines()[0] if str(error) else None,
            remedy="inline them with onnx.inliner before compiling",
        ) from error


def _cut(
    model: onnx.ModelProto,
    inputs: Sequence[str] | None,
    outputs: Sequence[str] | None,
    dimensions: Mapping[str, int],
) -> _Part:
    graph = model.graph
    constants = {tensor.name for tensor in graph.initializer}
    model_inputs = [value for value in graph.input if value.name not in constants]
    produced = [name for node in graph.node for name in node.output if name]
    if outputs is None:
        outputs = [value.name for value in graph.output]
    else:
        known = {*produced, *constants, *(value.name for value in graph.input)}
        for name in outputs:
            if name not in known:
                raise unknown_name_error("tensor", name, [*produced, *constants])
    if not outputs:
        raise QccError(
            "the model has no outputs",
            why="there is nothing to compile",
            remedy="name a tensor with --outputs",
        )
    if inputs is None:
        bound = bind_symbols(model_inputs, dimensions)
        pin_shapes(model_inputs, bound)
        chosen = model_inputs
    else:
        chosen = _cut_inputs(model, model_inputs, inputs, dimensions)
    nodes = slice_graph(graph, [value.name for value in chosen], outputs)
    needed = reads_of(nodes) | set(outputs)
    initializers = [tensor for tensor in graph.initializer if tensor.name in needed]
    for sparse in graph.sparse_initializer:
        if sparse.values.name in needed:
            raise QccError(
                "sparse weights are not supported",
                tensor=sparse.values.name,
                why="the initializer is stored in sparse form",
                remedy="store it as a dense initializer",
            )
    return _Part(nodes, chosen, list(outputs), initializers)


def _cut_inputs(
    model: onnx.ModelProto,
    model_inputs: Sequence[onnx.ValueInfoProto],
    inputs: Sequence[str],
    dimensions: Mapping[str, int],
) -> list[onnx.ValueInfoProto]:
    """Types of the tensors `inputs`, inferred where they are inside of the graph."""
    graph = model.graph
    named = {value.name: value for value in model_inputs}
    produced = {name for node in graph.node for name in node.output if name}
    for name in inputs:
        if name not in named and name not in produced:
            raise unknown_name_error("tensor", name, [*named, *sorted(produced)])
    if any(name not in named for name in inputs):
        _pin_for_inference(model_inputs, dimensions)
        named = inner_types(model) | named
    chosen = [
        named.get(name, onnx.ValueInfoProto(name=name))
        for name in dict.fromkeys(inputs)
    ]
    bound = dict(dimensions)
    bound |= bind_symbols(
        chosen, {n: s for n, s in dimensions.items() if _uses_symbol(chosen, n)}
    )
    pin_shapes(chosen, bound)
    return chosen


def _pin_for_inference(
    model_inputs: Sequence[onnx.ValueInfoProto], dimensions: Mapping[str, int]
) -> None:
    used = {n: s for n, s in dimensions.items() if _uses_symbol(model_inputs, n)}
    pin_shapes(model_inputs, bind_symbols(model_inputs, used))


def _uses_symbol(values: Sequence[onnx.ValueInfoProto], name: str) -> bool:
    return any(
        name in (dim.dim_param, f"{value.name}:{axis}")
        for value in values
        for axis, dim in enumerate(value.type.tensor_type.shape.dim)
    )


def _with_weights(
    model: onnx.ModelProto, part: _Part, source: Path | bytes | onnx.ModelProto
) -> onnx.ModelProto:
    """The part as a model of its own, with weights from other files."""
    result = onnx.ModelProto()
    # Version 3 wants initializers among the inputs; newer ones do not.
    result.ir_version = max(model.ir_version, 4)
    result.opset_import.extend(model.opset_import)
    graph = result.graph
    graph.name = "model"
    graph.node.extend(part.nodes)
    graph.input.extend(part.inputs)
    graph.initializer.extend(part.initializers)
    graph.output.extend(onnx.ValueInfoProto(name=name) for name in part.outputs)
    is_file = not isinstance(source, bytes | onnx.ModelProto)
    load_external_data(result, Path(source).parent if is_file else None)
    return result


def _build(model: onnx.ModelProto, part: _Part) -> ModuleOp:
    graph = model.graph
    builder = GraphBuilder(reads_of(graph.node) | set(part.outputs), model.ir_version)
    for value in graph.input:
        data_type = value.type.tensor_type.elem_type
        builder.add_input(value.name, data_type, static_shape(value))
    for tensor in graph.initializer:
        builder.add_initializer(tensor)
    versions = opset_versions(model)
    for node in graph.node:
        builder.convert(node, versions)
    results = [builder.output_value(name) for name in part.outputs]
    return_op = ReturnOp(*results)
    builder.block.add_op(return_op)
    kind = FunctionType.from_lists(
        [argument.type for argument in builder.block.args],
        [result.type for result in results],
    )
    func = FuncOp("model", kind, Region(builder.block))
    names = [value.name for value in graph.input]
    func.attributes["input_names"] = ArrayAttr(StringAttr(name) for name in names)
    func.attributes["output_names"] = ArrayAttr(
        StringAttr(name) for name in part.outputs
    )
    module = ModuleOp([func])
    module.verify()
    return module
