"""
How calls of kernels other than convolutions are done in parts: which arguments and
which places in its buffers each part has, by argument struct.

Parts write different bytes, each of which is computed as it would be in the whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import prod

from qcc.codegen.buffer_uses import element_bytes
from qcc.dialects import kernel

_WORK = 1000
"""Nanoseconds from which a part pays for handing it to a thread."""

_RUN = 64
"""Elements; parts of a long run begin at a multiple of it."""


@dataclass(frozen=True)
class CallPart:
    """What of a call is different in a part of it."""

    arguments: Mapping[str, kernel.Literal]
    offsets: Sequence[int]
    """Bytes into every buffer."""


Ranges = Iterator[tuple[int, int]]
Rule = Callable[[kernel.CallOp, int], list[CallPart]]


def _ranges(size: int, count: int, step: int = 1) -> Ranges:
    """At most `count` nearly equal ranges; their borders are multiples of `step`."""
    units = -(-size // step)
    count = min(count, units)
    borders = [min(units * i // count * step, size) for i in range(count + 1)]
    return pairwise(borders)


def _count(call: kernel.CallOp, elements: int, threads: int) -> int:
    """The parts that a call is worth which makes so many elements."""
    time = elements * _TIMES.get(call.struct.data, 0.1)
    return max(1, min(threads, int(time / _WORK)))


def _offsets(
    call: kernel.CallOp, reads: Sequence[int], write: int, size: int | None = None
) -> list[int]:
    """Elements into the first buffers that are read and the first that is written."""
    first = len(call.read_buffers)
    elements = {**dict(enumerate(reads)), first: write}
    return [
        elements.get(index, 0) * (size or element_bytes(buffer))
        if elements.get(index, 0)
        else 0
        for index, buffer in enumerate(call.buffers)
    ]


def _elements(call: kernel.CallOp, threads: int) -> list[CallPart]:
    """Element by element: one input of `length` elements, and perhaps a table."""
    length = call.integer("length")
    size = 1 if call.struct.data == "qcc_copy_bytes_args" else None
    return [
        CallPart({"length": last - first}, _offsets(call, [first], first, size))
        for first, last in _ranges(length, _count(call, length, threads), _RUN)
    ]


def _rows(call: kernel.CallOp, threads: int) -> list[CallPart]:
    """Functions of rows: outer x length x inner."""
    inner = call.integer("inner") if "inner" in call.arguments.data else 1
    outer, row = call.integer("outer"), call.integer("length") * inner
    return [
        CallPart({"outer": last - first}, _offsets(call, [first * row], first * row))
        for first, last in _ranges(outer, _count(call, outer * row, threads))
    ]


def _broadcast(*names: str) -> Rule:
    """Operands that are walked by strides; the result is contiguous."""

    def rule(call: kernel.CallOp, threads: int) -> list[CallPart]:
        dims = list(call.integers("dims"))
        axis = _outermost(dims)
        strides = [call.integers(f"{name}_strides")[axis] for name in names]
        inner = prod(dims[axis + 1 :])
        count = _count(call, prod(dims), threads)
        return [
            CallPart(
                {"dims": [*dims[:axis], last - first, *dims[axis + 1 :]]},
                _offsets(call, [first * step for step in strides], first * inner),
            )
            for first, last in _ranges(dims[axis], count, _RUN if inner == 1 else 1)
        ]

    return rule


def _outermost(dims: Sequence[int]) -> int:
    """The first axis that is longer than 1."""
    return next((i for i, size in enumerate(dims) if size != 1), len(dims) - 1)


def _products(call: kernel.CallOp, threads: int) -> list[CallPart]:
    """Matrix products: the first of their leading axes."""
    dims = list(call.integers("dims"))
    axis = _outermost(dims)
    lhs, rhs = (call.integers(f"{side}_strides")[axis] for side in ("lhs", "rhs"))
    rows, columns = call.integer("rows"), call.integer("columns")
    result = prod(dims[axis + 1 :]) * rows * columns
    work = prod(dims) * rows * columns * call.integer("depth")
    return [
        CallPart(
            {"dims": [*dims[:axis], last - first, *dims[axis + 1 :]]},
            _offsets(call, [first * lhs, first * rhs], first * result),
        )
        for first, last in _ranges(dims[axis], _count(call, work, threads))
    ]


def _copies(call: kernel.CallOp, threads: int) -> list[CallPart]:
    """Strided copies: the first long axis, or the longest."""
    dims = list(call.integers("dims"))
    axis = next((i for i, d in enumerate(dims) if d >= 16), dims.index(max(dims)))
    steps = {
        f"{side}_offset": (call.integer(f"{side}_offset"), strides[axis])
        for side in ("input", "output")
        if (strides := call.integers(f"{side}_strides"))
    }
    return [
        CallPart(
            {"dims": [*dims[:axis], last - first, *dims[axis + 1 :]]}
            | {name: offset + first * step for name, (offset, step) in steps.items()},
            [0] * len(call.buffers),
        )
        for first, last in _ranges(dims[axis], _count(call, prod(dims), threads))
    ]


def _transposed(call: kernel.CallOp, threads: int) -> list[CallPart]:
    """Quantization that moves channels behind pixels: some of the pixels."""
    rows, columns = call.integer("rows"), call.integer("columns")
    count = _count(call, rows * columns, threads) if call.integer("batch") == 1 else 1
    return [
        CallPart({"columns": last - first}, _offsets(call, [first], first * rows))
        for first, last in _ranges(columns, count, _RUN)
    ]


def _pools(call: kernel.CallOp, threads: int) -> list[CallPart]:
    """Windows: some of the output's rows."""
    height, stride = call.integer("output_height"), call.integer("stride_height")
    channels, input_height = call.integer("channels"), call.integer("input_height")
    line = call.integer("output_width") * channels
    taps = call.integer("kernel_height") * call.integer("kernel_width")
    count = _count(call, height * line * taps, threads)
    parts: list[CallPart] = []
    for first, last in _ranges(height, count if call.integer("batch") == 1 else 1):
        top = first * stride - call.integer("pad_top")
        skipped = max(top, 0)
        members: dict[str, kernel.Literal] = {
            "input_height": input_height - skipped,
            "output_height": last - first,
            "pad_top": max(-top, 0),
        }
        read = skipped * call.integer("input_width") * channels
        parts.append(CallPart(members, _offsets(call, [read], first * line)))
    return parts


