/*
 * Depthwise convolution of int8 by int8 with AVX-512 VNNI. vpdpbusd sums four bytes per 32-bit lane, so a prepared row
 * holds x + 128 with four neighbouring taps of a channel side by side: made once per row by interleaving, read by every
 * kernel row. The bias must hold -128 * sum of the weights (KernelRow.activation_offset).
 *
 * A step computes 64 sums: 64 channels of one output column, or where fewer are left, `fold` columns of 64 / fold
 * channels. Its four vectors are in the order in which interleaving leaves them: lane l of vector j holds the channels
 * 16 l + 4 j to 16 l + 4 j + 3 (of 64 folded ones), so that packing with saturation puts the results in order.
 */
#ifndef QCC_AVX512VNNI_DEPTHWISE_SYMMETRIC_H
#define QCC_AVX512VNNI_DEPTHWISE_SYMMETRIC_H

#include "conv2d_symmetric.h"

#if defined(__x86_64__)

typedef struct {
    __m512i v[4];
} qcc_depthwise_quad;

/* How one block of channels is walked; all literals after inlining. */
typedef struct {
    int32_t channel, width; /* the first channel, and how many */
    int32_t fold;           /* output columns per step */
    int32_t groups;         /* quads of taps in a kernel row */
    int32_t shared;         /* entries from a step's quad of taps to the next quad, or 0: each step has its own */
    int32_t entry_steps;    /* entries of a prepared row per step */
    int32_t row_entries;    /* of a prepared row */
} qcc_depthwise_walk;

QCC_INLINE qcc_depthwise_walk qcc_depthwise_make_walk(const qcc_conv2d_args a, int32_t channel, int32_t width) {
    qcc_depthwise_walk w;
    w.channel = channel;
    w.width = width;
    w.fold = w.width > 32 ? 1 : w.width > 16 ? 2 : 4;
    w.groups = (a.kernel_width + 3) / 4;
    w.shared = a.dilation_x == 1 && 4 % (w.fold * a.stride_x) == 0 ? 4 / (w.fold * a.stride_x) : 0;
    w.entry_steps = w.shared != 0 ? 1 : w.groups;
    const int32_t steps = (a.column_block + w.fold - 1) / w.fold;
    w.row_entries = steps * w.entry_steps + (w.groups - 1) * w.shared;
    return w;
}

/* Where the columns of an input row are; those outside read `padding`. */
typedef struct {
    const int8_t *line, *padding;
} qcc_depthwise_line;

QCC_INLINE const int8_t *qcc_depthwise_pixel(const qcc_conv2d_args a, qcc_depthwise_line l, int32_t column) {
    return column >= 0 && column < a.input_width ? l.line + (ptrdiff_t)column * a.channels : l.padding;
}

/* The taps at `column` of one step: x + 128 of 64 folded channels. May read 63 bytes past the last pixel. */
QCC_INLINE QCC_TARGET_AVX512VNNI __m512i qcc_depthwise_taps__avx512vnni(const qcc_conv2d_args a,
                                                                        const qcc_depthwise_walk w,
                                                                        qcc_depthwise_line l, int32_t column) {
    const __m512i sign = _mm512_set1_epi8((char)0x80);
    const int32_t last = column + (w.fold - 1) * a.stride_x;
    if (w.fold == 1)
        return _mm512_xor_si512(_mm512_loadu_si512(qcc_depthwise_pixel(a, l, column)), sign);
    if (a.stride_x == 1 && a.channels * w.fold == 64 && column >= 0 && last < a.input_width)
        return _mm512_xor_si512(_mm512_loadu_si512(l.line + (ptrdiff_t)column * a.channels), sign);
    if (w.fold == 2) {
        const __m256i low = _mm256_loadu_si256((const void *)qcc_depthwise_pixel(a, l, column));
        const __m256i high = _mm256_loadu_si256((const void *)qcc_depthwise_pixel(a, l, last));
        return _mm512_xor_si512(_mm512_mask_broadcast_i64x4(_mm512_castsi256_si512(low), 0xF0, high), sign);
    }
    __m512i x = _mm512_castsi128_si512(_mm_loadu_si128((const void *)qcc_depthwise_pixel(a, l, column)));
    QCC_UNROLL
    for (int32_t f = 1; f < 4; f++) {
        const int8_t *const from = qcc_depthwise_pixel(a, l, column + f * a.stride_x);
        x = _mm512_mask_broadcast_i32x4(x, (__mmask16)(0xF << (4 * f)), _mm_loadu_si128((const void *)from));
    }
    return _mm512_xor_si512(x, sign);
}

