"""
The constant float weights that can be stored in fewer bits while arithmetic is float.

What `quantize-weights` looks for: which operands of which ops, and along which axis
scales may differ.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from xdsl.dialects.builtin import ModuleOp, StringAttr
from xdsl.ir import Operation, SSAValue
from xdsl.rewriter import InsertPoint, Rewriter

from qcc.dialects import nn
from qcc.dialects.blob import Array
from qcc.dialects.naming import TENSOR, carry_over, model_function, tensor_name
from qcc.dialects.types import rank_of
from qcc.passes.quantizable import KEEP_FLOAT, constant_array, weight_axis

LARGEST_WEIGHT = 2.0**126
"""Larger weights could overflow when they are rounded up."""

SMALLEST_TABLE = 1024
"""A gathered constant of fewer elements is no table of embeddings."""


@dataclass(frozen=True)
class FloatWeight:
    """A float32 constant that `op` reads as operand `index`."""

    op: Operation
    index: int
    axis: int
    """One scale per index of this axis: output channels, or rows of a table."""
    array: Array

    @property
    def value(self) -> SSAValue:
        """The constant."""
        return self.op.operands[self.index]

    @property
    def is_summed(self) -> bool:
        """Whether the op adds up products with them; a table's rows are only read."""
        return not isinstance(self.op, nn.GatherOp)

    def replace(self, *new_ops: Operation) -> None:
        """Lets the op read the result of the last of `new_ops` instead."""
        carry_over(self.op, list(new_ops))
        name = tensor_name(self.value)
        for new in new_ops:
            new.attributes.pop(TENSOR, None)
        if name is not None:
            new_ops[0].attributes[TENSOR] = StringAttr(name)
        Rewriter.insert_op(new_ops, InsertPoint.before(self.op))
        self.op.operands[self.index] = new_ops[-1].results[0]


def _place(op: Operation) -> tuple[int, int] | None:
    """Which operand of an op holds weights, and their axis."""
    if isinstance(op, nn.Conv2dOp | nn.ConvTranspose2dOp):
        return 1, weight_axis(op)
    if isinstance(op, nn.MatMulOp) and rank_of(op.rhs) == 2:
        return 1, weight_axis(op)
    if isinstance(op, nn.GatherOp) and rank_of(op.data) >= 2:
        return 0, op.axis_value
    return None


def float_weights(module: ModuleOp) -> Iterator[FloatWeight]:
    """
    The float32 weights of convolutions, matrix products and gathers, in order.

    Those that are quantized already (a dcast), those of ops that are to stay float
    (`keep-float`), and infinite or huge ones are not among them.
    """
    for op in list(model_function(module).body.walk()):
        place = _place(op)
        if place is None or KEEP_FLOAT in op.attributes:
            continue
        index, axis = place
        array = constant_array(op.operands[index])
        if array is None or array.dtype != np.float32 or not array.size:
            continue
        if isinstance(op, nn.GatherOp) and array.size < SMALLEST_TABLE:
            continue
        if np.abs(array).max() < LARGEST_WEIGHT:
            yield FloatWeight(op, index, axis, array)
