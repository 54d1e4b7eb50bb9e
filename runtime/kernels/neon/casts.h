/* Quantization and requantization with NEON: 8 elements at a time, tails as portable C. */
#ifndef QCC_NEON_CASTS_H
#define QCC_NEON_CASTS_H

#include "../portable/casts.h"
#include "intrinsics.h"

#if defined(QCC_NEON)

/* Clamped in float, rounded half to even by the conversion. */
QCC_INLINE QCC_TARGET_NEON int16x4_t qcc_round_clamped__neon(float32x4_t x, float low, float high) {
    return vmovn_s32(qcc_round__neon(vminq_f32(vmaxq_f32(x, vdupq_n_f32(low)), vdupq_n_f32(high))));
}

QCC_INLINE QCC_TARGET_NEON void qcc_store_s8__neon(int8_t *to, int16x4_t first, int16x4_t second, int32_t zero_point) {
    const int16x8_t words = vaddq_s16(vcombine_s16(first, second), vdupq_n_s16((int16_t)zero_point));
    vst1_s8(to, vmovn_s16(words));
}

QCC_INLINE QCC_TARGET_NEON int16x4_t qcc_quantize_4__neon(const qcc_quantize_args a, const float *from) {
    const float32x4_t ratio = qcc_divide__neon(from, a.scale);
    const uint32x4_t ordered = vceqq_f32(ratio, ratio);
    const float32x4_t number = vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_f32(ratio), ordered));
    return qcc_round_clamped__neon(number, (float)(a.minimum - a.zero_point), (float)(a.maximum - a.zero_point));
}

QCC_INLINE QCC_TARGET_NEON void qcc_quantize_f32_s8__neon(const qcc_quantize_args a, const float *QCC_RESTRICT input,
                                                          int8_t *QCC_RESTRICT output) {
    const int64_t vectors = a.length - a.length % 8;
    for (int64_t i = 0; i < vectors; i += 8)
        qcc_store_s8__neon(output + i, qcc_quantize_4__neon(a, input + i), qcc_quantize_4__neon(a, input + i + 4),
                           a.zero_point);
    for (int64_t i = vectors; i < a.length; ++i)
        output[i] = qcc_quantize_within(input[i], a.scale, a.zero_point, a.minimum, a.maximum);
}

/* Four integers times the multiplier, clamped and rounded. */
QCC_INLINE QCC_TARGET_NEON int16x4_t qcc_requantize_4__neon(int32x4_t acc, float multiplier, int32_t zero_point,
                                                            int32_t minimum, int32_t maximum) {
    const float32x4_t scaled = vmulq_n_f32(vcvtq_f32_s32(acc), multiplier);
    return qcc_round_clamped__neon(scaled, (float)(minimum - zero_point), (float)(maximum - zero_point));
}

QCC_INLINE QCC_TARGET_NEON void qcc_requantize_s8__neon(const qcc_requantize_args a, const int8_t *QCC_RESTRICT input,
                                                        int8_t *QCC_RESTRICT output) {
    const int16x8_t input_zero_point = vdupq_n_s16((int16_t)a.input_zero_point);
    const int64_t vectors = a.length - a.length % 8;
    for (int64_t i = 0; i < vectors; i += 8) {
        const int16x8_t q = vsubq_s16(vmovl_s8(vld1_s8(input + i)), input_zero_point);
        const int16x4_t first =
            qcc_requantize_4__neon(vmovl_s16(vget_low_s16(q)), a.multiplier, a.zero_point, a.minimum, a.maximum);
        const int16x4_t second =
            qcc_requantize_4__neon(vmovl_s16(vget_high_s16(q)), a.multiplier, a.zero_point, a.minimum, a.maximum);
        qcc_store_s8__neon(output + i, first, second, a.zero_point);
    }
    for (int64_t i = vectors; i < a.length; ++i)
        output[i] = qcc_requantize(input[i] - a.input_zero_point, a.multiplier, a.zero_point, a.minimum, a.maximum);
}

#endif
#endif
