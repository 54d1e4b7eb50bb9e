/*
 * The driver of the convolutions whose activations stay bytes (NEON): for each output row it finds the lines that
 * the tiles read. A line is
 *   - the input itself, where a 1x1 convolution needs no padding;
 *   - a row in scratch, padded with the input's zero point, prepared once and kept in a ring of kernel_height rows;
 *   - one row of gathered taps (a.gather): those of all kernel rows side by side for every output column, so that few
 *     channels do not leave vectors half empty.
 * An ISA gives
 *   void qcc_conv2d_line__<isa>(a, columns, lines, weights, bias, multipliers, output)
 * which computes one output row from `qcc_lines_plan.rows` lines. Tiles may read 15 bytes past a column's taps.
 */
#ifndef QCC_NEON_CONV2D_LINES_H
#define QCC_NEON_CONV2D_LINES_H

#include "../portable/conv2d_driver.h"
#include "residual.h"

#if defined(QCC_NEON)

#define QCC_LINES_MAX 32 /* kernel rows; codegen chooses other kernels for more */

typedef struct {
    int32_t in_place;
    int32_t rows;       /* lines that a tile reads */
    int32_t run;        /* taps of an output column in a line */
    int32_t pixel_step; /* bytes from one output column's taps to the next one's */
} qcc_lines_plan;

QCC_INLINE qcc_lines_plan qcc_conv2d_plan_lines(const qcc_conv2d_args a) {
    const qcc_conv2d_plan ring = qcc_conv2d_make_plan(a);
    qcc_lines_plan p;
    p.in_place = a.kernel_height == 1 && a.kernel_width == 1 && a.groups == 1 && a.pad_top == 0 && a.pad_left == 0 &&
                 (a.output_height - 1) * a.stride_y < a.input_height &&
                 (a.output_width - 1) * a.stride_x < a.input_width;
    p.rows = a.gather ? 1 : a.kernel_height;
    p.run = a.gather ? a.kernel_height * ring.run : ring.run;
    p.pixel_step = p.in_place ? a.stride_x * a.channels : a.gather ? p.run : ring.pixel_step;
    return p;
}

/* Copies `count` bytes in vectors; up to 15 more are read and written. */
QCC_INLINE QCC_TARGET_NEON void qcc_copy_over__neon(int8_t *to, const int8_t *from, int32_t count) {
    for (int32_t i = 0; i < count; i += 16)
        vst1q_s8(to + i, vld1q_s8(from + i));
}

/* The taps of `columns` output columns side by side; what is written too far is overwritten by the next taps. */
QCC_INLINE QCC_TARGET_NEON void qcc_conv2d_gather__neon(const qcc_conv2d_args a, int32_t columns,
                                                        const int8_t *const *lines, int8_t *to) {
    const qcc_conv2d_plan ring = qcc_conv2d_make_plan(a);
    for (int32_t x = 0; x < columns; x++) {
        QCC_UNROLL
        for (int32_t ky = 0; ky < a.kernel_height; ky++) {
            qcc_copy_over__neon(to, lines[ky] + (ptrdiff_t)x * ring.pixel_step, ring.run);
            to += ring.run;
        }
    }
}

QCC_INLINE QCC_TARGET_NEON void qcc_conv2d_fill__lines(int8_t *row, int32_t zero_point, ptrdiff_t count) {
    __builtin_memset(row, zero_point, (size_t)count);
}

QCC_INLINE QCC_TARGET_NEON void qcc_conv2d_take__lines(int8_t *row, const int8_t *input, ptrdiff_t count) {
    ptrdiff_t i = 0;
    for (; i + 32 <= count; i += 32)
        qcc_copy_over__neon(row + i, input + i, 32);
    for (; i + 8 <= count; i += 8)
        vst1_s8(row + i, vld1_s8(input + i));
    for (const ptrdiff_t end = i + (count & 7); i < end; i++)
        row[i] = input[i];
}

QCC_CONV2D_PREPARE(lines, QCC_TARGET_NEON, int8_t)

/* The rows of the ring that output row `y` reads; those from `*done` on are prepared. */
QCC_INLINE QCC_TARGET_NEON void qcc_conv2d_ring__neon(const qcc_conv2d_args a, const int8_t *input, int32_t zero_point,
                                                      int32_t first, int32_t columns, int32_t y, int32_t *done,
                                                      int8_t *scratch, const int8_t **lines) {
    const qcc_conv2d_plan p = qcc_conv2d_make_plan(a);
    const int32_t top = y * a.stride_y, begin = p.ring ? *done - top : 0;
    int32_t slot = p.ring ? top % p.slots : 0;
    for (int32_t ky = 0; ky < a.kernel_height; ky++) {
        int8_t *const row = scratch + (ptrdiff_t)slot * p.row_elements;
        const int32_t iy = top + ky * a.dilation_y - a.pad_top;
        const int inside = iy >= 0 && iy < a.input_height;
        const ptrdiff_t line = (ptrdiff_t)iy * a.input_width * a.groups * a.channels;
        if (ky >= begin)
            qcc_conv2d_prepare_row__lines(a, row, inside ? input + line : NULL, zero_point, first, columns);
        lines[ky] = row;
        slot = slot + 1 == p.slots ? 0 : slot + 1;
    }
    *done = top + a.kernel_height;
}

