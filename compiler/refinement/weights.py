"""Decides for each contraction how its weights become int8, from the float inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from xdsl.dialects.func import FuncOp

from qcc.compiler.refinement.contractions import Contraction
from qcc.compiler.refinement.observation import Moments
from qcc.compiler.refinement.weight_search import (
    LIMIT,
    best_scales,
    compensated,
    damped,
)
from qcc.dialects.naming import tensor_name
from qcc.dialects.quant import UniformType
from qcc.passes.refinements import WeightRounding, float32_values, weights_digest
from qcc.passes.rewriting import quantized_type
from qcc.passes.round_weights import weight_cast
from qcc.passes.statistics import Statistics


def search_weights(
    func: FuncOp,
    contractions: Sequence[Contraction],
    moments: Mapping[str, Moments],
    statistics: Statistics,
    *,
    integers: bool,
) -> None:
    """
    Adds a `WeightRounding` for each contraction whose weights `func` casts to int8.

    `func` has the casts of `insert-quantize`. With `integers`, weights are not rounded
    to the nearest but so that they compensate each other's errors.
    """
    kinds: dict[str | None, UniformType] = {}
    for op in func.body.block.ops:
        quantize = weight_cast(op)
        if quantize is not None:
            kinds[tensor_name(op.results[0])] = quantized_type(quantize.result)
    for contraction in contractions:
        kind = kinds.get(contraction.name)
        if kind is not None and kind.axis is not None:
            found = _search(contraction, kind, moments[contraction.name], integers)
            statistics.replace(contraction.name, found)


def _search(
    contraction: Contraction, kind: UniformType, moments: Moments, integers: bool
) -> WeightRounding:
    rows = contraction.rows()
    covariance = damped(moments.covariance(), moments.count)
    given = np.array(kind.scales).reshape(rows.shape[:2])
    # Scales that something else decided (a bias that would not fit) stay.
    usual = (np.abs(rows).max(axis=-1) / LIMIT).astype(np.float32)
    scales = np.where(given == usual, best_scales(rows, covariance), given)
    stored = None
    if integers:
        rounded = compensated(rows, scales, covariance).astype(np.int8)
        stored = np.ascontiguousarray(contraction.from_rows(rounded)).tobytes()
    digest = weights_digest(contraction.weights)
    return WeightRounding(digest, float32_values(scales.reshape(-1)), stored)
