/*
 * Depthwise convolution of int8 by int8 with SSE2: pairs of taps are interleaved and multiplied by pmaddwd, 8 channels
 * at a time. Weights are packed as [C/8][taps/2][8][2].
 */
#ifndef QCC_SSE2_DEPTHWISE_H
#define QCC_SSE2_DEPTHWISE_H

#include "conv2d.h"

#if defined(__x86_64__)

/* Where tap `t` of an output column is; all literals after inlining but the slot. */
QCC_INLINE ptrdiff_t qcc_depthwise_tap__sse2(const qcc_conv2d_args a, int32_t first_slot, int32_t t) {
    const qcc_conv2d_plan p = qcc_conv2d_make_plan(a);
    const int32_t slot = (first_slot + t / a.kernel_width) % p.slots;
    return (ptrdiff_t)slot * p.row_elements + (ptrdiff_t)(t % a.kernel_width) * a.channels;
}

/* For instruction sets that widen weights in their own way. */
#define QCC_SSE_DEPTHWISE(ISA, TARGET)                                                                                 \
    /* One row times `width` channels from `n` on. */                                                                  \
    QCC_INLINE TARGET void qcc_depthwise_columns__##ISA(const qcc_conv2d_args a, int32_t width, int32_t n,             \
                                                        int32_t columns, int32_t first_slot, const int16_t *rows,      \
                                                        const int8_t *weights, const int8_t *weight_zero_points,       \
                                                        const int32_t *bias, const float *multipliers, void *output) { \
        const int32_t step = qcc_conv2d_make_plan(a).pixel_step;                                                       \
        const int32_t taps = a.kernel_height * a.kernel_width, pairs = (taps + 1) / 2;                                 \
        qcc_words__sse2 zero = {_mm_setzero_si128(), _mm_setzero_si128()};                                             \
        if (weight_zero_points != NULL)                                                                                \
            zero = qcc_zero_pairs__sse2(weight_zero_points + n);                                                       \
        for (int32_t x = 0; x < columns; x++) {                                                                        \
            const int16_t *const from = rows + (ptrdiff_t)x * step + n;                                                \
            __m128i acc0 = _mm_loadu_si128((const __m128i *)(const void *)(bias + n));                                 \
            __m128i acc1 = _mm_loadu_si128((const __m128i *)(const void *)(bias + n + 4));                             \
            QCC_UNROLL                                                                                                 \
            for (int32_t i = 0; i < pairs; i++) {                                                                      \
                const int32_t other = qcc_min_i32(2 * i + 1, taps - 1); /* a missing last tap has weight 0 */          \
                const void *const t0 = from + qcc_depthwise_tap__sse2(a, first_slot, 2 * i);                           \
                const void *const t1 = from + qcc_depthwise_tap__sse2(a, first_slot, other);                           \
                const __m128i x0 = _mm_loadu_si128((const __m128i *)t0), x1 = _mm_loadu_si128((const __m128i *)t1);    \
                qcc_words__sse2 w = qcc_load_i8_as_i16__##ISA(weights + i * 16);                                       \
                if (weight_zero_points != NULL) {                                                                      \
                    w.low = _mm_sub_epi16(w.low, zero.low);                                                            \
                    w.high = _mm_sub_epi16(w.high, zero.high);                                                         \
                }                                                                                                      \
                acc0 = _mm_add_epi32(acc0, _mm_madd_epi16(_mm_unpacklo_epi16(x0, x1), w.low));                         \
                acc1 = _mm_add_epi32(acc1, _mm_madd_epi16(_mm_unpackhi_epi16(x0, x1), w.high));                        \
            }                                                                                                          \
            qcc_store__sse2(a, width, acc0, acc1, multipliers + n, output, (ptrdiff_t)x * a.channels + n);             \
        }                                                                                                              \
    }                                                                                                                  \
                                                                                                                       \
    QCC_INLINE TARGET void qcc_depthwise_row__##ISA(                                                                   \
        const qcc_conv2d_args a, int32_t columns, int32_t first_slot, const int16_t *rows, const int8_t *weights,      \
        const int8_t *weight_zero_points, const int32_t *bias, const float *multipliers, void *output) {               \
        const ptrdiff_t block = (ptrdiff_t)((a.kernel_height * a.kernel_width + 1) / 2) * 16;                          \
        int32_t n = 0;                                                                                                 \
        for (; n + 8 <= a.channels; n += 8)                                                                            \
            qcc_depthwise_columns__##ISA(a, 8, n, columns, first_slot, rows, weights + n / 8 * block,                  \
                                         weight_zero_points, bias, multipliers, output);                               \
        if (a.channels % 8 != 0)                                                                                       \
            qcc_depthwise_columns__##ISA(a, a.channels % 8, n, columns, first_slot, rows, weights + n / 8 * block,     \
                                         weight_zero_points, bias, multipliers, output);                               \
    }

QCC_SSE_DEPTHWISE(sse2, QCC_TARGET_SSE2)
QCC_CONV2D_DRIVER(qcc_depthwise_s8s8_1x8c2__sse2, depthwise, sse2, QCC_TARGET_SSE2, int16_t, 8, 2)

#endif
#endif
