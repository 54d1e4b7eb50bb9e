"""
The search for the layers that stay in float so that a metric stays within its budget.

Sites of rounding are ranked by what each does to the outputs. The fewest that help,
worst first, are spared; layers that turn out not to be needed become int8 again, the
most expensive first. What is found is confirmed on the compiled integers, where the
machine has a C compiler.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from xdsl.dialects.builtin import ModuleOp

from qcc.compiler.accuracy.evaluation import Evaluation
from qcc.compiler.accuracy.metrics import Metric, find_metric
from qcc.compiler.accuracy.scoring import Refit, Scorer
from qcc.compiler.accuracy.sensitivity import RoundedModel, Site, measure
from qcc.compiler.accuracy.simulation import output_names, simulate
from qcc.compiler.pipeline import PipelineOptions, qdq_passes
from qcc.compiler.progress import status
from qcc.dialects.errors import QccError
from qcc.dialects.naming import model_function
from qcc.passes.layers import Layer, layers
from qcc.passes.statistics import Statistics, use

RANKING_SAMPLES = 32
"""How many samples rank the layers, at the most; all of them are scored."""

GROWTH = 4
"""Where the compiled integers do not confirm a result, a quarter more sites follow."""

LayerCost = Callable[[Layer], float]
"""What a layer costs more in float than in int8, as a share of the int8 model."""


@dataclass(frozen=True)
class Budget:
    """What the user allows."""

    metric: str
    max_drop: float | None = None
    """In the units of the metric: points of accuracy for top1; None allows anything."""

    def allows(self, drop: float) -> bool:
        """Whether a drop is within the budget."""
        return self.max_drop is None or drop <= self.max_drop


@dataclass(frozen=True)
class RankedLayer:
    """A layer and what its rounding does."""

    name: str
    op: str
    noise: float
    """Of the worst output in units of its signal, when only this layer is rounded."""
    cost: float
    """See `LayerCost`."""
    kept: bool


@dataclass(frozen=True)
class BudgetResult:
    """The decision, and what it rests on."""

    metric: Metric
    float_score: float
    int8_score: float
    score: float
    """With the layers kept in float."""
    is_exact: bool
    """Whether the scores are those of the compiled integers."""
    ranking: Sequence[RankedLayer] = ()
    """All layers, the worst first; empty where int8 is good enough."""

    @property
    def kept(self) -> list[str]:
        """The names of the layers in float, the worst first."""
        return [layer.name for layer in self.ranking if layer.kept]

    @property
    def drop(self) -> float:
        """What is lost, in the units of the metric."""
        return self.metric.drop(self.float_score, self.score)


def keep_budget(
    module: ModuleOp,
    statistics: Statistics,
    pipeline: PipelineOptions,
    evaluation: Evaluation,
    budget: Budget,
    *,
    cost: LayerCost,
    refit: Refit,
    progress: bool | None = None,
) -> BudgetResult:
    """
    The fewest layers in float with which the metric drops by at most `max_drop`.

    `module` is the float model, `statistics` hold its ranges. Deterministic on one
    machine. QccError where even the whole model in float (or, with `int8_only`, none of
    it) is not good enough; it names the best that was reached.
    """
    with status("accuracy budget", show=progress) as say:
        say("the float model")
        reference = list(simulate(module, evaluation.samples))
        metric = find_metric(
            budget.metric, output_names(module), evaluation.labels, reference
        )
        found = layers(model_function(module), float_outputs=pipeline.float_outputs)
        scorer = Scorer(
            module, statistics, pipeline, found, evaluation, metric, refit, say
        )
        scorer.reference = metric.score(reference)
        int8_score, is_exact = scorer.compiled(frozenset())
    if budget.allows(scorer.drop(int8_score)):
        return BudgetResult(metric, scorer.reference, int8_score, int8_score, is_exact)
    search = _Search(scorer, budget, int8_score, is_exact)
    if not pipeline.int8_only:
        search.rank(progress)
        with status("accuracy budget", show=progress) as scorer.say:
            if search.run(cost):
                return search.result(cost)
    raise search.failure(pipeline.int8_only)


@dataclass
class _Search:
    scorer: Scorer
    budget: Budget
    int8_score: float
    is_exact: bool
    sites: Sequence[Site] = ()
    kept: frozenset[int] = frozenset()
    """The best set so far, as the compiled integers say."""
    score: float = field(init=False)

    def __post_init__(self) -> None:
        self.score = self.int8_score

    def rank(self, progress: bool | None) -> None:
        """Measures what each site does."""
        scorer = self.scorer
        samples = scorer.evaluation.some(RANKING_SAMPLES)
        reference = list(simulate(scorer.module, samples))
        passes = qdq_passes("static", scorer.options(()))
        with use(scorer.statistics):
            rounded = RoundedModel(
                scorer.module, passes, float_outputs=scorer.pipeline.float_outputs
            )
        assert len(rounded.layers) == len(scorer.layers)
        self.sites = measure(rounded, samples, reference, progress=progress)

    def run(self, cost: LayerCost) -> bool:
        """Whether a set is found that the compiled integers confirm."""
        scorer, allowed = self.scorer, self.budget.max_drop
        assert allowed is not None
        for kept in dict.fromkeys(self._candidates(allowed, cost)):
            score, _ = scorer.compiled(kept)
            if not self.kept or scorer.drop(score) < scorer.drop(self.score):
                self.kept, self.score = kept, score
            if scorer.drop(score) <= allowed:
                self.kept, self.score = kept, score
                return True
        return False

    def _candidates(self, limit: float, cost: LayerCost) -> Iterator[frozenset[int]]:
        """
        What may be enough, fewer layers first.

        The integers can do worse than onnxruntime says, which chooses the first ones:
        then more of the worst sites are spared.
        """
        count = self._fewest(limit)
        if self._is_enough(self._spared(count), limit):
            yield self._without_needless(self._spared(count), limit, cost)
        yield self._spared(count)
        while count < len(self.sites):
            count = min(len(self.sites), count + max(1, count // GROWTH))
            yield self._spared(count)

    def _spared(self, count: int) -> frozenset[int]:
        """The layers in float that spare the `count` worst sites."""
        return frozenset[int]().union(*(site.layers for site in self.sites[:count]))

    def _fewest(self, limit: float) -> int:
        """How many sites, worst first, have to be spared; all if they do not do."""
        good, failed = 1, 0
        while not self._is_enough(self._spared(good), limit):
            if good >= len(self.sites):
                return len(self.sites)
            good, failed = min(2 * good, len(self.sites)), good
        while good - failed > 1:
            middle = (good + failed) // 2
            if self._is_enough(self._spared(middle), limit):
                good = middle
            else:
                failed = middle
        return good

    def _without_needless(
        self, kept: frozenset[int], limit: float, cost: LayerCost
    ) -> frozenset[int]:
        """Layers become int8 again where the limit allows it, expensive ones first."""
        layers = self.scorer.layers
        for index in sorted(kept, key=lambda i: (-cost(layers[i]), -i)):
            fewer = kept - {index}
            if fewer and self._is_enough(fewer, limit):
                kept = fewer
        return kept

    def _is_enough(self, kept: frozenset[int], limit: float) -> bool:
        return self.scorer.simulated(kept) <= limit

    def result(self, cost: LayerCost) -> BudgetResult:
        """What was found."""
        noise = [0.0] * len(self.scorer.layers)
        for site in self.sites:
            for owner in site.owners:
                noise[owner] += site.noise
        order = sorted(range(len(noise)), key=lambda index: (-noise[index], index))
        ranking = [
            RankedLayer(
                layer.name, layer.op.name, noise[i], cost(layer), i in self.kept
            )
            for i, layer in ((i, self.scorer.layers[i]) for i in order)
        ]
        return BudgetResult(
            self.scorer.metric,
            self.scorer.reference,
            self.int8_score,
            self.score,
            self.is_exact,
            ranking,
        )

    def failure(self, int8_only: bool) -> QccError:
        """The error that names the best that was reached."""
        scorer, metric = self.scorer, self.scorer.metric
        best = f"a drop of {scorer.drop(self.score):.4g} {metric.unit}".rstrip()
        best += f" ({metric.text(scorer.reference)} in float, "
        best += f"{metric.text(self.score)}) with "
        if int8_only:
            best += "every layer in int8, as --int8-only wants"
        elif len(self.kept) == len(scorer.layers):
            best += f"all {len(self.kept)} layers in float"
        else:
            names = [scorer.layers[index].name for index in sorted(self.kept)]
            best += f"{len(names)} of {len(scorer.layers)} layers in float"
        return QccError(
            f"the accuracy budget of {self.budget.max_drop:g} {metric.unit}".rstrip()
            + " cannot be met",
            why=f"the best reached is {best}",
            remedy="leave out --int8-only"
            if int8_only
            else "allow a larger --max-drop, or calibrate with more samples",
        )
