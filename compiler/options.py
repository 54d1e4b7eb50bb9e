"""Everything that can be said about a compilation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from numpy.typing import NDArray

from qcc.compiler.calibration import DEFAULT_METHOD
from qcc.compiler.refinement import DEFAULT_REFINEMENTS
from qcc.passes.statistics import Statistics

Array = NDArray[Any]

Samples: TypeAlias = Iterable[Mapping[str, Array]]


@dataclass(frozen=True)
class Options:
    """Everything that can be said about a compilation; see `qcc --help`."""

    target: str = "native"
    mode: str | None = None
    dynamic: str = "full"
    weights: str = "int8"
    scales: str = "float"
    calibration: Path | Samples | None = None
    calibration_method: str = DEFAULT_METHOD
    mean: Sequence[float] | float | None = None
    std: Sequence[float] | float | None = None
    layout: str | None = None
    input_ranges: Mapping[str, tuple[float, float]] = field(
        default_factory=dict[str, tuple[float, float]]
    )
    refinements: Sequence[str] = DEFAULT_REFINEMENTS
    ranges: Path | Statistics | None = None
    save_ranges: Path | None = None
    int8_only: bool = False
    keep_float: Sequence[str] = ()
    evaluation: Path | Samples | None = None
    metric: str = "top1"
    max_drop: float | None = None
    io: str = "float"
    dimensions: Mapping[str, int] = field(default_factory=dict[str, int])
    inputs: Sequence[str] | None = None
    outputs: Sequence[str] | None = None
    rules: Sequence[Path] = ()
    plugins: Sequence[str] = ()
    extra_passes: Sequence[str] = ()
    dump_ir: Path | None = None
    print_ir_after: Sequence[str] = ()
    keep_tensors: bool = False
    threads: int = 1
    report: Path | None = None
    compiler: str | None = None