/* Pairs of taps: bytes of `column` and of its neighbour, alternating. */
typedef struct {
    __m512i low, high;
} qcc_depthwise_pairs;

QCC_INLINE QCC_TARGET_AVX512VNNI qcc_depthwise_pairs qcc_depthwise_pairs__avx512vnni(const qcc_conv2d_args a,
                                                                                     const qcc_depthwise_walk w,
                                                                                     qcc_depthwise_line l,
                                                                                     int32_t column) {
    const __m512i first = qcc_depthwise_taps__avx512vnni(a, w, l, column);
    const __m512i second = qcc_depthwise_taps__avx512vnni(a, w, l, column + a.dilation_x);
    const qcc_depthwise_pairs p = {_mm512_unpacklo_epi8(first, second), _mm512_unpackhi_epi8(first, second)};
    return p;
}

QCC_INLINE QCC_TARGET_AVX512VNNI void qcc_depthwise_entry__avx512vnni(uint8_t *to, qcc_depthwise_pairs first,
                                                                      qcc_depthwise_pairs second) {
    _mm512_storeu_si512(to, _mm512_unpacklo_epi16(first.low, second.low));
    _mm512_storeu_si512(to + 64, _mm512_unpackhi_epi16(first.low, second.low));
    _mm512_storeu_si512(to + 128, _mm512_unpacklo_epi16(first.high, second.high));
    _mm512_storeu_si512(to + 192, _mm512_unpackhi_epi16(first.high, second.high));
}

/* Prepares a row (NULL: of padding) for `steps` steps; `column` is the first tap of the first step. */
QCC_INLINE QCC_TARGET_AVX512VNNI void qcc_depthwise_prepare__avx512vnni(const qcc_conv2d_args a,
                                                                        const qcc_depthwise_walk w,
                                                                        qcc_depthwise_line l, int32_t column,
                                                                        int32_t steps, uint8_t *row) {
    const int32_t advance = w.fold * a.stride_x;
    const int32_t entries = steps * w.entry_steps + (w.groups - 1) * w.shared;
    if (l.line == NULL) {
        const __m512i value = _mm512_xor_si512(_mm512_loadu_si512(l.padding), _mm512_set1_epi8((char)0x80));
        for (int32_t i = 0; i < entries * 4; i++)
            _mm512_storeu_si512(row + i * 64, value);
        return;
    }
    if (a.dilation_x == 1 && advance <= 2 && w.entry_steps == 1) {
        /* Pairs serve again one or two columns later. */
        qcc_depthwise_pairs now = qcc_depthwise_pairs__avx512vnni(a, w, l, column);
        qcc_depthwise_pairs next = qcc_depthwise_pairs__avx512vnni(a, w, l, column + 1);
        for (int32_t e = 0; e < entries; e++, row += 256, column += advance) {
            const qcc_depthwise_pairs ahead = qcc_depthwise_pairs__avx512vnni(a, w, l, column + 2);
            qcc_depthwise_entry__avx512vnni(row, now, ahead);
            now = advance == 1 ? next : ahead;
            next = ahead;
        }
        return;
    }
    for (int32_t e = 0; e < entries; e++, row += 256) {
        const int32_t at = column + e / w.entry_steps * advance + e % w.entry_steps * 4 * a.dilation_x;
        qcc_depthwise_entry__avx512vnni(row, qcc_depthwise_pairs__avx512vnni(a, w, l, at),
                                        qcc_depthwise_pairs__avx512vnni(a, w, l, at + 2 * a.dilation_x));
    }
}

