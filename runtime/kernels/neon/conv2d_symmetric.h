/*
 * Convolution of int8 by int8 in [-127, 127] on every AArch64 processor. Two products fit int16: 2 * 128 * 127 < 2^15; so
 * smull and smlal2 add 16 taps into eight int16 and sadalp adds those in pairs: 3 instructions for 16 products. A tile of
 * 4 columns by 4 channels keeps 16 accumulators of partial sums.
 */
#ifndef QCC_NEON_CONV2D_SYMMETRIC_H
#define QCC_NEON_CONV2D_SYMMETRIC_H

#include "conv2d.h"

#if defined(__aarch64__)

QCC_INLINE QCC_TARGET_NEON void qcc_conv2d_fill__neon_bytes(int8_t *row, int32_t zero_point, ptrdiff_t count) {
    for (ptrdiff_t i = 0; i < count; i++)
        row[i] = (int8_t)zero_point;
}

QCC_INLINE QCC_TARGET_NEON void qcc_conv2d_take__neon_bytes(int8_t *row, const int8_t *input, ptrdiff_t count) {
    ptrdiff_t i = 0;
    for (; i + 16 <= count; i += 16)
        vst1q_s8(row + i, vld1q_s8(input + i));
    for (const ptrdiff_t end = i + (count & 15); i < end; i++)
        row[i] = input[i];
}

QCC_INLINE QCC_TARGET_NEON void qcc_conv2d_residual__neon_bytes(const qcc_conv2d_args a, const int8_t *residual,
                                                                int8_t *output, ptrdiff_t count) {
    qcc_conv2d_residual__neon(a, residual, output, count);
}

/* Four channels (or the first `width` of them) of one output column. */
QCC_INLINE QCC_TARGET_NEON void qcc_store__neon_bytes(const qcc_conv2d_args a, int32_t width, const int32x4_t *acc,
                                                      int32x4_t bias, float32x4_t multipliers, void *output,
                                                      ptrdiff_t at) {
    const int32x4_t sums = vpaddq_s32(vpaddq_s32(acc[0], acc[1]), vpaddq_s32(acc[2], acc[3]));
    const int32x4_t total = vaddq_s32(sums, bias);
    if (a.float_output) {
        const float32x4_t values = vmulq_f32(vcvtq_f32_s32(total), multipliers);
        __builtin_memcpy((float *)output + at, &values, (size_t)width * 4);
        return;
    }
    const int16x4_t words = qcc_requantize__neon(a, total, multipliers);
    const int8x8_t bytes = vmovn_s16(vcombine_s16(words, words));
    __builtin_memcpy((int8_t *)output + at, &bytes, (size_t)width);
}

