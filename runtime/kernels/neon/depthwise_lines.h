/*
 * Depthwise convolution of int8 by int8 in [-127, 127] on every processor with NEON: activations stay bytes, and the
 * products of two taps are added in int16, which they fit (2 * 128 * 127 < 2^15), before they are widened. 16 channels
 * of two columns at a time (one, where there are only 16 registers); weights are packed as [C/16][tap][16] and stay in
 * registers along a row where the filter is small.
 */
#ifndef QCC_NEON_DEPTHWISE_LINES_H
#define QCC_NEON_DEPTHWISE_LINES_H

#include "conv2d_lines.h"
#include "requantize.h"

#if defined(QCC_NEON)

/* Adds two taps (or one: `single`) of 16 channels, or of the first 8. */
QCC_INLINE QCC_TARGET_NEON void qcc_depthwise_taps__neon(int32_t wide, int32_t single, int8x16_t x0, int8x16_t w0,
                                                         int8x16_t x1, int8x16_t w1, int32x4_t *acc) {
    int16x8_t low = vmull_s8(vget_low_s8(x0), vget_low_s8(w0));
    if (!single)
        low = vmlal_s8(low, vget_low_s8(x1), vget_low_s8(w1));
    acc[0] = vaddw_s16(acc[0], vget_low_s16(low));
    acc[1] = vaddw_high_s16(acc[1], low);
    if (!wide)
        return;
    int16x8_t high = vmull_high_s8(x0, w0);
    if (!single)
        high = vmlal_high_s8(high, x1, w1);
    acc[2] = vaddw_s16(acc[2], vget_low_s16(high));
    acc[3] = vaddw_high_s16(acc[3], high);
}

QCC_INLINE QCC_TARGET_NEON int8x16_t qcc_load_channels__neon(int32_t wide, const int8_t *from) {
    return wide ? vld1q_s8(from) : vcombine_s8(vld1_s8(from), vdup_n_s8(0));
}

/* Filters of more than nine taps: weights come from memory. */
QCC_INLINE QCC_TARGET_NEON void qcc_depthwise_large__neon(const qcc_conv2d_args a, int32_t wide, int32_t columns,
                                                          const int8_t *const *lines, ptrdiff_t offset,
                                                          const int8_t *weights, int32x4_t acc[2][4]) {
    const ptrdiff_t step = qcc_conv2d_plan_lines(a).pixel_step;
    for (int32_t ky = 0; ky < a.kernel_height; ky++) {
        const int8_t *row = lines[ky] + offset;
        for (int32_t kx = 0; kx < a.kernel_width; kx += 2) {
            const int32_t single = kx + 1 == a.kernel_width;
            const int8x16_t w0 = vld1q_s8(weights), w1 = vld1q_s8(weights + (single ? 0 : 16));
            QCC_UNROLL
            for (int32_t i = 0; i < 2; i++) {
                if (i >= columns)
                    continue;
                const int8x16_t x0 = qcc_load_channels__neon(wide, row + i * step);
                const int8x16_t x1 = qcc_load_channels__neon(wide, row + i * step + (single ? 0 : a.channels));
                if (single)
                    qcc_depthwise_taps__neon(wide, 1, x0, w0, x0, w0, acc[i]);
                else
                    qcc_depthwise_taps__neon(wide, 0, x0, w0, x1, w1, acc[i]);
            }
            weights += single ? 16 : 32;
            row += 2 * a.channels;
        }
    }
}

