"""
Strided iteration for kernels that walk tensors of any rank.

C walks at most six axes (`QCC_RANK` in `runtime/kernels/portable/nd.h`). Adjacent axes
that every operand walks as one are merged first, so that inner loops are long.
"""

from __future__ import annotations

from collections.abc import Sequence

from qcc.dialects.errors import QccError

RANK = 6

Strides = tuple[int, ...]


def row_major_strides(shape: Sequence[int]) -> Strides:
    """Elements from one index to the next along each axis of a contiguous tensor."""
    strides: list[int] = []
    step = 1
    for size in reversed(shape):
        strides.append(step)
        step *= size
    return tuple(reversed(strides))


def broadcast_strides(shape: Sequence[int], result: Sequence[int]) -> Strides:
    """Strides that walk a contiguous tensor of `shape` as one of shape `result`."""
    missing = len(result) - len(shape)
    own = zip(shape, row_major_strides(shape), strict=True)
    return (0,) * missing + tuple(0 if size == 1 else stride for size, stride in own)


def merge_axes(
    dims: Sequence[int], *operands: Sequence[int]
) -> tuple[list[int], list[list[int]]]:
    """
    The fewest axes that walk all operands in the same order; at least one axis.

    `operands` are the strides of each operand along `dims`. An axis of size 1 goes
    away; two neighbours become one where each operand's outer stride is the inner
    stride times the inner size.
    """
    merged: list[int] = []
    strides: list[list[int]] = [[] for _ in operands]
    for axis, size in enumerate(dims):
        if size == 1:
            continue
        steps = [operand[axis] for operand in operands]
        if merged and all(
            own[-1] == step * size for own, step in zip(strides, steps, strict=True)
        ):
            merged[-1] *= size
            for own, step in zip(strides, steps, strict=True):
                own[-1] = step
            continue
        merged.append(size)
        for own, step in zip(strides, steps, strict=True):
            own.append(step)
    if not merged:
        return [1], [[1] for _ in operands]
    return merged, strides


def six_axes(
    dims: Sequence[int], *operands: Sequence[int]
) -> tuple[list[int], list[list[int]]]:
    """
    `merge_axes`, filled up to six axes from the front.

    Raises QccError where more than six are left.
    """
    merged, strides = merge_axes(dims, *operands)
    missing = RANK - len(merged)
    if missing < 0:
        raise QccError(
            f"an operation walks {len(merged)} axes in different orders",
            why=f"the kernels know {RANK}",
            remedy="reshape its operands to fewer axes",
        )
    return [1] * missing + merged, [[0] * missing + own for own in strides]
