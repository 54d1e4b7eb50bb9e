"""
The tile convolution (AMX) against the naive oracle, bit for bit.

Every test runs on tiles where the processor has them, and emulated everywhere.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from support.contraction import Shape, add, conv2d_sums, requantize
from support.harness import EMULATE_TILES, run_kernel

from qcc.codegen.kernel_table import find_kernel
from qcc.codegen.lowerings.convolution import Geometry
from qcc.codegen.lowerings.requantization import (
    cannot_overflow,
    has_ties,
    product_cannot_overflow,
)
from qcc.codegen.lowerings.tiles import (
    TiledGeometry,
    TilePlan,
    plan_product,
    plan_tiles,
    tile_depth,
)
from qcc.codegen.packing import pack_conv2d
from qcc.codegen.targets import TARGETS

ROW = find_kernel(TARGETS["amx"], "qcc_conv2d_s8s8_tiles")
NO_PADS = (0, 0, 0, 0)

SHAPES = [
    Shape(h=1, w=50, c=64, o=64, kernel=(1, 1), pads=NO_PADS),
    Shape(h=1, w=50, c=37, o=40, kernel=(1, 1), pads=NO_PADS),
    Shape(n=2, h=7, w=7, c=128, o=96, kernel=(1, 1), pads=NO_PADS),
    Shape(h=15, w=14, c=96, o=70, stride=(2, 2), kernel=(1, 1), pads=NO_PADS),
    Shape(h=5, w=6, c=8, o=9, kernel=(1, 1), pads=(1, 1, 1, 1)),
    Shape(n=2, h=6, w=9, c=8, o=16),
    Shape(h=9, w=14, c=64, o=24),
    Shape(h=14, w=13, c=64, o=50, stride=(2, 2)),
    Shape(h=33, w=34, c=3, o=32, stride=(2, 2)),
    Shape(h=21, w=26, c=3, o=64, kernel=(7, 7), stride=(2, 2), pads=(3, 3, 3, 3)),
    Shape(h=11, w=12, c=4, o=9, dilation=(2, 1), pads=(2, 3, 2, 3)),
    Shape(h=4, w=60, c=20, o=130, kernel=(2, 5), stride=(1, 3), pads=(0, 4, 1, 4)),
    Shape(h=1, w=4, c=300, o=33, kernel=(1, 1), pads=NO_PADS),
]

# Small images, whose positions are one block.
COLUMNS = [
    Shape(h=1, w=49, c=300, o=32, kernel=(1, 1), pads=NO_PADS),
    Shape(h=1, w=34, c=1160, o=272, kernel=(1, 1), pads=NO_PADS),
    Shape(n=2, h=13, w=14, c=200, o=48, stride=(2, 2), kernel=(1, 1), pads=NO_PADS),
    Shape(n=2, h=7, w=7, c=33, o=16),
    Shape(h=11, w=12, c=8, o=32, stride=(2, 2), kernel=(5, 5), pads=(2, 2, 2, 2)),
]

machine = pytest.mark.parametrize("flags", [[], [EMULATE_TILES]], ids=["amx", "plain"])


def _geometry(s: Shape) -> Geometry:
    whole = Geometry(
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
    return whole.flattened()


def _residual(rng: np.random.Generator, ties: bool) -> dict[str, int]:
    """Arguments of the residual add; powers of two have ties."""
    scales = (1 << 19, 3 << 18) if ties else (987_653, 1_234_577)
    return {
        "conv_multiplier": scales[0],
        "residual_multiplier": scales[1],
        "residual_shift": 20,
        "residual_zero_point": int(rng.integers(-128, 128)),
        "sum_zero_point": int(rng.choice([-128, int(rng.integers(-128, 128))])),
    }


def _check(
    s: Shape,
    seed: int,
    *,
    plan: TilePlan | None = None,
    residual: bool = False,
    ties: bool = True,
    relu: bool = False,
    scale: float = 1.0,
    gap: int = 0,
    **options: Any,
) -> None:
    rng = np.random.default_rng(seed)
    x = rng.integers(-128, 128, s.input_shape, np.int8)
    w = rng.integers(-128, 128, s.weight_shape, np.int8)
    x.reshape(-1)[:3], w[-1] = -128, -128
    bias = rng.integers(-3000, 3000, s.o, np.int32)
    spread = np.float32(scale / (70 * np.sqrt(np.prod(w.shape[1:]))))
    multipliers = rng.uniform(0.2, 3, s.o).astype(np.float32) * spread
    zp_x, zp_y = int(rng.integers(-128, 128)), int(rng.integers(-128, 128))
    low, high = sorted(int(v) for v in rng.integers(-128, 128, 2))
    if relu:
        zp_y, low, high = -128, -128, 127
    limits = (-128, 127) if residual else (low, high)
    geometry = TiledGeometry.of(_geometry(s))
    plan = plan or plan_tiles(geometry)
    arguments: dict[str, Any] = geometry.arguments(16) | plan.arguments
    arguments |= {
        "input_zero_point": zp_x,
        "zero_point": zp_y,
        "minimum": limits[0],
        "maximum": limits[1],
        "no_overflow": int(cannot_overflow(w, bias, multipliers)),
        "output_step": s.o + gap,
    }
    expected = conv2d_sums(s, x, w, zp_x) + bias
    expected = requantize(expected, multipliers, zp_y, *limits)
    added = None
    if residual:
        added = rng.integers(-128, 128, s.output_shape, np.int8)
        arguments |= _residual(rng, ties)
        arguments |= {"sum_minimum": low, "sum_maximum": high}
        arguments["ties"] = int(has_ties(arguments))
        factors = (arguments["conv_multiplier"], arguments["residual_multiplier"])
        zeros = (zp_y, arguments["residual_zero_point"], arguments["sum_zero_point"])
        expected = add(expected, added, factors, 20, zeros, (low, high))
    result = np.full((*s.output_shape[:-1], s.o + gap), 99, np.int8)
    run_kernel(
        ROW,
        arguments,
        [x, pack_conv2d(w, ROW.packing(s.o)), None, bias, multipliers, added, None],
        [result, np.zeros(plan.scratch_bytes, np.int8)],
        **options,
    )
    np.testing.assert_array_equal(result[..., : s.o], expected, strict=True)
    assert (result[..., s.o :] == 99).all()


@machine
@pytest.mark.parametrize("index", range(len(SHAPES)))
def test_shapes(index: int, flags: list[str]) -> None:
    s = SHAPES[index]
    _check(s, index, flags=flags)
    _check(s, index, flags=flags, relu=True)
    _check(s, index, flags=flags, residual=True)
    _check(s, index, flags=flags, residual=True, ties=False)


@machine
@pytest.mark.parametrize("index", range(len(SHAPES)))
def test_every_plan_computes_the_same(index: int, flags: list[str]) -> None:
    s = SHAPES[index]
    plan = plan_tiles(_geometry(s))
    plans = [
        replace(plan, pixels=p, pixels_first=f) for p in (16, 32) for f in (False, True)
    ]
    if plan.band_rows > 2:
        plans.append(replace(plan, band_rows=2))
    for other in plans:
        _check(s, index, plan=other, residual=True, flags=flags)


@machine
@pytest.mark.parametrize("index", range(len(COLUMNS)))
def test_columns(index: int, flags: list[str]) -> None:
    s = COLUMNS[index]
    plan = plan_tiles(_geometry(s), weights_from=0)
    assert plan.pixels == 64
    plans = [plan]
    if s.kernel == (1, 1):
        plans = [
            plan_tiles(_geometry(s), weights_from=0, column_taps=taps)
            for taps in (64, 192, 4096)
        ]
        assert [plan.partial_steps > 0 for plan in plans] == [True, True, False]
    for other in plans:
        _check(s, index, plan=other, flags=flags)
        _check(s, index, plan=other, residual=True, flags=flags)


def test_columns_are_planned_for_much_weights() -> None:
    small, large = (
        plan_tiles(_geometry(replace(COLUMNS[0], c=c))) for c in (512, 16384)
    )
    assert (small.pixels, large.pixels) == (32, 64)
    assert large.scratch_bytes > 49 * 16384


@machine
def test_large_sums_saturate(flags: list[str]) -> None:
    """Products beyond int32 are clamped, not wrapped."""
    _check(SHAPES[0], 3, scale=1e6, flags=flags)
    _check(SHAPES[5], 4, scale=1e30, flags=flags, residual=True)


@machine
def test_random_shapes(flags: list[str]) -> None:
    rng = np.random.default_rng(7)
    tested = 0
    while tested < 25:
        kernel = (int(rng.integers(1, 5)), int(rng.integers(1, 5)))
        pads = [int(p) for p in rng.integers(0, 3, 4)]
        s = Shape(
            n=int(rng.integers(1, 3)),
            h=int(rng.integers(5, 14)),
            w=int(rng.integers(5, 25)),
            c=int(rng.integers(1, 150)),
            o=int(rng.integers(8, 150)),
            kernel=kernel,
            stride=(int(rng.integers(1, 4)), int(rng.integers(1, 4))),
            dilation=(int(rng.integers(1, 3)), 1),
            pads=(pads[0], pads[1], pads[2], pads[3]),
        )
        if min(s.output) < 1 or not TiledGeometry.fits(_geometry(s)):
            continue
        tested += 1
        gap = tested % 2 * 5  # between pixels, where there is no residual
        _check(s, tested, residual=tested % 2 == 0, gap=gap, flags=flags)


@machine
@pytest.mark.parametrize("zero_points", [False, True])
@pytest.mark.parametrize("sizes", [(33, 26, 130), (5, 128, 26), (1, 3, 1)], ids=str)
def test_product(
    sizes: tuple[int, int, int], zero_points: bool, flags: list[str]
) -> None:
    rows, depth, columns = sizes
    rng = np.random.default_rng(rows)
    count = 3
    x = rng.integers(-128, 128, (count, rows, depth), np.int8)
    y = rng.integers(-128, 128, (depth, columns), np.int8)
    zeros = rng.integers(-128, 128, columns, np.int8) if zero_points else None
    if zeros is not None:
        y[0], zeros[::2] = 127, 127 if rows == 5 else -128
    bias = rng.integers(-3000, 3000, columns, np.int32)
    spread = np.float32(1 / (70 * np.sqrt(depth)))
    multipliers = rng.uniform(0.2, 3, columns).astype(np.float32) * spread
    plan, scratch = plan_product(depth, columns, zeros)
    lhs = x.astype(np.int32) - 7
    rhs = y.astype(np.int32) - (0 if zeros is None else zeros.astype(np.int32))
    expected = requantize(lhs @ rhs + bias, multipliers, 5, -90, 127)
    result = np.full(expected.shape, 99, np.int8)
    run_kernel(
        find_kernel(TARGETS["amx"], "qcc_matmul_s8s8_tiles"),
        {
            "dims": [1, 1, 1, 1, 1, count],
            "lhs_strides": [0, 0, 0, 0, 0, rows * depth],
            "rhs_strides": [0] * 6,
            "rows": rows,
            "depth": depth,
            "columns": columns,
            "lhs_zero_point": 7,
            "zero_point": 5,
            "minimum": -90,
            "maximum": 127,
            "no_overflow": int(product_cannot_overflow(depth, bias, multipliers)),
            **plan,
        },
        [x, y, zeros, bias, multipliers],
        [result, np.zeros(scratch, np.int8)],
        flags=flags,
    )
    np.testing.assert_array_equal(result, expected, strict=True)


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_literal_arguments(compiler: str) -> None:
    for index in (1, 2, 7, 11):
        _check(SHAPES[index], index, compiler=compiler, literal=True)
        _check(SHAPES[index], 9, residual=True, compiler=compiler, literal=True)


@machine
@pytest.mark.parametrize("index", [1, 3, 7])
def test_sanitizers(index: int, flags: list[str]) -> None:
    """With literal arguments: gcc takes minutes to instrument every variant."""
    options: dict[str, Any] = {"literal": True, "sanitize": True, "flags": flags}
    _check(SHAPES[index], index, residual=index == 3, **options)
    if index == 1:
        s = COLUMNS[2]
        plan = plan_tiles(_geometry(s), weights_from=0, column_taps=64)
        _check(s, index, plan=plan, residual=True, **options)


@pytest.mark.parametrize(
    ("taps", "depth"),
    [(64, 64), (96, 48), (144, 48), (21, 24), (9, 12), (160, 40), (4, 4), (4608, 64)],
)
def test_tile_depth(taps: int, depth: int) -> None:
    assert tile_depth(taps) == depth


def test_ties() -> None:
    arguments = {
        "zero_point": 3,
        "conv_multiplier": 1 << 19,
        "residual_multiplier": 1 << 20,
        "residual_shift": 20,
        "residual_zero_point": 0,
    }
    assert has_ties(arguments)
    assert not has_ties(arguments | {"conv_multiplier": 1 << 20})
