/* Ranges and quantization by them with AVX-512 (docs/numerics.md, dynamic): 64 elements at a time, tails as AVX2. */
#ifndef QCC_AVX512VNNI_DYNAMIC_H
#define QCC_AVX512VNNI_DYNAMIC_H

#include "../avx2/dynamic.h"

#if defined(__x86_64__)

QCC_INLINE QCC_TARGET_AVX512VNNI __m512 qcc_load_finite__avx512vnni(const float *from) {
    const __m512 x = _mm512_loadu_ps(from);
    const __mmask16 finite = _mm512_cmp_ps_mask(_mm512_abs_ps(x), _mm512_set1_ps(0x1.fffffep127f), _CMP_LE_OQ);
    return _mm512_maskz_mov_ps(finite, x);
}

QCC_INLINE QCC_TARGET_AVX512VNNI void qcc_dynamic_range_f32__avx512vnni(const qcc_dynamic_args a,
                                                                        const float *QCC_RESTRICT input,
                                                                        qcc_dynamic *QCC_RESTRICT output) {
    __m512 lows[4], highs[4];
    QCC_UNROLL
    for (int32_t n = 0; n < 4; ++n)
        lows[n] = highs[n] = _mm512_setzero_ps();
    const int64_t vectors = a.length - a.length % 64;
    for (int64_t i = 0; i < vectors; i += 64) {
        QCC_UNROLL
        for (int32_t n = 0; n < 4; ++n) {
            const __m512 x = qcc_load_finite__avx512vnni(input + i + 16 * n);
            lows[n] = _mm512_min_ps(lows[n], x);
            highs[n] = _mm512_max_ps(highs[n], x);
        }
    }
    const __m512 least = _mm512_min_ps(_mm512_min_ps(lows[0], lows[1]), _mm512_min_ps(lows[2], lows[3]));
    const __m512 most = _mm512_max_ps(_mm512_max_ps(highs[0], highs[1]), _mm512_max_ps(highs[2], highs[3]));
    float low, high;
    qcc_dynamic_bounds(a.length - vectors, input + vectors, &low, &high);
    low = qcc_min_f32(low, _mm512_reduce_min_ps(least));
    high = qcc_max_f32(high, _mm512_reduce_max_ps(most));
    *output = qcc_dynamic_of_range(low, high, a.minimum, a.maximum);
}

QCC_INLINE QCC_TARGET_AVX512VNNI __m512i qcc_dynamic_quantize_16__avx512vnni(const float *from, float inverse,
                                                                             float zero_point) {
    const __m512 steps = _mm512_mul_ps(_mm512_loadu_ps(from), _mm512_set1_ps(inverse));
    const __mmask16 number = _mm512_cmp_ps_mask(steps, steps, _CMP_ORD_Q);
    const __m512 low = _mm512_max_ps(steps, _mm512_set1_ps(-128.0f - zero_point));
    return _mm512_maskz_cvtps_epi32(number, _mm512_min_ps(low, _mm512_set1_ps(127.0f - zero_point)));
}

QCC_INLINE QCC_TARGET_AVX512VNNI void qcc_dynamic_quantize_f32_s8__avx512vnni(const qcc_dynamic_args a,
                                                                              const float *QCC_RESTRICT input,
                                                                              const qcc_dynamic *QCC_RESTRICT dynamic,
                                                                              int8_t *QCC_RESTRICT output) {
    const float inverse = 1.0f / dynamic->scale, zero_point = dynamic->zero_point;
    const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    const __m512i offset = _mm512_set1_epi16((int16_t)zero_point);
    const int64_t vectors = a.length - a.length % 64;
    for (int64_t i = 0; i < vectors; i += 64) {
        __m512i q[4];
        QCC_UNROLL
        for (int32_t n = 0; n < 4; ++n)
            q[n] = qcc_dynamic_quantize_16__avx512vnni(input + i + 16 * n, inverse, zero_point);
        const __m512i low = _mm512_add_epi16(_mm512_packs_epi32(q[0], q[1]), offset);
        const __m512i high = _mm512_add_epi16(_mm512_packs_epi32(q[2], q[3]), offset);
        const __m512i mixed = _mm512_packs_epi16(low, high);
        _mm512_storeu_si512(output + i, _mm512_permutexvar_epi32(order, mixed));
    }
    qcc_dynamic_args rest = a;
    rest.length = a.length - vectors;
    qcc_dynamic_quantize_f32_s8__avx2(rest, input + vectors, dynamic, output + vectors);
}

#endif
#endif
