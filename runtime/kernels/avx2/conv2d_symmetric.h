/*
 * Convolution of int8 by int8 with AVX2's product of bytes: pmaddubsw multiplies unsigned activations by signed
 * weights, so prepared rows hold x + a.input_offset, and the bias must hold -a.input_offset * sum of the weights.
 * Weights are in [-127, 127].
 *
 * pmaddubsw saturates the sum of two products to int16. It cannot where two activations are at most 258 in sum, since
 * 258 * 127 < 2^15. Where they are more, what exceeds 129 is taken off them; where one is below 0, which is so only if
 * the offset is less than 128, all of it is. What was taken off is a second set of rows, signed, whose products are
 * added where it is not 0: few steps of a tile, if the offset brings most inputs near 76. A row's steps are found when
 * it is prepared, once for all output rows and channels: one bit for each step of each tile, beside the row. A tile is
 * 4 columns by 16 channels.
 */
#ifndef QCC_AVX2_CONV2D_SYMMETRIC_H
#define QCC_AVX2_CONV2D_SYMMETRIC_H

#include "../portable/conv2d_bands.h"
#include "conv2d.h"

#if defined(__x86_64__)

enum { QCC_SAFE_SUM = 258 };

/* Bytes from a prepared row, whose activations are safe, to what exceeds them; the bits are as far behind. */
QCC_INLINE ptrdiff_t qcc_conv2d_excess__avx2(const qcc_conv2d_args a) {
    return (qcc_conv2d_band_elements(a) + 127) / 64 * 64;
}

/* Steps of 4 taps of a kernel row, and bytes of their bits. */
QCC_INLINE int32_t qcc_conv2d_steps__avx2(const qcc_conv2d_args a) { return (a.kernel_width * a.channels + 3) / 4; }
QCC_INLINE int32_t qcc_conv2d_mask_bytes__avx2(const qcc_conv2d_args a) { return (qcc_conv2d_steps__avx2(a) + 7) / 8; }

/* Bytes of the table behind the weights of 16 channels: codegen/lowerings/paired_steps.py. */
QCC_INLINE ptrdiff_t qcc_conv2d_table_bytes__avx2(const qcc_conv2d_args a) {
    return a.paired_steps ? ((ptrdiff_t)2 * qcc_conv2d_steps__avx2(a) + 2 + 63) / 64 * 64 : 0;
}

QCC_INLINE void qcc_conv2d_fill__avx2_bytes(int32_t offset, uint8_t *row, ptrdiff_t excess, int32_t zero_point,
                                            ptrdiff_t count) {
    const int32_t x = zero_point + offset, safe = qcc_min_i32(qcc_max_i32(x, 0), QCC_SAFE_SUM / 2);
    __builtin_memset(row, safe, (size_t)count);
    __builtin_memset(row + excess, (x - safe) & 0xff, (size_t)count);
}

/* `offset` is 128 if it is a literal. */
QCC_INLINE QCC_TARGET_AVX2 void qcc_conv2d_split__avx2(int32_t offset, __m256i limit, const int8_t *input, uint8_t *row,
                                                       ptrdiff_t excess) {
    const __m256i bytes = _mm256_loadu_si256((const __m256i *)(const void *)input);
    const __m256i from_lowest = _mm256_xor_si256(bytes, _mm256_set1_epi8((char)0x80));
    const __m256i lift = _mm256_set1_epi8((char)(128 - offset));
    const __m256i x = offset == 128 ? from_lowest : _mm256_subs_epu8(from_lowest, lift);
    const __m256i over = _mm256_cmpgt_epi16(_mm256_maddubs_epi16(x, _mm256_set1_epi8(1)), limit);
    const __m256i above = _mm256_and_si256(_mm256_subs_epu8(x, _mm256_set1_epi8((char)(QCC_SAFE_SUM / 2))), over);
    const __m256i rest = offset == 128 ? above : _mm256_sub_epi8(above, _mm256_subs_epu8(lift, from_lowest));
    _mm256_storeu_si256((__m256i *)(void *)row, _mm256_sub_epi8(x, above));
    _mm256_storeu_si256((__m256i *)(void *)(row + excess), rest);
}

