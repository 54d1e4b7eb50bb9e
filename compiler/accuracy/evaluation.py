"""
Evaluation data: samples as `--calibrate` takes them, and what belongs to them.

Arrays of an `.npz` (or entries of a dictionary) that are no inputs of the model are
labels, in the widest sense: `label` or `labels` for top1, anything for own functions.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcc.compiler.calibration.array_files import SUFFIXES
from qcc.compiler.calibration.samples import (
    InputSpec,
    Sample,
    Samples,
    check_samples,
    load_samples,
)
from qcc.dialects.errors import QccError

Array = NDArray[Any]


@dataclass(frozen=True)
class Evaluation:
    """Samples, and arrays whose first axis counts them too."""

    samples: Samples
    labels: Mapping[str, Array] = field(default_factory=dict[str, Array])

    def some(self, most: int) -> list[Sample]:
        """At most `most` samples, spread evenly over all, in memory."""
        kept: list[Sample] = []
        step = 1
        for number, sample in enumerate(self.samples):
            if number % step:
                continue
            kept.append({name: array.copy() for name, array in sample.items()})
            if len(kept) > most:
                del kept[1::2]
                step *= 2
        return kept


def load_evaluation(
    source: Path | Iterable[Mapping[str, Array]],
    inputs: Sequence[InputSpec],
    *,
    mean: Sequence[float] | float | None = None,
    std: Sequence[float] | float | None = None,
    layout: str | None = None,
) -> Evaluation:
    """
    From a path as for `load_samples`, or an iterable of dictionaries.

    QccError for what does not fit, and for labels that are not one per sample.
    """
    if not isinstance(source, Path):
        rows = list(source)
        samples = check_samples(rows, inputs)
        for _ in samples:  # which refuses what is not a dictionary
            break
        return Evaluation(samples, _labels_of(rows, inputs))
    kind = load_samples(source, inputs, mean=mean, std=std, layout=layout)
    labels: dict[str, list[Array]] = {}
    counts: list[int] = []
    for file in _archives(source):
        found = _read_labels(file, {spec.name for spec in inputs})
        counts.append(len(found))
        for name, array in found.items():
            labels.setdefault(name, []).append(array)
    joined = {
        name: np.concatenate(parts)
        for name, parts in labels.items()
        if len(parts) == len(counts)
    }
    count = kind.count
    fitting = {n: a for n, a in joined.items() if count in (None, len(a))}
    return Evaluation(kind, fitting)


def _archives(path: Path) -> list[Path]:
    files = [path] if path.is_file() else sorted(path.rglob("*"))
    return [
        file
        for file in files
        if file.suffix.lower() in SUFFIXES
        and file.suffix.lower() == ".npz"
        and not file.name.startswith(".")
    ]


def _read_labels(file: Path, inputs: set[str]) -> dict[str, Array]:
    """The arrays of an archive that are no inputs and have a first axis."""
    try:
        with np.load(file, allow_pickle=False) as archive:
            names = [name for name in archive.files if name not in inputs]
            arrays = {name: np.asarray(archive[name]) for name in names}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise QccError(f"cannot read {file}", why=str(error)) from None
    return {name: array for name, array in arrays.items() if array.ndim}


def _labels_of(
    rows: Sequence[Mapping[str, Array]], inputs: Sequence[InputSpec]
) -> dict[str, Array]:
    """Entries that every sample has and that are no inputs, stacked."""
    known = {spec.name for spec in inputs}
    names = [name for row in rows[:1] for name in row if name not in known]
    stacked: dict[str, Array] = {}
    for name in names:
        if all(name in row for row in rows):
            arrays = [np.asarray(row[name]) for row in rows]
            if len({array.shape for array in arrays}) == 1:
                stacked[name] = np.stack(arrays)
    return stacked