/* Filters of at most nine taps, in registers. */
QCC_INLINE QCC_TARGET_NEON void qcc_depthwise_small__neon(const qcc_conv2d_args a, int32_t wide, int32_t columns,
                                                          const int8_t *const *rows, ptrdiff_t offset,
                                                          const int8x16_t *kept, int32x4_t acc[2][4]) {
    const ptrdiff_t step = qcc_conv2d_plan_lines(a).pixel_step;
    const int32_t taps = a.kernel_height * a.kernel_width;
    QCC_UNROLL
    for (int32_t t = 0; t < 9; t += 2) {
        if (t >= taps)
            continue;
        const int32_t u = t + 1 < taps ? t + 1 : t;
        QCC_UNROLL
        for (int32_t i = 0; i < 2; i++) {
            if (i >= columns)
                continue;
            const int8_t *const first = rows[t / a.kernel_width] + offset + t % a.kernel_width * a.channels;
            const int8_t *const second = rows[u / a.kernel_width] + offset + u % a.kernel_width * a.channels;
            const int8x16_t x0 = qcc_load_channels__neon(wide, first + i * step);
            const int8x16_t x1 = qcc_load_channels__neon(wide, second + i * step);
            qcc_depthwise_taps__neon(wide, t == u, x0, kept[t], x1, kept[u], acc[i]);
        }
    }
}

/* One row times `width` (1..16) channels from `n` on. */
QCC_INLINE QCC_TARGET_NEON void qcc_depthwise_channels__neon(const qcc_conv2d_args a, int32_t width, int32_t n,
                                                             int32_t columns, const int8_t *const *lines,
                                                             const int8_t *weights, const int32_t *bias,
                                                             const float *multipliers, void *output) {
    const ptrdiff_t step = qcc_conv2d_plan_lines(a).pixel_step;
    const int32_t taps = a.kernel_height * a.kernel_width, wide = width > 8;
    int8x16_t kept[9];
    const int8_t *rows[9];
    int32x4_t start[4];
    float32x4_t scales[4];
    QCC_UNROLL
    for (int32_t t = 0; t < 9; t++) {
        kept[t] = vld1q_s8(weights + qcc_min_i32(t, taps - 1) * 16);
        rows[t] = lines[qcc_min_i32(t, a.kernel_height - 1)] + n;
    }
    QCC_UNROLL
    for (int32_t i = 0; i < 4; i++) {
        start[i] = vld1q_s32(bias + n + (i * 4 < width ? i * 4 : 0));
        scales[i] = vld1q_f32(multipliers + n + (i * 4 < width ? i * 4 : 0));
    }
    const int32_t together = QCC_NEON_COLUMNS / 2; /* output columns */
    for (int32_t x = 0; x < columns; x += together) {
        int32x4_t acc[2][4];
        QCC_UNROLL
        for (int32_t i = 0; i < 8; i++)
            acc[i / 4][i % 4] = start[i % 4];
        const int32_t both = together == 2 && x + 1 < columns;
        if (taps > 9)
            qcc_depthwise_large__neon(a, wide, 1 + both, lines, x * step + n, weights, acc);
        else if (both)
            qcc_depthwise_small__neon(a, wide, 2, rows, x * step, kept, acc);
        else
            qcc_depthwise_small__neon(a, wide, 1, rows, x * step, kept, acc);
        const ptrdiff_t at = (ptrdiff_t)x * a.channels + n;
        qcc_store_sums__neon(a, width, acc[0], scales, output, at);
        if (both)
            qcc_store_sums__neon(a, width, acc[1], scales, output, at + a.channels);
    }
}

QCC_INLINE QCC_TARGET_NEON void qcc_conv2d_line__neon_depthwise(const qcc_conv2d_args a, int32_t columns,
                                                                const int8_t *const *lines, const int8_t *weights,
                                                                const int32_t *bias, const float *multipliers,
                                                                void *output) {
    const ptrdiff_t block = (ptrdiff_t)a.kernel_height * a.kernel_width * 16;
    int32_t n = 0;
    for (; n + 16 <= a.channels; n += 16)
        qcc_depthwise_channels__neon(a, 16, n, columns, lines, weights + n / 16 * block, bias, multipliers, output);
    if (a.channels % 16 != 0)
        qcc_depthwise_channels__neon(a, a.channels % 16, n, columns, lines, weights + n / 16 * block, bias, multipliers,
                                     output);
}

QCC_CONV2D_LINES_DRIVER(qcc_depthwise_s8s8_lines_1x16c1__neon, neon_depthwise, QCC_TARGET_NEON, 16, 1)

#endif
#endif
