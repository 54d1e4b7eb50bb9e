/*
 * Convolution of int8 by int8 with AVX-512 VNNI: vpdpbusd multiplies unsigned activations by signed weights, so
 * prepared rows hold x + 128, and the bias must hold -128 * sum of the weights (KernelRow.activation_offset). Weights
 * have zero point 0. A tile is up to 6 columns by 4 blocks of 16 channels, or up to 14 by 2 where the weights of 4
 * blocks would not stay in the first-level cache; its columns may be those of several narrow output rows.
 */
#ifndef QCC_AVX512VNNI_CONV2D_SYMMETRIC_H
#define QCC_AVX512VNNI_CONV2D_SYMMETRIC_H

#include "../avx2/conv2d.h"
#include "../portable/conv2d_bands.h"

#if defined(__x86_64__)

QCC_INLINE QCC_TARGET_AVX512VNNI __mmask64 qcc_first_bytes__avx512vnni(ptrdiff_t count) {
    return count >= 64 ? ~(__mmask64)0 : ((__mmask64)1 << count) - 1;
}

QCC_INLINE QCC_TARGET_AVX512VNNI void qcc_conv2d_fill__avx512vnni(uint8_t *row, int32_t zero_point, ptrdiff_t count) {
    const __m512i value = _mm512_set1_epi8((char)(zero_point ^ 0x80));
    for (ptrdiff_t i = 0; i < count; i += 64)
        _mm512_mask_storeu_epi8(row + i, qcc_first_bytes__avx512vnni(count - i), value);
}

QCC_INLINE QCC_TARGET_AVX512VNNI void qcc_conv2d_take__avx512vnni(uint8_t *row, const int8_t *input, ptrdiff_t count) {
    const __m512i sign = _mm512_set1_epi8((char)0x80);
    ptrdiff_t i = 0;
    for (; i + 64 <= count; i += 64)
        _mm512_storeu_si512(row + i, _mm512_xor_si512(_mm512_loadu_si512(input + i), sign));
    if (i < count) {
        const __mmask64 mask = qcc_first_bytes__avx512vnni(count - i);
        _mm512_mask_storeu_epi8(row + i, mask, _mm512_xor_si512(_mm512_maskz_loadu_epi8(mask, input + i), sign));
    }
}

QCC_INLINE QCC_TARGET_AVX512VNNI __m512i qcc_clamp_bytes__avx512vnni(__m512i bytes, int32_t minimum, int32_t maximum) {
    if (minimum > -128)
        bytes = _mm512_max_epi8(bytes, _mm512_set1_epi8((char)minimum));
    return maximum < 127 ? _mm512_min_epi8(bytes, _mm512_set1_epi8((char)maximum)) : bytes;
}

