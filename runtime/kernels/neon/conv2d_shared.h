/*
 * Convolution of int8 by int8 in [-127, 127] on every AArch64 processor, with weights packed as for sdot (four channels
 * times four taps a vector): a library for several targets holds them once. Four taps of a column fill both halves of a
 * vector; smull and smlal add two such products into int16, which they fit, and sadalp adds those in pairs. Tiles of 4
 * columns by 8 channels. conv2d_symmetric.h has its own packing and a few percent fewer instructions.
 */
#ifndef QCC_NEON_CONV2D_SHARED_H
#define QCC_NEON_CONV2D_SHARED_H

#include "conv2d_lines.h"
#include "requantize.h"

#if defined(__aarch64__)

/* Eight taps (or four, if `single`) of one column, each four twice in a vector, times four channels. */
QCC_INLINE QCC_TARGET_NEON void qcc_multiply_fours__neon(int32_t single, int8x16_t x0, int8x16_t x1, int8x16_t w0,
                                                         int8x16_t w1, int32x4_t *low, int32x4_t *high) {
    int16x8_t first = vmull_s8(vget_low_s8(x0), vget_low_s8(w0));
    int16x8_t second = vmull_high_s8(x0, w0);
    if (!single) {
        first = vmlal_s8(first, vget_low_s8(x1), vget_low_s8(w1));
        second = vmlal_high_s8(second, x1, w1);
    }
    *low = vpadalq_s16(*low, first);
    *high = vpadalq_s16(*high, second);
    QCC_IN_ORDER(*low);
    QCC_IN_ORDER(*high);
}

QCC_INLINE QCC_TARGET_NEON int8x16_t qcc_four_taps__neon(int8x16_t x, int32_t lane) {
    const int32x4_t taps = vreinterpretq_s32_s8(x);
    const int32x4_t all = lane == 0   ? vdupq_laneq_s32(taps, 0)
                          : lane == 1 ? vdupq_laneq_s32(taps, 1)
                          : lane == 2 ? vdupq_laneq_s32(taps, 2)
                                      : vdupq_laneq_s32(taps, 3);
    return vreinterpretq_s8_s32(all);
}

/* Eight taps (or four) from `lane` on of every column times eight channels (or four). */
QCC_INLINE QCC_TARGET_NEON void qcc_multiply_eights__neon(int32_t columns, int32_t wide, int32_t single, int32_t lane,
                                                          const int8x16_t *x, const int8_t *weights,
                                                          int32x4_t acc[4][4]) {
    int8x16_t w0 = vld1q_s8(weights), w1 = vld1q_s8(weights + 16), w2 = w0, w3 = w1;
    QCC_LOAD_PAIR(w0, w1);
    if (!single) {
        w2 = vld1q_s8(weights + 32), w3 = vld1q_s8(weights + 48);
        QCC_LOAD_PAIR(w2, w3);
    }
    QCC_UNROLL
    for (int32_t i = 0; i < 4; i++) {
        if (i >= columns)
            continue;
        const int8x16_t first = qcc_four_taps__neon(x[i], lane);
        const int8x16_t second = single ? first : qcc_four_taps__neon(x[i], lane + 1);
        qcc_multiply_fours__neon(single, first, second, w0, w2, &acc[i][0], &acc[i][1]);
        if (wide)
            qcc_multiply_fours__neon(single, first, second, w1, w3, &acc[i][2], &acc[i][3]);
    }
    QCC_LOAD_LATER();
}

/* `taps` (1..16) taps of every column times eight channels (or four). */
QCC_INLINE QCC_TARGET_NEON void qcc_multiply_taps__neon(int32_t columns, int32_t wide, int32_t taps,
                                                        ptrdiff_t pixel_step, const int8_t *row, const int8_t *weights,
                                                        int32x4_t acc[4][4]) {
    int8x16_t x[4];
    QCC_UNROLL
    for (int32_t i = 0; i < 4; i++)
        x[i] = vld1q_s8(row + (ptrdiff_t)(i < columns ? i : 0) * pixel_step);
    qcc_multiply_eights__neon(columns, wide, taps <= 4, 0, x, weights, acc);
    if (taps > 8)
        qcc_multiply_eights__neon(columns, wide, taps <= 12, 2, x, weights + 64, acc);
}