/* `count` activations as their safe parts and excess; `odd`: each must be below one half, whatever its neighbour. */
QCC_INLINE QCC_TARGET_AVX2 void qcc_conv2d_take__avx2_bytes(int32_t offset, int odd, uint8_t *row, ptrdiff_t excess,
                                                            const int8_t *input, ptrdiff_t count) {
    const __m256i limit = _mm256_set1_epi16(odd ? -1 : QCC_SAFE_SUM);
    ptrdiff_t i = 0;
    for (; i + 32 <= count; i += 32)
        qcc_conv2d_split__avx2(offset, limit, input + i, row + i, excess);
    if (i < count && count >= 32) {
        qcc_conv2d_split__avx2(offset, limit, input + count - 32, row + count - 32, excess);
        return;
    }
    for (; i < count; i++) {
        const int32_t x = input[i] + offset, other = odd ? QCC_SAFE_SUM : qcc_max_i32(input[i ^ 1] + offset, 0);
        const int32_t most = qcc_max_i32(x, 0) + other > QCC_SAFE_SUM ? QCC_SAFE_SUM / 2 : 255;
        const int32_t safe = qcc_min_i32(qcc_max_i32(x, 0), most);
        row[i] = (uint8_t)safe;
        row[i + excess] = (uint8_t)((x - safe) & 0xff);
    }
}

/* One bit for each step in which one of `columns` columns, whose excess begins at `rows`, has any. */
QCC_INLINE QCC_TARGET_AVX2 void qcc_conv2d_mask__avx2(const qcc_conv2d_args a, int32_t columns, const uint8_t *rows,
                                                      uint8_t *mask) {
    const ptrdiff_t step = qcc_conv2d_make_plan(a).pixel_step;
    const int32_t steps = qcc_conv2d_steps__avx2(a);
    for (int32_t s = 0; s < steps; s += 8, rows += 32) {
        __m256i any = _mm256_loadu_si256((const __m256i *)(const void *)rows);
        QCC_UNROLL
        for (int32_t i = 1; i < columns; i++)
            any = _mm256_or_si256(any, _mm256_loadu_si256((const __m256i *)(const void *)(rows + i * step)));
        const __m256i none = _mm256_cmpeq_epi32(any, _mm256_setzero_si256());
        const int32_t bits = ~_mm256_movemask_ps(_mm256_castsi256_ps(none));
        *mask++ = (uint8_t)(bits & (0xff >> qcc_max_i32(s + 8 - steps, 0)));
    }
}

/* The bits of all tiles of a row, whose first columns are as in qcc_conv2d_symmetric_columns__avx2. */
QCC_INLINE QCC_TARGET_AVX2 void qcc_conv2d_masks__avx2(const qcc_conv2d_args a, int32_t columns, const uint8_t *row,
                                                       uint8_t *masks) {
    const ptrdiff_t step = qcc_conv2d_make_plan(a).pixel_step;
    for (int32_t x = 0; x < columns && columns < 4; x++, masks += qcc_conv2d_mask_bytes__avx2(a))
        qcc_conv2d_mask__avx2(a, 1, row + x * step, masks);
    for (int32_t n = 0; n < columns && columns >= 4; n += 4, masks += qcc_conv2d_mask_bytes__avx2(a))
        qcc_conv2d_mask__avx2(a, 4, row + qcc_min_i32(n, columns - 4) * step, masks);
}

/* A row's taps in order, without those between the columns of a large stride: as QCC_CONV2D_PREPARE does. */
QCC_INLINE QCC_TARGET_AVX2 void qcc_conv2d_prepare_taps__avx2(const qcc_conv2d_args a, int32_t offset, uint8_t *row,
                                                              const int8_t *line, int32_t zero_point, int32_t first,
                                                              int32_t columns) {
    const qcc_conv2d_plan p = qcc_conv2d_make_plan(a);
    const ptrdiff_t pixel = (ptrdiff_t)a.groups * a.channels, excess = qcc_conv2d_excess__avx2(a);
    const int odd = a.channels % 2 != 0; /* pairs of some column begin at odd places of a row */
    uint8_t *to = row;
    if (line == NULL) {
        qcc_conv2d_fill__avx2_bytes(offset, row, excess, zero_point, (ptrdiff_t)(columns - 1) * p.pixel_step + p.run);
    } else if (p.gathered) {
        for (int32_t i = 0; i < columns * a.kernel_width; i++, to += a.channels) {
            const int32_t kx = i % a.kernel_width;
            const int32_t x = (first + i / a.kernel_width) * a.stride_x - a.pad_left + kx * a.dilation_x;
            if (x >= 0 && x < a.input_width)
                qcc_conv2d_take__avx2_bytes(offset, odd, to, excess, line + x * pixel, a.channels);
            else
                qcc_conv2d_fill__avx2_bytes(offset, to, excess, zero_point, a.channels);
        }
    } else {
        const qcc_conv2d_span s = qcc_conv2d_columns(a, first, columns);
        const int32_t runs = a.groups == 1 ? 1 : s.inside; /* of channels of this group */
        const ptrdiff_t run = (ptrdiff_t)s.inside / qcc_max_i32(runs, 1) * a.channels;
        qcc_conv2d_fill__avx2_bytes(offset, to, excess, zero_point, (ptrdiff_t)s.left * a.channels);
        to += (ptrdiff_t)s.left * a.channels;
        for (int32_t i = 0; i < runs; i++, to += run)
            qcc_conv2d_take__avx2_bytes(offset, odd, to, excess, line + (s.first + i) * pixel, run);
        qcc_conv2d_fill__avx2_bytes(offset, to, excess, zero_point, (ptrdiff_t)s.right * a.channels);
    }
}

