"""Ops whose operands or results are indices."""

from __future__ import annotations

from xdsl.dialects.builtin import IntegerType, TensorType, UnitAttr, f32, i64
from xdsl.ir import Attribute
from xdsl.irdl import (
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    result_def,
)

from qcc.dialects.nn.base import ASSEMBLY, FLOAT, INT, TENSOR, NNOperation
from qcc.dialects.nn.inference import (
    require,
    require_axis,
    require_number,
    static_shape,
)
from qcc.dialects.types import Operand, float_attr, int_attr, tensor, tensor_type

Kind = TensorType[Attribute]


def _require_indices(kind: Kind) -> None:
    require(
        isinstance(kind.element_type, IntegerType),
        f"indices must be integers, got {kind.element_type}",
    )


@irdl_op_definition
class GatherOp(NNOperation):
    """
    `%y = nn.gather %data, %indices {axis = 1 : i64} : (...) -> tensor<...>`

    Negative indices count from the end; indices are clamped into range.
    """

    name = "nn.gather"
    data = operand_def(TENSOR)
    indices = operand_def(TENSOR)
    axis = prop_def(INT, default_value=int_attr(0))
    result = result_def(TENSOR)
    assembly_format = ASSEMBLY

    def __init__(self, data: Operand, indices: Operand, *, axis: int = 0):
        result = self._infer(tensor_type(data), tensor_type(indices), axis)
        super().__init__(
            operands=[data, indices],
            properties={"axis": int_attr(axis)},
            result_types=[result],
        )

    @property
    def axis_value(self) -> int:
        """The axis of `data` that is indexed."""
        return self.axis.value.data

    @staticmethod
    def _infer(data: Kind, indices: Kind, axis: int) -> Kind:
        _require_indices(indices)
        shape = static_shape(data, "data")
        require_axis(axis, len(shape))
        chosen = static_shape(indices, "indices")
        require(shape[axis] > 0 or 0 in chosen, f"axis {axis} of data is empty")
        return tensor(data.element_type, (*shape[:axis], *chosen, *shape[axis + 1 :]))

    def expected_type(self) -> Kind:
        return self._infer(
            tensor_type(self.data), tensor_type(self.indices), self.axis_value
        )


@irdl_op_definition
class OneHotOp(NNOperation):
    """
    `%y = nn.one_hot %i {axis = 1 : i64, depth = 10 : i64, ...} : (...) -> tensor<...>`

    Indices in [-depth, depth); others give a row of `off`.
    """

    name = "nn.one_hot"
    indices = operand_def(TENSOR)
    axis = prop_def(INT)
    depth = prop_def(INT)
    on = prop_def(FLOAT, default_value=float_attr(1.0))
    off = prop_def(FLOAT, default_value=float_attr(0.0))
    result = result_def(TENSOR)
    assembly_format = ASSEMBLY

    def __init__(
        self,
        indices: Operand,
        *,
        depth: int,
        axis: int,
        on: float = 1.0,
        off: float = 0.0,
        element_type: Attribute = f32,
    ):
        result = self._infer(tensor_type(indices), depth, axis, element_type)
        super().__init__(
            operands=[indices],
            properties={
                "axis": int_attr(axis),
                "depth": int_attr(depth),
                "on": float_attr(on),
                "off": float_attr(off),
            },
            result_types=[result],
        )

    @property
    def axis_value(self) -> int:
        """Where the new axis stands in the result."""
        return self.axis.value.data

    @property
    def depth_value(self) -> int:
        """The size of the new axis."""
        return self.depth.value.data

    @property
    def on_value(self) -> float:
        """The value at the index."""
        return self.on.value.data

    @property
    def off_value(self) -> float:
        """The value elsewhere."""
        return self.off.value.data

    @staticmethod
    def _infer(indices: Kind, depth: int, axis: int, element: Attribute) -> Kind:
        require_number(indices, "indices")
        shape = static_shape(indices, "indices")
        require(depth > 0, f"depth must be > 0, got {depth}")
        require_axis(axis, len(shape) + 1)
        return tensor(element, (*shape[:axis], depth, *shape[axis:]))

    def expected_type(self) -> Kind:
        result = tensor_type(self.result)
        require_number(result, "result")
        return self._infer(
            tensor_type(self.indices),
            self.depth_value,
            self.axis_value,
            result.element_type,
        )


@irdl_op_definition
class ArgMaxOp(NNOperation):
    """
    `%y = nn.arg_max %x {axis = 1 : i64} : (tensor<2x3xf32>) -> tensor<2x1xi64>`

    The first index of the greatest element, or the last with `select_last_index`.
    """

    name = "nn.arg_max"
    input = operand_def(TENSOR)
    axis = prop_def(INT)
    select_last_index = opt_prop_def(UnitAttr)
    result = result_def(TENSOR)
    assembly_format = ASSEMBLY

    def __init__(self, input: Operand, *, axis: int, select_last_index: bool = False):
        result = self._infer(tensor_type(input), axis)
        super().__init__(
            operands=[input],
            properties={
                "axis": int_attr(axis),
                "select_last_index": UnitAttr() if select_last_index else None,
            },
            result_types=[result],
        )

    @property
    def axis_value(self) -> int:
        """The axis that is searched."""
        return self.axis.value.data

    @property
    def selects_last(self) -> bool:
        """Whether the last of several greatest elements is taken."""
        return self.select_last_index is not None

    @staticmethod
    def _infer(input: Kind, axis: int) -> Kind:
        shape = static_shape(input, "input")
        require_axis(axis, len(shape))
        require(shape[axis] > 0, f"axis {axis} is empty")
        return tensor(i64, (*shape[:axis], 1, *shape[axis + 1 :]))

    def expected_type(self) -> Kind:
        return self._infer(tensor_type(self.input), self.axis_value)
