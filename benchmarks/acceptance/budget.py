"""The budget: one channel scaled by 1000 behind a sigmoid, undone in the next layer."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import numpy as np

import qcc
from benchmarks.acceptance.models import BUILD, ROOT
from benchmarks.acceptance.registry import Row, check
from qcc.compiler.api import Options, compile_with

sys.path.append(str(ROOT / "tests" / "end_to_end"))

from scaled_network import CONSUMER, LAYER, digits, model

_MAX_DROP = 0.5


@check("accuracy budget")
def budget() -> Iterator[Row]:
    """With the defaults, and with no method that could heal the network by itself."""
    BUILD.mkdir(parents=True, exist_ok=True)
    train, test = digits()
    for method, refinements in (("auto", None), ("minmax", ())):
        options: dict[str, object] = {"calibration_method": method}
        if refinements is not None:
            options["refinements"] = refinements
        output = BUILD / f"scaled.{method}.so"
        given = Options(
            calibration=[{"image": image} for image in train.images[:64]],
            evaluation=[
                {"image": image, "label": label}
                for image, label in zip(test.images, test.labels, strict=True)
            ],
            max_drop=_MAX_DROP,
            **options,  # type: ignore[arg-type]
        )
        result = compile_with(model().SerializeToString(), output, given).budget
        assert result is not None
        [logits] = qcc.InferenceSession(output).run(None, {"image": test.images})
        score = 100 * float(np.mean(logits.argmax(axis=1) == test.labels))
        drop = result.float_score - score
        first = result.ranking[0].name if result.ranking else "none: int8 will do"
        allowed = not result.kept or first == LAYER
        yield Row(
            f"{method}: named first, kept in float, drop",
            f"{first}; {', '.join(result.kept) or 'nothing'}; {drop:.2f} points",
            f"{LAYER}; {LAYER} and {CONSUMER} at most; ≤ {_MAX_DROP} points",
            allowed and set(result.kept) <= {LAYER, CONSUMER} and drop <= _MAX_DROP,
        )
