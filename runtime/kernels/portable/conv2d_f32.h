/*
 * Convolution of floats. Products are exact in double; an accumulator starts at the bias and adds them by kernel row,
 * kernel column, channel, and is rounded once (docs/numerics.md). Padding is multiplied too, as the reference does.
 */
#ifndef QCC_PORTABLE_CONV2D_F32_H
#define QCC_PORTABLE_CONV2D_F32_H

#include "float_tiles.h"

/* The taps of a block of output columns, kernel row by kernel row, in double. `input` points at the group's channels.
 */
QCC_INLINE void qcc_conv2d_f32_prepare(const qcc_conv2d_args a, const float *input, int32_t y, int32_t first,
                                       int32_t columns, double *QCC_RESTRICT rows) {
    const qcc_conv2d_plan p = qcc_conv2d_make_plan(a);
    const ptrdiff_t pixel = (ptrdiff_t)a.groups * a.channels;
    const int32_t pixels = p.gathered ? columns * a.kernel_width : (columns - 1) * a.stride_x + a.kernel_width;
    for (int32_t ky = 0; ky < a.kernel_height; ky++) {
        double *row = rows + (ptrdiff_t)ky * p.row_elements;
        const int32_t iy = y * a.stride_y + ky * a.dilation_y - a.pad_top;
        for (int32_t i = 0; i < pixels; i++) {
            const int32_t kx = p.gathered ? i % a.kernel_width : 0;
            const int32_t ox = p.gathered ? i / a.kernel_width * a.stride_x : i;
            const int32_t ix = first * a.stride_x + ox + kx * a.dilation_x - a.pad_left;
            const int inside = iy >= 0 && iy < a.input_height && ix >= 0 && ix < a.input_width;
            const float *const from = inside ? input + ((ptrdiff_t)iy * a.input_width + ix) * pixel : NULL;
            if (inside) {
                for (int32_t c = 0; c < a.channels; c++)
                    row[c] = (double)from[c];
            } else {
                for (int32_t c = 0; c < a.channels; c++)
                    row[c] = 0.0;
            }
            row += a.channels;
        }
    }
}

/* One output column times `width` output channels, packed side by side. */
QCC_INLINE void qcc_conv2d_f32_narrow(const qcc_conv2d_args a, int32_t width, const double *rows, const float *weights,
                                      double *acc) {
    const qcc_conv2d_plan p = qcc_conv2d_make_plan(a);
    for (int32_t ky = 0; ky < a.kernel_height; ky++) {
        const double *const row = rows + (ptrdiff_t)ky * p.row_elements;
        for (int32_t k = 0; k < p.run; k++) {
            const double x = row[k];
            for (int32_t n = 0; n < width; n++)
                acc[n] += x * (double)weights[n];
            weights += width;
        }
    }
}

/* The kernel of an instruction set that has a tile of up to `MOST` columns. */
#define QCC_CONV2D_F32(ISA, TARGET, MOST)                                                                              \
    /* Sixteen channels, or the first `width` of them, of `count` (a literal) columns. */                              \
    QCC_INLINE TARGET void qcc_conv2d_f32_columns__##ISA(const qcc_conv2d_args a, int32_t count, int32_t width,        \
                                                         const double *rows, const float *weights,                     \
                                                         const double *start, float *output) {                         \
        const qcc_conv2d_plan p = qcc_conv2d_make_plan(a);                                                             \
        double acc[(MOST) * 16];                                                                                       \
        for (int32_t x = 0; x < count; x++)                                                                            \
            __builtin_memcpy(acc + x * 16, start, 16 * sizeof(double));                                                \
        for (int32_t ky = 0; ky < a.kernel_height; ky++)                                                               \
            qcc_float_tile__##ISA(count, p.run, rows + (ptrdiff_t)ky * p.row_elements, p.pixel_step,                   \
                                  weights + (ptrdiff_t)ky * p.run * 16, 16, 0, acc);                                   \
        for (int32_t x = 0; x < count; x++)                                                                            \
            qcc_store_sums(width, acc + x * 16, output + (ptrdiff_t)x * a.output_channels);                            \
    }                                                                                                                  \
    QCC_INLINE TARGET void qcc_conv2d_f32_row__##ISA(const qcc_conv2d_args a, int32_t columns, const double *rows,     \
                                                     const float *weights, const float *bias, float *output) {         \
        const qcc_conv2d_plan p = qcc_conv2d_make_plan(a);                                                             \
        const int32_t channels = a.output_channels / a.groups, packed = qcc_packed_width(a, 16);                       \
        for (int32_t n = 0; n < channels; n += 16) {                                                                   \
            const int32_t width = qcc_min_i32(16, channels - n);                                                       \
            double start[16] = {0};                                                                                    \
            for (int32_t i = 0; i < width; i++)                                                                        \
                start[i] = bias == NULL ? 0.0 : (double)bias[n + i];                                                   \
            for (int32_t x = 0; x < columns;) {                                                                        \
                const double *const taps = rows + (ptrdiff_t)x * p.pixel_step;                                         \
                float *const to = output + (ptrdiff_t)x * a.output_channels + n;                                       \
                if (packed != 16) {                                                                                    \
                    double acc[16];                                                                                    \
                    __builtin_memcpy(acc, start, sizeof acc);                                                          \
                    qcc_conv2d_f32_narrow(a, packed, taps, weights, acc);                                              \
                    for (int32_t i = 0; i < width; i++)                                                                \
                        to[i] = (float)acc[i];                                                                         \
                    x++;                                                                                               \
                } else if (columns - x >= (MOST)) {                                                                    \
                    qcc_conv2d_f32_columns__##ISA(a, (MOST), width, taps, weights, start, to);                         \
                    x += (MOST);                                                                                       \
                } else if (columns - x >= 2) {                                                                         \
                    qcc_conv2d_f32_columns__##ISA(a, 2, width, taps, weights, start, to);                              \
                    x += 2;                                                                                            \
                } else {                                                                                               \
                    qcc_conv2d_f32_columns__##ISA(a, 1, width, taps, weights, start, to);                              \
                    x++;                                                                                               \
                }                                                                                                      \
            }                                                                                                          \
            weights += (ptrdiff_t)a.kernel_height * p.run * 16;                                                        \
        }                                                                                                              \
    }                                                                                                                  \
    /* Packed weights as of the int8 kernel with tile 1x16c1; `bias` may be NULL. */                                   \
    QCC_INLINE TARGET void qcc_conv2d_f32_1x16c1__##ISA(                                                               \
        const qcc_conv2d_args a, const float *QCC_RESTRICT input, const float *QCC_RESTRICT weights,                   \
        const float *QCC_RESTRICT bias, float *QCC_RESTRICT output, double *QCC_RESTRICT scratch) {                    \
        const int32_t group_outputs = a.output_channels / a.groups;                                                    \
        const ptrdiff_t image = (ptrdiff_t)a.input_height * a.input_width * a.groups * a.channels;                     \
        for (ptrdiff_t i = 0; i < (ptrdiff_t)a.batch * a.groups; i++) {                                                \
            const ptrdiff_t b = i / a.groups, g = i % a.groups;                                                        \
            const float *const from = input + b * image + g * a.channels;                                              \
            const float *const packed = weights + g * qcc_packed_group(a, 16, 1);                                      \
            for (int32_t y = 0; y < a.output_height; y++) {                                                            \
                for (int32_t first = 0; first < a.output_width; first += a.column_block) {                             \
                    const int32_t columns = qcc_min_i32(a.column_block, a.output_width - first);                       \
                    const ptrdiff_t at = (b * a.output_height + y) * a.output_width + first;                           \
                    qcc_conv2d_f32_prepare(a, from, y, first, columns, scratch);                                       \
                    qcc_conv2d_f32_row__##ISA(a, columns, scratch, packed,                                             \
                                              bias == NULL ? NULL : bias + g * group_outputs,                          \
                                              output + at * a.output_channels + g * group_outputs);                    \
                }                                                                                                      \
            }                                                                                                          \
        }                                                                                                              \
    }

