/*
 * Convolution of int8 by int8 with AVX-512 VNNI: vpdpbusd multiplies unsigned activations by signed weights, so
 * prepared rows hold x + 128, and the bias must hold -128 * sum of the weights (KernelRow.activation_offset). Weights
 * have zero point 0. A tile is up to 12 columns by up to 4 blocks of 16 channels, with 24 accumulators at most: 12 by 2
 * where the weights of 4 blocks would not stay in the first-level cache.
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
    const __m512i minimum = _mm512_set1_epi8((char)a.sum_minimum), maximum = _mm512_set1_epi8((char)a.sum_maximum);
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
                const __mmask16 tie = _mm512_testn_epi32_mask(sum, below); /* up so far: to even */
                sums[k] = _mm512_mask_and_epi32(rounded, tie, rounded, _mm512_set1_epi32(-2));
            }
            words[n] = _mm512_adds_epi16(_mm512_packs_epi32(sums[0], sums[1]), zero_point);
        }
        const __m512i bytes = _mm512_packs_epi16(words[0], words[1]);
        _mm512_mask_storeu_epi8(output + i, mask, _mm512_min_epi8(_mm512_max_epi8(bytes, minimum), maximum));
    }
}

QCC_INLINE QCC_TARGET_AVX512VNNI __m512i qcc_requantize__avx512vnni(const qcc_conv2d_args a, __m512i acc,
                                                                    const float *multipliers) {
    const __m512 scaled = _mm512_mul_ps(_mm512_cvtepi32_ps(acc), _mm512_loadu_ps(multipliers));
    const __m512 low = _mm512_max_ps(scaled, _mm512_set1_ps((float)(a.minimum - a.zero_point)));
    return _mm512_cvtps_epi32(_mm512_min_ps(low, _mm512_set1_ps((float)(a.maximum - a.zero_point))));
}

/* Sixteen channels (or the first `width` of them) of one output column. */
QCC_INLINE QCC_TARGET_AVX512VNNI void qcc_store_block__avx512vnni(const qcc_conv2d_args a, int32_t width, __m512i acc,
                                                                  const float *multipliers, void *output,
                                                                  ptrdiff_t at) {
    if (a.float_output) {
        const __m512 values = _mm512_mul_ps(_mm512_cvtepi32_ps(acc), _mm512_loadu_ps(multipliers));
        _mm512_mask_storeu_ps((float *)output + at, (__mmask16)((1u << width) - 1), values);
        return;
    }
    const __m512i q =
        _mm512_add_epi32(qcc_requantize__avx512vnni(a, acc, multipliers), _mm512_set1_epi32(a.zero_point));
    const __m128i bytes = _mm512_cvtsepi32_epi8(q);
    int8_t *const to = (int8_t *)output + at;
    if (width == 16)
        _mm_storeu_si128((__m128i *)(void *)to, bytes);
    else
        _mm_mask_storeu_epi8(to, (__mmask16)((1u << width) - 1), bytes);
}

/* The first `width` of 64 channels of one output column: packed with saturation, then put in order. */
QCC_INLINE QCC_TARGET_AVX512VNNI void qcc_store_blocks__avx512vnni(const qcc_conv2d_args a, int32_t width,
                                                                   const __m512i *acc, const float *multipliers,
                                                                   int8_t *output) {
    const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    const __m512i zero_point = _mm512_set1_epi16((int16_t)a.zero_point);
    const __m512i low = _mm512_packs_epi32(qcc_requantize__avx512vnni(a, acc[0], multipliers),
                                           qcc_requantize__avx512vnni(a, acc[1], multipliers + 16));
    const __m512i high = _mm512_packs_epi32(qcc_requantize__avx512vnni(a, acc[2], multipliers + 32),
                                            qcc_requantize__avx512vnni(a, acc[3], multipliers + 48));
    const __m512i bytes = _mm512_packs_epi16(_mm512_add_epi16(low, zero_point), _mm512_add_epi16(high, zero_point));
    _mm512_mask_storeu_epi8(output, qcc_first_bytes__avx512vnni(width), _mm512_permutexvar_epi32(order, bytes));
}