/* Four vectors of 16 channels each, in a step's order; missing channels repeat those that there are. */
QCC_INLINE QCC_TARGET_AVX512VNNI qcc_depthwise_quad qcc_depthwise_reorder__avx512vnni(const qcc_depthwise_walk w,
                                                                                      const void *from,
                                                                                      ptrdiff_t stride) {
    const int32_t blocks = (w.width + 15) / 16;
    __m512i v[4];
    QCC_UNROLL
    for (int32_t i = 0; i < 4; i++) {
        const int32_t block = i % (4 / w.fold);
        v[i] = _mm512_loadu_si512((const char *)from + (block < blocks ? block : 0) * stride);
    }
    const __m512i a0 = _mm512_shuffle_i32x4(v[0], v[1], 0x44), a1 = _mm512_shuffle_i32x4(v[0], v[1], 0xEE);
    const __m512i b0 = _mm512_shuffle_i32x4(v[2], v[3], 0x44), b1 = _mm512_shuffle_i32x4(v[2], v[3], 0xEE);
    const qcc_depthwise_quad q = {{_mm512_shuffle_i32x4(a0, b0, 0x88), _mm512_shuffle_i32x4(a0, b0, 0xDD),
                                   _mm512_shuffle_i32x4(a1, b1, 0x88), _mm512_shuffle_i32x4(a1, b1, 0xDD)}};
    return q;
}

/* The 64 results of a step, `columns` (1..fold) of whose output columns exist. */
QCC_INLINE QCC_TARGET_AVX512VNNI void qcc_depthwise_store__avx512vnni(const qcc_conv2d_args a,
                                                                      const qcc_depthwise_walk w, int32_t columns,
                                                                      __m512i bytes, int8_t *output) {
    if (w.width == a.channels && a.channels * w.fold == 64) {
        if (columns == w.fold)
            _mm512_storeu_si512(output, bytes);
        else
            _mm512_mask_storeu_epi8(output, qcc_first_bytes__avx512vnni(columns * a.channels), bytes);
        return;
    }
    if (w.fold == 1)
        _mm512_mask_storeu_epi8(output, qcc_first_bytes__avx512vnni(w.width), bytes);
    const __mmask32 mask = (__mmask32)qcc_first_bytes__avx512vnni(w.width);
    if (w.fold == 2) {
        _mm256_mask_storeu_epi8(output, mask, _mm512_castsi512_si256(bytes));
        if (columns == 2)
            _mm256_mask_storeu_epi8(output + a.channels, mask, _mm512_extracti64x4_epi64(bytes, 1));
    }
    if (w.fold == 4) {
        const __m128i parts[4] = {_mm512_castsi512_si128(bytes), _mm512_extracti32x4_epi32(bytes, 1),
                                  _mm512_extracti32x4_epi32(bytes, 2), _mm512_extracti32x4_epi32(bytes, 3)};
        QCC_UNROLL
        for (int32_t f = 0; f < 4; f++)
            if (f < columns)
                _mm_mask_storeu_epi8(output + (ptrdiff_t)f * a.channels, (__mmask16)mask, parts[f]);
    }
}

/* The same of a float output: back in order, vector by vector. */
QCC_INLINE QCC_TARGET_AVX512VNNI void qcc_depthwise_store_f32__avx512vnni(const qcc_conv2d_args a,
                                                                          const qcc_depthwise_walk w, int32_t columns,
                                                                          const __m512 *values, float *output) {
    _Alignas(64) float ordered[64];
    QCC_UNROLL
    for (int32_t j = 0; j < 4; j++) {
        _mm_store_ps(ordered + 4 * j, _mm512_extractf32x4_ps(values[j], 0));
        _mm_store_ps(ordered + 16 + 4 * j, _mm512_extractf32x4_ps(values[j], 1));
        _mm_store_ps(ordered + 32 + 4 * j, _mm512_extractf32x4_ps(values[j], 2));
        _mm_store_ps(ordered + 48 + 4 * j, _mm512_extractf32x4_ps(values[j], 3));
    }
    for (int32_t f = 0; f < columns; f++)
        __builtin_memcpy(output + (ptrdiff_t)f * a.channels, ordered + f * (64 / w.fold), (size_t)w.width * 4);
}