QCC_CONV2D_F32(portable, QCC_NO_TARGET, 4)

/* Where the channels of the taps of a pixel are: in the image, whose row `top` and column `left` they begin at, or
 * zeros. */
QCC_INLINE void qcc_depthwise_f32_taps(const qcc_conv2d_args a, int32_t top, int32_t left, const float *image,
                                       const float *zeros, const float **from) {
    for (int32_t ky = 0; ky < a.kernel_height; ky++) {
        const int32_t iy = top + ky * a.dilation_y;
        for (int32_t kx = 0; kx < a.kernel_width; kx++) {
            const int32_t ix = left + kx * a.dilation_x;
            const int inside = iy >= 0 && iy < a.input_height && ix >= 0 && ix < a.input_width;
            *from++ = inside ? image + ((ptrdiff_t)iy * a.input_width + ix) * a.channels : zeros;
        }
    }
}

/* One filter per channel: `groups` is 1, weights are [ky][kx][C]; `bias` may be NULL. Scratch: a pointer per tap, C
 * zeros. */
#define QCC_DEPTHWISE_F32(ISA, TARGET)                                                                                 \
    QCC_INLINE TARGET void qcc_depthwise_f32__##ISA(const qcc_conv2d_args a, const float *QCC_RESTRICT input,          \
                                                    const float *QCC_RESTRICT weights, const float *QCC_RESTRICT bias, \
                                                    float *QCC_RESTRICT output, void *scratch) {                       \
        const int32_t taps = a.kernel_height * a.kernel_width;                                                         \
        const float **const from = (const float **)scratch;                                                            \
        float *const zeros = (float *)(void *)(from + taps);                                                           \
        __builtin_memset(zeros, 0, (size_t)a.channels * sizeof(float));                                                \
        const ptrdiff_t pixels = (ptrdiff_t)a.batch * a.output_height * a.output_width;                                \
        for (ptrdiff_t i = 0; i < pixels; i++) {                                                                       \
            const ptrdiff_t row = i / a.output_width;                                                                  \
            const int32_t left = (int32_t)(i % a.output_width) * a.stride_x - a.pad_left;                              \
            const int32_t top = (int32_t)(row % a.output_height) * a.stride_y - a.pad_top;                             \
            qcc_depthwise_f32_taps(a, top, left,                                                                       \
                                   input + row / a.output_height * a.input_height * a.input_width * a.channels, zeros, \
                                   from);                                                                              \
            for (int32_t c = 0; c < a.channels; c += 16) {                                                             \
                const int32_t width = qcc_min_i32(16, a.channels - c);                                                 \
                double acc[16] = {0};                                                                                  \
                for (int32_t n = 0; n < width && bias != NULL; n++)                                                    \
                    acc[n] = (double)bias[c + n];                                                                      \
                if (width == 16)                                                                                       \
                    qcc_depthwise_f32_pixel__##ISA(taps, a.channels, from, c, weights, acc);                           \
                else                                                                                                   \
                    for (int32_t t = 0; t < taps; t++)                                                                 \
                        for (int32_t n = 0; n < width; n++)                                                            \
                            acc[n] += (double)from[t][c + n] * (double)weights[(ptrdiff_t)t * a.channels + c + n];     \
                qcc_store_sums(width, acc, output + i * a.channels + c);                                               \
            }                                                                                                          \
        }                                                                                                              \
    }

QCC_DEPTHWISE_F32(portable, QCC_NO_TARGET)

#endif
