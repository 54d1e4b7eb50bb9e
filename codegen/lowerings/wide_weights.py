"""
Weights that are wider than 8 bits once their zero point is taken off.

The fastest kernels know no zero points of weights. With one zero point for a whole
tensor, as TensorFlow's quantization-aware training has it, a weight less the zero point
needs 9 bits, but hardly any channel has a weight that really does: the others are
computed with zero point 0, and these few again, over what was stored for them, by a
kernel that has zero points. The sums are the same integers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from qcc.codegen.lowerings.convolution import Geometry
from qcc.codegen.lowerings.packed_convolution import Weights

_COST = 16
"""What a run of wide channels costs at least, in channels: a vector of them."""


@dataclass(frozen=True)
class Part:
    """Output channels that are computed together; the last part that has one counts."""

    geometry: Geometry
    weights: Weights
    channels: slice


def _runs(mask: NDArray[np.bool_]) -> Iterator[slice]:
    """The runs of true elements."""
    borders = np.flatnonzero(np.diff(mask, prepend=False, append=False))
    for begin, end in list(pairwise(borders.tolist()))[::2]:
        yield slice(begin, end)


def parts(geometry: Geometry, weights: Weights, *, whole: bool = False) -> list[Part]:
    """
    The calls that compute a convolution; the first one's channels are all of them.

    `whole`: one call must compute it all, because it adds a residual.
    """
    everything = Part(geometry, weights, slice(0, geometry.outputs))
    if whole or geometry.groups > 1 or weights.is_symmetric:
        return [everything]
    wide = weights.wide()
    runs = list(_runs(wide))
    narrow = weights.without_zero_points(wide)
    if narrow is None or _COST * len(runs) + int(wide.sum()) > geometry.outputs:
        return [everything]
    again = [
        Part(
            replace(geometry, outputs=run.stop - run.start, pixel=geometry.outputs),
            weights.of_channels(run),
            run,
        )
        for run in runs
    ]
    return [replace(everything, weights=narrow), *again]
