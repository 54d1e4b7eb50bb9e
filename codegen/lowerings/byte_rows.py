"""The geometry of kernels whose prepared rows are bytes (AVX2, AVX-512 VNNI)."""

from __future__ import annotations

from dataclasses import fields
from math import prod
from typing import ClassVar

from qcc.codegen.lowerings.convolution import Geometry

_FIRST_LEVEL = 24 * 1024
"""Bytes of prepared rows that stay in a first-level cache beside the weights."""

_SECOND_LEVEL = 256 * 1024
"""Bytes of prepared rows that stay in a second-level cache beside the weights."""

_FEW_WEIGHTS = 128 * 1024
"""Bytes of weights that may be read again for every row or block of columns."""

_TILE_COLUMNS = 12
"""Blocks of columns are multiples of what a tile has at most."""


class ByteRowsGeometry(Geometry):
    """
    A convolution of qcc_conv2d_s8s8_symmetric with weights packed 16c4.

    Many weights should be read once: all rows (a.band_rows of them), or all columns of
    the only row, are prepared before the first channels are multiplied.
    """

    splits_rows: ClassVar[bool] = False

    @staticmethod
    def of(geometry: Geometry, *, splits_rows: bool) -> ByteRowsGeometry:
        """A flattened geometry; `splits_rows`: for avx2/conv2d_symmetric.h."""
        members = {f.name: getattr(geometry, f.name) for f in fields(geometry)}
        kind = _SplitRowsGeometry if splits_rows else ByteRowsGeometry
        return kind(**members)

    def _computed_pixels(self, tile_rows: int) -> int:
        """Tiles of AVX-512 are nearly equal, AVX2 has small ones."""
        del tile_rows
        return self.batch * prod(self.output)

    @property
    def _has_many_weights(self) -> bool:
        taps = prod(self.kernel) * self.channels
        return taps * self.outputs // self.groups > _FEW_WEIGHTS

    def _row_bytes(self, columns: int) -> int:
        """As qcc_conv2d_make_plan."""
        run = self.kernel[1] * self.channels
        gathered = self.dilations[1] > 1 or self.strides[1] > self.kernel[1]
        step = run if gathered else self.strides[1] * self.channels
        return (columns - 1) * step + run

    def _slots(self, rows: int) -> int:
        """Prepared rows for so many output rows, as qcc_conv2d_make_band has it."""
        height, stride = self.kernel[0], self.strides[0]
        reach = (height - 1) * self.dilations[0]
        return (rows - 1) * stride + reach + 1 if stride <= reach else rows * height

    @property
    def band_rows(self) -> int:
        """Output rows whose inputs are prepared at once; 0 for a ring of rows."""
        height, row = self.output[0], self._row_bytes(self.output[1])
        if height == 1 or not self._has_many_weights:
            return 0
        while height > 1 and self._slots(height) * row > _SECOND_LEVEL:
            height = -(-height // 2)
        return height if height > 1 else 0

    def column_block(self, tile_rows: int) -> int:
        """All columns, or nearly equal blocks of them that fit a cache."""
        del tile_rows
        width = self.output[1]
        if self.band_rows:
            return width
        budget = _SECOND_LEVEL if self._has_many_weights else _FIRST_LEVEL
        column = self._row_bytes(2) - self._row_bytes(1)
        fitting = max(budget // (column * self.kernel[0]), 4 * _TILE_COLUMNS)
        if not self._has_many_weights and not self.splits_rows:
            hot = _FIRST_LEVEL // self.outputs // _TILE_COLUMNS * _TILE_COLUMNS
            fitting = min(fitting, max(hot, 4 * _TILE_COLUMNS))
        if fitting >= width:
            return width
        blocks = -(-width // fitting)
        return -(-width // (blocks * _TILE_COLUMNS)) * _TILE_COLUMNS

    def scratch_bytes(self, tile_rows: int) -> int:
        """The prepared rows; for AVX2 two parts of them, and bits."""
        slots = self._slots(self.band_rows) if self.band_rows else self.kernel[0]
        columns = self.column_block(tile_rows)
        size = slots * self._row_bytes(columns)
        if not self.splits_rows:
            return size + 64
        return 3 * ((size + 127) // 64 * 64) + 64

    @property
    def has_room(self) -> bool:
        """Whether the bits of a row's tiles fit beside it: avx2/conv2d_symmetric.h."""
        columns = self.column_block(4)
        tiles = -(-columns // 4) if columns >= 4 else columns
        taps = self.kernel[1] * self.channels
        return tiles * -(-taps // 32) <= self._row_bytes(columns)

    def arguments(self, tile_rows: int) -> dict[str, int]:
        """The geometry, and how rows are prepared."""
        return super().arguments(tile_rows) | {"band_rows": self.band_rows}


class _SplitRowsGeometry(ByteRowsGeometry):
    splits_rows = True
