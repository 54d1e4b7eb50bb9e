"""
How many samples the method `auto` needs before it may cut ranges.

    python -m benchmarks.accuracy.few_samples [--models NAME,...] [--resume]

Only calibration samples are used. Of each model's, some are held out; groups of n of
the others choose the ranges, once as all that was seen, once with the cuts of `auto`,
and what is held out tells which is better: the difference of the signal to noise
ratios, int8 against float, of the worst output (logits in place of decisions), in dB.
Writes build/accuracy/few_samples.json and the table as .md (for docs/calibration.md).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from xdsl.dialects.builtin import ModuleOp

from benchmarks.acceptance.models import zoo_cases
from benchmarks.accuracy.subjects import BUILD, NAMES, Array, Feeds
from qcc.compiler.calibration import auto, calibrate
from qcc.compiler.diagnostics import report_errors
from qcc.compiler.onnx_export import export_model
from qcc.compiler.onnx_import import import_model
from qcc.compiler.onnx_session import OnnxSession
from qcc.compiler.pipeline import (
    PipelineOptions,
    float_passes,
    qdq_passes,
    run_pipeline,
)
from qcc.dialects import nn
from qcc.dialects.naming import model_function, tensor_name
from qcc.passes.statistics import Statistics, use

RESULTS = BUILD / "few_samples.json"

COUNTS = (4, 8, 16, 32, 64, 128)
"""Samples that choose the ranges."""

GROUPS = 4
"""Of so many samples, at most, if they suffice."""

HELD = 40
"""Samples that are held out; at most a third of all."""

_DECISIONS = (nn.SoftmaxOp, nn.ArgMaxOp)
_MOVES = (nn.ReshapeOp, nn.ResizeOp, nn.TransposeOp)


def logits(module: ModuleOp) -> list[str]:
    """What the outputs that are decisions are taken of, by name."""
    last = model_function(module).body.block.last_op
    assert last is not None
    names: list[str] = []
    for value in last.operands:
        decided = False
        while isinstance(value.owner, (*_MOVES, *_DECISIONS)):
            decided |= isinstance(value.owner, _DECISIONS)
            value = value.owner.operands[0]
        name = tensor_name(value)
        if decided and name is not None:
            names.append(name)
    return names


class Judge:
    """A float model and the samples that are held out."""

    def __init__(self, module: ModuleOp, held: Sequence[Feeds]) -> None:
        self._module, self._held = module, held
        self._logits = logits(module)
        model = export_model(module, extra_outputs=self._logits)
        self._exact = list(map(self._run(OnnxSession(model)), held))

    def _run(self, session: OnnxSession) -> Callable[[Feeds], list[Array]]:
        first = -len(self._logits) if self._logits else 0
        return lambda feeds: [np.array(x) for x in session.run(feeds)[first:]]

    def decibels(self, ranges: Statistics) -> float:
        """The signal to noise ratio of the worst output with these ranges."""
        quantized = self._module.clone()
        options = PipelineOptions(float_outputs=True)
        with use(ranges):
            run_pipeline(quantized, qdq_passes("static", options))
        model = export_model(quantized, extra_outputs=self._logits)
        run = self._run(OnnxSession(model, optimize=False))
        powers = [
            _powers(*pair)
            for pair in zip(self._exact, map(run, self._held), strict=True)
        ]
        signal, noise = np.sum(powers, axis=0)
        return float(np.min(10 * np.log10(signal / np.maximum(noise, 1e-30))))


def _powers(exact: Sequence[Array], got: Sequence[Array]) -> Array:
    """Sums of squares of the values and of their errors, shape [2, outputs]."""
    pairs = [(x.astype(np.float64), y) for x, y in zip(exact, got, strict=True)]
    return np.array(
        [
            [np.sum(np.square(x)) for x, _ in pairs],
            [np.sum(np.square(x - y)) for x, y in pairs],
        ]
    )


def gains(name: str) -> Iterator[tuple[int, float]]:
    """For each group its number of samples, and the dB that cuts of ranges gain."""
    case = zoo_cases()[name]
    samples = list(case.calibration((GROUPS + 1) * COUNTS[-1]))
    order = np.random.default_rng(0).permutation(len(samples)).tolist()
    held = min(HELD, len(samples) // 3)
    module = import_model(case.model)
    run_pipeline(module, float_passes())
    judge = Judge(module, [samples[i] for i in order[:held]])
    pool = [samples[i] for i in order[held:]]
    for count in COUNTS:
        for start in range(0, min(GROUPS * count, len(pool)) - count + 1, count):
            group = pool[start : start + count]
            kept = judge.decibels(calibrate(module, group, "minmax", progress=False))
            cut = judge.decibels(calibrate(module, group, "auto", progress=False))
            yield count, cut - kept


def markdown(results: dict[str, list[tuple[int, float]]]) -> str:
    """Mean gain per model and number of samples, with the worst group's."""
    lines = [
        "| model | " + " | ".join(map(str, COUNTS)) + " |",
        "|---" * (len(COUNTS) + 1) + "|",
    ]
    columns: dict[int, list[float]] = {count: [] for count in COUNTS}
    for name, rows in results.items():
        cells: list[str] = []
        for count in COUNTS:
            found = [gain for n, gain in rows if n == count]
            columns[count] += [float(np.mean(found))] if found else []
            text = f"{np.mean(found):+.2f} ({min(found):+.2f})" if found else ""
            cells.append(text)
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    means = [f"{np.mean(c):+.2f}" if c else "" for c in columns.values()]
    losing = [f"{sum(g < -0.1 for g in c)} of {len(c)}" for c in columns.values()]
    lines.append("| mean of the models | " + " | ".join(means) + " |")
    lines.append("| that lose more than 0.1 dB | " + " | ".join(losing) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measures, prints and writes the table."""
    parser = argparse.ArgumentParser(
        prog="benchmarks.accuracy.few_samples",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    names = lambda text: text.split(",")  # noqa: E731
    parser.add_argument("--models", type=names, metavar="NAME,...", default=NAMES)
    parser.add_argument("--resume", action="store_true", help="keep what was measured")
    options = parser.parse_args()
    BUILD.mkdir(parents=True, exist_ok=True)
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    auto.FEWEST_THAT_CUT = 1  # what is to be judged
    for name in options.models:
        if options.resume and name in results:
            continue
        results[name] = []
        for count, gain in gains(name):
            results[name].append((count, gain))
            print(f"{name}: {count} samples: {gain:+.2f} dB", flush=True)
        RESULTS.write_text(json.dumps(results, indent=1))
    ordered = {name: results[name] for name in NAMES if name in results}
    text = markdown(ordered)
    RESULTS.with_suffix(".md").write_text(text)
    print(text)


if __name__ == "__main__":
    with report_errors():
        main()
