/* Ranges and quantization by them with NEON (docs/numerics.md, dynamic): tails as portable C. */
#ifndef QCC_NEON_DYNAMIC_H
#define QCC_NEON_DYNAMIC_H

#include "../portable/dynamic.h"
#include "casts.h"

#if defined(__aarch64__)

/* Zero where x is not finite. */
QCC_INLINE QCC_TARGET_NEON float32x4_t qcc_finite__neon(float32x4_t x) {
    const uint32x4_t finite = vcleq_f32(vabsq_f32(x), vdupq_n_f32(0x1.fffffep127f));
    return vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_f32(x), finite));
}

QCC_INLINE QCC_TARGET_NEON void qcc_dynamic_range_f32__neon(const qcc_dynamic_args a, const float *QCC_RESTRICT input,
                                                            qcc_dynamic *QCC_RESTRICT output) {
    float32x4_t lows[4], highs[4];
    QCC_UNROLL
    for (int32_t n = 0; n < 4; ++n)
        lows[n] = highs[n] = vdupq_n_f32(0.0f);
    const int64_t vectors = a.length - a.length % 16;
    for (int64_t i = 0; i < vectors; i += 16) {
        QCC_UNROLL
        for (int32_t n = 0; n < 4; ++n) {
            const float32x4_t x = qcc_finite__neon(vld1q_f32(input + i + 4 * n));
            lows[n] = vminq_f32(lows[n], x);
            highs[n] = vmaxq_f32(highs[n], x);
        }
    }
    float low, high;
    qcc_dynamic_bounds(a.length - vectors, input + vectors, &low, &high);
    const float32x4_t least = vminq_f32(vminq_f32(lows[0], lows[1]), vminq_f32(lows[2], lows[3]));
    const float32x4_t most = vmaxq_f32(vmaxq_f32(highs[0], highs[1]), vmaxq_f32(highs[2], highs[3]));
    low = qcc_min_f32(low, vminvq_f32(least));
    high = qcc_max_f32(high, vmaxvq_f32(most));
    *output = qcc_dynamic_of_range(low, high, a.minimum, a.maximum);
}

/* NaN becomes 0 by the conversion, if it gets there: the maximum and minimum pass it on. */
QCC_INLINE QCC_TARGET_NEON int16x4_t qcc_dynamic_quantize_4__neon(const float *from, float inverse, float zero_point) {
    const float32x4_t steps = vmulq_n_f32(vld1q_f32(from), inverse);
    return qcc_round_clamped__neon(steps, -128.0f - zero_point, 127.0f - zero_point);
}

QCC_INLINE QCC_TARGET_NEON void qcc_dynamic_quantize_f32_s8__neon(const qcc_dynamic_args a,
                                                                  const float *QCC_RESTRICT input,
                                                                  const qcc_dynamic *QCC_RESTRICT dynamic,
                                                                  int8_t *QCC_RESTRICT output) {
    const float inverse = 1.0f / dynamic->scale, zero_point = dynamic->zero_point;
    const int64_t vectors = a.length - a.length % 8;
    for (int64_t i = 0; i < vectors; i += 8)
        qcc_store_s8__neon(output + i, qcc_dynamic_quantize_4__neon(input + i, inverse, zero_point),
                           qcc_dynamic_quantize_4__neon(input + i + 4, inverse, zero_point), (int32_t)zero_point);
    for (int64_t i = vectors; i < a.length; ++i)
        output[i] = qcc_dynamic_round(input[i] * inverse, zero_point);
}

#endif
#endif
