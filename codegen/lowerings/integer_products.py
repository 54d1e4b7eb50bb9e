"""Lowerings of ONNX's ConvInteger and MatMulInteger."""

from __future__ import annotations

from xdsl.ir import SSAValue

from qcc.codegen.lowerings.common import type_suffix
from qcc.codegen.lowerings.contraction import batch_arguments
from qcc.codegen.lowerings.convolution import geometry_of
from qcc.codegen.lowerings.float_contraction import optional_buffer
from qcc.codegen.lowerings.shape import copy
from qcc.codegen.select_kernels import KernelBuilder, lowering
from qcc.codegen.strides import row_major_strides
from qcc.dialects import quant
from qcc.dialects.types import shape_of, size_of


def _count(zero_point: SSAValue | None) -> int:
    return 1 if zero_point is None else size_of(zero_point)


def _outputs_last_weight(build: KernelBuilder, weight: SSAValue) -> SSAValue:
    """[O, C, KH, KW] as [KH][KW][C][O], moved at run time: it need not be constant."""
    order = (2, 3, 1, 0)
    shape = shape_of(weight)
    dims = [shape[axis] for axis in order]
    steps = row_major_strides(shape)
    moved = build.scratch(size_of(weight))
    strides = ([steps[axis] for axis in order], row_major_strides(dims))
    copy(build, build.buffer(weight), moved, 1, dims, strides)
    return moved


@lowering(quant.Conv2dIntegerOp)
def conv2d_integer(op: quant.Conv2dIntegerOp, build: KernelBuilder) -> None:
    """A copy of the weight in another order, then one call."""
    arguments = geometry_of(op).arguments(1)
    del arguments["column_block"], arguments["output_step"]
    build.call(
        build.kernel("qcc_conv2d_integer"),
        arguments=arguments
        | {
            "input_unsigned": int(type_suffix(op, op.input) == "u8"),
            "weight_unsigned": int(type_suffix(op, op.weight) == "u8"),
            "weight_zero_points": _count(op.weight_zero_point),
        },
        inputs=[
            build.buffer(op.input),
            _outputs_last_weight(build, op.weight),
            optional_buffer(build, op.input_zero_point),
            optional_buffer(build, op.weight_zero_point),
        ],
        outputs=[build.result(op.result)],
    )


@lowering(quant.MatMulIntegerOp)
def matmul_integer(op: quant.MatMulIntegerOp, build: KernelBuilder) -> None:
    """One call; both operands are read as they are."""
    lhs, rhs = shape_of(op.lhs), shape_of(op.rhs)
    build.call(
        build.kernel("qcc_matmul_integer"),
        arguments=batch_arguments(lhs, rhs, shape_of(op.result))
        | {
            "rows": lhs[-2],
            "depth": lhs[-1],
            "columns": rhs[-1],
            "lhs_unsigned": int(type_suffix(op, op.lhs) == "u8"),
            "rhs_unsigned": int(type_suffix(op, op.rhs) == "u8"),
            "lhs_zero_points": _count(op.lhs_zero_point),
            "rhs_zero_points": _count(op.rhs_zero_point),
        },
        inputs=[
            build.buffer(op.lhs),
            build.buffer(op.rhs),
            optional_buffer(build, op.lhs_zero_point),
            optional_buffer(build, op.rhs_zero_point),
        ],
        outputs=[build.result(op.result)],
    )
