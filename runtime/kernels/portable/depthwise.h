/*
 * Depthwise convolution of int8 by int8 in plain C: one filter per channel, so `groups` is 1 and output_channels equals
 * channels in the arguments. Weights are packed as [C/16][tap][16].
 */
#ifndef QCC_PORTABLE_DEPTHWISE_H
#define QCC_PORTABLE_DEPTHWISE_H

#include "conv2d.h"

QCC_INLINE void qcc_depthwise_tile__portable(const qcc_conv2d_args a, int32_t width, int32_t first_slot,
                                             const int16_t *rows, const int8_t *weights,
                                             const int8_t *weight_zero_points, int32_t *acc) {
    const qcc_conv2d_plan p = qcc_conv2d_make_plan(a);
    for (int32_t ky = 0; ky < a.kernel_height; ky++) {
        const int16_t *row = rows + (ptrdiff_t)((first_slot + ky) % p.slots) * p.row_elements;
        for (int32_t kx = 0; kx < a.kernel_width; kx++) {
            if (weight_zero_points == NULL) {
                for (int32_t n = 0; n < width; n++)
                    acc[n] += (int32_t)row[n] * weights[n];
            } else {
                for (int32_t n = 0; n < width; n++)
                    acc[n] += (int32_t)row[n] * (weights[n] - weight_zero_points[n]);
            }
            weights += 16;
            row += a.channels;
        }
    }
}

QCC_INLINE void qcc_depthwise_row__portable(const qcc_conv2d_args a, int32_t columns, int32_t first_slot,
                                            const int16_t *rows, const int8_t *weights,
                                            const int8_t *weight_zero_points, const int32_t *bias,
                                            const float *multipliers, void *output) {
    const qcc_conv2d_plan p = qcc_conv2d_make_plan(a);
    for (int32_t n = 0; n < a.channels; n += 16) {
        const int32_t width = qcc_min_i32(16, a.channels - n);
        const int8_t *const zero_points = weight_zero_points == NULL ? NULL : weight_zero_points + n;
        for (int32_t x = 0; x < columns; x++) {
            int32_t acc[16] = {0};
            const int16_t *const taps = rows + (ptrdiff_t)x * p.pixel_step + n;
            if (width == 16)
                qcc_depthwise_tile__portable(a, 16, first_slot, taps, weights, zero_points, acc);
            else
                qcc_depthwise_tile__portable(a, width, first_slot, taps, weights, zero_points, acc);
            qcc_conv2d_store__portable(a, width, acc, bias + n, multipliers + n, output, (ptrdiff_t)x * a.channels + n);
        }
        weights += (ptrdiff_t)a.kernel_height * a.kernel_width * 16;
    }
}

QCC_CONV2D_DRIVER(qcc_depthwise_s8s8_1x16c1__portable, depthwise, portable, QCC_NO_TARGET, int16_t, 16, 1)

#endif
