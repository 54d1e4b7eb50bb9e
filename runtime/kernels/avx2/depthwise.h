/*
 * Depthwise convolution of int8 by int8 with AVX2: pairs of taps are interleaved and multiplied by pmaddwd, 16 channels
 * at a time. Weights are packed as [C/16][taps/2][16][2] and stay in registers along a row where the filter is small.
 */
#ifndef QCC_AVX2_DEPTHWISE_H
#define QCC_AVX2_DEPTHWISE_H

#include "conv2d.h"

#if defined(__x86_64__)

/* Two vectors of channels in the order of unpacklo/unpackhi: 0-3 and 8-11, then 4-7 and 12-15. */
typedef struct {
    __m256i low, high;
} qcc_depthwise_pair__avx2;

QCC_INLINE QCC_TARGET_AVX2 qcc_depthwise_pair__avx2 qcc_depthwise_reorder__avx2(__m256i first, __m256i second) {
    const qcc_depthwise_pair__avx2 r = {_mm256_permute2x128_si256(first, second, 0x20),
                                        _mm256_permute2x128_si256(first, second, 0x31)};
    return r;
}

QCC_INLINE QCC_TARGET_AVX2 qcc_depthwise_pair__avx2 qcc_depthwise_weights__avx2(const int8_t *weights,
                                                                                const int8_t *weight_zero_points) {
    __m256i first = qcc_load_i8_as_i16__avx2(weights), second = qcc_load_i8_as_i16__avx2(weights + 16);
    if (weight_zero_points != NULL) {
        const __m256i zeros = _mm256_permute4x64_epi64(qcc_load_i8_as_i16__avx2(weight_zero_points), 0xd8);
        first = _mm256_sub_epi16(first, _mm256_unpacklo_epi16(zeros, zeros));
        second = _mm256_sub_epi16(second, _mm256_unpackhi_epi16(zeros, zeros));
    }
    return qcc_depthwise_reorder__avx2(first, second);
}

/* Where tap `t` of an output column is; all literals after inlining but the slot. */
QCC_INLINE ptrdiff_t qcc_depthwise_tap__avx2(const qcc_conv2d_args a, int32_t first_slot, int32_t t) {
    const qcc_conv2d_plan p = qcc_conv2d_make_plan(a);
    const int32_t slot = (first_slot + t / a.kernel_width) % p.slots;
    return (ptrdiff_t)slot * p.row_elements + (ptrdiff_t)(t % a.kernel_width) * a.channels;
}

QCC_INLINE QCC_TARGET_AVX2 void qcc_depthwise_store__avx2(const qcc_conv2d_args a, int32_t width,
                                                          qcc_depthwise_pair__avx2 acc, qcc_depthwise_pair__avx2 scale,
                                                          void *output, ptrdiff_t at) {
    const __m256 m0 = _mm256_castsi256_ps(scale.low), m1 = _mm256_castsi256_ps(scale.high);
    if (a.float_output) {
        float values[16];
        const __m256 y0 = _mm256_mul_ps(_mm256_cvtepi32_ps(acc.low), m0);
        const __m256 y1 = _mm256_mul_ps(_mm256_cvtepi32_ps(acc.high), m1);
        _mm256_storeu_ps(values, _mm256_permute2f128_ps(y0, y1, 0x20));
        _mm256_storeu_ps(values + 8, _mm256_permute2f128_ps(y0, y1, 0x31));
        __builtin_memcpy((float *)output + at, values, (size_t)width * 4);
        return;
    }
    const __m256i q0 = qcc_requantize__avx2(a, acc.low, m0), q1 = qcc_requantize__avx2(a, acc.high, m1);
    const __m256i words = qcc_requantized_words__avx2(a, q0, q1);
    const __m128i bytes = _mm_packs_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
    qcc_store_bytes__avx2((int8_t *)output + at, width, qcc_clamp_half__avx2(a, bytes));
}

/* One row times `width` channels from `n` on; `kept` pairs of taps (a literal, all or none) have weights in registers.
 */
