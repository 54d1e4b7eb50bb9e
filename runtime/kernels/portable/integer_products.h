/*
 * ONNX ConvInteger and MatMulInteger: products of signed or unsigned bytes less their zero points, which may be
 * computed at run time. Sums wrap as ONNX's do.
 */
#ifndef QCC_PORTABLE_INTEGER_PRODUCTS_H
#define QCC_PORTABLE_INTEGER_PRODUCTS_H

#include "qcc_runtime.h"

typedef struct {
    int32_t batch, input_height, input_width;
    int32_t channels; /* of one group */
    int32_t output_height, output_width, output_channels, groups;
    int32_t kernel_height, kernel_width, stride_y, stride_x, pad_top, pad_left, dilation_y, dilation_x;
    int32_t input_unsigned, weight_unsigned, weight_zero_points; /* how many zero points: 1 or output_channels */
} qcc_conv2d_integer_args;

typedef struct {
    int32_t dims[6], lhs_strides[6], rhs_strides[6];
    int32_t rows, depth, columns;
    int32_t lhs_unsigned, rhs_unsigned, lhs_zero_points, rhs_zero_points; /* 1, or rows and columns */
} qcc_matmul_integer_args;

/* A stored byte as a number. */
QCC_INLINE int32_t qcc_byte(int32_t is_unsigned, const uint8_t *from, ptrdiff_t at) {
    return is_unsigned ? (int32_t)from[at] : (int32_t)(int8_t)from[at];
}

/* Zero point number `index` of `count`, which may be one for all; NULL is 0. */
QCC_INLINE int32_t qcc_zero_point(int32_t is_unsigned, const uint8_t *from, int32_t count, int32_t index) {
    return from == NULL ? 0 : qcc_byte(is_unsigned, from, count == 1 ? 0 : index);
}

/* One output pixel of 16 channels; `weights` are [ky][kx][channels][output_channels]. */
QCC_INLINE void qcc_conv2d_integer_pixel(const qcc_conv2d_integer_args a, int32_t y, int32_t x, int32_t g,
                                         const uint8_t *image, const uint8_t *weights, const uint8_t *weight_zero,
                                         int32_t zero, int32_t *QCC_RESTRICT output) {
    const int32_t outputs = a.output_channels / a.groups;
    for (int32_t o = 0; o < outputs; o++)
        output[o] = 0;
    for (int32_t t = 0; t < a.kernel_height * a.kernel_width; t++) {
        const int32_t iy = y * a.stride_y + t / a.kernel_width * a.dilation_y - a.pad_top;
        const int32_t ix = x * a.stride_x + t % a.kernel_width * a.dilation_x - a.pad_left;
        if (iy < 0 || iy >= a.input_height || ix < 0 || ix >= a.input_width)
            continue;
        const ptrdiff_t from = (((ptrdiff_t)iy * a.input_width + ix) * a.groups + g) * a.channels;
        for (int32_t c = 0; c < a.channels; c++) {
            const int32_t value = qcc_byte(a.input_unsigned, image, from + c) - zero;
            const ptrdiff_t at = ((ptrdiff_t)t * a.channels + c) * a.output_channels + (ptrdiff_t)g * outputs;
            for (int32_t o = 0; o < outputs; o++) {
                const int32_t own =
                    qcc_zero_point(a.weight_unsigned, weight_zero, a.weight_zero_points, g * outputs + o);
                const int32_t product = value * (qcc_byte(a.weight_unsigned, weights, at + o) - own);
                output[o] = (int32_t)((uint32_t)output[o] + (uint32_t)product);
            }
        }
    }
}

QCC_INLINE void qcc_conv2d_integer__portable(const qcc_conv2d_integer_args a, const uint8_t *QCC_RESTRICT input,
                                             const uint8_t *QCC_RESTRICT weights,
                                             const uint8_t *QCC_RESTRICT input_zero,
                                             const uint8_t *QCC_RESTRICT weight_zero, int32_t *QCC_RESTRICT output) {
    const int32_t zero = qcc_zero_point(a.input_unsigned, input_zero, 1, 0);
    const ptrdiff_t image = (ptrdiff_t)a.input_height * a.input_width * a.groups * a.channels;
    const ptrdiff_t pixels = (ptrdiff_t)a.batch * a.output_height * a.output_width;
    for (ptrdiff_t i = 0; i < pixels; i++) {
        const ptrdiff_t row = i / a.output_width;
        for (int32_t g = 0; g < a.groups; g++)
            qcc_conv2d_integer_pixel(a, (int32_t)(row % a.output_height), (int32_t)(i % a.output_width), g,
                                     input + row / a.output_height * image, weights, weight_zero, zero,
                                     output + i * a.output_channels + (ptrdiff_t)g * (a.output_channels / a.groups));
    }
}

/* One matrix. */
QCC_INLINE void qcc_matmul_integer_matrix(const qcc_matmul_integer_args a, const uint8_t *lhs, const uint8_t *rhs,
                                          const uint8_t *lhs_zero, const uint8_t *rhs_zero,
                                          int32_t *QCC_RESTRICT output) {
    for (int32_t row = 0; row < a.rows; row++) {
        const int32_t zero = qcc_zero_point(a.lhs_unsigned, lhs_zero, a.lhs_zero_points, row);
        for (int32_t n = 0; n < a.columns; n++)
            output[n] = 0;
        for (int32_t k = 0; k < a.depth; k++) {
            const int32_t value = qcc_byte(a.lhs_unsigned, lhs, k) - zero;
            for (int32_t n = 0; n < a.columns; n++) {
                const int32_t own = qcc_zero_point(a.rhs_unsigned, rhs_zero, a.rhs_zero_points, n);
                const int32_t product = value * (qcc_byte(a.rhs_unsigned, rhs, (ptrdiff_t)k * a.columns + n) - own);
                output[n] = (int32_t)((uint32_t)output[n] + (uint32_t)product);
            }
        }
        lhs += a.depth;
        output += a.columns;
    }
}

QCC_INLINE void qcc_matmul_integer__portable(const qcc_matmul_integer_args a, const uint8_t *QCC_RESTRICT lhs,
                                             const uint8_t *QCC_RESTRICT rhs, const uint8_t *QCC_RESTRICT lhs_zero,
                                             const uint8_t *QCC_RESTRICT rhs_zero, int32_t *QCC_RESTRICT output) {
    ptrdiff_t count = 1;
    for (int32_t axis = 0; axis < 6; axis++)
        count *= a.dims[axis];
    for (ptrdiff_t i = 0; i < count; i++) {
        ptrdiff_t left = 0, right = 0, rest = i;
        for (int32_t axis = 5; axis >= 0; axis--) {
            left += rest % a.dims[axis] * a.lhs_strides[axis];
            right += rest % a.dims[axis] * a.rhs_strides[axis];
            rest /= a.dims[axis];
        }
        qcc_matmul_integer_matrix(a, lhs + left, rhs + right, lhs_zero, rhs_zero, output + i * a.rows * a.columns);
    }
}

#endif
