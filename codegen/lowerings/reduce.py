"""Lowerings of reductions over any axes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod

from xdsl.ir import SSAValue

from qcc.codegen.lowerings.common import (
    element_bytes,
    scale_and_zero_point,
    type_suffix,
    unsupported,
)
from qcc.codegen.lowerings.shape import copy
from qcc.codegen.select_kernels import KernelBuilder, lowering
from qcc.codegen.strides import broadcast_strides, row_major_strides, six_axes
from qcc.dialects import nn, quant
from qcc.dialects.reference.numbers import pooling_multipliers
from qcc.dialects.types import shape_of, size_of

FLOAT_REDUCTIONS = ("sum", "mean", "sum_square")
"""The enumeration in `runtime/kernels/portable/reduce_f32.h`, without its prefix."""


def walk_arguments(
    op: nn.ReduceOp
    | quant.ReduceMeanOp
    | quant.ReduceSumOp
    | quant.DynamicReduceMeanOp,
) -> dict[str, int | list[int]]:
    """The members of `qcc_reduce_args` that say which element goes where."""
    shape = shape_of(op.input)
    result = broadcast_strides(shape_of(op.result), shape)
    # The input's own strides keep axes apart that are not walked as one.
    dims, (_, strides) = six_axes(shape, row_major_strides(shape), result)
    length = size_of(op.result)
    return {"dims": dims, "result_strides": strides, "result_length": length}


def _in_any_order(name: str) -> Callable[[nn.ReduceOp, KernelBuilder], None]:
    """Comparisons, and integer sums and products."""

    def lower(op: nn.ReduceOp, build: KernelBuilder) -> None:
        build.call(
            build.kernel(f"qcc_reduce_{name}_{type_suffix(op, op.input)}"),
            arguments=walk_arguments(op),
            inputs=[build.buffer(op.input)],
            outputs=[build.result(op.result)],
        )

    return lower


def _adjacent(
    op: nn.ReduceOp, build: KernelBuilder
) -> tuple[SSAValue, tuple[int, int, int]]:
    """The input with its reduced axes side by side, and outer, reduced, inner sizes."""
    shape = shape_of(op.input)
    # Axes of size 1 may count as reduced or not.
    reduced = [axis for axis in op.axis_values if shape[axis] != 1]
    if not reduced:
        return build.buffer(op.input), (1, 1, size_of(op.input))
    first, last = reduced[0], reduced[-1]
    between = [a for a in range(first, last) if a not in reduced and shape[a] != 1]
    outer = prod(shape[:first])
    count = prod(shape[axis] for axis in reduced)
    if not between:
        return build.buffer(op.input), (outer, count, prod(shape[last + 1 :]))
    order = [axis for axis in range(len(shape)) if axis not in reduced] + reduced
    sizes = [shape[axis] for axis in order]
    strides = row_major_strides(shape)
    moved = ([strides[axis] for axis in order], row_major_strides(sizes))
    size = element_bytes(op.input)
    source = build.buffer(op.input)
    destination = build.scratch(size_of(op.input) * size)
    copy(build, source, destination, size, sizes, moved)
    return destination, (size_of(op.input) // count, count, 1)


def _of_floats(name: str) -> Callable[[nn.ReduceOp, KernelBuilder], None]:
    """Sums and products, whose order counts; integers go the other way."""
    integers = _in_any_order(name)

    def lower(op: nn.ReduceOp, build: KernelBuilder) -> None:
        if type_suffix(op, op.input) != "f32":
            if name == "mean":
                raise unsupported(op, "the kernel takes float32 only")
            integers(op, build)
            return
        source, (outer, reduced, inner) = _adjacent(op, build)
        arguments = {"outer": outer, "reduced": reduced, "inner": inner}
        stem = "qcc_reduce_prod_f32"
        if name != "prod":
            stem = "qcc_reduce_lanes_f32"
            arguments["operation"] = FLOAT_REDUCTIONS.index(name)
        build.call(
            build.kernel(stem),
            arguments=arguments,
            inputs=[source],
            outputs=[build.result(op.result)],
        )

    return lower


_NN: Mapping[type[nn.ReduceOp], Callable[[nn.ReduceOp, KernelBuilder], None]] = {
    nn.ReduceMaxOp: _in_any_order("max"),
    nn.ReduceMinOp: _in_any_order("min"),
    nn.ReduceSumOp: _of_floats("sum"),
    nn.ReduceMeanOp: _of_floats("mean"),
    nn.ReduceSumSquareOp: _of_floats("sum_square"),
    nn.ReduceProdOp: _of_floats("prod"),
}
for _op, _function in _NN.items():
    lowering(_op)(_function)


def _quantized(
    op: quant.ReduceMeanOp | quant.ReduceSumOp, build: KernelBuilder, divisor: int
) -> None:
    input_scale, input_zero_point = scale_and_zero_point(op.input)
    scale, zero_point = scale_and_zero_point(op.result)
    multipliers, shift = pooling_multipliers(input_scale, scale, [divisor])
    build.call(
        build.kernel("qcc_reduce_quantized_s8"),
        arguments=walk_arguments(op)
        | {
            "input_zero_point": input_zero_point,
            "count": _count(op),
            "multiplier": multipliers[divisor],
            "shift": shift,
            "zero_point": zero_point,
            "minimum": op.minimum_value,
            "maximum": op.maximum_value,
        },
        inputs=[build.buffer(op.input)],
        outputs=[build.result(op.result), build.scratch(4 * size_of(op.result))],
    )


def _count(op: quant.ReduceMeanOp | quant.ReduceSumOp) -> int:
    return prod(shape_of(op.input)[axis] for axis in op.axis_values)


@lowering(quant.ReduceMeanOp)
def reduce_mean_s8(op: quant.ReduceMeanOp, build: KernelBuilder) -> None:
    """Integer sums; the multiplier divides."""
    _quantized(op, build, _count(op))


@lowering(quant.ReduceSumOp)
def reduce_sum_s8(op: quant.ReduceSumOp, build: KernelBuilder) -> None:
    """Integer sums."""
    _quantized(op, build, 1)
