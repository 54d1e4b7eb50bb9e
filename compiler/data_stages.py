"""The stages of a compilation that read data: calibration, refinement, the budget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from xdsl.dialects.builtin import ModuleOp

from qcc.codegen.targets import Target
from qcc.compiler import accuracy
from qcc.compiler.accuracy import BudgetResult, Refit
from qcc.compiler.calibration import (
    calibrate,
    check_samples,
    input_specs,
    load_samples,
)
from qcc.compiler.calibration.samples import Sample
from qcc.compiler.float_costs import layer_costs
from qcc.compiler.options import Options
from qcc.compiler.pipeline import PipelineOptions, qdq_passes
from qcc.compiler.refinement import KeptSamples, check_refinements, refine
from qcc.compiler.refinement.run import BIASES, FEWEST_SAMPLES, ROUNDING, spread
from qcc.dialects.errors import QccError
from qcc.passes.statistics import Statistics

Array = NDArray[Any]


MOST_REPORTED = 16
"""Samples that a report looks at, at the most."""


@dataclass(frozen=True)
class Known:
    """What the data says of the float model."""

    statistics: Statistics
    refit: Refit
    """Refines anew, for a pipeline with other layers in float."""
    samples: Sequence[Sample]
    """Some of those of the calibration."""


def gather_statistics(
    options: Options, module: ModuleOp, mode: str, pipeline: PipelineOptions
) -> Known:
    """What is known of the float values: loaded, calibrated and refined, or both."""
    check_refinements(options.refinements)
    statistics = Statistics()
    kept: Sequence[Sample] = ()
    if isinstance(options.ranges, Statistics):
        statistics.merge(options.ranges)
    elif options.ranges is not None:
        statistics.merge(Statistics.load(options.ranges))
    if options.calibration is not None:
        specs = input_specs(module)
        if isinstance(options.calibration, Path):
            samples = load_samples(
                options.calibration,
                specs,
                mean=options.mean,
                std=options.std,
                layout=options.layout,
            )
        else:
            samples = check_samples(options.calibration, specs)
        samples = KeptSamples(samples)
        statistics.merge(calibrate(module, samples, method=options.calibration_method))
        kept = samples.kept

    def refit(pipeline: PipelineOptions) -> Statistics:
        refined = Statistics().merge(statistics)
        if mode == "static":
            passes = qdq_passes(mode, pipeline)
            steps = set(options.refinements)
            if options.scales == "pow2":
                # Its integers would be for other scales.
                steps -= {ROUNDING}
            refine(module, kept, refined, passes, steps)
        elif mode in ("weights", "round"):
            # Float arithmetic takes no scales of activations, and is slow in numpy.
            steps = {BIASES} & set(options.refinements)
            used = spread(kept, FEWEST_SAMPLES)
            refine(module, used, refined, qdq_passes(mode, pipeline), steps)
        return refined

    return Known(refit(pipeline), refit, kept)


def check_budget(options: Options) -> None:
    """QccError for a budget without data, or one that makes no sense."""
    accuracy.check_metric(options.metric)
    limit = options.max_drop
    if limit is None:
        return
    if options.evaluation is None:
        raise QccError(
            "an accuracy budget needs evaluation data",
            why="--max-drop is given without --eval",
            remedy="give samples with labels by --eval",
        )
    if not limit >= 0:
        raise QccError(
            f"an accuracy budget of {limit:g} cannot be met",
            why="a drop is measured from the float model's score",
            remedy="give a --max-drop of 0 or more",
        )


def _evaluation(options: Options, module: ModuleOp) -> accuracy.Evaluation:
    assert options.evaluation is not None
    return accuracy.load_evaluation(
        options.evaluation,
        input_specs(module),
        mean=options.mean,
        std=options.std,
        layout=options.layout,
    )


def report_samples(options: Options, module: ModuleOp) -> Sequence[Sample]:
    """Samples for a report of a model that was not calibrated."""
    if options.evaluation is None:
        return ()
    return _evaluation(options, module).some(MOST_REPORTED)


def hold_budget(
    options: Options,
    module: ModuleOp,
    mode: str,
    pipeline: PipelineOptions,
    known: Known,
    targets: Sequence[Target],
) -> tuple[PipelineOptions, Statistics, BudgetResult]:
    """
    What to compile with so that the budget is held, and why.

    `module` is the float model, `known` is what `gather_statistics` says of it.
    QccError where it cannot be held, and in modes without ranges.
    """
    if mode != "static":
        raise QccError(
            "the accuracy of a model is scored with ranges",
            why=f"the mode is {mode}",
            remedy="give --calibrate or --ranges, or leave --eval out",
        )
    result = accuracy.keep_budget(
        module,
        known.statistics,
        pipeline,
        _evaluation(options, module),
        accuracy.Budget(options.metric, options.max_drop),
        cost=layer_costs(module, targets),
        refit=known.refit,
    )
    if not result.kept:
        return pipeline, known.statistics, result
    names = dict.fromkeys(result.kept, accuracy.REASON)
    chosen = replace(pipeline, keep_float={**pipeline.keep_float, **names})
    return chosen, known.refit(chosen), result
