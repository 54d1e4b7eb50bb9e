/*
 * Convolution of int8 by int8 in [-127, 127] on every processor with NEON. Two products fit int16: 2 * 128 * 127 <
 * 2^15; so smull and smlal2 add 16 taps into eight int16 and sadalp adds those in pairs: 3 instructions for 16
 * products. A tile of 4 columns (2 where there are only 16 registers) by 4 channels keeps an accumulator of partial
 * sums for each.
 */
#ifndef QCC_NEON_CONV2D_SYMMETRIC_H
#define QCC_NEON_CONV2D_SYMMETRIC_H

#include "conv2d_lines.h"
#include "requantize.h"

#if defined(QCC_NEON)

/* 16 taps (or 8, if `half`) of four columns times one channel. */
QCC_INLINE QCC_TARGET_NEON void qcc_multiply_columns__neon(int32_t columns, int32_t half, const int8x16_t *x,
                                                           int8x16_t w, int32x4_t acc[4][4], int32_t n) {
    int16x8_t products[4];
    QCC_UNROLL
    for (int32_t i = 0; i < 4; i++)
        products[i] = vmull_s8(vget_low_s8(x[i < columns ? i : 0]), vget_low_s8(w));
    QCC_UNROLL
    for (int32_t i = 0; i < 4; i++)
        if (!half)
            products[i] = vmlal_high_s8(products[i], x[i < columns ? i : 0], w);
    QCC_UNROLL
    for (int32_t i = 0; i < 4; i++)
        if (i < columns) {
            acc[i][n] = vpadalq_s16(acc[i][n], products[i]);
            QCC_IN_ORDER(acc[i][n]);
        }
}

/* 16 taps (or 8, if `half`) of `columns` columns times four channels. */
QCC_INLINE QCC_TARGET_NEON void qcc_multiply_step__neon(int32_t columns, int32_t half, ptrdiff_t pixel_step,
                                                        const int8_t *row, const int8_t *weights, int32x4_t acc[4][4]) {
    int8x16_t x[4];
    QCC_UNROLL
    for (int32_t i = 0; i < 4; i++) {
        const int8_t *const from = row + (ptrdiff_t)(i < columns ? i : 0) * pixel_step;
        x[i] = half ? vcombine_s8(vld1_s8(from), vdup_n_s8(0)) : vld1q_s8(from);
    }
    QCC_UNROLL
    for (int32_t n = 0; n < 4; n += 2) {
        int8x16_t w0 = vld1q_s8(weights + n * 16), w1 = vld1q_s8(weights + n * 16 + 16);
        QCC_LOAD_PAIR(w0, w1);
        qcc_multiply_columns__neon(columns, half, x, w0, acc, n);
        qcc_multiply_columns__neon(columns, half, x, w1, acc, n + 1);
    }
    QCC_LOAD_LATER();
}

/* `columns` (1..4) output columns times four channels, the first `width` of which are stored; literals after inlining.
 */
QCC_INLINE QCC_TARGET_NEON void qcc_conv2d_tile__neon_bytes(const qcc_conv2d_args a, int32_t columns, int32_t width,
                                                            const int8_t *const *lines, ptrdiff_t offset,
                                                            const int8_t *weights, const int32_t *bias,
                                                            const float *multipliers, void *output, ptrdiff_t at) {
    const qcc_lines_plan p = qcc_conv2d_plan_lines(a);
    const int32_t half = p.run % 16 > 0 && p.run % 16 <= 8, steps = (p.run + 15) / 16 - half;
    int32x4_t acc[4][4];
    QCC_UNROLL
    for (int32_t i = 0; i < 16; i++)
        acc[i / 4][i % 4] = vdupq_n_s32(0);
    for (int32_t ky = 0; ky < p.rows; ky++) {
        const int8_t *row = lines[ky] + offset;
        for (int32_t step = 0; step < steps; step++) {
            qcc_multiply_step__neon(columns, 0, p.pixel_step, row, weights, acc);
            weights += 64;
            row += 16;
        }
        if (half) {
            qcc_multiply_step__neon(columns, 1, p.pixel_step, row, weights, acc);
            weights += 64;
        }
    }
    const int32x4_t start = vld1q_s32(bias);
    const float32x4_t scales = vld1q_f32(multipliers);
    int32x4_t sums[4];
    QCC_UNROLL
    for (int32_t i = 0; i < 4; i++) {
        const int32x4_t pairs = vpaddq_s32(vpaddq_s32(acc[i][0], acc[i][1]), vpaddq_s32(acc[i][2], acc[i][3]));
        sums[i] = vaddq_s32(pairs, start);
    }
    qcc_store_columns__neon(a, columns, width, sums, scales, output, at);
}

/* All columns of one row times `width` channels. */
QCC_INLINE QCC_TARGET_NEON void qcc_conv2d_columns__neon_bytes(const qcc_conv2d_args a, int32_t columns, int32_t width,
                                                               const int8_t *const *lines, const int8_t *weights,
                                                               const int32_t *bias, const float *multipliers,
                                                               void *output, ptrdiff_t at) {
    const ptrdiff_t step = qcc_conv2d_plan_lines(a).pixel_step;
    int32_t x = 0;
    for (; x + QCC_NEON_COLUMNS <= columns; x += QCC_NEON_COLUMNS)
        qcc_conv2d_tile__neon_bytes(a, QCC_NEON_COLUMNS, width, lines, x * step, weights, bias, multipliers, output,
                                    at + (ptrdiff_t)x * a.output_step);
    const int32_t rest = a.output_width % QCC_NEON_COLUMNS; /* blocks of columns are multiples of 4 */
    if (rest != 0 && x < columns)
        qcc_conv2d_tile__neon_bytes(a, rest, width, lines, x * step, weights, bias, multipliers, output,
                                    at + (ptrdiff_t)x * a.output_step);
}

QCC_INLINE QCC_TARGET_NEON void qcc_conv2d_line__neon_bytes(const qcc_conv2d_args a, int32_t columns,
                                                            const int8_t *const *lines, const int8_t *weights,
                                                            const int32_t *bias, const float *multipliers,
                                                            void *output) {
    const qcc_lines_plan p = qcc_conv2d_plan_lines(a);
    const int32_t channels = a.output_channels / a.groups;
    const ptrdiff_t block = (ptrdiff_t)p.rows * ((p.run + 15) / 16) * 64;
    int32_t n = 0;
    for (; n + 4 <= channels; n += 4)
        qcc_conv2d_columns__neon_bytes(a, columns, 4, lines, weights + n / 4 * block, bias + n, multipliers + n, output,
                                       n);
    if (channels % 4 != 0)
        qcc_conv2d_columns__neon_bytes(a, columns, channels % 4, lines, weights + n / 4 * block, bias + n,
                                       multipliers + n, output, n);
}

QCC_CONV2D_LINES_DRIVER(qcc_conv2d_s8s8_symmetric_4x4c16__neon, neon_bytes, QCC_TARGET_NEON, 4, 16)

#endif
#endif
