"""Lowerings of int8 convolution, fully connected layers and matrix products."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np
from xdsl.ir import Operation, SSAValue

from qcc.codegen.lowerings.common import uniform, unsupported
from qcc.codegen.lowerings.convolution import Geometry, geometry_of
from qcc.codegen.lowerings.packed_convolution import (
    PackedConvolution,
    Weights,
    folded_bias,
)
from qcc.codegen.lowerings.requantization import product_cannot_overflow
from qcc.codegen.lowerings.tiles import plan_product
from qcc.codegen.lowerings.wide_weights import parts
from qcc.codegen.select_kernels import KernelBuilder, lowering
from qcc.codegen.strides import six_axes
from qcc.dialects import nn, quant
from qcc.dialects.kernel import Literal
from qcc.dialects.quant.contraction import RequantizingOperation
from qcc.dialects.quant.types import UniformType
from qcc.dialects.reference.numbers import (
    output_scales,
    requantization_multipliers,
    shared_multipliers,
)
from qcc.dialects.types import Array, shape_of


def constant_array(op: Operation, value: SSAValue, what: str) -> Array:
    """The elements of a constant operand. QccError if it is computed at run time."""
    if not isinstance(value.owner, nn.ConstantOp):
        raise unsupported(op, f"{what} must be a constant")
    return value.owner.array()


def _optional_constant(
    op: Operation, value: SSAValue | None, what: str
) -> Array | None:
    return None if value is None else constant_array(op, value, what)


def check_requantization(op: RequantizingOperation) -> None:
    """QccError for a requantization other than by float."""
    if op.requantization.data != "float":
        raise unsupported(
            op, f"requantization {op.requantization.data!r} has no kernel"
        )


def _residual_arguments(
    conv_type: UniformType, residual: UniformType, result: UniformType
) -> dict[str, Literal]:
    """The add formula of docs/numerics.md."""
    scales = [conv_type.scale, residual.scale]
    multipliers, shift = shared_multipliers(scales, result.scale)
    return {
        "conv_multiplier": multipliers[0],
        "residual_multiplier": multipliers[1],
        "residual_shift": shift,
        "residual_zero_point": residual.zero_point,
        "sum_zero_point": result.zero_point,
    }


@dataclass(frozen=True)
class _Contraction:
    """A convolution, or a product with a constant matrix, as its kernels see it."""

    op: quant.Conv2dOp | quant.MatMulOp
    geometry: Geometry
    weights: Weights
    multipliers: Array
    arguments: dict[str, Literal]
    input_zero_point: int
    input: SSAValue
    residual: SSAValue | None = None

    def lower(self, build: KernelBuilder) -> None:
        """One call, or a few more where weights are wide."""
        op = self.op
        bias = _optional_constant(op, op.bias, "the bias of a contraction")
        result = build.result(op.result)
        residual = None if self.residual is None else build.buffer(self.residual)
        for part in parts(self.geometry, self.weights, whole=residual is not None):
            channels, weights = part.channels, part.weights
            convolution = PackedConvolution.choose(
                build, part.geometry, weights, input_zero_point=self.input_zero_point
            )
            offset = 0 if op.is_raw else self.input_zero_point
            offset += convolution.activation_offset
            own = None if bias is None else bias[channels]
            folded = folded_bias(op, own, weights.sums(), offset)
            multipliers = self.multipliers[channels]
            facts = convolution.facts(self.arguments, folded, multipliers)
            padded = convolution.row.reads_past_input
            convolution.call(
                build,
                input=build.buffer(self.input, padded=padded),
                bias=build.constant(folded),
                multipliers=build.constant(multipliers),
                residual=residual,
                output=build.part(result, channels.start),
                arguments=self.arguments | facts,
            )


@lowering(quant.Conv2dOp)
def conv2d(op: quant.Conv2dOp, build: KernelBuilder) -> None:
    """The input's zero point goes into the bias."""
    check_requantization(op)
    stored = constant_array(op, op.weight, "the weight of a convolution")
    weight_type, input_type = uniform(op.weight), uniform(op.input)
    target = uniform(op.result) if op.conv_type is None else op.conv_type
    limits = (op.minimum_value, op.maximum_value)
    arguments: dict[str, Literal] = {
        "input_zero_point": input_type.zero_point,
        "zero_point": target.zero_point,
        "minimum": limits[0],
        "maximum": limits[1],
    }
    if op.residual is not None and op.conv_type is not None:
        arguments |= {"minimum": -128, "maximum": 127}
        arguments |= {"sum_minimum": limits[0], "sum_maximum": limits[1]}
        arguments |= _residual_arguments(
            op.conv_type, uniform(op.residual), uniform(op.result)
        )
    multipliers = requantization_multipliers(
        input_type.scale, output_scales(weight_type, len(stored)), target.scale
    )
    _Contraction(
        op,
        geometry_of(op),
        Weights.of(stored, weight_type),
        multipliers,
        arguments,
        input_type.zero_point,
        op.input,
        op.residual,
    ).lower(build)


