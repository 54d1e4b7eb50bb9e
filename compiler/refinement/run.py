"""The steps of refinement, in order."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import dropwhile, takewhile
from math import prod

from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from qcc.compiler.calibration import Samples
from qcc.compiler.calibration.run import SpreadSamples
from qcc.compiler.calibration.samples import Sample
from qcc.compiler.pipeline import run_pipeline
from qcc.compiler.refinement.bias import correct_biases
from qcc.compiler.refinement.channels import scale_channels
from qcc.compiler.refinement.contractions import contractions
from qcc.compiler.refinement.observation import observe_inputs, takes_part
from qcc.compiler.refinement.segments import kept_bytes
from qcc.compiler.refinement.weights import search_weights
from qcc.dialects import quant
from qcc.dialects.errors import QccError
from qcc.dialects.naming import model_function
from qcc.passes.equalize_channels import EqualizeChannelsPass
from qcc.passes.smooth_activations import SmoothActivationsPass
from qcc.passes.statistics import Statistics, use

CHANNELS, SCALES, ROUNDING, BIASES = "channels", "scales", "rounding", "biases"

REFINEMENTS = (CHANNELS, SCALES, ROUNDING, BIASES)
"""
Channels made alike; scales of weights; their integers too, in place of the nearest
ones; biases.

Each is measured with those before it in force.
"""

DEFAULT_REFINEMENTS = (SCALES, ROUNDING, BIASES)

MOST_SAMPLES = 64
SAMPLE_BYTES = 2**27
"""Inputs that are kept for refinement, at the most."""

FEWEST_SAMPLES = 8

RUN_BYTES = 2**28
"""Intermediate values of all samples that are kept at a time, about."""

RUN_PRODUCTS = 4 * 10**10
"""Multiply-accumulates of one run of the model on all samples, about."""


class KeptSamples(Samples):
    """Samples of which some, spread evenly over all seen, are kept for `refine`."""

    def __init__(self, samples: Samples) -> None:
        self._samples = samples
        self.inputs, self.count = samples.inputs, samples.count
        self.kept: list[Sample] = []

    def __iter__(self) -> Iterator[Sample]:
        size = sum(prod(spec.shape) * spec.dtype.itemsize for spec in self.inputs)
        most = min(MOST_SAMPLES, SAMPLE_BYTES // max(size, 1))
        # Copies: an application may fill the same arrays again and again.
        copies = (
            {name: array.copy() for name, array in sample.items()}
            for sample in self._samples
        )
        samples = SpreadSamples(copies, max(FEWEST_SAMPLES, most))
        self.kept = samples.kept
        return iter(samples)


def check_refinements(names: Iterable[str]) -> None:
    """QccError for a name that is not in `REFINEMENTS`."""
    for name in names:
        if name not in REFINEMENTS:
            raise QccError(
                f"there is no refinement {name!r}",
                remedy=f"use some of {', '.join(REFINEMENTS)}, or none",
            )


def refine(
    module: ModuleOp,
    samples: Sequence[Sample],
    statistics: Statistics,
    passes: Sequence[ModulePass],
    steps: Collection[str],
) -> None:
    """
    Adds decisions about weights and biases to `statistics`, which hold the ranges.

    `module` is the float model, `passes` those that quantize it, `steps` some of
    `REFINEMENTS`. Models that come with casts of their own are left as they are.
    """
    has_casts = any(isinstance(op, quant.DequantizeCastOp) for op in module.walk())
    func = model_function(module)
    found = contractions(func)
    if has_casts or not found or not steps or not samples:
        return
    products = sum(each.products for each in found)
    samples = spread(samples, max(FEWEST_SAMPLES, RUN_PRODUCTS // products))
    quantized = module.clone()
    with use(statistics):
        if CHANNELS in steps:
            scale_channels(module, samples, statistics)
            equalized = module.clone()
            run_pipeline(equalized, [EqualizeChannelsPass(), SmoothActivationsPass()])
            func = model_function(equalized)
            found = contractions(func)
        run_pipeline(quantized, [*takewhile(_is_before_weights, passes)])
        if SCALES in steps or ROUNDING in steps:
            searched = [each for each in found if takes_part(each)]
            moments = observe_inputs(func, searched, samples)
            cast = model_function(quantized)
            rounding = ROUNDING in steps
            search_weights(cast, searched, moments, statistics, integers=rounding)
        if BIASES in steps:
            rest = dropwhile(_is_before_weights, passes)
            run_pipeline(quantized, [*takewhile(_is_before_biases, rest)])
            integer = model_function(quantized)
            count = RUN_BYTES // max(kept_bytes(integer), 1)
            used = spread(samples, max(FEWEST_SAMPLES, count))
            correct_biases(func, integer, found, used, statistics)


def spread(samples: Sequence[Sample], count: int) -> Sequence[Sample]:
    """At most `count` samples, spread evenly over all."""
    count = min(count, len(samples))
    return [samples[i * len(samples) // count] for i in range(count)]


def _is_before_weights(each: ModulePass) -> bool:
    return each.name != "round-weights"


def _is_before_biases(each: ModulePass) -> bool:
    return each.name != "correct-bias"
