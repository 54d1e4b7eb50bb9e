/*
 * Transposed convolution, gathered: each output pixel adds the taps that reach it, by kernel row, kernel column, input
 * channel. Weights are [group][ky][kx][channels of a group][outputs of a group]; scratch holds one group's
 * accumulators.
 */
#ifndef QCC_PORTABLE_CONV_TRANSPOSE2D_H
#define QCC_PORTABLE_CONV_TRANSPOSE2D_H

#include "conv2d_args.h"

/* The input coordinate whose tap `k` reaches an output coordinate, or -1. */
QCC_INLINE int32_t qcc_transposed_source(int32_t output, int32_t pad, int32_t k, int32_t dilation, int32_t stride,
                                         int32_t size) {
    const int32_t reached = output + pad - k * dilation;
    if (reached < 0 || reached % stride != 0 || reached / stride >= size)
        return -1;
    return reached / stride;
}

/*
 * A loop over output pixels and groups: `accumulate` adds one tap's channels (x, w of types X, W) to acc, and `finish`
 * turns acc into output.
 */
#define QCC_CONV_TRANSPOSE2D_GROUP(NAME, X, W, ACC, ACCUMULATE)                                                        \
    QCC_INLINE void NAME(const qcc_conv2d_args a, int32_t y, int32_t x, const X *input, const W *weights,              \
                         ACC *QCC_RESTRICT acc) {                                                                      \
        const int32_t outputs = a.output_channels / a.groups;                                                          \
        for (int32_t t = 0; t < a.kernel_height * a.kernel_width; t++) {                                               \
            const int32_t ky = t / a.kernel_width, kx = t % a.kernel_width;                                            \
            const int32_t iy = qcc_transposed_source(y, a.pad_top, ky, a.dilation_y, a.stride_y, a.input_height);      \
            const int32_t ix = qcc_transposed_source(x, a.pad_left, kx, a.dilation_x, a.stride_x, a.input_width);      \
            if (iy < 0 || ix < 0)                                                                                      \
                continue;                                                                                              \
            const X *const from = input + ((ptrdiff_t)iy * a.input_width + ix) * a.groups * a.channels;                \
            const W *const w = weights + (ptrdiff_t)t * a.channels * outputs;                                          \
            for (int32_t c = 0; c < a.channels; c++)                                                                   \
                ACCUMULATE(a, outputs, from[c], w + (ptrdiff_t)c * outputs, acc);                                      \
        }                                                                                                              \
    }

QCC_INLINE void qcc_transposed_add_s8(const qcc_conv2d_args a, int32_t outputs, int8_t x, const int16_t *weights,
                                      int32_t *QCC_RESTRICT acc) {
    const int32_t centred = x - a.input_zero_point;
    for (int32_t o = 0; o < outputs; o++)
        acc[o] += centred * weights[o];
}

QCC_INLINE void qcc_transposed_add_f32(const qcc_conv2d_args a, int32_t outputs, float x, const float *weights,
                                       double *QCC_RESTRICT acc) {
    (void)a;
    for (int32_t o = 0; o < outputs; o++)
        acc[o] += (double)x * (double)weights[o];
}

QCC_CONV_TRANSPOSE2D_GROUP(qcc_conv_transpose2d_group_s8, int8_t, int16_t, int32_t, qcc_transposed_add_s8)
QCC_CONV_TRANSPOSE2D_GROUP(qcc_conv_transpose2d_group_f32, float, float, double, qcc_transposed_add_f32)

/* Weights are int16: less their zero points. */
QCC_INLINE void qcc_conv_transpose2d_s8s16__portable(const qcc_conv2d_args a, const int8_t *QCC_RESTRICT input,
                                                     const int16_t *QCC_RESTRICT weights,
                                                     const int32_t *QCC_RESTRICT bias,
                                                     const float *QCC_RESTRICT multipliers, int8_t *QCC_RESTRICT output,
                                                     int32_t *QCC_RESTRICT acc) {
    const int32_t outputs = a.output_channels / a.groups, taps = a.kernel_height * a.kernel_width;
    const ptrdiff_t image = (ptrdiff_t)a.input_height * a.input_width * a.groups * a.channels;
    const ptrdiff_t pixels = (ptrdiff_t)a.batch * a.output_height * a.output_width;
    for (ptrdiff_t i = 0; i < pixels * a.groups; i++) {
        const ptrdiff_t g = i % a.groups, pixel = i / a.groups, row = pixel / a.output_width, c = g * outputs;
        for (int32_t o = 0; o < outputs; o++)
            acc[o] = bias[c + o];
        qcc_conv_transpose2d_group_s8(a, (int32_t)(row % a.output_height), (int32_t)(pixel % a.output_width),
                                      input + row / a.output_height * image + g * a.channels,
                                      weights + g * taps * a.channels * outputs, acc);
        for (int32_t o = 0; o < outputs; o++)
            output[pixel * a.output_channels + c + o] =
                qcc_requantize(acc[o], multipliers[c + o], a.zero_point, a.minimum, a.maximum);
    }
}

QCC_INLINE void qcc_conv_transpose2d_f32__portable(const qcc_conv2d_args a, const float *QCC_RESTRICT input,
                                                   const float *QCC_RESTRICT weights, const float *QCC_RESTRICT bias,
                                                   float *QCC_RESTRICT output, double *QCC_RESTRICT acc) {
    const int32_t outputs = a.output_channels / a.groups, taps = a.kernel_height * a.kernel_width;
    const ptrdiff_t image = (ptrdiff_t)a.input_height * a.input_width * a.groups * a.channels;
    const ptrdiff_t pixels = (ptrdiff_t)a.batch * a.output_height * a.output_width;
    for (ptrdiff_t i = 0; i < pixels * a.groups; i++) {
        const ptrdiff_t g = i % a.groups, pixel = i / a.groups, row = pixel / a.output_width, c = g * outputs;
        for (int32_t o = 0; o < outputs; o++)
            acc[o] = bias == NULL ? 0.0 : (double)bias[c + o];
        qcc_conv_transpose2d_group_f32(a, (int32_t)(row % a.output_height), (int32_t)(pixel % a.output_width),
                                       input + row / a.output_height * image + g * a.channels,
                                       weights + g * taps * a.channels * outputs, acc);
        for (int32_t o = 0; o < outputs; o++)
            output[pixel * a.output_channels + c + o] = (float)acc[o];
    }
}

#endif
