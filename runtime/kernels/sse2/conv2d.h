/*
 * Convolution of int8 by int8 with SSE2, exact for all weights: rows hold int16, a pair of taps is broadcast and
 * multiplied by pmaddwd with 2 x 4 channels of weights, which unpack and shift widen (SSE2 has no pmovsxbw). Tiles of 4
 * columns by 8 channels keep 8 accumulators in the 16 registers.
 */
#ifndef QCC_SSE2_CONV2D_H
#define QCC_SSE2_CONV2D_H

#include "../portable/conv2d_driver.h"

#if defined(__x86_64__)
#include <emmintrin.h>

QCC_INLINE QCC_TARGET_SSE2 void qcc_conv2d_fill__sse2(int16_t *row, int32_t zero_point, ptrdiff_t count) {
    const __m128i value = _mm_set1_epi16((int16_t)zero_point);
    ptrdiff_t i = 0;
    for (; i + 8 <= count; i += 8)
        _mm_storeu_si128((__m128i *)(void *)(row + i), value);
    for (const ptrdiff_t end = i + (count & 7); i < end; i++)
        row[i] = (int16_t)zero_point;
}

/* Sixteen int8 as int16: the first and the last eight. */
typedef struct {
    __m128i low, high;
} qcc_words__sse2;

QCC_INLINE QCC_TARGET_SSE2 qcc_words__sse2 qcc_load_i8_as_i16__sse2(const int8_t *from) {
    const __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)from);
    const qcc_words__sse2 words = {_mm_srai_epi16(_mm_unpacklo_epi8(bytes, bytes), 8),
                                   _mm_srai_epi16(_mm_unpackhi_epi8(bytes, bytes), 8)};
    return words;
}

QCC_INLINE QCC_TARGET_SSE2 void qcc_conv2d_take__sse2(int16_t *row, const int8_t *input, ptrdiff_t count) {
    ptrdiff_t i = 0;
    for (; i + 16 <= count; i += 16) {
        const qcc_words__sse2 words = qcc_load_i8_as_i16__sse2(input + i);
        _mm_storeu_si128((__m128i *)(void *)(row + i), words.low);
        _mm_storeu_si128((__m128i *)(void *)(row + i + 8), words.high);
    }
    for (const ptrdiff_t end = i + (count & 15); i < end; i++)
        row[i] = input[i];
}

/* rne_shift of four sums of two products; the zero points of both sides are in `constant`. */
QCC_INLINE QCC_TARGET_SSE2 __m128i qcc_add_pairs__sse2(__m128i pairs, __m128i low, __m128i high, __m128i constant,
                                                       int32_t shift) {
    const __m128i upper = _mm_slli_epi32(_mm_madd_epi16(pairs, high), 12);
    const __m128i sum = _mm_add_epi32(_mm_add_epi32(_mm_madd_epi16(pairs, low), upper), constant);
    const __m128i odd = _mm_and_si128(_mm_srai_epi32(sum, shift), _mm_set1_epi32(1));
    const __m128i half = _mm_set1_epi32(((int32_t)1 << (shift - 1)) - 1);
    return _mm_srai_epi32(_mm_add_epi32(_mm_add_epi32(sum, half), odd), shift);
}

QCC_INLINE QCC_TARGET_SSE2 __m128i qcc_add_words__sse2(const qcc_conv2d_args a, __m128i lhs, __m128i rhs) {
    /* 21-bit multipliers as 12 low and 9 high bits, so that pmaddwd multiplies both sides at once. */
    const __m128i low =
        _mm_set1_epi32((a.conv_multiplier & 0xfff) | (int32_t)((uint32_t)(a.residual_multiplier & 0xfff) << 16));
    const __m128i high =
        _mm_set1_epi32((a.conv_multiplier >> 12) | (int32_t)((uint32_t)(a.residual_multiplier >> 12) << 16));
    const __m128i constant =
        _mm_set1_epi32(-a.zero_point * a.conv_multiplier - a.residual_zero_point * a.residual_multiplier);
    const __m128i first = qcc_add_pairs__sse2(_mm_unpacklo_epi16(lhs, rhs), low, high, constant, a.residual_shift);
    const __m128i second = qcc_add_pairs__sse2(_mm_unpackhi_epi16(lhs, rhs), low, high, constant, a.residual_shift);
    const __m128i sum = _mm_adds_epi16(_mm_packs_epi32(first, second), _mm_set1_epi16((int16_t)a.sum_zero_point));
    const __m128i least = _mm_max_epi16(sum, _mm_set1_epi16((int16_t)a.sum_minimum));
    return _mm_min_epi16(least, _mm_set1_epi16((int16_t)a.sum_maximum));
}

