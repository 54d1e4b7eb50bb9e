"""
**The** table of micro-kernels: one row per C function of `runtime/kernels/`.

A lowering names a stem; `find_kernel` returns the row of the best instruction set that
the target has. The kernel tests walk this table.
"""

from __future__ import annotations

from dataclasses import replace

from qcc.codegen.kernel_row import KernelRow
from qcc.codegen.targets import Target

_SIZES = (
    *("input_height", "input_width", "channels", "output_height", "output_width"),
    *("output_channels", "output_step", "pad_top", "pad_left", "column_block"),
    *("input_zero_point", "input_offset", "zero_point", "minimum", "maximum"),
    "conv_multiplier",
    *("residual_multiplier", "residual_shift", "residual_zero_point"),
    *("sum_zero_point", "sum_minimum", "sum_maximum"),
)
"""Of a convolution: what is left as literals decides which loops there are."""

_ZERO_POINTS = (
    *("input_zero_point", "zero_point", "conv_multiplier", "residual_multiplier"),
    *("residual_zero_point", "sum_zero_point"),
)
"""Of a convolution: what kernels put into vectors once for a whole layer."""


def _conv2d(isa: str, tile: tuple[int, int, int]) -> KernelRow:
    # The other ISAs' tiles keep their accumulators in registers for literal sizes only.
    run_time = _SIZES if isa in ("portable", "sse2", "sse41", "avx2") else ()
    struct = "qcc_conv2d_args"
    return KernelRow(
        *("qcc_conv2d_s8s8", isa, "conv2d.h", struct),
        tile,
        narrow=True,
        clamps_bytes=isa == "avx2",
        run_time=run_time,
    )


def _winograd(isa: str, tile: tuple[int, int, int]) -> KernelRow:
    return KernelRow(
        *("qcc_conv2d_s8s8_winograd", isa, "conv2d_winograd.h", "qcc_conv2d_args"),
        tile,
        clamps_bytes=True,
        run_time=(*_SIZES, "batch", "band_rows", "tile_block"),
    )


_GEOMETRY = (
    *("batch", "input_height", "input_width", "channels", "output_height"),
    *("output_width", "output_channels", "output_step", "groups", "kernel_height"),
    *("kernel_width", "stride_y", "stride_x", "pad_top", "pad_left", "dilation_y"),
    *("dilation_x", "column_block"),
)
"""All of a float convolution: its inner loops have 16 channels whatever it is."""


def _stored(bits: int) -> list[KernelRow]:
    """Float contractions whose weights are stored in so many bits."""
    struct, header = "qcc_conv2d_args", "conv2d_stored.h"
    return [
        *(
            KernelRow(
                *(f"qcc_conv2d_f32s{bits}", isa, header, struct, (1, 16, 1)),
                run_time=_GEOMETRY,
            )
            for isa in _AVX512
        ),
        KernelRow(
            *(f"qcc_depthwise_f32s{bits}", "portable", header, struct),
            run_time=_GEOMETRY,
        ),
        KernelRow(
            *(f"qcc_conv_transpose2d_f32s{bits}", "portable"),
            *("conv_transpose2d_stored.h", struct),
            run_time=_GEOMETRY,
        ),
    ]


def _depthwise(isa: str, tile: tuple[int, int, int]) -> KernelRow:
    return KernelRow(
        *("qcc_depthwise_s8s8", isa, "depthwise.h", "qcc_conv2d_args"),
        tile,
        clamps_bytes=isa == "avx2",
        paired_rows=isa == "avx2",
    )


def _matmul(isa: str, tile: tuple[int, int, int]) -> KernelRow:
    return KernelRow("qcc_matmul_s8s8", isa, "matmul.h", "qcc_matmul_args", tile)


def _plain(
    header: str, struct: str, *stems: str, isas: tuple[str, ...] = ("portable",)
) -> list[KernelRow]:
    """Rows of kernels whose operands are not packed."""
    return [KernelRow(stem, isa, header, struct) for stem in stems for isa in isas]


def _typed(prefix: str, *element_types: str) -> list[str]:
    """Stems that differ in the element type only."""
    return [f"{prefix}_{element_type}" for element_type in element_types]


_ALL = ("portable", "sse2", "avx2", "neon")
_ALL_32 = (*_ALL, "neon32")
_AVX512 = ("portable", "avx2", "avx512vnni")
_SIGNED = ("s8", "s32", "s64", "f32")
_INTEGERS = ("s8", "u8", "s32", "s64")
_NUMBERS = (*_INTEGERS, "f32")

