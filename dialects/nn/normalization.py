"""Softmax and normalizations."""

from __future__ import annotations

from xdsl.dialects.builtin import TensorType
from xdsl.ir import Attribute
from xdsl.irdl import (
    AttrSizedOperandSegments,
    irdl_op_definition,
    operand_def,
    opt_operand_def,
    prop_def,
    result_def,
)

from qcc.dialects.assembly import TrailingOptionalOperands
from qcc.dialects.nn.base import ASSEMBLY, FLOAT, INT, TENSOR, NNOperation
from qcc.dialects.nn.inference import (
    require,
    require_axis,
    require_float,
    require_rank,
    require_same_elements,
    static_shape,
)
from qcc.dialects.types import Operand, float_attr, int_attr, tensor_type

Kind = TensorType[Attribute]


@irdl_op_definition
class SoftmaxOp(NNOperation):
    """`%y = nn.softmax %x {axis = 1 : i64} : (tensor<...>) -> tensor<...>`"""

    name = "nn.softmax"
    input = operand_def(TENSOR)
    axis = prop_def(INT)
    result = result_def(TENSOR)
    assembly_format = ASSEMBLY

    def __init__(self, input: Operand, *, axis: int):
        result = self._infer(tensor_type(input), axis)
        super().__init__(
            operands=[input],
            properties={"axis": int_attr(axis)},
            result_types=[result],
        )

    @property
    def axis_value(self) -> int:
        """The axis along which the results sum to 1."""
        return self.axis.value.data

    @staticmethod
    def _infer(input: Kind, axis: int) -> Kind:
        require_float(input, "input")
        require_axis(axis, len(static_shape(input, "input")))
        return input

    def expected_type(self) -> Kind:
        return self._infer(tensor_type(self.input), self.axis_value)


@irdl_op_definition
class LayerNormOp(NNOperation, TrailingOptionalOperands):
    """
    `%y = nn.layer_norm %x, %s, %b {axis = 1 : i64, epsilon = 1e-5 : f32} : ...`

    Over all axes from `axis` on; scale and bias have the shape of these axes.
    """

    name = "nn.layer_norm"
    input = operand_def(TENSOR)
    scale = opt_operand_def(TENSOR)
    bias = opt_operand_def(TENSOR)
    axis = prop_def(INT)
    epsilon = prop_def(FLOAT)
    result = result_def(TENSOR)
    irdl_options = (AttrSizedOperandSegments(as_property=True),)

    def __init__(
        self,
        input: Operand,
        scale: Operand | None = None,
        bias: Operand | None = None,
        *,
        axis: int,
        epsilon: float,
    ):
        result = self._infer(
            tensor_type(input),
            None if scale is None else tensor_type(scale),
            None if bias is None else tensor_type(bias),
            axis,
            epsilon,
        )
        super().__init__(
            operands=[input, scale, bias],
            properties={"axis": int_attr(axis), "epsilon": float_attr(epsilon)},
            result_types=[result],
        )

    @property
    def axis_value(self) -> int:
        """The first of the normalized axes."""
        return self.axis.value.data

    @property
    def epsilon_value(self) -> float:
        """What is added to the variance, a float32 value."""
        return self.epsilon.value.data

    @staticmethod
    def _infer(
        input: Kind, scale: Kind | None, bias: Kind | None, axis: int, epsilon: float
    ) -> Kind:
        require_float(input, "input")
        shape = static_shape(input, "input")
        require_axis(axis, len(shape))
        require(epsilon >= 0, f"epsilon must be >= 0, got {epsilon}")
        for operand, what in ((scale, "scale"), (bias, "bias")):
            if operand is None:
                continue
            require_same_elements(input, operand, f"input and {what}")
            actual = static_shape(operand, what)
            require(
                actual == shape[axis:],
                f"{what} must have shape {list(shape[axis:])}, got {list(actual)}",
            )
        return input

    def expected_type(self) -> Kind:
        return self._infer(
            tensor_type(self.input),
            None if self.scale is None else tensor_type(self.scale),
            None if self.bias is None else tensor_type(self.bias),
            self.axis_value,
            self.epsilon_value,
        )


@irdl_op_definition
class BatchNormOp(NNOperation):
    """
    `%y = nn.batch_norm %x, %s, %b, %m, %v {epsilon = 1e-5 : f32} : ...`

    (input - mean) / sqrt(variance + epsilon) * scale + bias, per index of axis 1.
    """

    name = "nn.batch_norm"
    input = operand_def(TENSOR)
    scale = operand_def(TENSOR)
    bias = operand_def(TENSOR)
    mean = operand_def(TENSOR)
    variance = operand_def(TENSOR)
    epsilon = prop_def(FLOAT)
    result = result_def(TENSOR)
    assembly_format = ASSEMBLY

    def __init__(
        self,
        input: Operand,
        scale: Operand,
        bias: Operand,
        mean: Operand,
        variance: Operand,
        *,
        epsilon: float,
    ):
        operands = [input, scale, bias, mean, variance]
        result = self._infer(epsilon, *(tensor_type(operand) for operand in operands))
        super().__init__(
            operands=operands,
            properties={"epsilon": float_attr(epsilon)},
            result_types=[result],
        )

    @property
    def epsilon_value(self) -> float:
        """What is added to the variance, a float32 value."""
        return self.epsilon.value.data

    @staticmethod
    def _infer(epsilon: float, input: Kind, *parameters: Kind) -> Kind:
        require_float(input, "input")
        require(epsilon >= 0, f"epsilon must be >= 0, got {epsilon}")
        shape = static_shape(input, "input")
        require(len(shape) >= 2, f"input must have rank 2 or more, got {list(shape)}")
        names = ("scale", "bias", "mean", "variance")
        for what, parameter in zip(names, parameters, strict=True):
            require_same_elements(input, parameter, f"input and {what}")
            actual = static_shape(parameter, what)
            require_rank(actual, 1, what)
            require(
                actual[0] == shape[1],
                f"{what} must have shape {[shape[1]]}, got {list(actual)}",
            )
        return input

    def expected_type(self) -> Kind:
        return self._infer(
            self.epsilon_value, *(tensor_type(operand) for operand in self.operands)
        )