QCC_INLINE QCC_TARGET_AVX2 void qcc_conv2d_prepare_row__avx2_bytes(const qcc_conv2d_args a, uint8_t *row,
                                                                   const int8_t *line, int32_t zero_point,
                                                                   int32_t first, int32_t columns) {
    const ptrdiff_t excess = qcc_conv2d_excess__avx2(a);
    if (a.input_offset == 128)
        qcc_conv2d_prepare_taps__avx2(a, 128, row, line, zero_point, first, columns);
    else
        qcc_conv2d_prepare_taps__avx2(a, a.input_offset, row, line, zero_point, first, columns);
    qcc_conv2d_masks__avx2(a, columns, row + excess, row + 2 * excess);
}

QCC_INLINE QCC_TARGET_AVX2 void qcc_conv2d_residual__avx2_bytes(const qcc_conv2d_args a, const int8_t *residual,
                                                                int8_t *output, ptrdiff_t count) {
    qcc_conv2d_residual__avx2(a, residual, output, count);
}

/* The sums of 2 x 8 channels of up to 4 columns. */
typedef struct {
    __m256i acc[4][2];
} qcc_conv2d_tile__bytes;

QCC_INLINE QCC_TARGET_AVX2 __m256i qcc_load_weights__avx2(const int8_t *weights) {
    return _mm256_loadu_si256((const __m256i *)(const void *)weights);
}

/* 4 taps of `columns` columns, `pixel` bytes apart; `wide`: more than 8 channels. Both are literals. */
QCC_INLINE QCC_TARGET_AVX2 void qcc_conv2d_step__bytes(int wide, int32_t columns, ptrdiff_t pixel, const uint8_t *row,
                                                       const int8_t *weights, qcc_conv2d_tile__bytes *t) {
    const __m256i ones = _mm256_set1_epi16(1);
    const __m256i w0 = qcc_load_weights__avx2(weights), w1 = wide ? qcc_load_weights__avx2(weights + 32) : w0;
    QCC_UNROLL
    for (int32_t i = 0; i < columns; i++) {
        int32_t quad;
        __builtin_memcpy(&quad, row + i * pixel, 4);
        const __m256i x = _mm256_set1_epi32(quad);
        t->acc[i][0] = _mm256_add_epi32(t->acc[i][0], _mm256_madd_epi16(_mm256_maddubs_epi16(x, w0), ones));
        QCC_KEEP_VECTOR(t->acc[i][0]);
        if (wide) {
            t->acc[i][1] = _mm256_add_epi32(t->acc[i][1], _mm256_madd_epi16(_mm256_maddubs_epi16(x, w1), ones));
            QCC_KEEP_VECTOR(t->acc[i][1]);
        }
    }
}

/* All steps of one kernel row. */
QCC_INLINE QCC_TARGET_AVX2 void qcc_conv2d_taps__bytes(const qcc_conv2d_args a, int wide, int32_t columns,
                                                       const uint8_t *row, const int8_t *weights,
                                                       qcc_conv2d_tile__bytes *t) {
    const ptrdiff_t pixel = qcc_conv2d_make_plan(a).pixel_step, stride = (ptrdiff_t)4 * qcc_packed_width(a, 16);
    const int32_t steps = qcc_conv2d_steps__avx2(a);
    for (int32_t pair = 0; pair < steps / 2; pair++, row += 8, weights += 2 * stride) {
        QCC_OWN_POINTER(row);
        qcc_conv2d_step__bytes(wide, columns, pixel, row, weights, t);
        qcc_conv2d_step__bytes(wide, columns, pixel, row + 4, weights + stride, t);
    }
    if (steps % 2 != 0)
        qcc_conv2d_step__bytes(wide, columns, pixel, row, weights, t);
}

