"""Random shapes, axes, strides and windows: sixty small models of each kind at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.programs import (
    VARIANTS,
    Case,
    Variant,
    check_cases,
    floats,
    int8s,
    uniform,
)

from qcc.dialects import nn, quant

SOME = [v for v in VARIANTS if v.name in ("avx2-gcc-fused", "sse2-gcc", "neon-qemu")]
COUNT = 60


def shape(rng: np.random.Generator, rank: int, largest: int = 9) -> tuple[int, ...]:
    """Mostly small sizes, and one long axis now and then."""
    sizes = rng.integers(1, largest, rank)
    if rng.random() < 0.4:
        sizes[rng.integers(rank)] = rng.integers(16, 70)
    return tuple(int(size) for size in sizes)


def array(rng: np.random.Generator, *sizes: int) -> Any:
    seed = int(rng.integers(1 << 30))
    return floats(seed, *sizes) if rng.random() < 0.3 else int8s(seed, *sizes)


def transpose(rng: np.random.Generator) -> Case:
    sizes = shape(rng, int(rng.integers(1, 7)), 5)
    order = [int(axis) for axis in rng.permutation(len(sizes))]
    return Case(
        f"transpose {sizes} {order}",
        [array(rng, *sizes)],
        lambda a: [nn.TransposeOp(a[0], permutation=order)],
    )


def slice_(rng: np.random.Generator) -> Case:
    sizes = shape(rng, int(rng.integers(1, 5)))
    starts: list[int] = []
    steps: list[int] = []
    counts: list[int] = []
    for size in sizes:
        start = int(rng.integers(size))
        step = int(rng.choice([1, 1, 2, 3, -1, -2]))
        room = size - start if step > 0 else start + 1
        starts.append(start)
        steps.append(step)
        counts.append(int(rng.integers(1, -(-room // abs(step)) + 1)))
    return Case(
        f"slice {sizes} {starts} {steps} {counts}",
        [array(rng, *sizes)],
        lambda a: [nn.SliceOp(a[0], starts=starts, sizes=counts, steps=steps)],
    )


def pad(rng: np.random.Generator) -> Case:
    sizes = shape(rng, int(rng.integers(1, 5)))
    mode = str(rng.choice(["constant", "edge", "reflect"]))
    limit = [size if mode == "reflect" else 4 for size in sizes]
    before, after = ([int(rng.integers(n)) for n in limit] for _ in range(2))
    return Case(
        f"pad {sizes} {before} {after} {mode}",
        [array(rng, *sizes)],
        lambda a: [nn.PadOp(a[0], before=before, after=after, mode=mode, value=-3)],
    )


def broadcast(rng: np.random.Generator) -> Case:
    sizes = shape(rng, int(rng.integers(1, 5)), 6)
    pair = [
        tuple(1 if rng.random() < 0.3 else size for size in sizes)[
            int(rng.integers(len(sizes))) if side else 0 :
        ]
        for side in range(2)
    ]
    inputs = [int8s(int(rng.integers(1 << 30)), *own) for own in pair]
    op = [quant.AddOp, quant.SubOp, quant.MulOp][int(rng.integers(3))]
    scales = [float(10 ** rng.uniform(-3, 1)) for _ in range(3)]
    zeros = [int(zero) for zero in rng.integers(-128, 128, 3)]
    kinds = [uniform(*numbers) for numbers in zip(scales, zeros, strict=True)]
    return Case(
        f"{op.name} {pair} {scales} {zeros}",
        inputs,
        lambda a: [op(*a, kinds[2], minimum=-111, maximum=99)],
        kinds[:2],
    )


def reduction(rng: np.random.Generator) -> Case:
    sizes = shape(rng, int(rng.integers(1, 6)), 6)
    axes = [axis for axis in range(len(sizes)) if rng.random() < 0.5] or [0]
    if rng.random() < 0.5:
        kinds = [uniform(0.1, 5), uniform(0.3, -2)]
        return Case(
            f"quant.reduce_mean {sizes} {axes}",
            [int8s(int(rng.integers(1 << 30)), *sizes)],
            lambda a: [quant.ReduceMeanOp(a[0], kinds[1], axes=axes)],
            kinds[:1],
        )
    op = [nn.ReduceMeanOp, nn.ReduceMaxOp, nn.ReduceSumSquareOp][int(rng.integers(3))]
    return Case(
        f"{op.name} {sizes} {axes}",
        [floats(int(rng.integers(1 << 30)), *sizes)],
        lambda a: [op(a[0], axes=axes)],
    )


def pooling(rng: np.random.Generator) -> Case:
    batch, height, width, channels = shape(rng, 4)
    kernel = [int(rng.integers(1, size + 1)) for size in (height, width)]
    window: dict[str, Any] = {
        "kernel": kernel,
        "strides": [int(s) for s in rng.integers(1, 4, 2)],
        "pads": [int(rng.integers(k)) for k in (*kernel, *kernel)],
        "layout": "NHWC",
    }
    x = int8s(int(rng.integers(1 << 30)), batch, height, width, channels)
    kinds = [uniform(0.1, 5), uniform(0.09, -7)]
    if rng.random() < 0.3:
        return Case(
            f"max {x.shape} {window}",
            [x],
            lambda a: [nn.MaxPool2dOp(a[0], **window)],
            kinds[:1],
        )
    window["count_include_pad"] = bool(rng.random() < 0.5)
    return Case(
        f"average {x.shape} {window}",
        [x],
        lambda a: [quant.AvgPool2dOp(a[0], result_type=kinds[1], **window)],
        kinds[:1],
    )


@pytest.mark.parametrize("variant", SOME, ids=lambda v: v.name)
@pytest.mark.parametrize(
    "make",
    [transpose, slice_, pad, broadcast, reduction, pooling],
    ids=lambda f: f.__name__.strip("_"),
)
def test_random_shapes(variant: Variant, make: Any) -> None:
    rng = np.random.default_rng(20)
    check_cases([make(rng) for _ in range(COUNT)], variant)
