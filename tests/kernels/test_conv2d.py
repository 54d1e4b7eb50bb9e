"""Every convolution kernel of the table against the naive oracle, bit for bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
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
from qcc.codegen.lowerings.lines import gathered_weights
from qcc.codegen.lowerings.paired_steps import with_tables
from qcc.codegen.lowerings.requantization import (
    cannot_overflow,
    requantization_facts,
)
from qcc.codegen.packing import pack_conv2d

STEMS = (
    "qcc_conv2d_s8s8",
    "qcc_conv2d_s8s8_symmetric",
    "qcc_conv2d_s8s8_shared",
)
ROWS = [row for row in KERNELS if row.stem in STEMS]

SHAPES = [
    Shape(),
    Shape(n=2, h=6, w=9, c=8, o=16),
    Shape(h=9, w=10, c=3, o=24, stride=(2, 2)),
    Shape(h=1, w=50, c=37, o=40, kernel=(1, 1), pads=(0, 0, 0, 0)),
    Shape(h=7, w=7, c=5, o=7, kernel=(1, 1), stride=(2, 2), pads=(0, 0, 0, 0)),
    Shape(h=11, w=12, c=4, o=9, dilation=(2, 3), pads=(2, 3, 2, 3)),
    Shape(h=11, w=5, c=2, o=3, dilation=(3, 1), stride=(2, 1), pads=(3, 1, 3, 1)),
    Shape(h=6, w=6, c=4, o=6, groups=3),
    Shape(h=4, w=4, c=1, o=17, kernel=(5, 2), pads=(4, 0, 0, 1)),
    Shape(h=2, w=3, c=2, o=2, kernel=(3, 7), pads=(3, 9, 2, 9)),
    Shape(h=1, w=1, c=64, o=10, kernel=(1, 1), pads=(0, 0, 0, 0)),
    Shape(h=1, w=3, c=70, o=130, kernel=(1, 1), pads=(0, 0, 0, 0)),
    Shape(h=2, w=7, c=288, o=24, kernel=(2, 1), pads=(0, 0, 0, 0)),
]


def _random_shape(rng: np.random.Generator) -> Shape:
    kernel = tuple(int(k) for k in rng.integers(1, 5, 2))
    pads = tuple(int(p) for p in rng.integers(0, 3, 4))
    return Shape(
        n=int(rng.integers(1, 3)),
        h=int(rng.integers(10, 14)),
        w=int(rng.integers(10, 25)),
        c=int(rng.integers(1, 40)),
        o=int(rng.integers(1, 40)),
        groups=int(rng.integers(1, 3)),
        kernel=(kernel[0], kernel[1]),
        stride=(int(rng.integers(1, 4)), int(rng.integers(1, 4))),
        dilation=(int(rng.integers(1, 4)), int(rng.integers(1, 4))),
        pads=(pads[0], pads[1], pads[2], pads[3]),
    )


def _weights(row: KernelRow, rng: np.random.Generator, s: Shape) -> NDArray[np.int8]:
    low = -128 if row.stem == "qcc_conv2d_s8s8" else -127
    weight = rng.integers(low, 128, s.weight_shape, np.int8)
    if s.o > 1:
        weight[-1] = low
    return weight


def _scratch(
    s: Shape, block: int | None, gather: bool, band_rows: int = 0
) -> np.ndarray:
    columns = block or s.output[1]
    gathered = s.dilation[1] > 1 or s.stride[1] > s.kernel[1]
    step = s.kernel[1] if gathered else s.stride[1]
    elements = ((columns - 1) * step + s.kernel[1]) * s.c * s.kernel[0]
    gathered = columns * s.c * s.kernel[0] * s.kernel[1] + 64
    rows = max(1, band_rows * s.stride[0] + s.dilation[0])
    bytes_ = 3 * elements * rows + gathered * gather + 512
    return np.zeros(bytes_, np.int8)


def _check(
    row: KernelRow,
    s: Shape,
    seed: int,
    *,
    block: int | None = None,
    residual: bool = False,
    zero_points: bool = False,
    float_output: bool = False,
    gather: bool = False,
    band_rows: int = 0,
    gap: int = 0,
    weights: NDArray[np.int8] | None = None,
    **options: Any,
) -> None:
    rng = np.random.default_rng(seed)
    assert row.tile is not None
    x = rng.integers(-128, 128, s.input_shape, np.int8)
    x.reshape(-1)[:3] = -128
    if row.split_inputs and seed % 2:  # sums of neighbours around 258
        x = np.minimum(x, np.int8(8 if seed % 4 == 1 else 2))
    w = _weights(row, rng, s) if weights is None else weights
    count = w.shape[0]
    zw = rng.integers(-128, 128, count, np.int8) if zero_points else None
    bias = rng.integers(-3000, 3000, count, np.int32)
    taps = w[0].size
    multipliers = rng.uniform(0.2, 3, count).astype(np.float32) / np.float32(
        70 * np.sqrt(taps)
    )
    zp_x, zp_y = int(rng.integers(-128, 128)), int(rng.integers(-128, 128))
    low, high = sorted(int(v) for v in rng.integers(-128, 128, 2))
    arguments = conv2d_arguments(s, block) | {
        "input_zero_point": zp_x,
        "zero_point": zp_y,
        "minimum": -128 if residual else low,
        "maximum": 127 if residual else high,
        "float_output": int(float_output),
        "gather": int(gather),
        "band_rows": band_rows,
        "output_step": s.o * s.groups + gap,
    }
    wide = w.astype(np.int32)
    if zw is not None:
        wide = wide - zw.astype(np.int32).reshape(-1, 1, 1, 1)
    offset = row.activation_offset
    if row.split_inputs:
        offset = (128, 128, 76, 0, 21)[seed % 5]
        arguments["input_offset"] = offset
    acc = conv2d_sums(s, x, wide, zp_x) + bias
    added = None
    if float_output:
        expected = acc.astype(np.float32) * multipliers
    else:
        minimum, maximum = arguments["minimum"], arguments["maximum"]
        expected = requantize(acc, multipliers, zp_y, minimum, maximum)
    if residual:
        added = rng.integers(-128, 128, s.output_shape, np.int8)
        m = (int(rng.integers(1, 1 << 21)), int(rng.integers(1, 1 << 21)))
        if seed % 2:
            m = (m[0] & 3 << 19, m[1] | 1 << 19)  # many ties
        zp_r, zp_s = int(rng.integers(-128, 128)), int(rng.integers(-128, 128))
        arguments |= {
            "conv_multiplier": m[0],
            "residual_multiplier": m[1],
            "residual_shift": 20,
            "residual_zero_point": zp_r,
            "sum_zero_point": zp_s,
            "sum_minimum": low,
            "sum_maximum": high,
        }
        expected = add(expected, added, m, 20, (zp_y, zp_r, zp_s), (low, high))
    compensated = bias - offset * wide.sum(axis=(1, 2, 3), dtype=np.int32)
    if row.proofs:
        facts = requantization_facts(arguments, w, bias, multipliers)
        # A fact that is not used is fine too.
        arguments |= {"fits_int16": 0, "ties": 1} if seed % 5 == 4 else facts
    if row.clamps_bytes and seed % 5 != 4:
        arguments["no_overflow"] = int(cannot_overflow(wide, bias, multipliers))
    if row.quads:
        arguments["whole_quads"] = int(s.c % 4 == 0)
    tile = row.packing(s.o)
    packed = pack_conv2d(gathered_weights(w) if gather else w, tile, s.groups, zw)
    if weights is not None:
        packed = with_tables(packed, -(-s.o // tile[1]))
        assert packed is not None
        arguments["paired_steps"] = 1
    room = (*s.output_shape[:-1], s.o * s.groups + gap)
    result = np.full(room, 99, np.float32 if float_output else np.int8)
    run_kernel(
        row,
        arguments,
        [x, packed, zw, compensated, multipliers, added, None],
        [result, _scratch(s, block, gather, band_rows)],
        **options,
    )
    channels = s.output_shape[-1]
    np.testing.assert_array_equal(result[..., :channels], expected, strict=True)
    assert (result[..., channels:] == 99).all()


@pytest.mark.parametrize("row", ROWS, ids=lambda r: r.function)
@pytest.mark.parametrize("index", range(len(SHAPES)))
def test_shapes(row: KernelRow, index: int) -> None:
    _check(row, SHAPES[index], index)


@pytest.mark.parametrize("row", ROWS, ids=lambda r: r.function)
def test_random_shapes(row: KernelRow) -> None:
    rng = np.random.default_rng(7)
    for seed in range(20):
        s = _random_shape(rng)
        assert row.tile is not None
        block = max(12 // row.tile[0], 1) * row.tile[0]
        block = block if s.output[1] > block and seed % 2 else None
        residual = seed % 3 == 0  # without one there may be a gap between pixels
        gap = 0 if residual else int(rng.integers(0, 40))
        _check(row, s, seed, block=block, residual=residual, gap=gap)


@pytest.mark.parametrize(
    "row", [row for row in ROWS if row.lines], ids=lambda r: r.function
)
def test_gathered_taps(row: KernelRow) -> None:
    for index in (0, 2, 5, 6, 8, 9):
        if SHAPES[index].groups == 1:
            _check(row, SHAPES[index], index, gather=True, residual=index == 0)
    _check(row, SHAPES[0], 3, gather=True, literal=True)


@pytest.mark.parametrize(
    "row", [row for row in ROWS if row.bands], ids=lambda r: r.function
)
def test_bands(row: KernelRow) -> None:
    """Rows of several output rows prepared at once, shared by them or not."""
    rng = np.random.default_rng(8)
    shapes = [*(_random_shape(rng) for _ in range(10)), *SHAPES[4:8]]
    for seed, s in enumerate(shapes):
        rows = int(rng.integers(1, s.output[0] + 1))
        _check(row, s, seed, residual=seed % 2 == 0, band_rows=rows, gap=seed % 2 * 9)
    _check(row, SHAPES[2], 1, band_rows=2, float_output=True)
    _check(row, SHAPES[5], 2, band_rows=3, sanitize=True, literal=not row.run_time)
    _check(row, SHAPES[1], 3, band_rows=6, literal=True)


NARROW = [
    (Shape(h=7, w=7, c=20, o=70), 7),
    (Shape(h=9, w=5, c=9, o=33), 4),
    (Shape(h=12, w=12, c=8, o=100, stride=(2, 2)), 6),
    (Shape(h=3, w=2, c=6, o=17, kernel=(1, 2), pads=(0, 0, 0, 0)), 3),
    (Shape(h=8, w=13, c=12, o=80, kernel=(1, 1), stride=(2, 2), pads=(0, 0, 0, 0)), 3),
    (Shape(n=2, h=7, w=6, c=10, o=40, groups=2), 7),
    (Shape(h=5, w=7, c=300, o=70), 5),
]
"""Output rows that tiles take several of, the last with weights that are fetched."""


@pytest.mark.parametrize(
    "row", [row for row in ROWS if row.bands], ids=lambda r: r.function
)
@pytest.mark.parametrize(("s", "rows"), NARROW, ids=str)
def test_narrow_bands(row: KernelRow, s: Shape, rows: int) -> None:
    _check(row, s, 0, band_rows=rows, gap=5, literal=True)
    _check(row, s, 1, residual=True, band_rows=rows, literal=True, sanitize=True)


PAIRED = [
    (Shape(h=1, w=21, c=64, o=16, kernel=(1, 1), pads=(0, 0, 0, 0)), 0),
    (Shape(h=1, w=18, c=130, o=40, kernel=(1, 1), pads=(0, 0, 0, 0)), 0),
    (Shape(n=2, h=1, w=3, c=68, o=44, kernel=(1, 1), pads=(0, 0, 0, 0)), 0),
    (Shape(h=8, w=13, c=72, o=33, kernel=(1, 1), stride=(2, 2), pads=(0, 0, 0, 0)), 3),
    (Shape(h=7, w=9, c=66, o=20, kernel=(1, 1), stride=(2, 1), pads=(1, 1, 0, 1)), 0),
]


def _paired_weights(seed: int, s: Shape) -> NDArray[np.int8]:
    """Whose sums of two steps reach what int16 holds, in every fourth step too much."""
    rng = np.random.default_rng(seed)
    step = np.arange(s.c) // 4
    most = np.where(step % 4 == 3, 127, 63 + step % 2)
    signs = rng.choice([-1, 1], (s.o, s.c)) if seed % 2 else np.ones((s.o, s.c), int)
    return (most * signs).astype(np.int8).reshape(s.weight_shape)


@pytest.mark.parametrize(
    "row", [row for row in ROWS if row.split_inputs], ids=lambda r: r.function
)
@pytest.mark.parametrize(("s", "rows"), PAIRED, ids=str)
def test_paired_steps(row: KernelRow, s: Shape, rows: int) -> None:
    for seed in range(10):
        w = _paired_weights(seed, s)
        _check(row, s, seed, weights=w, band_rows=rows, residual=seed % 3 == 0)
    w = _paired_weights(1, s)
    _check(row, s, 1, weights=w, band_rows=rows, float_output=True, literal=True)
    _check(row, s, 2, weights=w, band_rows=rows, sanitize=True, compiler="clang")


@pytest.mark.parametrize("row", ROWS, ids=lambda r: r.function)
@pytest.mark.parametrize("s", [SHAPES[1], SHAPES[3], SHAPES[7]], ids=str)
def test_variants(row: KernelRow, s: Shape) -> None:
    _check(row, s, 1, residual=True)
    _check(row, s, 2, float_output=True)
    if row.stem == "qcc_conv2d_s8s8":
        _check(row, s, 3, zero_points=True)
        _check(row, s, 4, zero_points=True, float_output=True)


@pytest.mark.parametrize("row", ROWS, ids=lambda r: r.function)
@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_literal_arguments(row: KernelRow, compiler: str) -> None:
    fused = ["-O3", "-ffp-contract=fast"]
    if row.isa == "neon32":
        fused.append("-mfpu=neon-vfpv4")  # has fused multiplications and additions
    elif row.isa not in ("neon", "dotprod", "i8mm"):
        fused.append("-march=native")
    for index in (2, 3, 5):
        _check(row, SHAPES[index], index, compiler=compiler, literal=True)
    _check(row, SHAPES[1], 9, residual=True, compiler=compiler, flags=fused)


@pytest.mark.parametrize("row", ROWS, ids=lambda r: r.function)
def test_sanitizers(row: KernelRow) -> None:
    # Tiles that are never compiled without literals take a minute with sanitizers.
    literal = row.bands and not row.run_time
    for index in (1, 5, 7, 9):
        residual = index == 1
        _check(
            row, SHAPES[index], index, residual=residual, sanitize=True, literal=literal
        )
