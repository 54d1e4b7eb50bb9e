"""Ops that move elements: reshape, transpose, concat, slice, pad, expand; and cast."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from xdsl.dialects.builtin import StringAttr, TensorType
from xdsl.ir import Attribute
from xdsl.irdl import (
    irdl_op_definition,
    operand_def,
    prop_def,
    result_def,
    var_operand_def,
)

from qcc.dialects.nn.base import ASSEMBLY, FLOAT, INT, INTS, TENSOR, NNOperation
from qcc.dialects.nn.inference import (
    broadcast_shape,
    require,
    require_axis,
    require_length,
    require_non_negative,
    require_number,
    require_same_elements,
    slice_shape_check,
    static_shape,
)
from qcc.dialects.types import (
    Operand,
    element_type_of,
    float_attr,
    int_array,
    int_attr,
    ints,
    is_quantized,
    shape_of,
    tensor,
    tensor_type,
)

Kind = TensorType[Attribute]


@irdl_op_definition
class ReshapeOp(NNOperation):
    """`%y = nn.reshape %x : (tensor<2x6xf32>) -> tensor<3x4xf32>`"""

    name = "nn.reshape"
    input = operand_def(TENSOR)
    result = result_def(TENSOR)
    assembly_format = ASSEMBLY

    def __init__(self, input: Operand, shape: Sequence[int]):
        result = tensor(element_type_of(input), shape)
        self._check(tensor_type(input), result)
        super().__init__(operands=[input], result_types=[result])

    @staticmethod
    def _check(input: Kind, result: Kind) -> None:
        before, after = static_shape(input, "input"), static_shape(result, "result")
        require(
            prod(before) == prod(after),
            f"cannot reshape {list(before)} to {list(after)}: different sizes",
        )

    def expected_type(self) -> Kind:
        result = tensor_type(self.result)
        self._check(tensor_type(self.input), result)
        return tensor(element_type_of(self.input), result.get_shape())


@irdl_op_definition
class TransposeOp(NNOperation):
    """
    `%y = nn.transpose %x {permutation = array<i64: 0, 2, 3, 1>} : (...) -> ...`

    Axis i of the result is axis permutation[i] of the input.
    """

    name = "nn.transpose"
    input = operand_def(TENSOR)
    permutation = prop_def(INTS)
    result = result_def(TENSOR)
    assembly_format = ASSEMBLY

    def __init__(self, input: Operand, *, permutation: Sequence[int]):
        result = self._infer(tensor_type(input), permutation)
        super().__init__(
            operands=[input],
            properties={"permutation": int_array(permutation)},
            result_types=[result],
        )

    @property
    def permutation_values(self) -> tuple[int, ...]:
        """For each axis of the result, the axis of the input."""
        return ints(self.permutation)

    @staticmethod
    def _infer(input: Kind, permutation: Sequence[int]) -> Kind:
        shape = static_shape(input, "input")
        require(
            sorted(permutation) == list(range(len(shape))),
            f"{list(permutation)} is not a permutation of {len(shape)} axes",
        )
        element = _permuted_element(input.element_type, permutation)
        return tensor(element, [shape[axis] for axis in permutation])

    def expected_type(self) -> Kind:
        return self._infer(tensor_type(self.input), self.permutation_values)


def _permuted_element(element: Attribute, permutation: Sequence[int]) -> Attribute:
    """The element type after a transpose: its quantized axis moves along."""
    if not is_quantized(element):
        return element
    from qcc.dialects.quant.types import UniformType

    assert isinstance(element, UniformType)
    if element.axis is None:
        return element
    return UniformType.per_axis(
        element.scales,
        list(permutation).index(element.axis),
        element.zero_points,
        storage=element.storage,
        minimum=element.minimum,
        maximum=element.maximum,
    )


@irdl_op_definition
class ConcatOp(NNOperation):
    """`%y = nn.concat %a, %b {axis = 1 : i64} : (...) -> tensor<...>`"""

    name = "nn.concat"
    inputs = var_operand_def(TENSOR)
    axis = prop_def(INT)
    result = result_def(TENSOR)
    assembly_format = ASSEMBLY

    def __init__(self, inputs: Sequence[Operand], *, axis: int):
        result = self._infer([tensor_type(value) for value in inputs], axis)
        super().__init__(
            operands=[inputs],
            properties={"axis": int_attr(axis)},
            result_types=[result],
        )

    @property
    def axis_value(self) -> int:
        """The axis along which the inputs follow one another."""
        return self.axis.value.data

    @staticmethod
    def _infer(inputs: Sequence[Kind], axis: int) -> Kind:
        require(len(inputs) > 0, "concat needs an input")
        shapes = [static_shape(kind, "input") for kind in inputs]
        first = shapes[0]
        require_axis(axis, len(first))
        for kind, shape in zip(inputs, shapes, strict=True):
            require_same_elements(inputs[0], kind, "inputs")
            require(
                len(shape) == len(first)
                and all(size == first[i] for i, size in enumerate(shape) if i != axis),
                f"inputs {list(first)} and {list(shape)} differ beside axis {axis}",
            )
        total = sum(shape[axis] for shape in shapes)
        return tensor(
            inputs[0].element_type, (*first[:axis], total, *first[axis + 1 :])
        )

    def expected_type(self) -> Kind:
        return self._infer([tensor_type(v) for v in self.inputs], self.axis_value)


@irdl_op_definition
class SliceOp(NNOperation):
    """
    `%y = nn.slice %x {starts = array<i64: 0, 3>, steps = array<i64: 1, -1>} : ...`

    Element i along an axis of the result is element start + i * step of the input.
    """

    name = "nn.slice"
    input = operand_def(TENSOR)
    starts = prop_def(INTS)
    steps = prop_def(INTS)
    result = result_def(TENSOR)
    assembly_format = ASSEMBLY

    def __init__(
        self,
        input: Operand,
        *,
        starts: Sequence[int],
        sizes: Sequence[int],
        steps: Sequence[int] | None = None,
    ):
        """`steps` default to 1; each sequence has one entry per axis."""
        steps = [1] * len(starts) if steps is None else steps
        slice_shape_check(shape_of(input), tuple(sizes), starts, steps)
        super().__init__(
            operands=[input],
            properties={"starts": int_array(starts), "steps": int_array(steps)},
            result_types=[tensor(element_type_of(input), sizes)],
        )

    @property
    def start_values(self) -> tuple[int, ...]:
        """The first index along each axis."""
        return ints(self.starts)

    @property
    def step_values(self) -> tuple[int, ...]:
        """The distance of indices along each axis; may be negative."""
        return ints(self.steps)

    def expected_type(self) -> Kind:
        sizes = static_shape(tensor_type(self.result), "result")
        input = static_shape(tensor_type(self.input), "input")
        slice_shape_check(input, sizes, self.start_values, self.step_values)
        return tensor(element_type_of(self.input), sizes)


PAD_MODES = ("constant", "reflect", "edge")


@irdl_op_definition
class PadOp(NNOperation):
    """
    `%y = nn.pad %x {before = array<i64: 0, 1>, after = array<i64: 0, 1>} : ...`

    `value` is a real number also where elements are quantized.
    """

    name = "nn.pad"
    input = operand_def(TENSOR)
    before = prop_def(INTS)
    after = prop_def(INTS)
    mode = prop_def(StringAttr, default_value=StringAttr("constant"))
    value = prop_def(FLOAT, default_value=float_attr(0.0))
    result = result_def(TENSOR)
    assembly_format = ASSEMBLY

    def __init__(
        self,
        input: Operand,
        *,
        before: Sequence[int],
        after: Sequence[int],
        mode: str = "constant",
        value: float = 0.0,
    ):
        result = self._infer(tensor_type(input), before, after, mode)
        super().__init__(
            operands=[input],
            properties={
                "before": int_array(before),
                "after": int_array(after),
                "mode": StringAttr(mode),
                "value": float_attr(value),
            },
            result_types=[result],
        )

    @property
    def before_values(self) -> tuple[int, ...]:
        """How much is added in front of each axis."""
        return ints(self.before)

    @property
    def after_values(self) -> tuple[int, ...]:
        """How much is added behind each axis."""
        return ints(self.after)

    @property
    def mode_value(self) -> str:
        """`constant`, `reflect` or `edge`."""
        return self.mode.data

    @property
    def fill_value(self) -> float:
        """The real number that mode `constant` pads with, a float32 value."""
        return self.value.value.data

    @staticmethod
    def _infer(
        input: Kind, before: Sequence[int], after: Sequence[int], mode: str
    ) -> Kind:
        shape = static_shape(input, "input")
        for amounts, what in ((before, "before"), (after, "after")):
            require_length(amounts, len(shape), what)
            require_non_negative(amounts, what)
        require(
            mode in PAD_MODES, f'unknown mode "{mode}", expected one of {PAD_MODES}'
        )
        for axis, size in enumerate(shape):
            amount = max(before[axis], after[axis])
            limit = {"constant": amount, "reflect": size - 1, "edge": amount * size}
            require(
                amount <= limit[mode],
                f"cannot pad axis {axis} of size {size} by {amount} in mode {mode}",
            )
        sizes = [b + size + a for b, size, a in zip(before, shape, after, strict=True)]
        return tensor(input.element_type, sizes)

    def expected_type(self) -> Kind:
        return self._infer(
            tensor_type(self.input),
            self.before_values,
            self.after_values,
            self.mode_value,
        )


@irdl_op_definition
class ExpandOp(NNOperation):
    """
    `%y = nn.expand %x : (tensor<1x3xf32>) -> tensor<2x3xf32>`

    numpy.broadcast_to.
    """

    name = "nn.expand"
    input = operand_def(TENSOR)
    result = result_def(TENSOR)
    assembly_format = ASSEMBLY

    def __init__(self, input: Operand, shape: Sequence[int]):
        result = tensor(element_type_of(input), shape)
        self._check(tensor_type(input), result)
        super().__init__(operands=[input], result_types=[result])

    @staticmethod
    def _check(input: Kind, result: Kind) -> None:
        before, after = static_shape(input, "input"), static_shape(result, "result")
        require(
            broadcast_shape(before, after) == after,
            f"{list(before)} does not broadcast to {list(after)}",
        )

    def expected_type(self) -> Kind:
        result = tensor_type(self.result)
        self._check(tensor_type(self.input), result)
        return tensor(element_type_of(self.input), result.get_shape())


@irdl_op_definition
class CastOp(NNOperation):
    """
    `%y = nn.cast %x : (tensor<4xi64>) -> tensor<4xf32>`

    Between builtin element types; floats become integers by truncation.
    """

    name = "nn.cast"
    input = operand_def(TENSOR)
    result = result_def(TENSOR)
    assembly_format = ASSEMBLY

    def __init__(self, input: Operand, element_type: Attribute):
        result = tensor(element_type, shape_of(input))
        super().__init__(operands=[input], result_types=[result])

    def expected_type(self) -> Kind:
        input, result = tensor_type(self.input), tensor_type(self.result)
        require_number(input, "input")
        require_number(result, "result")
        return tensor(result.element_type, static_shape(input, "input"))
