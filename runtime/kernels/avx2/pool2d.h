/* Pooling and means of int8 with AVX2: windows are walked with the channels in registers, sums requantized four at a
 * time. */
#ifndef QCC_AVX2_POOL2D_H
#define QCC_AVX2_POOL2D_H

#include "../portable/reduce.h"
#include "rne_shift64.h"

#if defined(__x86_64__)

/* The maxima of `vectors` (a literal) times 32 channels over a window. */
QCC_INLINE QCC_TARGET_AVX2 void qcc_max_window__avx2(const qcc_taps taps, int32_t vectors, const int8_t *from,
                                                     int8_t *to) {
    __m256i greatest[4];
    QCC_UNROLL
    for (int32_t v = 0; v < 4; ++v)
        greatest[v] = _mm256_set1_epi8(-128);
    for (int32_t row = 0; row < taps.rows; ++row) {
        for (int32_t column = 0; column < taps.columns; ++column) {
            const int8_t *tap = from + row * taps.row_step + column * taps.column_step;
            QCC_UNROLL
            for (int32_t v = 0; v < vectors; ++v)
                greatest[v] = _mm256_max_epi8(greatest[v], _mm256_loadu_si256((const void *)(tap + 32 * v)));
        }
    }
    QCC_UNROLL
    for (int32_t v = 0; v < vectors; ++v)
        _mm256_storeu_si256((void *)(to + 32 * v), greatest[v]);
}

/* Channels that fill no vector are taken with those before them, once more. */
QCC_INLINE QCC_TARGET_AVX2 void qcc_max_pixel__avx2(const qcc_taps taps, int32_t channels, const int8_t *from,
                                                    int8_t *to) {
    int32_t c = 0;
    for (; c + 128 <= channels; c += 128)
        qcc_max_window__avx2(taps, 4, from + c, to + c);
    for (; c + 64 <= channels; c += 64)
        qcc_max_window__avx2(taps, 2, from + c, to + c);
    for (; c + 32 <= channels; c += 32)
        qcc_max_window__avx2(taps, 1, from + c, to + c);
    if (c < channels)
        qcc_max_window__avx2(taps, 1, from + channels - 32, to + channels - 32);
}

QCC_INLINE QCC_TARGET_AVX2 void qcc_max_pool2d_s8__avx2(const qcc_pool2d_args a, const int8_t *QCC_RESTRICT input,
                                                        int8_t *QCC_RESTRICT output) {
    if (a.channels < 32) {
        qcc_max_pool2d_s8__portable(a, input, output);
        return;
    }
    for (int64_t pixel = 0; pixel < qcc_pool2d_pixels(&a); ++pixel, output += a.channels) {
        qcc_taps taps = qcc_window_taps(&a, pixel);
        if (taps.rows != a.kernel_height || taps.columns != a.kernel_width) {
            qcc_max_pixel__avx2(taps, a.channels, input + taps.offset, output);
            continue;
        }
        taps.rows = a.kernel_height; /* literals, as most windows are whole */
        taps.columns = a.kernel_width;
        qcc_max_pixel__avx2(taps, a.channels, input + taps.offset, output);
    }
}

/* Four sums: qcc_requantize_sum, clamped in int64. Shifts by at most 60. */
QCC_INLINE QCC_TARGET_AVX2 __m256i qcc_requantize_sums_4__avx2(const int32_t *sums, int32_t multiplier, int32_t shift,
                                                               __m256i low, __m256i high) {
    const __m256i wide = _mm256_cvtepi32_epi64(_mm_loadu_si128((const void *)sums));
    const __m256i scaled = qcc_rne_shift64__avx2(_mm256_mul_epi32(wide, _mm256_set1_epi64x(multiplier)), shift);
    const __m256i raised = _mm256_blendv_epi8(scaled, low, _mm256_cmpgt_epi64(low, scaled));
    return _mm256_blendv_epi8(raised, high, _mm256_cmpgt_epi64(raised, high));
}

QCC_INLINE QCC_TARGET_AVX2 void qcc_requantize_sums__avx2(const int32_t *sums, int64_t count, int32_t multiplier,
                                                          int32_t shift, int32_t zero_point, int32_t minimum,
                                                          int32_t maximum, int8_t *output) {
    const int64_t vectors = shift > 60 ? 0 : count - count % 8;
    const __m256i low = _mm256_set1_epi64x(minimum - zero_point), high = _mm256_set1_epi64x(maximum - zero_point);
    for (int64_t i = 0; i < vectors; i += 8) {
        const __m256i first = qcc_requantize_sums_4__avx2(sums + i, multiplier, shift, low, high);
        const __m256i second = qcc_requantize_sums_4__avx2(sums + i + 4, multiplier, shift, low, high);
        const __m256 halves = _mm256_shuffle_ps(_mm256_castsi256_ps(first), _mm256_castsi256_ps(second), 0x88);
        const __m256i ordered = _mm256_permute4x64_epi64(_mm256_castps_si256(halves), 0xD8);
        const __m256i numbers = _mm256_add_epi32(ordered, _mm256_set1_epi32(zero_point));
        const __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(numbers), _mm256_extracti128_si256(numbers, 1));
        _mm_storel_epi64((void *)(output + i), _mm_packs_epi16(words, words));
    }
    for (int64_t i = vectors; i < count; ++i)
        output[i] = qcc_requantize_sum(sums[i], multiplier, shift, zero_point, minimum, maximum);
}

