/*
 * Matrix product of floats; leading axes broadcast. Products are exact in double; an accumulator starts at the bias,
 * adds them in order of k and is rounded once (docs/numerics.md).
 */
#ifndef QCC_PORTABLE_MATMUL_F32_H
#define QCC_PORTABLE_MATMUL_F32_H

#include "matmul.h"

/* `width` (1..16) columns of one row. */
QCC_INLINE void qcc_matmul_f32_tile(const qcc_matmul_args a, int32_t width, const float *lhs, const float *rhs,
                                    const float *bias, float *output) {
    double acc[16] = {0};
    for (int32_t i = 0; i < width; i++)
        acc[i] = bias == NULL ? 0.0 : (double)bias[i];
    for (int32_t k = 0; k < a.depth; k++) {
        const double x = (double)lhs[k];
        for (int32_t i = 0; i < width; i++)
            acc[i] += x * (double)rhs[i];
        rhs += a.columns;
    }
    for (int32_t i = 0; i < width; i++)
        output[i] = (float)acc[i];
}

QCC_INLINE void qcc_matmul_f32__portable(const qcc_matmul_args a, const float *QCC_RESTRICT lhs,
                                         const float *QCC_RESTRICT rhs, const float *QCC_RESTRICT bias,
                                         float *QCC_RESTRICT output) {
    ptrdiff_t count = 1;
    for (int32_t axis = 0; axis < 6; axis++)
        count *= a.dims[axis];
    for (ptrdiff_t i = 0; i < count; i++) {
        const float *const left = lhs + qcc_matmul_offset(a.dims, a.lhs_strides, i);
        const float *const right = rhs + qcc_matmul_offset(a.dims, a.rhs_strides, i);
        float *const to = output + i * a.rows * a.columns;
        for (int32_t n = 0; n < a.columns; n += 16) {
            const float *const own_bias = bias == NULL ? NULL : bias + n;
            for (int32_t row = 0; row < a.rows; row++) {
                const float *const x = left + (ptrdiff_t)row * a.depth;
                float *const y = to + (ptrdiff_t)row * a.columns + n;
                if (n + 16 <= a.columns)
                    qcc_matmul_f32_tile(a, 16, x, right + n, own_bias, y);
                else
                    qcc_matmul_f32_tile(a, a.columns % 16, x, right + n, own_bias, y);
            }
        }
    }
}

#endif
