/*
 * Depthwise convolution of int8 by int8 with AVX2. A prepared row holds two input rows, one below the other, as pairs
 * of int16, which pmaddwd multiplies with two taps of a kernel column: 4 columns by 8 channels at a time. Pairs begin
 * at even rows, counted from the top of the padding, so that each is prepared once for all kernel columns and, in a
 * ring, for all output rows that read it; for an output row that begins at an odd row, weights are one row lower in the
 * pairs. (With a dilation, pairs are rows that far apart, prepared for every output row.)
 *
 * What surrounds is 64 channels and a block of columns, so that the ring stays in a first-level cache. Weights are
 * packed as [C/16][kernel_height/2][kernel_width][16][2].
 *
 * scratch: the weights of 64 channels as int16 for even rows, then for odd ones; the ring; which pair is in a slot of
 * it.
 */
#ifndef QCC_AVX2_DEPTHWISE_H
#define QCC_AVX2_DEPTHWISE_H

#include "conv2d.h"

#if defined(__x86_64__)

enum { QCC_DEPTHWISE_CHANNELS = 64 };

/* PairedRowsGeometry of codegen/lowerings/paired_rows.py has the same sizes. */
typedef struct {
    int32_t blocks;     /* of 16 channels that are computed together */
    int32_t pairs;      /* of kernel rows, packed; the last one may lack its second */
    int32_t slots;      /* of the ring */
    int32_t span;       /* input columns that a block of output columns reads */
    ptrdiff_t elements; /* int16 of 16 channels of a prepared row */
    ptrdiff_t packed;   /* packed weights of 16 channels */
    ptrdiff_t taps;     /* int16 of 16 channels' weights in scratch, of one parity */
} qcc_depthwise_plan__avx2;

QCC_INLINE qcc_depthwise_plan__avx2 qcc_depthwise_make_plan__avx2(const qcc_conv2d_args a) {
    qcc_depthwise_plan__avx2 p;
    p.blocks = qcc_min_i32(QCC_DEPTHWISE_CHANNELS, a.channels + 15) / 16;
    p.pairs = (a.kernel_height + 1) / 2;
    p.slots = a.kernel_height / 2 + 1;
    p.span = (a.column_block - 1) * a.stride_x + (a.kernel_width - 1) * a.dilation_x + 1;
    p.elements = (ptrdiff_t)p.span * 32;
    p.packed = (ptrdiff_t)p.pairs * a.kernel_width * 32;
    p.taps = (ptrdiff_t)p.slots * a.kernel_width * 32;
    return p;
}

QCC_INLINE QCC_TARGET_AVX2 __m256i qcc_depthwise_words__avx2(const int16_t *from) {
    return _mm256_loadu_si256((const __m256i *)(const void *)from);
}

/* Sixteen channels of weights less their zero points, widened; then the same one row lower. */
QCC_INLINE QCC_TARGET_AVX2 void qcc_depthwise_weights__avx2(const qcc_conv2d_args a, const int8_t *weights,
                                                            const int8_t *zero_points, int16_t *even, int16_t *odd) {
    const qcc_depthwise_plan__avx2 p = qcc_depthwise_make_plan__avx2(a);
    const ptrdiff_t row = (ptrdiff_t)a.kernel_width * 32;
    __m256i low = _mm256_setzero_si256(), high = low;
    if (zero_points != NULL) {
        const __m256i zeros = _mm256_permute4x64_epi64(qcc_load_i8_as_i16__avx2(zero_points), 0xd8);
        low = _mm256_unpacklo_epi16(zeros, zeros);
        high = _mm256_unpackhi_epi16(zeros, zeros);
    }
    for (ptrdiff_t i = 0; i < p.packed; i += 32) {
        const __m256i w0 = qcc_load_i8_as_i16__avx2(weights + i), w1 = qcc_load_i8_as_i16__avx2(weights + i + 16);
        _mm256_storeu_si256((__m256i *)(void *)(even + i), _mm256_sub_epi16(w0, low));
        _mm256_storeu_si256((__m256i *)(void *)(even + i + 16), _mm256_sub_epi16(w1, high));
    }
    if (a.dilation_y != 1 || a.stride_y % 2 == 0)
        return;
    for (ptrdiff_t i = 0; i < p.taps; i += 16) {
        const __m256i zero = _mm256_setzero_si256();
        const __m256i upper = i < row ? zero : qcc_depthwise_words__avx2(even + i - row);
        const __m256i lower = i < p.packed ? qcc_depthwise_words__avx2(even + i) : zero;
        _mm256_storeu_si256((__m256i *)(void *)(odd + i),
                            _mm256_or_si256(_mm256_srli_epi32(upper, 16), _mm256_slli_epi32(lower, 16)));
    }
}

