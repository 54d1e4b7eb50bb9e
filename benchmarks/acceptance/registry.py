"""Checks by name, and the rows that they measure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One measured value beside what it must be."""

    subject: str
    measured: str
    required: str
    passed: bool


Check = Callable[[], Iterator[Row]]

CHECKS: dict[str, Check] = {}


def check(name: str) -> Callable[[Check], Check]:
    """Registers a function that measures some rows, one at a time."""

    def register(function: Check) -> Check:
        CHECKS[name] = function
        return function

    return register
