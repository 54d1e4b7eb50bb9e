/*
 * Depthwise convolution of int8 by int8 on every processor with NEON: eight channels of one tap at a time with smlal.
 * Weights are packed as [C/8][tap][8] and stay in registers along a row where the filter is small.
 */
#ifndef QCC_NEON_DEPTHWISE_H
#define QCC_NEON_DEPTHWISE_H

#include "conv2d.h"

#if defined(QCC_NEON)

/* One row times `width` channels from `n` on. */
QCC_INLINE QCC_TARGET_NEON void qcc_depthwise_columns__neon(const qcc_conv2d_args a, int32_t width, int32_t n,
                                                            int32_t columns, int32_t first_slot, const int16_t *rows,
                                                            const int8_t *weights, const int8_t *weight_zero_points,
                                                            const int32_t *bias, const float *multipliers,
                                                            void *output) {
    const qcc_conv2d_plan p = qcc_conv2d_make_plan(a);
    const int32_t taps = a.kernel_height * a.kernel_width;
    const int8_t *const zero_points = weight_zero_points == NULL ? NULL : weight_zero_points + n;
    int16x8_t kept[9];
    QCC_UNROLL
    for (int32_t t = 0; t < 9; t++)
        kept[t] = qcc_load_weights__neon(weights + qcc_min_i32(t, taps - 1) * 8, zero_points);
    for (int32_t x = 0; x < columns; x++) {
        const int16_t *const from = rows + (ptrdiff_t)x * p.pixel_step + n;
        int32x4_t acc0 = vld1q_s32(bias + n), acc1 = vld1q_s32(bias + n + 4);
        QCC_UNROLL
        for (int32_t t = 0; t < taps; t++) {
            const int32_t slot = (first_slot + t / a.kernel_width) % p.slots;
            const ptrdiff_t tap = (ptrdiff_t)slot * p.row_elements + (ptrdiff_t)(t % a.kernel_width) * a.channels;
            const int16x8_t value = vld1q_s16(from + tap);
            const int16x8_t w = taps <= 9 ? kept[t % 9] : qcc_load_weights__neon(weights + t * 8, zero_points);
            acc0 = vmlal_s16(acc0, vget_low_s16(value), vget_low_s16(w));
            acc1 = vmlal_s16(acc1, vget_high_s16(value), vget_high_s16(w));
        }
        qcc_store__neon(a, width, acc0, acc1, multipliers + n, output, (ptrdiff_t)x * a.channels + n);
    }
}

QCC_INLINE QCC_TARGET_NEON void qcc_depthwise_row__neon(const qcc_conv2d_args a, int32_t columns, int32_t first_slot,
                                                        const int16_t *rows, const int8_t *weights,
                                                        const int8_t *weight_zero_points, const int32_t *bias,
                                                        const float *multipliers, void *output) {
    const ptrdiff_t block = (ptrdiff_t)a.kernel_height * a.kernel_width * 8;
    int32_t n = 0;
    for (; n + 8 <= a.channels; n += 8)
        qcc_depthwise_columns__neon(a, 8, n, columns, first_slot, rows, weights + n / 8 * block, weight_zero_points,
                                    bias, multipliers, output);
    if (a.channels % 8 != 0)
        qcc_depthwise_columns__neon(a, a.channels % 8, n, columns, first_slot, rows, weights + n / 8 * block,
                                    weight_zero_points, bias, multipliers, output);
}

QCC_CONV2D_DRIVER(qcc_depthwise_s8s8_1x8c1__neon, depthwise, neon, QCC_TARGET_NEON, int16_t, 8, 1)

#endif
#endif
