"""Random steps that move elements: slices, pads, transposes, concatenations."""

from __future__ import annotations

import numpy as np
from random_models import RandomModel, divisors


def concatenation(model: RandomModel) -> str | None:
    x = model.pick(2, 3, 4)
    if x is None:
        return None
    shape = model.shape(x)
    axis = model.integer(0, len(shape) - 1)
    rest = (*shape[:axis], *shape[axis + 1 :])
    fitting = [
        name
        for name, array in model.floats().items()
        if array.ndim == len(shape)
        and (*array.shape[:axis], *array.shape[axis + 1 :]) == rest
    ]
    others = [model.choice(fitting) for _ in range(model.integer(1, 2))]
    return model.node("Concat", [x, *others], axis=axis)


def slicing(model: RandomModel) -> str | None:
    x = model.pick(2, 3, 4)
    if x is None:
        return None
    starts: list[int] = []
    ends: list[int] = []
    steps: list[int] = []
    for size in model.shape(x):
        low = model.integer(0, size - 1)
        high = model.integer(low, size - 1)
        step = model.choice([1, 1, 2])
        backwards = model.integer(0, 4) == 0
        starts.append(high if backwards else low)
        ends.append(low - 1 - size if backwards else high + 1)
        steps.append(-step if backwards else step)
    numbers = (starts, ends, list(range(len(starts))), steps)
    return model.node("Slice", [x, *(model.constant(n, np.int64) for n in numbers)])


def padding(model: RandomModel) -> str | None:
    x = model.pick(2, 3, 4)
    if x is None:
        return None
    shape = model.shape(x)
    mode = model.choice(["constant", "reflect", "edge"])
    most = [min(2, size - 1) if mode == "reflect" else 2 for size in shape]
    # Batches stay as they are.
    amounts = [model.integer(0, m if axis else 0) for axis, m in enumerate(most)]
    amounts += [model.integer(0, m if axis else 0) for axis, m in enumerate(most)]
    value = model.constant(model.choice([0.0, 1.5])) if mode == "constant" else None
    pads = model.constant(amounts, np.int64)
    return model.node("Pad", [x, pads, value], mode=mode)


def transposition(model: RandomModel) -> str | None:
    x = model.pick(2, 3, 4)
    if x is None:
        return None
    order = list(range(len(model.shape(x))))
    permutation: list[int] = []
    while order:
        permutation.append(order.pop(model.integer(0, len(order) - 1)))
    return model.node("Transpose", [x], perm=permutation)


def reshaping(model: RandomModel) -> str | None:
    x = model.pick(2, 3, 4)
    if x is None:
        return None
    size = model.values[x].size
    first = model.choice(divisors(size))
    second = model.choice(divisors(size // first))
    third = model.choice(divisors(size // first // second))
    shapes = [
        [first, size // first],
        [first, second, -1],
        [first, second, third, -1],
    ]
    shape = model.constant(model.choice(shapes), np.int64)
    return model.node("Reshape", [x, shape])


def gathering(model: RandomModel) -> str | None:
    x = model.pick(2, 3, 4)
    if x is None:
        return None
    axis = model.integer(0, len(model.shape(x)) - 1)
    size = model.shape(x)[axis]
    indices = model.integers(model.integer(1, 4), -size, size - 1)
    chosen = indices[0] if model.boolean() and len(model.shape(x)) > 2 else indices
    return model.node("Gather", [x, model.constant(chosen, np.int64)], axis=axis)


def expansion(model: RandomModel) -> str | None:
    x = model.pick(2, 3, 4)
    if x is None:
        return None
    shape = [3 if size == 1 else size for size in model.shape(x)]
    return model.node("Expand", [x, model.constant(shape, np.int64)])


def maximum_index(model: RandomModel) -> str | None:
    x = model.pick(2, 3, 4)
    if x is None:
        return None
    axis = model.integer(0, len(model.shape(x)) - 1)
    model.node("ArgMax", [x], axis=axis, keepdims=int(model.boolean()))
    return None


def selection(model: RandomModel) -> str | None:
    """One of two values by a constant mask."""
    x = model.pick(2, 3, 4)
    if x is None:
        return None
    mask = model.constant(model.random.integers(0, 2, model.shape(x)), np.bool_)
    other = model.node("Neg", [x]) if model.boolean() else model.constant(0.25)
    return model.node("Where", [mask, x, other])
