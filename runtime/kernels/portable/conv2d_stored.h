/*
 * Convolution of floats with weights of 8 or 4 bits (stored_weights.h). The result is in every bit that of
 * conv2d_f32.h on the dequantized weights: products are exact in double and added by kernel row, kernel column,
 * channel. A run of taps is dequantized once for a block of output columns, whose accumulators wait in scratch.
 */
#ifndef QCC_PORTABLE_CONV2D_STORED_H
#define QCC_PORTABLE_CONV2D_STORED_H

#include "conv2d_f32.h"
#include "stored_weights.h"

/* One run of taps, at `taps` of the prepared rows, times a block of columns, in tiles of up to `MOST` columns. */
#define QCC_CONV2D_STORED_COLUMNS(ISA, TARGET, MOST)                                                                   \
    QCC_INLINE TARGET void qcc_conv2d_stored_columns__##ISA(int32_t columns, int32_t taps, ptrdiff_t step,             \
                                                            const double *rows, const double *weights,                 \
                                                            double *QCC_RESTRICT acc) {                                \
        int32_t x = 0;                                                                                                 \
        for (; x + (MOST) <= columns; x += (MOST))                                                                     \
            qcc_double_tile__##ISA((MOST), taps, rows + x * step, step, weights, 16, 0, acc + (ptrdiff_t)x * 16);      \
        for (; x + 2 <= columns; x += 2)                                                                               \
            qcc_double_tile__##ISA(2, taps, rows + x * step, step, weights, 16, 0, acc + (ptrdiff_t)x * 16);           \
        if (x < columns)                                                                                               \
            qcc_double_tile__##ISA(1, taps, rows + x * step, step, weights, 16, 0, acc + (ptrdiff_t)x * 16);           \
    }

/*
 * Weights are [group][ceil(O/16)][ky][kx][c][16]; `scales` holds 16 per block of channels of a group; `bias` may be
 * NULL. Scratch: the dequantized run, 16 accumulators per output column, the prepared rows.
 */
#define QCC_CONV2D_STORED_TYPE(TYPE, BYTES, ISA, TARGET)                                                               \
    QCC_INLINE TARGET void qcc_conv2d_stored_row_##TYPE##__##ISA(                                                      \
        const qcc_conv2d_args a, int32_t columns, const uint8_t *weights, const uint16_t *scales,                      \
        const uint16_t *bias, int32_t group, float *output, double *QCC_RESTRICT scratch) {                            \
        const qcc_conv2d_plan p = qcc_conv2d_make_plan(a);                                                             \
        const int32_t channels = a.output_channels / a.groups;                                                         \
        double *const acc = scratch + QCC_STORED_TAPS * 16;                                                            \
        const double *const rows = acc + (ptrdiff_t)a.column_block * 16;                                               \
        for (int32_t n = 0; n < channels; n += 16) {                                                                   \
            const int32_t width = qcc_min_i32(16, channels - n);                                                       \
            float own[16];                                                                                             \
            double first[16];                                                                                          \
            qcc_stored_scales(scales + n, own);                                                                        \
            qcc_stored_bias(group * channels + n, width, bias, a.short_bias, first);                                   \
            for (int32_t x = 0; x < columns; x++)                                                                      \
                qcc_stored_start(first, acc + (ptrdiff_t)x * 16);                                                      \
            for (int32_t ky = 0; ky < a.kernel_height; ky++) {                                                         \
                for (int32_t k = 0; k < p.run; k += QCC_STORED_TAPS) {                                                 \
                    const int32_t taps = qcc_min_i32(QCC_STORED_TAPS, p.run - k);                                      \
                    qcc_stored_expand_##TYPE(taps, weights, own, scratch);                                             \
                    qcc_conv2d_stored_columns__##ISA(columns, taps, p.pixel_step,                                      \
                                                     rows + (ptrdiff_t)ky * p.row_elements + k, scratch, acc);         \
                    weights += (ptrdiff_t)taps * BYTES;                                                                \
                }                                                                                                      \
            }                                                                                                          \
            for (int32_t x = 0; x < columns; x++)                                                                      \
                qcc_store_sums(width, acc + (ptrdiff_t)x * 16, output + (ptrdiff_t)x * a.output_channels + n);         \
        }                                                                                                              \
    }                                                                                                                  \
    QCC_INLINE TARGET void qcc_conv2d_f32##TYPE##_1x16c1__##ISA(                                                       \
        const qcc_conv2d_args a, const float *QCC_RESTRICT input, const uint8_t *QCC_RESTRICT weights,                 \
        const uint16_t *QCC_RESTRICT scales, const uint16_t *QCC_RESTRICT bias, float *QCC_RESTRICT output,            \
        double *QCC_RESTRICT scratch) {                                                                                \
        const int32_t outputs = a.output_channels / a.groups;                                                          \
        const ptrdiff_t image = (ptrdiff_t)a.input_height * a.input_width * a.groups * a.channels;                     \
        const ptrdiff_t group =                                                                                        \
            (ptrdiff_t)(outputs + 15) / 16 * a.kernel_height * a.kernel_width * a.channels * BYTES;                    \
        double *const rows = scratch + QCC_STORED_TAPS * 16 + (ptrdiff_t)a.column_block * 16;                          \
        for (ptrdiff_t i = 0; i < (ptrdiff_t)a.batch * a.groups; i++) {                                                \
            const ptrdiff_t b = i / a.groups, g = i % a.groups;                                                        \
            const float *const from = input + b * image + g * a.channels;                                              \
            for (int32_t y = 0; y < a.output_height; y++) {                                                            \
                for (int32_t first = 0; first < a.output_width; first += a.column_block) {                             \
                    const int32_t columns = qcc_min_i32(a.column_block, a.output_width - first);                       \
                    const ptrdiff_t at = (b * a.output_height + y) * a.output_width + first;                           \
                    qcc_conv2d_f32_prepare(a, from, y, first, columns, rows);                                          \
                    qcc_conv2d_stored_row_##TYPE##__##ISA(a, columns, weights + g * group,                             \
                                                          scales + g * ((outputs + 15) / 16 * 16), bias, (int32_t)g,   \
                                                          output + at * a.output_channels + g * outputs, scratch);     \
                }                                                                                                      \
            }                                                                                                          \
        }                                                                                                              \
    }