/* `columns` (1..4) output columns times `width` (1..4) channels; both are literals after inlining. */
QCC_INLINE QCC_TARGET_NEON void qcc_conv2d_symmetric_tile__neon(const qcc_conv2d_args a, int32_t columns,
                                                                int32_t width, int32_t first_slot, const int8_t *rows,
                                                                const int8_t *weights, const int32_t *bias,
                                                                const float *multipliers, void *output, ptrdiff_t at) {
    const qcc_conv2d_plan p = qcc_conv2d_make_plan(a);
    const int32_t full = p.run / 16, rest = p.run % 16;
    int32x4_t acc[4][4];
    QCC_UNROLL
    for (int32_t i = 0; i < 16; i++)
        acc[i / 4][i % 4] = vdupq_n_s32(0);
    for (int32_t ky = 0; ky < a.kernel_height; ky++) {
        const int8_t *row = rows + (ptrdiff_t)((first_slot + ky) % p.slots) * p.row_elements;
        for (int32_t step = 0; step < full + (rest > 8); step++) {
            int8x16_t x[4];
            QCC_UNROLL
            for (int32_t i = 0; i < 4; i++)
                x[i] = vld1q_s8(row + (ptrdiff_t)(i < columns ? i : 0) * p.pixel_step);
            QCC_UNROLL
            for (int32_t n = 0; n < 4; n++) {
                const int8x16_t w = vld1q_s8(weights + n * 16);
                QCC_UNROLL
                for (int32_t i = 0; i < columns; i++) {
                    const int16x8_t low = vmull_s8(vget_low_s8(x[i]), vget_low_s8(w));
                    acc[i][n] = vpadalq_s16(acc[i][n], vmlal_high_s8(low, x[i], w));
                    QCC_KEEP_VECTOR(acc[i][n]);
                }
            }
            weights += 64;
            row += 16;
        }
        if (rest > 0 && rest <= 8) {
            QCC_UNROLL
            for (int32_t n = 0; n < 4; n++) {
                const int8x8_t w = vld1_s8(weights + n * 16);
                QCC_UNROLL
                for (int32_t i = 0; i < columns; i++)
                    acc[i][n] = vpadalq_s16(acc[i][n], vmull_s8(vld1_s8(row + (ptrdiff_t)i * p.pixel_step), w));
            }
            weights += 64;
        }
    }
    const int32x4_t start = vld1q_s32(bias);
    const float32x4_t scales = vld1q_f32(multipliers);
    QCC_UNROLL
    for (int32_t i = 0; i < columns; i++)
        qcc_store__neon_bytes(a, width, acc[i], start, scales, output, at + (ptrdiff_t)i * a.output_channels);
}

/* All columns of one row times `width` channels. */
QCC_INLINE QCC_TARGET_NEON void qcc_conv2d_symmetric_columns__neon(const qcc_conv2d_args a, int32_t columns,
                                                                   int32_t width, int32_t first_slot,
                                                                   const int8_t *rows, const int8_t *weights,
                                                                   const int32_t *bias, const float *multipliers,
                                                                   void *output, ptrdiff_t at) {
    const ptrdiff_t step = qcc_conv2d_make_plan(a).pixel_step;
    int32_t x = 0;
    for (; x + 4 <= columns; x += 4)
        qcc_conv2d_symmetric_tile__neon(a, 4, width, first_slot, rows + x * step, weights, bias, multipliers, output,
                                        at + (ptrdiff_t)x * a.output_channels);
    const int32_t rest = a.output_width % 4; /* blocks of columns are multiples of 4 */
    if (rest != 0 && x < columns)
        qcc_conv2d_symmetric_tile__neon(a, rest, width, first_slot, rows + x * step, weights, bias, multipliers,
                                        output, at + (ptrdiff_t)x * a.output_channels);
}

QCC_INLINE QCC_TARGET_NEON void qcc_conv2d_symmetric_row__neon_bytes(const qcc_conv2d_args a, int32_t columns,
                                                                     int32_t first_slot, const int8_t *rows,
                                                                     const int8_t *weights,
                                                                     const int8_t *weight_zero_points,
                                                                     const int32_t *bias, const float *multipliers,
                                                                     void *output) {
    const int32_t channels = a.output_channels / a.groups;
    const ptrdiff_t block = (ptrdiff_t)a.kernel_height * ((a.kernel_width * a.channels + 15) / 16) * 64;
    (void)weight_zero_points; /* all are 0 */
    int32_t n = 0;
    for (; n + 4 <= channels; n += 4)
        qcc_conv2d_symmetric_columns__neon(a, columns, 4, first_slot, rows, weights + n / 4 * block, bias + n,
                                           multipliers + n, output, n);
    if (channels % 4 != 0)
        qcc_conv2d_symmetric_columns__neon(a, columns, channels % 4, first_slot, rows, weights + n / 4 * block,
                                           bias + n, multipliers + n, output, n);
}

QCC_CONV2D_PREPARE(neon_bytes, QCC_TARGET_NEON, int8_t)
QCC_CONV2D_DRIVER(qcc_conv2d_s8s8_symmetric_4x4c16__neon, conv2d_symmetric, neon_bytes, QCC_TARGET_NEON, int8_t, 4, 16)

#endif
#endif
