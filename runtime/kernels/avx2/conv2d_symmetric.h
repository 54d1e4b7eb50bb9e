/*
 * Convolution of int8 by int8 with AVX2's product of bytes: pmaddubsw multiplies unsigned activations by signed
 * weights, so prepared rows hold x + 128, and the bias must hold -128 * sum of the weights. Weights are in [-127, 127].
 *
 * pmaddubsw saturates the sum of two products to int16. It cannot where two activations are at most 258 in sum, since
 * 258 * 127 < 2^15. Where they are more, what exceeds 129 is taken off them and kept in a second set of rows, whose
 * products are added where it is not 0: few steps of a tile, which are listed once for all output channels. A tile is 4
 * columns by 16 channels.
 */
#ifndef QCC_AVX2_CONV2D_SYMMETRIC_H
#define QCC_AVX2_CONV2D_SYMMETRIC_H

#include "../portable/conv2d_bands.h"
#include "conv2d.h"

#if defined(__x86_64__)

enum { QCC_SAFE_SUM = 258, QCC_EXCESS_STEPS = 47 };

QCC_INLINE QCC_TARGET_AVX2 void qcc_conv2d_fill__avx2_bytes(uint8_t *row, int32_t zero_point, ptrdiff_t count) {
    __builtin_memset(row, (zero_point ^ 0x80) & 0xff, (size_t)count);
}

QCC_INLINE QCC_TARGET_AVX2 void qcc_conv2d_take__avx2_bytes(uint8_t *row, const int8_t *input, ptrdiff_t count) {
    const __m256i sign = _mm256_set1_epi8((char)0x80);
    ptrdiff_t i = 0;
    for (; i + 32 <= count; i += 32) {
        const __m256i x = _mm256_loadu_si256((const __m256i *)(const void *)(input + i));
        _mm256_storeu_si256((__m256i *)(void *)(row + i), _mm256_xor_si256(x, sign));
    }
    for (const ptrdiff_t end = i + (count & 31); i < end; i++)
        row[i] = (uint8_t)(input[i] ^ (int8_t)-128);
}

QCC_INLINE QCC_TARGET_AVX2 void qcc_conv2d_residual__avx2_bytes(const qcc_conv2d_args a, const int8_t *residual,
                                                                int8_t *output, ptrdiff_t count) {
    qcc_conv2d_residual__avx2(a, residual, output, count);
}

/* Steps of four taps in which some column of a tile has an excess; beyond QCC_EXCESS_STEPS all steps count. */
typedef struct {
    int32_t count;
    struct {
        uint16_t ky, step;
    } at[QCC_EXCESS_STEPS];
} qcc_conv2d_excess;

/* Splits prepared rows into two parts whose products of neighbours do not saturate. */
QCC_INLINE QCC_TARGET_AVX2 void qcc_conv2d_split__avx2(const qcc_conv2d_args a, ptrdiff_t count,
                                                       const uint8_t *QCC_RESTRICT rows, uint8_t *QCC_RESTRICT safe,
                                                       uint8_t *QCC_RESTRICT excess) {
    const __m256i most = _mm256_set1_epi8((char)(QCC_SAFE_SUM / 2)), ones = _mm256_set1_epi8(1);
    const qcc_conv2d_plan p = qcc_conv2d_make_plan(a);
    const int odd = ((p.pixel_step | p.row_elements) & 1) != 0; /* pairs of columns begin at odd places too */
    const __m256i limit = _mm256_set1_epi16(odd ? -1 : QCC_SAFE_SUM);
    for (ptrdiff_t i = 0; i < count; i += 32) {
        const __m256i x = _mm256_loadu_si256((const __m256i *)(const void *)(rows + i));
        const __m256i over = _mm256_cmpgt_epi16(_mm256_maddubs_epi16(x, ones), limit);
        const __m256i rest = _mm256_and_si256(_mm256_subs_epu8(x, most), over);
        _mm256_storeu_si256((__m256i *)(void *)(safe + i), _mm256_sub_epi8(x, rest));
        _mm256_storeu_si256((__m256i *)(void *)(excess + i), rest);
    }
}

/* Four columns' taps, from one to the next (a missing one repeats the last), and their sums of 2 x 8 channels. */
typedef struct {
    ptrdiff_t steps[4];
    __m256i acc[4][2];
} qcc_conv2d_tile__bytes;

QCC_INLINE void qcc_conv2d_tile_steps__bytes(const qcc_conv2d_args a, int32_t columns, qcc_conv2d_tile__bytes *t) {
    const ptrdiff_t step = qcc_conv2d_make_plan(a).pixel_step;
    t->steps[0] = 0;
    t->steps[1] = columns > 1 ? step : 0;
    t->steps[2] = columns > 2 ? 2 * step : t->steps[1];
    t->steps[3] = columns > 3 ? 3 * step : t->steps[2];
}