QCC_INLINE QCC_TARGET_AVX512VNNI void qcc_conv2d_residual__avx512vnni(const qcc_conv2d_args a, const int8_t *residual,
                                                                      int8_t *output, ptrdiff_t count) {
    const int32_t m = a.conv_multiplier, r = a.residual_multiplier;
    /* A multiplier is 64 * high + low; the constant holds the zero points and one half. */
    const __m512i high = _mm512_set1_epi32((m >> 6) | (int32_t)((uint32_t)(r >> 6) << 16));
    const __m512i low = _mm512_set1_epi32((m & 63) | (int32_t)((uint32_t)(r & 63) << 16));
    const int32_t half = (int32_t)1 << (a.residual_shift - 1);
    const __m512i constant = _mm512_set1_epi32(half - (128 + a.zero_point) * m - (128 + a.residual_zero_point) * r);
    const __m512i below = _mm512_set1_epi32(((int32_t)1 << a.residual_shift) - 1);
    const __m512i sign = _mm512_set1_epi8((char)0x80), zero = _mm512_setzero_si512();
    const __m512i zero_point = _mm512_set1_epi16((int16_t)a.sum_zero_point);
    for (ptrdiff_t i = 0; i < count; i += 64) {
        const __mmask64 mask = qcc_first_bytes__avx512vnni(count - i);
        const __m512i lhs = _mm512_xor_si512(_mm512_maskz_loadu_epi8(mask, output + i), sign);
        const __m512i rhs = _mm512_xor_si512(_mm512_maskz_loadu_epi8(mask, residual + i), sign);
        const __m512i mixed[2] = {_mm512_unpacklo_epi8(lhs, rhs), _mm512_unpackhi_epi8(lhs, rhs)};
        __m512i words[2];
        QCC_UNROLL
        for (int n = 0; n < 2; n++) {
            __m512i sums[2] = {_mm512_unpacklo_epi8(mixed[n], zero), _mm512_unpackhi_epi8(mixed[n], zero)};
            QCC_UNROLL
            for (int k = 0; k < 2; k++) {
                const __m512i upper = _mm512_slli_epi16(sums[k], 6);
                const __m512i sum = _mm512_dpwssd_epi32(_mm512_dpwssd_epi32(constant, sums[k], low), upper, high);
                const __m512i rounded = _mm512_srai_epi32(sum, (unsigned)a.residual_shift);
                sums[k] = rounded;
                if (a.ties) { /* up so far: to even */
                    const __mmask16 tie = _mm512_testn_epi32_mask(sum, below);
                    sums[k] = _mm512_mask_and_epi32(rounded, tie, rounded, _mm512_set1_epi32(-2));
                }
            }
            words[n] = _mm512_adds_epi16(_mm512_packs_epi32(sums[0], sums[1]), zero_point);
        }
        const __m512i bytes = _mm512_packs_epi16(words[0], words[1]);
        _mm512_mask_storeu_epi8(output + i, mask, qcc_clamp_bytes__avx512vnni(bytes, a.sum_minimum, a.sum_maximum));
    }
}

/* Rounded, without the zero point; within the limits unless a.no_overflow, which leaves that to saturating packs. */
QCC_INLINE QCC_TARGET_AVX512VNNI __m512i qcc_requantize__avx512vnni(const qcc_conv2d_args a, __m512i acc,
                                                                    const float *multipliers) {
    const __m512 scaled = _mm512_mul_ps(_mm512_cvtepi32_ps(acc), _mm512_loadu_ps(multipliers));
    if (a.no_overflow)
        return _mm512_cvtps_epi32(scaled);
    const __m512 low = _mm512_max_ps(scaled, _mm512_set1_ps((float)(a.minimum - a.zero_point)));
    return _mm512_cvtps_epi32(_mm512_min_ps(low, _mm512_set1_ps((float)(a.maximum - a.zero_point))));
}

