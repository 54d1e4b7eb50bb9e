"""Ops that pass a tensor on: Identity, Dropout, Cast."""

from __future__ import annotations

import numpy as np

from qcc.compiler.onnx_import.node import Node
from qcc.compiler.onnx_import.registry import onnx_op
from qcc.compiler.onnx_import.tensors import ELEMENT_TYPES, Tensor, onnx_type_name
from qcc.dialects import nn
from qcc.dialects.types import element_type_of


@onnx_op("Identity")
def identity(node: Node) -> Tensor:
    """The input itself."""
    return node.tensor(0)


@onnx_op("Dropout")
def dropout(node: Node) -> list[Tensor]:
    """The input itself, at inference; the mask is all true."""
    if node.has(2):
        training = node.known(2)
        if training is None or training.any():
            raise node.error(
                "it is in training mode", "export the model for inference (eval mode)"
            )
    tensor = node.tensor(0)
    if not node.has_output(1):
        return [tensor]
    return [tensor, np.ones(node.shape(0), np.bool_)]


@onnx_op("Cast", since=6)
def cast(node: Node) -> Tensor:
    """To another element type that values may have."""
    target = node.integer("to")
    if target not in ELEMENT_TYPES:
        raise node.error(f"it casts to {onnx_type_name(target)}")
    value = node.value(0)
    element = ELEMENT_TYPES[target]
    if element_type_of(value) == element:
        return value
    return node.emit(nn.CastOp(value, element))
