/* Pooling over windows of NHWC tensors: averages and maxima. */
#ifndef QCC_KERNELS_PORTABLE_POOL2D_H
#define QCC_KERNELS_PORTABLE_POOL2D_H

#include "binary.h"

/* The members from input_zero_point on are those of the int8 average. */
typedef struct {
    int32_t batch;
    int32_t input_height;
    int32_t input_width;
    int32_t channels;
    int32_t output_height;
    int32_t output_width;
    int32_t kernel_height;
    int32_t kernel_width;
    int32_t stride_height;
    int32_t stride_width;
    int32_t pad_top;
    int32_t pad_left;
    int32_t dilation_height;
    int32_t dilation_width;
    int32_t count_include_pad;
    int32_t input_zero_point;
    int32_t shift;
    int32_t zero_point;
    int32_t minimum;
    int32_t maximum;
} qcc_pool2d_args;

/* The taps of one output pixel's window that lie inside of the input: so many rows and columns of pixels. */
typedef struct {
    int64_t offset;
    int64_t row_step;
    int64_t column_step;
    int32_t rows;
    int32_t columns;
} qcc_taps;

/* How many taps lie before the input (at `origin`), and how many before its end. */
QCC_INLINE int32_t qcc_taps_before(int32_t origin, int32_t dilation) {
    return origin >= 0 ? 0 : (-origin + dilation - 1) / dilation;
}

QCC_INLINE int32_t qcc_taps_until(int32_t origin, int32_t dilation, int32_t size, int32_t kernel) {
    return qcc_min_i32(kernel, (size - origin + dilation - 1) / dilation);
}

/* The window of the output pixel with this index; never empty. */
QCC_INLINE qcc_taps qcc_window_taps(const qcc_pool2d_args *a, int64_t pixel) {
    const int64_t batch = pixel / ((int64_t)a->output_height * a->output_width);
    const int32_t y = (int32_t)(pixel / a->output_width % a->output_height) * a->stride_height - a->pad_top;
    const int32_t x = (int32_t)(pixel % a->output_width) * a->stride_width - a->pad_left;
    const int32_t first_row = qcc_taps_before(y, a->dilation_height);
    const int32_t first_column = qcc_taps_before(x, a->dilation_width);
    const int64_t top = y + first_row * a->dilation_height;
    const int64_t left = x + first_column * a->dilation_width;
    qcc_taps taps;
    taps.offset = ((batch * a->input_height + top) * a->input_width + left) * a->channels;
    taps.row_step = (int64_t)a->dilation_height * a->input_width * a->channels;
    taps.column_step = (int64_t)a->dilation_width * a->channels;
    taps.rows = qcc_taps_until(y, a->dilation_height, a->input_height, a->kernel_height) - first_row;
    taps.columns = qcc_taps_until(x, a->dilation_width, a->input_width, a->kernel_width) - first_column;
    return taps;
}

QCC_INLINE int64_t qcc_pool2d_pixels(const qcc_pool2d_args *a) {
    return (int64_t)a->batch * a->output_height * a->output_width;
}

/* How many channels are pooled at a time, in an array that stays in registers or the first-level cache. */
#define QCC_POOL_CHANNELS 64

/* Requantization of an integer sum: clamp(rne_shift64(sum * multiplier, shift) + zero_point). */
QCC_INLINE int8_t qcc_requantize_sum(int32_t sum, int32_t multiplier, int32_t shift, int32_t zero_point,
                                     int32_t minimum, int32_t maximum) {
    const int64_t scaled = qcc_rne_shift64((int64_t)sum * multiplier, shift) + zero_point;
    const int64_t low = scaled > minimum ? scaled : minimum;
    return (int8_t)(low < maximum ? low : maximum);
}

