"""The plan of Winograd's convolution F(4x4, 3x3) (x86), and where it pays."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import ClassVar

import numpy as np

from qcc.codegen.kernel_row import KernelRow
from qcc.codegen.lowerings.bands import bands
from qcc.codegen.lowerings.convolution import Geometry
from qcc.dialects.types import Array

_POINTS = 36
"""Products that 4x4 outputs cost."""

_LARGEST_SUM = 2**25
"""576 times a sum must be exact modulo 2^32."""

_BAND = 640 * 1024
"""Bytes of transformed inputs that stay in a cache while weights change."""

_FEW_TILES = 40
"""For fewer tiles the weights of 16 channels cost more than 5 % of the time."""

_LARGEST_BAND = 1536 * 1024
"""Bytes of transformed inputs, at most, for fewer bands of few tiles."""

_WEIGHT_BLOCK = 160 * 1024
"""Bytes of transformed weights that are read again for every 4 tiles."""

# Cycles, measured with `python benchmarks/convolution.py x86-64-v3` (or avxvnni).
_INPUT_CYCLES = 150 / 16
"""To transform a tile, per channel."""
_WEIGHT_CYCLES = 148 / 2
"""To transform the weights of 16 output channels, per channel."""
_STORE_CYCLES = 255
"""To transform and store a tile of 16 output channels."""


_CLOCK = 4.1
"""Cycles in a nanosecond, of the processor that was measured."""


@dataclass(frozen=True)
class _Rates:
    """What depends on the instruction set."""

    product_cycles: float
    """Of two channels of a group of tiles by 16 output channels, at one point."""
    direct_products: float
    """Products per cycle of the best other kernel."""


_RATES = {"avx2": _Rates(6.4, 25), "avxvnni": _Rates(7.1, 50)}


def _up(value: int, step: int) -> int:
    return -(-value // step)


class WinogradGeometry(Geometry):
    """
    A convolution of avx2/winograd_driver.h, twin of `qcc_winograd_make_plan`.

    Outputs are tiles of 4x4, multiplied in groups of `tile_rows`; rows of tiles are
    counted through all images.
    """

    row_step: ClassVar[int] = 4

    @staticmethod
    def of(geometry: Geometry) -> WinogradGeometry:
        """A geometry for which it `pays`."""
        members = {f.name: getattr(geometry, f.name) for f in fields(geometry)}
        return WinogradGeometry(**members)

    @staticmethod
    def pays(
        geometry: Geometry, weights: Array, row: KernelRow, threads: int = 1
    ) -> bool:
        """
        Whether a kernel is exact for these weights [O, C, 3, 3], and the fastest.

        Their zero points are 0. `threads`: parts, each of which transforms all weights.
        """
        own = WinogradGeometry.of(geometry)
        if not own._fits or 128 * _largest_sum(weights) >= _LARGEST_SUM:
            return False
        direct = max(b.geometry.products for b in bands(geometry, row, threads))
        parts = [WinogradGeometry.of(b.geometry) for b in bands(own, row, threads)]
        cycles = max(part._cycles(row) for part in parts)
        return cycles < direct / _RATES[row.isa].direct_products

    @property
    def _fits(self) -> bool:
        steps = self.strides == (1, 1) and self.dilations == (1, 1)
        depth = self.channels >= 16 and self.channels % 4 == 0
        plain = self.groups == 1 and self.kernel == (3, 3) and steps
        small = self._input_bytes(1, 4) <= _LARGEST_BAND
        return plain and depth and small and self.outputs >= 16

    @property
    def _across(self) -> int:
        return _up(self.output[1], 4)

    @property
    def _strips(self) -> int:
        """Rows of tiles of all images."""
        return self.batch * _up(self.output[0], 4)

    def nanoseconds(self, row: KernelRow) -> float:
        """What it takes."""
        return self._cycles(row) / _CLOCK

    def _cycles(self, row: KernelRow) -> float:
        assert row.tile is not None
        group = row.tile[0]
        tiles, blocks = self._strips * self._across, _up(self.outputs, 16)
        count = _up(self._strips, self._band_strips(group))
        groups = count * _up(_up(tiles, count), group)
        product = _POINTS / 2 * _RATES[row.isa].product_cycles
        per_channel = count * _WEIGHT_CYCLES + groups * product
        products = blocks * (self.channels * per_channel + tiles * _STORE_CYCLES)
        return tiles * self.channels * _INPUT_CYCLES + products

    def _input_bytes(self, strips: int, group: int) -> int:
        groups = _up(strips * self._across, group)
        return groups * _POINTS * 2 * (group * self.channels + 32)

    def _band_strips(self, group: int) -> int:
        """Rows of tiles whose inputs are transformed together."""
        for count in range(1, self._strips):
            strips = _up(self._strips, count)
            few = strips * self._across < 2 * _FEW_TILES
            limit = _LARGEST_BAND if few else _BAND
            if self._input_bytes(strips, group) <= limit:
                return strips
        return 1

    def _tile_block(self, group: int) -> int:
        """Many weights are read once for more tiles."""
        few = _POINTS * 32 * self.channels <= _WEIGHT_BLOCK
        return group if few else _up(16, group) * group

    def scratch_bytes(self, tile_rows: int) -> int:
        """Transformed weights, columns or sums, and transformed inputs."""
        weights = _POINTS * 2 * (16 * self.channels + 32)
        sums = _POINTS * 4 * (16 * self._tile_block(tile_rows) + 16)
        columns = 2 * 96 * (4 * self._across + 2)
        inputs = self._input_bytes(self._band_strips(tile_rows), tile_rows)
        return weights + max(sums, columns) + inputs

    def arguments(self, tile_rows: int) -> dict[str, int]:
        """The geometry and the plan."""
        return super().arguments(tile_rows) | {
            "band_rows": 4 * self._band_strips(tile_rows),
            "tile_block": self._tile_block(tile_rows),
        }


def _largest_sum(weights: Array) -> int:
    """The largest Σ|w| of an output channel."""
    magnitudes = np.abs(weights.astype(np.int64))
    return int(magnitudes.sum(axis=(1, 2, 3)).max(initial=0))


__all__ = ["WinogradGeometry"]