/*
 * 2 x 4 taps of 4 columns, `pixel` bytes apart. Four products at a time are summed in int16: the compiler has proven
 * that they fit, so that 64 products take 5 instructions instead of 6.
 */
QCC_INLINE QCC_TARGET_AVX2 void qcc_conv2d_two_steps__bytes(ptrdiff_t pixel, const uint8_t *x, const uint8_t *y,
                                                            const int8_t *w, const int8_t *v,
                                                            qcc_conv2d_tile__bytes *t) {
    const __m256i ones = _mm256_set1_epi16(1);
    const __m256i w0 = qcc_load_weights__avx2(w), w1 = qcc_load_weights__avx2(w + 32);
    const __m256i v0 = qcc_load_weights__avx2(v);
    QCC_UNROLL
    for (int32_t i = 0; i < 4; i++) {
        int32_t quads[2];
        __builtin_memcpy(quads, x + i * pixel, 4);
        __builtin_memcpy(quads + 1, y + i * pixel, 4);
        const __m256i a = _mm256_set1_epi32(quads[0]), b = _mm256_set1_epi32(quads[1]);
        const __m256i sums0 = _mm256_add_epi16(_mm256_maddubs_epi16(a, w0), _mm256_maddubs_epi16(b, v0));
        t->acc[i][0] = _mm256_add_epi32(t->acc[i][0], _mm256_madd_epi16(sums0, ones));
        QCC_KEEP_VECTOR(t->acc[i][0]);
        const __m256i sums1 =
            _mm256_add_epi16(_mm256_maddubs_epi16(a, w1), _mm256_maddubs_epi16(b, qcc_load_weights__avx2(v + 32)));
        QCC_OWN_POINTER(v); /* or there were one register too few */
        t->acc[i][1] = _mm256_add_epi32(t->acc[i][1], _mm256_madd_epi16(sums1, ones));
        QCC_KEEP_VECTOR(t->acc[i][1]);
    }
}

/*
 * All steps of a tile of 4 columns by 16 channels, in the order of the table behind its weights: how many pairs, the
 * steps of each pair, the steps that are left.
 */
QCC_INLINE QCC_TARGET_AVX2 void qcc_conv2d_paired_taps__bytes(const qcc_conv2d_args a, const uint8_t *row,
                                                              const int8_t *weights, qcc_conv2d_tile__bytes *t) {
    const ptrdiff_t pixel = qcc_conv2d_make_plan(a).pixel_step;
    const int32_t steps = qcc_conv2d_steps__avx2(a);
    const int8_t *table = weights + (ptrdiff_t)steps * 64;
    uint16_t pairs, step[2];
    __builtin_memcpy(&pairs, table, 2);
    table += 2;
    for (const int8_t *const end = table + 4 * (ptrdiff_t)pairs; table != end; table += 4) {
        __builtin_memcpy(step, table, 4);
        const uint8_t *const x = row + (ptrdiff_t)step[0] * 4, *const y = row + (ptrdiff_t)step[1] * 4;
        const int8_t *const w = weights + (ptrdiff_t)step[0] * 64, *const v = weights + (ptrdiff_t)step[1] * 64;
        qcc_conv2d_two_steps__bytes(pixel, x, y, w, v, t);
    }
    for (int32_t i = 2 * pairs; i < steps; i++, table += 2) {
        __builtin_memcpy(step, table, 2);
        qcc_conv2d_step__bytes(1, 4, pixel, row + (ptrdiff_t)step[0] * 4, weights + (ptrdiff_t)step[0] * 64, t);
    }
}

/*
 * The same of an excess that may be negative: its magnitude, times weights that have its sign. The sums of two products
 * are at most 2 * 128 * 127.
 */
