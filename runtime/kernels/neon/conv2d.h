/*
 * Convolution of int8 by int8 on every processor with NEON, exact for all weights: rows hold int16, weights are widened
 * on load, and smlal adds eight channels times one tap. conv2d_symmetric.h is faster where weights allow it.
 */
#ifndef QCC_NEON_CONV2D_H
#define QCC_NEON_CONV2D_H

#include "../portable/conv2d_driver.h"
#include "intrinsics.h"

#if defined(QCC_NEON)

QCC_INLINE QCC_TARGET_NEON void qcc_conv2d_fill__neon(int16_t *row, int32_t zero_point, ptrdiff_t count) {
    for (ptrdiff_t i = 0; i < count; i++)
        row[i] = (int16_t)zero_point;
}

QCC_INLINE QCC_TARGET_NEON void qcc_conv2d_take__neon(int16_t *row, const int8_t *input, ptrdiff_t count) {
    ptrdiff_t i = 0;
    for (; i + 8 <= count; i += 8)
        vst1q_s16(row + i, vmovl_s8(vld1_s8(input + i)));
    for (const ptrdiff_t end = i + (count & 7); i < end; i++)
        row[i] = input[i];
}

/* The add formula on four sums and residuals. */
QCC_INLINE QCC_TARGET_NEON int16x4_t qcc_add_words__neon(const qcc_conv2d_args a, int16x4_t lhs, int16x4_t rhs) {
    const int32_t constant = -a.zero_point * a.conv_multiplier - a.residual_zero_point * a.residual_multiplier;
    int32x4_t sum = vdupq_n_s32(constant);
    sum = vmlaq_n_s32(sum, vmovl_s16(lhs), a.conv_multiplier);
    sum = vmlaq_n_s32(sum, vmovl_s16(rhs), a.residual_multiplier);
    const int32x4_t shift = vdupq_n_s32(-a.residual_shift);
    const int32x4_t odd = vandq_s32(vshlq_s32(sum, shift), vdupq_n_s32(1));
    const int32x4_t half = vdupq_n_s32(((int32_t)1 << (a.residual_shift - 1)) - 1);
    return vqmovn_s32(vshlq_s32(vaddq_s32(vaddq_s32(sum, half), odd), shift));
}

QCC_INLINE QCC_TARGET_NEON void qcc_conv2d_residual__neon(const qcc_conv2d_args a, const int8_t *residual,
                                                          int8_t *output, ptrdiff_t count) {
    ptrdiff_t i = 0;
    for (; i + 8 <= count; i += 8) {
        const int16x8_t lhs = vmovl_s8(vld1_s8(output + i)), rhs = vmovl_s8(vld1_s8(residual + i));
        const int16x8_t words = vcombine_s16(qcc_add_words__neon(a, vget_low_s16(lhs), vget_low_s16(rhs)),
                                             qcc_add_words__neon(a, vget_high_s16(lhs), vget_high_s16(rhs)));
        const int8x8_t bytes = vqmovn_s16(vqaddq_s16(words, vdupq_n_s16((int16_t)a.sum_zero_point)));
        const int8x8_t least = vmax_s8(bytes, vdup_n_s8((int8_t)a.sum_minimum));
        vst1_s8(output + i, vmin_s8(least, vdup_n_s8((int8_t)a.sum_maximum)));
    }
    for (const ptrdiff_t end = i + (count & 7); i < end; i++)
        output[i] = qcc_conv2d_add_residual(a, output[i], residual[i]);
}

QCC_INLINE QCC_TARGET_NEON int16x4_t qcc_requantize__neon(const qcc_conv2d_args a, int32x4_t acc,
                                                          float32x4_t multipliers) {
    const float32x4_t scaled = vmulq_f32(vcvtq_f32_s32(acc), multipliers);
    const float32x4_t low = vmaxq_f32(scaled, vdupq_n_f32((float)(a.minimum - a.zero_point)));
    const float32x4_t clamped = vminq_f32(low, vdupq_n_f32((float)(a.maximum - a.zero_point)));
    return vadd_s16(vmovn_s32(qcc_round__neon(clamped)), vdup_n_s16((int16_t)a.zero_point));
}

/* Eight channels (or the first `width` of them) of one output column. */
QCC_INLINE QCC_TARGET_NEON void qcc_store__neon(const qcc_conv2d_args a, int32_t width, int32x4_t first,
                                                int32x4_t second, const float *multipliers, void *output,
                                                ptrdiff_t at) {
    const float32x4_t m0 = vld1q_f32(multipliers), m1 = vld1q_f32(multipliers + 4);
    if (a.float_output) {
        float values[8];
        vst1q_f32(values, qcc_real__neon(first, m0));
        vst1q_f32(values + 4, qcc_real__neon(second, m1));
        __builtin_memcpy((float *)output + at, values, (size_t)width * 4);
        return;
    }
    const int16x4_t q0 = qcc_requantize__neon(a, first, m0), q1 = qcc_requantize__neon(a, second, m1);
    const int8x8_t bytes = vmovn_s16(vcombine_s16(q0, q1));
    if (width == 8)
        vst1_s8((int8_t *)output + at, bytes);
    else
        __builtin_memcpy((int8_t *)output + at, &bytes, (size_t)width);
}

