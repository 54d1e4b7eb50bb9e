/*
 * Transposed convolution of floats with weights of 8 or 4 bits (stored_weights.h): in every bit the result of
 * conv_transpose2d.h on the dequantized weights. Weights are [group][ceil(outputs of a group / 16)][ky][kx][channels
 * of a group][16]; an output position dequantizes the taps that reach it.
 */
#ifndef QCC_PORTABLE_CONV_TRANSPOSE2D_STORED_H
#define QCC_PORTABLE_CONV_TRANSPOSE2D_STORED_H

#include "conv_transpose2d.h"
#include "stored_weights.h"

#define QCC_CONV_TRANSPOSE2D_STORED(TYPE, BYTES)                                                                       \
    QCC_INLINE void qcc_conv_transpose2d_add_##TYPE(int32_t channels, const float *x, const uint8_t *weights,          \
                                                    const float *scales, double *QCC_RESTRICT acc) {                   \
        for (int32_t c = 0; c < channels; c++) {                                                                       \
            double w[16];                                                                                              \
            qcc_stored_expand_##TYPE(1, weights + (ptrdiff_t)c * BYTES, scales, w);                                    \
            for (int32_t n = 0; n < 16; n++)                                                                           \
                acc[n] += (double)x[c] * w[n];                                                                         \
        }                                                                                                              \
    }                                                                                                                  \
    /* One output position of 16 channels; `input` points at the group's channels. */                                  \
    QCC_INLINE void qcc_conv_transpose2d_pixel_##TYPE(const qcc_conv2d_args a, int32_t y, int32_t x,                   \
                                                      const float *input, const uint8_t *weights, const float *scales, \
                                                      double *QCC_RESTRICT acc) {                                      \
        for (int32_t t = 0; t < a.kernel_height * a.kernel_width; t++) {                                               \
            const int32_t ky = t / a.kernel_width, kx = t % a.kernel_width;                                            \
            const int32_t iy = qcc_transposed_source(y, a.pad_top, ky, a.dilation_y, a.stride_y, a.input_height);      \
            const int32_t ix = qcc_transposed_source(x, a.pad_left, kx, a.dilation_x, a.stride_x, a.input_width);      \
            if (iy >= 0 && ix >= 0)                                                                                    \
                qcc_conv_transpose2d_add_##TYPE(a.channels,                                                            \
                                                input + ((ptrdiff_t)iy * a.input_width + ix) * a.groups * a.channels,  \
                                                weights + (ptrdiff_t)t * a.channels * BYTES, scales, acc);             \
        }                                                                                                              \
    }                                                                                                                  \
    QCC_INLINE void qcc_conv_transpose2d_f32##TYPE##__portable(                                                        \
        const qcc_conv2d_args a, const float *QCC_RESTRICT input, const uint8_t *QCC_RESTRICT weights,                 \
        const uint16_t *QCC_RESTRICT scales, const uint16_t *QCC_RESTRICT bias, float *QCC_RESTRICT output) {          \
        const int32_t outputs = a.output_channels / a.groups, blocks = (outputs + 15) / 16;                            \
        const ptrdiff_t image = (ptrdiff_t)a.input_height * a.input_width * a.groups * a.channels;                     \
        const ptrdiff_t pixels = (ptrdiff_t)a.batch * a.output_height * a.output_width;                                \
        const ptrdiff_t block_bytes = (ptrdiff_t)a.kernel_height * a.kernel_width * a.channels * BYTES;                \
        for (ptrdiff_t i = 0; i < pixels * a.groups * blocks; i++) {                                                   \
            const ptrdiff_t block = i % ((ptrdiff_t)a.groups * blocks), pixel = i / ((ptrdiff_t)a.groups * blocks);    \
            const ptrdiff_t row = pixel / a.output_width, g = block / blocks;                                          \
            const int32_t n = (int32_t)(block % blocks) * 16, width = qcc_min_i32(16, outputs - n);                    \
            const ptrdiff_t c = g * outputs + n;                                                                       \
            double acc[16];                                                                                            \
            float own[16];                                                                                             \
            qcc_stored_scales(scales + block * 16, own);                                                               \
            qcc_stored_bias((int32_t)c, width, bias, a.short_bias, acc);                                               \
            qcc_conv_transpose2d_pixel_##TYPE(a, (int32_t)(row % a.output_height), (int32_t)(pixel % a.output_width),  \
                                              input + row / a.output_height * image + g * a.channels,                  \
                                              weights + block * block_bytes, own, acc);                                \
            qcc_store_sums(width, acc, output + pixel * a.output_channels + c);                                        \
        }                                                                                                              \
    }

QCC_CONV_TRANSPOSE2D_STORED(s8, QCC_STORED_BYTES_S8)
QCC_CONV_TRANSPOSE2D_STORED(s4, QCC_STORED_BYTES_S4)

#endif
