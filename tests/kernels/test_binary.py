"""Elementwise functions of several operands: element types and ways to broadcast."""

from __future__ import annotations

import numpy as np
from support.programs import Case, Variant, all_variants, check_cases, floats

from qcc.dialects import nn

SHAPES = [
    ((5, 7), (5, 7)),
    ((2, 3, 4, 8), (8,)),
    ((2, 3, 4, 8), (2, 1, 1, 8)),
    ((4, 1, 3), (1, 5, 1)),
    ((1,), (3, 3)),
    ((2, 1, 3, 1, 2, 1), (1, 2, 1, 2, 1, 2)),
]
FLOAT_OPS = [nn.AddOp, nn.SubOp, nn.MulOp, nn.DivOp, nn.MinOp, nn.MaxOp, nn.EqualOp]
CASES: list[Case] = []

for _i, (_left, _right) in enumerate(SHAPES):
    for _op in FLOAT_OPS:
        CASES.append(
            Case(
                f"{_op.name}-{_i}",
                [floats(_i, *_left), floats(_i + 9, *_right)],
                lambda args, op=_op: [op(*args)],
            )
        )

CASES.append(
    Case(
        "pow",
        [floats(1, 31, 1), np.array([2, 0.5, -1, 3, 1, 0, -2.5, np.nan], np.float32)],
        lambda args: [nn.PowOp(*args)],
    )
)
CASES.append(
    Case(
        "prelu",
        [floats(2, 2, 3, 5), floats(3, 5)],
        lambda args: [nn.PReluOp(*args)],
    )
)


def integers(dtype: type[np.integer], seed: int) -> np.ndarray:
    """Small numbers, and the extremes, of which there are pairs that overflow."""
    limits = np.iinfo(dtype)
    rng = np.random.default_rng(seed)
    values = rng.integers(max(-9, limits.min), 10, 40).astype(dtype)
    extremes = [limits.min, limits.max, limits.min, limits.max, 0]
    return np.concatenate([values, np.array(extremes, dtype)])


for _dtype in (np.int8, np.uint8, np.int32, np.int64):
    for _op in (*FLOAT_OPS, nn.PowOp):
        _arrays = [integers(_dtype, 1), integers(_dtype, 2)]
        if _dtype is not np.uint8:
            _arrays[1][-5:] = [-1, -1, 1, 3, 0]
        CASES.append(
            Case(
                f"{_op.name}-{np.dtype(_dtype)}",
                _arrays,
                lambda args, op=_op: [op(*args)],
            )
        )

for _dtype in (np.int8, np.bool_, np.float32, np.int64):
    _rng = np.random.default_rng(5)
    _lhs = _rng.integers(0, 2, (3, 1, 4)).astype(_dtype)
    CASES.append(
        Case(
            f"where-{np.dtype(_dtype)}",
            [_rng.integers(0, 2, (3, 5, 1)).astype(np.bool_), _lhs, 1 - _lhs[:, :, :1]]
            if _dtype is not np.bool_
            else [_rng.integers(0, 2, (3, 5, 1)).astype(np.bool_), _lhs, ~_lhs],
            lambda args: [nn.WhereOp(*args)],
        )
    )
for _op in (nn.MinOp, nn.MaxOp, nn.EqualOp):
    _pair = np.array([[False, False, True, True], [False, True, False, True]])
    CASES.append(
        Case(f"{_op.name}-bool", list(_pair), lambda args, op=_op: [op(*args)])
    )


@all_variants
def test_binary(variant: Variant) -> None:
    check_cases(CASES, variant)
