"""What the float model does at its contractions, over some samples."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from onnx import helper
from xdsl.dialects.func import FuncOp
from xdsl.ir import SSAValue

from qcc.compiler.calibration.samples import Sample
from qcc.compiler.onnx_export.exporter import export_function
from qcc.compiler.onnx_session import OnnxSession
from qcc.compiler.refinement.contractions import Contraction, Doubles

Array = NDArray[Any]

POSITIONS = 64
"""Positions of a contraction's result that are looked at, per sample."""

MOST_TAPS = 2048
"""Longer sums keep the scales max |w| / 127: covariances grow with the square."""

WAITING_BYTES = 2**20
"""Patches of a contraction that wait to be multiplied."""

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_order(
    function: Callable[[Item], Result], items: Iterable[Item]
) -> Iterator[Result]:
    """`map`, on all processors, with few items in memory at a time."""
    threads = os.cpu_count() or 1
    pending: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        try:
            for item in items:
                if len(pending) > threads:
                    yield pending.popleft().result()
                pending.append(pool.submit(function, item))
            while pending:
                yield pending.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)


def channel_means(array: Array, axis: int) -> Doubles:
    """The mean of each channel, over all other axes."""
    others = tuple(index for index in range(array.ndim) if index != axis)
    return array.mean(axis=others, dtype=np.float64)


@dataclass
class Moments:
    """
    Sums over the patches of a contraction: how many, Σx, Σx xᵀ.

    x is counted from the mean of the first patches: else the rounding of float32 would
    hide what varies little about a large mean.
    """

    count: int = 0
    origin: Array | None = None
    """[groups, taps, 1]."""
    total: Doubles = field(default_factory=lambda: np.zeros(()))
    products: Doubles = field(default_factory=lambda: np.zeros(()))
    _waiting: list[Array] = field(default_factory=list[Array])

    def add(self, patches: Array) -> None:
        """Adds patches [groups, taps, positions]."""
        self.count += patches.shape[-1]
        self._waiting.append(patches)
        if sum(each.nbytes for each in self._waiting) > WAITING_BYTES:
            self._flush()

    def _flush(self) -> None:
        """One large matrix product costs less than many small ones."""
        x = np.concatenate(self._waiting, axis=2)
        self._waiting.clear()
        if self.origin is None:
            self.origin = x.mean(axis=2, keepdims=True)
        x -= self.origin
        transposed = np.ascontiguousarray(x.transpose(0, 2, 1))
        self.total = self.total + x.sum(axis=2, dtype=np.float64)
        # Few enough positions at a time for sums in float32.
        self.products = self.products + (x @ transposed).astype(np.float64)

    def covariance(self) -> Doubles:
        """[groups, taps, taps]; positive semidefinite but for rounding."""
        if self._waiting:
            self._flush()
        mean = self.total / self.count
        return self.products / self.count - mean[:, :, None] * mean[:, None, :]


def takes_part(contraction: Contraction) -> bool:
    """Whether the weights of a contraction are searched."""
    if not contraction.has_rows:
        return False
    return contraction.rows().shape[-1] <= MOST_TAPS


def observe_inputs(
    func: FuncOp, contractions: Sequence[Contraction], samples: Iterable[Sample]
) -> dict[str, Moments]:
    """The moments of the inputs of contractions, by the contraction's name."""
    reads = [contraction.op.operands[0] for contraction in contractions]
    unique = list(dict.fromkeys(reads))
    moments = {contraction.name: Moments() for contraction in contractions}
    for turn, arrays in enumerate(float_values(func, unique, samples)):
        for contraction, value in zip(contractions, reads, strict=True):
            array = arrays[unique.index(value)]
            patches = contraction.patches(array, POSITIONS, turn)
            moments[contraction.name].add(patches)
    return moments


def observe_outputs(
    func: FuncOp, contractions: Sequence[Contraction], samples: Iterable[Sample]
) -> dict[str, Doubles]:
    """The means of each result's channels, [samples, channels], by name."""
    results = [contraction.op.result for contraction in contractions]
    rows: list[list[Doubles]] = [[] for _ in results]
    for arrays in float_values(func, results, samples):
        for contraction, row, array in zip(contractions, rows, arrays, strict=True):
            row.append(channel_means(array, contraction.channel_axis))
    names = [contraction.name for contraction in contractions]
    return {name: np.array(row) for name, row in zip(names, rows, strict=True)}


def float_values(
    func: FuncOp, values: Sequence[SSAValue], samples: Iterable[Sample]
) -> Iterator[Sequence[Array]]:
    """The arrays of some values of a float function, for each sample; none of none."""
    if not values:
        return iter(())
    export = export_function(func)
    export.outputs.clear()
    names = [export.graph.name(value) for value in values]
    export.outputs += [helper.make_empty_tensor_value_info(name) for name in names]
    session = OnnxSession(export.model())
    return in_order(session.run, samples)
