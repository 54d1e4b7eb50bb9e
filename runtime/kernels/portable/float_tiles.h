/*
 * What float contractions are made of: a run of taps of some columns times 16 channels, and all taps of 16 channels of
 * a depthwise pixel. Products of floats are exact in double, so that multiplication and addition may well be fused;
 * every sum adds its taps in order.
 */
#ifndef QCC_PORTABLE_FLOAT_TILES_H
#define QCC_PORTABLE_FLOAT_TILES_H

#include "conv2d_args.h"

/*
 * Up to 4 columns (a literal), `step` apart in x; the 16 weights of a tap are `weights_step` after those of the tap
 * before. All columns have the same weights where `next` (a literal) is 0; otherwise they are `next` apart. For weights
 * of type float, and double where they were expanded before.
 */
#define QCC_FLOAT_TILE(TYPE)                                                                                           \
    QCC_INLINE void qcc_##TYPE##_tile__portable(int32_t columns, int32_t taps, const double *x, ptrdiff_t step,        \
                                                const TYPE *weights, ptrdiff_t weights_step, ptrdiff_t next,           \
                                                double *QCC_RESTRICT acc) {                                            \
        double sum[4][16];                                                                                             \
        QCC_UNROLL                                                                                                     \
        for (int32_t c = 0; c < columns; c++)                                                                          \
            for (int32_t n = 0; n < 16; n++)                                                                           \
                sum[c][n] = acc[c * 16 + n];                                                                           \
        for (int32_t k = 0; k < taps; k++) {                                                                           \
            double w[16];                                                                                              \
            QCC_UNROLL                                                                                                 \
            for (int32_t c = 0; c < columns; c++) {                                                                    \
                if (c == 0 || next != 0)                                                                               \
                    for (int32_t n = 0; n < 16; n++)                                                                   \
                        w[n] = (double)weights[k * weights_step + c * next + n];                                       \
                for (int32_t n = 0; n < 16; n++)                                                                       \
                    sum[c][n] += x[c * step + k] * w[n];                                                               \
            }                                                                                                          \
        }                                                                                                              \
        QCC_UNROLL                                                                                                     \
        for (int32_t c = 0; c < columns; c++)                                                                          \
            for (int32_t n = 0; n < 16; n++)                                                                           \
                acc[c * 16 + n] = sum[c][n];                                                                           \
    }

QCC_FLOAT_TILE(float)
QCC_FLOAT_TILE(double)

/* The same for up to MOST columns with VECTORs of LANES doubles. MULTIPLY_ADD(x, y, z) is x * y + z. */
#define QCC_FLOAT_TILE_VECTORS(TYPE, ISA, TARGET, MOST, LANES, VECTOR, LOAD_TYPE, LOAD, STORE, SPREAD, MULTIPLY_ADD)   \
    QCC_INLINE TARGET void qcc_##TYPE##_tile__##ISA(int32_t columns, int32_t taps, const double *x, ptrdiff_t step,    \
                                                    const TYPE *weights, ptrdiff_t weights_step, ptrdiff_t next,       \
                                                    double *QCC_RESTRICT acc) {                                        \
        VECTOR sum[MOST][16 / (LANES)];                                                                                \
        QCC_UNROLL                                                                                                     \
        for (int32_t i = 0; i < columns * 16 / (LANES); i++)                                                           \
            sum[i * (LANES) / 16][i % (16 / (LANES))] = LOAD(acc + i * (LANES));                                       \
        for (int32_t k = 0; k < taps; k++) {                                                                           \
            VECTOR w[16 / (LANES)];                                                                                    \
            QCC_UNROLL                                                                                                 \
            for (int32_t c = 0; c < columns; c++) {                                                                    \
                if (c == 0 || next != 0) {                                                                             \
                    QCC_UNROLL                                                                                         \
                    for (int32_t n = 0; n < 16 / (LANES); n++)                                                         \
                        w[n] = LOAD_TYPE(weights + k * weights_step + c * next + n * (LANES));                         \
                }                                                                                                      \
                const VECTOR value = SPREAD(x[c * step + k]);                                                          \
                QCC_UNROLL                                                                                             \
                for (int32_t n = 0; n < 16 / (LANES); n++)                                                             \
                    sum[c][n] = MULTIPLY_ADD(value, w[n], sum[c][n]);                                                  \
            }                                                                                                          \
        }                                                                                                              \
        QCC_UNROLL                                                                                                     \
        for (int32_t i = 0; i < columns * 16 / (LANES); i++)                                                           \
            STORE(acc + i * (LANES), sum[i * (LANES) / 16][i % (16 / (LANES))]);                                       \
    }

/*
 * One tap after the other of 16 depthwise channels: `from` says where the channels of each are; weights are `channels`
 * apart.
 */
QCC_INLINE void qcc_depthwise_f32_pixel__portable(int32_t taps, ptrdiff_t channels, const float *const *from,
                                                  ptrdiff_t c, const float *weights, double *QCC_RESTRICT acc) {
    for (int32_t t = 0; t < taps; t++)
        for (int32_t n = 0; n < 16; n++)
            acc[n] += (double)from[t][c + n] * (double)weights[t * channels + c + n];
}

#define QCC_DEPTHWISE_F32_VECTORS(ISA, TARGET, LANES, VECTOR, LOAD_FLOAT, LOAD, STORE, MULTIPLY_ADD)                   \
    QCC_INLINE TARGET void qcc_depthwise_f32_pixel__##ISA(int32_t taps, ptrdiff_t channels, const float *const *from,  \
                                                          ptrdiff_t c, const float *weights,                           \
                                                          double *QCC_RESTRICT acc) {                                  \
        VECTOR sum[16 / (LANES)];                                                                                      \
        QCC_UNROLL                                                                                                     \
        for (int32_t n = 0; n < 16 / (LANES); n++)                                                                     \
            sum[n] = LOAD(acc + n * (LANES));                                                                          \
        for (int32_t t = 0; t < taps; t++) {                                                                           \
            const float *const x = from[t] + c, *const w = weights + t * channels + c;                                 \
            QCC_UNROLL                                                                                                 \
            for (int32_t n = 0; n < 16 / (LANES); n++)                                                                 \
                sum[n] = MULTIPLY_ADD(LOAD_FLOAT(x + n * (LANES)), LOAD_FLOAT(w + n * (LANES)), sum[n]);               \
        }                                                                                                              \
        QCC_UNROLL                                                                                                     \
        for (int32_t n = 0; n < 16 / (LANES); n++)                                                                     \
            STORE(acc + n * (LANES), sum[n]);                                                                          \
    }

#endif