QCC_INLINE QCC_TARGET_AVX2 __m128i qcc_depthwise_load__avx2(const int8_t *from, int32_t width) {
    int8_t values[16] = {0};
    if (width == 16)
        return _mm_loadu_si128((const __m128i *)(const void *)from);
    if (width == 8)
        return _mm_loadl_epi64((const __m128i *)(const void *)from);
    for (int32_t i = 0; i < qcc_min_i32(16, width); i++) /* gcc does not see that it is at most 16 */
        values[i] = from[i];
    return _mm_loadu_si128((const __m128i *)(const void *)values);
}

QCC_INLINE QCC_TARGET_AVX2 void qcc_depthwise_interleave__avx2(int16_t *to, __m128i upper, __m128i lower) {
    _mm256_storeu_si256((__m256i *)(void *)to, _mm256_cvtepi8_epi16(_mm_unpacklo_epi8(upper, lower)));
    _mm256_storeu_si256((__m256i *)(void *)(to + 16), _mm256_cvtepi8_epi16(_mm_unpackhi_epi8(upper, lower)));
}

/*
 * `width` (1..16) channels of two input rows, the zero point where there is none: `row` is where `upper` is, counted
 * from the top of the input, and `input` points at the channels.
 */
QCC_INLINE QCC_TARGET_AVX2 void qcc_depthwise_prepare__avx2(const qcc_conv2d_args a, int32_t width, int32_t row,
                                                            const int8_t *input, int32_t zero_point, int32_t first,
                                                            int32_t columns, int16_t *to) {
    const int32_t span = (columns - 1) * a.stride_x + (a.kernel_width - 1) * a.dilation_x + 1;
    const int32_t begin = first * a.stride_x - a.pad_left, next = row + a.dilation_y;
    const int32_t inside = qcc_max_i32(qcc_min_i32(begin + span, a.input_width), begin);
    const __m128i zero = _mm_set1_epi8((int8_t)zero_point);
    const ptrdiff_t line = (ptrdiff_t)a.input_width * a.channels;
    const int8_t *const upper = row >= 0 && row < a.input_height ? input + row * line : NULL;
    const int8_t *const lower = next >= 0 && next < a.input_height ? input + next * line : NULL;
    int32_t x = begin;
    for (; x < qcc_min_i32(0, begin + span); x++, to += 32)
        qcc_depthwise_interleave__avx2(to, zero, zero);
    if (upper != NULL && lower != NULL)
        for (; x < inside; x++, to += 32)
            qcc_depthwise_interleave__avx2(to, qcc_depthwise_load__avx2(upper + (ptrdiff_t)x * a.channels, width),
                                           qcc_depthwise_load__avx2(lower + (ptrdiff_t)x * a.channels, width));
    for (; x < inside; x++, to += 32) {
        const ptrdiff_t at = (ptrdiff_t)x * a.channels;
        qcc_depthwise_interleave__avx2(to, upper != NULL ? qcc_depthwise_load__avx2(upper + at, width) : zero,
                                       lower != NULL ? qcc_depthwise_load__avx2(lower + at, width) : zero);
    }
    for (; x < begin + span; x++, to += 32)
        qcc_depthwise_interleave__avx2(to, zero, zero);
}

