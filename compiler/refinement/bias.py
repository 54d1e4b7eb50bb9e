"""
How far each channel of a contraction is off on average, layer by layer.

Float and quantized model see the same samples. The quantized one runs part by part: the
correction of a layer is in force when the next one is measured, so that each layer is
corrected for what is left of the errors of those before it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from xdsl.dialects.func import FuncOp

from qcc.compiler.calibration.samples import Sample
from qcc.compiler.refinement.contractions import Contraction, ContractionOp, Doubles
from qcc.compiler.refinement.observation import channel_means, observe_outputs
from qcc.compiler.refinement.segments import SegmentedRun
from qcc.dialects.naming import tensor_name
from qcc.passes.correct_bias import add_to_bias, quantized_weights
from qcc.passes.refinements import BiasCorrection, float32_values, weights_digest
from qcc.passes.statistics import Statistics


def correct_biases(
    float_func: FuncOp,
    func: FuncOp,
    contractions: Sequence[Contraction],
    samples: Sequence[Sample],
    statistics: Statistics,
) -> None:
    """
    Adds a `BiasCorrection` for each contraction with int8 weights.

    `contractions` are those of `float_func`; `func` is the same model with casts and
    quantized constants, and is changed: its biases are corrected.
    """
    expected = observe_outputs(float_func, contractions, samples)
    axes = {contraction.name: contraction.channel_axis for contraction in contractions}
    run = SegmentedRun(func, samples)
    for op in list(func.body.block.ops):
        name = tensor_name(op.results[0]) if op.results else None
        if name not in expected or not isinstance(op, ContractionOp):
            continue
        weights = quantized_weights(op)
        if weights is None:
            continue
        actual = [channel_means(result, axes[name]) for result in run.run_before(op)]
        values = float32_values(significant_mean(expected[name] - np.array(actual)))
        statistics.replace(name, BiasCorrection(weights_digest(weights), values))
        run.replace(op, add_to_bias(op, values))


def significant_mean(samples: Doubles) -> Doubles:
    """
    The mean over the first axis, drawn towards 0 where the samples disagree.

    mean · max(0, 1 - variance of the mean / mean²), which is the positive-part estimate
    of James and Stein for each channel. 0 for a single sample.
    """
    count = len(samples)
    mean = samples.mean(axis=0)
    if count < 2:
        return np.zeros_like(mean)
    variance = samples.var(axis=0, ddof=1) / count
    square = mean**2
    ratio = np.divide(variance, square, out=np.ones_like(mean), where=square > 0)
    return mean * np.maximum(0.0, 1 - ratio)
