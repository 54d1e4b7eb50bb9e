"""
`Node`: one ONNX node as an importer function sees it.

Attributes are Python values, inputs are constants or SSA values, `emit` inserts an op
and `error` makes the message that names the node.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import onnx
from xdsl.dialects.builtin import f32, i8
from xdsl.ir import Operation, SSAValue

from qcc.compiler.onnx_import.structure import node_error
from qcc.compiler.onnx_import.tensors import (
    Array,
    QuantizedConstant,
    Tensor,
    tensor_shape,
)
from qcc.dialects import nn, quant
from qcc.dialects.blob import ui8
from qcc.dialects.errors import QccError
from qcc.dialects.types import element_type_of, is_quantized

if TYPE_CHECKING:
    from qcc.compiler.onnx_import.graph_builder import GraphBuilder

T = TypeVar("T")


class Node:
    """An ONNX node, its operator set version and the tensors that it reads."""

    def __init__(self, proto: onnx.NodeProto, opset: int, builder: GraphBuilder):
        self.proto = proto
        self.opset = opset
        self.builder = builder
        self.attributes = {attribute.name: attribute for attribute in proto.attribute}

    @property
    def op_type(self) -> str:
        """The ONNX operator."""
        return self.proto.op_type

    def error(self, why: str, remedy: str | None = None) -> QccError:
        """The error for a node that cannot be imported."""
        if remedy is None:
            remedy = self.cut_remedy()
        return node_error(
            self.proto, f"cannot import this {self.op_type} node", why, remedy
        )

    def cut_remedy(self) -> str:
        """The advice to leave this node out of the compiled part."""
        before = next(
            (
                name
                for name in self.proto.input
                if isinstance(self.builder.tensors.get(name), SSAValue)
            ),
            None,
        )
        if before is None:
            return "change the model before exporting it"
        return (
            f"end the compiled part before this node with --outputs {before}, "
            "or change the model"
        )

    # Attributes

    def integer(self, name: str, default: int | None = None) -> int:
        """An integer attribute; without `default` it must be there."""
        attribute = self._attribute(name, onnx.AttributeProto.INT)
        if attribute is None:
            return self._default(name, default)
        return attribute.i

    def real(self, name: str, default: float | None = None) -> float:
        """A float attribute; without `default` it must be there."""
        attribute = self._attribute(name, onnx.AttributeProto.FLOAT)
        if attribute is None:
            return self._default(name, default)
        if np.isnan(attribute.f):
            raise self.error(f"its attribute {name} is not a number")
        return attribute.f

    def text(self, name: str, default: str) -> str:
        """A string attribute."""
        attribute = self._attribute(name, onnx.AttributeProto.STRING)
        return default if attribute is None else attribute.s.decode(errors="replace")

    def integers(self, name: str) -> tuple[int, ...] | None:
        """A list of integers, None if it is not there."""
        attribute = self._attribute(name, onnx.AttributeProto.INTS)
        return None if attribute is None else tuple(attribute.ints)

    def reals(self, name: str) -> tuple[float, ...] | None:
        """A list of floats, None if it is not there."""
        attribute = self._attribute(name, onnx.AttributeProto.FLOATS)
        return None if attribute is None else tuple(attribute.floats)

    def _attribute(self, name: str, kind: int) -> onnx.AttributeProto | None:
        attribute = self.attributes.get(name)
        if attribute is not None and attribute.type != kind:
            raise self.error(f"its attribute {name} has the wrong type")
        return attribute

    def _default(self, name: str, default: T | None) -> T:
        if default is None:
            raise self.error(f"its attribute {name} is missing")
        return default

    # Inputs

    def has(self, index: int) -> bool:
        """Whether input `index` is there; optional inputs may be left out."""
        return index < len(self.proto.input) and bool(self.proto.input[index])

    def tensor(self, index: int) -> Tensor:
        """Input `index`, whatever it is; it must be there."""
        if not self.has(index):
            raise self.error(f"its input {index} is missing")
        return self.builder.tensors[self.proto.input[index]]

    def shape(self, index: int) -> tuple[int, ...]:
        """The shape of input `index`."""
        return tensor_shape(self.tensor(index))

    def known(self, index: int) -> Array | None:
        """The elements of input `index` if it is there and constant."""
        if not self.has(index):
            return None
        tensor = self.tensor(index)
        if isinstance(tensor, QuantizedConstant):
            return tensor.real()
        return None if isinstance(tensor, SSAValue) else tensor

    def constant(self, index: int, role: str) -> Array:
        """The elements of input `index`, an error if it is not constant."""
        array = self.known(index)
        if array is None:
            raise self.error(
                f"its {role} ({self.proto.input[index]}) is computed at run time"
                if self.has(index)
                else f"its {role} is missing",
                f"make the {role} constant, or end the compiled part before this node",
            )
        return array

    def constant_integers(self, index: int, role: str) -> tuple[int, ...]:
        """The elements of a constant 0-D or 1-D input of integers."""
        array = self.constant(index, role)
        if array.ndim > 1 or not np.issubdtype(array.dtype, np.integer):
            raise self.error(f"its {role} is not a list of integers")
        return tuple(int(value) for value in array.reshape(-1))

    def constant_scalar(self, index: int, role: str) -> float:
        """The one element of a constant input."""
        array = self.constant(index, role)
        if array.size != 1 or array.dtype.kind not in "biuf":
            raise self.error(f"its {role} is not one number")
        value = float(array.reshape(()))
        if np.isnan(value):
            raise self.error(f"its {role} is not a number (NaN)")
        return value

    def value(self, index: int, infinite: bool = False) -> SSAValue:
        """
        Input `index` as a value of builtin elements.

        Quantized elements are seen as their storage integers, as in ONNX. Constants
        are refused if they hold NaN, or ±Inf unless `infinite` is set.
        """
        value = self.movable(index, infinite)
        if is_quantized(element_type_of(value)):
            return self.to_storage(value, self.is_unsigned(index))
        return value

    def to_storage(self, value: SSAValue, unsigned: bool) -> SSAValue:
        """A quantized value as the integers that it is in the ONNX model."""
        return self.emit(quant.StorageCastOp(value, ui8 if unsigned else i8))

    def optional(self, index: int) -> SSAValue | None:
        """`value(index)` if the input is there."""
        return self.value(index) if self.has(index) else None

    def floating(self, index: int) -> SSAValue:
        """`value(index)`, which must have f32 elements."""
        value = self.value(index)
        if element_type_of(value) != f32:
            raise self.error(
                f"its input {self.proto.input[index]} has elements of type "
                f"{element_type_of(value)}; only float32 is supported here"
            )
        return value

    def movable(self, index: int, infinite: bool = False) -> SSAValue:
        """Input `index` as a value, quantized or not: for ops that only move data."""
        tensor = self.tensor(index)
        if isinstance(tensor, SSAValue):
            return tensor
        return self.builder.materialize(self.proto.input[index], self.error, infinite)

    def is_unsigned(self, index: int) -> bool:
        """Whether input `index` is quantized, and to uint8 in the ONNX model."""
        return self.builder.is_unsigned(self.tensor(index))

    # Outputs

    def has_output(self, index: int) -> bool:
        """Whether output `index` is there and used."""
        return index < len(self.proto.output) and self.builder.is_used(
            self.proto.output[index]
        )

    def emit(self, op: Operation) -> SSAValue:
        """Inserts `op` with this node's location; returns its first result."""
        return self.builder.insert(op, self.proto)

    def as_value(self, tensor: Tensor) -> SSAValue:
        """A tensor that need not be an input as a value."""
        if isinstance(tensor, SSAValue):
            return tensor
        if isinstance(tensor, QuantizedConstant):
            constant = nn.ConstantOp(tensor.stored, tensor.element_type)
            return self.emit(quant.DequantizeCastOp(self.emit(constant)))
        return self.constant_value(tensor)

    def constant_value(self, array: Array, infinite: bool = False) -> SSAValue:
        """A constant that belongs to this node."""
        self.builder.check_constant(array, self.error, infinite)
        return self.emit(nn.ConstantOp(array))

    def scalar(self, value: float) -> SSAValue:
        """A float32 constant of rank 0."""
        return self.constant_value(np.asarray(value, np.float32))

    def normalized_axis(self, axis: int, rank: int) -> int:
        """`axis` counted from the front; an error if it is out of range."""
        if not -rank <= axis < rank:
            raise self.error(f"axis {axis} is out of range for {rank} axes")
        return axis % rank

    def normalized_axes(self, axes: Sequence[int], rank: int) -> tuple[int, ...]:
        """Distinct axes counted from the front, in the given order."""
        result = tuple(self.normalized_axis(axis, rank) for axis in axes)
        if len(set(result)) != len(result):
            raise self.error(f"an axis occurs twice in {list(axes)}")
        return result