QCC_INLINE QCC_TARGET_AVX2 void qcc_depthwise_columns__avx2(const qcc_conv2d_args a, int32_t width, int32_t n,
                                                            int32_t columns, int32_t first_slot, const int16_t *rows,
                                                            const int8_t *weights, const int8_t *weight_zero_points,
                                                            const int32_t *bias, const float *multipliers,
                                                            void *output) {
    const int32_t step = qcc_conv2d_make_plan(a).pixel_step;
    const int32_t taps = a.kernel_height * a.kernel_width, pairs = (taps + 1) / 2;
    const int8_t *const zero_points = weight_zero_points == NULL ? NULL : weight_zero_points + n;
    const qcc_depthwise_pair__avx2 start =
        qcc_depthwise_reorder__avx2(_mm256_loadu_si256((const __m256i *)(const void *)(bias + n)),
                                    _mm256_loadu_si256((const __m256i *)(const void *)(bias + n + 8)));
    const qcc_depthwise_pair__avx2 scale =
        qcc_depthwise_reorder__avx2(_mm256_loadu_si256((const __m256i *)(const void *)(multipliers + n)),
                                    _mm256_loadu_si256((const __m256i *)(const void *)(multipliers + n + 8)));
    qcc_depthwise_pair__avx2 kept[8];
    QCC_UNROLL
    for (int32_t i = 0; i < 8; i++)
        kept[i] = i < pairs ? qcc_depthwise_weights__avx2(weights + i * 32, zero_points) : start;
    for (int32_t x = 0; x < columns; x++) {
        const int16_t *const from = rows + (ptrdiff_t)x * step + n;
        qcc_depthwise_pair__avx2 acc = start;
        QCC_UNROLL
        for (int32_t i = 0; i < pairs; i++) {
            const qcc_depthwise_pair__avx2 w =
                pairs <= 8 ? kept[i & 7] : qcc_depthwise_weights__avx2(weights + i * 32, zero_points);
            const int32_t other = qcc_min_i32(2 * i + 1, taps - 1); /* a missing last tap has weight 0 */
            const void *const t0 = from + qcc_depthwise_tap__avx2(a, first_slot, 2 * i);
            const void *const t1 = from + qcc_depthwise_tap__avx2(a, first_slot, other);
            const __m256i x0 = _mm256_loadu_si256((const __m256i *)t0), x1 = _mm256_loadu_si256((const __m256i *)t1);
            acc.low = _mm256_add_epi32(acc.low, _mm256_madd_epi16(_mm256_unpacklo_epi16(x0, x1), w.low));
            acc.high = _mm256_add_epi32(acc.high, _mm256_madd_epi16(_mm256_unpackhi_epi16(x0, x1), w.high));
        }
        qcc_depthwise_store__avx2(a, width, acc, scale, output, (ptrdiff_t)x * a.channels + n);
    }
}

QCC_INLINE QCC_TARGET_AVX2 void qcc_depthwise_row__avx2(const qcc_conv2d_args a, int32_t columns, int32_t first_slot,
                                                        const int16_t *rows, const int8_t *weights,
                                                        const int8_t *weight_zero_points, const int32_t *bias,
                                                        const float *multipliers, void *output) {
    const ptrdiff_t block = (ptrdiff_t)((a.kernel_height * a.kernel_width + 1) / 2) * 32;
    int32_t n = 0;
    for (; n + 16 <= a.channels; n += 16)
        qcc_depthwise_columns__avx2(a, 16, n, columns, first_slot, rows, weights + n / 16 * block, weight_zero_points,
                                    bias, multipliers, output);
    if (a.channels % 16 != 0)
        qcc_depthwise_columns__avx2(a, a.channels % 16, n, columns, first_slot, rows, weights + n / 16 * block,
                                    weight_zero_points, bias, multipliers, output);
}

QCC_CONV2D_DRIVER(qcc_depthwise_s8s8_1x16c2__avx2, depthwise, avx2, QCC_TARGET_AVX2, int16_t, 16, 2)

#endif
#endif