QCC_INLINE QCC_TARGET_AVX2 void qcc_conv2d_signed_step__bytes(int wide, int32_t columns, ptrdiff_t pixel,
                                                              const uint8_t *row, const int8_t *weights,
                                                              qcc_conv2d_tile__bytes *t) {
    const __m256i ones = _mm256_set1_epi16(1);
    const __m256i w0 = qcc_load_weights__avx2(weights), w1 = wide ? qcc_load_weights__avx2(weights + 32) : w0;
    QCC_UNROLL
    for (int32_t i = 0; i < columns; i++) {
        int32_t quad;
        __builtin_memcpy(&quad, row + i * pixel, 4);
        const __m256i x = _mm256_set1_epi32(quad), magnitude = _mm256_abs_epi8(x);
        const __m256i sums0 = _mm256_maddubs_epi16(magnitude, _mm256_sign_epi8(w0, x));
        t->acc[i][0] = _mm256_add_epi32(t->acc[i][0], _mm256_madd_epi16(sums0, ones));
        QCC_KEEP_VECTOR(t->acc[i][0]);
        if (wide) {
            const __m256i sums1 = _mm256_maddubs_epi16(magnitude, _mm256_sign_epi8(w1, x));
            t->acc[i][1] = _mm256_add_epi32(t->acc[i][1], _mm256_madd_epi16(sums1, ones));
            QCC_KEEP_VECTOR(t->acc[i][1]);
        }
    }
}

/* The steps of one kernel row that have an excess. */
QCC_INLINE QCC_TARGET_AVX2 void qcc_conv2d_more_taps__bytes(const qcc_conv2d_args a, int wide, int32_t columns,
                                                            const uint8_t *row, const uint8_t *mask,
                                                            const int8_t *weights, qcc_conv2d_tile__bytes *t) {
    const ptrdiff_t pixel = qcc_conv2d_make_plan(a).pixel_step, stride = (ptrdiff_t)4 * qcc_packed_width(a, 16);
    const int32_t bytes = qcc_conv2d_mask_bytes__avx2(a);
    for (int32_t i = 0; i < bytes; i += 8) {
        uint64_t bits;
        __builtin_memcpy(&bits, mask + i, 8);
        bits &= ~(uint64_t)0 >> 8 * qcc_max_i32(i + 8 - bytes, 0);
        for (; bits != 0; bits &= bits - 1) {
            const ptrdiff_t step = 8 * i + __builtin_ctzll(bits);
            if (a.input_offset == 128)
                qcc_conv2d_step__bytes(wide, columns, pixel, row + 4 * step, weights + step * stride, t);
            else
                qcc_conv2d_signed_step__bytes(wide, columns, pixel, row + 4 * step, weights + step * stride, t);
        }
    }
}

/* `columns` (1 or 4, a literal) output columns times `width` (1..16) channels; `masks` is from a row to its bits. */
QCC_INLINE QCC_TARGET_AVX2 void qcc_conv2d_symmetric_tile__avx2(const qcc_conv2d_args a, int wide, int32_t columns,
                                                                int32_t width, int32_t first_slot, const uint8_t *rows,
                                                                const uint8_t *masks, const int8_t *weights,
                                                                const int32_t *bias, const float *multipliers,
                                                                void *output, ptrdiff_t at) {
    const qcc_conv2d_plan p = qcc_conv2d_make_plan(a);
    const ptrdiff_t line = (ptrdiff_t)4 * qcc_packed_width(a, 16) * qcc_conv2d_steps__avx2(a);
    const ptrdiff_t excess = qcc_conv2d_excess__avx2(a);
    const __m256i bias0 = _mm256_loadu_si256((const __m256i *)(const void *)bias);
    const __m256i bias1 = wide ? _mm256_loadu_si256((const __m256i *)(const void *)(bias + 8)) : bias0;
    qcc_conv2d_tile__bytes t;
    QCC_UNROLL
    for (int32_t i = 0; i < 4; i++) {
        t.acc[i][0] = bias0;
        t.acc[i][1] = bias1;
    }
    const int pairs = width == 16 && columns == 4 && a.paired_steps;
    if (pairs)
        qcc_conv2d_paired_taps__bytes(a, rows + qcc_conv2d_band_slot(a, first_slot, 0) * p.row_elements, weights, &t);
    for (int32_t ky = 0; ky < a.kernel_height && !pairs; ky++)
        qcc_conv2d_taps__bytes(a, wide, columns, rows + qcc_conv2d_band_slot(a, first_slot, ky) * p.row_elements,
                               weights + ky * line, &t);
    for (int32_t ky = 0; ky < a.kernel_height; ky++) {
        const ptrdiff_t row = qcc_conv2d_band_slot(a, first_slot, ky) * p.row_elements;
        qcc_conv2d_more_taps__bytes(a, wide, columns, rows + row + excess, masks + row, weights + ky * line, &t);
    }
    const __m256 m0 = _mm256_loadu_ps(multipliers), m1 = wide ? _mm256_loadu_ps(multipliers + 8) : m0;
    QCC_UNROLL
    for (int32_t i = 0; i < columns; i += 2)
        qcc_store_two__avx2(a, width, i + 1 < columns, t.acc[i], t.acc[i + 1], m0, m1, output,
                            at + (ptrdiff_t)i * a.output_step);
}