QCC_INLINE QCC_TARGET_NEON void qcc_conv2d_add_line__neon(const qcc_conv2d_args a, const int8_t *residual,
                                                          int8_t *output, int32_t columns) {
    const int32_t group_channels = a.output_channels / a.groups;
    if (a.groups == 1) {
        qcc_add_residual__neon(a, residual, output, (ptrdiff_t)columns * a.output_step);
        return;
    }
    for (int32_t x = 0; x < columns; x++)
        qcc_add_residual__neon(a, residual + (ptrdiff_t)x * a.output_step, output + (ptrdiff_t)x * a.output_step,
                               group_channels);
}

#define QCC_CONV2D_LINES_DRIVER(NAME, ISA, TARGET, NR, KR)                                                             \
    QCC_INLINE TARGET void qcc_conv2d_lines_block__##ISA(                                                              \
        const qcc_conv2d_args a, const int8_t *input, const int8_t *weights, const int32_t *bias,                      \
        const float *multipliers, const int8_t *residual, int32_t zero_point, int32_t first, void *output,             \
        int8_t *QCC_RESTRICT scratch) {                                                                                \
        const qcc_lines_plan p = qcc_conv2d_plan_lines(a);                                                             \
        const int32_t columns = qcc_min_i32(a.column_block, a.output_width - first);                                   \
        const int8_t *lines[QCC_LINES_MAX];                                                                            \
        int8_t *const gathered = scratch + (ptrdiff_t)a.kernel_height * qcc_conv2d_make_plan(a).row_elements + 16;     \
        int32_t done = 0;                                                                                              \
        for (int32_t y = 0; y < a.output_height; y++) {                                                                \
            if (p.in_place)                                                                                            \
                lines[0] = input + ((ptrdiff_t)y * a.stride_y * a.input_width + first * a.stride_x) * a.channels;      \
            else                                                                                                       \
                qcc_conv2d_ring__neon(a, input, zero_point, first, columns, y, &done, scratch, lines);                 \
            if (a.gather) {                                                                                            \
                qcc_conv2d_gather__neon(a, columns, lines, gathered);                                                  \
                lines[0] = gathered;                                                                                   \
            }                                                                                                          \
            const ptrdiff_t at = ((ptrdiff_t)y * a.output_width + first) * a.output_step;                              \
            void *const line = a.float_output ? (void *)((float *)output + at) : (void *)((int8_t *)output + at);      \
            qcc_conv2d_line__##ISA(a, columns, lines, weights, bias, multipliers, line);                               \
            if (residual != NULL)                                                                                      \
                qcc_conv2d_add_line__neon(a, residual + at, line, columns);                                            \
        }                                                                                                              \
    }                                                                                                                  \
    QCC_INLINE TARGET void NAME(const qcc_conv2d_args a, const int8_t *QCC_RESTRICT input,                             \
                                const int8_t *QCC_RESTRICT weights, const int8_t *QCC_RESTRICT weight_zero_points,     \
                                const int32_t *QCC_RESTRICT bias, const float *QCC_RESTRICT multipliers,               \
                                const int8_t *residual, const qcc_dynamic *QCC_RESTRICT dynamic, void *output,         \
                                void *QCC_RESTRICT scratch) {                                                          \
        const qcc_lines_plan p = qcc_conv2d_plan_lines(a);                                                             \
        const int32_t zero_point = dynamic != NULL ? (int32_t)dynamic->zero_point : a.input_zero_point;                \
        const ptrdiff_t input_size = (ptrdiff_t)a.input_height * a.input_width * a.groups * a.channels;                \
        const ptrdiff_t output_size = (ptrdiff_t)a.output_height * a.output_width * a.output_step;                     \
        const ptrdiff_t size = a.float_output ? 4 : 1;                                                                 \
        const int32_t outputs = a.output_channels / a.groups;                                                          \
        const ptrdiff_t packed = (ptrdiff_t)((outputs + NR - 1) / NR) * p.rows * ((p.run + KR - 1) / KR) * NR * KR;    \
        (void)weight_zero_points; /* all are 0 */                                                                      \
        for (ptrdiff_t i = 0; i < (ptrdiff_t)a.batch * a.groups; i++) {                                                \
            const ptrdiff_t b = i / a.groups, g = i % a.groups, c = g * outputs;                                       \
            const int8_t *const added = residual == NULL ? NULL : residual + b * output_size + c;                      \
            for (int32_t first = 0; first < a.output_width; first += a.column_block)                                   \
                qcc_conv2d_lines_block__##ISA(a, input + b * input_size + g * a.channels, weights + g * packed,        \
                                              bias + c, multipliers + c, added, zero_point, first,                     \
                                              (char *)output + (b * output_size + c) * size, (int8_t *)scratch);       \
        }                                                                                                              \
    }

#endif
#endif