_RULES: Mapping[str, Rule] = {
    "qcc_add_args": _broadcast("lhs", "rhs"),
    "qcc_binary_args": _broadcast("lhs", "rhs"),
    "qcc_cast_args": _elements,
    "qcc_clamp_args": _elements,
    "qcc_copy_bytes_args": _elements,
    "qcc_copy_nd_args": _copies,
    "qcc_layer_norm_args": _rows,
    "qcc_layer_norm_s8_args": _rows,
    "qcc_lookup_args": _elements,
    "qcc_matmul_args": _products,
    "qcc_mul_args": _broadcast("lhs", "rhs"),
    "qcc_pool2d_args": _pools,
    "qcc_quantize_args": _elements,
    "qcc_quantize_transposed_args": _transposed,
    "qcc_requantize_args": _elements,
    "qcc_softmax_args": _rows,
    "qcc_softmax_s8_args": _rows,
    "qcc_unary_args": _elements,
    "qcc_where_args": _broadcast("condition", "lhs", "rhs"),
}

_TIMES: Mapping[str, float] = {
    "qcc_binary_args": 0.5,
    "qcc_copy_bytes_args": 0.03,
    "qcc_copy_nd_args": 0.3,
    "qcc_layer_norm_args": 3,
    "qcc_layer_norm_s8_args": 1,
    "qcc_lookup_args": 0.05,
    "qcc_matmul_args": 0.02,
    "qcc_pool2d_args": 0.02,
    "qcc_quantize_args": 0.2,
    "qcc_quantize_transposed_args": 0.2,
    "qcc_softmax_args": 5,
    "qcc_softmax_s8_args": 1,
    "qcc_unary_args": 5,
}
"""Nanoseconds per element (tap, product), roughly; 0.1 for others."""


def call_parts(call: kernel.CallOp, threads: int) -> list[CallPart]:
    """At most `threads` parts of a call; fewer than two where it stays as it is."""
    rule = _RULES.get(call.struct.data)
    return [] if rule is None else rule(call, threads)
