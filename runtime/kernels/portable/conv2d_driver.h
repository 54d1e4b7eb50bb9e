/*
 * The driver of a convolution, one function per ISA made by the macro at the end: the loops are the same, only what
 * a prepared row holds and the tile differ.
 *
 * An ISA gives, with T its type of prepared elements and <isa> its suffix,
 *   void qcc_conv2d_fill__<isa>(T *row, int32_t zero_point, ptrdiff_t count)
 *   void qcc_conv2d_take__<isa>(T *row, const int8_t *input, ptrdiff_t count)
 *   void qcc_conv2d_residual__<isa>(a, residual, output, count)
 * and for each family (conv2d, depthwise) what multiplies `columns` output columns of one group:
 *   void qcc_<family>_row__<isa>(a, columns, first_slot, rows, weights, weight_zero_points, bias, multipliers, output)
 */
#ifndef QCC_PORTABLE_CONV2D_DRIVER_H
#define QCC_PORTABLE_CONV2D_DRIVER_H

#include "conv2d_args.h"

#define QCC_CONV2D_PREPARE(ISA, TARGET, T)                                                                             \
    QCC_INLINE TARGET void qcc_conv2d_take_pixels__##ISA(const qcc_conv2d_args a, T *row, const int8_t *line,          \
                                                         int32_t pixels) {                                             \
        if (a.groups == 1) {                                                                                           \
            qcc_conv2d_take__##ISA(row, line, (ptrdiff_t)pixels * a.channels);                                         \
            return;                                                                                                    \
        }                                                                                                              \
        for (ptrdiff_t i = 0; i < pixels; i++)                                                                         \
            qcc_conv2d_take__##ISA(row + i * a.channels, line + i * a.groups * a.channels, a.channels);                \
    }                                                                                                                  \
    QCC_INLINE TARGET void qcc_conv2d_prepare_row__##ISA(const qcc_conv2d_args a, T *row, const int8_t *line,          \
                                                         int32_t zero_point, int32_t first, int32_t columns) {         \
        const qcc_conv2d_plan p = qcc_conv2d_make_plan(a);                                                             \
        const ptrdiff_t pixel = (ptrdiff_t)a.groups * a.channels;                                                      \
        if (line == NULL) {                                                                                            \
            qcc_conv2d_fill__##ISA(row, zero_point, (ptrdiff_t)(columns - 1) * p.pixel_step + p.run);                  \
        } else if (p.gathered) {                                                                                       \
            for (int32_t i = 0; i < columns * a.kernel_width; i++) {                                                   \
                const int32_t kx = i % a.kernel_width;                                                                 \
                const int32_t x = (first + i / a.kernel_width) * a.stride_x - a.pad_left + kx * a.dilation_x;          \
                if (x >= 0 && x < a.input_width)                                                                       \
                    qcc_conv2d_take__##ISA(row, line + x * pixel, a.channels);                                         \
                else                                                                                                   \
                    qcc_conv2d_fill__##ISA(row, zero_point, a.channels);                                               \
                row += a.channels;                                                                                     \
            }                                                                                                          \
        } else {                                                                                                       \
            const qcc_conv2d_span s = qcc_conv2d_columns(a, first, columns);                                           \
            qcc_conv2d_fill__##ISA(row, zero_point, (ptrdiff_t)s.left * a.channels);                                   \
            row += (ptrdiff_t)s.left * a.channels;                                                                     \
            qcc_conv2d_take_pixels__##ISA(a, row, line + s.first * pixel, s.inside);                                   \
            row += (ptrdiff_t)s.inside * a.channels;                                                                   \
            qcc_conv2d_fill__##ISA(row, zero_point, (ptrdiff_t)s.right * a.channels);                                  \
        }                                                                                                              \
    }