QCC_INLINE QCC_TARGET_SSE2 void qcc_conv2d_residual__sse2(const qcc_conv2d_args a, const int8_t *residual,
                                                          int8_t *output, ptrdiff_t count) {
    ptrdiff_t i = 0;
    for (; i + 16 <= count; i += 16) {
        const qcc_words__sse2 lhs = qcc_load_i8_as_i16__sse2(output + i), rhs = qcc_load_i8_as_i16__sse2(residual + i);
        const __m128i low = qcc_add_words__sse2(a, lhs.low, rhs.low);
        const __m128i high = qcc_add_words__sse2(a, lhs.high, rhs.high);
        _mm_storeu_si128((__m128i *)(void *)(output + i), _mm_packs_epi16(low, high));
    }
    for (const ptrdiff_t end = i + (count & 15); i < end; i++)
        output[i] = qcc_conv2d_add_residual(a, output[i], residual[i]);
}

QCC_INLINE QCC_TARGET_SSE2 __m128i qcc_requantize__sse2(const qcc_conv2d_args a, __m128i acc, __m128 multipliers) {
    const __m128 scaled = _mm_mul_ps(_mm_cvtepi32_ps(acc), multipliers);
    const __m128 low = _mm_max_ps(scaled, _mm_set1_ps((float)(a.minimum - a.zero_point)));
    return _mm_cvtps_epi32(_mm_min_ps(low, _mm_set1_ps((float)(a.maximum - a.zero_point))));
}

/* Eight channels (or the first `width` of them) of one output column. */
QCC_INLINE QCC_TARGET_SSE2 void qcc_store__sse2(const qcc_conv2d_args a, int32_t width, __m128i first, __m128i second,
                                                const float *multipliers, void *output, ptrdiff_t at) {
    const __m128 m0 = _mm_loadu_ps(multipliers), m1 = _mm_loadu_ps(multipliers + 4);
    if (a.float_output) {
        float values[8];
        _mm_storeu_ps(values, _mm_mul_ps(_mm_cvtepi32_ps(first), m0));
        _mm_storeu_ps(values + 4, _mm_mul_ps(_mm_cvtepi32_ps(second), m1));
        __builtin_memcpy((float *)output + at, values, (size_t)width * 4);
        return;
    }
    const __m128i q0 = qcc_requantize__sse2(a, first, m0), q1 = qcc_requantize__sse2(a, second, m1);
    const __m128i words = _mm_add_epi16(_mm_packs_epi32(q0, q1), _mm_set1_epi16((int16_t)a.zero_point));
    const __m128i bytes = _mm_packs_epi16(words, words);
    if (width == 8)
        _mm_storel_epi64((__m128i *)(void *)((int8_t *)output + at), bytes);
    else
        __builtin_memcpy((int8_t *)output + at, &bytes, (size_t)width);
}

/* The zero points of eight channels, each twice, as the packed pairs of taps are. */
QCC_INLINE QCC_TARGET_SSE2 qcc_words__sse2 qcc_zero_pairs__sse2(const int8_t *weight_zero_points) {
    const __m128i bytes = _mm_loadl_epi64((const __m128i *)(const void *)weight_zero_points);
    const __m128i words = _mm_srai_epi16(_mm_unpacklo_epi8(bytes, bytes), 8);
    const qcc_words__sse2 pairs = {_mm_unpacklo_epi16(words, words), _mm_unpackhi_epi16(words, words)};
    return pairs;
}