/* Lists the steps of the tile whose first taps are at `rows` (of the excess). */
QCC_INLINE QCC_TARGET_AVX2 void qcc_conv2d_list__avx2(const qcc_conv2d_args a, int32_t columns, int32_t first_slot,
                                                      const uint8_t *rows, qcc_conv2d_excess *list) {
    const qcc_conv2d_plan p = qcc_conv2d_make_plan(a);
    const int32_t steps = (p.run + 3) / 4;
    qcc_conv2d_tile__bytes t;
    qcc_conv2d_tile_steps__bytes(a, columns, &t);
    list->count = 0;
    for (int32_t ky = 0; ky < a.kernel_height; ky++) {
        const uint8_t *row = rows + qcc_conv2d_band_slot(a, first_slot, ky) * p.row_elements;
        for (int32_t s = 0; s < steps; s += 8) {
            __m256i any = _mm256_setzero_si256();
            QCC_UNROLL
            for (int i = 0; i < 4; i++)
                any =
                    _mm256_or_si256(any, _mm256_loadu_si256((const __m256i *)(const void *)(row + t.steps[i] + 4 * s)));
            if (_mm256_testz_si256(any, any))
                continue;
            const __m256i none = _mm256_cmpeq_epi32(any, _mm256_setzero_si256());
            const int32_t mask = ~_mm256_movemask_ps(_mm256_castsi256_ps(none));
            for (int32_t k = 0; k < 8 && s + k < steps; k++) {
                if ((mask >> k & 1) == 0)
                    continue;
                if (list->count < QCC_EXCESS_STEPS) {
                    list->at[list->count].ky = (uint16_t)ky;
                    list->at[list->count].step = (uint16_t)(s + k);
                }
                list->count++;
            }
        }
    }
    if (steps > UINT16_MAX && list->count > 0)
        list->count = QCC_EXCESS_STEPS + 1;
}

QCC_INLINE QCC_TARGET_AVX2 __m256i qcc_load_weights__avx2(const int8_t *weights) {
    return _mm256_loadu_si256((const __m256i *)(const void *)weights);
}

/* `count` steps of 4 taps; `wide`, a literal: more than 8 channels. */
QCC_INLINE QCC_TARGET_AVX2 void qcc_conv2d_steps__avx2(int wide, int32_t count, ptrdiff_t stride, const uint8_t *row,
                                                       const int8_t *weights, qcc_conv2d_tile__bytes *t) {
    const __m256i ones = _mm256_set1_epi16(1);
    for (int32_t step = 0; step < count; step++, row += 4, weights += stride) {
        const __m256i w0 = qcc_load_weights__avx2(weights), w1 = wide ? qcc_load_weights__avx2(weights + 32) : w0;
        QCC_UNROLL
        for (int i = 0; i < 4; i++) {
            int32_t quad;
            __builtin_memcpy(&quad, row + t->steps[i], 4);
            const __m256i x = _mm256_set1_epi32(quad);
            t->acc[i][0] = _mm256_add_epi32(t->acc[i][0], _mm256_madd_epi16(_mm256_maddubs_epi16(x, w0), ones));
            QCC_KEEP_VECTOR(t->acc[i][0]);
            if (wide) {
                t->acc[i][1] = _mm256_add_epi32(t->acc[i][1], _mm256_madd_epi16(_mm256_maddubs_epi16(x, w1), ones));
                QCC_KEEP_VECTOR(t->acc[i][1]);
            }
        }
    }
}

/* All steps of a tile, whose first taps are at `rows`. */
QCC_INLINE QCC_TARGET_AVX2 void qcc_conv2d_taps__avx2(const qcc_conv2d_args a, int wide, int32_t first_slot,
                                                      const uint8_t *rows, const int8_t *weights,
                                                      qcc_conv2d_tile__bytes *t) {
    const qcc_conv2d_plan p = qcc_conv2d_make_plan(a);
    const ptrdiff_t stride = (ptrdiff_t)4 * qcc_packed_width(a, 16);
    const int32_t steps = (p.run + 3) / 4;
    for (int32_t ky = 0; ky < a.kernel_height; ky++, weights += steps * stride)
        qcc_conv2d_steps__avx2(wide, steps, stride, rows + qcc_conv2d_band_slot(a, first_slot, ky) * p.row_elements,
                               weights, t);
}

