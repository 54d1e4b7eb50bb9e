/* Resizing of NHWC images. Which input pixels an output row or column reads stands in tables made at compile time. */
#ifndef QCC_KERNELS_PORTABLE_RESIZE_H
#define QCC_KERNELS_PORTABLE_RESIZE_H

#include "pool2d.h"

/* The members from zero_point on are those of the int8 interpolation. */
typedef struct {
    int64_t batch;
    int64_t input_height;
    int64_t input_width;
    int64_t output_height;
    int64_t output_width;
    int64_t channels;
    int32_t input_zero_point;
    int32_t multiplier;
    int32_t shift;
    int32_t zero_point;
} qcc_resize_args;

/* Elements of `size` bytes; rows and columns: the input index of each output index. */
QCC_INLINE void qcc_resize_nearest(const qcc_resize_args a, const int64_t size, const void *input, const int32_t *rows,
                                   const int32_t *columns, void *output) {
    const int64_t pixel = a.channels * size;
    uint8_t *to = (uint8_t *)output;
    for (int64_t y = 0; y < a.batch * a.output_height; ++y) {
        const int64_t row = y / a.output_height * a.input_height + rows[y % a.output_height];
        const uint8_t *from = (const uint8_t *)input + row * a.input_width * pixel;
        for (int64_t x = 0; x < a.output_width; ++x, to += pixel)
            __builtin_memcpy(to, from + columns[x] * pixel, (size_t)pixel);
    }
}

#define QCC_RESIZE_NEAREST(size)                                                                                       \
    QCC_INLINE void qcc_resize_nearest_##size##__portable(                                                             \
        const qcc_resize_args a, const void *QCC_RESTRICT input, const int32_t *QCC_RESTRICT rows,                     \
        const int32_t *QCC_RESTRICT columns, void *QCC_RESTRICT output) {                                              \
        qcc_resize_nearest(a, size, input, rows, columns, output);                                                     \
    }

QCC_RESIZE_NEAREST(1)
QCC_RESIZE_NEAREST(2)
QCC_RESIZE_NEAREST(4)
QCC_RESIZE_NEAREST(8)

/* (1 - weight) a + weight b: two exact products in double, rounded once. */
QCC_INLINE float qcc_interpolate(float a, float b, float weight) {
    return (float)((double)(1.0f - weight) * (double)a + (double)weight * (double)b);
}

/*
 * Along width, then along height. rows and columns: for each output index the two input indices, all first ones and
 * then all second ones; row_weights and column_weights: those of the second.
 */
QCC_INLINE void qcc_resize_linear_f32__portable(const qcc_resize_args a, const float *QCC_RESTRICT input,
                                                const int32_t *QCC_RESTRICT rows, const int32_t *QCC_RESTRICT columns,
                                                const float *QCC_RESTRICT row_weights,
                                                const float *QCC_RESTRICT column_weights, float *QCC_RESTRICT output) {
    for (int64_t y = 0; y < a.batch * a.output_height; ++y) {
        const int64_t row = y % a.output_height;
        const int64_t first = y / a.output_height * a.input_height;
        const float *upper = input + (first + rows[row]) * a.input_width * a.channels;
        const float *lower = input + (first + rows[row + a.output_height]) * a.input_width * a.channels;
        for (int64_t x = 0; x < a.output_width; ++x, output += a.channels) {
            const int64_t left = columns[x] * a.channels;
            const int64_t right = columns[x + a.output_width] * a.channels;
            for (int64_t c = 0; c < a.channels; ++c) {
                const float above = qcc_interpolate(upper[left + c], upper[right + c], column_weights[x]);
                const float below = qcc_interpolate(lower[left + c], lower[right + c], column_weights[x]);
                output[c] = qcc_interpolate(above, below, row_weights[row]);
            }
        }
    }
}

/* (2048 - weight) a + weight b */
QCC_INLINE int32_t qcc_interpolate_s32(int32_t a, int32_t b, int32_t weight) {
    return (2048 - weight) * a + weight * b;
}

/* The tables are those of the float interpolation, with 11-bit weights. */
QCC_INLINE void qcc_resize_linear_s8__portable(const qcc_resize_args a, const int8_t *QCC_RESTRICT input,
                                               const int32_t *QCC_RESTRICT rows, const int32_t *QCC_RESTRICT columns,
                                               const int32_t *QCC_RESTRICT row_weights,
                                               const int32_t *QCC_RESTRICT column_weights,
                                               int8_t *QCC_RESTRICT output) {
    /* The weights of a pixel add up to 2^22. */
    const int32_t offset = a.input_zero_point * (1 << 22);
    for (int64_t y = 0; y < a.batch * a.output_height; ++y) {
        const int64_t row = y % a.output_height;
        const int64_t first = y / a.output_height * a.input_height;
        const int8_t *upper = input + (first + rows[row]) * a.input_width * a.channels;
        const int8_t *lower = input + (first + rows[row + a.output_height]) * a.input_width * a.channels;
        for (int64_t x = 0; x < a.output_width; ++x, output += a.channels) {
            const int64_t left = columns[x] * a.channels;
            const int64_t right = columns[x + a.output_width] * a.channels;
            for (int64_t c = 0; c < a.channels; ++c) {
                const int32_t above = qcc_interpolate_s32(upper[left + c], upper[right + c], column_weights[x]);
                const int32_t below = qcc_interpolate_s32(lower[left + c], lower[right + c], column_weights[x]);
                const int32_t sum = qcc_interpolate_s32(above, below, row_weights[row]) - offset;
                output[c] = qcc_requantize_sum(sum, a.multiplier, a.shift, a.zero_point, -128, 127);
            }
        }
    }
}

#endif