/* The rows of the ring that an output row reads, and its weights. */
typedef struct {
    int32_t pairs, first_slot;
    const int16_t *ring; /* from the first channel and the first column on */
    ptrdiff_t row;       /* int16 from one slot to the next */
    const int16_t *weights;
} qcc_depthwise_taps__avx2;

QCC_INLINE QCC_TARGET_AVX2 void qcc_depthwise_store__avx2(const qcc_conv2d_args a, int32_t columns, int32_t width,
                                                          const __m256i *acc, __m256 multipliers, void *output,
                                                          ptrdiff_t at) {
    if (a.float_output) {
        QCC_UNROLL
        for (int32_t i = 0; i < columns; i++) {
            float values[8];
            _mm256_storeu_ps(values, _mm256_mul_ps(_mm256_cvtepi32_ps(acc[i]), multipliers));
            __builtin_memcpy((float *)output + at + (ptrdiff_t)i * a.output_step, values, (size_t)width * 4);
        }
        return;
    }
    __m256i q[4];
    QCC_UNROLL
    for (int32_t i = 0; i < 4; i++)
        q[i] = qcc_requantize__avx2(a, acc[i], multipliers);
    const __m256i words0 = qcc_requantized_words__avx2(a, q[0], q[1]),
                  words1 = qcc_requantized_words__avx2(a, q[2], q[3]);
    __m256i bytes = _mm256_packs_epi16(words0, words1);
    if (a.minimum > -128 || a.maximum < 127)
        bytes = qcc_clamp_bytes__avx2(a, bytes);
    const __m256i ordered = _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
    const __m128i halves[2] = {_mm256_castsi256_si128(ordered), _mm256_extracti128_si256(ordered, 1)};
    QCC_UNROLL
    for (int32_t i = 0; i < columns; i++) {
        int8_t *const to = (int8_t *)output + at + (ptrdiff_t)i * a.output_step;
        if (width == 8 && i % 2 != 0)
            _mm_storeh_pi((__m64 *)(void *)to, _mm_castsi128_ps(halves[i / 2]));
        else
            qcc_store_bytes__avx2(to, width,
                                  i % 2 == 0 ? halves[i / 2] : _mm_unpackhi_epi64(halves[i / 2], halves[i / 2]));
    }
}

/* `columns` (1 or 4, a literal) columns, from `first` on, by `width` (1..8) channels. */
QCC_INLINE QCC_TARGET_AVX2 void qcc_depthwise_tile__avx2(const qcc_conv2d_args a, int32_t columns, int32_t first,
                                                         int32_t width, qcc_depthwise_taps__avx2 t, __m256i bias,
                                                         __m256 multipliers, void *output, ptrdiff_t at) {
    const int32_t slots = qcc_depthwise_make_plan__avx2(a).slots;
    const ptrdiff_t step = (ptrdiff_t)a.stride_x * 32;
    const int16_t *from = t.ring + first * step + t.first_slot * t.row, *weights = t.weights;
    __m256i acc[4];
    QCC_UNROLL
    for (int32_t i = 0; i < 4; i++)
        acc[i] = bias;
    for (int32_t j = 0; j < t.pairs; j++) {
        QCC_UNROLL
        for (int32_t kx = 0; kx < a.kernel_width; kx++, weights += 32) {
            const __m256i w = qcc_depthwise_words__avx2(weights);
            const int16_t *const tap = from + (ptrdiff_t)kx * a.dilation_x * 32;
            QCC_UNROLL
            for (int32_t i = 0; i < columns; i++) {
                acc[i] = _mm256_add_epi32(acc[i], _mm256_madd_epi16(qcc_depthwise_words__avx2(tap + i * step), w));
                QCC_KEEP_VECTOR(acc[i]);
            }
        }
        from += t.first_slot + j + 1 == slots ? t.row * (1 - slots) : t.row;
    }
    qcc_depthwise_store__avx2(a, columns, width, acc, multipliers, output, at + (ptrdiff_t)first * a.output_step);
}

