"""Random elementwise functions, sums, products and normalizations."""

from __future__ import annotations

from typing import Any

import numpy as np
from random_models import RandomModel


def maybe_activation(model: RandomModel, x: str) -> str:
    if model.boolean():
        return x
    name, attributes = model.choice(_ACTIVATIONS)
    return model.node(name, [x, *_bounds(model, name)], **attributes)


_ACTIVATIONS: list[tuple[str, dict[str, Any]]] = [
    ("Relu", {}),
    ("Relu", {}),
    ("Clip", {}),
    ("LeakyRelu", {"alpha": 0.125}),
    ("Sigmoid", {}),
    ("HardSwish", {}),
    ("HardSigmoid", {"alpha": 0.2, "beta": 0.5}),
    ("Tanh", {}),
    ("Elu", {"alpha": 0.7}),
    ("Gelu", {}),
    ("Erf", {}),
    ("Neg", {}),
    ("Abs", {}),
    ("Softplus", {}),
]


def _bounds(model: RandomModel, name: str) -> list[str | None]:
    if name != "Clip":
        return []
    low, high = model.choice([(0.0, 6.0), (-0.7, 1.1), (-1.0, None), (None, 0.9)])
    return [None if b is None else model.constant(b) for b in (low, high)]


def activation(model: RandomModel) -> str | None:
    x = model.pick(2, 3, 4)
    if x is None:
        return None
    name, attributes = model.choice(_ACTIVATIONS)
    return model.node(name, [x, *_bounds(model, name)], **attributes)


def _broadcastable(model: RandomModel, shape: tuple[int, ...]) -> str:
    """A value or a constant that broadcasts with `shape`."""
    fitting = [
        name
        for name, array in model.floats().items()
        if all(
            1 in pair or pair[0] == pair[1]
            for pair in zip(reversed(array.shape), reversed(shape), strict=False)
        )
        and np.broadcast_shapes(array.shape, shape) in (shape, array.shape)
    ]
    if len(fitting) > 1 and model.integer(0, 2):
        return model.choice(fitting)
    rank = model.integer(0, len(shape))
    kept = [size if model.boolean() else 1 for size in shape[len(shape) - rank :]]
    return model.weight(*kept)


def binary(model: RandomModel) -> str | None:
    x = model.pick(2, 3, 4)
    if x is None:
        return None
    other = _broadcastable(model, model.shape(x))
    pair = [x, other] if model.boolean() else [other, x]
    kind = model.choice(["Add", "Add", "Add", "Sub", "Mul", "Mul", "Min", "Max"])
    return maybe_activation(model, model.node(kind, pair))


def reduction(model: RandomModel) -> str | None:
    x = model.pick(2, 3, 4)
    if x is None:
        return None
    rank = len(model.shape(x))
    axes = [axis for axis in range(rank) if model.boolean()] or [rank - 1]
    kind = model.choice(["ReduceMean", "ReduceMean", "ReduceSum", "ReduceMax"])
    chosen = model.constant(axes, np.int64)
    return model.node(kind, [x, chosen], keepdims=int(model.boolean()))


def matrix_product(model: RandomModel) -> str | None:
    x = model.pick(2, 3, 4)
    if x is None:
        return None
    shape = model.shape(x)
    if model.integer(0, 2) == 0:
        swapped = [*range(len(shape) - 2), len(shape) - 1, len(shape) - 2]
        other = model.node("Transpose", [x], perm=swapped)
        if model.boolean():
            other = model.node("Tanh", [other])
        return model.node("MatMul", [x, other])
    weight = model.weight(shape[-1], model.integer(1, 20), inputs=shape[-1])
    y = model.node("MatMul", [x, weight])
    if model.boolean():
        y = model.node("Add", [y, model.weight(model.shape(y)[-1])])
    return maybe_activation(model, y)


def fully_connected(model: RandomModel) -> str | None:
    x = model.pick(2, 3, 4)
    if x is None:
        return None
    if len(model.shape(x)) != 2:
        x = model.node("Flatten", [x], axis=model.integer(0, 2))
    inputs, outputs = model.shape(x)[1], model.integer(1, 20)
    transposed = model.boolean()
    shape = (outputs, inputs) if transposed else (inputs, outputs)
    bias = model.weight(outputs) if model.boolean() else None
    y = model.node(
        "Gemm",
        [x, model.weight(*shape, inputs=inputs), bias],
        transB=int(transposed),
        alpha=model.choice([1.0, 0.5]),
        beta=model.choice([1.0, 2.0]),
    )
    return maybe_activation(model, y)


def softmax(model: RandomModel) -> str | None:
    x = model.pick(2, 3, 4)
    if x is None:
        return None
    return model.node("Softmax", [x], axis=model.integer(-1, len(model.shape(x)) - 1))


def layer_normalization(model: RandomModel) -> str | None:
    x = model.pick(2, 3, 4)
    if x is None:
        return None
    shape = model.shape(x)
    axis = model.integer(1, len(shape) - 1)
    scale = model.weight(*shape[axis:])
    bias = model.weight(*shape[axis:]) if model.boolean() else None
    return model.node("LayerNormalization", [x, scale, bias], axis=axis)


def batch_normalization(model: RandomModel) -> str | None:
    x = model.pick(2, 3, 4)
    if x is None:
        return None
    channels = model.shape(x)[1]
    variance = model.constant(model.random.uniform(0.3, 2, size=channels))
    rest = [model.weight(channels) for _ in range(3)]
    return model.node("BatchNormalization", [x, *rest, variance])


def division(model: RandomModel) -> str | None:
    """By numbers that are not near zero."""
    x = model.pick(2, 3, 4)
    if x is None:
        return None
    channels = [size if model.boolean() else 1 for size in model.shape(x)]
    values = model.random.uniform(0.5, 3.0, size=channels)
    return model.node("Div", [x, model.constant(values)])


def parametric_relu(model: RandomModel) -> str | None:
    x = model.pick(3, 4)
    if x is None:
        return None
    shape = model.shape(x)
    slope = model.weight(shape[1], *(1 for _ in shape[2:]))
    return model.node("PRelu", [x, slope])


def square_root(model: RandomModel) -> str | None:
    """Of the sum of squares, as norms are computed."""
    x = model.pick(2, 3, 4)
    if x is None:
        return None
    squares = model.node("Mul", [x, x])
    axes = model.constant([model.integer(0, len(model.shape(x)) - 1)], np.int64)
    total = model.node("ReduceSum", [squares, axes], keepdims=1)
    raised = model.node("Add", [total, model.constant(0.01 * model.scale**2)])
    return model.node("Div", [x, model.node("Sqrt", [raised])])


def instance_normalization(model: RandomModel) -> str | None:
    x = model.pick(3, 4)
    if x is None:
        return None
    # Of values that are nearly equal nothing but rounding errors remains.
    values = model.values[x].reshape(*model.shape(x)[:2], -1)
    if values.std(2).min() < 0.1 * np.abs(values).max():
        return None
    channels = model.shape(x)[1]
    weights = [model.weight(channels), model.weight(channels)]
    return model.node("InstanceNormalization", [x, *weights])
