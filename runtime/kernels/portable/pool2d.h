/* Pooling over windows of NHWC tensors: averages and maxima of int8. */
#ifndef QCC_KERNELS_PORTABLE_POOL2D_H
#define QCC_KERNELS_PORTABLE_POOL2D_H

#include "qcc_runtime.h"

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

/* The taps of a window that lie inside of the input: first to last - 1, along one axis, and the input index of tap 0. */
typedef struct {
    int32_t origin;
    int32_t first;
    int32_t last;
} qcc_window;

QCC_INLINE qcc_window qcc_clip_window(int32_t origin, int32_t kernel, int32_t dilation, int32_t size) {
    qcc_window window = {origin, 0, kernel};
    while (window.first < kernel && origin + window.first * dilation < 0)
        ++window.first;
    while (window.last > window.first && origin + (window.last - 1) * dilation >= size)
        --window.last;
    return window;
}

/* Calls TAP(pointer to the channels of a tap) for every tap of the window at (batch, oy, ox) inside of the input. */
#define QCC_FOR_TAPS(a, input, rows, columns, batch, TAP)                                                              \
    for (int32_t ky = (rows).first; ky < (rows).last; ++ky)                                                            \
        for (int32_t kx = (columns).first; kx < (columns).last; ++kx) {                                                \
            const int64_t y = (rows).origin + ky * (a).dilation_height;                                                \
            const int64_t x = (columns).origin + kx * (a).dilation_width;                                              \
            TAP((input) + (((batch) * (a).input_height + y) * (a).input_width + x) * (a).channels)                     \
        }

/* Calls PIXEL(batch, rows, columns, index of the output pixel) for every output pixel. */
#define QCC_FOR_PIXELS(a, PIXEL)                                                                                       \
    for (int64_t pixel = 0; pixel < (int64_t)(a).batch * (a).output_height * (a).output_width; ++pixel) {              \
        const int64_t batch = pixel / ((int64_t)(a).output_height * (a).output_width);                                 \
        const int32_t oy = (int32_t)(pixel / (a).output_width % (a).output_height);                                    \
        const int32_t ox = (int32_t)(pixel % (a).output_width);                                                        \
        const qcc_window rows = qcc_clip_window(oy * (a).stride_height - (a).pad_top, (a).kernel_height,               \
                                                (a).dilation_height, (a).input_height);                                \
        const qcc_window columns = qcc_clip_window(ox * (a).stride_width - (a).pad_left, (a).kernel_width,             \
                                                   (a).dilation_width, (a).input_width);                               \
        PIXEL                                                                                                          \
    }

#define QCC_POOL_CHANNELS 64

/* Mean and requantization of a sum: clamp(rne_shift64((sum - n zp) multipliers[n], shift) + zero_point). */
QCC_INLINE int8_t qcc_average_s8(const qcc_pool2d_args *a, int32_t sum, int32_t multiplier) {
    const int64_t scaled = qcc_rne_shift64((int64_t)sum * multiplier, a->shift) + a->zero_point;
    const int64_t low = scaled > a->minimum ? scaled : a->minimum;
    return (int8_t)(low < a->maximum ? low : a->maximum);
}

/* multipliers: for each divisor up to kernel_height * kernel_width */
QCC_INLINE void qcc_avg_pool2d_s8__portable(const qcc_pool2d_args a, const int8_t *QCC_RESTRICT input,
                                            const int32_t *QCC_RESTRICT multipliers, int8_t *QCC_RESTRICT output) {
    QCC_FOR_PIXELS(a, {
        const int32_t count = (rows.last - rows.first) * (columns.last - columns.first);
        const int32_t multiplier = multipliers[a.count_include_pad ? a.kernel_height * a.kernel_width : count];
        for (int32_t start = 0; start < a.channels; start += QCC_POOL_CHANNELS) {
            const int32_t width = qcc_min_i32(QCC_POOL_CHANNELS, a.channels - start);
            int32_t sums[QCC_POOL_CHANNELS];
            for (int32_t c = 0; c < width; ++c)
                sums[c] = -count * a.input_zero_point;
#define QCC_TAP(tap)                                                                                                   \
    for (int32_t c = 0; c < width; ++c)                                                                                \
        sums[c] += (tap)[start + c];
            QCC_FOR_TAPS(a, input, rows, columns, batch, QCC_TAP)
#undef QCC_TAP
            for (int32_t c = 0; c < width; ++c)
                output[pixel * a.channels + start + c] = qcc_average_s8(&a, sums[c], multiplier);
        }
    })
}

#endif
