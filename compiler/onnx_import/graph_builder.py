"""
Builds the block of the model's function, one ONNX node after the other.

Every tensor name is bound to a known array or to an SSA value (`tensors.py`). A node is
evaluated if all it reads is known, else imported by its function in the registry, else
expanded into the nodes that onnx defines it by.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import onnx
from xdsl.dialects.builtin import StringAttr, TensorType, i8
from xdsl.ir import Block, Operation, SSAValue
from xdsl.utils.exceptions import VerifyException

from qcc.compiler.onnx_import import functions
from qcc.compiler.onnx_import.checking import check_node
from qcc.compiler.onnx_import.folding import fold
from qcc.compiler.onnx_import.loading import LARGEST_TENSOR, tensor_array
from qcc.compiler.onnx_import.node import Node
from qcc.compiler.onnx_import.registry import find_converter
from qcc.compiler.onnx_import.structure import EXPORT_AGAIN, node_error
from qcc.compiler.onnx_import.tensors import (
    ELEMENT_TYPES,
    Array,
    QuantizedConstant,
    Tensor,
    onnx_type_name,
    onnx_type_of,
)
from qcc.dialects import nn, quant
from qcc.dialects.blob import ui8
from qcc.dialects.errors import QccError
from qcc.dialects.naming import TENSOR, set_node_name, set_tensor_name
from qcc.dialects.types import element_type_of, is_quantized, shape_of

Versions = Mapping[str, int]

ErrorMaker = Callable[[str, str], QccError]
"""Makes an error from a reason and a remedy."""

_RUNTIME_TYPES = frozenset(ELEMENT_TYPES.values())

_DEPTH_LIMIT = 8
"""How deep function bodies may nest."""


class GraphBuilder:
    """The block under construction and what each tensor name stands for."""

    def __init__(self, used: set[str], ir_version: int):
        """`used`: names that some node or output reads."""
        self.block = Block()
        self.tensors: dict[str, Tensor] = {}
        self._unsigned: set[SSAValue] = set()
        self._used = set(used)
        self._ir_version = ir_version
        self._materialized: dict[str, SSAValue] = {}

    # Inputs and constants

    def add_input(self, name: str, data_type: int, shape: Sequence[int]) -> None:
        """Adds an argument; QccError for element types without a runtime form."""
        if data_type not in ELEMENT_TYPES:
            raise QccError(
                f"the input {name!r} has elements of type {onnx_type_name(data_type)}",
                tensor=name,
                why="inputs may be float32, int64, int32, int8, uint8 or bool",
                remedy="export the model with float32 inputs",
            )
        kind = TensorType(ELEMENT_TYPES[data_type], shape)
        value = self.block.insert_arg(kind, len(self.block.args))
        self.tensors[name] = value

    def add_initializer(self, tensor: onnx.TensorProto) -> None:
        """Binds a constant of the graph."""
        self.tensors[tensor.name] = tensor_array(tensor)

    def is_unsigned(self, tensor: Tensor) -> bool:
        """Whether a quantized value has elements of type uint8 in the ONNX model."""
        return isinstance(tensor, SSAValue) and tensor in self._unsigned

    def mark_unsigned(self, value: SSAValue) -> None:
        """Says that a quantized value is uint8 in ONNX; so is what is moved from it."""
        self._unsigned.add(value)

    def is_used(self, name: str) -> bool:
        """Whether anything reads the tensor."""
        return name in self._used

    def materialize(
        self, name: str, error: ErrorMaker, infinite: bool = False
    ) -> SSAValue:
        """A known tensor as a value; the same one every time."""
        if name in self._materialized:
            return self._materialized[name]
        tensor = self.tensors[name]
        if isinstance(tensor, QuantizedConstant):
            constant = nn.ConstantOp(tensor.stored, tensor.element_type)
            self._add(constant, tensor.source)
            set_tensor_name(constant, tensor.source)
            op: Operation = quant.DequantizeCastOp(constant.result)
        else:
            assert not isinstance(tensor, SSAValue)
            self.check_constant(tensor, error, infinite, name)
            op = nn.ConstantOp(tensor)
        self._add(op, name)
        set_tensor_name(op, name)
        self._materialized[name] = op.results[0]
        return op.results[0]

    def check_constant(
        self,
        array: Array,
        error: ErrorMaker,
        infinite: bool = False,
        name: str | None = None,
    ) -> None:
        """QccError for arrays that no value can be: their type, NaN, Inf, empty."""
        label = "a constant" if name is None else f"the constant {name!r}"
        data_type = onnx.helper.np_dtype_to_tensor_dtype(array.dtype)
        if data_type not in ELEMENT_TYPES:
            raise error(
                f"{label} has elements of type {onnx_type_name(data_type)}",
                "export the model in float32",
            )
        if array.size == 0:
            raise error(
                f"{label} has no elements (shape {list(array.shape)})", EXPORT_AGAIN
            )
        if array.dtype.kind == "f":
            wrong = np.isnan(array) if infinite else ~np.isfinite(array)
            if wrong.any():
                raise error(
                    f"{label} has {int(wrong.sum())} elements that are NaN or infinite",
                    "repair the weights; training may have diverged",
                )

    def output_value(self, name: str) -> SSAValue:
        """A tensor as a result of the function; quantized ones as i8 or ui8."""

        def error(why: str, remedy: str) -> QccError:
            return QccError(
                f"{name!r} cannot be an output", tensor=name, why=why, remedy=remedy
            )

        tensor = self.tensors[name]
        if not isinstance(tensor, SSAValue):
            return self.materialize(name, error, infinite=True)
        if not is_quantized(element_type_of(tensor)):
            return tensor
        element = ui8 if self.is_unsigned(tensor) else i8
        return self._add(quant.StorageCastOp(tensor, element), name)

    # Operations

    def insert(self, op: Operation, proto: onnx.NodeProto) -> SSAValue:
        """Appends an op that comes from `proto`; returns its first result."""
        value = self._add(op, proto.name or next(filter(None, proto.output)))
        if is_quantized(element_type_of(value)) and any(
            operand in self._unsigned for operand in op.operands
        ):
            self._unsigned.add(value)
        return value

    def _add(self, op: Operation, node_name: str) -> SSAValue:
        set_node_name(op, node_name)
        for result in op.results:
            element = element_type_of(result)
            if element not in _RUNTIME_TYPES and not is_quantized(element):
                raise VerifyException(f"elements of type {element} are not supported")
            shape = shape_of(result)
            if 0 in shape or math.prod(shape) > LARGEST_TENSOR:
                raise VerifyException(
                    f"the result would have the impossible shape {list(shape)}"
                )
        op.verify()
        self.block.add_op(op)
        return op.results[0]

    # Nodes

    def convert(self, proto: onnx.NodeProto, versions: Versions) -> None:
        """Imports one node; QccError when it cannot be imported."""
        try:
            self._convert(proto, versions, 0)
        except (VerifyException, ValueError, IndexError, OverflowError) as error:
            raise node_error(
                proto,
                f"cannot import this {proto.op_type} node",
                str(error).strip(),
                "check the shapes and attributes of the node; the model may be invalid",
            ) from error

    def _convert(self, proto: onnx.NodeProto, versions: Versions, depth: int) -> None:
        proto = _with_plain_domain(proto)
        version = versions.get(proto.domain, 0)
        check_node(proto, versions, self._ir_version)
        node = Node(proto, version, self)
        for name in filter(None, proto.input):
            if name not in self.tensors:
                raise node.error(f"its input {name!r} is not defined")
        folded = fold(proto, versions, self._constants_of(proto))
        if folded is not None:
            self._bind_outputs(proto, folded)
            return
        converter = find_converter(proto.domain, proto.op_type, version)
        if converter is not None:
            results = converter(node)
            if isinstance(results, np.ndarray | QuantizedConstant | SSAValue):
                results = [results]
            if results is not None:
                self._bind_outputs(proto, results)
                return
        inner = self._expanded(node, versions)
        if inner is None or depth == _DEPTH_LIMIT:
            raise self._unsupported(node)
        nodes, inner_versions = inner
        self._used |= functions.reads_of(nodes)
        for each in nodes:
            try:
                self._convert(each, inner_versions, depth + 1)
            except QccError as error:
                error.why = (
                    f"{proto.op_type} consists of other operators, and its "
                    f"{each.op_type}: {error.why}"
                )
                error.op = proto.op_type
                raise

    def _constants_of(self, proto: onnx.NodeProto) -> dict[str, Array]:
        result: dict[str, Array] = {}
        for name in filter(None, proto.input):
            tensor = self.tensors[name]
            if not isinstance(tensor, SSAValue | QuantizedConstant):
                result[name] = tensor
        return result

    def _bind_outputs(self, proto: onnx.NodeProto, results: Sequence[Tensor]) -> None:
        for name, tensor in zip(proto.output, results):
            # A tensor at which the graph is cut has its value already.
            if not name or name in self.tensors:
                continue
            self.tensors[name] = tensor
            if isinstance(tensor, SSAValue) and isinstance(tensor.owner, Operation):
                if tensor.owner.results[0] is tensor:
                    tensor.owner.attributes.setdefault(TENSOR, StringAttr(name))

    def _expanded(
        self, node: Node, versions: Versions
    ) -> tuple[list[onnx.NodeProto], Versions] | None:
        proto = node.proto
        if proto.domain == "" and proto.op_type == "If":
            condition = node.known(0)
            if condition is None or condition.size != 1:
                return None
            name = "then_branch" if bool(condition.reshape(())) else "else_branch"
            branch = node.attributes[name].g
            return functions.branch_nodes(proto, branch), versions
        tensors = [self.tensors[name] for name in proto.input if name]
        types = [onnx_type_of(each, self.is_unsigned(each)) for each in tensors]
        body = functions.function_body(proto, versions, types)
        if body is None:
            return None
        nodes, body_versions = functions.expand(proto, body)
        return nodes, {**versions, **body_versions}

    def _unsupported(self, node: Node) -> QccError:
        proto = node.proto
        label = f"{proto.domain}.{proto.op_type}" if proto.domain else proto.op_type
        subgraphs = any(
            attribute.HasField("g") or attribute.graphs for attribute in proto.attribute
        )
        why = "qcc does not implement this operator"
        if subgraphs:
            why = "control flow that is decided at run time is not supported"
        return node_error(
            proto,
            f"the operator {label} is not supported",
            f"{why} (operator set {node.opset})",
            node.cut_remedy(),
        )


def _with_plain_domain(proto: onnx.NodeProto) -> onnx.NodeProto:
    """`proto` with the domain `ai.onnx` written as ``""``."""
    if proto.domain != "ai.onnx":
        return proto
    copy = onnx.NodeProto()
    copy.CopyFrom(proto)
    copy.domain = ""
    return copy
