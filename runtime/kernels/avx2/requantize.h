/*
 * Accumulators of AVX2 tiles to their outputs: 16 channels of one or two columns. Where the compiler proves that no
 * conversion to int32 overflows (a.no_overflow) the clamp is that of saturating packs and of two instructions on bytes.
 */
#ifndef QCC_AVX2_REQUANTIZE_H
#define QCC_AVX2_REQUANTIZE_H

#include "../portable/conv2d_args.h"

#if defined(__x86_64__)
#include <immintrin.h>

/* Rounded, not yet moved by the output's zero point; clamped where it might overflow. */
QCC_INLINE QCC_TARGET_AVX2 __m256i qcc_requantize__avx2(const qcc_conv2d_args a, __m256i acc, __m256 multipliers) {
    __m256 scaled = _mm256_mul_ps(_mm256_cvtepi32_ps(acc), multipliers);
    if (!a.no_overflow) {
        scaled = _mm256_max_ps(scaled, _mm256_set1_ps((float)(a.minimum - a.zero_point)));
        scaled = _mm256_min_ps(scaled, _mm256_set1_ps((float)(a.maximum - a.zero_point)));
    }
    return _mm256_cvtps_epi32(scaled);
}

/* Two vectors of 8 rounded sums as 16 words with the zero point: 0-3 and 8-11, then 4-7 and 12-15. */
QCC_INLINE QCC_TARGET_AVX2 __m256i qcc_requantized_words__avx2(const qcc_conv2d_args a, __m256i first, __m256i second) {
    return _mm256_adds_epi16(_mm256_packs_epi32(first, second), _mm256_set1_epi16((int16_t)a.zero_point));
}

QCC_INLINE QCC_TARGET_AVX2 __m256i qcc_clamp_bytes__avx2(const qcc_conv2d_args a, __m256i bytes) {
    if (!a.no_overflow)
        return bytes;
    const __m256i low = _mm256_max_epi8(bytes, _mm256_set1_epi8((int8_t)a.minimum));
    return _mm256_min_epi8(low, _mm256_set1_epi8((int8_t)a.maximum));
}

QCC_INLINE QCC_TARGET_AVX2 __m128i qcc_clamp_half__avx2(const qcc_conv2d_args a, __m128i bytes) {
    if (!a.no_overflow)
        return bytes;
    const __m128i low = _mm_max_epi8(bytes, _mm_set1_epi8((int8_t)a.minimum));
    return _mm_min_epi8(low, _mm_set1_epi8((int8_t)a.maximum));
}

/* The first `width` (1..16) bytes. */
QCC_INLINE QCC_TARGET_AVX2 void qcc_store_bytes__avx2(int8_t *to, int32_t width, __m128i bytes) {
    if (width == 16) {
        _mm_storeu_si128((__m128i *)(void *)to, bytes);
    } else if (width == 8) {
        _mm_storel_epi64((__m128i *)(void *)to, bytes);
    } else {
        if (width & 8) {
            _mm_storel_epi64((__m128i *)(void *)to, bytes);
            bytes = _mm_srli_si128(bytes, 8);
            to += 8;
        }
        if (width & 4) {
            const int32_t four = _mm_cvtsi128_si32(bytes);
            __builtin_memcpy(to, &four, 4);
            bytes = _mm_srli_si128(bytes, 4);
            to += 4;
        }
        if (width & 2) {
            const int16_t two = (int16_t)_mm_extract_epi16(bytes, 0);
            __builtin_memcpy(to, &two, 2);
            bytes = _mm_srli_si128(bytes, 2);
            to += 2;
        }
        if (width & 1)
            *to = (int8_t)_mm_extract_epi8(bytes, 0);
    }
}

/* `width` channels of a column as float. */
QCC_INLINE QCC_TARGET_AVX2 void qcc_store_floats__avx2(float *output, int32_t width, __m256i first, __m256i second,
                                                       __m256 m0, __m256 m1) {
    float values[16];
    float *const to = width == 16 ? output : values;
    _mm256_storeu_ps(to, _mm256_mul_ps(_mm256_cvtepi32_ps(first), m0));
    _mm256_storeu_ps(to + 8, _mm256_mul_ps(_mm256_cvtepi32_ps(second), m1));
    if (width != 16)
        __builtin_memcpy(output, values, (size_t)width * 4);
}

/*
 * Columns of 2 x 8 channels (the first `width` of them), `at` elements into the output; the second is stored if `both`.
 */
QCC_INLINE QCC_TARGET_AVX2 void qcc_store_two__avx2(const qcc_conv2d_args a, int32_t width, int both,
                                                    const __m256i *first, const __m256i *second, __m256 m0, __m256 m1,
                                                    void *output, ptrdiff_t at) {
    if (a.float_output) {
        float *const to = (float *)output + at;
        qcc_store_floats__avx2(to, width, first[0], first[1], m0, m1);
        if (both)
            qcc_store_floats__avx2(to + a.output_step, width, second[0], second[1], m0, m1);
        return;
    }
    const __m256i words0 =
        qcc_requantized_words__avx2(a, qcc_requantize__avx2(a, first[0], m0), qcc_requantize__avx2(a, first[1], m1));
    const __m256i words1 =
        qcc_requantized_words__avx2(a, qcc_requantize__avx2(a, second[0], m0), qcc_requantize__avx2(a, second[1], m1));
    const __m256i bytes = _mm256_permutevar8x32_epi32(qcc_clamp_bytes__avx2(a, _mm256_packs_epi16(words0, words1)),
                                                      _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
    int8_t *const to = (int8_t *)output + at;
    qcc_store_bytes__avx2(to, width, _mm256_castsi256_si128(bytes));
    if (both)
        qcc_store_bytes__avx2(to + a.output_step, width, _mm256_extracti128_si256(bytes, 1));
}

#endif
#endif
