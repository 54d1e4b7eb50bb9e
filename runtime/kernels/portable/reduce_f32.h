/*
 * Sums and products of floats over one run of axes: outer x reduced x inner becomes outer x 1 x inner. Element r of a
 * sum goes to lane r % 16; products are of doubles, in order.
 */
#ifndef QCC_KERNELS_PORTABLE_REDUCE_F32_H
#define QCC_KERNELS_PORTABLE_REDUCE_F32_H

#include "lanes.h"

/* The order of FLOAT_REDUCTIONS in codegen/lowerings/reduce.py. */
enum { QCC_REDUCE_SUM, QCC_REDUCE_MEAN, QCC_REDUCE_SUM_SQUARE };

typedef struct {
    int64_t outer;
    int64_t reduced;
    int64_t inner;
    int32_t operation;
} qcc_reduce_f32_args;

QCC_INLINE float qcc_finish_sum(const qcc_reduce_f32_args *a, double sum) {
    return (float)(a->operation == QCC_REDUCE_MEAN ? sum / (double)a->reduced : sum);
}

/* Rows: inner is 1. */
QCC_INLINE void qcc_reduce_rows_f32(const qcc_reduce_f32_args a, const float *input, float *output) {
    for (int64_t row = 0; row < a.outer; ++row) {
        double lanes[QCC_LANES] = {0.0};
        if (a.operation == QCC_REDUCE_SUM_SQUARE)
            qcc_sum_squares(input + row * a.reduced, a.reduced, 0.0f, lanes);
        else
            qcc_sum_row(input + row * a.reduced, a.reduced, lanes);
        output[row] = qcc_finish_sum(&a, qcc_add_lanes(lanes));
    }
}

/* How many inner elements are summed at a time: their lanes stay in the first-level cache. */
#define QCC_REDUCE_WIDTH 16

/* Columns: the elements of a row are summed side by side. */
QCC_INLINE void qcc_reduce_columns_f32(const qcc_reduce_f32_args a, const float *input, float *output) {
    for (int64_t start = 0; start < a.inner; start += QCC_REDUCE_WIDTH) {
        const int64_t width = a.inner - start < QCC_REDUCE_WIDTH ? a.inner - start : QCC_REDUCE_WIDTH;
        double lanes[QCC_LANES][QCC_REDUCE_WIDTH] = {{0.0}};
        for (int64_t r = 0; r < a.reduced; ++r) {
            const float *from = input + r * a.inner + start;
            double *to = lanes[r % QCC_LANES];
            for (int64_t i = 0; i < width; ++i) {
                const double x = (double)from[i];
                to[i] += a.operation == QCC_REDUCE_SUM_SQUARE ? x * x : x;
            }
        }
        for (int32_t half = QCC_LANES / 2; half > 0; half /= 2) {
            for (int32_t lane = 0; lane < half; ++lane) {
                for (int64_t i = 0; i < width; ++i)
                    lanes[lane][i] += lanes[lane + half][i];
            }
        }
        for (int64_t i = 0; i < width; ++i)
            output[start + i] = qcc_finish_sum(&a, lanes[0][i]);
    }
}

QCC_INLINE void qcc_reduce_lanes_f32__portable(const qcc_reduce_f32_args a, const float *QCC_RESTRICT input,
                                               float *QCC_RESTRICT output) {
    if (a.inner == 1) {
        qcc_reduce_rows_f32(a, input, output);
        return;
    }
    for (int64_t outer = 0; outer < a.outer; ++outer)
        qcc_reduce_columns_f32(a, input + outer * a.reduced * a.inner, output + outer * a.inner);
}

QCC_INLINE void qcc_reduce_prod_f32__portable(const qcc_reduce_f32_args a, const float *QCC_RESTRICT input,
                                              float *QCC_RESTRICT output) {
    for (int64_t outer = 0; outer < a.outer; ++outer) {
        for (int64_t i = 0; i < a.inner; ++i) {
            double product = 1.0;
            for (int64_t r = 0; r < a.reduced; ++r)
                product *= (double)input[(outer * a.reduced + r) * a.inner + i];
            output[outer * a.inner + i] = (float)product;
        }
    }
}

#endif
