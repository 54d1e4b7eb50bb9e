"""The plan of a convolution for kernels that multiply tiles (AMX): shapes and order."""

from __future__ import annotations

from dataclasses import dataclass, fields

from qcc.codegen.lowerings.convolution import Geometry
from qcc.dialects.types import Array

_FIRST_LEVEL = 24 * 1024
"""Bytes that stay in a first-level cache of 48 kB beside what streams through it."""

_BAND = 512 * 1024
"""Bytes of prepared rows that stay in a second-level cache beside the weights."""

_LEAD = 128 * 1024
"""Bytes of weights that are fetched ahead, beyond the end of a layer too."""

_SUMS = 2 * 4096
"""Bytes of scratch for the sums of two blocks (QCC_TILES_SUMS)."""

_PARTIAL = 16 * 4096
"""Bytes of scratch for the partial sums of a group of blocks (QCC_TILES_GROUP)."""

_COLUMN = 64
"""Positions that are one block with 16 channels, where weights come from afar."""

_COLUMN_TAPS = 512
"""Taps of so many positions that stay in a first-level cache."""

_COLUMN_WEIGHTS = 256 * 1024
"""Bytes of weights from which such blocks pay."""


@dataclass(frozen=True)
class TilePlan:
    """How a convolution is cut into tile multiplications (docs/kernels.md)."""

    depth: int
    """Taps of one tile multiplication."""
    pixels: int
    """Of a block: 16 (by 64 channels), 32 (by 32) or 64 (by 16)."""
    partial_steps: int
    """Multiplications from one partial sum to the next, with 64 pixels; 0: all."""
    band_rows: int
    """Output rows that are prepared together; 0: the input is read as it is."""
    pixels_first: bool
    """Whether the blocks of the same pixels follow each other."""
    scratch_bytes: int
    prefetch_lead: int
    """Bytes from the weights in use to those that are fetched meanwhile."""
    prefetch_lines: int
    """Cache lines that are fetched per multiplication."""

    @property
    def arguments(self) -> dict[str, int]:
        """The members of qcc_conv2d_args that only tile kernels read."""
        return {
            "tile_depth": self.depth,
            "tile_pixels": self.pixels,
            "tile_steps": self.partial_steps,
            "band_rows": self.band_rows,
            "pixels_first": int(self.pixels_first),
            "prefetch_lead": self.prefetch_lead,
            "prefetch_lines": self.prefetch_lines,
        }


