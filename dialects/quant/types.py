"""
`!quant.uniform<...>`: quantized elements, in MLIR's spelling.

real = scale · (stored - zero_point). Per tensor `!quant.uniform<i8:f32, 0.05:-3>`; per
axis, here with a narrowed storage range, `!quant.uniform<i8<-127:127>:f32:0, {0.1:0,
0.2:0}>`. Scales are float32 values, printed so that they read back bit-exactly.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

import numpy as np
from xdsl.dialects.builtin import Float32Type, IntegerType, Signedness, i8
from xdsl.ir import Data, TypeAttribute
from xdsl.irdl import irdl_attr_definition
from xdsl.parser import AttrParser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException


def _float32(value: float) -> float:
    """The float32 nearest to `value`, as a Python float; inf where it overflows."""
    with np.errstate(over="ignore"):
        return float(np.float32(value))


def scale_text(scale: float) -> str:
    """
    The shortest decimal that reads back as the float32 `scale`, with a decimal point.

    Readers go through binary64, where the shortest decimal of a float32 may land on a
    tie (7.038531e-26 does): such a value is printed with the digits of its binary64.
    """
    text = str(np.float32(scale))
    if _float32(float(text)) != scale:
        text = repr(scale)
    mantissa, mark, exponent = text.partition("e")
    if "." not in mantissa:
        mantissa += ".0"
    return mantissa + mark + exponent


@dataclass(frozen=True)
class UniformParameters:
    """What a `UniformType` holds; one scale and zero point, or one pair per channel."""

    storage: IntegerType
    minimum: int
    maximum: int
    scales: tuple[float, ...]
    zero_points: tuple[int, ...]
    axis: int | None


@irdl_attr_definition
class UniformType(Data[UniformParameters], TypeAttribute):
    """real = scale · (stored - zero_point), `minimum` ≤ stored ≤ `maximum`."""

    name = "quant.uniform"

    @staticmethod
    def per_tensor(
        scale: float,
        zero_point: int = 0,
        *,
        storage: IntegerType = i8,
        minimum: int | None = None,
        maximum: int | None = None,
    ) -> UniformType:
        """One scale, rounded to float32. The range defaults to that of `storage`."""
        low, high = storage_range(storage)
        return UniformType(
            UniformParameters(
                storage,
                low if minimum is None else int(minimum),
                high if maximum is None else int(maximum),
                (_float32(scale),),
                (int(zero_point),),
                None,
            )
        )

    @staticmethod
    def per_axis(
        scales: Iterable[float],
        axis: int,
        zero_points: Iterable[int] | None = None,
        *,
        storage: IntegerType = i8,
        minimum: int | None = None,
        maximum: int | None = None,
    ) -> UniformType:
        """One scale, rounded to float32, per index of `axis`; zero points are 0."""
        low, high = storage_range(storage)
        rounded = tuple(_float32(scale) for scale in scales)
        if zero_points is None:
            zero_points = (0,) * len(rounded)
        return UniformType(
            UniformParameters(
                storage,
                low if minimum is None else int(minimum),
                high if maximum is None else int(maximum),
                rounded,
                tuple(int(zero_point) for zero_point in zero_points),
                int(axis),
            )
        )

    @property
    def storage(self) -> IntegerType:
        """The builtin type of the stored integers, i8 or i32."""
        return self.data.storage

    @property
    def minimum(self) -> int:
        """The least stored integer."""
        return self.data.minimum

    @property
    def maximum(self) -> int:
        """The greatest stored integer."""
        return self.data.maximum

    @property
    def scales(self) -> tuple[float, ...]:
        """Float32 values; one per tensor, or one per index of `axis`."""
        return self.data.scales

    @property
    def zero_points(self) -> tuple[int, ...]:
        """As many as `scales`."""
        return self.data.zero_points

    @property
    def axis(self) -> int | None:
        """The quantized axis, or None for one scale per tensor."""
        return self.data.axis

    @property
    def scale(self) -> float:
        """The scale of a per-tensor type."""
        assert self.axis is None, "a per-axis type has many scales"
        return self.data.scales[0]

    @property
    def zero_point(self) -> int:
        """The zero point of a per-tensor type."""
        assert self.axis is None, "a per-axis type has many zero points"
        return self.data.zero_points[0]

    def with_axis(self, axis: int | None) -> UniformType:
        """The same parameters on another axis (after a transpose)."""
        if axis == self.axis:
            return self
        assert self.axis is not None
        assert axis is not None
        return UniformType.per_axis(
            self.scales,
            axis,
            self.zero_points,
            storage=self.storage,
            minimum=self.minimum,
            maximum=self.maximum,
        )

    def verify(self) -> None:
        _verify_range(self)
        if not self.scales or len(self.scales) != len(self.zero_points):
            raise VerifyException(
                f"{len(self.scales)} scales and {len(self.zero_points)} zero points"
            )
        if self.axis is None and len(self.scales) != 1:
            raise VerifyException("a per-tensor type has one scale")
        if self.axis is not None and self.axis < 0:
            raise VerifyException(f"the quantized axis is negative: {self.axis}")
        for scale in self.scales:
            if not (math.isfinite(scale) and scale > 0 and _float32(scale) == scale):
                raise VerifyException(
                    f"scale must be a positive finite float32, got {scale}"
                )
        for zero_point in self.zero_points:
            if not self.minimum <= zero_point <= self.maximum:
                raise VerifyException(
                    f"zero point {zero_point} is outside of the storage range "
                    f"[{self.minimum}, {self.maximum}]"
                )

    @classmethod
    def parse_parameter(cls, parser: AttrParser) -> UniformParameters:
        with parser.in_angle_brackets():
            storage, minimum, maximum = _parse_storage(parser)
            parser.parse_punctuation(":")
            start = parser.pos
            if not isinstance(parser.parse_type(), Float32Type):
                parser.raise_error("the expressed type must be f32", start, parser.pos)
            axis = None
            if parser.parse_optional_punctuation(":"):
                axis = parser.parse_integer(allow_boolean=False)
            parser.parse_punctuation(",")
            if axis is None:
                pairs = [_parse_pair(parser)]
            else:
                pairs = parser.parse_comma_separated_list(
                    parser.Delimiter.BRACES, lambda: _parse_pair(parser)
                )
        scales = tuple(scale for scale, _ in pairs)
        zero_points = tuple(zero_point for _, zero_point in pairs)
        return UniformParameters(storage, minimum, maximum, scales, zero_points, axis)

    def print_parameter(self, printer: Printer) -> None:
        text = str(self.storage)
        if (self.minimum, self.maximum) != storage_range(self.storage):
            text += f"<{self.minimum}:{self.maximum}>"
        pairs = ", ".join(
            f"{scale_text(scale)}:{zero_point}"
            for scale, zero_point in zip(self.scales, self.zero_points, strict=True)
        )
        if self.axis is None:
            text += f":f32, {pairs}"
        else:
            text += f":f32:{self.axis}, {{{pairs}}}"
        with printer.in_angle_brackets():
            printer.print_string(text)


def storage_range(storage: IntegerType) -> tuple[int, int]:
    """The least and greatest integer of a storage type; signless means signed."""
    width = storage.width.data
    if storage.signedness.data == Signedness.UNSIGNED:
        return 0, 2**width - 1
    return -(2 ** (width - 1)), 2 ** (width - 1) - 1


def _verify_range(kind: UniformType) -> None:
    low, high = storage_range(kind.storage)
    if kind.storage.width.data not in (8, 32) or low == 0:
        raise VerifyException(f"storage must be i8 or i32, got {kind.storage}")
    if not low <= kind.minimum < kind.maximum <= high:
        raise VerifyException(
            f"storage range [{kind.minimum}, {kind.maximum}] is empty or "
            f"outside of [{low}, {high}]"
        )


def _parse_storage(parser: AttrParser) -> tuple[IntegerType, int, int]:
    start = parser.pos
    parsed = parser.parse_type()
    if not isinstance(parsed, IntegerType):
        parser.raise_error("the storage type must be an integer", start, parser.pos)
    storage = cast(IntegerType, parsed)
    minimum, maximum = storage_range(storage)
    if parser.parse_optional_punctuation("<"):
        minimum = parser.parse_integer(allow_boolean=False)
        parser.parse_punctuation(":")
        maximum = parser.parse_integer(allow_boolean=False)
        parser.parse_punctuation(">")
    return storage, minimum, maximum


def _parse_pair(parser: AttrParser) -> tuple[float, int]:
    scale = _float32(parser.parse_float())
    if parser.parse_optional_punctuation(":"):
        return scale, parser.parse_integer(allow_boolean=False)
    return scale, 0
