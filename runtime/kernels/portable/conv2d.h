/* Convolution of int8 by int8 in plain C; the compiler vectorizes over output channels. */
#ifndef QCC_PORTABLE_CONV2D_H
#define QCC_PORTABLE_CONV2D_H

#include "conv2d_driver.h"

QCC_INLINE void qcc_conv2d_fill__portable(int16_t *row, int32_t zero_point, ptrdiff_t count) {
    for (ptrdiff_t i = 0; i < count; i++)
        row[i] = (int16_t)zero_point;
}

QCC_INLINE void qcc_conv2d_take__portable(int16_t *row, const int8_t *input, ptrdiff_t count) {
    for (ptrdiff_t i = 0; i < count; i++)
        row[i] = input[i];
}

QCC_INLINE void qcc_conv2d_residual__portable(const qcc_conv2d_args a, const int8_t *residual, int8_t *output,
                                              ptrdiff_t count) {
    for (ptrdiff_t i = 0; i < count; i++)
        output[i] = qcc_conv2d_add_residual(a, output[i], residual[i]);
}

/* One output column times `width` output channels, packed side by side. */
QCC_INLINE void qcc_conv2d_tile__portable(const qcc_conv2d_args a, int32_t width, int32_t first_slot,
                                          const int16_t *rows, const int8_t *weights, const int8_t *weight_zero_points,
                                          int32_t *acc) {
    const qcc_conv2d_plan p = qcc_conv2d_make_plan(a);
    for (int32_t ky = 0; ky < a.kernel_height; ky++) {
        const int16_t *const row = rows + (ptrdiff_t)((first_slot + ky) % p.slots) * p.row_elements;
        for (int32_t k = 0; k < p.run; k++) {
            const int32_t x = row[k];
            if (weight_zero_points == NULL) {
                for (int32_t n = 0; n < width; n++)
                    acc[n] += x * weights[n];
            } else {
                for (int32_t n = 0; n < width; n++)
                    acc[n] += x * (weights[n] - weight_zero_points[n]);
            }
            weights += width;
        }
    }
}

/* Requantizes `width` channels of one output column. */
QCC_INLINE void qcc_conv2d_store__portable(const qcc_conv2d_args a, int32_t width, const int32_t *acc,
                                           const int32_t *bias, const float *multipliers, void *output, ptrdiff_t at) {
    for (int32_t i = 0; i < width; i++) {
        const int32_t sum = acc[i] + bias[i];
        if (a.float_output)
            ((float *)output)[at + i] = (float)sum * multipliers[i];
        else
            ((int8_t *)output)[at + i] = qcc_requantize(sum, multipliers[i], a.zero_point, a.minimum, a.maximum);
    }
}

QCC_INLINE void qcc_conv2d_row__portable(const qcc_conv2d_args a, int32_t columns, int32_t first_slot,
                                         const int16_t *rows, const int8_t *weights, const int8_t *weight_zero_points,
                                         const int32_t *bias, const float *multipliers, void *output) {
    const qcc_conv2d_plan p = qcc_conv2d_make_plan(a);
    const int32_t channels = a.output_channels / a.groups, packed = qcc_packed_width(a, 16);
    for (int32_t n = 0; n < channels; n += 16) {
        const int32_t width = qcc_min_i32(16, channels - n);
        const int8_t *const zero_points = weight_zero_points == NULL ? NULL : weight_zero_points + n;
        for (int32_t x = 0; x < columns; x++) {
            int32_t acc[16] = {0};
            const int16_t *const taps = rows + (ptrdiff_t)x * p.pixel_step;
            if (packed == 16)
                qcc_conv2d_tile__portable(a, 16, first_slot, taps, weights, zero_points, acc);
            else
                qcc_conv2d_tile__portable(a, packed, first_slot, taps, weights, zero_points, acc);
            qcc_conv2d_store__portable(a, width, acc, bias + n, multipliers + n, output,
                                       (ptrdiff_t)x * a.output_step + n);
        }
        weights += (ptrdiff_t)a.kernel_height * p.run * 16;
    }
}

QCC_CONV2D_PREPARE(portable, QCC_NO_TARGET, int16_t)
QCC_CONV2D_DRIVER(qcc_conv2d_s8s8_1x16c1__portable, conv2d, portable, QCC_NO_TARGET, int16_t, 16, 1)

#endif