/* What stays the same for all rows of a block of channels, in a step's order: [kernel row][quad of taps][4]. */
typedef struct {
    qcc_depthwise_quad bias, multipliers;
    const uint8_t *weights;
} qcc_depthwise_constants;

/*
 * The sums of `count` (1 or 2) steps: two share what they load of filters that are too large for registers. `kept` has
 * the first three quads of taps.
 */
QCC_INLINE QCC_TARGET_AVX512VNNI void qcc_depthwise_sums__avx512vnni(const qcc_conv2d_args a,
                                                                     const qcc_depthwise_walk w, int32_t count,
                                                                     const qcc_depthwise_constants *k,
                                                                     const __m512i *kept, const uint8_t *const *rows,
                                                                     ptrdiff_t at, qcc_depthwise_quad *acc) {
    const ptrdiff_t group = (w.shared != 0 ? w.shared : 1) * 256;
    QCC_UNROLL
    for (int32_t i = 0; i < count; i++)
        acc[i] = k->bias;
    QCC_UNROLL
    for (int32_t q = 0; q < a.kernel_height * w.groups; q++) {
        const uint8_t *const from = rows[q / w.groups] + at + q % w.groups * group;
        QCC_UNROLL
        for (int32_t j = 0; j < 4; j++) {
            const __m512i weights = q < 3 ? kept[(q * 4 + j) % 12] : _mm512_loadu_si512(k->weights + (q * 4 + j) * 64);
            QCC_UNROLL
            for (int32_t i = 0; i < count; i++) {
                const __m512i x = _mm512_loadu_si512(from + i * w.entry_steps * 256 + j * 64);
                acc[i].v[j] = _mm512_dpbusd_epi32(acc[i].v[j], x, weights);
            }
        }
    }
}

/*
 * Requantizes and stores a step. Where a product may overflow, clamping to the maximum comes before the conversion
 * (which then saturates only downwards); otherwise limits narrower than int8 come after packing: the same, as they
 * are integers.
 */
QCC_INLINE QCC_TARGET_AVX512VNNI void qcc_depthwise_finish__avx512vnni(const qcc_conv2d_args a,
                                                                       const qcc_depthwise_walk w, int32_t columns,
                                                                       const qcc_depthwise_constants *k,
                                                                       const qcc_depthwise_quad *acc, void *output,
                                                                       ptrdiff_t at) {
    const __m512 highest = _mm512_set1_ps((float)(a.maximum - a.zero_point));
    const __m512i zero_point = _mm512_set1_epi16((int16_t)a.zero_point);
    __m512 scaled[4];
    QCC_UNROLL
    for (int32_t j = 0; j < 4; j++)
        scaled[j] = _mm512_mul_ps(_mm512_cvtepi32_ps(acc->v[j]), _mm512_castsi512_ps(k->multipliers.v[j]));
    if (a.float_output) {
        qcc_depthwise_store_f32__avx512vnni(a, w, columns, scaled, (float *)output + at);
        return;
    }
    __m512i q[4];
    QCC_UNROLL
    for (int32_t j = 0; j < 4; j++)
        q[j] = _mm512_cvtps_epi32(a.no_overflow ? scaled[j] : _mm512_min_ps(scaled[j], highest));
    const __m512i low = _mm512_packs_epi32(q[0], q[1]), high = _mm512_packs_epi32(q[2], q[3]);
    __m512i bytes;
    if (a.zero_point == -128)
        bytes = _mm512_xor_si512(_mm512_packus_epi16(low, high), _mm512_set1_epi8(-128));
    else
        bytes = _mm512_packs_epi16(_mm512_adds_epi16(low, zero_point), _mm512_adds_epi16(high, zero_point));
    if (a.minimum > -128)
        bytes = _mm512_max_epi8(bytes, _mm512_set1_epi8((int8_t)a.minimum));
    if (a.maximum < 127 && a.no_overflow)
        bytes = _mm512_min_epi8(bytes, _mm512_set1_epi8((int8_t)a.maximum));
    qcc_depthwise_store__avx512vnni(a, w, columns, bytes, (int8_t *)output + at);
}

