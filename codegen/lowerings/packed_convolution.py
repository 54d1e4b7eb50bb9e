"""The kernel that a convolution with constant weights gets, and its packed weights."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray
from xdsl.ir import Operation, SSAValue

from qcc.codegen.kernel_row import KernelRow
from qcc.codegen.lowerings import paired_steps
from qcc.codegen.lowerings.bands import Band, bands
from qcc.codegen.lowerings.byte_rows import ByteRowsGeometry
from qcc.codegen.lowerings.common import unsupported
from qcc.codegen.lowerings.convolution import Geometry, InterleavedGeometry
from qcc.codegen.lowerings.lines import (
    MAX_ROWS,
    GatheredGeometry,
    gathered_weights,
)
from qcc.codegen.lowerings.paired_rows import PairedRowsGeometry
from qcc.codegen.lowerings.requantization import (
    cannot_overflow,
    requantization_facts,
)
from qcc.codegen.lowerings.tiles import TiledGeometry
from qcc.codegen.lowerings.winograd import WinogradGeometry
from qcc.codegen.packing import pack_conv2d, pack_depthwise, pack_depthwise_rows
from qcc.codegen.select_kernels import KernelBuilder
from qcc.dialects.kernel import Literal
from qcc.dialects.quant.types import UniformType
from qcc.dialects.types import Array

TILES = "qcc_conv2d_s8s8_tiles"
"""Takes weights with zero point 0 and int8 output, and wants a TiledGeometry."""

WINOGRAD = "qcc_conv2d_s8s8_winograd"
"""Takes weights with zero point 0, and wants a WinogradGeometry."""

_LARGEST = 127
"""The largest magnitude that all int8 kernels take as a weight."""

_CENTRE = 76
"""
Where kernels with `split_inputs` want the input's zero point to be.

