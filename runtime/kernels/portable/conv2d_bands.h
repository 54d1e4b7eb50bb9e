/*
 * A driver like that of conv2d_driver.h which also prepares the rows of a.band_rows output rows at once, so that the
 * weights of some channels serve all of them before the next channels' come from afar. Without band_rows rows are
 * prepared one by one in a ring.
 *
 * An ISA gives, besides what QCC_CONV2D_PREPARE makes and asks for,
 *   void qcc_<family>_rows__<isa>(a, columns, count, first_slot, rows, weights, bias, multipliers, output)
 * which computes `count` output rows (1 in a ring) whose input rows are prepared. Weights have zero point 0.
 */
#ifndef QCC_PORTABLE_CONV2D_BANDS_H
#define QCC_PORTABLE_CONV2D_BANDS_H

#include "conv2d_driver.h"

/* Prepared rows of a band: from one output row to the next, and from one kernel row to the next. */
typedef struct {
    int32_t step, tap;
} qcc_conv2d_band;

QCC_INLINE qcc_conv2d_band qcc_conv2d_make_band(const qcc_conv2d_args a) {
    const int32_t shared = a.stride_y <= (a.kernel_height - 1) * a.dilation_y;
    const qcc_conv2d_band b = {shared ? a.stride_y : a.kernel_height, shared ? a.dilation_y : 1};
    return b;
}

/* The prepared row that kernel row `ky` reads. */
QCC_INLINE ptrdiff_t qcc_conv2d_band_slot(const qcc_conv2d_args a, int32_t first_slot, int32_t ky) {
    if (a.band_rows != 0)
        return first_slot + (ptrdiff_t)ky * qcc_conv2d_make_band(a).tap;
    return (first_slot + ky) % qcc_conv2d_make_plan(a).slots;
}

/* Elements of all prepared rows. */
QCC_INLINE ptrdiff_t qcc_conv2d_band_elements(const qcc_conv2d_args a) {
    const qcc_conv2d_plan p = qcc_conv2d_make_plan(a);
    const qcc_conv2d_band b = qcc_conv2d_make_band(a);
    const int32_t slots = a.band_rows == 0 ? p.slots : (a.band_rows - 1) * b.step + (a.kernel_height - 1) * b.tap + 1;
    return (ptrdiff_t)slots * p.row_elements;
}

