"""The geometry of a convolution, as all its kernels want it."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from math import prod
from typing import ClassVar, Protocol

from xdsl.ir import SSAValue

from qcc.codegen.kernel_row import KernelRow
from qcc.dialects.types import shape_of

_ROWS_BUDGET = 48 * 1024
"""Bytes of prepared rows that stay in a first-level cache beside the weights."""

_RING_BUDGET = 36 * 1024
"""Bytes of the rows of a depthwise convolution, in a first-level cache of 48 kB."""

_RATES = {"amx": 1200, "avx512vnni": 280, "avxvnni": 180, "avx2": 80, "dotprod": 80}
_OTHER_RATE = 25
"""Products of a convolution in a nanosecond, by instruction set."""

_DEPTHWISE_RATES = {"avx512vnni": 75, "avx2": 25}
_OTHER_DEPTHWISE_RATE = 10
"""The same of depthwise convolutions."""

_WEIGHT_TIME = 0.03
"""Nanoseconds in which a byte of weights arrives."""


@dataclass(frozen=True)
class Geometry:
    """A channels-last convolution; pairs are (height, width)."""

    batch: int
    input: tuple[int, int]
    channels: int
    """Of one group."""
    output: tuple[int, int]
    outputs: int
    """Output channels of all groups."""
    groups: int = 1
    kernel: tuple[int, int] = (1, 1)
    strides: tuple[int, int] = (1, 1)
    pads: tuple[int, int] = (0, 0)
    """At the top and the left."""
    dilations: tuple[int, int] = (1, 1)
    pixel: int = 0
    """Channels of an output pixel, where `outputs` are only some of them; else 0."""

    row_step: ClassVar[int] = 1
    """Output rows that a kernel computes together: where bands may begin."""

    @property
    def output_step(self) -> int:
        """Elements from one output pixel to the next."""
        return self.pixel or self.outputs

    @property
    def is_depthwise(self) -> bool:
        """Whether every channel has one filter of its own."""
        return self.channels == 1 and self.groups == self.outputs and self.groups > 1

    def flattened(self) -> Geometry:
        """A 1×1 convolution of stride 1 as one row of all its pixels."""
        same = self.kernel == (1, 1) and self.strides == (1, 1) and self.pads == (0, 0)
        if not same or self.input != self.output:
            return self
        pixels = self.batch * prod(self.input)
        return replace(self, batch=1, input=(1, pixels), output=(1, pixels))

    def as_depthwise(self) -> Geometry:
        """Groups of one channel as the depthwise kernels count them: one group."""
        return replace(self, channels=self.outputs, groups=1)

    @property
    def products(self) -> int:
        """Multiplications, as the definition of a convolution has them."""
        pixels = self.batch * prod(self.output)
        return pixels * self.outputs * self.channels * prod(self.kernel)

    @property
    def bytes_touched(self) -> int:
        """Of the input that it needs, and of its output."""
        reach = (self.kernel[0] - 1) * self.dilations[0]
        rows = min(self.input[0], (self.output[0] - 1) * self.strides[0] + reach + 1)
        read = rows * self.input[1] * self.channels * self.groups
        return self.batch * (read + prod(self.output) * self.outputs)

    def _computed_pixels(self, tile_rows: int) -> int:
        """Output pixels, with those that tiles of `tile_rows` columns add."""
        columns = -(-self.output[1] // tile_rows) * tile_rows
        return self.batch * self.output[0] * columns

    def nanoseconds(self, row: KernelRow) -> float:
        """What kernel `row` takes for it, roughly: to compare parts."""
        assert row.tile is not None
        taps = self._computed_pixels(row.tile[0]) * prod(self.kernel) * self.outputs
        if row.stem.startswith("qcc_depthwise"):
            return taps / _DEPTHWISE_RATES.get(row.isa, _OTHER_DEPTHWISE_RATE)
        weights = self.outputs * self.channels * prod(self.kernel)
        products = taps * self.channels / _RATES.get(row.isa, _OTHER_RATE)
        return products + _WEIGHT_TIME * weights

    @property
    def _column_elements(self) -> int:
        """Prepared elements that one more output column needs, in all rows."""
        step = min(self.strides[1], self.kernel[1])
        if self.dilations[1] > 1:
            step = self.kernel[1]
        return step * self.channels * self.kernel[0]

    def column_block(self, tile_rows: int) -> int:
        """Output columns that are computed at once, for tiles of so many columns."""
        fitting = _ROWS_BUDGET // (2 * self._column_elements)
        step = 4 * tile_rows
        block = max(fitting // step * step, step)
        return min(block, self.output[1])

    def scratch_bytes(self, tile_rows: int) -> int:
        """The prepared rows, of at most two bytes an element."""
        columns = self.column_block(tile_rows)
        halo = self.kernel[1] * self.channels * self.kernel[0]
        return 2 * (columns * self._column_elements + halo) + 64

    def arguments(self, tile_rows: int) -> dict[str, int]:
        """The geometry members of qcc_conv2d_args."""
        return {
            "batch": self.batch,
            "input_height": self.input[0],
            "input_width": self.input[1],
            "channels": self.channels,
            "output_height": self.output[0],
            "output_width": self.output[1],
            "output_channels": self.outputs,
            "output_step": self.output_step,
            "groups": self.groups,
            "kernel_height": self.kernel[0],
            "kernel_width": self.kernel[1],
            "stride_y": self.strides[0],
            "stride_x": self.strides[1],
            "pad_top": self.pads[0],
            "pad_left": self.pads[1],
            "dilation_y": self.dilations[0],
            "dilation_x": self.dilations[1],
            "column_block": self.column_block(tile_rows),
        }


class InterleavedGeometry(Geometry):
    """
    A depthwise convolution whose prepared rows hold quads of taps (AVX-512 VNNI).

    Twin of `qcc_depthwise_walk`: an entry of a row are 256 bytes, which serve 64
    channels of one column, or 2 or 4 columns of the last channels.
    """

    @staticmethod
    def fits(geometry: Geometry) -> bool:
        """Whether the kernel takes filters of this height."""
        return geometry.kernel[0] <= 16

    @staticmethod
    def of(geometry: Geometry) -> InterleavedGeometry:
        """A depthwise geometry."""
        flat = geometry.as_depthwise()
        return InterleavedGeometry(
            **{f.name: getattr(flat, f.name) for f in fields(flat)}
        )

    @property
    def _folds(self) -> set[int]:
        """Columns per entry, of every block of channels."""
        rest = self.channels % 64
        folds = {1} if self.channels >= 64 or rest > 32 else set[int]()
        if rest and rest <= 32:
            folds.add(2 if rest > 16 else 4)
        return folds

    def _row_bytes(self, columns: int, fold: int) -> int:
        quads, step = -(-self.kernel[1] // 4), fold * self.strides[1]
        steps = -(-columns // fold)
        if self.dilations[1] == 1 and 4 % step == 0:
            return 256 * (steps + (quads - 1) * (4 // step))
        return 256 * steps * quads

    def column_block(self, tile_rows: int) -> int:
        """Equal blocks of columns whose rows fit in a part of the first-level cache."""
        del tile_rows  # blocks are multiples of the largest fold
        fold, width = min(self._folds), self.output[1]
        blocks = 1
        while (
            self.kernel[0] * self._row_bytes(-(-width // blocks), fold) > _RING_BUDGET
        ):
            if blocks == width:
                break
            blocks += 1
        block = -(-width // blocks)
        return width if blocks == 1 else min(width, -(-block // 4) * 4)

    def scratch_bytes(self, tile_rows: int) -> int:
        """The filters of one block of channels, and the ring of prepared rows."""
        columns = self.column_block(tile_rows)
        rows = max(self._row_bytes(columns, fold) for fold in self._folds)
        filters = 256 * -(-self.kernel[1] // 4)
        return self.kernel[0] * (rows + filters)


class ConvolutionLike(Protocol):
    """What the convolution ops of nn and quant have in common."""

    @property
    def stride_values(self) -> tuple[int, ...]: ...
    @property
    def pad_values(self) -> tuple[int, ...]: ...
    @property
    def dilation_values(self) -> tuple[int, ...]: ...
    @property
    def group_count(self) -> int: ...
    @property
    def layout_value(self) -> str: ...
    @property
    def input(self) -> SSAValue: ...
    @property
    def weight(self) -> SSAValue: ...
    @property
    def result(self) -> SSAValue: ...


def geometry_of(op: ConvolutionLike) -> Geometry:
    """The geometry of a channels-last convolution op (not transposed)."""
    assert op.layout_value == "NHWC", "to-channels-last comes before select-kernels"
    batch, height, width, channels = shape_of(op.input)
    _, output_height, output_width, outputs = shape_of(op.result)
    _, _, kernel_height, kernel_width = shape_of(op.weight)
    return Geometry(
        batch=batch,
        input=(height, width),
        channels=channels // op.group_count,
        output=(output_height, output_width),
        outputs=outputs,
        groups=op.group_count,
        kernel=(kernel_height, kernel_width),
        strides=(op.stride_values[0], op.stride_values[1]),
        pads=(op.pad_values[0], op.pad_values[1]),
        dilations=(op.dilation_values[0], op.dilation_values[1]),
    )
