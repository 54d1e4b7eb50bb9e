"""
Parts of a convolution for several threads: rows, columns of one row, channels, images.

Parts write different bytes, and each sum is computed by one of them as it would be in
the whole, so that the bits do not depend on the threads.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, pairwise
from math import prod

from qcc.codegen.kernel_row import KernelRow
from qcc.codegen.lowerings.convolution import Geometry

_WORK = 1000
"""Nanoseconds (`Geometry.nanoseconds`) from which a part pays for handing it over."""

_REMOTE_TIME = 0.15
"""Nanoseconds in which a byte comes that another core has just written."""

_STEPS = (64, 32, 16, 1)
"""Borders between parts are multiples of one of these, the largest that costs least."""


@dataclass(frozen=True)
class Band:
    """A part of a convolution's output, and where it reads and writes (elements)."""

    geometry: Geometry
    input_offset: int = 0
    output_offset: int = 0
    first_channel: int = 0


def bands(
    geometry: Geometry, row: KernelRow, count: int, *, channels: bool = True
) -> list[Band]:
    """
    At most `count` parts for kernel `row`, of which the slowest takes least time.

    Images if there are several, else rows (columns where there is one row) or, with
    `channels`, output channels, or both.
    """
    whole = Band(geometry)
    count = min(count, int(geometry.nanoseconds(row) / _WORK))
    if count < 2:
        return [whole]
    if geometry.batch > 1:
        return list(_images(whole, min(count, geometry.batch)))
    channels &= geometry.groups == 1 and not row.stem.startswith("qcc_depthwise")
    found = [([whole], 1)]
    for across in range(1, count + 1) if channels else (1,):
        for split in _splits(whole, count // across):
            ways = zip(*(_channels(band, across, row) for band in split), strict=True)
            found += [(list(chain.from_iterable(way)), across) for way in ways]

    def slowest(way: tuple[list[Band], int]) -> float:
        # What is split by channels is read and written by rows in other layers.
        remote = _REMOTE_TIME * (1 - 1 / way[1])
        parts = [part.geometry for part in way[0]]
        return max(g.nanoseconds(row) + remote * g.bytes_touched for g in parts)

    return min(found, key=slowest)[0]


def _borders(size: int, count: int, step: int) -> list[int]:
    units = -(-size // step)
    return [min(units * number // count * step, size) for number in range(count + 1)]


def _splits(whole: Band, count: int) -> Iterator[Sequence[Band]]:
    """Rows in `count` parts; columns, in several ways, where there is one row only."""
    g = whole.geometry
    if count == 1:
        yield [whole]
    elif g.output[0] == 1 and g.kernel == (1, 1) and g.strides == (1, 1):
        for step in _STEPS:
            if -(-g.output[1] // step) >= count:
                yield list(_columns(whole, _borders(g.output[1], count, step)))
    elif -(-g.output[0] // g.row_step) >= count:
        yield list(_rows(whole, _borders(g.output[0], count, g.row_step)))


def _columns(whole: Band, borders: Sequence[int]) -> Iterator[Band]:
    g = whole.geometry
    for first, last in pairwise(borders):
        size = (1, last - first)
        yield Band(
            replace(g, input=size, output=size),
            first * g.channels * g.groups,
            first * g.output_step,
        )


def _rows(whole: Band, borders: Sequence[int]) -> Iterator[Band]:
    g = whole.geometry
    for first, last in pairwise(borders):
        top = first * g.strides[0] - g.pads[0]
        skipped = max(top, 0)
        part = replace(
            g,
            input=(g.input[0] - skipped, g.input[1]),
            output=(last - first, g.output[1]),
            pads=(max(-top, 0), g.pads[1]),
        )
        line = g.input[1] * g.channels * g.groups
        yield Band(part, skipped * line, first * g.output[1] * g.output_step)


def _images(whole: Band, count: int) -> Iterator[Band]:
    g = whole.geometry
    image = prod(g.input) * g.channels * g.groups
    result = prod(g.output) * g.output_step
    for first, last in pairwise(_borders(g.batch, count, 1)):
        part = replace(g, batch=last - first)
        yield Band(part, first * image, first * result)


def _channels(band: Band, count: int, row: KernelRow) -> Iterator[Sequence[Band]]:
    """A part in `count` parts of output channels, in several ways."""
    g = band.geometry
    if count == 1:
        yield [band]
        return
    assert row.tile is not None
    packed = row.tile[1]
    for step in _STEPS:
        borders = _borders(g.outputs, count, step)
        # What is packed for fewer channels than a tile has is packed differently.
        if step % packed or min(b - a for a, b in pairwise(borders)) < packed:
            continue
        yield [
            Band(
                replace(g, outputs=last - first, pixel=g.output_step),
                band.input_offset,
                band.output_offset + first,
                first,
            )
            for first, last in pairwise(borders)
        ]