/* `columns` output columns times `width` channels, columns * ceil(width / 16) <= 24; both literals after inlining. */
QCC_INLINE QCC_TARGET_AVX512VNNI void
qcc_conv2d_symmetric_tile__avx512vnni(const qcc_conv2d_args a, int32_t columns, int32_t width, int32_t first_slot,
                                      const uint8_t *rows, const int8_t *weights, const int32_t *bias,
                                      const float *multipliers, void *output, ptrdiff_t at) {
    const qcc_conv2d_plan p = qcc_conv2d_make_plan(a);
    const int32_t blocks = (width + 15) / 16, steps = (p.run + 3) / 4;
    const int32_t packed = qcc_packed_width(a, 16); /* lanes past the last channel hold what follows */
    const ptrdiff_t block = (ptrdiff_t)a.kernel_height * steps * 64;
    __m512i acc[12][4];
    QCC_UNROLL
    for (int32_t i = 0; i < 12; i++) {
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
                __builtin_memcpy(&taps, row + i * p.pixel_step, 4);
                const __m512i x = _mm512_set1_epi32(taps);
                QCC_UNROLL
                for (int32_t n = 0; n < blocks; n++) {
                    acc[i][n] = _mm512_dpbusd_epi32(acc[i][n], x, w[n]);
                    QCC_KEEP_VECTOR(acc[i][n]);
                }
            }
            weights += 4 * packed;
            row += 4;
        }
    }
    QCC_UNROLL
    for (int32_t i = 0; i < columns; i++) {
        const ptrdiff_t to = at + (ptrdiff_t)i * a.output_step;
        if (blocks == 4 && !a.float_output) {
            qcc_store_blocks__avx512vnni(a, width, acc[i], multipliers, (int8_t *)output + to);
            continue;
        }
        QCC_UNROLL
        for (int32_t n = 0; n < blocks; n++)
            qcc_store_block__avx512vnni(a, qcc_min_i32(16, width - n * 16), acc[i][n], multipliers + n * 16, output,
                                        to + n * 16);
    }
}

/* Channels that are multiplied together: the most whose weights stay in a first-level cache of 48 kB, at least 32. */
QCC_INLINE int32_t qcc_conv2d_symmetric_width__avx512vnni(const qcc_conv2d_args a) {
    return a.kernel_height * a.kernel_width * a.channels <= 640 ? 64 : 32;
}

/* All columns of one row times `width` (1..64) channels; in tiles of nearly equal size where a row is one block. */
QCC_INLINE QCC_TARGET_AVX512VNNI void
qcc_conv2d_symmetric_columns__avx512vnni(const qcc_conv2d_args a, int32_t columns, int32_t width, int32_t first_slot,
                                         const uint8_t *rows, const int8_t *weights, const int32_t *bias,
                                         const float *multipliers, void *output, ptrdiff_t at) {
    const ptrdiff_t step = qcc_conv2d_make_plan(a).pixel_step;
    const int32_t limit = width <= 32 ? 12 : 6;
    const int32_t tiles = (a.output_width + limit - 1) / limit;
    const int32_t even = a.column_block >= a.output_width;
    const int32_t most = even ? (a.output_width + tiles - 1) / tiles : limit;
    const int32_t full = even ? columns - tiles * (most - 1) : columns / most; /* tiles of `most` columns */
    const int32_t rest = even ? most - 1 : a.output_width % most; /* other blocks of columns are multiples of 12 */
    int32_t x = 0;
    for (int32_t i = 0; i < full; i++, x += most)
        qcc_conv2d_symmetric_tile__avx512vnni(a, most, width, first_slot, rows + x * step, weights, bias, multipliers,
                                              output, at + (ptrdiff_t)x * a.output_step);
    for (; rest != 0 && x < columns; x += rest)
        qcc_conv2d_symmetric_tile__avx512vnni(a, rest, width, first_slot, rows + x * step, weights, bias, multipliers,
                                              output, at + (ptrdiff_t)x * a.output_step);
}

/* Output rows `first_row` and after, whose inputs are prepared; one in a ring, `count` in a band. */
QCC_INLINE QCC_TARGET_AVX512VNNI void qcc_conv2d_symmetric_rows__avx512vnni(const qcc_conv2d_args a, int32_t columns,
                                                                            int32_t count, int32_t first_slot,
                                                                            const uint8_t *rows, const int8_t *weights,
                                                                            const int32_t *bias,
                                                                            const float *multipliers, void *output) {
    const int32_t channels = a.output_channels / a.groups, most = qcc_conv2d_symmetric_width__avx512vnni(a);
    const int32_t step = qcc_conv2d_make_band(a).step;
    const ptrdiff_t block = (ptrdiff_t)a.kernel_height * ((a.kernel_width * a.channels + 3) / 4) * 64;
    const ptrdiff_t line = (ptrdiff_t)a.output_width * a.output_step;
    int32_t n = 0;
    for (; n + most <= channels; n += most)
        for (int32_t y = 0; y < count; y++)
            qcc_conv2d_symmetric_columns__avx512vnni(a, columns, most, first_slot + y * step, rows,
                                                     weights + n / 16 * block, bias + n, multipliers + n, output,
                                                     y * line + n);
    if (channels % most != 0)
        for (int32_t y = 0; y < count; y++)
            qcc_conv2d_symmetric_columns__avx512vnni(a, columns, channels % most, first_slot + y * step, rows,
                                                     weights + n / 16 * block, bias + n, multipliers + n, output,
                                                     y * line + n);
}

QCC_CONV2D_PREPARE(avx512vnni, QCC_TARGET_AVX512VNNI, uint8_t)
QCC_CONV2D_BANDS(qcc_conv2d_s8s8_symmetric_12x16c4__avx512vnni, conv2d_symmetric, avx512vnni, QCC_TARGET_AVX512VNNI,
                 uint8_t, 16, 4)

#endif
#endif
