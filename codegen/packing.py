"""
How weights are laid out for the micro-kernels (docs/kernels.md).

A packed convolution weight is `[group][ceil(O/NR)][KH][ceil(KW*C / KR)][NR][KR]`: what
a tile reads is one run of memory. Rows past the end hold zeros; taps past the end of a
kernel row hold the channel's zero point, because a tile multiplies them with whatever
follows in its row.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Int8Array = NDArray[np.int8]
WeightT = TypeVar("WeightT", np.int8, np.float32)


def _round_up(value: int, step: int) -> int:
    return -(-value // step) * step


def pack_conv2d(
    weight: NDArray[WeightT],
    tile: tuple[int, int, int],
    groups: int = 1,
    zero_points: Int8Array | None = None,
) -> NDArray[WeightT]:
    """Packs a weight [O, C/groups, KH, KW] for a tile (MR, NR, KR), flat."""
    _, nr, kr = tile
    count, channels, height, width = weight.shape
    per_group, taps = count // groups, width * channels
    rows, depth = _round_up(per_group, nr), _round_up(taps, kr)
    padded = np.zeros((groups, rows, height, depth), weight.dtype)
    if zero_points is not None:
        per_channel = zero_points.reshape(groups, per_group, 1, 1)
        padded[:, :per_group, :, taps:] = per_channel
    runs = weight.transpose(0, 2, 3, 1).reshape(groups, per_group, height, taps)
    padded[:, :per_group, :, :taps] = runs
    split = padded.reshape(groups, rows // nr, nr, height, depth // kr, kr)
    return np.ascontiguousarray(split.transpose(0, 1, 3, 4, 2, 5)).reshape(-1)


def pack_depthwise(
    weight: Int8Array,
    tile: tuple[int, int, int],
    zero_points: Int8Array | None = None,
) -> Int8Array:
    """Packs [C, 1, KH, KW] as `[ceil(C/NR)][ceil(taps/KR)][NR][KR]`, flat."""
    _, nr, kr = tile
    channels, taps = weight.shape[0], weight.shape[2] * weight.shape[3]
    rows, depth = _round_up(channels, nr), _round_up(taps, kr)
    padded = np.zeros((rows, depth), np.int8)
    if zero_points is not None:
        padded[:channels, taps:] = zero_points.reshape(-1, 1)
    padded[:channels, :taps] = weight.reshape(channels, taps)
    split = padded.reshape(rows // nr, nr, depth // kr, kr)
    return np.ascontiguousarray(split.transpose(0, 2, 1, 3)).reshape(-1)


def pack_depthwise_rows(
    weight: Int8Array,
    tile: tuple[int, int, int],
    zero_points: Int8Array | None = None,
) -> Int8Array:
    """Packs [C, 1, KH, KW] as `[ceil(C/NR)][ceil(KH/KR)][KW][NR][KR]`, flat."""
    _, nr, kr = tile
    channels, _, height, width = weight.shape
    padded = np.zeros((_round_up(channels, nr), _round_up(height, kr), width), np.int8)
    if zero_points is not None:
        padded[:channels, height:] = zero_points.reshape(-1, 1, 1)
    padded[:channels, :height] = weight[:, 0]
    split = padded.reshape(-1, nr, padded.shape[1] // kr, kr, width)
    return np.ascontiguousarray(split.transpose(0, 2, 4, 1, 3)).reshape(-1)


def pack_int4(runs: Int8Array, block: int) -> NDArray[np.uint8]:
    """
    Elements in [-8, 7], in runs of `block`, as two per byte, flat.

    The low four bits of byte n of a run are element n, the high ones n + block / 2.
    """
    bits = runs.reshape(-1, block).view(np.uint8) & 15
    low, high = bits[:, : block // 2], bits[:, block // 2 :]
    return (low | high << 4).astype(np.uint8).reshape(-1)


def pack_int4_rows(rows: Int8Array) -> NDArray[np.uint8]:
    """Rows of elements in [-8, 7], two neighbours per byte, the first in the low."""
    padded = np.pad(rows, ((0, 0), (0, rows.shape[1] % 2))).view(np.uint8) & 15
    return (padded[:, ::2] | padded[:, 1::2] << 4).astype(np.uint8)