/* Eight weights less their zero points, as int16. */
QCC_INLINE QCC_TARGET_NEON int16x8_t qcc_load_weights__neon(const int8_t *weights, const int8_t *weight_zero_points) {
    const int8x8_t stored = vld1_s8(weights);
    return weight_zero_points == NULL ? vmovl_s8(stored) : vsubl_s8(stored, vld1_s8(weight_zero_points));
}

/* `columns` (1..4) output columns times `width` (1..8) channels; both are literals after inlining. */
QCC_INLINE QCC_TARGET_NEON void qcc_conv2d_tile__neon(const qcc_conv2d_args a, int32_t columns, int32_t width,
                                                      int32_t first_slot, const int16_t *rows, const int8_t *weights,
                                                      const int8_t *weight_zero_points, const int32_t *bias,
                                                      const float *multipliers, void *output, ptrdiff_t at) {
    const qcc_conv2d_plan p = qcc_conv2d_make_plan(a);
    const int32_t packed = qcc_packed_width(a, 8); /* lanes past the last channel hold what follows */
    int32x4_t acc[4][2];
    QCC_UNROLL
    for (int32_t i = 0; i < 4; i++) {
        acc[i][0] = vld1q_s32(bias);
        acc[i][1] = vld1q_s32(bias + 4);
    }
    for (int32_t ky = 0; ky < a.kernel_height; ky++) {
        const int16_t *row = rows + (ptrdiff_t)((first_slot + ky) % p.slots) * p.row_elements;
        for (int32_t k = 0; k < p.run; k++) {
            const int16x8_t w = qcc_load_weights__neon(weights, weight_zero_points);
            QCC_UNROLL
            for (int32_t i = 0; i < columns; i++) {
                const int16_t x = row[i * p.pixel_step];
                acc[i][0] = vmlal_n_s16(acc[i][0], vget_low_s16(w), x);
                acc[i][1] = vmlal_n_s16(acc[i][1], vget_high_s16(w), x);
            }
            weights += packed;
            row++;
        }
    }
    QCC_UNROLL
    for (int32_t i = 0; i < columns; i++)
        qcc_store__neon(a, width, acc[i][0], acc[i][1], multipliers, output, at + (ptrdiff_t)i * a.output_step);
}

/* All columns of one row times `width` channels. */
QCC_INLINE QCC_TARGET_NEON void qcc_conv2d_columns__neon(const qcc_conv2d_args a, int32_t columns, int32_t width,
                                                         int32_t first_slot, const int16_t *rows, const int8_t *weights,
                                                         const int8_t *weight_zero_points, const int32_t *bias,
                                                         const float *multipliers, void *output, ptrdiff_t at) {
    const ptrdiff_t step = qcc_conv2d_make_plan(a).pixel_step;
    int32_t x = 0;
    for (; x + 4 <= columns; x += 4)
        qcc_conv2d_tile__neon(a, 4, width, first_slot, rows + x * step, weights, weight_zero_points, bias, multipliers,
                              output, at + (ptrdiff_t)x * a.output_step);
    const int32_t rest = a.output_width % 4; /* blocks of columns are multiples of 4 */
    if (rest != 0 && x < columns)
        qcc_conv2d_tile__neon(a, rest, width, first_slot, rows + x * step, weights, weight_zero_points, bias,
                              multipliers, output, at + (ptrdiff_t)x * a.output_step);
}

QCC_INLINE QCC_TARGET_NEON void qcc_conv2d_row__neon(const qcc_conv2d_args a, int32_t columns, int32_t first_slot,
                                                     const int16_t *rows, const int8_t *weights,
                                                     const int8_t *weight_zero_points, const int32_t *bias,
                                                     const float *multipliers, void *output) {
    const int32_t channels = a.output_channels / a.groups;
    const ptrdiff_t block = (ptrdiff_t)a.kernel_height * a.kernel_width * a.channels * 8;
    int32_t n = 0;
    for (; n + 8 <= channels; n += 8)
        qcc_conv2d_columns__neon(a, columns, 8, first_slot, rows, weights + n / 8 * block,
                                 weight_zero_points == NULL ? NULL : weight_zero_points + n, bias + n, multipliers + n,
                                 output, n);
    if (channels % 8 != 0)
        qcc_conv2d_columns__neon(a, columns, channels % 8, first_slot, rows, weights + n / 8 * block,
                                 weight_zero_points == NULL ? NULL : weight_zero_points + n, bias + n, multipliers + n,
                                 output, n);
}

QCC_CONV2D_PREPARE(neon, QCC_TARGET_NEON, int16_t)
QCC_CONV2D_DRIVER(qcc_conv2d_s8s8_4x8c1__neon, conv2d, neon, QCC_TARGET_NEON, int16_t, 8, 1)

#endif
#endif
