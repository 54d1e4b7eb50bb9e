"""
Which steps of a 1×1 convolution may be summed in int16: avx2/conv2d_symmetric.h.

A step multiplies 4 taps with 16 channels as two sums of two products each. Prepared
activations are at least 0 and, two neighbours together, at most 258, so a sum lies
between -258 max(-w, -w', 0) and 258 max(w, w', 0). Two steps whose sums fit int16
together, in all 16 channels, need one widening instead of two. Pairs are looked for in
each block of 16 channels.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qcc.codegen.lowerings.convolution import Geometry
from qcc.codegen.packing import Int8Array

_CHANNELS = 16
_TAPS = 4

_LARGEST = (2**15 - 1) // 258
"""What the weights of two neighbours may have in two steps together: 127."""

_FEWEST = 0.3
"""The share of steps in pairs from which the table pays."""

_ALIGNMENT = 64


def fits(geometry: Geometry) -> bool:
    """Whether the kernel takes a table for this geometry."""
    steps = geometry.channels // _TAPS
    return (
        geometry.kernel == (1, 1)
        and geometry.groups == 1
        and geometry.outputs >= _CHANNELS
        and 16 <= steps < 2**16
    )


def bounds(packed: Int8Array, blocks: int) -> NDArray[np.uint8]:
    """
    Of packed weights [blocks][steps][16][4] the largest of two neighbours, 0 included.

    [blocks, 64, steps]: of 16 channels, of both halves of a step, of both signs.
    """
    sums = packed.reshape(blocks, -1, _CHANNELS * 2, 2).astype(np.int16)
    signed = np.concatenate([sums, -sums], axis=2).max(axis=3, initial=0)
    return signed.astype(np.uint8).transpose(0, 2, 1)


def matches(largest: NDArray[np.uint8]) -> tuple[list[int], list[int]]:
    """
    Steps in pairs, one behind the other, and the steps that are left.

    `largest` [64, steps] is that of one block. Those that go with few are served first.
    """
    steps = largest.shape[1]
    clash = np.eye(steps, dtype=np.bool_)
    for row in largest:
        clash |= row[:, None] > _LARGEST - row
    order = np.argsort(-clash.sum(axis=1), kind="stable")
    goes = ~clash[np.ix_(order, order)]
    free = np.ones(steps, np.bool_)
    paired: list[int] = []
    for i in range(steps):
        if not free[i]:
            continue
        partner = int((goes[i] & free).argmax())
        if goes[i, partner] and free[partner]:
            free[[i, partner]] = False
            paired += [int(order[i]), int(order[partner])]
    return paired, sorted(int(order[i]) for i in np.flatnonzero(free))


def with_tables(packed: Int8Array, blocks: int) -> Int8Array | None:
    """
    The weights of each block of 16 channels with their table behind; None if few pair.

    The table: uint16 number of pairs, steps of pairs, other steps; padded to 64 bytes.
    """
    found = [matches(largest) for largest in bounds(packed, blocks)]
    steps = packed.size // (blocks * _CHANNELS * _TAPS)
    if sum(len(paired) for paired, _ in found) < _FEWEST * steps * blocks:
        return None
    size = -(-2 * (steps + 1) // _ALIGNMENT) * _ALIGNMENT
    tables = np.zeros((blocks, size // 2), "<u2")
    for table, (paired, single) in zip(tables, found, strict=True):
        table[: steps + 1] = [len(paired) // 2, *paired, *single]
    weights = packed.reshape(blocks, -1)
    return np.concatenate([weights, tables.view(np.int8)], axis=1).reshape(-1)


__all__ = ["bounds", "fits", "matches", "with_tables"]