/* One output row times `width` (1..8) channels. The last tile begins earlier rather than to be short by one. */
QCC_INLINE QCC_TARGET_AVX2 void qcc_depthwise_columns__avx2(const qcc_conv2d_args a, int32_t columns, int32_t width,
                                                            qcc_depthwise_taps__avx2 t, const int32_t *bias,
                                                            const float *multipliers, void *output, ptrdiff_t at) {
    const __m256i start = _mm256_loadu_si256((const __m256i *)(const void *)bias);
    const __m256 scale = _mm256_loadu_ps(multipliers);
    const int32_t tiles = columns / 4 + (columns > 4 && columns % 4 == 3);
    for (int32_t i = 0; i < tiles; i++)
        qcc_depthwise_tile__avx2(a, 4, qcc_min_i32(i * 4, columns - 4), width, t, start, scale, output, at);
    for (int32_t x = tiles * 4; x < columns; x++)
        qcc_depthwise_tile__avx2(a, 1, x, width, t, start, scale, output, at);
}

/* Those of the `count` pairs from row `top` of the padded input on that are not in the ring: `which` says what is. */
QCC_INLINE QCC_TARGET_AVX2 void qcc_depthwise_fetch__avx2(const qcc_conv2d_args a, int32_t top, int32_t count,
                                                          int32_t channels, const int8_t *input, int32_t zero_point,
                                                          int32_t first, int32_t columns, int32_t *which,
                                                          int16_t *ring) {
    const qcc_depthwise_plan__avx2 p = qcc_depthwise_make_plan__avx2(a);
    for (int32_t j = 0; j < count; j++) {
        const int32_t row = top + 2 * j * a.dilation_y;
        const int32_t slot = a.dilation_y == 1 ? row / 2 % p.slots : j;
        if (which[slot] == row)
            continue;
        which[slot] = row;
        for (int32_t n = 0; n * 16 < channels; n++) {
            int16_t *const to = ring + (slot * (ptrdiff_t)p.blocks + n) * p.elements;
            const int32_t width = channels - n * 16;
            if (width >= 16)
                qcc_depthwise_prepare__avx2(a, 16, row - a.pad_top, input + n * 16, zero_point, first, columns, to);
            else if (width == 8)
                qcc_depthwise_prepare__avx2(a, 8, row - a.pad_top, input + n * 16, zero_point, first, columns, to);
            else
                qcc_depthwise_prepare__avx2(a, width, row - a.pad_top, input + n * 16, zero_point, first, columns, to);
        }
    }
}

/* One output row of `channels` channels, from column `at / a.output_step` on; `taps`: of 16 channels. */
QCC_INLINE QCC_TARGET_AVX2 void qcc_depthwise_row__avx2(const qcc_conv2d_args a, int32_t channels, int32_t columns,
                                                        qcc_depthwise_taps__avx2 t, ptrdiff_t taps, const int32_t *bias,
                                                        const float *multipliers, void *output, ptrdiff_t at) {
    const ptrdiff_t elements = qcc_depthwise_make_plan__avx2(a).elements;
    for (int32_t n = 0; n < channels; n += 8) {
        qcc_depthwise_taps__avx2 some = t;
        some.ring += n / 16 * elements + n % 16 * 2;
        some.weights += n / 16 * taps + n % 16 * 2;
        if (n + 8 <= channels)
            qcc_depthwise_columns__avx2(a, columns, 8, some, bias + n, multipliers + n, output, at + n);
        else
            qcc_depthwise_columns__avx2(a, columns, channels - n, some, bias + n, multipliers + n, output, at + n);
    }
}

