"""`--dynamic`, `--weights` and `--scales`: which modes they go with."""

from __future__ import annotations

from qcc.compiler.options import Options
from qcc.compiler.pipeline import DYNAMIC_FORMS
from qcc.dialects.errors import QccError
from qcc.passes.quantize_weights import WEIGHT_TYPES

SCALES = ("float", "pow2")


def _check_dynamic(options: Options, mode: str) -> None:
    form = options.dynamic
    if form not in DYNAMIC_FORMS:
        raise QccError(
            f"unknown form {form!r} of mode dynamic",
            remedy=f"one of: {', '.join(DYNAMIC_FORMS)}",
        )
    if form != "full" and mode != "dynamic":
        raise QccError(
            f"--dynamic {form} cannot be had in mode {mode}",
            why="it says what mode dynamic keeps in int8",
            remedy="give --mode dynamic, or leave it out",
        )


def check_number_formats(options: Options, mode: str) -> None:
    """QccError for a type of weights or scales that `mode` has no use for."""
    _check_scales(options, mode)
    _check_dynamic(options, mode)
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


def _check_scales(options: Options, mode: str) -> None:
    if options.scales not in SCALES:
        raise QccError(
            f"unknown scales {options.scales!r}", remedy=f"one of: {', '.join(SCALES)}"
        )
    if options.scales == "float":
        return
    if mode != "static":
        raise QccError(
            f"{options.scales} scales cannot be had in mode {mode}",
            why="only mode static chooses the scales of activations",
            remedy="give --mode static with --calibrate or --ranges",
        )
