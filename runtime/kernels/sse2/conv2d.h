/*
 * Convolution of int8 by int8 with SSE2, exact for all weights. They are packed in quads of taps, as AVX-VNNI and AMX
 * want them, so that a library for several processors holds them once: shifts of 16-bit words split a quad into the
 * taps 0, 2 and 1, 3, which pmaddwd multiplies with pairs of inputs. Prepared rows hold x + 128 as int16 (so that the
 * bias is shared too), their quads as 0, 2, 1, 3 where all quads of all columns begin at multiples of four
 * (a.whole_quads); other rows keep their order. Tiles of 4 columns by 8 channels keep 8 accumulators in the 16
 * registers.
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

/* Rows of convolutions: x + 128. */
QCC_INLINE QCC_TARGET_SSE2 void qcc_conv2d_fill__sse2_plain(int16_t *row, int32_t zero_point, ptrdiff_t count) {
    qcc_conv2d_fill__sse2(row, zero_point + 128, count);
}

QCC_INLINE QCC_TARGET_SSE2 void qcc_conv2d_take__sse2_plain(int16_t *row, const int8_t *input, ptrdiff_t count) {
    const __m128i sign = _mm_set1_epi8((char)0x80), zero = _mm_setzero_si128();
    ptrdiff_t i = 0;
    for (; i + 16 <= count; i += 16) {
        const __m128i x = _mm_xor_si128(_mm_loadu_si128((const __m128i *)(const void *)(input + i)), sign);
        _mm_storeu_si128((__m128i *)(void *)(row + i), _mm_unpacklo_epi8(x, zero));
        _mm_storeu_si128((__m128i *)(void *)(row + i + 8), _mm_unpackhi_epi8(x, zero));
    }
    for (const ptrdiff_t end = i + (count & 15); i < end; i++)
        row[i] = (int16_t)(input[i] + 128);
}

/* The same with every four taps in the order 0, 2, 1, 3; `count` is a multiple of 4. */
QCC_INLINE QCC_TARGET_SSE2 void qcc_conv2d_fill__sse2_quads(int16_t *row, int32_t zero_point, ptrdiff_t count) {
    qcc_conv2d_fill__sse2(row, zero_point + 128, count);
}

QCC_INLINE QCC_TARGET_SSE2 void qcc_conv2d_take__sse2_quads(int16_t *row, const int8_t *input, ptrdiff_t count) {
    const __m128i sign = _mm_set1_epi8((char)0x80), low = _mm_set1_epi16(0xff);
    ptrdiff_t i = 0;
    for (; i + 16 <= count; i += 16) {
        const __m128i x = _mm_xor_si128(_mm_loadu_si128((const __m128i *)(const void *)(input + i)), sign);
        const __m128i even = _mm_and_si128(x, low), odd = _mm_srli_epi16(x, 8);
        _mm_storeu_si128((__m128i *)(void *)(row + i), _mm_unpacklo_epi32(even, odd));
        _mm_storeu_si128((__m128i *)(void *)(row + i + 8), _mm_unpackhi_epi32(even, odd));
    }
    for (const ptrdiff_t end = i + (count & 12); i < end; i += 4) {
        int32_t quad;
        __builtin_memcpy(&quad, input + i, 4);
        const __m128i x = _mm_xor_si128(_mm_cvtsi32_si128(quad), sign);
        const __m128i words = _mm_unpacklo_epi32(_mm_and_si128(x, low), _mm_srli_epi16(x, 8));
        _mm_storel_epi64((__m128i *)(void *)(row + i), words);
    }
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

/* The even or the odd (literals) two of four taps of four channels. */
QCC_INLINE QCC_TARGET_SSE2 __m128i qcc_load_weights__sse2(int odd, const int8_t *weights, const __m128i *zero) {
    const __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)weights);
    const __m128i words = _mm_srai_epi16(odd ? bytes : _mm_slli_epi16(bytes, 8), 8);
    return zero == NULL ? words : _mm_sub_epi16(words, *zero);
}