Most inputs are near it, few are below 0, and few sums of two exceed 258.
"""

DEPTHWISE = "qcc_depthwise_s8s8_symmetric"
"""Takes weights with zero point 0, and wants an InterleavedGeometry."""


@dataclass(frozen=True)
class Weights:
    """Constant weights [O, C/groups, KH, KW] with a zero point per output channel."""

    stored: Array
    zero_points: Array | None
    """int8 [O], or None when all are 0."""

    @staticmethod
    def of(stored: Array, kind: UniformType) -> Weights:
        """Weights of a type that is per tensor or per output channel."""
        count = stored.shape[0]
        zero_points = np.resize(np.array(kind.zero_points, np.int8), count)
        weights = Weights(stored, zero_points if zero_points.any() else None)
        return weights.without_zero_points() or weights

    def centred(self) -> Array:
        """The weights less their zero points, int16."""
        stored = self.stored.astype(np.int16)
        if self.zero_points is None:
            return stored
        return stored - self.zero_points.reshape(-1, 1, 1, 1)

    def sums(self) -> Array:
        """Σ (q_w - zp_w) of each output channel, int64."""
        sums = self.stored.astype(np.int64).sum(axis=(1, 2, 3))
        if self.zero_points is None:
            return sums
        return sums - self.zero_points.astype(np.int64) * prod(self.stored.shape[1:])

    def wide(self) -> NDArray[np.bool_]:
        """Of each output channel, whether a weight less its zero point exceeds ±127."""
        return np.abs(self.centred()).max(axis=(1, 2, 3), initial=0) > _LARGEST

    def without_zero_points(
        self, left_out: NDArray[np.bool_] | None = None
    ) -> Weights | None:
        """The same weights with zero point 0, zeros in some channels; None if wide."""
        centred = self.centred()
        if left_out is not None:
            centred[left_out] = 0
        if centred.min(initial=0) < -_LARGEST - 1 or centred.max(initial=0) > _LARGEST:
            return None
        return Weights(centred.astype(np.int8), None)

    def of_channels(self, channels: slice) -> Weights:
        """The weights of some output channels."""
        points = None if self.zero_points is None else self.zero_points[channels]
        return Weights(self.stored[channels], points)

    @property
    def is_symmetric(self) -> bool:
        """In [-127, 127] with zero point 0."""
        return self.zero_points is None and bool(self.stored.min(initial=0) > -128)


@dataclass(frozen=True)
class PackedConvolution:
    """The kernel that computes a convolution, and what does not depend on the data."""

    row: KernelRow
    geometry: Geometry
    packed: Array
    weights: Weights
    input_offset: int | None = None
    """What a kernel with `split_inputs` adds to the input."""
    paired: bool = False
    """Whether tables of `paired_steps` are behind the weights."""

    @staticmethod
    def choose(
        build: KernelBuilder,
        geometry: Geometry,
        weights: Weights,
        *,
        input_zero_point: int = -128,
        dynamic: bool = False,
    ) -> PackedConvolution:
        """
        The best kernel of the target for this geometry and these weights.

        `input_zero_point`: near which most inputs are. `dynamic`: it is known at run
        time only, and the output is float.
        """
        zero_points = weights.zero_points
        if geometry.is_depthwise:
            if weights.is_symmetric and InterleavedGeometry.fits(geometry):
                row = build.kernel(DEPTHWISE, "qcc_depthwise_s8s8")
                if row.stem == DEPTHWISE:
                    assert row.tile is not None
                    packed = pack_conv2d(weights.stored, row.tile, 1)
                    interleaved = InterleavedGeometry.of(geometry)
                    return PackedConvolution(row, interleaved, packed, weights)
            row = build.kernel("qcc_depthwise_s8s8")
            if weights.is_symmetric and geometry.kernel[0] <= MAX_ROWS:
                row = build.kernel("qcc_depthwise_s8s8_lines", "qcc_depthwise_s8s8")
            assert row.tile is not None
            if row.paired_rows:
                packed = pack_depthwise_rows(weights.stored, row.tile, zero_points)
                pairs = PairedRowsGeometry.of(geometry)
                return PackedConvolution(row, pairs, packed, weights)
            packed = pack_depthwise(weights.stored, row.tile, zero_points)
            return PackedConvolution(row, geometry.as_depthwise(), packed, weights)
        geometry = geometry.flattened()
        stems = ["qcc_conv2d_s8s8"]
        if weights.is_symmetric and geometry.kernel[0] <= MAX_ROWS:
            stems.insert(0, "qcc_conv2d_s8s8_symmetric")
            if build.shares_weights:
                stems.insert(0, "qcc_conv2d_s8s8_shared")
        if zero_points is None and not dynamic and TiledGeometry.fits(geometry):
            stems.insert(0, TILES)
        row = build.kernel(*stems)
        if zero_points is None and not dynamic:
            tiles = build.kernel(WINOGRAD, *stems)
            if tiles.stem == WINOGRAD and WinogradGeometry.pays(
                geometry, weights.stored, tiles, build.threads
            ):
                row = tiles
        if row.split_inputs and (
            geometry.channels % 2 == 1
            or not ByteRowsGeometry.of(geometry, splits_rows=True).has_room
        ):
            row = build.kernel("qcc_conv2d_s8s8")
        stored = weights.stored
        if row.lines and GatheredGeometry.pays(row, geometry):
            geometry = GatheredGeometry.of(geometry)
            stored = gathered_weights(stored)
        tile = row.packing(geometry.outputs // geometry.groups)
        packed = pack_conv2d(stored, tile, geometry.groups, zero_points)
        if row.stem == TILES:
            geometry = TiledGeometry.of(geometry)
        if row.stem == WINOGRAD:
            geometry = WinogradGeometry.of(geometry)
        if row.bands:
            geometry = ByteRowsGeometry.of(geometry, splits_rows=row.split_inputs)
        offset = None
        paired = False
        if row.split_inputs:
            offset = min(max(_CENTRE - input_zero_point, 0), 128)
            if paired_steps.fits(geometry) and not build.shares_weights:
                blocks = -(-geometry.outputs // tile[1])
                tables = paired_steps.with_tables(packed, blocks)
                paired, packed = (False, packed) if tables is None else (True, tables)
        return PackedConvolution(row, geometry, packed, weights, offset, paired)

    @property
    def activation_offset(self) -> int:
        """What the kernel adds to the stored input; the bias must take it back."""
        if self.input_offset is None:
            return self.row.activation_offset
        return self.input_offset

    @property
    def _offset(self) -> dict[str, Literal]:
        if self.input_offset is None:
            return {}
        return {
            "input_offset": self.input_offset,
            "paired_steps": int(self.paired),
        }

    def facts(
        self, arguments: dict[str, Literal], folded: Array, multipliers: Array
    ) -> dict[str, Literal]:
        """What the kernel wants to know of its requantization, proven."""
        own = folded + self.activation_offset * self.weights.sums()
        if self.row.proofs:
            stored = self.weights.stored
            return requantization_facts(arguments, stored, own, multipliers)
        if self.row.clamps_bytes:
            fits = cannot_overflow(self.weights.centred(), own, multipliers)
            return {"no_overflow": int(fits)}
        return {}

    def call(
        self,
        build: KernelBuilder,
        *,
        input: SSAValue,
        bias: SSAValue,
        multipliers: SSAValue,
        output: SSAValue,
        arguments: dict[str, Literal],
        residual: SSAValue | None = None,
        dynamic: SSAValue | None = None,
    ) -> None:
        """One call of the kernel; all values are buffers."""
        # Residuals are added to whole pixels, but for tiles.
        split = bands(
            self.geometry,
            self.row,
            build.threads,
            channels=residual is None or self.row.stem == TILES,
        )
        with build.parallel() if len(split) > 1 else nullcontext():
            for band in split:
                self._call(
                    build,
                    band,
                    [
                        build.part(input, band.input_offset),
                        *self._weights(build, band.first_channel),
                        build.part(bias, band.first_channel),
                        build.part(multipliers, band.first_channel),
                        residual and build.part(residual, band.output_offset),
                        dynamic,
                    ],
                    build.part(output, band.output_offset),
                    arguments,
                )

    def _weights(
        self, build: KernelBuilder, first_channel: int
    ) -> tuple[SSAValue, SSAValue | None]:
        """Packed weights and their zero points from a channel on."""
        packed = build.constant(self.packed)
        zero_points = self.weights.zero_points
        points = None if zero_points is None else build.constant(zero_points)
        if first_channel == 0:
            return packed, points
        assert self.row.tile is not None
        width = self.row.tile[1]
        block = self.packed.size // -(-self.geometry.outputs // width)
        packed = build.part(packed, first_channel // width * block)
        return packed, points and build.part(points, first_channel)

    def _call(
        self,
        build: KernelBuilder,
        band: Band,
        inputs: Sequence[SSAValue | None],
        output: SSAValue,
        arguments: dict[str, Literal],
    ) -> None:
        assert self.row.tile is not None
        tile_rows = self.row.tile[0]
        if self.row.quads:
            whole = band.geometry.channels % 4 == 0
            arguments = arguments | {"whole_quads": int(whole)}
        build.call(
            self.row,
            arguments=band.geometry.arguments(tile_rows) | self._offset | arguments,
            inputs=inputs,
            outputs=[output, build.scratch(band.geometry.scratch_bytes(tile_rows))],
        )


def folded_bias(
    op: Operation, bias: Array | None, sums: Array, input_offset: int
) -> Array:
    """bias - input_offset Σ(q_w - zp_w) as int32. QccError where it does not fit."""
    folded = -input_offset * sums
    if bias is not None:
        folded = folded + bias.astype(np.int64)
    if np.abs(folded).max(initial=0) >= 2**31:
        raise unsupported(op, "its bias with the input's zero point overflows int32")
    return folded.astype(np.int32)