/* One output row of `columns` columns. `rows`: the prepared row of each kernel row. */
QCC_INLINE QCC_TARGET_AVX512VNNI void qcc_depthwise_row__avx512vnni(const qcc_conv2d_args a, const qcc_depthwise_walk w,
                                                                    int32_t columns,
                                                                    const qcc_depthwise_constants *constants,
                                                                    const uint8_t *const *rows, void *output) {
    const qcc_depthwise_constants k = *constants;
    const int32_t together = a.kernel_height * w.groups > 3 ? 2 : 1;
    __m512i kept[12];
    QCC_UNROLL
    for (int32_t i = 0; i < 12; i++)
        kept[i] = i < a.kernel_height * w.groups * 4 ? _mm512_loadu_si512(k.weights + i * 64) : k.bias.v[0];
    ptrdiff_t at = 0;
    int32_t x = 0;
    qcc_depthwise_quad acc[2] = {k.bias, k.bias};
    for (; x + together * w.fold <= columns; x += together * w.fold) {
        qcc_depthwise_sums__avx512vnni(a, w, together, &k, kept, rows, at, acc);
        QCC_UNROLL
        for (int32_t i = 0; i < together; i++)
            qcc_depthwise_finish__avx512vnni(a, w, w.fold, &k, &acc[i], output,
                                             (ptrdiff_t)(x + i * w.fold) * a.channels + w.channel);
        at += (ptrdiff_t)together * w.entry_steps * 256;
    }
    for (; x < columns; x += w.fold, at += (ptrdiff_t)w.entry_steps * 256) {
        qcc_depthwise_sums__avx512vnni(a, w, 1, &k, kept, rows, at, acc);
        qcc_depthwise_finish__avx512vnni(a, w, qcc_min_i32(w.fold, columns - x), &k, &acc[0], output,
                                         (ptrdiff_t)x * a.channels + w.channel);
    }
}

/* One block of channels and of output columns: all rows, top to bottom. `scratch`: the weights, then a ring of rows. */
QCC_INLINE QCC_TARGET_AVX512VNNI void qcc_depthwise_block__avx512vnni(const qcc_conv2d_args a,
                                                                      const qcc_depthwise_walk w, const int8_t *input,
                                                                      const int8_t *weights, const int32_t *bias,
                                                                      const float *multipliers, const int8_t *residual,
                                                                      const int8_t *padding, int32_t first,
                                                                      void *output, uint8_t *scratch) {
    const int32_t columns = qcc_min_i32(a.column_block, a.output_width - first);
    const int32_t steps = (columns + w.fold - 1) / w.fold, quads = a.kernel_height * w.groups;
    const ptrdiff_t row_bytes = (ptrdiff_t)w.row_entries * 256;
    uint8_t *const ring = scratch + quads * 256;
    for (int32_t q = 0; q < quads; q++) {
        const qcc_depthwise_quad taps = qcc_depthwise_reorder__avx512vnni(w, weights + q * 64, (ptrdiff_t)quads * 64);
        for (int32_t j = 0; j < 4; j++)
            _mm512_storeu_si512(scratch + q * 256 + j * 64, taps.v[j]);
    }
    const qcc_depthwise_constants k = {qcc_depthwise_reorder__avx512vnni(w, bias, 64),
                                       qcc_depthwise_reorder__avx512vnni(w, multipliers, 64), scratch};
    int32_t done = 0; /* rows above this one, counted from the top of the padding, are in the ring */
    for (int32_t y = 0; y < a.output_height; y++) {
        const int32_t top = y * a.stride_y;
        const uint8_t *rows[16];
        for (int32_t ky = 0; ky < a.kernel_height; ky++) {
            uint8_t *const row = ring + (a.dilation_y == 1 ? (top + ky) % a.kernel_height : ky) * row_bytes;
            rows[ky] = row;
            if (a.dilation_y == 1 && top + ky < done)
                continue;
            const int32_t iy = top + ky * a.dilation_y - a.pad_top;
            const int inside = iy >= 0 && iy < a.input_height;
            const qcc_depthwise_line line = {
                inside ? input + (ptrdiff_t)iy * a.input_width * a.channels + w.channel : NULL, padding};
            qcc_depthwise_prepare__avx512vnni(a, w, line, first * a.stride_x - a.pad_left, steps, row);
        }
        done = top + a.kernel_height;
        const ptrdiff_t at = ((ptrdiff_t)y * a.output_width + first) * a.channels;
        void *const to = a.float_output ? (void *)((float *)output + at) : (void *)((int8_t *)output + at);
        qcc_depthwise_row__avx512vnni(a, w, columns, &k, rows, to);
        for (int32_t x = 0; residual != NULL && x < columns; x++) {
            const ptrdiff_t pixel = at + (ptrdiff_t)x * a.channels + w.channel;
            qcc_conv2d_residual__avx2(a, residual + pixel, (int8_t *)output + pixel, w.width);
        }
    }
}

