/*
 * Convolution of int8 by int8 with AVX2, exact for all weights: rows hold int16, a pair of taps is broadcast and
 * multiplied by pmaddwd with 2 x 8 channels of weights that are widened on load. Tiles of 6 columns by 16 channels
 * keep 12 accumulators, so that 24 of 26 arithmetic instructions of a step are multiplications and additions.
 */
#ifndef QCC_AVX2_CONV2D_H
#define QCC_AVX2_CONV2D_H

#include "../portable/conv2d_driver.h"
#include "requantize.h"

#if defined(__x86_64__)
#include <immintrin.h>

QCC_INLINE QCC_TARGET_AVX2 void qcc_conv2d_fill__avx2(int16_t *row, int32_t zero_point, ptrdiff_t count) {
    const __m256i value = _mm256_set1_epi16((int16_t)zero_point);
    ptrdiff_t i = 0;
    for (; i + 16 <= count; i += 16)
        _mm256_storeu_si256((__m256i *)(void *)(row + i), value);
    for (const ptrdiff_t end = i + (count & 15); i < end; i++)
        row[i] = (int16_t)zero_point;
}

QCC_INLINE QCC_TARGET_AVX2 __m256i qcc_load_i8_as_i16__avx2(const int8_t *from) {
    return _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(const void *)from));
}

/* One instruction, where gcc does not know the pair from another load (QCC_OWN_POINTER). */
QCC_INLINE QCC_TARGET_AVX2 __m256i qcc_broadcast_pair__avx2(const int16_t *from) {
    int32_t pair;
    __builtin_memcpy(&pair, from, 4);
    return _mm256_set1_epi32(pair);
}

QCC_INLINE QCC_TARGET_AVX2 void qcc_conv2d_take__avx2(int16_t *row, const int8_t *input, ptrdiff_t count) {
    ptrdiff_t i = 0;
    for (; i + 16 <= count; i += 16)
        _mm256_storeu_si256((__m256i *)(void *)(row + i), qcc_load_i8_as_i16__avx2(input + i));
    for (const ptrdiff_t end = i + (count & 15); i < end; i++)
        row[i] = input[i];
}

/* rne_shift of eight sums of two products; the zero points of both sides are in `constant`. */
QCC_INLINE QCC_TARGET_AVX2 __m256i qcc_add_pairs__avx2(__m256i pairs, __m256i low, __m256i high, __m256i constant,
                                                       int32_t shift) {
    const __m256i upper = _mm256_slli_epi32(_mm256_madd_epi16(pairs, high), 12);
    const __m256i sum = _mm256_add_epi32(_mm256_add_epi32(_mm256_madd_epi16(pairs, low), upper), constant);
    const __m256i odd = _mm256_and_si256(_mm256_srai_epi32(sum, shift), _mm256_set1_epi32(1));
    const __m256i half = _mm256_set1_epi32(((int32_t)1 << (shift - 1)) - 1);
    return _mm256_srai_epi32(_mm256_add_epi32(_mm256_add_epi32(sum, half), odd), shift);
}

/*
 * 21-bit multipliers are split into 12 low and 9 high bits, so that pmaddwd multiplies both sides at once. Clamping
 * after the saturating packs is the same: the output's zero point and range are int8.
 */
QCC_INLINE QCC_TARGET_AVX2 void qcc_conv2d_residual__avx2(const qcc_conv2d_args a, const int8_t *residual,
                                                          int8_t *output, ptrdiff_t count) {
    const __m256i low =
        _mm256_set1_epi32((a.conv_multiplier & 0xfff) | (int32_t)((uint32_t)(a.residual_multiplier & 0xfff) << 16));
    const __m256i high =
        _mm256_set1_epi32((a.conv_multiplier >> 12) | (int32_t)((uint32_t)(a.residual_multiplier >> 12) << 16));
    const __m256i constant =
        _mm256_set1_epi32(-a.zero_point * a.conv_multiplier - a.residual_zero_point * a.residual_multiplier);
    const __m256i zero_point = _mm256_set1_epi16((int16_t)a.sum_zero_point);
    const __m128i minimum = _mm_set1_epi8((int8_t)a.sum_minimum), maximum = _mm_set1_epi8((int8_t)a.sum_maximum);
    ptrdiff_t i = 0;
    for (; i + 16 <= count; i += 16) {
        const __m256i lhs = qcc_load_i8_as_i16__avx2(output + i), rhs = qcc_load_i8_as_i16__avx2(residual + i);
        const __m256i first =
            qcc_add_pairs__avx2(_mm256_unpacklo_epi16(lhs, rhs), low, high, constant, a.residual_shift);
        const __m256i second =
            qcc_add_pairs__avx2(_mm256_unpackhi_epi16(lhs, rhs), low, high, constant, a.residual_shift);
        const __m256i words = _mm256_adds_epi16(_mm256_packs_epi32(first, second), zero_point);
        const __m128i bytes = _mm_packs_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
        _mm_storeu_si128((__m128i *)(void *)(output + i), _mm_min_epi8(_mm_max_epi8(bytes, minimum), maximum));
    }
    for (; i < count; i++)
        output[i] = qcc_conv2d_add_residual(a, output[i], residual[i]);
}

