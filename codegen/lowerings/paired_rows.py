"""The geometry of depthwise convolutions whose prepared rows are pairs (AVX2)."""

from __future__ import annotations

from dataclasses import fields

from qcc.codegen.lowerings.convolution import Geometry

_BLOCK = 64
"""Channels that are computed together."""

_RING_BUDGET = 36 * 1024
"""Bytes of prepared rows, in a first-level cache of 48 kB."""


class PairedRowsGeometry(Geometry):
    """A depthwise convolution as avx2/depthwise.h wants it: twin of its plan."""

    @staticmethod
    def of(geometry: Geometry) -> PairedRowsGeometry:
        """A depthwise geometry."""
        flat = geometry.as_depthwise()
        return PairedRowsGeometry(
            **{f.name: getattr(flat, f.name) for f in fields(flat)}
        )

    @property
    def _slots(self) -> int:
        return self.kernel[0] // 2 + 1

    @property
    def _block_channels(self) -> int:
        return min(_BLOCK, -(-self.channels // 16) * 16)

    def _ring_bytes(self, columns: int) -> int:
        span = (columns - 1) * self.strides[1]
        span += (self.kernel[1] - 1) * self.dilations[1] + 1
        return self._slots * span * self._block_channels * 4

    def column_block(self, tile_rows: int) -> int:
        """Nearly equal blocks of columns whose rows fit a first-level cache."""
        width, blocks = self.output[1], 1
        while self._ring_bytes(-(-width // blocks)) > _RING_BUDGET and blocks < width:
            blocks += 1
        return min(width, -(-width // (blocks * tile_rows)) * tile_rows)

    def scratch_bytes(self, tile_rows: int) -> int:
        """Weights for even and for odd rows as int16, the ring, a number per slot."""
        weights = 2 * self._slots * self.kernel[1] * self._block_channels * 4
        return (
            weights + self._ring_bytes(self.column_block(tile_rows)) + 4 * self._slots
        )
