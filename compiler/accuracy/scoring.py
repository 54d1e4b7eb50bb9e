"""Scores of one model with some of its layers in float."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from xdsl.dialects.builtin import ModuleOp

from qcc.codegen.targets import native_target
from qcc.codegen.toolchain import compilers
from qcc.compiler.accuracy.evaluation import Evaluation
from qcc.compiler.accuracy.metrics import Metric
from qcc.compiler.accuracy.simulation import native_session, simulate
from qcc.compiler.pipeline import (
    PipelineOptions,
    qdq_passes,
    quantization_passes,
    run_pipeline,
)
from qcc.compiler.progress import Say
from qcc.passes.layers import Layer
from qcc.passes.statistics import Statistics, use

REASON = "the accuracy budget"
"""Why layers stay float, for notes."""

Refit = Callable[[PipelineOptions], Statistics]
"""The statistics for a model with some layers in float: biases depend on them."""


@dataclass
class Scorer:
    """
    A float model with ranges, and data to score its quantized forms on.

    Layers are numbered; a set of them is what stays in float.
    """

    module: ModuleOp
    statistics: Statistics
    pipeline: PipelineOptions
    layers: Sequence[Layer]
    evaluation: Evaluation
    metric: Metric
    refit: Refit
    say: Say
    reference: float = 0.0
    """The float model's score."""
    _simulated: dict[frozenset[int], float] = field(
        default_factory=dict[frozenset[int], float]
    )

    def options(self, kept: Iterable[int]) -> PipelineOptions:
        """Those of the compilation, with floats as inputs and outputs."""
        names = {self.layers[index].name: REASON for index in sorted(kept)}
        keep_float = {**self.pipeline.keep_float, **names}
        return replace(
            self.pipeline, keep_float=keep_float, io="float", int8_only=False
        )

    def simulated(self, kept: frozenset[int]) -> float:
        """The drop in onnxruntime."""
        if kept not in self._simulated:
            self.say(f"{len(kept)} layers in float")
            module = self.module.clone()
            with use(self.statistics):
                run_pipeline(module, qdq_passes("static", self.options(kept)))
            outputs = simulate(module, self.evaluation.samples)
            self._simulated[kept] = self.metric.score(outputs)
        return self.drop(self._simulated[kept])

    def compiled(self, kept: frozenset[int]) -> tuple[float, bool]:
        """
        The score of the compiled integers, and whether it is theirs.

        Without a C compiler it is that of onnxruntime.
        """
        if not compilers(native_target()):
            self.simulated(kept)
            return self._simulated[kept], False
        self.say(f"compiling with {len(kept)} layers in float")
        module, options = self.module.clone(), self.options(kept)
        with use(self.refit(options)):
            run_pipeline(module, quantization_passes("static", options))
        with native_session(module) as session:
            runs = (session.run(None, sample) for sample in self.evaluation.samples)
            return self.metric.score(runs), True

    def drop(self, score: float) -> float:
        """What is lost of the float model's score."""
        return self.metric.drop(self.reference, score)
