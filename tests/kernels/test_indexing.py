"""Gather (with hostile indices), one_hot and arg_max."""

from __future__ import annotations

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
from xdsl.dialects.builtin import f32, i1, i8, i64

from qcc.dialects import nn
from qcc.dialects.blob import ui8

INDICES = np.array([[0, 2, -1], [4, 5, -6], [99, -99, 3], [2**31 - 1, -(2**31), 1]])
HOSTILE = np.array([2**63 - 1, -(2**63), 2**40, -(2**40), 1, -1])


def gathers() -> list[Case]:
    cases: list[Case] = []
    for dtype in (np.int32, np.int64, np.int8, np.uint8):
        indices = INDICES.astype(dtype)
        for axis in (0, 1, 2):
            cases += [
                Case(
                    f"gather-{array.dtype}-{np.dtype(dtype)}-{axis}",
                    [array, indices],
                    lambda a, axis=axis: [nn.GatherOp(*a, axis=axis)],
                )
                for array in (int8s(1, 5, 5, 5), floats(2, 5, 5, 5))
            ]
    cases.append(
        Case(
            "gather-hostile",
            [np.arange(21).reshape(7, 3), HOSTILE],
            lambda a: [nn.GatherOp(*a)],
        )
    )
    return cases


def one_hots() -> list[Case]:
    cases: list[Case] = []
    arrays = [INDICES, INDICES.astype(np.int32), INDICES.astype(np.float32)]
    for array in arrays:
        for axis in (0, 1, 2):
            for element in (f32, i8, i64, ui8, i1):
                on, off = (1.0, 0.0) if element in (i1, ui8) else (3.0, -2.0)
                cases.append(
                    Case(
                        f"one_hot-{array.dtype}-{axis}-{element}",
                        [array],
                        lambda a, axis=axis, e=element, on=on, off=off: [
                            nn.OneHotOp(
                                a[0], depth=6, axis=axis, on=on, off=off, element_type=e
                            )
                        ],
                    )
                )
    return cases


def arg_maxima() -> list[Case]:
    cases: list[Case] = []
    few = np.random.default_rng(1).integers(-2, 3, (4, 5, 6))
    nans = floats(4, 4, 5, 6)
    for array, element in (
        (few.astype(np.int8), uniform(0.1, 3)),
        (few.astype(np.uint8), None),
        (few.astype(np.int32), None),
        (few.astype(np.int64), None),
        (few.astype(np.float32), None),
        (nans, None),
    ):
        for axis in (0, 1, 2):
            for last in (False, True):
                cases.append(
                    Case(
                        f"arg_max-{array.dtype}-{axis}-{last}",
                        [array],
                        lambda a, axis=axis, last=last: [
                            nn.ArgMaxOp(a[0], axis=axis, select_last_index=last)
                        ],
                        [element],
                    )
                )
    return cases


@all_variants
def test_indexing(variant: Variant) -> None:
    check_cases([*gathers(), *one_hots(), *arg_maxima()], variant)
