/*
 * The NEON of both Arm families: intrinsics of AArch64 that 32-bit processors lack, built from what they have, and what
 * the two do differently with floats.
 *
 * 32-bit NEON has no division, no rounding conversion, and takes denormal floats for zero. Where floats become int8
 * the last does not matter, as both round to 0; floats that stay floats are computed by scalar instructions.
 */
#ifndef QCC_NEON_INTRINSICS_H
#define QCC_NEON_INTRINSICS_H

#include "qcc_runtime.h"

#if defined(QCC_NEON)
#include <arm_neon.h>

#if defined(__aarch64__)

enum { QCC_NEON_COLUMNS = 4 }; /* output columns of a tile of 4 channels: as many as there are registers for */

/* Rounds half to even; |x| < 2^22. */
QCC_INLINE QCC_TARGET_NEON int32x4_t qcc_round__neon(float32x4_t x) { return vcvtnq_s32_f32(x); }

/* The same for all x; what exceeds 2^21 may become any number beyond. */
QCC_INLINE QCC_TARGET_NEON int32x4_t qcc_round_far__neon(float32x4_t x) { return vcvtnq_s32_f32(x); }

/* A product that stays a float. */
QCC_INLINE QCC_TARGET_NEON float32x4_t qcc_real__neon(int32x4_t sum, float32x4_t multipliers) {
    return vmulq_f32(vcvtq_f32_s32(sum), multipliers);
}

QCC_INLINE QCC_TARGET_NEON float32x4_t qcc_divide__neon(const float *from, float divisor) {
    return vdivq_f32(vld1q_f32(from), vdupq_n_f32(divisor));
}

#else

enum { QCC_NEON_COLUMNS = 2 };

/* 1.5 * 2^23 moves the unit to the last bit: this addition rounds, and no product feeds it directly (all clamp). */
QCC_INLINE QCC_TARGET_NEON int32x4_t qcc_round__neon(float32x4_t x) {
    const float32x4_t magic = vdupq_n_f32(12582912.0f);
    return vsubq_s32(vreinterpretq_s32_f32(vaddq_f32(x, magic)), vreinterpretq_s32_f32(magic));
}

QCC_INLINE QCC_TARGET_NEON int32x4_t qcc_round_far__neon(float32x4_t x) {
    const float32x4_t least = vmaxq_f32(x, vdupq_n_f32(-2097152.0f));
    return qcc_round__neon(vminq_f32(least, vdupq_n_f32(2097152.0f)));
}

QCC_INLINE QCC_TARGET_NEON float32x4_t qcc_real__neon(int32x4_t sum, float32x4_t multipliers) {
    int32_t sums[4];
    float values[4], factors[4];
    vst1q_s32(sums, sum);
    vst1q_f32(factors, multipliers);
    for (int32_t i = 0; i < 4; i++)
        values[i] = (float)sums[i] * factors[i];
    return vld1q_f32(values);
}

QCC_INLINE QCC_TARGET_NEON float32x4_t qcc_divide__neon(const float *from, float divisor) {
    float values[4];
    for (int32_t i = 0; i < 4; i++)
        values[i] = from[i] / divisor;
    return vld1q_f32(values);
}

QCC_INLINE QCC_TARGET_NEON int16x8_t vmull_high_s8(int8x16_t a, int8x16_t b) {
    return vmull_s8(vget_high_s8(a), vget_high_s8(b));
}

QCC_INLINE QCC_TARGET_NEON int16x8_t vmlal_high_s8(int16x8_t sum, int8x16_t a, int8x16_t b) {
    return vmlal_s8(sum, vget_high_s8(a), vget_high_s8(b));
}

QCC_INLINE QCC_TARGET_NEON int16x8_t vsubl_high_s8(int8x16_t a, int8x16_t b) {
    return vsubl_s8(vget_high_s8(a), vget_high_s8(b));
}

QCC_INLINE QCC_TARGET_NEON int32x4_t vaddw_high_s16(int32x4_t sum, int16x8_t a) {
    return vaddw_s16(sum, vget_high_s16(a));
}

QCC_INLINE QCC_TARGET_NEON int16x8_t vqmovn_high_s32(int16x4_t low, int32x4_t high) {
    return vcombine_s16(low, vqmovn_s32(high));
}

QCC_INLINE QCC_TARGET_NEON int8x16_t vqmovn_high_s16(int8x8_t low, int16x8_t high) {
    return vcombine_s8(low, vqmovn_s16(high));
}

QCC_INLINE QCC_TARGET_NEON int32x4_t vpaddq_s32(int32x4_t a, int32x4_t b) {
    return vcombine_s32(vpadd_s32(vget_low_s32(a), vget_high_s32(a)), vpadd_s32(vget_low_s32(b), vget_high_s32(b)));
}

/* The lower halves of the words of `a`, then of `b`. */
QCC_INLINE QCC_TARGET_NEON int16x8_t vuzp1q_s16(int16x8_t a, int16x8_t b) {
    return vcombine_s16(vmovn_s32(vreinterpretq_s32_s16(a)), vmovn_s32(vreinterpretq_s32_s16(b)));
}

#endif
#endif
#endif
