"""Casts between grids and elementwise int8 ops: ties, extremes, tails, broadcasting."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from support.programs import (
    SPECIAL_FLOATS,
    Body,
    Case,
    Variant,
    all_variants,
    check_cases,
    floats,
    int8s,
    uniform,
)
from xdsl.dialects.builtin import i8, i32
from xdsl.ir import Operation, SSAValue

from qcc.dialects import nn, quant
from qcc.dialects.blob import ui8
from qcc.dialects.quant.types import UniformType

GRIDS = [
    uniform(0.05, -7),
    uniform(1.0, 0),
    uniform(0.5, 127),
    uniform(3e-5, -128),
    UniformType.per_tensor(0.25, 3, minimum=-127, maximum=100),
]
LENGTHS = [1, 7, 16, 33, 100, 128, 259]


def ties(scale: float) -> np.ndarray:
    """Values half way between two steps, and special ones."""
    steps = (np.arange(-260, 261) * np.float32(0.5)).astype(np.float32)
    return np.concatenate([scaled(steps, scale), SPECIAL_FLOATS])


def scaled(values: np.ndarray, factor: float) -> np.ndarray:
    with np.errstate(over="ignore"):
        return values * np.float32(factor)


def casts() -> list[Case]:
    cases: list[Case] = []
    for index, grid in enumerate(GRIDS):
        for length in LENGTHS:
            cases.append(
                Case(
                    f"qcast-{index}-{length}",
                    [scaled(floats(length, length), grid.scales[0] * 9)],
                    lambda a, g=grid: [quant.QuantizeCastOp(a[0], g)],
                )
            )
        every = np.arange(-128, 128).astype(np.int8)
        cases += [
            Case(
                f"qcast-ties-{index}",
                [ties(grid.scales[0])],
                lambda a, g=grid: [quant.QuantizeCastOp(a[0], g)],
            ),
            Case(
                f"dcast-{index}",
                [every[: 250 + index]],
                lambda a: [quant.DequantizeCastOp(a[0])],
                [grid],
            ),
        ]
        for other, target in enumerate(GRIDS[:4]):
            cases.append(
                Case(
                    f"requantize-{index}-{other}",
                    [every[: 240 + other]],
                    lambda a, t=target: [
                        quant.RequantizeOp(a[0], t, minimum=-100, maximum=126)
                    ],
                    [grid],
                )
            )
    per_axis = UniformType.per_axis([0.1, 0.2, 0.3], 1, [3, -4, 100])
    wide = UniformType.per_tensor(0.001, 5, storage=i32)
    numbers = np.array([0, 5, -(2**31), 2**31 - 1, 12345678], np.int32)
    return [
        *cases,
        Case(
            "qcast-per-axis",
            [floats(1, 2, 3, 5)],
            lambda a: [quant.QuantizeCastOp(a[0], per_axis)],
        ),
        Case(
            "dcast-per-axis",
            [int8s(1, 2, 3, 5)],
            lambda a: [quant.DequantizeCastOp(a[0])],
            [per_axis],
        ),
        Case("dcast-i32", [numbers], lambda a: [quant.DequantizeCastOp(a[0])], [wide]),
        Case(
            "scast-out",
            [int8s(1, 77)],
            lambda a: [quant.StorageCastOp(a[0], ui8)],
            [GRIDS[0]],
        ),
        Case(
            "scast-in",
            [int8s(1, 77).view(np.uint8)],
            lambda a: [quant.StorageCastOp(a[0], GRIDS[0])],
        ),
        Case(
            "scast-i8",
            [int8s(1, 77)],
            lambda a: [quant.StorageCastOp(a[0], i8)],
            [GRIDS[0]],
        ),
    ]


def transposed_casts() -> list[Case]:
    """Quantization whose result only a transpose to channels last reads."""

    def body(grid: UniformType, count: int) -> Body:
        def ops(arguments: Sequence[SSAValue]) -> list[Operation]:
            cast = quant.QuantizeCastOp(arguments[0], grid)
            order = (0, 2, 3, 1) if count == 4 else (1, 0)
            return [cast, nn.TransposeOp(cast.result, permutation=order)]

        return ops

    shapes = [(2, 3, 7, 9), (1, 3, 4, 16), (1, 2, 3, 5), (1, 4, 8, 8), (3, 2500)]
    return [
        Case(
            f"qcast-transpose-{index}-{shape}",
            [scaled(floats(index, *shape), GRIDS[index].scales[0] * 9)],
            body(GRIDS[index], len(shape)),
        )
        for shape in shapes
        for index in (0, 3, 4)
    ]


@all_variants
def test_casts(variant: Variant) -> None:
    check_cases([*casts(), *transposed_casts()], variant)


SCALES = [(0.05, 0.05, 0.1), (1.0, 2.0, 1.0), (0.7, 1e-4, 0.013), (5.0, 3.0, 0.0009)]
SHAPES = [
    ((3, 65), (3, 65)),
    ((1, 4, 5, 40), (1, 1, 1, 40)),
    ((1, 1, 1, 24), (1, 3, 3, 24)),
    ((2, 3, 17), (1,)),
    ((5, 1, 9), (1, 7, 1)),
]
EVERY = np.arange(-128, 128).astype(np.int8)


def binary() -> list[Case]:
    cases: list[Case] = []
    for index, (left, right, scale) in enumerate(SCALES):
        kinds = [uniform(left, -3), uniform(right, 100)]
        for op in (quant.AddOp, quant.SubOp, quant.MulOp):
            for which, (shape, other) in enumerate(SHAPES):
                cases.append(
                    Case(
                        f"{op.name}-{index}-{which}",
                        [int8s(which, *shape), int8s(which + 9, *other)],
                        lambda a, op=op, s=scale: [
                            op(*a, uniform(s, 7), minimum=-120, maximum=125)
                        ],
                        kinds,
                    )
                )
            cases.append(
                Case(
                    f"{op.name}-{index}-every-pair",
                    [EVERY[:, None], EVERY[None, :]],
                    lambda a, op=op, s=scale: [op(*a, uniform(s, -20))],
                    kinds,
                )
            )
    return cases


def unary() -> list[Case]:
    table = np.random.default_rng(1).permutation(EVERY)
    return [
        Case(
            f"{name}-{length}",
            [int8s(length, length)],
            lambda a, make=make: [make(a[0])],
            [GRIDS[0]],
        )
        for length in LENGTHS
        for name, make in (
            ("clamp", lambda x: quant.ClampOp(x, minimum=-50, maximum=90)),
            ("lookup", lambda x: quant.LookupOp(x, table, GRIDS[1])),
        )
    ]


@all_variants
def test_elementwise(variant: Variant) -> None:
    check_cases([*binary(), *unary()], variant)
