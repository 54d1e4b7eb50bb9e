"""Elementwise functions of one operand."""

from __future__ import annotations

from abc import ABC

from xdsl.dialects.builtin import IntegerType, StringAttr, TensorType
from xdsl.ir import Attribute
from xdsl.irdl import irdl_op_definition, operand_def, prop_def, result_def

from qcc.dialects.nn.base import ASSEMBLY, FLOAT, TENSOR, NNOperation
from qcc.dialects.nn.inference import require, require_float, static_shape
from qcc.dialects.types import Operand, float_attr, tensor_type


class UnaryOp(NNOperation, ABC):
    """`%y = nn.relu %x : (tensor<4xf32>) -> tensor<4xf32>`: same type in and out."""

    input = operand_def(TENSOR)
    result = result_def(TENSOR)

    def __init__(self, input: Operand):
        super().__init__(operands=[input], result_types=[tensor_type(input)])

    def expected_type(self) -> TensorType[Attribute]:
        kind = tensor_type(self.input)
        static_shape(kind, "input")
        self.check_elements(kind)
        return kind

    def check_elements(self, kind: TensorType[Attribute]) -> None:
        """Most of these are functions of real numbers."""
        require_float(kind, "input")


class SignedUnaryOp(UnaryOp, ABC):
    """Functions of floats and of integers."""

    def check_elements(self, kind: TensorType[Attribute]) -> None:
        if not isinstance(kind.element_type, IntegerType):
            require_float(kind, "input")


@irdl_op_definition
class ReluOp(UnaryOp):
    """0 where x < 0, else x."""

    name = "nn.relu"
    assembly_format = ASSEMBLY


@irdl_op_definition
class SigmoidOp(UnaryOp):
    """1 / (1 + exp(-x))."""

    name = "nn.sigmoid"
    assembly_format = ASSEMBLY


@irdl_op_definition
class HardSwishOp(UnaryOp):
    """x * max(0, min(1, x / 6 + 0.5))."""

    name = "nn.hard_swish"
    assembly_format = ASSEMBLY


@irdl_op_definition
class SiluOp(UnaryOp):
    """x * sigmoid(x)."""

    name = "nn.silu"
    assembly_format = ASSEMBLY


@irdl_op_definition
class SoftplusOp(UnaryOp):
    """log(1 + exp(x)), finite wherever x is."""

    name = "nn.softplus"
    assembly_format = ASSEMBLY


@irdl_op_definition
class TanhOp(UnaryOp):
    """Hyperbolic tangent."""

    name = "nn.tanh"
    assembly_format = ASSEMBLY


@irdl_op_definition
class ErfOp(UnaryOp):
    """Error function."""

    name = "nn.erf"
    assembly_format = ASSEMBLY


@irdl_op_definition
class SqrtOp(UnaryOp):
    """Square root."""

    name = "nn.sqrt"
    assembly_format = ASSEMBLY


@irdl_op_definition
class ExpOp(UnaryOp):
    """Exponential function."""

    name = "nn.exp"
    assembly_format = ASSEMBLY


@irdl_op_definition
class LogOp(UnaryOp):
    """Natural logarithm."""

    name = "nn.log"
    assembly_format = ASSEMBLY


@irdl_op_definition
class ReciprocalOp(UnaryOp):
    """1 / x."""

    name = "nn.reciprocal"
    assembly_format = ASSEMBLY


@irdl_op_definition
class NegOp(SignedUnaryOp):
    """-x, of floats or integers."""

    name = "nn.neg"
    assembly_format = ASSEMBLY


@irdl_op_definition
class AbsOp(SignedUnaryOp):
    """|x|, of floats or integers."""

    name = "nn.abs"
    assembly_format = ASSEMBLY


@irdl_op_definition
class ClipOp(UnaryOp):
    """
    `%y = nn.clip %x {min = 0.0 : f32, max = 6.0 : f32} : (...) -> tensor<...>`

    `min` where x < min, then `max` where that is > max.
    """

    name = "nn.clip"
    min = prop_def(FLOAT, default_value=float_attr(float("-inf")))
    max = prop_def(FLOAT, default_value=float_attr(float("inf")))
    assembly_format = ASSEMBLY

    def __init__(
        self, input: Operand, *, min: float = float("-inf"), max: float = float("inf")
    ):
        super(UnaryOp, self).__init__(
            operands=[input],
            properties={"min": float_attr(min), "max": float_attr(max)},
            result_types=[tensor_type(input)],
        )

    @property
    def min_value(self) -> float:
        """The lower bound, a float32 value."""
        return self.min.value.data

    @property
    def max_value(self) -> float:
        """The upper bound, a float32 value."""
        return self.max.value.data


class AlphaOp(UnaryOp, ABC):
    """Functions with one parameter."""

    alpha = prop_def(FLOAT)

    def _set_alpha(self, input: Operand, alpha: float) -> None:
        super(UnaryOp, self).__init__(
            operands=[input],
            properties={"alpha": float_attr(alpha)},
            result_types=[tensor_type(input)],
        )

    @property
    def alpha_value(self) -> float:
        """The parameter, a float32 value."""
        return self.alpha.value.data


@irdl_op_definition
class LeakyReluOp(AlphaOp):
    """alpha * x where x < 0, else x."""

    name = "nn.leaky_relu"
    alpha = prop_def(FLOAT, default_value=float_attr(0.01))
    assembly_format = ASSEMBLY

    def __init__(self, input: Operand, *, alpha: float = 0.01):
        self._set_alpha(input, alpha)


@irdl_op_definition
class EluOp(AlphaOp):
    """alpha * (exp(x) - 1) where x < 0, else x."""

    name = "nn.elu"
    alpha = prop_def(FLOAT, default_value=float_attr(1.0))
    assembly_format = ASSEMBLY

    def __init__(self, input: Operand, *, alpha: float = 1.0):
        self._set_alpha(input, alpha)


@irdl_op_definition
class HardSigmoidOp(UnaryOp):
    """max(0, min(1, alpha * x + beta))."""

    name = "nn.hard_sigmoid"
    alpha = prop_def(FLOAT, default_value=float_attr(0.2))
    beta = prop_def(FLOAT, default_value=float_attr(0.5))
    assembly_format = ASSEMBLY

    def __init__(self, input: Operand, *, alpha: float = 0.2, beta: float = 0.5):
        super(UnaryOp, self).__init__(
            operands=[input],
            properties={"alpha": float_attr(alpha), "beta": float_attr(beta)},
            result_types=[tensor_type(input)],
        )

    @property
    def alpha_value(self) -> float:
        """The slope, a float32 value."""
        return self.alpha.value.data

    @property
    def beta_value(self) -> float:
        """The offset, a float32 value."""
        return self.beta.value.data


@irdl_op_definition
class GeluOp(UnaryOp):
    """
    `%y = nn.gelu %x {approximate = "tanh"} : (tensor<...>) -> tensor<...>`

    x / 2 * (1 + erf(x / sqrt(2))), or its approximation with tanh.
    """

    name = "nn.gelu"
    approximate = prop_def(StringAttr, default_value=StringAttr("none"))
    assembly_format = ASSEMBLY

    def __init__(self, input: Operand, *, approximate: str = "none"):
        super(UnaryOp, self).__init__(
            operands=[input],
            properties={"approximate": StringAttr(approximate)},
            result_types=[tensor_type(input)],
        )

    def expected_type(self) -> TensorType[Attribute]:
        require(
            self.approximate.data in ("none", "tanh"),
            f'approximate must be "none" or "tanh", got {self.approximate}',
        )
        return super().expected_type()
