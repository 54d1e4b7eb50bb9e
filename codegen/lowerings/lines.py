"""When the kernels of neon/conv2d_lines.h gather a convolution's taps, and how."""

from __future__ import annotations

from dataclasses import fields
from math import prod

import numpy as np

from qcc.codegen.kernel_row import KernelRow
from qcc.codegen.lowerings.convolution import Geometry
from qcc.dialects.types import Array

MAX_ROWS = 32
"""Kernel rows that these kernels take (QCC_LINES_MAX)."""


def _line_cost(row: KernelRow, taps: int) -> float:
    """Instructions that one output takes for one line of so many taps."""
    assert row.tile is not None
    depth = row.tile[2]
    if depth == 16:  # smull, smlal2, sadalp; without smlal2 for the last eight
        rest = taps % 16
        return 3 * (taps // 16) + (0 if rest == 0 else 2 if rest <= 8 else 3)
    return 0.3 * -(-taps // depth)  # a quarter of sdot or smmla, and loads


class GatheredGeometry(Geometry):
    """A convolution that reads the taps of each output column from one line."""

    @staticmethod
    def pays(row: KernelRow, geometry: Geometry) -> bool:
        """Whether that takes fewer instructions than a line per kernel row."""
        height, run = geometry.kernel[0], geometry.kernel[1] * geometry.channels
        if geometry.groups > 1 or height == 1:
            return False
        saved = height * _line_cost(row, run) - _line_cost(row, height * run)
        return geometry.outputs * saved > 4 + height * (1 + 2 * -(-run // 16))

    @staticmethod
    def of(geometry: Geometry) -> GatheredGeometry:
        """The same convolution with gathered taps."""
        return GatheredGeometry(
            **{f.name: getattr(geometry, f.name) for f in fields(geometry)}
        )

    def scratch_bytes(self, tile_rows: int) -> int:
        """The prepared rows, and the taps of a block of columns."""
        taps = prod(self.kernel) * self.channels
        return super().scratch_bytes(tile_rows) + self.column_block(tile_rows) * taps

    def arguments(self, tile_rows: int) -> dict[str, int]:
        """The geometry members of qcc_conv2d_args."""
        return super().arguments(tile_rows) | {"gather": 1}


def gathered_weights(weights: Array) -> Array:
    """Weights [O, C, KH, KW] as those of a 1x1 convolution: [O, KH * KW * C, 1, 1]."""
    rows = weights.transpose(0, 2, 3, 1).reshape(len(weights), -1, 1, 1)
    return np.ascontiguousarray(rows)


__all__ = ["MAX_ROWS", "GatheredGeometry", "gathered_weights"]
