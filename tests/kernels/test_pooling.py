"""Pooling, reductions and resizing, of int8 and of other elements."""

from __future__ import annotations

from typing import Any

import numpy as np
from support.programs import (
    Case,
    Variant,
    all_variants,
    check_cases,
    floats,
    int8s,
    uniform,
)

from qcc.dialects import nn, quant

X, Y = uniform(0.11, -9), uniform(0.07, 21)

WINDOWS: list[tuple[tuple[int, ...], dict[str, Any]]] = [
    ((1, 7, 8, 5), {"kernel": (2, 2), "strides": (2, 2)}),
    ((2, 9, 6, 70), {"kernel": (3, 3), "strides": (2, 1), "pads": (1, 0, 1, 2)}),
    ((1, 5, 5, 64), {"kernel": (5, 5)}),
    ((1, 4, 3, 33), {"kernel": (3, 3), "pads": (2, 2, 2, 2)}),
    ((1, 1, 40, 16), {"kernel": (1, 7), "strides": (1, 3), "pads": (0, 3, 0, 3)}),
    ((1, 5, 6, 230), {"kernel": (3, 2), "strides": (1, 2), "pads": (1, 1, 1, 0)}),
]


def averages() -> list[Case]:
    cases: list[Case] = []
    for index, (shape, window) in enumerate(WINDOWS):
        for counts in (False, True):
            common = {"layout": "NHWC", "count_include_pad": counts} | window
            cases += [
                Case(
                    f"avg_s8-{index}-{counts}",
                    [int8s(index, *shape)],
                    lambda a, p=common: [
                        quant.AvgPool2dOp(a[0], result_type=Y, minimum=-90, **p)
                    ],
                    [X],
                ),
                Case(
                    f"avg_f32-{index}-{counts}",
                    [floats(index, *shape)],
                    lambda a, p=common: [nn.AvgPool2dOp(a[0], **p)],
                ),
            ]
    return cases


def maxima() -> list[Case]:
    cases: list[Case] = []
    dilated = ((1, 9, 9, 40), {"kernel": (3, 2), "dilations": (2, 3), "pads": (2,) * 4})
    for index, (shape, window) in enumerate([*WINDOWS, dilated]):
        rng = np.random.default_rng(index)
        for array, element in (
            (int8s(index, *shape), X),
            (int8s(index, *shape).view(np.uint8), None),
            (floats(index, *shape), None),
            (rng.integers(-(2**31), 2**31, shape, np.int32), None),
            (rng.integers(-(2**62), 2**62, shape, np.int64), None),
        ):
            cases.append(
                Case(
                    f"max_{array.dtype}-{index}",
                    [array],
                    lambda a, p=window: [nn.MaxPool2dOp(a[0], layout="NHWC", **p)],
                    [element],
                )
            )
    return cases


def channels_first() -> list[Case]:
    """What to-channels-last makes of the other layout."""
    return [
        Case(
            "avg-nchw",
            [int8s(1, 1, 19, 6, 6)],
            lambda a: [quant.AvgPool2dOp(a[0], result_type=Y, kernel=(2, 2))],
            [X],
        ),
        Case(
            "max-nchw",
            [floats(1, 2, 3, 6, 6)],
            lambda a: [nn.MaxPool2dOp(a[0], kernel=(2, 3))],
        ),
    ]


@all_variants
def test_pooling(variant: Variant) -> None:
    check_cases([*averages(), *maxima(), *channels_first()], variant)


REDUCED: list[tuple[tuple[int, ...], tuple[int, ...]]] = [
    ((2, 5, 7, 19), (1, 2)),
    ((3, 4, 37), (2,)),
    ((3, 4, 5, 6), (0, 2)),
    ((3, 4, 5), (0, 1, 2)),
    ((3, 1, 5), (1,)),
    ((2, 40, 1), (1, 2)),
    ((6, 50), (0,)),
]
FLOAT_REDUCTIONS = [
    nn.ReduceMeanOp,
    nn.ReduceSumOp,
    nn.ReduceSumSquareOp,
    nn.ReduceProdOp,
    nn.ReduceMaxOp,
    nn.ReduceMinOp,
]


def reductions() -> list[Case]:
    cases: list[Case] = []
    for index, (shape, axes) in enumerate(REDUCED):
        for op in FLOAT_REDUCTIONS:
            for special in (False, True):
                cases.append(
                    Case(
                        f"{op.name}-{index}-{special}",
                        [floats(index, *shape, special=special)],
                        lambda a, op=op, axes=axes: [op(a[0], axes=axes)],
                    )
                )
        for op, result in (
            (quant.ReduceMeanOp, Y),
            (quant.ReduceSumOp, uniform(3.3, 4)),
        ):
            cases.append(
                Case(
                    f"{op.name}-{index}",
                    [int8s(index, *shape)],
                    lambda a, op=op, r=result, axes=axes: [
                        op(a[0], r, axes=axes, maximum=100)
                    ],
                    [X],
                )
            )
    for value in (-128, 127):
        cases.append(
            Case(
                f"long-column-of-{value}",
                [np.full((1, 600, 21), value, np.int8)],
                lambda a: [quant.ReduceMeanOp(a[0], uniform(0.12, 3), axes=(1,))],
                [X],
            )
        )
    for dtype in (np.int8, np.uint8, np.int32, np.int64, np.bool_):
        kinds = FLOAT_REDUCTIONS[4:] if dtype is np.bool_ else FLOAT_REDUCTIONS[1:]
        array = int8s(3, 3, 4, 5).astype(dtype) * np.array(77).astype(dtype)
        for op in kinds:
            cases.append(
                Case(
                    f"{op.name}-{np.dtype(dtype)}",
                    [array],
                    lambda a, op=op: [op(a[0], axes=(0, 2))],
                )
            )
    return cases


@all_variants
def test_reductions(variant: Variant) -> None:
    check_cases(reductions(), variant)


def resizes() -> list[Case]:
    cases: list[Case] = []
    for index, (sizes, scales) in enumerate(
        (((6, 14), (2.0, 2.0)), ((2, 10), (0.7, 1.45)), ((1, 1), (0.34, 0.15)))
    ):
        for coordinates in (
            "half_pixel",
            "asymmetric",
            "align_corners",
            "pytorch_half_pixel",
        ):
            common = {
                "sizes": sizes,
                "scales": scales,
                "coordinates": coordinates,
                "layout": "NHWC",
            }
            name = f"{coordinates}-{index}"
            for mode in ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil"):
                cases.append(
                    Case(
                        f"nearest-{mode}-{name}",
                        [int8s(index, 2, 3, 7, 5)],
                        lambda a, p=common, m=mode: [
                            nn.ResizeOp(a[0], nearest_mode=m, **p)
                        ],
                        [X],
                    )
                )
            cases += [
                Case(
                    f"nearest-f32-{name}",
                    [floats(index, 1, 3, 7, 2)],
                    lambda a, p=common: [nn.ResizeOp(a[0], **p)],
                ),
                Case(
                    f"linear-f32-{name}",
                    [floats(index, 2, 3, 7, 9)],
                    lambda a, p=common: [nn.ResizeOp(a[0], mode="linear", **p)],
                ),
                Case(
                    f"linear-s8-{name}",
                    [int8s(index, 2, 3, 7, 9)],
                    lambda a, p=common: [quant.ResizeOp(a[0], Y, **p)],
                    [X],
                ),
            ]
    return cases


@all_variants
def test_resizes(variant: Variant) -> None:
    check_cases(resizes(), variant)
