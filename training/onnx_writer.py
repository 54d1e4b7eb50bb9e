"""
A prepared graph as ONNX: with the integers of its weights, and casts where it rounds.

One function per torch operation (`operators/`) adds nodes; this file walks the graph,
names tensors after the nodes of torch.fx and adds the casts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import fx

from qcc.dialects.errors import QccError
from qcc.dialects.quant import UniformType
from qcc.training.layers import QuantizedLayer
from qcc.training.tracing import TensorInfo, record

Array = NDArray[Any]

OPSET = 21
IR_VERSION = 10

OBSERVERS = "ranges_"
"""What the names of the modules that observe and round begin with."""

_ELEMENT_TYPES: dict[torch.dtype, int] = {
    torch.float32: TensorProto.FLOAT,
    torch.int64: TensorProto.INT64,
    torch.int32: TensorProto.INT32,
    torch.uint8: TensorProto.UINT8,
    torch.int8: TensorProto.INT8,
    torch.bool: TensorProto.BOOL,
}


@dataclass(frozen=True)
class Ref:
    """A tensor of the ONNX graph: its name, shape and torch type."""

    name: str
    shape: tuple[int, ...]
    dtype: torch.dtype = torch.float32


class Writer:
    """An ONNX graph under construction; see the head of this file."""

    def __init__(self, types: Mapping[str, UniformType] | None, *, int8_weights: bool):
        """`types` of the tensors to round, by name; None while this is planned."""
        self._types = types or {}
        self._planning = types is None
        self._int8_weights = int8_weights
        self.layers: list[Layer] = []
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[TensorProto] = []
        self.node: fx.Node | None = None
        self._parts = 0
        self._constants = 0
        self._rounded: dict[str, str] = {}

    def error(self, why: str, remedy: str) -> QccError:
        """What cannot be written about the current node."""
        node = self.node
        assert node is not None
        return QccError(
            "the model cannot be written as ONNX",
            node=node.name,
            op=str(node.target),
            why=why,
            remedy=remedy,
        )

    def constant(self, array: Any, dtype: Any = None) -> str:
        """The name of a new initializer."""
        name = f"constant_{self._constants}"
        self._constants += 1
        data = np.asarray(array, dtype)
        self.initializers.append(numpy_helper.from_array(data, name))
        return name

    def add(
        self,
        kind: str,
        inputs: Sequence[Ref | str],
        shape: Sequence[int],
        *,
        last: bool = True,
        dtype: torch.dtype = torch.float32,
        **attributes: Any,
    ) -> Ref:
        """
        Adds a node for the current fx node and rounds its result if a type is given.

        The `last` result bears the name of the fx node, others that name and a number.
        Attributes that are None are left out.
        """
        assert self.node is not None
        name = self.node.name if last else f"{self.node.name}.{self._parts}"
        self._parts += 1
        return self._emit(kind, inputs, Ref(name, tuple(shape), dtype), attributes)

    def part(self, index: int, ref: Ref, kind: str, inputs: Sequence[str]) -> Ref:
        """Like `add` for result number `index` of an fx node that gives several."""
        assert self.node is not None
        named = Ref(f"{self.node.name}.{index}", ref.shape, ref.dtype)
        return self._emit(kind, [*inputs], named, {})

    def _emit(
        self, kind: str, inputs: Sequence[Ref | str], ref: Ref, attributes: Any
    ) -> Ref:
        names = [self.read(value) for value in inputs]
        node = helper.make_node(kind, names, [ref.name], name=ref.name)
        node.attribute.extend(
            helper.make_attribute(key, value)
            for key, value in sorted(attributes.items())
            if value is not None
        )
        self.nodes.append(node)
        self.define(ref)
        return ref

    def define(self, ref: Ref) -> None:
        """A new tensor: it is rounded where a type is given for it."""
        kind = self._types.get(ref.name)
        if kind is None:
            return
        parameters = [
            self.constant(np.float32(kind.scale)),
            self.constant(np.int8(kind.zero_point)),
        ]
        stored, reals = f"{ref.name}_quantized", f"{ref.name}_dequantized"
        self._cast("QuantizeLinear", [ref.name, *parameters], stored)
        self._cast("DequantizeLinear", [stored, *parameters], reals)
        self._rounded[ref.name] = reals

    def _cast(
        self, kind: str, inputs: Sequence[str], output: str, axis: int | None = None
    ) -> None:
        node = helper.make_node(kind, inputs, [output], output)
        if axis is not None:
            node.attribute.append(helper.make_attribute("axis", axis))
        self.nodes.append(node)

    def read(self, value: Ref | str) -> str:
        """The name under which other nodes read a tensor: rounded, where it is."""
        if isinstance(value, str):
            return value
        return self._rounded.get(value.name, value.name)

    def add_layer(
        self,
        kind: str,
        inputs: Sequence[Ref | str],
        shape: Sequence[int],
        *,
        reads: Ref,
        last: bool = True,
        **attributes: Any,
    ) -> Ref:
        """`add` for a node with weights; `reads` is the input of the torch layer."""
        ref = self.add(kind, inputs, shape, last=last, **attributes)
        assert self.node is not None
        self.layers.append(Layer(ref.name, self.node.name, reads.name))
        return ref

    def parameters(self, layer: QuantizedLayer) -> tuple[str, str | None]:
        """The names of the weight and bias of a layer, dequantized where int8."""
        assert self.node is not None
        if not self._int8_weights:
            return self._float_parameters(layer)
        input_scale = 1.0 if self._planning else layer.input_scale
        stored, kind, bias = layer.integers(input_scale)
        scales = np.array(kind.scales, np.float32)
        weight_name = f"{self.node.name}.weight"
        # What is read transposed by a product has its channels on the last axis.
        is_linear = isinstance(layer.layer, torch.nn.Linear)
        axis = 1 if is_linear else layer.axis
        integers = stored.T if is_linear else stored
        inputs = [self.constant(integers), self.constant(scales)]
        self._cast("DequantizeLinear", inputs, weight_name, axis=axis)
        if bias is None:
            return weight_name, None
        bias_name = f"{self.node.name}.bias"
        scales = np.resize(scales, len(bias)) * np.float32(input_scale)
        inputs = [self.constant(bias), self.constant(scales)]
        self._cast("DequantizeLinear", inputs, bias_name, axis=0)
        return weight_name, bias_name

    def _float_parameters(self, layer: QuantizedLayer) -> tuple[str, str | None]:
        weight, bias = (
            None if value is None else value.detach().cpu().numpy()
            for value in layer.folded()
        )
        assert weight is not None
        if isinstance(layer.layer, torch.nn.Linear):
            weight = weight.T
        return self.constant(weight), None if bias is None else self.constant(bias)

    def begin(self, node: fx.Node) -> None:
        """From now on nodes are added for `node`."""
        self.node, self._parts = node, 0


@dataclass(frozen=True)
class Layer:
    """An ONNX node with weights, the fx node that it stands for, what that reads."""

    onnx_node: str
    fx_node: str
    tensor: str


@dataclass(frozen=True)
class Written:
    """
    An ONNX model; see `write`.

    `layers` are its nodes with weights.
    """

    model: onnx.ModelProto
    layers: Sequence[Layer]


def write(
    module: fx.GraphModule,
    inputs: Sequence[torch.Tensor],
    types: Mapping[str, UniformType] | None,
    *,
    int8_weights: bool = True,
) -> Written:
    """
    The ONNX model of `module` for inputs of these shapes, BatchNorm folded.

    Tensors named in `types` are rounded; None while types are planned: scales of
    inputs count as 1 then. Raises QccError for what has no ONNX form.
    """
    from qcc.training.operators.dispatch import write_node

    known = record(module, inputs)
    writer = Writer(types, int8_weights=int8_weights)
    refs: dict[fx.Node, Any] = {}
    ports: tuple[list[Any], list[Any]] = ([], [])
    for node in module.graph.nodes:
        writer.begin(node)
        if node.op == "placeholder":
            refs[node] = _input(writer, node, known[node], ports[0])
        elif node.op == "output":
            _outputs(writer, node.args[0], refs, ports[1])
        elif not _holds_tensor(known[node]):
            refs[node] = known[node]
        elif node.op == "get_attr":
            refs[node] = _attribute(writer, module, node)
        else:
            refs[node] = write_node(writer, module, node, refs, known[node])
    graph = helper.make_graph(
        writer.nodes, "model", ports[0], ports[1], initializer=writer.initializers
    )
    opsets = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)
    model.producer_name = "qcc.training"
    return Written(model, writer.layers)


def _holds_tensor(value: Any) -> bool:
    return isinstance(value, TensorInfo) or (
        isinstance(value, tuple) and any(isinstance(v, TensorInfo) for v in value)
    )


def _input(writer: Writer, node: fx.Node, info: Any, ports: list[Any]) -> Ref:
    if not isinstance(info, TensorInfo) or info.dtype not in _ELEMENT_TYPES:
        raise writer.error(f"an input is {info}", "give tensors of float32 or integers")
    name = str(node.target)
    element = _ELEMENT_TYPES[info.dtype]
    ports.append(helper.make_tensor_value_info(name, element, list(info.shape)))
    ref = Ref(name, info.shape, info.dtype)
    writer.define(ref)
    return ref


def _attribute(writer: Writer, module: fx.GraphModule, node: fx.Node) -> Ref:
    """A parameter or buffer that the graph reads itself."""
    value: Any = module
    for part in str(node.target).split("."):
        value = getattr(value, part)
    data = value.detach().cpu().numpy()
    writer.initializers.append(numpy_helper.from_array(data, node.name))
    ref = Ref(node.name, tuple(data.shape), value.dtype)
    if value.dtype == torch.float32:
        writer.define(ref)
    return ref


def _outputs(writer: Writer, value: Any, refs: Any, ports: list[Any]) -> None:
    """Names the results `output`, or `output_0`, ... where there are several."""
    found: list[Ref] = []

    def collect(node: fx.Node) -> fx.Node:
        ref = refs[node]
        if not isinstance(ref, Ref):
            raise writer.error("an output is no tensor", "return tensors only")
        found.append(ref)
        return node

    fx.map_arg(value, collect)
    for index, ref in enumerate(found):
        name = "output" if len(found) == 1 else f"output_{index}"
        writer.nodes.append(
            helper.make_node("Identity", [writer.read(ref)], [name], name=name)
        )
        element = _ELEMENT_TYPES[ref.dtype]
        ports.append(helper.make_tensor_value_info(name, element, list(ref.shape)))
