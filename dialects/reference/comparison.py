"""The greater and the lesser of two elements, as C compares them."""

from __future__ import annotations

import numpy as np

from qcc.dialects.types import Array

# numpy's maximum leaves open which of +0 and -0 it gives; these do not.


def greater(a: Array, b: Array) -> Array:
    """`a > b || a != a ? a : b`: NaN where one is NaN, b where they are equal."""
    return np.where((a > b) | (a != a), a, b)


def lesser(a: Array, b: Array) -> Array:
    """`a < b || a != a ? a : b`: NaN where one is NaN, b where they are equal."""
    return np.where((a < b) | (a != a), a, b)
