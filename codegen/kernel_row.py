"""What is known of a micro-kernel: a row of the table (`kernel_table.py`)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class KernelRow:
    """A micro-kernel: which C function, where, and how its weights are packed."""

    stem: str
    """Name without tile and ISA, e.g. `qcc_conv2d_s8s8`."""
    isa: str
    header: str
    """File name inside `runtime/kernels/<isa>/`."""
    struct: str
    """The argument struct, e.g. `qcc_conv2d_args`."""
    tile: tuple[int, int, int] | None = None
    """(MR, NR, KR) where packing depends on it."""
    narrow: bool = False
    """Whether a group of fewer than NR channels is packed without padding."""
    activation_offset: int = 0
    """What the kernel adds to the stored input; the bias must take it back."""
    reads_past_input: bool = False
    """Whether it reads up to 64 bytes past the end of its input."""
    bands: bool = False
    """Whether it wants a ByteRowsGeometry, which says how rows are prepared."""
    split_inputs: bool = False
    """Whether it is told `input_offset`, and slow where sums of inputs exceed 258."""
    clamps_bytes: bool = False
    """Whether it asks for the fact `no_overflow`, to clamp bytes rather than floats."""
    paired_rows: bool = False
    """Whether it wants a PairedRowsGeometry and `pack_depthwise_rows`."""
    lines: bool = False
    """One of those of neon/conv2d_lines.h, which may gather taps."""
    proofs: bool = False
    """Whether it reads what `lowerings/requantization.py` proves."""
    quads: bool = False
    """Whether rows of int16 hold quads of taps, and `whole_quads` is to be said."""
    run_time: tuple[str, ...] = ()
    """
    Arguments that need not be literals for the kernel to be fast: layers that differ in
    them only share one function.
    """

    @property
    def function(self) -> str:
        """The C function's name."""
        if self.tile is None:
            return f"{self.stem}__{self.isa}"
        rows, columns, depth = self.tile
        return f"{self.stem}_{rows}x{columns}c{depth}__{self.isa}"

    def packing(self, channels: int) -> tuple[int, int, int]:
        """The tile by which weights are packed for groups of so many channels."""
        assert self.tile is not None
        rows, columns, depth = self.tile
        return rows, min(columns, channels) if self.narrow else columns, depth

    @property
    def path(self) -> str:
        """The header below `runtime/kernels/`."""
        return f"{self.isa}/{self.header}"