/* One block of columns and of channels: all output rows. `input` and `output` point at the channels of an image. */
QCC_INLINE QCC_TARGET_AVX2 void qcc_depthwise_block__avx2(const qcc_conv2d_args a, int32_t channels, int32_t first,
                                                          const int8_t *input, const int8_t *weights,
                                                          const int8_t *weight_zero_points, const int32_t *bias,
                                                          const float *multipliers, const int8_t *residual,
                                                          int32_t zero_point, void *output, int16_t *scratch) {
    const qcc_depthwise_plan__avx2 p = qcc_depthwise_make_plan__avx2(a);
    const int32_t columns = qcc_min_i32(a.column_block, a.output_width - first);
    int16_t *const odd = scratch + p.blocks * p.taps, *const ring = odd + p.blocks * p.taps;
    int32_t *const which = (int32_t *)(void *)(ring + (ptrdiff_t)p.slots * p.blocks * p.elements);
    for (int32_t slot = 0; slot < p.slots; slot++)
        which[slot] = -1;
    for (int32_t n = 0; n < channels; n += 16)
        qcc_depthwise_weights__avx2(a, weights + n / 16 * p.packed,
                                    weight_zero_points == NULL ? NULL : weight_zero_points + n,
                                    scratch + n / 16 * p.taps, odd + n / 16 * p.taps);
    for (int32_t y = 0; y < a.output_height; y++) {
        const ptrdiff_t at = ((ptrdiff_t)y * a.output_width + first) * a.output_step;
        const int32_t top = y * a.stride_y, is_odd = a.dilation_y == 1 ? top % 2 : 0;
        const qcc_depthwise_taps__avx2 t = {is_odd ? p.slots : p.pairs, a.dilation_y == 1 ? top / 2 % p.slots : 0, ring,
                                            p.blocks * p.elements, is_odd ? odd : scratch};
        if (a.dilation_y != 1)
            for (int32_t slot = 0; slot < p.slots; slot++)
                which[slot] = -1;
        qcc_depthwise_fetch__avx2(a, top - is_odd, t.pairs, channels, input, zero_point, first, columns, which, ring);
        qcc_depthwise_row__avx2(a, channels, columns, t, p.taps, bias, multipliers, output, at);
        if (residual != NULL)
            for (ptrdiff_t x = 0; x < columns; x++)
                qcc_conv2d_residual__avx2(a, residual + at + x * a.output_step,
                                          (int8_t *)output + at + x * a.output_step, channels);
    }
}

QCC_INLINE QCC_TARGET_AVX2 void
qcc_depthwise_s8s8_4x16c2__avx2(const qcc_conv2d_args a, const int8_t *QCC_RESTRICT input,
                                const int8_t *QCC_RESTRICT weights, const int8_t *QCC_RESTRICT weight_zero_points,
                                const int32_t *QCC_RESTRICT bias, const float *QCC_RESTRICT multipliers,
                                const int8_t *residual, const qcc_dynamic *QCC_RESTRICT dynamic, void *output,
                                void *QCC_RESTRICT scratch) {
    const int32_t zero_point = dynamic != NULL ? (int32_t)dynamic->zero_point : a.input_zero_point;
    const ptrdiff_t input_size = (ptrdiff_t)a.input_height * a.input_width * a.channels;
    const ptrdiff_t output_size = (ptrdiff_t)a.output_height * a.output_width * a.output_step;
    const ptrdiff_t packed = qcc_depthwise_make_plan__avx2(a).packed;
    for (int32_t b = 0; b < a.batch; b++)
        for (int32_t n = 0; n < a.channels; n += QCC_DEPTHWISE_CHANNELS)
            for (int32_t first = 0; first < a.output_width; first += a.column_block)
                qcc_depthwise_block__avx2(
                    a, qcc_min_i32(QCC_DEPTHWISE_CHANNELS, a.channels - n), first, input + b * input_size + n,
                    weights + n / 16 * packed, weight_zero_points == NULL ? NULL : weight_zero_points + n, bias + n,
                    multipliers + n, residual == NULL ? NULL : residual + b * output_size + n, zero_point,
                    (char *)output + (b * output_size + n) * (a.float_output ? 4 : 1), (int16_t *)scratch);
}

#endif
#endif