/* Sums of four columns times 2 x 4 channels. */
typedef struct {
    ptrdiff_t steps[4]; /* from the first column's taps; a missing column repeats the last one */
    __m128i acc[4][2];
} qcc_conv2d_tile_sums__sse2;

/* Between even and odd taps: what is loaded for both would not fit the registers of gcc 12. */
#if defined(__clang__)
#define QCC_SSE_LOAD_AGAIN() (void)0
#else
#define QCC_SSE_LOAD_AGAIN() __asm__ volatile("" : : : "memory")
#endif

/* Adds the even or the odd two (literals) of four taps to `count` (a literal, 1 or 4) columns. */
QCC_INLINE QCC_TARGET_SSE2 void qcc_conv2d_step__sse2(const qcc_conv2d_args a, int32_t count, int odd,
                                                      const int16_t *row, const int8_t *weights,
                                                      const qcc_words__sse2 *zeros, qcc_conv2d_tile_sums__sse2 *t) {
    const __m128i first = qcc_load_weights__sse2(odd, weights, zeros == NULL ? NULL : &zeros->low);
    const __m128i second = qcc_load_weights__sse2(odd, weights + 16, zeros == NULL ? NULL : &zeros->high);
    QCC_UNROLL
    for (int32_t i = 0; i < count; i++) {
        __m128i x;
        if (a.whole_quads) {
            int32_t pair;
            __builtin_memcpy(&pair, row + t->steps[i] + 2 * odd, 4);
            x = _mm_set1_epi32(pair);
        } else {
            x = _mm_loadl_epi64((const __m128i *)(const void *)(row + t->steps[i]));
            x = odd ? _mm_shufflelo_epi16(x, _MM_SHUFFLE(3, 1, 3, 1)) : _mm_shufflelo_epi16(x, _MM_SHUFFLE(2, 0, 2, 0));
            x = _mm_unpacklo_epi64(x, x);
        }
        t->acc[i][0] = _mm_add_epi32(t->acc[i][0], _mm_madd_epi16(x, first));
        t->acc[i][1] = _mm_add_epi32(t->acc[i][1], _mm_madd_epi16(x, second));
        QCC_KEEP_VECTOR(t->acc[i][0]);
        QCC_KEEP_VECTOR(t->acc[i][1]);
    }
}

/* `columns` (1..`count`, a literal 1 or 4) output columns times `width` (1..8) channels. */
QCC_INLINE QCC_TARGET_SSE2 void qcc_conv2d_tile__sse2(const qcc_conv2d_args a, int32_t count, int32_t columns,
                                                      int32_t width, int32_t first_slot, const int16_t *rows,
                                                      const int8_t *weights, const int8_t *weight_zero_points,
                                                      const int32_t *bias, const float *multipliers, void *output,
                                                      ptrdiff_t at) {
    const qcc_conv2d_plan p = qcc_conv2d_make_plan(a);
    const ptrdiff_t stride = (ptrdiff_t)4 * qcc_packed_width(a, 16); /* lanes past the last channel hold what follows */
    const ptrdiff_t step1 = columns > 1 ? p.pixel_step : 0;
    const ptrdiff_t step2 = columns > 2 ? step1 + p.pixel_step : step1;
    const ptrdiff_t step3 = columns > 3 ? step2 + p.pixel_step : step2;
    qcc_conv2d_tile_sums__sse2 t = {.steps = {0, step1, step2, step3}};
    qcc_words__sse2 zeros = {_mm_setzero_si128(), _mm_setzero_si128()};
    if (weight_zero_points != NULL)
        zeros = qcc_zero_pairs__sse2(weight_zero_points);
    const qcc_words__sse2 *const zero = weight_zero_points == NULL ? NULL : &zeros;
    QCC_UNROLL
    for (int32_t i = 0; i < 4; i++) {
        t.acc[i][0] = _mm_loadu_si128((const __m128i *)(const void *)bias);
        t.acc[i][1] = _mm_loadu_si128((const __m128i *)(const void *)(bias + 4));
    }
    for (int32_t ky = 0; ky < a.kernel_height; ky++) {
        const int16_t *row = rows + (ptrdiff_t)((first_slot + ky) % p.slots) * p.row_elements;
        for (int32_t k = 0; k + 1 < p.run; k += 4) {
            qcc_conv2d_step__sse2(a, count, 0, row, weights, zero, &t);
            QCC_SSE_LOAD_AGAIN();
            qcc_conv2d_step__sse2(a, count, 1, row, weights, zero, &t);
            weights += stride;
            row += 4;
        }
        if (!a.whole_quads && p.run % 4 == 1) { /* one tap is left */
            qcc_conv2d_step__sse2(a, count, 0, row, weights, zero, &t);
            weights += stride;
        }
    }
    QCC_UNROLL
    for (int32_t i = 0; i < count; i++)
        if (i < columns)
            qcc_store__sse2(a, width, t.acc[i][0], t.acc[i][1], multipliers, output, at + (ptrdiff_t)i * a.output_step);
}