def fully_connected(lhs: SSAValue, rhs: SSAValue) -> Geometry:
    """A product with a constant matrix [K, N] as a convolution of height 1."""
    depth, columns = shape_of(rhs)
    rows = prod(shape_of(lhs)[:-1])
    return Geometry(1, (1, rows), depth, (1, rows), columns)


def matrix_weights(op: Operation, rhs: SSAValue) -> Weights:
    """A constant matrix [K, N] as the weights of `fully_connected`."""
    stored = constant_array(op, rhs, "the matrix").T[:, :, None, None]
    return Weights.of(np.ascontiguousarray(stored), uniform(rhs))


@lowering(quant.MatMulOp)
def matmul(op: quant.MatMulOp, build: KernelBuilder) -> None:
    """A constant matrix is packed; otherwise rhs is packed at run time."""
    check_requantization(op)
    lhs, rhs, result = uniform(op.lhs), uniform(op.rhs), uniform(op.result)
    columns = shape_of(op.rhs)[-1]
    multipliers = requantization_multipliers(
        lhs.scale, output_scales(rhs, columns), result.scale
    )
    if not isinstance(op.rhs.owner, nn.ConstantOp) or len(shape_of(op.rhs)) != 2:
        _activation_product(op, build, multipliers)
        return
    arguments: dict[str, Literal] = {
        "input_zero_point": lhs.zero_point,
        "zero_point": result.zero_point,
        "minimum": op.minimum_value,
        "maximum": op.maximum_value,
    }
    _Contraction(
        op,
        fully_connected(op.lhs, op.rhs),
        matrix_weights(op, op.rhs),
        multipliers,
        arguments,
        lhs.zero_point,
        op.lhs,
    ).lower(build)


def batch_arguments(
    lhs: tuple[int, ...], rhs: tuple[int, ...], result: tuple[int, ...]
) -> dict[str, Literal]:
    """Leading axes of a product, and the strides (elements) of its operands."""
    leading = result[:-2]

    def strides(shape: tuple[int, ...]) -> list[int]:
        step, steps = prod(shape[-2:]), list[int]()
        padded = (1,) * (len(result) - len(shape)) + shape
        for size in reversed(padded[:-2]):
            steps.append(0 if size == 1 else step)
            step *= size
        return steps[::-1]

    dims, (lhs_strides, rhs_strides) = six_axes(leading, strides(lhs), strides(rhs))
    return {"dims": dims, "lhs_strides": lhs_strides, "rhs_strides": rhs_strides}


def _align(size: int) -> int:
    return -(-size // 64) * 64


def _activation_product(
    op: quant.MatMulOp, build: KernelBuilder, multipliers: Array
) -> None:
    """Both sides are packed or read at run time; leading axes broadcast."""
    lhs, rhs, result = uniform(op.lhs), uniform(op.rhs), uniform(op.result)
    lhs_shape, rhs_shape = shape_of(op.lhs), shape_of(op.rhs)
    rows, depth, columns = lhs_shape[-2], lhs_shape[-1], rhs_shape[-1]
    zero_points = np.resize(np.array(rhs.zero_points, np.int8), columns)
    zero_points = zero_points if zero_points.any() else None
    row = build.kernel("qcc_matmul_s8s8_tiles", "qcc_matmul_s8s8")
    assert row.tile is not None
    tile_rows, nr, kr = row.tile
    geometry = Geometry(1, (1, rows), depth, (1, rows), columns)
    arguments: dict[str, Literal] = {"row_block": geometry.column_block(tile_rows)}
    if row.stem == "qcc_matmul_s8s8_tiles":
        plan, scratch = plan_product(depth, columns, zero_points)
        arguments |= plan
    else:
        padded_columns = -(-columns // nr) * nr
        scratch = _align(-(-depth // kr) * kr * padded_columns)
        scratch += _align(4 * padded_columns) + geometry.scratch_bytes(tile_rows)
    bias = _optional_constant(op, op.bias, "the bias of a matrix product")
    if bias is None:
        bias = np.zeros(columns, np.int32)
    if row.stem == "qcc_matmul_s8s8_tiles":
        fits = product_cannot_overflow(depth, bias, multipliers)
        arguments["no_overflow"] = int(fits)
    build.call(
        row,
        arguments=batch_arguments(lhs_shape, rhs_shape, shape_of(op.result))
        | arguments
        | {
            "rows": rows,
            "depth": depth,
            "columns": columns,
            "lhs_zero_point": 0 if op.is_raw else lhs.zero_point,
            "zero_point": result.zero_point,
            "minimum": op.minimum_value,
            "maximum": op.maximum_value,
        },
        inputs=[
            build.buffer(op.lhs, padded=row.reads_past_input and depth % 4 != 0),
            build.buffer(op.rhs),
            None if zero_points is None else build.constant(zero_points),
            build.constant(bias),
            build.constant(multipliers),
        ],
        outputs=[build.result(op.result), build.scratch(scratch)],
    )
