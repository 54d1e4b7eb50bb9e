/*
 * The end of every int8 contraction with NEON: int32 sums become int8. Rounding keeps order and the limits are
 * integers, so clamping after rounding gives what clamping before it gives (docs/numerics.md), and the saturating
 * conversions and narrowings do most of it.
 */
#ifndef QCC_NEON_REQUANTIZE_H
#define QCC_NEON_REQUANTIZE_H

#include "../portable/conv2d_args.h"
#include "intrinsics.h"

#if defined(QCC_NEON)

QCC_INLINE QCC_TARGET_NEON int32x4_t qcc_scale__neon(const qcc_conv2d_args a, int32x4_t sum, float32x4_t multipliers) {
    const float32x4_t scaled = vmulq_f32(vcvtq_f32_s32(sum), multipliers);
    return a.fits_int16 ? qcc_round__neon(scaled) : qcc_round_far__neon(scaled);
}

/* Eight rounded numbers plus the zero point, saturated to int16: far enough outside of int8. */
QCC_INLINE QCC_TARGET_NEON int16x8_t qcc_words__neon(const qcc_conv2d_args a, int32x4_t first, int32x4_t second) {
    const int16x8_t words = a.fits_int16 ? vuzp1q_s16(vreinterpretq_s16_s32(first), vreinterpretq_s16_s32(second))
                                         : vqmovn_high_s32(vqmovn_s32(first), second);
    return vqaddq_s16(words, vdupq_n_s16((int16_t)a.zero_point));
}

/* The first half of the result counts if there is no second. */
QCC_INLINE QCC_TARGET_NEON int8x16_t qcc_bytes__neon(const qcc_conv2d_args a, int16x8_t first, int16x8_t second) {
    int8x16_t bytes = vqmovn_high_s16(vqmovn_s16(first), second);
    if (a.minimum > -128)
        bytes = vmaxq_s8(bytes, vdupq_n_s8((int8_t)a.minimum));
    if (a.maximum < 127)
        bytes = vminq_s8(bytes, vdupq_n_s8((int8_t)a.maximum));
    return bytes;
}

/* Stores the sums of `width` (1..16) channels of one output column; `width` is a literal after inlining. */
QCC_INLINE QCC_TARGET_NEON void qcc_store_sums__neon(const qcc_conv2d_args a, int32_t width, const int32x4_t *sums,
                                                     const float32x4_t *multipliers, void *output, ptrdiff_t at) {
    if (a.float_output) {
        float32x4_t values[4];
        QCC_UNROLL
        for (int32_t n = 0; n < (width + 3) / 4; n++)
            values[n] = qcc_real__neon(sums[n], multipliers[n]);
        __builtin_memcpy((float *)output + at, values, (size_t)width * 4);
        return;
    }
    int32x4_t q[4];
    QCC_UNROLL
    for (int32_t n = 0; n < 4; n++) {
        const int32_t from = n * 4 < width ? n : 0;
        q[n] = qcc_scale__neon(a, sums[from], multipliers[from]);
    }
    int8_t *const to = (int8_t *)output + at;
    const int16x8_t first = qcc_words__neon(a, q[0], q[1]);
    const int8x16_t bytes = qcc_bytes__neon(a, first, width > 8 ? qcc_words__neon(a, q[2], q[3]) : first);
    if (width == 16)
        vst1q_s8(to, bytes);
    else if (width == 8)
        vst1_s8(to, vget_low_s8(bytes));
    else
        __builtin_memcpy(to, &bytes, (size_t)width);
}

/* Stores `width` (1..8) channels of one output column, or of two (`both`): sums[0..1] and sums[2..3]. */
QCC_INLINE QCC_TARGET_NEON void qcc_store_pair__neon(const qcc_conv2d_args a, int32_t both, int32_t width,
                                                     const int32x4_t *sums, const float32x4_t *multipliers,
                                                     void *output, ptrdiff_t at) {
    if (width < 8 || a.float_output) {
        qcc_store_sums__neon(a, width, sums, multipliers, output, at);
        if (both)
            qcc_store_sums__neon(a, width, sums + 2, multipliers, output, at + a.output_step);
        return;
    }
    int32x4_t q[4];
    QCC_UNROLL
    for (int32_t n = 0; n < 4; n++)
        q[n] = qcc_scale__neon(a, sums[both ? n : n & 1], multipliers[n & 1]);
    const int16x8_t first = qcc_words__neon(a, q[0], q[1]);
    const int8x16_t bytes = qcc_bytes__neon(a, first, both ? qcc_words__neon(a, q[2], q[3]) : first);
    int8_t *const to = (int8_t *)output + at;
    vst1_s8(to, vget_low_s8(bytes));
    if (both)
        vst1_s8(to + a.output_step, vget_high_s8(bytes));
}

/* Stores `width` (1..4) channels of each of `columns` (1..4) output columns; both are literals after inlining. */
QCC_INLINE QCC_TARGET_NEON void qcc_store_columns__neon(const qcc_conv2d_args a, int32_t columns, int32_t width,
                                                        const int32x4_t *sums, float32x4_t multipliers, void *output,
                                                        ptrdiff_t at) {
    int32x4_t q[4];
    QCC_UNROLL
    for (int32_t i = 0; i < 4; i++) {
        if (a.float_output && i < columns) {
            const float32x4_t values = qcc_real__neon(sums[i], multipliers);
            __builtin_memcpy((float *)output + at + (ptrdiff_t)i * a.output_step, &values, (size_t)width * 4);
        }
        q[i] = qcc_scale__neon(a, sums[i < columns ? i : 0], multipliers);
    }
    if (a.float_output)
        return;
    const int16x8_t first = qcc_words__neon(a, q[0], q[1]);
    const int8x16_t bytes = qcc_bytes__neon(a, first, columns > 2 ? qcc_words__neon(a, q[2], q[3]) : first);
    const int32x4_t words = vreinterpretq_s32_s8(bytes);
    int8_t *const to = (int8_t *)output + at;
    const int32_t four[4] = {vgetq_lane_s32(words, 0), vgetq_lane_s32(words, 1), vgetq_lane_s32(words, 2),
                             vgetq_lane_s32(words, 3)};
    QCC_UNROLL
    for (int32_t i = 0; i < 4; i++)
        if (i < columns)
            __builtin_memcpy(to + (ptrdiff_t)i * a.output_step, &four[i], (size_t)width);
}

#endif
#endif
