/* The residual add of a convolution's row (docs/numerics.md, add), 16 elements at a time, with NEON. */
#ifndef QCC_NEON_RESIDUAL_H
#define QCC_NEON_RESIDUAL_H

#include "../portable/conv2d_args.h"
#include "intrinsics.h"

#if defined(QCC_NEON)

/* Four rounded sums; without ties rounding half up is rounding half to even. */
QCC_INLINE QCC_TARGET_NEON int32x4_t qcc_residual_sum__neon(const qcc_conv2d_args a, int16x4_t lhs, int16x4_t rhs) {
    int32x4_t sum = vmulq_s32(vmovl_s16(lhs), vdupq_n_s32(a.conv_multiplier));
    sum = vmlaq_s32(sum, vmovl_s16(rhs), vdupq_n_s32(a.residual_multiplier));
    if (!a.ties)
        return vrshlq_s32(sum, vdupq_n_s32(-a.residual_shift));
    /* The last bit that stays moves to the sign's place, and from there becomes 1. */
    const uint32x4_t moved = vshlq_u32(vreinterpretq_u32_s32(sum), vdupq_n_s32(31 - a.residual_shift));
    const int32x4_t half = vdupq_n_s32(((int32_t)1 << (a.residual_shift - 1)) - 1);
    const int32x4_t raised = vaddq_s32(sum, half);
    const uint32x4_t rounded = vsraq_n_u32(vreinterpretq_u32_s32(raised), moved, 31);
    return vshlq_s32(vreinterpretq_s32_u32(rounded), vdupq_n_s32(-a.residual_shift));
}

QCC_INLINE QCC_TARGET_NEON int16x8_t qcc_residual_words__neon(const qcc_conv2d_args a, int16x8_t lhs, int16x8_t rhs) {
    const int32x4_t first = qcc_residual_sum__neon(a, vget_low_s16(lhs), vget_low_s16(rhs));
    const int32x4_t second = qcc_residual_sum__neon(a, vget_high_s16(lhs), vget_high_s16(rhs));
    const int16x8_t words = vqmovn_high_s32(vqmovn_s32(first), second);
    return vqaddq_s16(words, vdupq_n_s16((int16_t)a.sum_zero_point));
}

QCC_INLINE QCC_TARGET_NEON void qcc_add_residual__neon(const qcc_conv2d_args a, const int8_t *residual, int8_t *output,
                                                       ptrdiff_t count) {
    const int8x16_t lhs_zero_point = vdupq_n_s8((int8_t)a.zero_point);
    const int8x16_t rhs_zero_point = vdupq_n_s8((int8_t)a.residual_zero_point);
    ptrdiff_t i = 0;
    for (; i + 16 <= count; i += 16) {
        const int8x16_t l = vld1q_s8(output + i), r = vld1q_s8(residual + i);
        const int16x8_t first = qcc_residual_words__neon(a, vsubl_s8(vget_low_s8(l), vget_low_s8(lhs_zero_point)),
                                                         vsubl_s8(vget_low_s8(r), vget_low_s8(rhs_zero_point)));
        const int16x8_t second =
            qcc_residual_words__neon(a, vsubl_high_s8(l, lhs_zero_point), vsubl_high_s8(r, rhs_zero_point));
        int8x16_t bytes = vqmovn_high_s16(vqmovn_s16(first), second);
        if (a.sum_minimum > -128)
            bytes = vmaxq_s8(bytes, vdupq_n_s8((int8_t)a.sum_minimum));
        if (a.sum_maximum < 127)
            bytes = vminq_s8(bytes, vdupq_n_s8((int8_t)a.sum_maximum));
        vst1q_s8(output + i, bytes);
    }
    for (const ptrdiff_t end = i + (count & 15); i < end; i++)
        output[i] = qcc_conv2d_add_residual(a, output[i], residual[i]);
}

#endif
#endif
