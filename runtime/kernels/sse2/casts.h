/* Quantization and requantization with SSE2: 16 elements at a time, tails as portable C. */
#ifndef QCC_SSE2_CASTS_H
#define QCC_SSE2_CASTS_H

#include "../portable/casts.h"

#if defined(__x86_64__)
#include <emmintrin.h>

/* Clamped in float, rounded half to even by the conversion. */
QCC_INLINE QCC_TARGET_SSE2 __m128i qcc_round_clamped__sse2(__m128 x, float low, float high) {
    return _mm_cvtps_epi32(_mm_min_ps(_mm_max_ps(x, _mm_set1_ps(low)), _mm_set1_ps(high)));
}

/* The first and the last four of eight int16 as int32. */
QCC_INLINE QCC_TARGET_SSE2 __m128i qcc_low_words__sse2(__m128i words) {
    return _mm_srai_epi32(_mm_unpacklo_epi16(words, words), 16);
}

QCC_INLINE QCC_TARGET_SSE2 __m128i qcc_high_words__sse2(__m128i words) {
    return _mm_srai_epi32(_mm_unpackhi_epi16(words, words), 16);
}

/* Eight int8 as int16. */
QCC_INLINE QCC_TARGET_SSE2 __m128i qcc_load_words__sse2(const int8_t *from) {
    const __m128i bytes = _mm_loadl_epi64((const __m128i *)(const void *)from);
    return _mm_srai_epi16(_mm_unpacklo_epi8(bytes, bytes), 8);
}

QCC_INLINE QCC_TARGET_SSE2 __m128i qcc_quantize_4__sse2(const qcc_quantize_args a, const float *from) {
    const __m128 ratio = _mm_div_ps(_mm_loadu_ps(from), _mm_set1_ps(a.scale));
    const __m128 number = _mm_and_ps(ratio, _mm_cmpord_ps(ratio, ratio));
    return qcc_round_clamped__sse2(number, (float)(a.minimum - a.zero_point), (float)(a.maximum - a.zero_point));
}

QCC_INLINE QCC_TARGET_SSE2 __m128i qcc_quantize_8__sse2(const qcc_quantize_args a, const float *from) {
    const __m128i words = _mm_packs_epi32(qcc_quantize_4__sse2(a, from), qcc_quantize_4__sse2(a, from + 4));
    return _mm_add_epi16(words, _mm_set1_epi16((int16_t)a.zero_point));
}

QCC_INLINE QCC_TARGET_SSE2 void qcc_quantize_f32_s8__sse2(const qcc_quantize_args a, const float *QCC_RESTRICT input,
                                                          int8_t *QCC_RESTRICT output) {
    const int64_t vectors = a.length - a.length % 16;
    for (int64_t i = 0; i < vectors; i += 16) {
        const __m128i bytes =
            _mm_packs_epi16(qcc_quantize_8__sse2(a, input + i), qcc_quantize_8__sse2(a, input + i + 8));
        _mm_storeu_si128((__m128i *)(void *)(output + i), bytes);
    }
    for (int64_t i = vectors; i < a.length; ++i)
        output[i] = qcc_quantize_within(input[i], a.scale, a.zero_point, a.minimum, a.maximum);
}

/* Eight integers times the multiplier, clamped and rounded, plus the zero point, as int16. */
QCC_INLINE QCC_TARGET_SSE2 __m128i qcc_requantize_words__sse2(__m128i first, __m128i second, float multiplier,
                                                              int32_t zero_point, int32_t minimum, int32_t maximum) {
    const float low = (float)(minimum - zero_point);
    const float high = (float)(maximum - zero_point);
    const __m128 factor = _mm_set1_ps(multiplier);
    const __m128i bottom = qcc_round_clamped__sse2(_mm_mul_ps(_mm_cvtepi32_ps(first), factor), low, high);
    const __m128i top = qcc_round_clamped__sse2(_mm_mul_ps(_mm_cvtepi32_ps(second), factor), low, high);
    return _mm_add_epi16(_mm_packs_epi32(bottom, top), _mm_set1_epi16((int16_t)zero_point));
}

QCC_INLINE QCC_TARGET_SSE2 __m128i qcc_requantize_8__sse2(const qcc_requantize_args a, const int8_t *from) {
    const __m128i q = _mm_sub_epi16(qcc_load_words__sse2(from), _mm_set1_epi16((int16_t)a.input_zero_point));
    return qcc_requantize_words__sse2(qcc_low_words__sse2(q), qcc_high_words__sse2(q), a.multiplier, a.zero_point,
                                      a.minimum, a.maximum);
}

QCC_INLINE QCC_TARGET_SSE2 void qcc_requantize_s8__sse2(const qcc_requantize_args a, const int8_t *QCC_RESTRICT input,
                                                        int8_t *QCC_RESTRICT output) {
    const int64_t vectors = a.length - a.length % 16;
    for (int64_t i = 0; i < vectors; i += 16) {
        const __m128i bytes =
            _mm_packs_epi16(qcc_requantize_8__sse2(a, input + i), qcc_requantize_8__sse2(a, input + i + 8));
        _mm_storeu_si128((__m128i *)(void *)(output + i), bytes);
    }
    for (int64_t i = vectors; i < a.length; ++i)
        output[i] = qcc_requantize(input[i] - a.input_zero_point, a.multiplier, a.zero_point, a.minimum, a.maximum);
}

#endif
#endif
