"""
**The** table of micro-kernels: one row per C function of `runtime/kernels/`.

A lowering names a stem; `find_kernel` returns the row of the best instruction set that
the target has. The kernel tests walk this table.
"""

from __future__ import annotations

from dataclasses import dataclass

from qcc.codegen.targets import Target


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

    @property
    def function(self) -> str:
        """The C function's name."""
        if self.tile is None:
            return f"{self.stem}__{self.isa}"
        rows, columns, depth = self.tile
        return f"{self.stem}_{rows}x{columns}c{depth}__{self.isa}"

    @property
    def path(self) -> str:
        """The header below `runtime/kernels/`."""
        return f"{self.isa}/{self.header}"


def _conv2d(isa: str, tile: tuple[int, int, int]) -> KernelRow:
    return KernelRow("qcc_conv2d_s8s8", isa, "conv2d.h", "qcc_conv2d_args", tile)


KERNELS: list[KernelRow] = [
    _conv2d("portable", (1, 16, 1)),
    _conv2d("avx2", (4, 16, 2)),
]

_ROWS = {(row.stem, row.isa): row for row in KERNELS}


def find_kernel(stem: str, target: Target) -> KernelRow:
    """The row of the best ISA of `target`; AssertionError for an unknown stem."""
    for isa in target.isas:
        if row := _ROWS.get((stem, isa)):
            return row
    raise AssertionError(f"no kernel {stem} for {target.name}")
