"""`!quant.uniform`: scales read back bit-exactly, and constructors fill in defaults."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from xdsl.context import Context
from xdsl.dialects.builtin import Builtin, i32
from xdsl.parser import Parser
from xdsl.utils.exceptions import VerifyException

from qcc.dialects.quant import Quant, UniformType
from qcc.dialects.quant.types import scale_text

SCALES = st.floats(
    float(np.finfo(np.float32).smallest_subnormal),
    float(np.finfo(np.float32).max),
    width=32,
)


def parse(text: str) -> UniformType:
    context = Context()
    context.load_dialect(Builtin)
    context.load_dialect(Quant)
    kind = Parser(context, text).parse_type()
    assert isinstance(kind, UniformType)
    return kind


@given(SCALES, st.integers(-128, 127))
def test_per_tensor_round_trip(scale: float, zero_point: int) -> None:
    kind = UniformType.per_tensor(scale, zero_point)
    assert kind.scales == (scale,)
    assert parse(str(kind)) == kind


@given(st.lists(SCALES, min_size=1, max_size=5), st.integers(0, 3))
def test_per_axis_round_trip(scales: list[float], axis: int) -> None:
    kind = UniformType.per_axis(scales, axis, minimum=-127)
    assert kind.zero_points == (0,) * len(scales)
    assert parse(str(kind)) == kind


def test_every_exponent_round_trips() -> None:
    random = np.random.default_rng(0)
    bits = random.integers(1, 0x7F800000, 20_000).astype(np.uint32)
    for scale in bits.view(np.float32):
        text = scale_text(float(scale))
        assert "." in text
        assert np.float32(float(text)) == scale


def test_shortest_decimal_that_lands_on_a_tie() -> None:
    # Read as binary64, the shortest decimal of this float32 is halfway to the next.
    scale = np.array([0x15AE43FD], np.uint32).view(np.float32)[0]
    assert float(np.float32(float(scale_text(float(scale))))) == float(scale)


def test_text_without_a_zero_point() -> None:
    assert parse("!quant.uniform<i8:f32, 0.5>") == UniformType.per_tensor(0.5)


def test_storage_of_a_bias() -> None:
    kind = UniformType.per_axis([0.1, 0.2], 0, storage=i32)
    assert (kind.minimum, kind.maximum) == (-(2**31), 2**31 - 1)
    assert parse(str(kind)) == kind


def test_scales_are_rounded_to_float32() -> None:
    assert UniformType.per_tensor(0.1).scale == float(np.float32(0.1))


def test_with_axis() -> None:
    kind = UniformType.per_axis([0.1, 0.2], 0, [1, 2])
    moved = kind.with_axis(3)
    assert moved.axis == 3
    assert (moved.scales, moved.zero_points) == (kind.scales, kind.zero_points)


@pytest.mark.parametrize("scale", [0.0, -1.0, float("inf"), float("nan"), 1e39, 1e-60])
def test_scales_that_are_refused(scale: float) -> None:
    with pytest.raises(VerifyException, match="positive finite float32"):
        UniformType.per_tensor(scale)


def test_zero_point_out_of_range() -> None:
    with pytest.raises(VerifyException, match="outside of the storage range"):
        UniformType.per_tensor(1.0, -128, minimum=-127)


def test_negative_axis() -> None:
    with pytest.raises(VerifyException, match="negative"):
        UniformType.per_axis([1.0], -1)
