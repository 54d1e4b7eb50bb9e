"""
Refinement: what samples tell about weights and biases, once ranges are known.

It runs after calibration, on some of the same samples, and adds its decisions to the
statistics (`qcc.passes.refinements`), from which `round-weights` and `correct-bias`
take them. So a file of statistics holds all that there is to know of the samples.
"""

from qcc.compiler.refinement.run import (
    DEFAULT_REFINEMENTS,
    REFINEMENTS,
    KeptSamples,
    check_refinements,
    refine,
)

__all__ = [
    "DEFAULT_REFINEMENTS",
    "REFINEMENTS",
    "KeptSamples",
    "check_refinements",
    "refine",
]
