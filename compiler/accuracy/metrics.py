"""
Metrics: one number of a model's outputs over all samples, and what counts as a drop.

`top1` needs labels; `sqnr` compares with the float model; `FILE.py:function` is the
user's own.
"""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from qcc.dialects.errors import QccError

Array = NDArray[Any]
Outputs = Sequence[Array]
"""All outputs of the model for one sample."""

METRICS = ("top1", "sqnr")
"""What can be named; anything else is FILE.py:function."""

LABELS = ("label", "labels")
"""What the array with the classes may be called."""


class Metric(Protocol):
    """Scores are larger where the model is better."""

    @property
    def unit(self) -> str:
        """Of a drop."""
        ...

    def score(self, outputs: Iterable[Outputs]) -> float:
        """The score of the outputs for all samples, in their order."""
        ...

    def drop(self, reference: float, score: float) -> float:
        """What is lost from `reference`, the float model's score; at best 0 or less."""
        ...

    def text(self, score: float) -> str:
        """A score with its unit."""
        ...


@dataclass(frozen=True)
class Top1:
    """Share of the samples whose largest value of the first output is the label."""

    labels: Array
    """[samples], or [samples, ...] with a label for each row of the output."""
    unit: str = "points"

    def score(self, outputs: Iterable[Outputs]) -> float:
        right = count = 0
        for found, label in zip(outputs, self.labels, strict=True):
            wanted = np.ravel(label)
            if found[0].size % wanted.size:
                raise QccError(
                    "the labels do not fit the first output of the model",
                    why=f"{wanted.size} labels per sample, {found[0].size} values",
                )
            guesses = found[0].reshape(wanted.size, -1).argmax(axis=1)
            right += int(np.sum(guesses == wanted))
            count += wanted.size
        return 100 * right / count

    def drop(self, reference: float, score: float) -> float:
        return reference - score

    def text(self, score: float) -> str:
        return f"{score:.2f} %"


@dataclass(frozen=True)
class Sqnr:
    """
    Signal to noise ratio against the float model, dB, of the worst output.

    The drop is the root mean square of the error, in percent of that of the output: 40
    dB are 1 %, 20 dB are 10 %.
    """

    reference: Sequence[Outputs]
    unit: str = "% of the signal"

    def score(self, outputs: Iterable[Outputs]) -> float:
        signal: list[float] = []
        noise: list[float] = []
        for expected, found in zip(self.reference, outputs, strict=True):
            for index, (x, y) in enumerate(zip(expected, found, strict=True)):
                if index == len(signal):
                    signal.append(0.0)
                    noise.append(0.0)
                exact = x.astype(np.float64)
                signal[index] += float(np.sum(exact**2))
                noise[index] += float(np.sum((exact - y) ** 2))
        return min(map(decibels, signal, noise), default=math.inf)

    def drop(self, reference: float, score: float) -> float:
        return 0.0 if math.isinf(score) else 100 * 10 ** (-score / 20)

    def text(self, score: float) -> str:
        return "equal" if math.isinf(score) else f"{score:.2f} dB"


@dataclass(frozen=True)
class Function:
    """
    What a function of the user says: `function(outputs, labels)`, a float.

    `outputs` maps the names of the outputs to arrays whose first axis counts the
    samples; `labels` are the arrays of the data that are no inputs. More is better.
    """

    origin: str
    function: Callable[[dict[str, Array], dict[str, Array]], Any]
    names: Sequence[str]
    labels: Mapping[str, Array]
    unit: str = ""

    def score(self, outputs: Iterable[Outputs]) -> float:
        rows = list(outputs)
        arrays = {
            name: np.stack([row[index] for row in rows])
            for index, name in enumerate(self.names)
        }
        try:
            value = float(self.function(arrays, dict(self.labels)))
        except Exception as error:
            raise QccError(
                f"the metric {self.origin} fails",
                why=f"{type(error).__name__}: {error}",
                remedy="it is called with (outputs, labels), two dictionaries of "
                "arrays, and returns a number",
            ) from error
        if math.isnan(value):
            raise QccError(f"the metric {self.origin} returns NaN")
        return value

    def drop(self, reference: float, score: float) -> float:
        return reference - score

    def text(self, score: float) -> str:
        return f"{score:.6g}"


def load_function(origin: str) -> Callable[..., Any]:
    """The function of `FILE.py:function`; QccError where there is none."""
    file, _, name = origin.rpartition(":")
    path = Path(file)
    if not file or path.suffix != ".py" or not name:
        raise QccError(
            f"unknown metric {origin!r}",
            remedy=f"one of {', '.join(METRICS)}, or FILE.py:function",
        )
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise QccError(
            f"cannot import {path} for the metric",
            why=f"{type(error).__name__}: {error}",
        ) from error
    function = getattr(module, name, None)
    if not callable(function):
        raise QccError(
            f"{path} has no function {name!r}",
            remedy="name one as FILE.py:function",
        )
    return function


def check_metric(name: str) -> None:
    """QccError for a metric that is not known or cannot be loaded."""
    if name not in METRICS:
        load_function(name)


def find_metric(
    name: str,
    names: Sequence[str],
    labels: Mapping[str, Array],
    reference: Sequence[Outputs],
) -> Metric:
    """
    The metric called `name` for a model with outputs `names`.

    `reference` are the float model's outputs. QccError for what is not known, and for
    labels that a metric lacks.
    """
    if name == "sqnr":
        return Sqnr(reference)
    if name != "top1":
        return Function(name, load_function(name), names, labels)
    for label in LABELS:
        if label in labels:
            return Top1(labels[label])
    raise QccError(
        "top1 needs labels",
        why=f"the data has no array called {' or '.join(LABELS)} with one per sample",
        remedy="add one to the .npz, the first axis counts the samples; "
        "or use --metric sqnr",
    )


def decibels(signal: float, noise: float) -> float:
    """10 · log10(signal / noise); inf without noise."""
    if noise == 0:
        return math.inf
    return 10 * math.log10(max(signal, np.finfo(np.float64).tiny) / noise)
