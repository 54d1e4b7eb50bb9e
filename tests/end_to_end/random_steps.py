"""What a random model is made of: each step adds a node, or a few that go together."""

from __future__ import annotations

from typing import Any

import numpy as np
from random_models import RandomModel, Step


def _divisors(number: int) -> list[int]:
    return [d for d in range(1, number + 1) if number % d == 0]


def _window(
    model: RandomModel, sizes: tuple[int, ...], dilation: int = 2
) -> dict[str, Any]:
    """A kernel with strides, dilations and pads whose output is not empty."""
    kernel: list[int] = []
    dilations: list[int] = []
    begins: list[int] = []
    ends: list[int] = []
    for size in sizes:
        kernel.append(model.integer(1, 4))
        begins.append(model.integer(0, kernel[-1] - 1))
        ends.append(model.integer(0, kernel[-1] - 1))
        dilations.append(model.integer(1, dilation))
        room = size + begins[-1] + ends[-1]
        if (kernel[-1] - 1) * dilations[-1] + 1 > room:
            dilations[-1] = 1
        if kernel[-1] > room:
            kernel[-1], begins[-1], ends[-1] = 1, 0, 0
    return {
        "kernel_shape": kernel,
        "strides": model.integers(len(sizes), 1, 3),
        "dilations": dilations,
        "pads": [*begins, *ends],
    }


def convolution(model: RandomModel) -> str | None:
    x = model.pick(3, 4)
    if x is None:
        return None
    _, channels, *sizes = model.shape(x)
    groups = model.choice(_divisors(channels))
    each = channels // groups
    outputs = groups * model.integer(1, max(1, 20 // groups))
    window = _window(model, tuple(sizes))
    kernel = window["kernel_shape"]
    inputs = each * int(np.prod(kernel))
    weight = model.weight(outputs, each, *kernel, inputs=inputs)
    bias = model.weight(outputs) if model.boolean() else None
    y = model.node("Conv", [x, weight, bias], group=groups, **window)
    return _maybe_activation(model, y)


def depthwise(model: RandomModel) -> str | None:
    x = model.pick(4)
    if x is None:
        return None
    _, channels, *sizes = model.shape(x)
    window = _window(model, tuple(sizes))
    kernel = window["kernel_shape"]
    outputs = channels * model.choice([1, 1, 1, 2])
    weight = model.weight(outputs, 1, *kernel, inputs=int(np.prod(kernel)))
    y = model.node("Conv", [x, weight], group=channels, **window)
    return _maybe_activation(model, y)


def convolution_transpose(model: RandomModel) -> str | None:
    x = model.pick(4)
    if x is None:
        return None
    _, channels, height, width = model.shape(x)
    groups = model.choice(_divisors(channels))
    outputs = model.integer(1, 4)
    kernel = model.integers(2, 1, 4)
    strides = model.integers(2, 1, 3)
    dilations = model.integers(2, 1, 2)
    extra = [model.integer(0, s - 1) for s in strides]
    pads = [model.integer(0, min(1, k - 1)) for k in (*kernel, *kernel)]
    for axis, size in enumerate((height, width)):
        reach = (size - 1) * strides[axis] + (kernel[axis] - 1) * dilations[axis] + 1
        if reach + extra[axis] - pads[axis] - pads[axis + 2] < 1:
            pads[axis] = pads[axis + 2] = 0
    weight = model.weight(
        channels, outputs, *kernel, inputs=channels // groups * kernel[0]
    )
    bias = model.weight(outputs * groups) if model.boolean() else None
    return model.node(
        "ConvTranspose",
        [x, weight, bias],
        kernel_shape=kernel,
        strides=strides,
        dilations=dilations,
        pads=pads,
        output_padding=extra,
        group=groups,
    )


def pooling(model: RandomModel) -> str | None:
    x = model.pick(3, 4)
    if x is None:
        return None
    sizes = model.shape(x)[2:]
    kind = model.choice(["MaxPool", "AveragePool"])
    window = _window(model, sizes, dilation=2 if kind == "MaxPool" else 1)
    if kind == "AveragePool":
        window["count_include_pad"] = int(model.boolean())
    ceil_mode = int(model.boolean())
    # onnxruntime counts what ceil_mode adds to padded windows: it must not.
    if ceil_mode and window.get("count_include_pad"):
        ceil_mode = 0
    y = model.node(kind, [x], ceil_mode=ceil_mode, **window)
    # What a window outside of the image gives is nobody's business, and onnxruntime
    # does not run a graph where ONNX infers another size for ceil_mode.
    if np.abs(model.values[y]).max() > 1e30 or model.inferred_shape(y) != model.shape(
        y
    ):
        model.undo()
        return None
    return y


def _maybe_activation(model: RandomModel, x: str) -> str:
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
        for name, array in model.values.items()
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
    return _maybe_activation(model, model.node(kind, pair))


def residual(model: RandomModel) -> str | None:
    """A convolution added to what it reads."""
    x = model.pick(4)
    if x is None:
        return None
    channels = model.shape(x)[1]
    size = model.choice([1, 3])
    weight = model.weight(channels, channels, size, size, inputs=channels * size)
    y = model.node("Conv", [x, weight, None], pads=[size // 2] * 4)
    pair = [x, y] if model.boolean() else [y, x]
    return _maybe_activation(model, model.node("Add", pair))


def concatenation(model: RandomModel) -> str | None:
    x = model.pick(2, 3, 4)
    if x is None:
        return None
    shape = model.shape(x)
    axis = model.integer(0, len(shape) - 1)
    rest = (*shape[:axis], *shape[axis + 1 :])
    fitting = [
        name
        for name, array in model.values.items()
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


def resizing(model: RandomModel) -> str | None:
    x = model.pick(4)
    if x is None:
        return None
    mode = model.choice(["nearest", "linear"])
    coordinates = model.choice(
        ["half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel"]
    )
    attributes: dict[str, Any] = {
        "mode": mode,
        "coordinate_transformation_mode": coordinates,
    }
    if mode == "nearest":
        attributes["nearest_mode"] = model.choice(
            ["floor", "ceil", "round_prefer_floor", "round_prefer_ceil"]
        )
    shape = model.shape(x)
    if model.boolean():
        scales = [model.choice([1.0, 2.0, 1.5, 0.5, 3.0]) for _ in range(2)]
        if any(size * s < 1 for size, s in zip(shape[2:], scales, strict=True)):
            scales = [2.0, 2.0]
        return model.node(
            "Resize", [x, None, model.constant([1.0, 1.0, *scales])], **attributes
        )
    sizes = model.constant([*shape[:2], *model.integers(2, 1, 12)], np.int64)
    return model.node("Resize", [x, None, None, sizes], **attributes)


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
    first = model.choice(_divisors(size))
    second = model.choice(_divisors(size // first))
    third = model.choice(_divisors(size // first // second))
    shapes = [
        [first, size // first],
        [first, second, -1],
        [first, second, third, -1],
    ]
    shape = model.constant(model.choice(shapes), np.int64)
    return model.node("Reshape", [x, shape])


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
    return _maybe_activation(model, y)


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
    return _maybe_activation(model, y)


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


STEPS: list[Step] = [
    convolution,
    convolution,
    convolution,
    depthwise,
    convolution_transpose,
    residual,
    pooling,
    pooling,
    activation,
    binary,
    binary,
    concatenation,
    slicing,
    padding,
    resizing,
    transposition,
    reshaping,
    reduction,
    matrix_product,
    fully_connected,
    softmax,
    layer_normalization,
    batch_normalization,
]