KERNELS: list[KernelRow] = [
    _conv2d("portable", (1, 16, 1)),
    replace(_conv2d("sse2", (4, 16, 4)), activation_offset=128, quads=True),
    _conv2d("avx2", (6, 16, 2)),
    _conv2d("neon", (4, 8, 1)),
    _conv2d("neon32", (4, 8, 1)),
    KernelRow(
        "qcc_conv2d_s8s8_symmetric",
        "neon",
        "conv2d_symmetric.h",
        "qcc_conv2d_args",
        (4, 4, 16),
        reads_past_input=True,
        lines=True,
        proofs=True,
    ),
    KernelRow(
        "qcc_conv2d_s8s8_symmetric",
        "neon32",
        "conv2d_symmetric.h",
        "qcc_conv2d_args",
        (4, 4, 16),
        reads_past_input=True,
        lines=True,
        proofs=True,
    ),
    KernelRow(
        "qcc_conv2d_s8s8_shared",
        "neon",
        "conv2d_shared.h",
        "qcc_conv2d_args",
        (8, 8, 4),
        reads_past_input=True,
        lines=True,
        proofs=True,
    ),
    KernelRow(
        "qcc_conv2d_s8s8_shared",
        "i8mm",
        "conv2d_symmetric.h",
        "qcc_conv2d_args",
        (8, 8, 4),
        reads_past_input=True,
        lines=True,
        proofs=True,
    ),
    KernelRow(
        "qcc_conv2d_s8s8_symmetric",
        "dotprod",
        "conv2d_symmetric.h",
        "qcc_conv2d_args",
        (8, 8, 4),
        reads_past_input=True,
        lines=True,
        proofs=True,
    ),
    KernelRow(
        "qcc_conv2d_s8s8_symmetric",
        "i8mm",
        "conv2d_symmetric.h",
        "qcc_conv2d_args",
        (8, 8, 8),
        reads_past_input=True,
        lines=True,
        proofs=True,
    ),
    KernelRow(
        "qcc_conv2d_s8s8_symmetric",
        "avxvnni",
        "conv2d_symmetric.h",
        "qcc_conv2d_args",
        (6, 16, 4),
        narrow=True,
        activation_offset=128,
        clamps_bytes=True,
    ),
    KernelRow(
        "qcc_conv2d_s8s8_symmetric",
        "avx2",
        "conv2d_symmetric.h",
        "qcc_conv2d_args",
        (4, 16, 4),
        narrow=True,
        bands=True,
        split_inputs=True,
        clamps_bytes=True,
    ),
    _winograd("avx2", (4, 16, 4)),
    _winograd("avxvnni", (6, 16, 4)),
    KernelRow(
        "qcc_conv2d_s8s8_symmetric",
        "avx512vnni",
        "conv2d_symmetric.h",
        "qcc_conv2d_args",
        (12, 16, 4),
        narrow=True,
        activation_offset=128,
        bands=True,
        proofs=True,
    ),
    KernelRow(
        "qcc_conv2d_s8s8_tiles",
        "amx",
        "conv2d_tiles.h",
        "qcc_conv2d_args",
        (16, 16, 4),
        narrow=True,
        proofs=True,
        run_time=_ZERO_POINTS,
    ),
    _depthwise("portable", (1, 16, 1)),
    _depthwise("sse2", (1, 8, 2)),
    _depthwise("sse41", (1, 8, 2)),
    _depthwise("avx2", (4, 16, 2)),
    _depthwise("neon", (1, 8, 1)),
    _depthwise("neon32", (1, 8, 1)),
    KernelRow(
        "qcc_depthwise_s8s8_lines",
        "neon",
        "depthwise_lines.h",
        "qcc_conv2d_args",
        (1, 16, 1),
        reads_past_input=True,
        lines=True,
        proofs=True,
    ),
    KernelRow(
        "qcc_depthwise_s8s8_lines",
        "neon32",
        "depthwise_lines.h",
        "qcc_conv2d_args",
        (1, 16, 1),
        reads_past_input=True,
        lines=True,
        proofs=True,
    ),
    KernelRow(
        "qcc_depthwise_s8s8_symmetric",
        "avx512vnni",
        "depthwise_symmetric.h",
        "qcc_conv2d_args",
        (4, 16, 4),
        activation_offset=128,
        reads_past_input=True,
        proofs=True,
    ),
    _matmul("portable", (1, 16, 1)),
    KernelRow(
        "qcc_matmul_s8s8_tiles",
        "amx",
        "matmul_tiles.h",
        "qcc_matmul_args",
        (16, 16, 4),
        reads_past_input=True,
        run_time=("lhs_zero_point", "zero_point"),
    ),
    _matmul("sse2", (4, 16, 4)),
    _matmul("avx2", (6, 16, 2)),
    _matmul("neon", (4, 8, 1)),
    _matmul("neon32", (4, 8, 1)),
    *(
        KernelRow(
            *("qcc_conv2d_f32", isa, "conv2d_f32.h", "qcc_conv2d_args"),
            (1, 16, 1),
            narrow=True,
        )
        for isa in _AVX512
    ),
    *(
        KernelRow(
            *("qcc_depthwise_f32", isa, "conv2d_f32.h", "qcc_conv2d_args"),
            run_time=_GEOMETRY,
        )
        for isa in _AVX512
    ),
    *(
        KernelRow(
            *("qcc_matmul_f32", isa, "matmul_f32.h", "qcc_matmul_args"),
            run_time=("rows", "depth", "columns"),
        )
        for isa in _AVX512
    ),
    *_plain(
        "conv_transpose2d.h",
        "qcc_conv2d_args",
        "qcc_conv_transpose2d_s8s16",
        "qcc_conv_transpose2d_f32",
    ),
    *_stored(8),
    *_stored(4),
    *_plain("stored_weights.h", "qcc_unpack_args", "qcc_unpack_s4"),
    *_plain("dynamic.h", "qcc_dynamic_args", "qcc_dynamic_range_f32", isas=_ALL),
    *_plain("dynamic.h", "qcc_dynamic_args", "qcc_dynamic_quantize_f32_s8", isas=_ALL),
    *_plain(
        *("dynamic.h", "qcc_dynamic_args"),
        *("qcc_dynamic_range_f32", "qcc_dynamic_quantize_f32_s8"),
        isas=("avx512vnni",),
    ),
    *_plain("dynamic.h", "qcc_dynamic_args", "qcc_dynamic_quantize_f32_u8"),
    *_plain("dynamic.h", "qcc_dynamic_args", "qcc_dynamic_dequantize_s8_f32"),
    *_plain("dynamic.h", "qcc_dynamic_bias_args", "qcc_dynamic_bias_f32"),
    *_plain("dynamic_arithmetic.h", "qcc_dynamic_args", "qcc_dynamic_requantize_s8"),
    *_plain("dynamic_arithmetic.h", "qcc_dynamic_args", "qcc_dynamic_clip_s8"),
    *_plain("dynamic_arithmetic.h", "qcc_dynamic_args", "qcc_dynamic_union_f32"),
    *_plain(
        *("dynamic_arithmetic.h", "qcc_dynamic_binary_args", "qcc_dynamic_add_s8"),
        isas=("portable", "avx2"),
    ),
    *_plain("dynamic_arithmetic.h", "qcc_dynamic_binary_args", "qcc_dynamic_mul_s8"),
    *_plain(
        *("dynamic_arithmetic.h", "qcc_dynamic_reduce_args"),
        "qcc_dynamic_reduce_mean_s8_f32",
    ),
    *_plain(
        *("dynamic_arithmetic.h", "qcc_pool2d_args"), "qcc_dynamic_avg_pool2d_s8_f32"
    ),
    *_plain("integer_products.h", "qcc_conv2d_integer_args", "qcc_conv2d_integer"),
    *_plain("integer_products.h", "qcc_matmul_integer_args", "qcc_matmul_integer"),
    *_plain("copy_nd.h", "qcc_copy_bytes_args", "qcc_copy_bytes"),
    *_plain("copy_nd.h", "qcc_copy_nd_args", *_typed("qcc_copy_nd", *"1248")),
    *_plain("copy_nd.h", "qcc_fill_args", *_typed("qcc_fill", *"1248")),
    *_plain("copy_nd.h", "qcc_transpose_args", *_typed("qcc_transpose", *"14")),
    KernelRow("qcc_transpose_1", "avx2", "transpose.h", "qcc_transpose_args"),
    *_plain("copy_nd.h", "qcc_transpose_args", "qcc_transpose_1", isas=("neon",)),
    *_plain("casts.h", "qcc_quantize_args", "qcc_quantize_f32_s8", isas=_ALL_32),
    KernelRow("qcc_quantize_f32_s8", "avx512vnni", "casts.h", "qcc_quantize_args"),
    *_plain(
        *("casts.h", "qcc_quantize_transposed_args", "qcc_quantize_transposed_f32_s8"),
        isas=_AVX512,
    ),
    *_plain("casts.h", "qcc_quantize_args", "qcc_dequantize_s8_f32"),
    *_plain("casts.h", "qcc_quantize_args", "qcc_dequantize_s32_f32"),
    *_plain("casts.h", "qcc_channels_args", "qcc_quantize_channels_f32_s8"),
    *_plain("casts.h", "qcc_channels_args", "qcc_dequantize_channels_s8_f32"),
    *_plain("casts.h", "qcc_channels_args", "qcc_dequantize_channels_s32_f32"),
    *_plain("casts.h", "qcc_requantize_args", "qcc_requantize_s8", isas=_ALL_32),
    *_plain("casts.h", "qcc_cast_args", "qcc_flip_sign_8"),
    *_plain("elementwise_s8.h", "qcc_add_args", "qcc_add_s8", isas=_ALL_32),
    *_plain("elementwise_s8.h", "qcc_mul_args", "qcc_mul_s8", isas=_ALL_32),
    *_plain("elementwise_s8.h", "qcc_clamp_args", "qcc_clamp_s8"),
    *_plain("elementwise_s8.h", "qcc_lookup_args", "qcc_lookup_s8", isas=_AVX512),
    KernelRow("qcc_lookup_s8", "sse41", "elementwise_s8.h", "qcc_lookup_args"),
    *_plain("pool2d.h", "qcc_pool2d_args", *_typed("qcc_avg_pool2d", "s8", "f32")),
    KernelRow("qcc_avg_pool2d_s8", "avx2", "pool2d.h", "qcc_pool2d_args"),
    KernelRow("qcc_max_pool2d_s8", "avx2", "pool2d.h", "qcc_pool2d_args"),
    *_plain("pool2d.h", "qcc_pool2d_args", *_typed("qcc_max_pool2d", *_NUMBERS)),
    *_plain("reduce.h", "qcc_reduce_args", "qcc_reduce_quantized_s8"),
    KernelRow("qcc_reduce_quantized_s8", "avx2", "pool2d.h", "qcc_reduce_args"),
    *_plain("reduce.h", "qcc_reduce_args", *_typed("qcc_reduce_max", *_NUMBERS)),
    *_plain("reduce.h", "qcc_reduce_args", *_typed("qcc_reduce_min", *_NUMBERS)),
    *_plain("reduce.h", "qcc_reduce_args", *_typed("qcc_reduce_sum", *_INTEGERS)),
    *_plain("reduce.h", "qcc_reduce_args", *_typed("qcc_reduce_prod", *_INTEGERS)),
    *_plain(
        "reduce.h", "qcc_reduce_args", *_typed("qcc_reduce_sum_square", *_INTEGERS)
    ),
    *_plain("reduce_f32.h", "qcc_reduce_f32_args", "qcc_reduce_lanes_f32"),
    *_plain("reduce_f32.h", "qcc_reduce_f32_args", "qcc_reduce_prod_f32"),
    *_plain("unary.h", "qcc_unary_args", *_typed("qcc_unary", *_SIGNED)),
    *_plain("binary.h", "qcc_binary_args", *_typed("qcc_binary", *_NUMBERS)),
    *_plain("binary.h", "qcc_binary_args", *_typed("qcc_equal", *_NUMBERS)),
    *_plain("binary.h", "qcc_where_args", *_typed("qcc_where", *"1248")),
    *_plain(
        "cast_plain.h",
        "qcc_cast_args",
        *(
            f"qcc_cast_{source}_{target}"
            for source in _NUMBERS
            for target in (*_NUMBERS, "bool")
            if (source, target) != ("f32", "f32")
        ),
    ),
    *_plain("normalization.h", "qcc_softmax_args", "qcc_softmax_f32"),
    *_plain("normalization.h", "qcc_layer_norm_args", "qcc_layer_norm_f32"),
    *_plain("normalization.h", "qcc_batch_norm_args", "qcc_batch_norm_f32"),
    *_plain(
        "normalization_s8.h", "qcc_softmax_s8_args", "qcc_softmax_s8", isas=_AVX512
    ),
    *_plain(
        *("normalization_s8.h", "qcc_layer_norm_s8_args", "qcc_layer_norm_s8"),
        isas=_AVX512,
    ),
    *_plain("indexing.h", "qcc_gather_args", *_typed("qcc_gather", "s32", "s64")),
    *_plain("indexing.h", "qcc_one_hot_args", *_typed("qcc_one_hot", *"148")),
    *_plain("indexing.h", "qcc_arg_max_args", *_typed("qcc_arg_max", *_NUMBERS)),
    *_plain("resize.h", "qcc_resize_args", *_typed("qcc_resize_nearest", *"1248")),
    *_plain("resize.h", "qcc_resize_args", *_typed("qcc_resize_linear", "f32", "s8")),
]

_ROWS = {(row.stem, row.isa): row for row in KERNELS}


def find_kernel(target: Target, *stems: str) -> KernelRow:
    """
    The row of the best ISA of `target`, the first of `stems` that it has.

    AssertionError where no ISA of the target has any.
    """
    for isa in target.isas:
        for stem in stems:
            if row := _ROWS.get((stem, isa)):
                return row
    raise AssertionError(f"no kernel {stems} for {target.name}")
