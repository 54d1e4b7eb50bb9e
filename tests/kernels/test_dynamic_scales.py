"""Casts and arithmetic with scales taken at run time: equal in every bit everywhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.programs import Case, Variant, all_variants, check_cases, floats, int8s

from qcc.dialects import quant

CLIPS: list[dict[str, float]] = [
    {},
    {"minimum": 0.0},
    {"minimum": 0.0, "maximum": 6.0},
    {"minimum": -0.75, "maximum": 0.25},
    {"maximum": 0.0},
]

SCALES = (1.0, 0.037, 3e-38, 1.2e-38, 1.3e36, 7e-5, 2.0**-126)


def parameters(rng: np.random.Generator) -> Any:
    """A scale and a zero point, extremes among them."""
    scale = rng.choice(SCALES) if rng.random() < 0.4 else 10 ** rng.uniform(-4, 2)
    zero_point = rng.choice([-128, 127, int(rng.integers(-128, 128))])
    return np.array([scale, zero_point], np.float32)


def tensors(rng: np.random.Generator, *sizes: int) -> list[Any]:
    """Elements and their parameters."""
    return [int8s(int(rng.integers(1 << 30)), *sizes), parameters(rng)]


def length(rng: np.random.Generator) -> int:
    return int(rng.choice([1, 7, 15, 16, 17, 33, 64, 100, 129, 300]))


def qcast(rng: np.random.Generator) -> Case:
    x = floats(int(rng.integers(1 << 30)), length(rng), special=rng.random() < 0.5)
    with np.errstate(all="ignore"):
        x *= np.float32(rng.choice([1, 1, 1e-36, 1e30, 0]))
    clip = CLIPS[int(rng.integers(len(CLIPS)))]
    return Case(
        f"qcast {x.shape} {clip}",
        [x],
        lambda a: [quant.DynamicQuantizeCastOp(a[0], **clip)],
    )


def dcast(rng: np.random.Generator) -> Case:
    arrays = tensors(rng, length(rng))
    return Case(
        f"dcast {arrays[0].shape} {arrays[1]}",
        arrays,
        lambda a: [quant.DynamicDequantizeCastOp(*a)],
    )


def requantize(rng: np.random.Generator) -> Case:
    arrays = [*tensors(rng, length(rng)), parameters(rng)]
    return Case(
        f"requantize {arrays[0].shape} {arrays[1:]}",
        arrays,
        lambda a: [quant.DynamicRequantizeOp(*a)],
    )


def clip(rng: np.random.Generator) -> Case:
    arrays = tensors(rng, length(rng))
    bounds = CLIPS[int(rng.integers(len(CLIPS)))] | {}
    return Case(
        f"clip {arrays} {bounds}",
        arrays,
        lambda a: [quant.DynamicClipOp(*a, **bounds)],
    )


def union(rng: np.random.Generator) -> Case:
    arrays = [parameters(rng) for _ in range(int(rng.integers(1, 6)))]
    return Case(f"union {arrays}", arrays, lambda a: [quant.DynamicUnionOp(list(a))])


def binary(rng: np.random.Generator) -> Case:
    sizes = [int(size) for size in rng.integers(1, 6, int(rng.integers(1, 5)))]
    sizes[-1] = length(rng)
    pair = [
        [1 if rng.random() < 0.2 else size for size in sizes][
            int(rng.integers(len(sizes))) if side else 0 :
        ]
        for side in range(2)
    ]
    arrays = [array for own in pair for array in tensors(rng, *own)]
    ops = [quant.DynamicAddOp, quant.DynamicSubOp, quant.DynamicMulOp]
    op = ops[int(rng.integers(3))]
    bounds = CLIPS[int(rng.integers(len(CLIPS)))]
    return Case(
        f"{op.name} {pair} {arrays[1]} {arrays[3]} {bounds}",
        arrays,
        lambda a: [op(*a, **bounds)],
    )


def reduce_mean(rng: np.random.Generator) -> Case:
    sizes = [int(size) for size in rng.integers(1, 9, int(rng.integers(1, 5)))]
    axes = [axis for axis in range(len(sizes)) if rng.random() < 0.5] or [0]
    arrays = tensors(rng, *sizes)
    return Case(
        f"reduce_mean {sizes} {axes} {arrays[1]}",
        arrays,
        lambda a: [quant.DynamicReduceMeanOp(*a, axes=axes)],
    )


def avg_pool(rng: np.random.Generator) -> Case:
    sizes = [int(size) for size in rng.integers(1, 9, 4)]
    kernel = [int(rng.integers(1, size + 1)) for size in sizes[1:3]]
    window: dict[str, Any] = {
        "kernel": kernel,
        "strides": [int(s) for s in rng.integers(1, 4, 2)],
        "pads": [int(rng.integers(k)) for k in (*kernel, *kernel)],
        "count_include_pad": bool(rng.random() < 0.5),
        "layout": "NHWC",
    }
    arrays = tensors(rng, *sizes)
    return Case(
        f"avg_pool {sizes} {window} {arrays[1]}",
        arrays,
        lambda a: [quant.DynamicAvgPool2dOp(*a, **window)],
    )


@all_variants
@pytest.mark.parametrize(
    "make",
    [qcast, dcast, requantize, clip, union, binary, reduce_mean, avg_pool],
    ids=lambda f: f.__name__,
)
def test_random(variant: Variant, make: Any) -> None:
    rng = np.random.default_rng(31)
    check_cases([make(rng) for _ in range(20)], variant)
