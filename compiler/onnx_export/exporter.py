"""From a module of `nn` ops (and casts of `quant`) to an ONNX model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import onnx
from onnx import helper
from xdsl.dialects.builtin import ArrayAttr, ModuleOp, StringAttr
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import Operation, OpResult, SSAValue

from qcc.compiler.onnx_export.graph import (
    IR_VERSION,
    OPSET,
    GraphBuilder,
    value_info,
)
from qcc.compiler.onnx_export.registry import exporter_of
from qcc.dialects import nn
from qcc.dialects.errors import QccError
from qcc.dialects.naming import model_function, name_values, node_name


@dataclass
class Export:
    """An exported function, open for further nodes; `model()` closes it."""

    graph: GraphBuilder
    inputs: list[onnx.ValueInfoProto]
    outputs: list[onnx.ValueInfoProto]
    tensors: dict[SSAValue, str]
    """The `tensor` name of every value; its ONNX name may differ to be unique."""

    def model(self) -> onnx.ModelProto:
        """All parts as one model, without constants that nothing reads."""
        read = {name for node in self.graph.nodes for name in node.input}
        graph = helper.make_graph(
            self.graph.nodes,
            "model",
            self.inputs,
            self.outputs,
            [array for array in self.graph.initializers if array.name in read],
        )
        return helper.make_model(
            graph,
            ir_version=IR_VERSION,
            opset_imports=[helper.make_opsetid("", OPSET)],
            producer_name="qcc",
        )


def export_model(
    module: ModuleOp, *, extra_outputs: Sequence[str] = ()
) -> onnx.ModelProto:
    """
    The ONNX model that computes what `module` does.

    Names of inputs and outputs are those of the function; other tensors keep their
    `tensor` names, which are also what `extra_outputs` are named by: values that become
    outputs in addition. QccError for an op without ONNX form or an unknown name.
    """
    export = export_function(model_function(module))
    values = {name: value for value, name in reversed(export.tensors.items())}
    for name in extra_outputs:
        if name in {output.name for output in export.outputs}:
            continue
        if name not in values:
            raise QccError(f"the model has no tensor {name!r}", tensor=name)
        _output(export, values[name], name)
    return export.model()


def export_function(func: FuncOp) -> Export:
    """Exports all ops of `func`; see `export_model`."""
    tensors = name_values(func)
    inputs = _strings(func, "input_names")
    outputs = _strings(func, "output_names")
    graph = GraphBuilder([*inputs, *outputs], tensors.values())
    export = Export(graph, [], [], tensors)
    for argument, name in zip(func.args, inputs, strict=True):
        graph.bind(argument, name)
        export.inputs.append(value_info(argument, name))
    terminator = func.body.block.last_op
    assert isinstance(terminator, ReturnOp)
    for value, name in zip(terminator.operands, outputs, strict=True):
        if _can_be_output(value) and not graph.is_bound(value):
            graph.bind(value, name)
    for op in func.body.block.ops:
        if op is not terminator:
            export_op(graph, op, tensors)
    for value, name in zip(terminator.operands, outputs, strict=True):
        _output(export, value, name)
    return export


def _strings(func: FuncOp, attribute: str) -> list[str]:
    names = func.attributes[attribute]
    assert isinstance(names, ArrayAttr)
    strings = cast("ArrayAttr[StringAttr]", names)
    return [name.data for name in strings.data]


def _can_be_output(value: SSAValue) -> bool:
    return isinstance(value, OpResult) and not isinstance(value.op, nn.ConstantOp)


def _output(export: Export, value: SSAValue, name: str) -> None:
    """Declares an output; a second name of a value needs a node of its own."""
    if export.graph.name(value) != name:
        export.graph.node_name = name
        export.graph.add("Identity", [export.graph.name(value)], name)
    export.outputs.append(value_info(value, name))


def export_op(graph: GraphBuilder, op: Operation, tensors: dict[SSAValue, str]) -> None:
    export = exporter_of(op)
    if export is None:
        raise QccError(
            f"{op.name} has no ONNX form",
            node=node_name(op),
            op=op.name,
            remedy="only float and QDQ models can be exported",
        )
    for result in op.results:
        if not graph.is_bound(result):
            graph.bind_unique(result, tensors[result])
    graph.node_name = node_name(op) or tensors[op.results[0]]
    export(graph, op)
