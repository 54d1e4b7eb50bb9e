/* Ranges and quantization by them with AVX2 (docs/numerics.md, dynamic): tails as portable C. */
#ifndef QCC_AVX2_DYNAMIC_H
#define QCC_AVX2_DYNAMIC_H

#include "../portable/dynamic.h"
#include "casts.h"

#if defined(__x86_64__)

/* Zero where x is not finite. */
QCC_INLINE QCC_TARGET_AVX2 __m256 qcc_finite__avx2(__m256 x) {
    const __m256 magnitude = _mm256_andnot_ps(_mm256_set1_ps(-0.0f), x);
    return _mm256_and_ps(x, _mm256_cmp_ps(magnitude, _mm256_set1_ps(0x1.fffffep127f), _CMP_LE_OQ));
}

QCC_INLINE QCC_TARGET_AVX2 void qcc_dynamic_range_f32__avx2(const qcc_dynamic_args a, const float *QCC_RESTRICT input,
                                                            qcc_dynamic *QCC_RESTRICT output) {
    __m256 lows[4], highs[4];
    QCC_UNROLL
    for (int32_t n = 0; n < 4; ++n)
        lows[n] = highs[n] = _mm256_setzero_ps();
    const int64_t vectors = a.length - a.length % 32;
    for (int64_t i = 0; i < vectors; i += 32) {
        QCC_UNROLL
        for (int32_t n = 0; n < 4; ++n) {
            const __m256 x = qcc_finite__avx2(_mm256_loadu_ps(input + i + 8 * n));
            lows[n] = _mm256_min_ps(lows[n], x);
            highs[n] = _mm256_max_ps(highs[n], x);
        }
    }
    float least[8], most[8], low, high;
    _mm256_storeu_ps(least, _mm256_min_ps(_mm256_min_ps(lows[0], lows[1]), _mm256_min_ps(lows[2], lows[3])));
    _mm256_storeu_ps(most, _mm256_max_ps(_mm256_max_ps(highs[0], highs[1]), _mm256_max_ps(highs[2], highs[3])));
    qcc_dynamic_bounds(a.length - vectors, input + vectors, &low, &high);
    for (int32_t lane = 0; lane < 8; ++lane) {
        low = qcc_min_f32(least[lane], low);
        high = qcc_max_f32(most[lane], high);
    }
    *output = qcc_dynamic_of_range(low, high, a.minimum, a.maximum);
}

QCC_INLINE QCC_TARGET_AVX2 __m256i qcc_dynamic_quantize_8__avx2(const float *from, float inverse, float zero_point) {
    const __m256 steps = _mm256_mul_ps(_mm256_loadu_ps(from), _mm256_set1_ps(inverse));
    const __m256 number = _mm256_and_ps(steps, _mm256_cmp_ps(steps, steps, _CMP_ORD_Q));
    return qcc_round_clamped__avx2(number, -128.0f - zero_point, 127.0f - zero_point);
}

QCC_INLINE QCC_TARGET_AVX2 void qcc_dynamic_quantize_f32_s8__avx2(const qcc_dynamic_args a,
                                                                  const float *QCC_RESTRICT input,
                                                                  const qcc_dynamic *QCC_RESTRICT dynamic,
                                                                  int8_t *QCC_RESTRICT output) {
    const float inverse = 1.0f / dynamic->scale, zero_point = dynamic->zero_point;
    const int64_t vectors = a.length - a.length % 16;
    for (int64_t i = 0; i < vectors; i += 16)
        qcc_store_s8__avx2(output + i, qcc_dynamic_quantize_8__avx2(input + i, inverse, zero_point),
                           qcc_dynamic_quantize_8__avx2(input + i + 8, inverse, zero_point), (int32_t)zero_point);
    for (int64_t i = vectors; i < a.length; ++i)
        output[i] = qcc_dynamic_round(input[i] * inverse, zero_point);
}

#endif
#endif
