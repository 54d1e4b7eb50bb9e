"""
How weights are rounded: scales per output channel, and integers, in numpy.

The error that counts is that of the sums, E[((w - s q) · (x - E[x]))²]: a quadratic
form in the covariance of the inputs, since the mean goes into the bias. It is damped
towards a multiple of the identity, the more the fewer samples there are.
"""

from __future__ import annotations

import numpy as np

from qcc.compiler.refinement.contractions import Array, Doubles

LIMIT = 127
"""Weights are stored in [-127, 127]."""

DAMPING = 0.05
"""The least damping, relative to the mean variance of the taps."""

DIVISORS = (127, *range(96, 193, 8))
"""Scales tried: max |w| by these. Up to 127 all fit, beyond the largest are cut off."""

STEPS = (4,)
"""Then tried: what differs by so much from the best divisor so far."""

GRID_DIVISORS = np.arange(64, 255)
"""The largest weight as an integer, in weights that lie on a grid already."""

GRID_TAPS = 64
"""Taps of a row that are looked at for a grid: the largest, and as many anywhere."""

BLOCK = 64
"""Columns that are rounded before the rest is updated."""


def damped(covariance: Doubles, positions: int) -> Doubles:
    """
    The covariance [groups, taps, taps] estimated from some positions, made robust.

    Adds (DAMPING + taps / positions) · mean variance to the diagonal: with few
    positions, weights would compensate what only these samples have.
    """
    taps = covariance.shape[-1]
    variance = np.trace(covariance, axis1=1, axis2=2) / taps
    # An input that never varies: all taps weigh the same.
    variance = np.where(variance > 0, variance, 1.0)
    added = (DAMPING + taps / positions) * variance
    return covariance + added[:, None, None] * np.eye(taps)


def nearest(rows: Doubles, scales: Doubles) -> Doubles:
    """The integers nearest to rows [groups, outputs, taps] / scales [.., outputs]."""
    return np.clip(np.rint(rows / scales[..., None]), -LIMIT, LIMIT)


def sum_errors(errors: Array, covariance: Array) -> Doubles:
    """e^T C e of weight errors [groups, outputs, taps], [groups, outputs]."""
    single = errors.astype(np.float32, copy=False)
    products = single @ covariance.astype(np.float32, copy=False)
    return np.einsum("got,got->go", products, single, dtype=np.float64)


def best_scales(rows: Doubles, covariance: Doubles) -> Doubles:
    """
    The scales [groups, outputs] with the least error of sums, rounding to nearest.

    Tried are max |w| by `DIVISORS`, then by those near the best one (`STEPS`), and the
    scale with the least error of the weights themselves, which is the exact one where
    weights lie on a grid. 0 for rows of 0.
    """
    largest = np.abs(rows).max(axis=-1)
    weights, moments = rows.astype(np.float32), covariance.astype(np.float32)
    best = _float32(largest / LIMIT)
    least = np.full_like(best, np.inf)

    def attempt(scales: Doubles) -> None:
        nonlocal best, least
        found = sum_errors(_rounding_errors(weights, scales), moments)
        better = (found < least) & (scales > 0)
        best, least = np.where(better, scales, best), np.where(better, found, least)

    for divisor in DIVISORS:
        attempt(_float32(largest / divisor))
    for step in STEPS:
        nearest_divisor = np.divide(
            largest, best, out=np.ones_like(best), where=best > 0
        )
        for sign in (1, -1):
            attempt(_float32(largest / (nearest_divisor + sign * step)))
    attempt(_grid_scales(weights, largest))
    return best


def _rounding_errors(weights: Array, scales: Doubles) -> Array:
    """What weights [groups, outputs, taps] are off by at these scales; float32."""
    steps = np.where(scales > 0, scales, 1.0).astype(np.float32)[..., None]
    errors = weights / steps
    np.clip(np.rint(errors, out=errors), -LIMIT, LIMIT, out=errors)
    errors *= steps
    errors -= weights
    return errors


def _grid_scales(weights: Array, largest: Doubles) -> Doubles:
    """
    The scales of `GRID_DIVISORS` with the least squared error of the weights.

    Of long rows, some taps tell: whether weights lie on a grid is no close question.
    """
    taps = weights.shape[-1]
    some = weights
    if taps > 2 * GRID_TAPS:
        order = np.argpartition(np.abs(weights), taps - GRID_TAPS, axis=-1)
        top = np.take_along_axis(weights, order[..., -GRID_TAPS:], axis=-1)
        some = np.concatenate([top, weights[..., :: taps // GRID_TAPS]], axis=-1)
    best, least = np.zeros_like(largest), np.full_like(largest, np.inf)
    for divisor in GRID_DIVISORS:
        scales = _float32(largest / divisor)
        errors = _rounding_errors(some, scales)
        found = np.einsum("got,got->go", errors, errors)
        better = found < least
        best, least = np.where(better, scales, best), np.where(better, found, least)
    return best


def _float32(values: Doubles) -> Doubles:
    return values.astype(np.float32).astype(np.float64)


def compensated(rows: Doubles, scales: Doubles, covariance: Doubles) -> Doubles:
    """
    Integers [groups, outputs, taps] whose errors compensate each other in the sums.

    Taps are rounded one by one, those with the largest variance first; what a tap is
    off by is made up for by those that are still to be rounded (Frantar et al., "GPTQ",
    2022). A row keeps the nearest integers where that is no better.
    """
    order = np.argsort(
        -np.diagonal(covariance, axis1=1, axis2=2), axis=1, kind="stable"
    )
    across = order[:, None, :]
    permuted = np.take_along_axis(covariance, order[:, :, None], axis=1)
    permuted = np.take_along_axis(permuted, across, axis=2)
    inverse = np.linalg.inv(permuted)
    factor = np.linalg.cholesky((inverse + inverse.transpose(0, 2, 1)) / 2)
    upper = factor.transpose(0, 2, 1).astype(np.float64)
    rounded = _rounded_in_turn(np.take_along_axis(rows, across, 2), scales, upper)
    result = np.empty_like(rounded)
    np.put_along_axis(result, np.broadcast_to(across, result.shape), rounded, axis=2)
    simple = nearest(rows, scales)
    before = sum_errors(rows - simple * scales[..., None], covariance)
    after = sum_errors(rows - result * scales[..., None], covariance)
    return np.where((after < before)[..., None], result, simple)


def _rounded_in_turn(rows: Doubles, scales: Doubles, upper: Doubles) -> Doubles:
    """Rounds column by column, in blocks; `upper` is the factor of the inverse."""
    left, rounded = rows.copy(), np.empty_like(rows)
    taps = rows.shape[-1]
    for start in range(0, taps, BLOCK):
        end = min(start + BLOCK, taps)
        errors = np.empty((*rows.shape[:2], end - start))
        for tap in range(start, end):
            column = np.clip(np.rint(left[..., tap] / scales), -LIMIT, LIMIT)
            rounded[..., tap] = column
            error = (left[..., tap] - column * scales) / upper[:, tap, tap, None]
            errors[..., tap - start] = error
            row = upper[:, None, tap, tap + 1 : end]
            left[..., tap + 1 : end] -= error[..., None] * row
        left[..., end:] -= errors @ upper[:, start:end, end:]
    return rounded