/* `columns` (1..4) output columns times `width` (1..8) channels; both are literals after inlining. */
QCC_INLINE QCC_TARGET_NEON void qcc_conv2d_tile__neon_shared(const qcc_conv2d_args a, int32_t columns, int32_t width,
                                                             const int8_t *const *lines, ptrdiff_t offset,
                                                             const int8_t *weights, const int32_t *bias,
                                                             const float *multipliers, void *output, ptrdiff_t at) {
    const qcc_lines_plan p = qcc_conv2d_plan_lines(a);
    const int32_t full = p.run / 16, rest = p.run % 16, wide = width > 4;
    int32x4_t acc[4][4];
    QCC_UNROLL
    for (int32_t i = 0; i < 16; i++)
        acc[i / 4][i % 4] = vdupq_n_s32(0);
    for (int32_t ky = 0; ky < p.rows; ky++) {
        const int8_t *row = lines[ky] + offset;
        for (int32_t step = 0; step < full; step++) {
            qcc_multiply_taps__neon(columns, wide, 16, p.pixel_step, row, weights, acc);
            weights += 128;
            row += 16;
        }
        if (rest > 0) {
            qcc_multiply_taps__neon(columns, wide, rest, p.pixel_step, row, weights, acc);
            weights += (rest + 3) / 4 * 32;
        }
    }
    const float32x4_t scales[4] = {vld1q_f32(multipliers), vld1q_f32(multipliers + 4), vld1q_f32(multipliers),
                                   vld1q_f32(multipliers + 4)};
    const int32x4_t start[2] = {vld1q_s32(bias), vld1q_s32(bias + 4)};
    QCC_UNROLL
    for (int32_t i = 0; i < 4; i += 2) {
        if (i >= columns)
            continue;
        int32x4_t sums[4];
        QCC_UNROLL
        for (int32_t n = 0; n < 4; n++)
            sums[n] = vaddq_s32(vpaddq_s32(acc[i + n / 2][n % 2 * 2], acc[i + n / 2][n % 2 * 2 + 1]), start[n % 2]);
        qcc_store_pair__neon(a, i + 1 < columns, width, sums, scales, output, at + (ptrdiff_t)i * a.output_step);
    }
}

/* All columns of one row times `width` channels. */
QCC_INLINE QCC_TARGET_NEON void qcc_conv2d_columns__neon_shared(const qcc_conv2d_args a, int32_t columns, int32_t width,
                                                                const int8_t *const *lines, const int8_t *weights,
                                                                const int32_t *bias, const float *multipliers,
                                                                void *output, ptrdiff_t at) {
    const ptrdiff_t step = qcc_conv2d_plan_lines(a).pixel_step;
    int32_t x = 0;
    for (; x + 4 <= columns; x += 4)
        qcc_conv2d_tile__neon_shared(a, 4, width, lines, x * step, weights, bias, multipliers, output,
                                     at + (ptrdiff_t)x * a.output_step);
    const int32_t rest = a.output_width % 4; /* blocks of columns are multiples of 4 */
    if (rest != 0 && x < columns)
        qcc_conv2d_tile__neon_shared(a, rest, width, lines, x * step, weights, bias, multipliers, output,
                                     at + (ptrdiff_t)x * a.output_step);
}

QCC_INLINE QCC_TARGET_NEON void qcc_conv2d_line__neon_shared(const qcc_conv2d_args a, int32_t columns,
                                                             const int8_t *const *lines, const int8_t *weights,
                                                             const int32_t *bias, const float *multipliers,
                                                             void *output) {
    const qcc_lines_plan p = qcc_conv2d_plan_lines(a);
    const int32_t channels = a.output_channels / a.groups;
    const ptrdiff_t block = (ptrdiff_t)p.rows * ((p.run + 3) / 4) * 32;
    int32_t n = 0;
    for (; n + 8 <= channels; n += 8)
        qcc_conv2d_columns__neon_shared(a, columns, 8, lines, weights + n / 8 * block, bias + n, multipliers + n,
                                        output, n);
    if (channels % 8 != 0)
        qcc_conv2d_columns__neon_shared(a, columns, channels % 8, lines, weights + n / 8 * block, bias + n,
                                        multipliers + n, output, n);
}

QCC_CONV2D_LINES_DRIVER(qcc_conv2d_s8s8_shared_8x8c4__neon, neon_shared, QCC_TARGET_NEON, 8, 4)

#endif
#endif