/* All columns of one row times `width` channels. */
QCC_INLINE QCC_TARGET_SSE2 void qcc_conv2d_columns__sse2(const qcc_conv2d_args a, int32_t columns, int32_t width,
                                                         int32_t first_slot, const int16_t *rows, const int8_t *weights,
                                                         const int8_t *weight_zero_points, const int32_t *bias,
                                                         const float *multipliers, void *output, ptrdiff_t at) {
    const ptrdiff_t step = qcc_conv2d_make_plan(a).pixel_step;
    if (columns == 1) { /* a fully connected layer */
        qcc_conv2d_tile__sse2(a, 1, 1, width, first_slot, rows, weights, weight_zero_points, bias, multipliers, output,
                              at);
        return;
    }
    for (int32_t x = 0; x < columns; x += 4)
        qcc_conv2d_tile__sse2(a, 4, qcc_min_i32(4, columns - x), width, first_slot, rows + x * step, weights,
                              weight_zero_points, bias, multipliers, output, at + (ptrdiff_t)x * a.output_step);
}

QCC_INLINE QCC_TARGET_SSE2 void qcc_conv2d_row__sse2_words(const qcc_conv2d_args a, int32_t columns, int32_t first_slot,
                                                           const int16_t *rows, const int8_t *weights,
                                                           const int8_t *weight_zero_points, const int32_t *bias,
                                                           const float *multipliers, void *output) {
    const int32_t channels = a.output_channels / a.groups;
    const ptrdiff_t block = (ptrdiff_t)a.kernel_height * ((a.kernel_width * a.channels + 3) / 4) * 64;
    for (int32_t n = 0; n < channels; n += 8)
        qcc_conv2d_columns__sse2(
            a, columns, qcc_min_i32(8, channels - n), first_slot, rows, weights + n / 16 * block + n % 16 * 4,
            weight_zero_points == NULL ? NULL : weight_zero_points + n, bias + n, multipliers + n, output, n);
}

QCC_CONV2D_PREPARE(sse2, QCC_TARGET_SSE2, int16_t) /* for depthwise convolutions */
QCC_CONV2D_PREPARE(sse2_quads, QCC_TARGET_SSE2, int16_t)
QCC_CONV2D_PREPARE(sse2_plain, QCC_TARGET_SSE2, int16_t)

QCC_INLINE QCC_TARGET_SSE2 void qcc_conv2d_prepare_row__sse2_words(const qcc_conv2d_args a, int16_t *row,
                                                                   const int8_t *line, int32_t zero_point,
                                                                   int32_t first, int32_t columns) {
    if (a.whole_quads)
        qcc_conv2d_prepare_row__sse2_quads(a, row, line, zero_point, first, columns);
    else
        qcc_conv2d_prepare_row__sse2_plain(a, row, line, zero_point, first, columns);
}

#define qcc_conv2d_residual__sse2_words qcc_conv2d_residual__sse2

QCC_CONV2D_DRIVER(qcc_conv2d_s8s8_4x16c4__sse2, conv2d, sse2_words, QCC_TARGET_SSE2, int16_t, 16, 4)

#endif
#endif
