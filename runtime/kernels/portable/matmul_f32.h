/*
 * Matrix product of floats; leading axes broadcast. Products are exact in double; an accumulator starts at the bias,
 * adds them in order of k and is rounded once (docs/numerics.md).
 */
#ifndef QCC_PORTABLE_MATMUL_F32_H
#define QCC_PORTABLE_MATMUL_F32_H

#include "float_tiles.h"
#include "matmul.h"

enum { QCC_MATMUL_F32_ROWS = 24 }; /* of lhs that are converted to double and multiplied with all columns */

/* The last columns of rhs, fewer than 16, as a matrix of 16. */
QCC_INLINE void qcc_matmul_f32_pad(const qcc_matmul_args a, int32_t width, const float *rhs,
                                   float *QCC_RESTRICT panel) {
    for (int32_t k = 0; k < a.depth; k++)
        for (int32_t n = 0; n < 16; n++)
            panel[k * 16 + n] = n < width ? rhs[(ptrdiff_t)k * a.columns + n] : 0.0f;
}

/* The kernel of an instruction set that has a tile of up to `MOST` rows. */
#define QCC_MATMUL_F32(ISA, TARGET, MOST)                                                                              \
    /* `rows` (a literal) rows of 16 columns, of which `width` are kept. */                                            \
    QCC_INLINE TARGET void qcc_matmul_f32_rows__##ISA(const qcc_matmul_args a, int32_t rows, int32_t width,            \
                                                      const double *lhs, const float *panel, ptrdiff_t step,           \
                                                      const double *start, float *output) {                            \
        double acc[(MOST) * 16];                                                                                       \
        for (int32_t i = 0; i < rows; i++)                                                                             \
            __builtin_memcpy(acc + i * 16, start, 16 * sizeof(double));                                                \
        qcc_float_tile__##ISA(rows, a.depth, lhs, a.depth, panel, step, 0, acc);                                       \
        for (int32_t i = 0; i < rows; i++)                                                                             \
            qcc_store_sums(width, acc + i * 16, output + (ptrdiff_t)i * a.columns);                                    \
    }                                                                                                                  \
    /* One row of `MOST` times 16 columns. */                                                                          \
    QCC_INLINE TARGET void qcc_matmul_f32_wide__##ISA(const qcc_matmul_args a, const double *lhs, const float *rhs,    \
                                                      const float *bias, float *output) {                              \
        double acc[(MOST) * 16] = {0};                                                                                 \
        for (int32_t n = 0; n < (MOST) * 16 && bias != NULL; n++)                                                      \
            acc[n] = (double)bias[n];                                                                                  \
        qcc_float_tile__##ISA((MOST), a.depth, lhs, 0, rhs, a.columns, 16, acc);                                       \
        for (int32_t n = 0; n < (MOST) * 16; n++)                                                                      \
            output[n] = (float)acc[n];                                                                                 \
    }                                                                                                                  \
    /* Rows of one matrix, in double, times all of rhs. */                                                             \
    QCC_INLINE TARGET void qcc_matmul_f32_block__##ISA(const qcc_matmul_args a, int32_t rows, const double *lhs,       \
                                                       const float *rhs, const float *bias, float *output,             \
                                                       float *panel) {                                                 \
        int32_t first = 0;                                                                                             \
        for (; rows == 1 && first + (MOST) * 16 <= a.columns; first += (MOST) * 16)                                    \
            qcc_matmul_f32_wide__##ISA(a, lhs, rhs + first, bias == NULL ? NULL : bias + first, output + first);       \
        for (int32_t n = first; n < a.columns; n += 16) {                                                              \
            const int32_t width = qcc_min_i32(16, a.columns - n);                                                      \
            const float *const from = width == 16 ? rhs + n : panel;                                                   \
            const ptrdiff_t step = width == 16 ? a.columns : 16;                                                       \
            double start[16] = {0};                                                                                    \
            for (int32_t i = 0; i < width; i++)                                                                        \
                start[i] = bias == NULL ? 0.0 : (double)bias[n + i];                                                   \
            if (width < 16)                                                                                            \
                qcc_matmul_f32_pad(a, width, rhs + n, panel);                                                          \
            int32_t i = 0;                                                                                             \
            for (; i + (MOST) <= rows; i += (MOST))                                                                    \
                qcc_matmul_f32_rows__##ISA(a, (MOST), width, lhs + (ptrdiff_t)i * a.depth, from, step, start,          \
                                           output + (ptrdiff_t)i * a.columns + n);                                     \
            for (; i < rows; i++)                                                                                      \
                qcc_matmul_f32_rows__##ISA(a, 1, width, lhs + (ptrdiff_t)i * a.depth, from, step, start,               \
                                           output + (ptrdiff_t)i * a.columns + n);                                     \
        }                                                                                                              \
    }                                                                                                                  \
    /* Scratch: a block of rows in double, `depth` times 16 floats. `bias` may be NULL. */                             \
    QCC_INLINE TARGET void qcc_matmul_f32__##ISA(const qcc_matmul_args a, const float *QCC_RESTRICT lhs,               \
                                                 const float *QCC_RESTRICT rhs, const float *QCC_RESTRICT bias,        \
                                                 float *QCC_RESTRICT output, double *QCC_RESTRICT scratch) {           \
        ptrdiff_t count = 1;                                                                                           \
        for (int32_t axis = 0; axis < 6; axis++)                                                                       \
            count *= a.dims[axis];                                                                                     \
        const int32_t most = qcc_min_i32(a.rows, QCC_MATMUL_F32_ROWS);                                                 \
        float *const panel = (float *)(void *)(scratch + (ptrdiff_t)most * a.depth);                                   \
        for (ptrdiff_t i = 0; i < count; i++) {                                                                        \
            const float *const left = lhs + qcc_matmul_offset(a.dims, a.lhs_strides, i);                               \
            const float *const right = rhs + qcc_matmul_offset(a.dims, a.rhs_strides, i);                              \
            for (int32_t row = 0; row < a.rows; row += most) {                                                         \
                const int32_t rows = qcc_min_i32(most, a.rows - row);                                                  \
                const ptrdiff_t elements = (ptrdiff_t)rows * a.depth;                                                  \
                for (ptrdiff_t k = 0; k < elements; k++)                                                               \
                    scratch[k] = (double)left[(ptrdiff_t)row * a.depth + k];                                           \
                qcc_matmul_f32_block__##ISA(a, rows, scratch, right, bias, output + (i * a.rows + row) * a.columns,    \
                                            panel);                                                                    \
            }                                                                                                          \
        }                                                                                                              \
    }

QCC_MATMUL_F32(portable, QCC_NO_TARGET, 4)

#endif