def tile_depth(taps: int) -> int:
    """
    The taps of one multiplication, of the `taps` of a kernel row.

    At most 64 and a multiple of 4; all multiplications of a row are equally deep,
    because the processor holds one configuration of its tiles.
    """
    words = -(-taps // 4)
    steps = -(-words // 16)
    while words % steps:
        steps += 1
    return 4 * words // steps


@dataclass(frozen=True)
class _Rows:
    """How output positions are laid out over prepared rows."""

    pitch: int
    """Positions from one output row to the next."""
    step: int
    """Bytes from one position to the next."""
    row_bytes: int

    @staticmethod
    def of(g: Geometry) -> _Rows:
        if _is_direct(g) or _gathers(g):
            return _Rows(g.output[1], g.channels, g.output[1] * g.channels)
        stride = g.strides[1]
        reach = (g.output[1] - 1) * stride + g.kernel[1]
        pitch = -(-reach // stride)
        return _Rows(pitch, stride * g.channels, pitch * stride * g.channels)


def _is_direct(g: Geometry) -> bool:
    """Whether tiles are read from the input itself, and end where a pixel ends."""
    same = g.kernel == (1, 1) and g.strides == (1, 1) and g.input == g.output
    return same and g.channels % 4 == 0


def _gathers(g: Geometry) -> bool:
    """A 1×1 convolution without padding; as qcc_tiles_gathers."""
    inside = all(
        (after - 1) * stride < before
        for after, stride, before in zip(g.output, g.strides, g.input, strict=True)
    )
    return g.kernel == (1, 1) and g.pads == (0, 0) and inside


def _band_bytes(g: Geometry, height: int) -> int:
    """Prepared bytes of so many output rows."""
    if _gathers(g):
        return height * g.output[1] * g.channels
    stride = g.strides[0]
    rows = (height - 1) * stride + (g.kernel[0] - 1) * g.dilations[0] + 1
    return -(-rows // stride) * stride * _Rows.of(g).row_bytes


def _band_rows(g: Geometry) -> int:
    height = g.output[0]
    while height > 1 and _band_bytes(g, height) > _BAND:
        height = -(-height // 2)
    return height


def _block_pixels(taps: int, outputs: int) -> int:
    """16 while the weights of 64 channels stay in the cache: whole lines are stored."""
    return 16 if outputs > 32 and taps * 64 <= _FIRST_LEVEL else 32


def _is_column(g: Geometry, positions: int, height: int) -> bool:
    """Whether a block can be all positions by 16 channels (amx/column_tiles.h)."""
    whole = height in {0, g.output[0]}
    return whole and _COLUMN - 32 < positions <= _COLUMN and g.outputs % 16 == 0


def plan_tiles(
    g: Geometry,
    *,
    weights_from: int = _COLUMN_WEIGHTS,
    column_taps: int = _COLUMN_TAPS,
) -> TilePlan:
    """
    The plan of a flattened geometry that fits.

    Blocks are all positions from `weights_from` bytes of weights on, in parts of
    `column_taps`.
    """
    run = g.kernel[1] * g.channels
    depth = tile_depth(run)
    taps = g.kernel[0] * -(-run // 4) * 4
    direct = _is_direct(g)
    rows = _Rows.of(g)
    height = 0 if direct else _band_rows(g)
    positions = rows.pitch * (height or g.output[0])
    pixels = _block_pixels(taps, g.outputs)
    partial_steps = 0
    if taps * g.outputs >= weights_from and _is_column(g, positions, height):
        pixels = _COLUMN
        if (direct or _gathers(g)) and run > column_taps:
            partial_steps = column_taps // depth
    width = 1024 // pixels
    # What comes from the second-level cache: operands that do not stay in the first.
    weights, input_bytes = taps * g.outputs, positions * rows.step
    reread_input = input_bytes * -(-g.outputs // width)
    reread_weights = weights * -(-positions // pixels)
    pixels_first = weights <= _FIRST_LEVEL or reread_weights < reread_input
    prepared = 16 * g.channels if direct else _band_bytes(g, height) + 16 * rows.step
    if partial_steps:
        parts = -(-taps // (partial_steps * depth))
        prepared = _COLUMN * parts * partial_steps * depth + _PARTIAL
    steps = -(-positions // pixels) * -(-g.outputs // width) * (taps // depth)
    return TilePlan(
        depth=depth,
        pixels=pixels,
        band_rows=height,
        pixels_first=pixels_first,
        partial_steps=partial_steps,
        scratch_bytes=_SUMS + prepared + 64,
        prefetch_lead=0 if pixels == _COLUMN else max(taps * width, _LEAD),
        prefetch_lines=0 if pixels == _COLUMN else -(-weights // (64 * steps)),
    )


class TiledGeometry(Geometry):
    """A convolution for the tile kernels: its arguments include its plan."""

    @staticmethod
    def fits(g: Geometry) -> bool:
        """
        Whether tiles can compute this convolution without much waste.

        One group; the taps of a kernel row must be one run of memory, and the positions
        between two output rows no more than an output row has. Few pixels, or a kernel
        row that divides badly into tiles, are left to other kernels.
        """
        if g.groups != 1 or (g.dilations[1] > 1 and g.kernel[1] > 1):
            return False
        rows = _Rows.of(g)
        if rows.pitch > 2 * g.output[1]:
            return False
        run = g.kernel[1] * g.channels
        steps = -(-run // tile_depth(run))
        positions = g.output[0] * rows.pitch
        return positions >= 4 and g.outputs >= 8 and steps <= 1.5 * -(-run // 64)

    @staticmethod
    def of(geometry: Geometry) -> TiledGeometry:
        """A flattened geometry that fits."""
        members = {f.name: getattr(geometry, f.name) for f in fields(geometry)}
        return TiledGeometry(**members)

    def _computed_pixels(self, tile_rows: int) -> int:
        """Positions between two output rows are computed, too."""
        between = _Rows.of(self).pitch - self.output[1]
        positions = self.output[0] * (self.output[1] + between) - between
        return self.batch * -(-positions // tile_rows) * tile_rows

    def arguments(self, tile_rows: int) -> dict[str, int]:
        """The geometry and the plan."""
        return super().arguments(tile_rows) | plan_tiles(self).arguments

    def scratch_bytes(self, tile_rows: int) -> int:
        """Sums and prepared rows."""
        del tile_rows  # a plan has tiles of its own
        return plan_tiles(self).scratch_bytes


def plan_product(
    depth: int, columns: int, zero_points: Array | None
) -> tuple[dict[str, int], int]:
    """
    The tile members of qcc_matmul_args, and the bytes of scratch.

    Of a product [any, depth] x [depth, columns] of activations; `zero_points` are
    those of rhs: minus them it is packed as the sum of several int8 matrices.
    """
    parts = 1
    if zero_points is not None:
        parts = 2 + int(bool((zero_points == -128).any()))
    taps = -(-depth // 4) * 4 * parts
    padded = -(-columns // 16) * 16
    plan = {
        "tile_depth": tile_depth(depth),
        "tile_pixels": _block_pixels(taps, padded),
        "rhs_parts": parts,
    }
    return plan, padded * (taps + 4) + _SUMS + 16 * depth + 64


__all__ = ["TilePlan", "TiledGeometry", "plan_product", "plan_tiles", "tile_depth"]