/* The tiles, for instruction sets that widen weights in their own way. */
#define QCC_SSE_CONV2D(ISA, TARGET)                                                                                    \
    /*                                                                                                                 \
     * `columns` (1..4) output columns times `width` (1..8) channels. Missing columns repeat the last one, so that one \
     * loop serves all tails.                                                                                          \
     */                                                                                                                \
    QCC_INLINE TARGET void qcc_conv2d_tile__##ISA(const qcc_conv2d_args a, int32_t columns, int32_t width,             \
                                                  int32_t first_slot, const int16_t *rows, const int8_t *weights,      \
                                                  const int8_t *weight_zero_points, const int32_t *bias,               \
                                                  const float *multipliers, void *output, ptrdiff_t at) {              \
        const qcc_conv2d_plan p = qcc_conv2d_make_plan(a);                                                             \
        const int32_t packed = qcc_packed_width(a, 8); /* lanes past the last channel hold what follows */             \
        const ptrdiff_t step1 = columns > 1 ? p.pixel_step : 0;                                                        \
        const ptrdiff_t step2 = columns > 2 ? step1 + p.pixel_step : step1;                                            \
        const ptrdiff_t step3 = columns > 3 ? step2 + p.pixel_step : step2;                                            \
        const ptrdiff_t steps[4] = {0, step1, step2, step3};                                                           \
        const __m128i bias0 = _mm_loadu_si128((const __m128i *)(const void *)bias);                                    \
        const __m128i bias1 = _mm_loadu_si128((const __m128i *)(const void *)(bias + 4));                              \
        __m128i acc[4][2];                                                                                             \
        qcc_words__sse2 zero = {_mm_setzero_si128(), _mm_setzero_si128()};                                             \
        if (weight_zero_points != NULL)                                                                                \
            zero = qcc_zero_pairs__sse2(weight_zero_points);                                                           \
        QCC_UNROLL                                                                                                     \
        for (int32_t i = 0; i < 4; i++) {                                                                              \
            acc[i][0] = bias0;                                                                                         \
            acc[i][1] = bias1;                                                                                         \
        }                                                                                                              \
        for (int32_t ky = 0; ky < a.kernel_height; ky++) {                                                             \
            const int16_t *row = rows + (ptrdiff_t)((first_slot + ky) % p.slots) * p.row_elements;                     \
            for (int32_t k = 0; k < p.run; k += 2) {                                                                   \
                qcc_words__sse2 w = qcc_load_i8_as_i16__##ISA(weights);                                                \
                if (weight_zero_points != NULL) {                                                                      \
                    w.low = _mm_sub_epi16(w.low, zero.low);                                                            \
                    w.high = _mm_sub_epi16(w.high, zero.high);                                                         \
                }                                                                                                      \
                QCC_UNROLL                                                                                             \
                for (int32_t i = 0; i < 4; i++) {                                                                      \
                    int32_t pair;                                                                                      \
                    __builtin_memcpy(&pair, row + steps[i], 4);                                                        \
                    const __m128i x = _mm_set1_epi32(pair);                                                            \
                    acc[i][0] = _mm_add_epi32(acc[i][0], _mm_madd_epi16(x, w.low));                                    \
                    acc[i][1] = _mm_add_epi32(acc[i][1], _mm_madd_epi16(x, w.high));                                   \
                    QCC_KEEP_VECTOR(acc[i][0]);                                                                        \
                    QCC_KEEP_VECTOR(acc[i][1]);                                                                        \
                }                                                                                                      \
                weights += 2 * packed;                                                                                 \
                row += 2;                                                                                              \
            }                                                                                                          \
        }                                                                                                              \
        QCC_UNROLL                                                                                                     \
        for (int32_t i = 0; i < 4; i++)                                                                                \
            if (i < columns)                                                                                           \
                qcc_store__sse2(a, width, acc[i][0], acc[i][1], multipliers, output,                                   \
                                at + (ptrdiff_t)i * a.output_step);                                                    \
    }                                                                                                                  \
                                                                                                                       \
    /* All columns of one row times `width` channels. */                                                               \
    QCC_INLINE TARGET void qcc_conv2d_columns__##ISA(const qcc_conv2d_args a, int32_t columns, int32_t width,          \
                                                     int32_t first_slot, const int16_t *rows, const int8_t *weights,   \
                                                     const int8_t *weight_zero_points, const int32_t *bias,            \
                                                     const float *multipliers, void *output, ptrdiff_t at) {           \
        const ptrdiff_t step = qcc_conv2d_make_plan(a).pixel_step;                                                     \
        for (int32_t x = 0; x < columns; x += 4)                                                                       \
            qcc_conv2d_tile__##ISA(a, qcc_min_i32(4, columns - x), width, first_slot, rows + x * step, weights,        \
                                   weight_zero_points, bias, multipliers, output, at + (ptrdiff_t)x * a.output_step);  \
    }                                                                                                                  \
                                                                                                                       \
    QCC_INLINE TARGET void qcc_conv2d_row__##ISA(                                                                      \
        const qcc_conv2d_args a, int32_t columns, int32_t first_slot, const int16_t *rows, const int8_t *weights,      \
        const int8_t *weight_zero_points, const int32_t *bias, const float *multipliers, void *output) {               \
        const int32_t channels = a.output_channels / a.groups;                                                         \
        const ptrdiff_t block = (ptrdiff_t)a.kernel_height * ((a.kernel_width * a.channels + 1) / 2) * 16;             \
        for (int32_t n = 0; n < channels; n += 8)                                                                      \
            qcc_conv2d_columns__##ISA(                                                                                 \
                a, columns, qcc_min_i32(8, channels - n), first_slot, rows, weights + n / 8 * block,                   \
                weight_zero_points == NULL ? NULL : weight_zero_points + n, bias + n, multipliers + n, output, n);     \
    }

QCC_SSE_CONV2D(sse2, QCC_TARGET_SSE2)
QCC_CONV2D_PREPARE(sse2, QCC_TARGET_SSE2, int16_t)
QCC_CONV2D_DRIVER(qcc_conv2d_s8s8_4x8c2__sse2, conv2d, sse2, QCC_TARGET_SSE2, int16_t, 8, 2)

#endif
#endif
