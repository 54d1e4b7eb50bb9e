"""The calibration methods by name."""

from __future__ import annotations

from collections.abc import Callable

from qcc.compiler.calibration import choices
from qcc.compiler.calibration.auto import Auto
from qcc.compiler.calibration.histogram_observer import HistogramObserver
from qcc.compiler.calibration.observers import MinMax, MovingAverage, Observer
from qcc.dialects.errors import QccError

DEFAULT_METHOD = "auto"

_METHODS: dict[str, Callable[[], Observer]] = {
    "auto": Auto,
    "minmax": MinMax,
    "moving-average": MovingAverage,
    "percentile": lambda: HistogramObserver(choices.percentile),
    "entropy": lambda: HistogramObserver(choices.entropy),
    "mse": lambda: HistogramObserver(choices.mse),
}


def calibration_methods() -> list[str]:
    """The names that `create_observer` knows."""
    return sorted(_METHODS)


def create_observer(method: str) -> Observer:
    """A fresh observer of this method; QccError for an unknown name."""
    if method not in _METHODS:
        raise QccError(
            f"there is no calibration method {method!r}",
            remedy="use one of " + ", ".join(calibration_methods()),
        )
    return _METHODS[method]()