#define QCC_CONV2D_BANDS(NAME, FAMILY, ISA, TARGET, T, NR, KR)                                                         \
    QCC_INLINE TARGET void qcc_##FAMILY##_row__##ISA(const qcc_conv2d_args a, int32_t columns, int32_t first_slot,     \
                                                     T *rows, const int8_t *weights, const int8_t *weight_zero_points, \
                                                     const int32_t *bias, const float *multipliers, void *output) {    \
        (void)weight_zero_points; /* all are 0 */                                                                      \
        qcc_##FAMILY##_rows__##ISA(a, columns, 1, first_slot, rows, weights, bias, multipliers, output);               \
    }                                                                                                                  \
    QCC_CONV2D_BLOCK(FAMILY, ISA, TARGET, T)                                                                           \
    /* The input rows of `count` output rows from `first` on, each once. */                                            \
    QCC_INLINE TARGET void qcc_##FAMILY##_prepare_band__##ISA(const qcc_conv2d_args a, const int8_t *input,            \
                                                              int32_t zero_point, int32_t first, int32_t count,        \
                                                              T *QCC_RESTRICT rows) {                                  \
        const qcc_conv2d_plan p = qcc_conv2d_make_plan(a);                                                             \
        const qcc_conv2d_band b = qcc_conv2d_make_band(a);                                                             \
        int32_t done = 0; /* slots that are prepared; with a dilation some are prepared again */                       \
        for (int32_t i = 0; i < count * a.kernel_height; i++) {                                                        \
            const int32_t y = i / a.kernel_height, ky = i % a.kernel_height, slot = y * b.step + ky * b.tap;           \
            const int32_t iy = (first + y) * a.stride_y + ky * a.dilation_y - a.pad_top;                               \
            const ptrdiff_t line = (ptrdiff_t)iy * a.input_width * a.groups * a.channels;                              \
            if (slot < done)                                                                                           \
                continue;                                                                                              \
            qcc_conv2d_prepare_row__##ISA(a, rows + slot * (ptrdiff_t)p.row_elements,                                  \
                                          iy >= 0 && iy < a.input_height ? input + line : NULL, zero_point, 0,         \
                                          a.output_width);                                                             \
            done = b.tap == 1 ? slot + 1 : 0;                                                                          \
        }                                                                                                              \
    }                                                                                                                  \
    /* All bands of one image and one group. `input` and `output` point at the group. */                               \
    QCC_INLINE TARGET void qcc_##FAMILY##_bands__##ISA(                                                                \
        const qcc_conv2d_args a, const int8_t *input, const int8_t *weights, const int32_t *bias,                      \
        const float *multipliers, const int8_t *residual, int32_t zero_point, void *output, T *QCC_RESTRICT rows) {    \
        const ptrdiff_t size = a.float_output ? 4 : 1, line = (ptrdiff_t)a.output_width * a.output_step;               \
        for (int32_t first = 0; first < a.output_height; first += a.band_rows) {                                       \
            const int32_t count = qcc_min_i32(a.band_rows, a.output_height - first);                                   \
            char *const to = (char *)output + first * line * size;                                                     \
            qcc_##FAMILY##_prepare_band__##ISA(a, input, zero_point, first, count, rows);                              \
            qcc_##FAMILY##_rows__##ISA(a, a.output_width, count, 0, rows, weights, bias, multipliers, to);             \
            if (residual == NULL)                                                                                      \
                continue;                                                                                              \
            const int32_t runs = a.groups == 1 ? 1 : count * a.output_width; /* of channels of this group */           \
            const ptrdiff_t run = a.groups == 1 ? count * line : a.output_channels / a.groups;                         \
            for (ptrdiff_t i = 0; i < runs; i++)                                                                       \
                qcc_conv2d_residual__##ISA(a, residual + first * line + i * a.output_step,                             \
                                           (int8_t *)to + i * a.output_step, run);                                     \
        }                                                                                                              \
    }                                                                                                                  \
    /* scratch: the prepared rows. */                                                                                  \
    QCC_INLINE TARGET void NAME(const qcc_conv2d_args a, const int8_t *QCC_RESTRICT input,                             \
                                const int8_t *QCC_RESTRICT weights, const int8_t *QCC_RESTRICT weight_zero_points,     \
                                const int32_t *QCC_RESTRICT bias, const float *QCC_RESTRICT multipliers,               \
                                const int8_t *residual, const qcc_dynamic *QCC_RESTRICT dynamic, void *output,         \
                                void *QCC_RESTRICT scratch) {                                                          \
        const int32_t zero_point = dynamic != NULL ? (int32_t)dynamic->zero_point : a.input_zero_point;                \
        const ptrdiff_t input_size = (ptrdiff_t)a.input_height * a.input_width * a.groups * a.channels;                \
        const ptrdiff_t output_size = (ptrdiff_t)a.output_height * a.output_width * a.output_step;                     \
        for (ptrdiff_t i = 0; i < (ptrdiff_t)a.batch * a.groups; i++) {                                                \
            const ptrdiff_t b = i / a.groups, g = i % a.groups, c = g * (a.output_channels / a.groups);                \
            const int8_t *const from = input + b * input_size + g * a.channels;                                        \
            const int8_t *const packed = weights + g * qcc_packed_group(a, NR, KR);                                    \
            const int8_t *const added = residual == NULL ? NULL : residual + b * output_size + c;                      \
            void *const to = (char *)output + (b * output_size + c) * (a.float_output ? 4 : 1);                        \
            if (a.band_rows != 0) {                                                                                    \
                qcc_##FAMILY##_bands__##ISA(a, from, packed, bias + c, multipliers + c, added, zero_point, to,         \
                                            (T *)scratch);                                                             \
                continue;                                                                                              \
            }                                                                                                          \
            for (int32_t first = 0; first < a.output_width; first += a.column_block)                                   \
                qcc_##FAMILY##_block__##ISA(a, from, packed, weight_zero_points, bias + c, multipliers + c, added,     \
                                            zero_point, first, to, (T *)scratch);                                      \
        }                                                                                                              \
    }

#endif