/* `columns` (1 or 6) output columns times `width` (1..16) channels. Literals: `columns`, `wide` (more than 8). */
QCC_INLINE QCC_TARGET_AVX2 void qcc_conv2d_tile__avx2(const qcc_conv2d_args a, int wide, int32_t columns, int32_t width,
                                                      int32_t first_slot, const int16_t *rows, const int8_t *weights,
                                                      const int8_t *weight_zero_points, const int32_t *bias,
                                                      const float *multipliers, void *output, ptrdiff_t at) {
    const qcc_conv2d_plan p = qcc_conv2d_make_plan(a);
    const int32_t packed = qcc_packed_width(a, 16); /* lanes past the last channel hold what follows */
    const __m256i bias0 = _mm256_loadu_si256((const __m256i *)(const void *)bias);
    const __m256i bias1 = wide ? _mm256_loadu_si256((const __m256i *)(const void *)(bias + 8)) : bias0;
    __m256i zero0 = _mm256_setzero_si256(), zero1 = zero0, acc[6][2];
    if (weight_zero_points != NULL) {
        const __m256i zeros = qcc_load_i8_as_i16__avx2(weight_zero_points);
        const __m256i spread = _mm256_permute4x64_epi64(zeros, 0xd8);
        zero0 = _mm256_unpacklo_epi16(spread, spread);
        zero1 = _mm256_unpackhi_epi16(spread, spread);
    }
    QCC_UNROLL
    for (int32_t i = 0; i < 6; i++) {
        acc[i][0] = bias0;
        acc[i][1] = bias1;
    }
    for (int32_t ky = 0; ky < a.kernel_height; ky++) {
        const int16_t *row = rows + (ptrdiff_t)((first_slot + ky) % p.slots) * p.row_elements;
        for (int32_t k = 0; k < p.run; k += 2) {
            __m256i w0 = qcc_load_i8_as_i16__avx2(weights), w1 = wide ? qcc_load_i8_as_i16__avx2(weights + 16) : w0;
            if (weight_zero_points != NULL) {
                w0 = _mm256_sub_epi16(w0, zero0);
                w1 = _mm256_sub_epi16(w1, zero1);
            }
            QCC_UNROLL
            for (int32_t i = 0; i < columns; i++) {
                const __m256i x = qcc_broadcast_pair__avx2(row + i * (ptrdiff_t)p.pixel_step);
                acc[i][0] = _mm256_add_epi32(acc[i][0], _mm256_madd_epi16(x, w0));
                QCC_KEEP_VECTOR(acc[i][0]);
                if (wide) {
                    acc[i][1] = _mm256_add_epi32(acc[i][1], _mm256_madd_epi16(x, w1));
                    QCC_KEEP_VECTOR(acc[i][1]);
                }
            }
            weights += 2 * packed;
            row += 2;
            QCC_OWN_POINTER(row);
        }
    }
    const __m256 m0 = _mm256_loadu_ps(multipliers), m1 = wide ? _mm256_loadu_ps(multipliers + 8) : m0;
    QCC_UNROLL
    for (int32_t i = 0; i < columns; i += 2)
        qcc_store_two__avx2(a, width, i + 1 < columns, acc[i], acc[i + 1], m0, m1, output,
                            at + (ptrdiff_t)i * a.output_step);
}

/* All columns of one row times `width` channels. The last tile begins earlier rather than to be short. */
QCC_INLINE QCC_TARGET_AVX2 void qcc_conv2d_columns__avx2(const qcc_conv2d_args a, int wide, int32_t columns,
                                                         int32_t width, int32_t first_slot, const int16_t *rows,
                                                         const int8_t *weights, const int8_t *weight_zero_points,
                                                         const int32_t *bias, const float *multipliers, void *output,
                                                         ptrdiff_t at) {
    const ptrdiff_t step = qcc_conv2d_make_plan(a).pixel_step;
    for (int32_t x = 0; x < columns && columns < 6; x++)
        qcc_conv2d_tile__avx2(a, wide, 1, width, first_slot, rows + x * step, weights, weight_zero_points, bias,
                              multipliers, output, at + (ptrdiff_t)x * a.output_step);
    for (int32_t n = 0; n < columns && columns >= 6; n += 6) {
        const int32_t x = qcc_min_i32(n, columns - 6);
        qcc_conv2d_tile__avx2(a, wide, 6, width, first_slot, rows + x * step, weights, weight_zero_points, bias,
                              multipliers, output, at + (ptrdiff_t)x * a.output_step);
    }
}

QCC_INLINE QCC_TARGET_AVX2 void qcc_conv2d_row__avx2(const qcc_conv2d_args a, int32_t columns, int32_t first_slot,
                                                     const int16_t *rows, const int8_t *weights,
                                                     const int8_t *weight_zero_points, const int32_t *bias,
                                                     const float *multipliers, void *output) {
    const int32_t channels = a.output_channels / a.groups;
    const ptrdiff_t block = (ptrdiff_t)a.kernel_height * ((a.kernel_width * a.channels + 1) / 2) * 32;
    int32_t n = 0;
    for (; n + 16 <= channels; n += 16)
        qcc_conv2d_columns__avx2(a, 1, columns, 16, first_slot, rows, weights + n / 16 * block,
                                 weight_zero_points == NULL ? NULL : weight_zero_points + n, bias + n, multipliers + n,
                                 output, n);
    if (n + 8 < channels)
        qcc_conv2d_columns__avx2(a, 1, columns, channels - n, first_slot, rows, weights + n / 16 * block,
                                 weight_zero_points == NULL ? NULL : weight_zero_points + n, bias + n, multipliers + n,
                                 output, n);
    else if (n < channels)
        qcc_conv2d_columns__avx2(a, 0, columns, channels - n, first_slot, rows, weights + n / 16 * block,
                                 weight_zero_points == NULL ? NULL : weight_zero_points + n, bias + n, multipliers + n,
                                 output, n);
}

QCC_CONV2D_PREPARE(avx2, QCC_TARGET_AVX2, int16_t)
QCC_CONV2D_DRIVER(qcc_conv2d_s8s8_6x16c2__avx2, conv2d, avx2, QCC_TARGET_AVX2, int16_t, 16, 2)

#endif
#endif