/* multipliers: for each divisor from 0 to kernel_height * kernel_width */
QCC_INLINE void qcc_avg_pool2d_s8__portable(const qcc_pool2d_args a, const int8_t *QCC_RESTRICT input,
                                            const int32_t *QCC_RESTRICT multipliers, int8_t *QCC_RESTRICT output) {
    for (int64_t pixel = 0; pixel < qcc_pool2d_pixels(&a); ++pixel, output += a.channels) {
        const qcc_taps taps = qcc_window_taps(&a, pixel);
        const int32_t count = taps.rows * taps.columns;
        const int32_t multiplier = multipliers[a.count_include_pad ? a.kernel_height * a.kernel_width : count];
        for (int32_t start = 0; start < a.channels; start += QCC_POOL_CHANNELS) {
            const int32_t width = qcc_min_i32(QCC_POOL_CHANNELS, a.channels - start);
            int32_t sums[QCC_POOL_CHANNELS];
            for (int32_t c = 0; c < width; ++c)
                sums[c] = -count * a.input_zero_point;
            for (int32_t ky = 0; ky < taps.rows; ++ky) {
                for (int32_t kx = 0; kx < taps.columns; ++kx) {
                    const int8_t *tap = input + taps.offset + ky * taps.row_step + kx * taps.column_step + start;
                    for (int32_t c = 0; c < width; ++c)
                        sums[c] += tap[c];
                }
            }
            for (int32_t c = 0; c < width; ++c)
                output[start + c] =
                    qcc_requantize_sum(sums[c], multiplier, a.shift, a.zero_point, a.minimum, a.maximum);
        }
    }
}

/* Max pooling of one element type; greater(a, b) is the greater one. */
#define QCC_MAX_POOL2D(suffix, type, greater)                                                                          \
    QCC_INLINE void qcc_max_pool2d_##suffix##__portable(const qcc_pool2d_args a, const type *QCC_RESTRICT input,       \
                                                        type *QCC_RESTRICT output) {                                   \
        for (int64_t pixel = 0; pixel < qcc_pool2d_pixels(&a); ++pixel, output += a.channels) {                        \
            const qcc_taps taps = qcc_window_taps(&a, pixel);                                                          \
            __builtin_memcpy(output, input + taps.offset, (size_t)a.channels * sizeof(type));                          \
            for (int32_t tap = 1; tap < taps.rows * taps.columns; ++tap) {                                             \
                const type *from =                                                                                     \
                    input + taps.offset + tap / taps.columns * taps.row_step + tap % taps.columns * taps.column_step;  \
                for (int32_t c = 0; c < a.channels; ++c)                                                               \
                    output[c] = greater(output[c], from[c]);                                                           \
            }                                                                                                          \
        }                                                                                                              \
    }

#define QCC_GREATER(a, b) ((a) > (b) ? (a) : (b))
QCC_MAX_POOL2D(s8, int8_t, QCC_GREATER)
QCC_MAX_POOL2D(u8, uint8_t, QCC_GREATER)
QCC_MAX_POOL2D(s32, int32_t, QCC_GREATER)
QCC_MAX_POOL2D(s64, int64_t, QCC_GREATER)
QCC_MAX_POOL2D(f32, float, qcc_greater_f32)

/* Double sums by window row and column, divided and rounded once. */
QCC_INLINE void qcc_avg_pool2d_f32__portable(const qcc_pool2d_args a, const float *QCC_RESTRICT input,
                                             float *QCC_RESTRICT output) {
    for (int64_t pixel = 0; pixel < qcc_pool2d_pixels(&a); ++pixel, output += a.channels) {
        const qcc_taps taps = qcc_window_taps(&a, pixel);
        const double count = a.count_include_pad ? a.kernel_height * a.kernel_width : taps.rows * taps.columns;
        for (int32_t start = 0; start < a.channels; start += QCC_POOL_CHANNELS) {
            const int32_t width = qcc_min_i32(QCC_POOL_CHANNELS, a.channels - start);
            double sums[QCC_POOL_CHANNELS];
            for (int32_t c = 0; c < width; ++c)
                sums[c] = 0.0;
            for (int32_t ky = 0; ky < taps.rows; ++ky) {
                for (int32_t kx = 0; kx < taps.columns; ++kx) {
                    const float *tap = input + taps.offset + ky * taps.row_step + kx * taps.column_step + start;
                    for (int32_t c = 0; c < width; ++c)
                        sums[c] += (double)tap[c];
                }
            }
            for (int32_t c = 0; c < width; ++c)
                output[start + c] = (float)(sums[c] / count);
        }
    }
}

#endif
