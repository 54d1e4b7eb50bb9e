"""Casts and elementwise integer ops: exact formulas, and close to the float op."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from quant_values import int8, run, value
from xdsl.dialects.builtin import f32, i8, i32

from qcc.dialects import quant
from qcc.dialects.blob import ui8
from qcc.dialects.quant import UniformType
from qcc.dialects.reference import numbers

ALL = np.arange(-128, 128).astype(np.int8)
PAIRS = (np.repeat(ALL, 256), np.tile(ALL, 256))
A = UniformType.per_tensor(0.02, -128)
B = UniformType.per_tensor(0.03, 127)
Y = UniformType.per_tensor(0.021, 3)

TYPES = st.builds(
    UniformType.per_tensor,
    st.floats(2.0**-8, 2.0**8, width=32),
    st.integers(-128, 127),
)


@settings(max_examples=30, deadline=None)
@given(TYPES, TYPES, TYPES, st.sampled_from([quant.AddOp, quant.SubOp]))
def test_add_and_sub_round_the_exact_sum_of_multipliers(
    a: UniformType, b: UniformType, y: UniformType, kind: Any
) -> None:
    random = np.random.default_rng(0)
    lhs, rhs = int8(random, 64), int8(random, 64)
    lhs[:4], rhs[:4] = [-128, 127, -128, 127], [-128, 127, 127, -128]
    actual = run(kind(value(a, (64,)), value(b, (64,)), y), lhs, rhs)
    (m_a, m_b), shift = numbers.shared_multipliers((a.scale, b.scale), y.scale)
    sign = 1 if kind is quant.AddOp else -1
    for p, q, r in zip(lhs.tolist(), rhs.tolist(), actual.tolist(), strict=True):
        acc = (p - a.zero_point) * m_a + sign * (q - b.zero_point) * m_b
        assert -(2**31) <= acc - 2**29 <= acc + 2**29 < 2**31
        exact = round(Fraction(acc, 2**shift)) + y.zero_point
        assert r == max(-128, min(127, exact))


@pytest.mark.parametrize(
    ("kind", "function"),
    [(quant.AddOp, np.add), (quant.SubOp, np.subtract), (quant.MulOp, np.multiply)],
)
def test_every_pair_is_within_one_step_of_float(kind: Any, function: Any) -> None:
    op = kind(value(A, (65536,)), value(B, (65536,)), Y)
    x = numbers.dequantize_from(PAIRS[0], A).astype(np.float64)
    y = numbers.dequantize_from(PAIRS[1], B).astype(np.float64)
    exact = np.clip(function(x, y) / Y.scale + Y.zero_point, -128, 127)
    error = np.abs(run(op, *PAIRS) - exact)
    assert error.max() <= 0.51


def test_add_rounds_ties_to_even() -> None:
    half, one = UniformType.per_tensor(0.5), UniformType.per_tensor(1.0)
    q = np.array([1, 3, 5, -1, -3], np.int8)
    op = quant.AddOp(value(half, (5,)), value(half, (5,)), one)
    assert run(op, q, np.zeros(5, np.int8)).tolist() == [0, 2, 2, 0, -2]


def test_binary_ops_broadcast_and_clamp() -> None:
    random = np.random.default_rng(1)
    lhs, rhs = int8(random, 3, 1, 4), int8(random, 5, 1)
    op = quant.AddOp(value(A, lhs.shape), value(B, rhs.shape), Y, minimum=-5, maximum=9)
    full = quant.AddOp(value(A, (3, 5, 4)), value(B, (3, 5, 4)), Y)
    shape = (3, 5, 4)
    expected = run(full, np.broadcast_to(lhs, shape), np.broadcast_to(rhs, shape))
    assert np.array_equal(run(op, lhs, rhs), np.clip(expected, -5, 9))


def test_requantize_is_close_to_the_exact_ratio() -> None:
    op = quant.RequantizeOp(value(A, (256,)), Y, minimum=-100)
    exact = (ALL.astype(np.float64) + 128) * A.scale / Y.scale + Y.zero_point
    assert np.abs(run(op, ALL) - np.clip(exact, -100, 127)).max() <= 0.5001


def test_requantize_to_the_same_type_is_the_identity() -> None:
    assert np.array_equal(run(quant.RequantizeOp(value(A, (256,)), A), ALL), ALL)


def test_clamp() -> None:
    op = quant.ClampOp(value(A, (256,)), minimum=-7, maximum=50)
    assert np.array_equal(run(op, ALL), np.clip(ALL, -7, 50))


def test_lookup_takes_entry_q_plus_128() -> None:
    table = np.random.default_rng(2).permutation(ALL)
    op = quant.LookupOp(value(A, (256,)), table, Y)
    assert np.array_equal(run(op, ALL), table)
    assert run(op, np.roll(ALL, 1))[0] == table[-1]


def test_casts_are_inverse_on_stored_integers() -> None:
    x = run(quant.DequantizeCastOp(value(A, (256,))), ALL)
    assert x.dtype == np.float32
    assert np.array_equal(run(quant.QuantizeCastOp(value(f32, (256,)), A), x), ALL)


def test_per_axis_casts() -> None:
    kind = UniformType.per_axis([0.5, 2.0], 0, [0, 10])
    q = np.array([[4, -4], [11, 9]], np.int8)
    x = run(quant.DequantizeCastOp(value(kind, (2, 2))), q)
    assert x.tolist() == [[2.0, -2.0], [2.0, -2.0]]
    assert np.array_equal(run(quant.QuantizeCastOp(value(f32, (2, 2)), kind), x), q)


def test_dcast_of_an_int32_bias() -> None:
    kind = UniformType.per_tensor(0.5, storage=i32)
    op = quant.DequantizeCastOp(value(kind, (2,)))
    assert run(op, np.array([3, -(2**31)], np.int32)).tolist() == [1.5, -(2.0**30)]


def test_storage_casts_flip_the_top_bit_of_ui8() -> None:
    unsigned = run(quant.StorageCastOp(value(A, (256,)), ui8), ALL)
    assert unsigned.tolist() == list(range(256))
    assert np.array_equal(
        run(quant.StorageCastOp(value(ui8, (256,)), A), unsigned), ALL
    )
    assert np.array_equal(run(quant.StorageCastOp(value(A, (256,)), i8), ALL), ALL)


def test_chained_casts_are_unbiased() -> None:
    random = np.random.default_rng(3)
    x = (random.integers(-200, 200, 50_000) * 0.25).astype(np.float32)
    kind = UniformType.per_tensor(0.5, 7)
    x = x[np.abs(x) < 50]
    q = run(quant.QuantizeCastOp(value(f32, x.shape), kind), x)
    error = run(quant.DequantizeCastOp(value(kind, x.shape)), q) - x
    assert abs(error.mean()) <= 3 * error.std() / np.sqrt(error.size)