/* All rows of all columns, one block of channels after the other. */
QCC_INLINE QCC_TARGET_AVX512VNNI void
qcc_depthwise_channels__avx512vnni(const qcc_conv2d_args a, int32_t channel, int32_t width, const int8_t *input,
                                   const int8_t *weights, const int32_t *bias, const float *multipliers,
                                   const int8_t *residual, const int8_t *padding, void *output, void *scratch) {
    const qcc_depthwise_walk w = qcc_depthwise_make_walk(a, channel, width);
    const ptrdiff_t block = (ptrdiff_t)a.kernel_height * w.groups * 64; /* packed bytes of 16 channels */
    for (int32_t first = 0; first < a.output_width; first += a.column_block)
        qcc_depthwise_block__avx512vnni(a, w, input, weights + channel / 16 * block, bias + channel,
                                        multipliers + channel, residual, padding, first, output, (uint8_t *)scratch);
}

QCC_INLINE QCC_TARGET_AVX512VNNI void qcc_depthwise_s8s8_symmetric_4x16c4__avx512vnni(
    const qcc_conv2d_args a, const int8_t *QCC_RESTRICT input, const int8_t *QCC_RESTRICT weights,
    const int8_t *weight_zero_points, const int32_t *QCC_RESTRICT bias, const float *QCC_RESTRICT multipliers,
    const int8_t *residual, const qcc_dynamic *QCC_RESTRICT dynamic, void *output, void *QCC_RESTRICT scratch) {
    const int32_t zero_point = dynamic != NULL ? (int32_t)dynamic->zero_point : a.input_zero_point;
    const ptrdiff_t input_size = (ptrdiff_t)a.input_height * a.input_width * a.channels;
    const ptrdiff_t output_size = (ptrdiff_t)a.output_height * a.output_width * a.channels;
    _Alignas(64) int8_t padding[64];
    (void)weight_zero_points; /* all are 0 */
    _mm512_storeu_si512(padding, _mm512_set1_epi8((int8_t)zero_point));
    for (ptrdiff_t b = 0; b < a.batch; b++) {
        const int8_t *const from = input + b * input_size;
        const int8_t *const added = residual == NULL ? NULL : residual + b * output_size;
        char *const to = (char *)output + b * output_size * (a.float_output ? 4 : 1);
        int32_t n = 0;
        for (; n + 64 <= a.channels; n += 64)
            qcc_depthwise_channels__avx512vnni(a, n, 64, from, weights, bias, multipliers, added, padding, to, scratch);
        if (a.channels % 64 != 0)
            qcc_depthwise_channels__avx512vnni(a, n, a.channels % 64, from, weights, bias, multipliers, added, padding,
                                               to, scratch);
    }
}

#endif
#endif
