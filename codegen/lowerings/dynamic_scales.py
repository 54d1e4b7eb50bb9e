"""Lowerings of casts and arithmetic whose scales are taken at run time."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.ir import SSAValue

from qcc.codegen.lowerings.common import broadcast_arguments, length
from qcc.codegen.lowerings.pool import window_arguments
from qcc.codegen.lowerings.reduce import walk_arguments
from qcc.codegen.select_kernels import KernelBuilder, lowering
from qcc.dialects import quant
from qcc.dialects.kernel import Literal
from qcc.dialects.types import size_of

_PARAMETER_BYTES = 8


def _clip(op: quant.DynamicOperation | quant.DynamicClipOp) -> dict[str, Literal]:
    return {"minimum": op.minimum_value, "maximum": op.maximum_value}


def _elementwise(
    build: KernelBuilder,
    stem: str,
    inputs: Sequence[SSAValue],
    result: SSAValue,
    arguments: dict[str, Literal] | None = None,
) -> None:
    """One call over all elements of the first input."""
    build.call(
        build.kernel(stem),
        arguments=length(inputs[0]) | (arguments or {}),
        inputs=[build.buffer(value) for value in inputs],
        outputs=[build.result(result)],
    )


@lowering(quant.DynamicQuantizeCastOp)
def dynamic_qcast(op: quant.DynamicQuantizeCastOp, build: KernelBuilder) -> None:
    """Two passes: the range, then the elements."""
    stem = "qcc_dynamic_range_f32"
    _elementwise(build, stem, [op.input], op.result_parameters, _clip(op))
    inputs = [op.input, op.result_parameters]
    _elementwise(build, "qcc_dynamic_quantize_f32_s8", inputs, op.result)


@lowering(quant.DynamicDequantizeCastOp)
def dynamic_dcast(op: quant.DynamicDequantizeCastOp, build: KernelBuilder) -> None:
    """One pass."""
    inputs = [op.input, op.parameters]
    _elementwise(build, "qcc_dynamic_dequantize_s8_f32", inputs, op.result)


@lowering(quant.DynamicRequantizeOp)
def dynamic_requantize(op: quant.DynamicRequantizeOp, build: KernelBuilder) -> None:
    """One pass."""
    inputs = [op.input, op.parameters, op.target]
    _elementwise(build, "qcc_dynamic_requantize_s8", inputs, op.result)


@lowering(quant.DynamicClipOp)
def dynamic_clip(op: quant.DynamicClipOp, build: KernelBuilder) -> None:
    """One pass."""
    inputs = [op.input, op.parameters]
    _elementwise(build, "qcc_dynamic_clip_s8", inputs, op.result, _clip(op))


@lowering(quant.DynamicUnionOp)
def dynamic_union(op: quant.DynamicUnionOp, build: KernelBuilder) -> None:
    """The parameters side by side, then one call."""
    size = _PARAMETER_BYTES
    gathered = build.scratch(size * len(op.inputs))
    for index, value in enumerate(op.inputs):
        build.call(
            build.kernel("qcc_copy_bytes"),
            arguments={"length": size},
            inputs=[build.buffer(value)],
            outputs=[build.part(gathered, index * size)],
        )
    infinity = float("inf")
    build.call(
        build.kernel("qcc_dynamic_union_f32"),
        arguments={
            "length": len(op.inputs),
            "minimum": -infinity,
            "maximum": infinity,
        },
        inputs=[gathered],
        outputs=[build.result(op.result)],
    )


def _binary(
    op: quant.DynamicBinaryOp,
    build: KernelBuilder,
    stem: str,
    arguments: dict[str, Literal] | None = None,
) -> None:
    operands = (op.lhs, op.lhs_parameters, op.rhs, op.rhs_parameters)
    build.call(
        build.kernel(stem),
        arguments=broadcast_arguments(op.result, lhs=op.lhs, rhs=op.rhs)
        | _clip(op)
        | (arguments or {}),
        inputs=[build.buffer(value) for value in operands],
        outputs=[build.result(op.result), build.result(op.result_parameters)],
    )


@lowering(quant.DynamicAddOp)
def dynamic_add(op: quant.DynamicAddOp, build: KernelBuilder) -> None:
    """The sums are scanned, then computed again and stored."""
    _binary(op, build, "qcc_dynamic_add_s8")


@lowering(quant.DynamicSubOp)
def dynamic_sub(op: quant.DynamicSubOp, build: KernelBuilder) -> None:
    """An addition with a negative multiplier."""
    _binary(op, build, "qcc_dynamic_add_s8", {"subtract": 1})


@lowering(quant.DynamicMulOp)
def dynamic_mul(op: quant.DynamicMulOp, build: KernelBuilder) -> None:
    """The products are scanned, then computed again and stored."""
    _binary(op, build, "qcc_dynamic_mul_s8")


@lowering(quant.DynamicReduceMeanOp)
def dynamic_reduce_mean(op: quant.DynamicReduceMeanOp, build: KernelBuilder) -> None:
    """Integer sums, then one multiplication each."""
    build.call(
        build.kernel("qcc_dynamic_reduce_mean_s8_f32"),
        arguments=walk_arguments(op) | {"count": op.count},
        inputs=[build.buffer(op.input), build.buffer(op.parameters)],
        outputs=[build.result(op.result), build.scratch(4 * size_of(op.result))],
    )


@lowering(quant.DynamicAvgPool2dOp)
def dynamic_avg_pool2d(op: quant.DynamicAvgPool2dOp, build: KernelBuilder) -> None:
    """Integer sums, then one multiplication each."""
    build.call(
        build.kernel("qcc_dynamic_avg_pool2d_s8_f32"),
        arguments=window_arguments(op) | {"count_include_pad": int(op.counts_padding)},
        inputs=[build.buffer(op.input), build.buffer(op.parameters)],
        outputs=[build.result(op.result)],
    )
