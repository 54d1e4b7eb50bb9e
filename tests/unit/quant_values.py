"""Operands of quantized ops, for tests."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import TensorType
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.utils.test_value import create_ssa_value

from qcc.dialects.reference.registry import evaluate

Array = NDArray[Any]


def value(element: Attribute, shape: tuple[int, ...]) -> SSAValue:
    """A value of a tensor type."""
    return create_ssa_value(TensorType(element, shape))


def run(op: Operation, *arrays: Array | None) -> Array:
    """The (first) result of an op, which must verify."""
    op.verify()
    return evaluate(op, arrays)[0]


def int8(random: np.random.Generator, *shape: int) -> Array:
    """Stored integers, extremes included."""
    return random.integers(-128, 128, shape).astype(np.int8)
