"""Ops that move elements, of every element size, and casts between plain types."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.programs import (
    Case,
    Variant,
    all_variants,
    check_cases,
    floats,
    int8s,
    uniform,
)
from xdsl.dialects.builtin import f32, i1, i8, i32, i64

from qcc.codegen.strides import merge_axes
from qcc.dialects import nn
from qcc.dialects.blob import ui8

Q = uniform(0.25, -5)


def arrays(*shape: int) -> list[tuple[str, np.ndarray, Any]]:
    """One tensor of each element size, and a quantized one."""
    rng = np.random.default_rng(sum(shape))
    return [
        ("s8", int8s(1, *shape), None),
        ("quantized", int8s(2, *shape), Q),
        ("s16", rng.integers(-9999, 9999, shape, np.int16), None),
        ("f32", floats(3, *shape), None),
        ("s64", rng.integers(-9, 9, shape, np.int64), None),
    ]


def each_type(name: str, shape: tuple[int, ...], make: Any) -> list[Case]:
    return [
        Case(f"{name}-{kind}", [array], lambda args: [make(args[0])], [element])
        for kind, array, element in arrays(*shape)
    ]


def two(name: str, first: Any, second: Any) -> Case:
    """Two ops in a row, which share a buffer where nothing is copied."""
    return Case(
        name,
        [floats(4, 3, 4, 5)],
        lambda args: [op := first(args[0]), second(op)],
    )


CASES = [
    *each_type(
        "nhwc", (2, 5, 6, 7), lambda x: nn.TransposeOp(x, permutation=(0, 2, 3, 1))
    ),
    *each_type(
        "nchw", (1, 6, 7, 17), lambda x: nn.TransposeOp(x, permutation=(0, 3, 1, 2))
    ),
    *each_type(
        "planes", (2, 3, 5, 7), lambda x: nn.TransposeOp(x, permutation=(0, 2, 3, 1))
    ),
    *each_type(
        "pixels", (1, 5, 7, 4), lambda x: nn.TransposeOp(x, permutation=(0, 3, 1, 2))
    ),
    *each_type("matrix", (33, 18), lambda x: nn.TransposeOp(x, permutation=(1, 0))),
    *each_type(
        "matrices", (2, 4, 5, 19), lambda x: nn.TransposeOp(x, permutation=(0, 3, 1, 2))
    ),
    *each_type("tiles", (32, 48), lambda x: nn.TransposeOp(x, permutation=(1, 0))),
    *each_type(
        "reverse", (2, 3, 4, 5), lambda x: nn.TransposeOp(x, permutation=(3, 2, 1, 0))
    ),
    *each_type(
        "swap-outer",
        (2, 3, 4, 5),
        lambda x: nn.TransposeOp(x, permutation=(1, 0, 2, 3)),
    ),
    *each_type(
        "unit-axes", (1, 3, 1, 5), lambda x: nn.TransposeOp(x, permutation=(2, 1, 0, 3))
    ),
    *each_type("expand", (3, 1, 2), lambda x: nn.ExpandOp(x, (2, 3, 4, 2))),
    *each_type(
        "slice",
        (5, 6, 7),
        lambda x: nn.SliceOp(x, starts=(4, 1, 6), sizes=(3, 4, 4), steps=(-2, 1, -2)),
    ),
    *each_type(
        "slice-empty", (5, 6), lambda x: nn.SliceOp(x, starts=(0, 2), sizes=(5, 0))
    ),
    *each_type(
        "pad",
        (2, 3, 4),
        lambda x: nn.PadOp(x, before=(0, 1, 2), after=(1, 0, 3), value=1.5),
    ),
    *each_type(
        "reflect",
        (2, 3, 4),
        lambda x: nn.PadOp(x, before=(0, 1, 2), after=(1, 2, 3), mode="reflect"),
    ),
    *each_type(
        "edge",
        (2, 3, 4),
        lambda x: nn.PadOp(x, before=(2, 0, 9), after=(0, 0, 3), mode="edge"),
    ),
    *each_type(
        "no-pad",
        (2, 3),
        lambda x: nn.PadOp(x, before=(0, 0), after=(0, 0), mode="edge"),
    ),
    *each_type("reshape", (2, 3, 4), lambda x: nn.ReshapeOp(x, (4, 6))),
    Case(
        "concat-channels",
        [int8s(i, 2, 3, c) for i, c in enumerate((3, 8, 1))],
        lambda args: [nn.ConcatOp(list(args), axis=2)],
    ),
    Case(
        "concat-rows",
        [floats(i, r, 4) for i, r in enumerate((1, 5, 0, 2))],
        lambda args: [nn.ConcatOp(list(args), axis=0)],
    ),
    Case(
        "concat-twice-the-same",
        [floats(9, 3, 4)],
        lambda args: [nn.ConcatOp([args[0], args[0]], axis=1)],
    ),
    Case(
        "constant",
        [],
        lambda _: [nn.ConstantOp(np.arange(70, dtype=np.int32).reshape(7, 10))],
    ),
    two(
        "reshape-transpose",
        lambda x: nn.ReshapeOp(x, (12, 5)),
        lambda x: nn.TransposeOp(x, permutation=(1, 0)),
    ),
    two(
        "transpose-reshape",
        lambda x: nn.TransposeOp(x, permutation=(2, 0, 1)),
        lambda x: nn.ReshapeOp(x, (60,)),
    ),
    two(
        "reshape-reshape",
        lambda x: nn.ReshapeOp(x, (60,)),
        lambda x: nn.ReshapeOp(x, (5, 12)),
    ),
]


@all_variants
def test_movement(variant: Variant) -> None:
    check_cases(CASES, variant)


INTEGERS = np.array(
    [0, 1, -1, 127, -128, 200, 255, 300, 2**31 - 1, -(2**31), 2**40 + 3]
)
SOURCES = [
    ("f32", floats(7, 60)),
    ("s8", INTEGERS.astype(np.int8)),
    ("u8", INTEGERS.astype(np.uint8)),
    ("s32", INTEGERS.astype(np.int32)),
    ("s64", INTEGERS.astype(np.int64)),
    ("bool", np.array([True, False, True])),
]
CASTS = [
    Case(f"{name}-{target}", [array], lambda args, to=target: [nn.CastOp(args[0], to)])
    for name, array in SOURCES
    for target in (f32, i8, ui8, i32, i64, i1)
]


@all_variants
def test_casts(variant: Variant) -> None:
    check_cases(CASTS, variant)


def test_unsigned_overflow_case_is_among_the_casts():
    assert any(
        array.dtype == np.float32 and (array > 2**63).any() for _, array in SOURCES
    )


@pytest.mark.parametrize(
    ("dims", "strides", "merged"),
    [
        ((2, 3, 4), [(12, 4, 1)], [24]),
        ((2, 3, 4), [(12, 4, 1), (0, 4, 1)], [2, 12]),
        ((2, 1, 4), [(4, 9, 1)], [8]),
        ((1, 1), [(1, 1)], [1]),
        ((3, 4), [(1, 3)], [3, 4]),
    ],
)
def test_merge_axes(dims: Any, strides: Any, merged: list[int]) -> None:
    assert merge_axes(dims, *strides)[0] == merged
