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

/* How many inner elements are summed at a time: their lanes stay in the first-level cache. */
#define QCC_REDUCE_WIDTH 16

QCC_INLINE void qcc_reduce_lanes_f32__portable(const qcc_reduce_f32_args a, const float *QCC_RESTRICT input,
                                               float *QCC_RESTRICT output) {
    for (int64_t outer = 0; outer < a.outer; ++outer) {
        for (int64_t start = 0; start < a.inner; start += QCC_REDUCE_WIDTH) {
            const int64_t width = a.inner - start < QCC_REDUCE_WIDTH ? a.inner - start : QCC_REDUCE_WIDTH;
            double lanes[QCC_REDUCE_WIDTH][QCC_LANES] = {{0.0}};
            for (int64_t r = 0; r < a.reduced; ++r) {
                const float *from = input + (outer * a.reduced + r) * a.inner + start;
                for (int64_t i = 0; i < width; ++i) {
                    const double x = (double)from[i];
                    lanes[i][r % QCC_LANES] += a.operation == QCC_REDUCE_SUM_SQUARE ? x * x : x;
                }
            }
            for (int64_t i = 0; i < width; ++i) {
                const double sum = qcc_add_lanes(lanes[i]);
                output[outer * a.inner + start + i] =
                    (float)(a.operation == QCC_REDUCE_MEAN ? sum / (double)a.reduced : sum);
            }
        }
    }
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