/* The kernels of an instruction set for weights of 8 and of 4 bits. */
#define QCC_CONV2D_STORED(ISA, TARGET, MOST)                                                                           \
    QCC_CONV2D_STORED_COLUMNS(ISA, TARGET, MOST)                                                                       \
    QCC_CONV2D_STORED_TYPE(s8, QCC_STORED_BYTES_S8, ISA, TARGET)                                                       \
    QCC_CONV2D_STORED_TYPE(s4, QCC_STORED_BYTES_S4, ISA, TARGET)

QCC_CONV2D_STORED(portable, QCC_NO_TARGET, 4)

/* One output position of `width` channels; padding is multiplied too, as the reference does. */
QCC_INLINE void qcc_depthwise_stored_pixel(const qcc_conv2d_args a, int32_t width, int32_t top, int32_t left,
                                           const float *input, const double *weights, double *QCC_RESTRICT acc) {
    for (int32_t t = 0; t < a.kernel_height * a.kernel_width; t++) {
        const int32_t iy = top + t / a.kernel_width * a.dilation_y, ix = left + t % a.kernel_width * a.dilation_x;
        const double *const w = weights + (ptrdiff_t)t * 16;
        if (iy < 0 || iy >= a.input_height || ix < 0 || ix >= a.input_width) {
            for (int32_t n = 0; n < 16; n++)
                acc[n] += 0.0 * w[n];
            continue;
        }
        const float *const from = input + ((ptrdiff_t)iy * a.input_width + ix) * a.channels;
        if (width == 16) {
            for (int32_t n = 0; n < 16; n++)
                acc[n] += (double)from[n] * w[n];
        } else {
            for (int32_t n = 0; n < width; n++)
                acc[n] += (double)from[n] * w[n];
        }
    }
}

/* One filter per channel: `groups` is 1, weights are [ceil(C/16)][taps][16]; scratch holds those of 16 channels. */
#define QCC_DEPTHWISE_STORED(TYPE, BYTES)                                                                              \
    QCC_INLINE void qcc_depthwise_f32##TYPE##__portable(                                                               \
        const qcc_conv2d_args a, const float *QCC_RESTRICT input, const uint8_t *QCC_RESTRICT weights,                 \
        const uint16_t *QCC_RESTRICT scales, const uint16_t *QCC_RESTRICT bias, float *QCC_RESTRICT output,            \
        double *QCC_RESTRICT scratch) {                                                                                \
        const int32_t taps = a.kernel_height * a.kernel_width;                                                         \
        const ptrdiff_t image = (ptrdiff_t)a.input_height * a.input_width * a.channels;                                \
        for (int32_t n = 0; n < a.channels; n += 16) {                                                                 \
            const int32_t width = qcc_min_i32(16, a.channels - n);                                                     \
            float own[16];                                                                                             \
            double first[16];                                                                                          \
            qcc_stored_scales(scales + n, own);                                                                        \
            qcc_stored_bias(n, width, bias, a.short_bias, first);                                                      \
            qcc_stored_expand_##TYPE(taps, weights, own, scratch);                                                     \
            weights += (ptrdiff_t)taps * BYTES;                                                                        \
            for (ptrdiff_t row = 0; row < (ptrdiff_t)a.batch * a.output_height; row++) {                               \
                const int32_t top = (int32_t)(row % a.output_height) * a.stride_y - a.pad_top;                         \
                for (int32_t x = 0; x < a.output_width; x++) {                                                         \
                    double acc[16];                                                                                    \
                    qcc_stored_start(first, acc);                                                                      \
                    qcc_depthwise_stored_pixel(a, width, top, x * a.stride_x - a.pad_left,                             \
                                               input + row / a.output_height * image + n, scratch, acc);               \
                    qcc_store_sums(width, acc, output + (row * a.output_width + x) * a.channels + n);                  \
                }                                                                                                      \
            }                                                                                                          \
        }                                                                                                              \
    }

QCC_DEPTHWISE_STORED(s8, QCC_STORED_BYTES_S8)
QCC_DEPTHWISE_STORED(s4, QCC_STORED_BYTES_S4)

#endif
