"""Which function writes which torch operation, and what these functions share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from qcc.training.onnx_writer import Ref, Writer

OperatorWriter = Callable[..., Ref | tuple[Ref, ...]]
"""Writes one operation: (writer, what it gives, its arguments in torch) -> tensors."""

WriterT = TypeVar("WriterT", bound=OperatorWriter)

OPERATIONS: dict[Any, OperatorWriter] = {}


def operation(*targets: Any) -> Callable[[WriterT], WriterT]:
    """Registers the writer of functions, and of methods by name."""

    def register(function: WriterT) -> WriterT:
        for target in targets:
            OPERATIONS[target] = function
        return function

    return register


def per_axis(value: Any, count: int = 2) -> list[int]:
    """`value` once per spatial axis, where it is one number."""
    return [value] * count if isinstance(value, int) else [int(v) for v in value]


def constant(writer: Writer, value: Any) -> Ref | str:
    """A tensor as it is, a number as a float32 constant."""
    return value if isinstance(value, Ref) else writer.constant(value, np.float32)
