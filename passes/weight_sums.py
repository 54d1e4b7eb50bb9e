"""
Rounding that keeps the sum of what an output channel adds up.

Activations are mostly positive, so what the rounding errors of a channel's weights sum
to shifts the whole channel, layer after layer; single errors average out. Changing a
few roundings to the other neighbour removes the sum without any samples. (Guo et al.,
"SQuant: On-the-Fly Data-Free Quantization via Diagonal Hessian Approximation", 2022.)
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]


def keep_sums(stored: Doubles, exact: Doubles, limits: tuple[int, int]) -> Doubles:
    """
    `stored` with roundings changed until the errors of a row sum to at most a half.

    `exact` are the unrounded values [rows, weights] in units of the scale, within
    `limits`. Those whose fraction is nearest to a half are changed first, by one step,
    each at most once and never out of the limits; zeros stay, which are structure.
    """
    errors = stored - exact
    flips = np.rint(errors.sum(axis=1))
    directions = -np.sign(flips)[:, None]
    changed = stored + directions
    # Only errors of the sign of the sum, which zeros do not have.
    allowed = (errors * directions < 0) & (changed >= limits[0])
    allowed &= changed <= limits[1]
    gains = np.where(allowed, -errors * directions, -np.inf)
    order = np.argsort(-gains, axis=1, kind="stable")
    # The inverse of a permutation sorts it.
    places = np.argsort(order, axis=1)
    chosen = allowed & (places < np.abs(flips)[:, None])
    return np.where(chosen, changed, stored)


def round_keeping_sums(
    exact: Doubles, axis: int, limits: tuple[int, int], *, keeps_sums: bool = True
) -> Doubles:
    """
    `exact` rounded half to even and clamped, then `keep_sums` per index of `axis`.

    Without `keeps_sums` only the former: for tables, whose rows are read, not summed.
    """
    exact = np.clip(exact, *limits)
    stored = np.rint(exact)
    if not keeps_sums:
        return stored
    moved = np.moveaxis(stored, axis, 0)
    rows = np.moveaxis(exact, axis, 0).reshape(len(moved), -1)
    kept = keep_sums(moved.reshape(rows.shape), rows, limits)
    return np.ascontiguousarray(np.moveaxis(kept.reshape(moved.shape), 0, axis))