/* sums += each byte */
QCC_INLINE QCC_TARGET_AVX2 void qcc_add_bytes_16__avx2(int32_t *sums, __m256i words) {
    __m256i *const to = (__m256i *)(void *)sums;
    const __m256i low = _mm256_cvtepi16_epi32(_mm256_castsi256_si128(words));
    const __m256i high = _mm256_cvtepi16_epi32(_mm256_extracti128_si256(words, 1));
    _mm256_storeu_si256(to, _mm256_add_epi32(_mm256_loadu_si256(to), low));
    _mm256_storeu_si256(to + 1, _mm256_add_epi32(_mm256_loadu_si256(to + 1), high));
}

/* sums[c] += the sum of `count` (at most 256) elements that lie `step` apart, for 16 channels */
QCC_INLINE QCC_TARGET_AVX2 void qcc_add_column_16__avx2(int32_t *sums, const int8_t *from, int64_t count,
                                                        int64_t step) {
    __m256i words = _mm256_setzero_si256();
    for (int64_t i = 0; i < count; ++i)
        words = _mm256_add_epi16(words, _mm256_cvtepi8_epi16(_mm_loadu_si128((const void *)(from + i * step))));
    qcc_add_bytes_16__avx2(sums, words);
}

QCC_INLINE QCC_TARGET_AVX2 void qcc_avg_pool2d_s8__avx2(const qcc_pool2d_args a, const int8_t *QCC_RESTRICT input,
                                                        const int32_t *QCC_RESTRICT multipliers,
                                                        int8_t *QCC_RESTRICT output) {
    for (int64_t pixel = 0; pixel < qcc_pool2d_pixels(&a); ++pixel, output += a.channels) {
        const qcc_taps taps = qcc_window_taps(&a, pixel);
        const int32_t count = taps.rows * taps.columns;
        const int32_t multiplier = multipliers[a.count_include_pad ? a.kernel_height * a.kernel_width : count];
        for (int32_t start = 0; start < a.channels; start += QCC_POOL_CHANNELS) {
            const int32_t width = qcc_min_i32(QCC_POOL_CHANNELS, a.channels - start), vectors = width - width % 16;
            int32_t sums[QCC_POOL_CHANNELS];
            for (int32_t c = 0; c < width; ++c)
                sums[c] = -count * a.input_zero_point;
            for (int32_t ky = 0; ky < taps.rows; ++ky) {
                const int8_t *row = input + taps.offset + ky * taps.row_step + start;
                for (int32_t kx = 0; kx < taps.columns; kx += 256)
                    for (int32_t c = 0; c < vectors; c += 16)
                        qcc_add_column_16__avx2(sums + c, row + kx * taps.column_step + c,
                                                qcc_min_i32(256, taps.columns - kx), taps.column_step);
                for (int32_t kx = 0; kx < taps.columns; ++kx)
                    for (int32_t c = vectors; c < width; ++c)
                        sums[c] += row[kx * taps.column_step + c];
            }
            qcc_requantize_sums__avx2(sums, width, multiplier, a.shift, a.zero_point, a.minimum, a.maximum,
                                      output + start);
        }
    }
}

/* Means over all rows of a matrix, as global pooling has it; other axes as portable C. */
QCC_INLINE QCC_TARGET_AVX2 void qcc_reduce_quantized_s8__avx2(const qcc_reduce_args a, const int8_t *QCC_RESTRICT input,
                                                              int8_t *QCC_RESTRICT output, int32_t *QCC_RESTRICT sums) {
    const int64_t rows = a.dims[QCC_RANK - 2], length = a.dims[QCC_RANK - 1];
    if (qcc_nd_rows(a.dims) != rows || a.result_strides[QCC_RANK - 2] != 0 || a.result_strides[QCC_RANK - 1] != 1 ||
        length < 16) {
        qcc_reduce_quantized_s8__portable(a, input, output, sums);
        return;
    }
    const int64_t vectors = length - length % 16;
    for (int64_t i = 0; i < length; ++i)
        sums[i] = -a.count * a.input_zero_point;
    for (int64_t row = 0; row < rows; row += 256) {
        const int64_t count = rows - row < 256 ? rows - row : 256;
        for (int64_t c = 0; c < vectors; c += 16)
            qcc_add_column_16__avx2(sums + c, input + row * length + c, count, length);
    }
    for (int64_t row = 0; row < rows; ++row)
        for (int64_t c = vectors; c < length; ++c)
            sums[c] += input[row * length + c];
    qcc_requantize_sums__avx2(sums, length, a.multiplier, a.shift, a.zero_point, a.minimum, a.maximum, output);
}

#endif
#endif