/* `columns` (1..4) output columns times `width` (1..16) channels; the excess is `excess` bytes after the rows. */
QCC_INLINE QCC_TARGET_AVX2 void qcc_conv2d_symmetric_tile__avx2(const qcc_conv2d_args a, int wide, int32_t columns,
                                                                int32_t width, int32_t first_slot, const uint8_t *rows,
                                                                ptrdiff_t excess, const qcc_conv2d_excess *list,
                                                                const int8_t *weights, const int32_t *bias,
                                                                const float *multipliers, void *output, ptrdiff_t at) {
    const qcc_conv2d_plan p = qcc_conv2d_make_plan(a);
    const ptrdiff_t stride = (ptrdiff_t)4 * qcc_packed_width(a, 16);
    const __m256i bias0 = _mm256_loadu_si256((const __m256i *)(const void *)bias);
    const __m256i bias1 = wide ? _mm256_loadu_si256((const __m256i *)(const void *)(bias + 8)) : bias0;
    qcc_conv2d_tile__bytes t;
    qcc_conv2d_tile_steps__bytes(a, columns, &t);
    QCC_UNROLL
    for (int32_t i = 0; i < 4; i++) {
        t.acc[i][0] = bias0;
        t.acc[i][1] = bias1;
    }
    qcc_conv2d_taps__avx2(a, wide, first_slot, rows, weights, &t);
    if (list->count > QCC_EXCESS_STEPS)
        qcc_conv2d_taps__avx2(a, wide, first_slot, rows + excess, weights, &t);
    else
        for (int32_t n = 0; n < list->count; n++) {
            const int32_t ky = list->at[n].ky, step = list->at[n].step;
            const ptrdiff_t slot = qcc_conv2d_band_slot(a, first_slot, ky);
            qcc_conv2d_steps__avx2(wide, 1, stride, rows + excess + slot * p.row_elements + 4 * step,
                                   weights + (ky * ((p.run + 3) / 4) + step) * stride, &t);
        }
    QCC_UNROLL
    for (int32_t i = 0; i < 4; i++)
        if (i < columns)
            qcc_store__avx2(a, width, t.acc[i][0], t.acc[i][1], multipliers, output, at + (ptrdiff_t)i * a.output_step);
}

/* All columns of `count` rows times `width` channels; a list per tile. */
QCC_INLINE QCC_TARGET_AVX2 void
qcc_conv2d_symmetric_columns__avx2(const qcc_conv2d_args a, int wide, int32_t columns, int32_t count, int32_t width,
                                   int32_t first_slot, const uint8_t *rows, ptrdiff_t excess,
                                   const qcc_conv2d_excess *lists, const int8_t *weights, const int32_t *bias,
                                   const float *multipliers, void *output, ptrdiff_t at) {
    const ptrdiff_t line = (ptrdiff_t)a.output_width * a.output_step;
    const ptrdiff_t pixel = qcc_conv2d_make_plan(a).pixel_step;
    for (int32_t y = 0; y < count; y++)
        for (int32_t x = 0; x < columns; x += 4)
            qcc_conv2d_symmetric_tile__avx2(a, wide, qcc_min_i32(4, columns - x), width,
                                            first_slot + y * qcc_conv2d_make_band(a).step, rows + x * pixel, excess,
                                            lists++, weights, bias, multipliers, output,
                                            at + y * line + (ptrdiff_t)x * a.output_step);
}

/* The prepared rows are followed by their safe parts, the excess, and the lists. */
QCC_INLINE QCC_TARGET_AVX2 void qcc_conv2d_symmetric_rows__avx2_bytes(const qcc_conv2d_args a, int32_t columns,
                                                                      int32_t count, int32_t first_slot, uint8_t *rows,
                                                                      const int8_t *weights, const int32_t *bias,
                                                                      const float *multipliers, void *output) {
    const qcc_conv2d_plan p = qcc_conv2d_make_plan(a);
    const qcc_conv2d_band b = qcc_conv2d_make_band(a);
    const int32_t channels = a.output_channels / a.groups;
    const ptrdiff_t block = (ptrdiff_t)a.kernel_height * ((p.run + 3) / 4) * 64;
    const ptrdiff_t excess = (qcc_conv2d_band_elements(a) + 127) / 64 * 64; /* bytes of each part */
    uint8_t *const safe = rows + excess;
    qcc_conv2d_excess *const lists = (qcc_conv2d_excess *)(void *)(safe + 2 * excess);
    qcc_conv2d_split__avx2(a, qcc_conv2d_band_elements(a), rows, safe, safe + excess);
    for (int32_t y = 0, n = 0; y < count; y++)
        for (int32_t x = 0; x < columns; x += 4)
            qcc_conv2d_list__avx2(a, qcc_min_i32(4, columns - x), first_slot + y * b.step,
                                  safe + excess + (ptrdiff_t)x * p.pixel_step, lists + n++);
    int32_t n = 0;
    for (; n + 8 < channels; n += 16)
        qcc_conv2d_symmetric_columns__avx2(a, 1, columns, count, qcc_min_i32(16, channels - n), first_slot, safe,
                                           excess, lists, weights + n / 16 * block, bias + n, multipliers + n, output,
                                           n);
    if (n < channels)
        qcc_conv2d_symmetric_columns__avx2(a, 0, columns, count, channels - n, first_slot, safe, excess, lists,
                                           weights + n / 16 * block, bias + n, multipliers + n, output, n);
}

QCC_CONV2D_PREPARE(avx2_bytes, QCC_TARGET_AVX2, uint8_t)
QCC_CONV2D_BANDS(qcc_conv2d_s8s8_symmetric_4x16c4__avx2, conv2d_symmetric, avx2_bytes, QCC_TARGET_AVX2, uint8_t, 16, 4)

#endif
#endif
