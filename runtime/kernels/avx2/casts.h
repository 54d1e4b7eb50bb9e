/* Quantization and requantization with AVX2: 16 elements at a time, tails as portable C. */
#ifndef QCC_AVX2_CASTS_H
#define QCC_AVX2_CASTS_H

#include "../portable/casts.h"

#if defined(__x86_64__)
#include <immintrin.h>

/* Clamped in float, rounded half to even by the conversion. */
QCC_INLINE QCC_TARGET_AVX2 __m256i qcc_round_clamped__avx2(__m256 x, float low, float high) {
    return _mm256_cvtps_epi32(_mm256_min_ps(_mm256_max_ps(x, _mm256_set1_ps(low)), _mm256_set1_ps(high)));
}

/* Sixteen integers near int8, in order, plus the zero point. */
QCC_INLINE QCC_TARGET_AVX2 __m128i qcc_pack_s8__avx2(__m256i first, __m256i second, int32_t zero_point) {
    const __m256i mixed = _mm256_packs_epi32(first, second);
    const __m256i words = _mm256_permute4x64_epi64(mixed, 0xD8);
    const __m256i sums = _mm256_add_epi16(words, _mm256_set1_epi16((int16_t)zero_point));
    return _mm_packs_epi16(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
}

QCC_INLINE QCC_TARGET_AVX2 void qcc_store_s8__avx2(int8_t *to, __m256i first, __m256i second, int32_t zero_point) {
    _mm_storeu_si128((__m128i *)(void *)to, qcc_pack_s8__avx2(first, second, zero_point));
}

QCC_INLINE QCC_TARGET_AVX2 __m256i qcc_quantize_8__avx2(const qcc_quantize_args a, const float *from) {
    const __m256 ratio = _mm256_div_ps(_mm256_loadu_ps(from), _mm256_set1_ps(a.scale));
    const __m256 number = _mm256_and_ps(ratio, _mm256_cmp_ps(ratio, ratio, _CMP_ORD_Q));
    return qcc_round_clamped__avx2(number, (float)(a.minimum - a.zero_point), (float)(a.maximum - a.zero_point));
}

QCC_INLINE QCC_TARGET_AVX2 void qcc_quantize_f32_s8__avx2(const qcc_quantize_args a, const float *QCC_RESTRICT input,
                                                          int8_t *QCC_RESTRICT output) {
    const int64_t vectors = a.length - a.length % 16;
    for (int64_t i = 0; i < vectors; i += 16)
        qcc_store_s8__avx2(output + i, qcc_quantize_8__avx2(a, input + i), qcc_quantize_8__avx2(a, input + i + 8),
                           a.zero_point);
    for (int64_t i = vectors; i < a.length; ++i)
        output[i] = qcc_quantize_within(input[i], a.scale, a.zero_point, a.minimum, a.maximum);
}

QCC_INLINE QCC_TARGET_AVX2 __m128i qcc_quantize_16__avx2(const qcc_quantize_args a, const float *from) {
    return qcc_pack_s8__avx2(qcc_quantize_8__avx2(a, from), qcc_quantize_8__avx2(a, from + 8), a.zero_point);
}

/* Where the bytes of a channel of 16 pixels go among three channels, in three vectors; 0x80 selects none. */
QCC_INLINE const uint8_t *qcc_pixel_places__avx2(int32_t channel, int32_t part) {
    static const uint8_t places[3][3][16] = {
        {{0, 128, 128, 1, 128, 128, 2, 128, 128, 3, 128, 128, 4, 128, 128, 5},
         {128, 128, 6, 128, 128, 7, 128, 128, 8, 128, 128, 9, 128, 128, 10, 128},
         {128, 11, 128, 128, 12, 128, 128, 13, 128, 128, 14, 128, 128, 15, 128, 128}},
        {{128, 0, 128, 128, 1, 128, 128, 2, 128, 128, 3, 128, 128, 4, 128, 128},
         {5, 128, 128, 6, 128, 128, 7, 128, 128, 8, 128, 128, 9, 128, 128, 10},
         {128, 128, 11, 128, 128, 12, 128, 128, 13, 128, 128, 14, 128, 128, 15, 128}},
        {{128, 128, 0, 128, 128, 1, 128, 128, 2, 128, 128, 3, 128, 128, 4, 128},
         {128, 5, 128, 128, 6, 128, 128, 7, 128, 128, 8, 128, 128, 9, 128, 128},
         {10, 128, 128, 11, 128, 128, 12, 128, 128, 13, 128, 128, 14, 128, 128, 15}}};
    return places[channel][part];
}

/* The bytes of three channels of 16 pixels, alternating. */
QCC_INLINE QCC_TARGET_AVX2 void qcc_store_pixels_3__avx2(int8_t *to, const __m128i *channels) {
    QCC_UNROLL
    for (int32_t part = 0; part < 3; ++part) {
        __m128i bytes = _mm_setzero_si128();
        QCC_UNROLL
        for (int32_t c = 0; c < 3; ++c) {
            const __m128i place = _mm_loadu_si128((const __m128i *)(const void *)qcc_pixel_places__avx2(c, part));
            bytes = _mm_or_si128(bytes, _mm_shuffle_epi8(channels[c], place));
        }
        _mm_storeu_si128((__m128i *)(void *)(to + 16 * part), bytes);
    }
}

/* The pixels of one image from `first` on. */
QCC_INLINE QCC_TARGET_AVX2 void qcc_quantize_pixels__avx2(const qcc_quantize_transposed_args *a, const float *from,
                                                          int64_t first, int8_t *to) {
    const qcc_quantize_args grid = {
        .scale = a->scale, .zero_point = a->zero_point, .minimum = a->minimum, .maximum = a->maximum};
    int64_t i = first;
    for (; a->rows == 3 && i + 16 <= a->columns; i += 16) {
        const __m128i channels[3] = {qcc_quantize_16__avx2(grid, from + i),
                                     qcc_quantize_16__avx2(grid, from + a->plane + i),
                                     qcc_quantize_16__avx2(grid, from + 2 * a->plane + i)};
        qcc_store_pixels_3__avx2(to + 3 * i, channels);
    }
    qcc_quantize_pixels(a, from, i, to);
}

QCC_INLINE QCC_TARGET_AVX2 void qcc_quantize_transposed_f32_s8__avx2(const qcc_quantize_transposed_args a,
                                                                     const float *QCC_RESTRICT input,
                                                                     int8_t *QCC_RESTRICT output) {
    for (int64_t b = 0; b < a.batch; ++b)
        qcc_quantize_pixels__avx2(&a, input + b * a.rows * a.plane, 0, output + b * a.rows * a.columns);
}

QCC_INLINE QCC_TARGET_AVX2 __m256i qcc_requantize_8__avx2(const qcc_requantize_args a, const int8_t *from) {
    const __m256i q = _mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)from));
    const __m256i centred = _mm256_sub_epi32(q, _mm256_set1_epi32(a.input_zero_point));
    const __m256 scaled = _mm256_mul_ps(_mm256_cvtepi32_ps(centred), _mm256_set1_ps(a.multiplier));
    return qcc_round_clamped__avx2(scaled, (float)(a.minimum - a.zero_point), (float)(a.maximum - a.zero_point));
}

QCC_INLINE QCC_TARGET_AVX2 void qcc_requantize_s8__avx2(const qcc_requantize_args a, const int8_t *QCC_RESTRICT input,
                                                        int8_t *QCC_RESTRICT output) {
    const int64_t vectors = a.length - a.length % 16;
    for (int64_t i = 0; i < vectors; i += 16)
        qcc_store_s8__avx2(output + i, qcc_requantize_8__avx2(a, input + i), qcc_requantize_8__avx2(a, input + i + 8),
                           a.zero_point);
    for (int64_t i = vectors; i < a.length; ++i)
        output[i] = qcc_requantize(input[i] - a.input_zero_point, a.multiplier, a.zero_point, a.minimum, a.maximum);
}

#endif
#endif