/* All columns of `count` rows times `width` channels. The last tile of a row begins earlier rather than to be short. */
QCC_INLINE QCC_TARGET_AVX2 void qcc_conv2d_symmetric_columns__avx2(const qcc_conv2d_args a, int wide, int32_t columns,
                                                                   int32_t count, int32_t width, int32_t first_slot,
                                                                   const uint8_t *rows, const int8_t *weights,
                                                                   const int32_t *bias, const float *multipliers,
                                                                   void *output, ptrdiff_t at) {
    const ptrdiff_t line = (ptrdiff_t)a.output_width * a.output_step;
    const ptrdiff_t pixel = qcc_conv2d_make_plan(a).pixel_step;
    /* The next channels' weights come from afar: each tile fetches a part of them into the second-level cache. */
    const ptrdiff_t bytes = 4 * a.kernel_height * (ptrdiff_t)qcc_packed_width(a, 16) * qcc_conv2d_steps__avx2(a) +
                            qcc_conv2d_table_bytes__avx2(a);
    const ptrdiff_t part = (bytes / (qcc_max_i32(columns / 4, 1) * count) + 64) / 64 * 64;
    const int8_t *next = weights + bytes, *const end = next + bytes;
    for (int32_t y = 0; y < count; y++, at += line, first_slot += qcc_conv2d_make_band(a).step) {
        const uint8_t *masks = rows + 2 * qcc_conv2d_excess__avx2(a);
        for (int32_t x = 0; x < columns && columns < 4; x++, masks += qcc_conv2d_mask_bytes__avx2(a))
            qcc_conv2d_symmetric_tile__avx2(a, wide, 1, width, first_slot, rows + x * pixel, masks, weights, bias,
                                            multipliers, output, at + (ptrdiff_t)x * a.output_step);
        for (int32_t n = 0; n < columns && columns >= 4; n += 4, masks += qcc_conv2d_mask_bytes__avx2(a)) {
            const int32_t x = qcc_min_i32(n, columns - 4);
            for (ptrdiff_t i = 0; i < part && next < end; i += 64, next += 64)
                _mm_prefetch((const char *)next, _MM_HINT_T1);
            qcc_conv2d_symmetric_tile__avx2(a, wide, 4, width, first_slot, rows + x * pixel, masks, weights, bias,
                                            multipliers, output, at + (ptrdiff_t)x * a.output_step);
        }
    }
}

QCC_INLINE QCC_TARGET_AVX2 void qcc_conv2d_symmetric_rows__avx2_bytes(const qcc_conv2d_args a, int32_t columns,
                                                                      int32_t count, int32_t first_slot, uint8_t *rows,
                                                                      const int8_t *weights, const int32_t *bias,
                                                                      const float *multipliers, void *output) {
    const int32_t channels = a.output_channels / a.groups;
    const ptrdiff_t block =
        (ptrdiff_t)a.kernel_height * qcc_conv2d_steps__avx2(a) * 64 + qcc_conv2d_table_bytes__avx2(a);
    int32_t n = 0;
    for (; n + 16 <= channels; n += 16)
        qcc_conv2d_symmetric_columns__avx2(a, 1, columns, count, 16, first_slot, rows, weights + n / 16 * block,
                                           bias + n, multipliers + n, output, n);
    /* Of less than 16 channels steps are not paired: less code. */
    if (n + 8 < channels)
        qcc_conv2d_symmetric_columns__avx2(a, 1, columns, count, qcc_min_i32(channels - n, 15), first_slot, rows,
                                           weights + n / 16 * block, bias + n, multipliers + n, output, n);
    else if (n < channels)
        qcc_conv2d_symmetric_columns__avx2(a, 0, columns, count, channels - n, first_slot, rows,
                                           weights + n / 16 * block, bias + n, multipliers + n, output, n);
}

QCC_CONV2D_BANDS(qcc_conv2d_s8s8_symmetric_4x16c4__avx2, conv2d_symmetric, avx2_bytes, QCC_TARGET_AVX2, uint8_t, 16, 4)

#endif
#endif
