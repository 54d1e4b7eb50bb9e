/* Ranges and quantization by them with SSE2 (docs/numerics.md, dynamic): tails as portable C. */
#ifndef QCC_SSE2_DYNAMIC_H
#define QCC_SSE2_DYNAMIC_H

#include "../portable/dynamic.h"
#include "casts.h"

#if defined(__x86_64__)

/* Zero where x is not finite. */
QCC_INLINE QCC_TARGET_SSE2 __m128 qcc_finite__sse2(__m128 x) {
    const __m128 magnitude = _mm_andnot_ps(_mm_set1_ps(-0.0f), x);
    return _mm_and_ps(x, _mm_cmple_ps(magnitude, _mm_set1_ps(0x1.fffffep127f)));
}

QCC_INLINE QCC_TARGET_SSE2 void qcc_dynamic_range_f32__sse2(const qcc_dynamic_args a, const float *QCC_RESTRICT input,
                                                            qcc_dynamic *QCC_RESTRICT output) {
    __m128 lows[4], highs[4];
    QCC_UNROLL
    for (int32_t n = 0; n < 4; ++n)
        lows[n] = highs[n] = _mm_setzero_ps();
    const int64_t vectors = a.length - a.length % 16;
    for (int64_t i = 0; i < vectors; i += 16) {
        QCC_UNROLL
        for (int32_t n = 0; n < 4; ++n) {
            const __m128 x = qcc_finite__sse2(_mm_loadu_ps(input + i + 4 * n));
            lows[n] = _mm_min_ps(lows[n], x);
            highs[n] = _mm_max_ps(highs[n], x);
        }
    }
    float least[4], most[4], low, high;
    _mm_storeu_ps(least, _mm_min_ps(_mm_min_ps(lows[0], lows[1]), _mm_min_ps(lows[2], lows[3])));
    _mm_storeu_ps(most, _mm_max_ps(_mm_max_ps(highs[0], highs[1]), _mm_max_ps(highs[2], highs[3])));
    qcc_dynamic_bounds(a.length - vectors, input + vectors, &low, &high);
    for (int32_t lane = 0; lane < 4; ++lane) {
        low = qcc_min_f32(least[lane], low);
        high = qcc_max_f32(most[lane], high);
    }
    *output = qcc_dynamic_of_range(low, high, a.minimum, a.maximum);
}

QCC_INLINE QCC_TARGET_SSE2 __m128i qcc_dynamic_quantize_4__sse2(const float *from, float inverse, float zero_point) {
    const __m128 steps = _mm_mul_ps(_mm_loadu_ps(from), _mm_set1_ps(inverse));
    const __m128 number = _mm_and_ps(steps, _mm_cmpord_ps(steps, steps));
    return qcc_round_clamped__sse2(number, -128.0f - zero_point, 127.0f - zero_point);
}

QCC_INLINE QCC_TARGET_SSE2 __m128i qcc_dynamic_quantize_8__sse2(const float *from, float inverse, float zero_point) {
    const __m128i words = _mm_packs_epi32(qcc_dynamic_quantize_4__sse2(from, inverse, zero_point),
                                          qcc_dynamic_quantize_4__sse2(from + 4, inverse, zero_point));
    return _mm_add_epi16(words, _mm_set1_epi16((int16_t)zero_point));
}

QCC_INLINE QCC_TARGET_SSE2 void qcc_dynamic_quantize_f32_s8__sse2(const qcc_dynamic_args a,
                                                                  const float *QCC_RESTRICT input,
                                                                  const qcc_dynamic *QCC_RESTRICT dynamic,
                                                                  int8_t *QCC_RESTRICT output) {
    const float inverse = 1.0f / dynamic->scale, zero_point = dynamic->zero_point;
    const int64_t vectors = a.length - a.length % 16;
    for (int64_t i = 0; i < vectors; i += 16) {
        const __m128i bytes = _mm_packs_epi16(qcc_dynamic_quantize_8__sse2(input + i, inverse, zero_point),
                                              qcc_dynamic_quantize_8__sse2(input + i + 8, inverse, zero_point));
        _mm_storeu_si128((__m128i *)(void *)(output + i), bytes);
    }
    for (int64_t i = vectors; i < a.length; ++i)
        output[i] = qcc_dynamic_round(input[i] * inverse, zero_point);
}

#endif
#endif
