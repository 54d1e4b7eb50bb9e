"""Winograd's convolution against the naive oracle, bit for bit; where it is chosen."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from support.contraction import (
    Shape,
    add,
    conv2d_arguments,
    conv2d_sums,
    requantize,
)
from support.harness import run_kernel

from qcc.codegen.kernel_row import KernelRow
from qcc.codegen.kernel_table import KERNELS
from qcc.codegen.lowerings.bands import bands
from qcc.codegen.lowerings.convolution import Geometry
from qcc.codegen.lowerings.winograd import WinogradGeometry
from qcc.codegen.packing import pack_conv2d

ROWS = [row for row in KERNELS if row.stem == "qcc_conv2d_s8s8_winograd"]
[AVX2] = [row for row in ROWS if row.isa == "avx2"]

each_row = pytest.mark.parametrize("row", ROWS, ids=lambda r: r.function)

SHAPES = [
    Shape(h=4, w=4, c=16, o=16),
    Shape(n=2, h=9, w=13, c=20, o=33),
    Shape(h=1, w=1, c=16, o=16),
    Shape(h=2, w=3, c=64, o=17, pads=(0, 1, 1, 0)),
    Shape(n=3, h=7, w=7, c=36, o=48),
    Shape(h=3, w=3, c=16, o=16, pads=(0, 0, 0, 0)),
    Shape(h=5, w=6, c=32, o=20, pads=(4, 9, 3, 8)),
    Shape(h=8, w=5, c=28, o=64, pads=(1, 0, 0, 2)),
]


def _geometry(s: Shape) -> Geometry:
    return Geometry(
        batch=s.n,
        input=(s.h, s.w),
        channels=s.c,
        output=s.output,
        outputs=s.o,
        kernel=s.kernel,
        strides=s.stride,
        pads=(s.pads[0], s.pads[1]),
        dilations=s.dilation,
    )


def _group(row: KernelRow) -> int:
    assert row.tile is not None
    return row.tile[0]


def _residual(rng: np.random.Generator) -> dict[str, int]:
    return {
        "conv_multiplier": 987_653,
        "residual_multiplier": 1_234_577,
        "residual_shift": 20,
        "residual_zero_point": int(rng.integers(-128, 128)),
        "sum_zero_point": int(rng.integers(-128, 128)),
    }


def _check(
    row: KernelRow,
    s: Shape,
    seed: int,
    *,
    plan: dict[str, int] | None = None,
    extreme: int | None = None,
    residual: bool = False,
    float_output: bool = False,
    gap: int = 0,
    **options: Any,
) -> None:
    """
    One convolution.

    `extreme`: inputs, weights and zero point are the ends of their ranges. `gap`:
    between the channels of one output pixel and those of the next.
    """
    rng = np.random.default_rng(seed)
    x = rng.integers(-128, 128, s.input_shape, np.int8)
    w = rng.integers(-128, 128, s.weight_shape, np.int8)
    zp_x, zp_y = int(rng.integers(-128, 128)), int(rng.integers(-128, 128))
    if extreme is not None:
        x = rng.choice(np.array([-128, 127], np.int8), s.input_shape)
        w = rng.choice(np.array([-128, -127, 127], np.int8), s.weight_shape)
        x[0], w[0], w[1], zp_x = -128, -128, 127, extreme
    bias = rng.integers(-3000, 3000, s.o, np.int32)
    spread = np.float32(1 / (70 * np.sqrt(np.prod(w.shape[1:]))))
    multipliers = rng.uniform(0.2, 3, s.o).astype(np.float32) * spread
    low, high = sorted(int(v) for v in rng.integers(-128, 128, 2))
    limits = (-128, 127) if residual else (low, high)
    geometry = WinogradGeometry.of(_geometry(s))
    arguments = conv2d_arguments(s) | geometry.arguments(_group(row)) | (plan or {})
    arguments |= {
        "input_zero_point": zp_x,
        "zero_point": zp_y,
        "minimum": limits[0],
        "maximum": limits[1],
        "float_output": int(float_output),
        "output_step": s.o + gap,
    }
    sums = conv2d_sums(s, x, w, zp_x) + bias
    added = None
    expected = requantize(sums, multipliers, zp_y, *limits)
    if residual:
        added = rng.integers(-128, 128, s.output_shape, np.int8)
        arguments |= _residual(rng) | {"sum_minimum": low, "sum_maximum": high}
        factors = (arguments["conv_multiplier"], arguments["residual_multiplier"])
        zeros = (zp_y, arguments["residual_zero_point"], arguments["sum_zero_point"])
        expected = add(expected, added, factors, 20, zeros, (low, high))
    wanted = sums.astype(np.float32) * multipliers if float_output else expected
    room = (*s.output_shape[:-1], s.o + gap)
    result = np.full(room, 99, wanted.dtype)
    scratch = np.full(_scratch_bytes(row, geometry, arguments), 77, np.int8)
    run_kernel(
        row,
        arguments,
        [x, pack_conv2d(w, row.packing(s.o)), None, bias, multipliers, added, None],
        [result, scratch],
        **options,
    )
    np.testing.assert_array_equal(result[..., : s.o], wanted, strict=True)
    assert (result[..., s.o :] == 99).all()


def _scratch_bytes(
    row: KernelRow, geometry: WinogradGeometry, arguments: dict[str, int]
) -> int:
    """What the geometry says, with room for another plan than its own."""
    own = geometry.arguments(_group(row))
    if all(arguments[name] == own[name] for name in ("band_rows", "tile_block")):
        return geometry.scratch_bytes(_group(row))
    return geometry.scratch_bytes(_group(row)) + 36 * 64 * arguments["tile_block"]


@each_row
@pytest.mark.parametrize("index", range(len(SHAPES)))
def test_shapes(row: KernelRow, index: int) -> None:
    s = SHAPES[index]
    _check(row, s, index)
    _check(row, s, index, residual=True)
    _check(row, s, index, float_output=True)


@each_row
@pytest.mark.parametrize("groups", [1, 3])
@pytest.mark.parametrize("strips", [1, 2])
def test_bands(row: KernelRow, strips: int, groups: int) -> None:
    """Inputs transformed in several bands, which may end between two images."""
    plan = {"band_rows": 4 * strips, "tile_block": groups * _group(row)}
    for seed, index in enumerate((1, 4, 6)):
        _check(row, SHAPES[index], seed, plan=plan, residual=index == 1)


@each_row
@pytest.mark.parametrize("zero_point", [-128, 127])
def test_extreme_values(row: KernelRow, zero_point: int) -> None:
    """Nothing overflows that must not, at both ends of all ranges."""
    for seed, channels in enumerate((16, 64, 224)):
        s = Shape(h=6, w=7, c=channels, o=18)
        _check(row, s, seed, extreme=zero_point)
        _check(row, s, seed, extreme=zero_point, float_output=True)


@each_row
def test_largest_sums(row: KernelRow) -> None:
    """Sums just inside of what is proven, of one sign."""
    channels = (2**25 // (128 * 128 * 9)) // 4 * 4
    s = Shape(h=4, w=4, c=channels, o=16)
    assert 128 * 128 * 9 * channels < 2**25 <= 128 * 128 * 9 * (channels + 4)
    for sign in (-128, 127):
        x = np.full(s.input_shape, -128, np.int8)
        w = np.full(s.weight_shape, sign, np.int8)
        packed, one = pack_conv2d(w, row.packing(s.o)), np.ones(s.o, np.float32)
        result = np.zeros(s.output_shape, np.float32)
        geometry = WinogradGeometry.of(_geometry(s))
        arguments = geometry.arguments(_group(row)) | {"float_output": 1}
        run_kernel(
            row,
            arguments | {"input_zero_point": -128},
            [x, packed, None, np.zeros(s.o, np.int32), one, None, None],
            [result, np.zeros(geometry.scratch_bytes(_group(row)), np.int8)],
        )
        np.testing.assert_array_equal(result, conv2d_sums(s, x, w, -128))


@each_row
def test_random_shapes(row: KernelRow) -> None:
    rng = np.random.default_rng(7)
    for seed in range(25):
        s = Shape(
            n=int(rng.integers(1, 4)),
            h=int(rng.integers(3, 15)),
            w=int(rng.integers(3, 25)),
            c=4 * int(rng.integers(4, 20)),
            o=int(rng.integers(16, 70)),
            pads=tuple(int(p) for p in rng.integers(0, 4, 4)),  # type: ignore[arg-type]
        )
        residual = seed % 3 == 0  # without one there may be a gap between pixels
        gap = 0 if residual else int(rng.integers(0, 20))
        _check(row, s, seed, residual=residual, gap=gap)


@each_row
@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_literal_arguments(row: KernelRow, compiler: str) -> None:
    fused = ["-O3", "-ffp-contract=fast", "-march=native"]
    for index in (0, 1, 4):
        _check(row, SHAPES[index], index, compiler=compiler, literal=True)
    _check(row, SHAPES[3], 9, residual=True, compiler=compiler, flags=fused)


@each_row
def test_sanitizers(row: KernelRow) -> None:
    for index in (1, 3, 6):
        _check(row, SHAPES[index], index, residual=index == 1, sanitize=True)


def _weights(s: Shape, value: int = 40) -> np.ndarray:
    return np.full(s.weight_shape, value, np.int8)


def test_pays_for_layers_of_resnets_only_where_sums_are_exact() -> None:
    for size, channels in ((56, 64), (28, 128), (14, 256), (7, 512), (32, 16)):
        s = Shape(h=size, w=size, c=channels, o=channels)
        assert WinogradGeometry.pays(_geometry(s), _weights(s), AVX2)
    s = Shape(h=7, w=7, c=512, o=512)
    weights = _weights(s, 56)
    assert WinogradGeometry.pays(_geometry(s), weights, AVX2)
    weights[5] = 57  # 4608 * 57 * 128 > 2^25
    assert not WinogradGeometry.pays(_geometry(s), weights, AVX2)


def test_few_tiles_do_not_pay_where_products_of_bytes_are_fast() -> None:
    [row] = [row for row in ROWS if row.isa == "avxvnni"]
    many, few = (Shape(h=h, w=h, c=c, o=c) for h, c in ((56, 64), (7, 512)))
    assert WinogradGeometry.pays(_geometry(many), _weights(many), row)
    assert not WinogradGeometry.pays(_geometry(few), _weights(few), row)


@pytest.mark.parametrize(
    "changes",
    [
        {"stride": (2, 2)},
        {"dilation": (2, 2), "pads": (2, 2, 2, 2)},
        {"kernel": (1, 3), "pads": (0, 1, 0, 1)},
        {"c": 3},
        {"c": 18},
        {"o": 8},
        {"h": 2, "w": 2},  # one tile, whose weights cost more than its products
    ],
    ids=str,
)
def test_leaves_other_layers_alone(changes: dict[str, Any]) -> None:
    s = replace(Shape(h=28, w=28, c=64, o=64), **changes)
    assert not WinogradGeometry.pays(_geometry(s), _weights(s), AVX2)


def test_bands_of_threads_are_whole_tiles() -> None:
    s = Shape(h=30, w=28, c=64, o=64)
    found = bands(WinogradGeometry.of(_geometry(s)), AVX2, 3, channels=False)
    assert [b.geometry.output[0] for b in found] == [8, 12, 10]
    assert [b.output_offset for b in found] == [0, 8 * 28 * 64, 20 * 28 * 64]