/* One block of columns of one group: all output rows, top to bottom. `input` and `output` point at the group. */
#define QCC_CONV2D_BLOCK(FAMILY, ISA, TARGET, T)                                                                       \
    QCC_INLINE TARGET void qcc_##FAMILY##_block__##ISA(                                                                \
        const qcc_conv2d_args a, const int8_t *input, const int8_t *weights, const int8_t *weight_zero_points,         \
        const int32_t *bias, const float *multipliers, const int8_t *residual, int32_t zero_point, int32_t first,      \
        void *output, T *QCC_RESTRICT rows) {                                                                          \
        const qcc_conv2d_plan p = qcc_conv2d_make_plan(a);                                                             \
        const int32_t columns = qcc_min_i32(a.column_block, a.output_width - first);                                   \
        const int32_t group_channels = a.output_channels / a.groups;                                                   \
        int32_t done = 0; /* rows below this one, counted from the top of the padding, are in the ring */              \
        for (int32_t y = 0; y < a.output_height; y++) {                                                                \
            const int32_t top = y * a.stride_y;                                                                        \
            for (int32_t ky = p.ring ? qcc_max_i32(0, done - top) : 0; ky < a.kernel_height; ky++) {                   \
                const int32_t iy = top + ky * a.dilation_y - a.pad_top;                                                \
                const ptrdiff_t slot = p.ring ? (top + ky) % p.slots : ky;                                             \
                const int inside = iy >= 0 && iy < a.input_height;                                                     \
                const ptrdiff_t line = (ptrdiff_t)iy * a.input_width * a.groups * a.channels;                          \
                qcc_conv2d_prepare_row__##ISA(a, rows + slot * p.row_elements, inside ? input + line : NULL,           \
                                              zero_point, first, columns);                                             \
            }                                                                                                          \
            done = top + a.kernel_height;                                                                              \
            const ptrdiff_t at = ((ptrdiff_t)y * a.output_width + first) * a.output_step;                              \
            void *const line = a.float_output ? (void *)((float *)output + at) : (void *)((int8_t *)output + at);      \
            qcc_##FAMILY##_row__##ISA(a, columns, p.ring ? top % p.slots : 0, rows, weights, weight_zero_points, bias, \
                                      multipliers, line);                                                              \
            if (residual == NULL)                                                                                      \
                continue;                                                                                              \
            if (a.groups == 1) {                                                                                       \
                qcc_conv2d_residual__##ISA(a, residual + at, line, (ptrdiff_t)columns * a.output_step);                \
                continue;                                                                                              \
            }                                                                                                          \
            for (int32_t x = 0; x < columns; x++)                                                                      \
                qcc_conv2d_residual__##ISA(a, residual + at + (ptrdiff_t)x * a.output_step,                            \
                                           (int8_t *)line + (ptrdiff_t)x * a.output_step, group_channels);             \
        }                                                                                                              \
    }

#define QCC_CONV2D_DRIVER(NAME, FAMILY, ISA, TARGET, T, NR, KR)                                                        \
    QCC_CONV2D_BLOCK(FAMILY, ISA, TARGET, T)                                                                           \
    QCC_INLINE TARGET void NAME(const qcc_conv2d_args a, const int8_t *QCC_RESTRICT input,                             \
                                const int8_t *QCC_RESTRICT weights, const int8_t *QCC_RESTRICT weight_zero_points,     \
                                const int32_t *QCC_RESTRICT bias, const float *QCC_RESTRICT multipliers,               \
                                const int8_t *residual, const qcc_dynamic *QCC_RESTRICT dynamic, void *output,         \
                                void *QCC_RESTRICT scratch) {                                                          \
        const int32_t zero_point = dynamic != NULL ? (int32_t)dynamic->zero_point : a.input_zero_point;                \
        const ptrdiff_t input_size = (ptrdiff_t)a.input_height * a.input_width * a.groups * a.channels;                \
        const ptrdiff_t output_size = (ptrdiff_t)a.output_height * a.output_width * a.output_step;                     \
        const ptrdiff_t size = a.float_output ? 4 : 1;                                                                 \
        for (ptrdiff_t i = 0; i < (ptrdiff_t)a.batch * a.groups; i++) {                                                \
            const ptrdiff_t b = i / a.groups, g = i % a.groups, c = g * (a.output_channels / a.groups);                \
            const int8_t *const zero_points = weight_zero_points == NULL ? NULL : weight_zero_points + c;              \
            const int8_t *const added = residual == NULL ? NULL : residual + b * output_size + c;                      \
            for (int32_t first = 0; first < a.output_width; first += a.column_block)                                   \
                qcc_##FAMILY##_block__##ISA(a, input + b * input_size + g * a.channels,                                \
                                            weights + g * qcc_packed_group(a, NR, KR), zero_points, bias + c,          \
                                            multipliers + c, added, zero_point, first,                                 \
                                            (char *)output + (b * output_size + c) * size, (T *)scratch);              \
        }                                                                                                              \
    }

#endif