/* Sixteen channels (or the first `width` of them) of one output column. */
QCC_INLINE QCC_TARGET_AVX512VNNI void qcc_store_block__avx512vnni(const qcc_conv2d_args a, int32_t width, __m512i acc,
                                                                  const float *multipliers, void *output,
                                                                  ptrdiff_t at) {
    const __mmask16 mask = (__mmask16)((1u << width) - 1);
    if (a.float_output) {
        const __m512 values = _mm512_mul_ps(_mm512_cvtepi32_ps(acc), _mm512_loadu_ps(multipliers));
        _mm512_mask_storeu_ps((float *)output + at, mask, values);
        return;
    }
    const __m256i words = _mm512_cvtsepi32_epi16(qcc_requantize__avx512vnni(a, acc, multipliers));
    const __m256i sums = _mm256_adds_epi16(words, _mm256_set1_epi16((int16_t)a.zero_point));
    const __m128i bytes = _mm_packs_epi16(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
    const __m128i low = _mm_max_epi8(bytes, _mm_set1_epi8((char)a.minimum));
    _mm_mask_storeu_epi8((int8_t *)output + at, mask, _mm_min_epi8(low, _mm_set1_epi8((char)a.maximum)));
}

/* Four times sixteen channels, packed with saturation, then put in order. */
QCC_INLINE QCC_TARGET_AVX512VNNI __m512i qcc_pack_blocks__avx512vnni(const qcc_conv2d_args a, __m512i acc0,
                                                                     __m512i acc1, __m512i acc2, __m512i acc3,
                                                                     const float *lower, const float *upper) {
    const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    const __m512i zero_point = _mm512_set1_epi16((int16_t)a.zero_point);
    const __m512i low =
        _mm512_packs_epi32(qcc_requantize__avx512vnni(a, acc0, lower), qcc_requantize__avx512vnni(a, acc1, lower + 16));
    const __m512i high =
        _mm512_packs_epi32(qcc_requantize__avx512vnni(a, acc2, upper), qcc_requantize__avx512vnni(a, acc3, upper + 16));
    const __m512i bytes = _mm512_packs_epi16(_mm512_adds_epi16(low, zero_point), _mm512_adds_epi16(high, zero_point));
    return _mm512_permutexvar_epi32(order, qcc_clamp_bytes__avx512vnni(bytes, a.minimum, a.maximum));
}

/* The first `width` channels of two output columns (one if `pair` is 0) that have two blocks of sixteen. */
QCC_INLINE QCC_TARGET_AVX512VNNI void qcc_store_pair__avx512vnni(const qcc_conv2d_args a, int32_t width, int32_t pair,
                                                                 const __m512i *first, const __m512i *second,
                                                                 const float *multipliers, int8_t *output, ptrdiff_t at,
                                                                 ptrdiff_t after) {
    const __mmask32 mask = width == 32 ? ~(__mmask32)0 : ((__mmask32)1 << width) - 1;
    const __m512i bytes =
        qcc_pack_blocks__avx512vnni(a, first[0], first[1], second[0], second[1], multipliers, multipliers);
    _mm256_mask_storeu_epi8(output + at, mask, _mm512_castsi512_si256(bytes));
    if (pair)
        _mm256_mask_storeu_epi8(output + after, mask, _mm512_extracti64x4_epi64(bytes, 1));
}

/* Whether weights are so many that they come from beyond the second-level cache, and what is next should be fetched. */
QCC_INLINE int32_t qcc_conv2d_symmetric_fetches__avx512vnni(const qcc_conv2d_args a) {
    return qcc_packed_group(a, 16, 4) > 128 * 1024;
}

/*
 * `across` output columns of each of `lines` output rows times `width` channels: 24 accumulators, or 28 of at most two
 * blocks of 16 channels. `across`, `lines` and `width` are literals after inlining. While it multiplies, it fetches a
 * block of weights at `next`.
 */
QCC_INLINE QCC_TARGET_AVX512VNNI void
qcc_conv2d_symmetric_tile__avx512vnni(const qcc_conv2d_args a, int32_t across, int32_t lines, int32_t width,
                                      int32_t first_slot, const uint8_t *rows, const int8_t *weights,
                                      const int8_t *next, const int32_t *bias, const float *multipliers, void *output,
                                      ptrdiff_t at) {
    const qcc_conv2d_plan p = qcc_conv2d_make_plan(a);
    const int32_t columns = across * lines, blocks = (width + 15) / 16, steps = (p.run + 3) / 4;
    const int32_t packed = qcc_packed_width(a, 16); /* lanes past the last channel hold what follows */
    const ptrdiff_t block = (ptrdiff_t)a.kernel_height * steps * 64;
    const ptrdiff_t next_line = (ptrdiff_t)qcc_conv2d_make_band(a).step * p.row_elements;
    __m512i acc[14][4];
    QCC_UNROLL
    for (int32_t i = 0; i < 14; i++) {
        QCC_UNROLL
        for (int32_t n = 0; n < 4; n++)
            acc[i][n] = i < columns && n < blocks ? _mm512_loadu_si512(bias + n * 16) : _mm512_setzero_si512();
    }
    for (int32_t ky = 0; ky < a.kernel_height; ky++) {
        const uint8_t *row = rows + qcc_conv2d_band_slot(a, first_slot, ky) * p.row_elements;
        for (int32_t step = 0; step < steps; step++) {
            __m512i w[4];
            QCC_UNROLL
            for (int32_t n = 0; n < 4; n++)
                w[n] = _mm512_loadu_si512(weights + (n < blocks ? n : 0) * block);
            QCC_UNROLL
            for (int32_t i = 0; i < columns; i++) {
                int32_t taps;
                __builtin_memcpy(&taps, row + i / across * next_line + i % across * p.pixel_step, 4);
                const __m512i x = _mm512_set1_epi32(taps);
                QCC_UNROLL
                for (int32_t n = 0; n < blocks; n++) {
                    acc[i][n] = _mm512_dpbusd_epi32(acc[i][n], x, w[n]);
                    QCC_KEEP_VECTOR(acc[i][n]);
                }
            }
            if (qcc_conv2d_symmetric_fetches__avx512vnni(a)) {
                _mm_prefetch((const char *)next, _MM_HINT_T1);
                next += 64;
            }
            weights += 4 * packed;
            row += 4;
        }
    }
    QCC_UNROLL
    for (int32_t i = 0; i < columns; i++) {
        const ptrdiff_t to = at + ((ptrdiff_t)(i / across) * a.output_width + i % across) * a.output_step;
        if (blocks == 4 && !a.float_output) {
            const __m512i bytes = qcc_pack_blocks__avx512vnni(a, acc[i][0], acc[i][1], acc[i][2], acc[i][3],
                                                              multipliers, multipliers + 32);
            _mm512_mask_storeu_epi8((int8_t *)output + to, qcc_first_bytes__avx512vnni(width), bytes);
            continue;
        }
        if (blocks == 2 && !a.float_output) {
            const int32_t j = qcc_min_i32(i + 1, columns - 1);
            const ptrdiff_t after = at + ((ptrdiff_t)(j / across) * a.output_width + j % across) * a.output_step;
            if (i % 2 == 0)
                qcc_store_pair__avx512vnni(a, width, j > i, acc[i], acc[j], multipliers, (int8_t *)output, to, after);
            continue;
        }
        QCC_UNROLL
        for (int32_t n = 0; n < blocks; n++)
            qcc_store_block__avx512vnni(a, qcc_min_i32(16, width - n * 16), acc[i][n], multipliers + n * 16, output,
                                        to + n * 16);
    }
}

/* Output rows of one tile: more than one where prepared rows are so narrow that a tile has room for them. */
QCC_INLINE int32_t qcc_conv2d_symmetric_lines__avx512vnni(const qcc_conv2d_args a) {
    return a.band_rows == 0 ? 1 : qcc_max_i32(1, qcc_min_i32(a.band_rows, 14 / a.output_width));
}

/* Channels that are multiplied together: the most whose weights stay in a first-level cache of 48 kB, at least 32. */
QCC_INLINE int32_t qcc_conv2d_symmetric_width__avx512vnni(const qcc_conv2d_args a) {
    const int32_t few = a.kernel_height * a.kernel_width * a.channels <= 640;
    return few && qcc_conv2d_symmetric_lines__avx512vnni(a) == 1 ? 64 : 32;
}

/* What tile number `tile` of those that read `weights` fetches: each one block of the next channels, if there is one.
 */
QCC_INLINE const int8_t *qcc_conv2d_symmetric_next__avx512vnni(const qcc_conv2d_args a, int32_t width, int32_t tile,
                                                               const int8_t *weights) {
    const int32_t blocks = (width + 15) / 16;
    const ptrdiff_t block = (ptrdiff_t)a.kernel_height * ((a.kernel_width * a.channels + 3) / 4) * 64;
    return tile < blocks ? weights + (blocks + tile) * block : weights;
}

/*
 * All columns of one output row times `width` (1..64) channels; in tiles of nearly equal size where a row is one block.
 * `tile` counts the tiles before them.
 */
QCC_INLINE QCC_TARGET_AVX512VNNI void
qcc_conv2d_symmetric_columns__avx512vnni(const qcc_conv2d_args a, int32_t columns, int32_t width, int32_t tile,
                                         int32_t first_slot, const uint8_t *rows, const int8_t *weights,
                                         const int32_t *bias, const float *multipliers, void *output, ptrdiff_t at) {
    const ptrdiff_t step = qcc_conv2d_make_plan(a).pixel_step;
    const int32_t even = a.column_block >= a.output_width;
    const int32_t limit = width > 32 ? 6 : even ? 14 : 12; /* other blocks of columns are multiples of 12 */
    const int32_t tiles = (a.output_width + limit - 1) / limit;
    const int32_t most = even ? (a.output_width + tiles - 1) / tiles : limit;
    const int32_t full = even ? columns - tiles * (most - 1) : columns / most; /* tiles of `most` columns */
    const int32_t rest = even ? most - 1 : a.output_width % most;
    int32_t x = 0;
    for (int32_t i = 0; i < full; i++, x += most, tile++)
        qcc_conv2d_symmetric_tile__avx512vnni(a, most, 1, width, first_slot, rows + x * step, weights,
                                              qcc_conv2d_symmetric_next__avx512vnni(a, width, tile, weights), bias,
                                              multipliers, output, at + (ptrdiff_t)x * a.output_step);
    for (; rest != 0 && x < columns; x += rest, tile++)
        qcc_conv2d_symmetric_tile__avx512vnni(a, rest, 1, width, first_slot, rows + x * step, weights,
                                              qcc_conv2d_symmetric_next__avx512vnni(a, width, tile, weights), bias,
                                              multipliers, output, at + (ptrdiff_t)x * a.output_step);
}

/* `count` output rows times `width` (1..64) channels. */
QCC_INLINE QCC_TARGET_AVX512VNNI void
qcc_conv2d_symmetric_channels__avx512vnni(const qcc_conv2d_args a, int32_t columns, int32_t count, int32_t width,
                                          int32_t first_slot, const uint8_t *rows, const int8_t *weights,
                                          const int32_t *bias, const float *multipliers, void *output, ptrdiff_t at) {
    const int32_t step = qcc_conv2d_make_band(a).step, lines = qcc_conv2d_symmetric_lines__avx512vnni(a);
    const ptrdiff_t line = (ptrdiff_t)a.output_width * a.output_step;
    int32_t y = 0;
    for (; lines > 1 && y + lines <= count; y += lines)
        qcc_conv2d_symmetric_tile__avx512vnni(a, a.output_width, lines, width, first_slot + y * step, rows, weights,
                                              qcc_conv2d_symmetric_next__avx512vnni(a, width, y / lines, weights), bias,
                                              multipliers, output, at + y * line);
    for (; y < count; y++)
        qcc_conv2d_symmetric_columns__avx512vnni(a, columns, width, y, first_slot + y * step, rows, weights, bias,
                                                 multipliers, output, at + y * line);
}

/* Output rows whose inputs are prepared; one in a ring, `count` in a band. */
QCC_INLINE QCC_TARGET_AVX512VNNI void qcc_conv2d_symmetric_rows__avx512vnni(const qcc_conv2d_args a, int32_t columns,
                                                                            int32_t count, int32_t first_slot,
                                                                            const uint8_t *rows, const int8_t *weights,
                                                                            const int32_t *bias,
                                                                            const float *multipliers, void *output) {
    const int32_t channels = a.output_channels / a.groups, most = qcc_conv2d_symmetric_width__avx512vnni(a);
    const ptrdiff_t block = (ptrdiff_t)a.kernel_height * ((a.kernel_width * a.channels + 3) / 4) * 64;
    int32_t n = 0;
    for (; n + most <= channels; n += most)
        qcc_conv2d_symmetric_channels__avx512vnni(a, columns, count, most, first_slot, rows, weights + n / 16 * block,
                                                  bias + n, multipliers + n, output, n);
    if (channels % most != 0)
        qcc_conv2d_symmetric_channels__avx512vnni(a, columns, count, channels % most, first_slot, rows,
                                                  weights + n / 16 * block, bias + n, multipliers + n, output, n);
}

QCC_CONV2D_PREPARE(avx512vnni, QCC_TARGET_AVX512VNNI, uint8_t)
QCC_CONV2D_BANDS(qcc_conv2d_s8s8_symmetric_12x16c4__avx512vnni, conv2d_symmetric, avx512vnni, QCC_TARGET_AVX512VNNI,
                 uint8_t, 16, 4)

#endif
#endif
