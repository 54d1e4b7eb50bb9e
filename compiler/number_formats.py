"""`--weights` and `--scales`: which modes they go with."""

from __future__ import annotations

from qcc.compiler.options import Options
from qcc.dialects.errors import QccError
from qcc.passes.quantize_weights import WEIGHT_TYPES


def check_number_formats(options: Options, mode: str) -> None:
    """QccError for a type of weights that `mode` has no use for."""
    if options.weights not in WEIGHT_TYPES:
        raise QccError(
            f"unknown type of weights {options.weights!r}",
            remedy=f"one of: {', '.join(WEIGHT_TYPES)}",
        )
    if options.weights != "int8" and mode != "weights":
        raise QccError(
            f"{options.weights} weights cannot be had in mode {mode}",
            why="integer kernels multiply int8"
            if mode in ("static", "dynamic")
            else "its weights are float",
            remedy="give --mode weights",
        )
