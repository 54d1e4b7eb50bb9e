"""Random convolutions, pooling and resizing."""

from __future__ import annotations

from typing import Any

import numpy as np
from random_arithmetic import maybe_activation
from random_models import RandomModel, divisors


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
    groups = model.choice(divisors(channels))
    each = channels // groups
    outputs = groups * model.integer(1, max(1, 20 // groups))
    window = _window(model, tuple(sizes))
    kernel = window["kernel_shape"]
    inputs = each * int(np.prod(kernel))
    weight = model.weight(outputs, each, *kernel, inputs=inputs)
    bias = model.weight(outputs) if model.boolean() else None
    y = model.node("Conv", [x, weight, bias], group=groups, **window)
    return maybe_activation(model, y)


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
    return maybe_activation(model, y)


def convolution_transpose(model: RandomModel) -> str | None:
    x = model.pick(4)
    if x is None:
        return None
    _, channels, height, width = model.shape(x)
    groups = model.choice(divisors(channels))
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
    return maybe_activation(model, model.node("Add", pair))


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


def depth_to_space(model: RandomModel) -> str | None:
    x = model.pick(4)
    if x is None:
        return None
    _, channels, height, width = model.shape(x)
    if channels % 4 == 0:
        mode = model.choice(["DCR", "CRD"])
        return model.node("DepthToSpace", [x], blocksize=2, mode=mode)
    if height % 2 == 0 and width % 2 == 0:
        return model.node("SpaceToDepth", [x], blocksize=2)
    return None


def global_pooling(model: RandomModel) -> str | None:
    x = model.pick(3, 4)
    if x is None:
        return None
    return model.node(model.choice(["GlobalAveragePool", "GlobalMaxPool"]), [x])
