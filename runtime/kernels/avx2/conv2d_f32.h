/* Convolution of floats with AVX2: tiles of up to 2 columns by 16 channels, in double as the portable twin. */
#ifndef QCC_AVX2_CONV2D_F32_H
#define QCC_AVX2_CONV2D_F32_H

#include "../portable/conv2d_f32.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define QCC_CONV2D_F32_TILE_AVX2(TYPE, LOAD)                                                                           \
    QCC_INLINE QCC_TARGET_AVX2 void qcc_conv2d_##TYPE##_tile__avx2(int32_t columns, int32_t taps, const double *x,     \
                                                                   ptrdiff_t step, const TYPE *weights,                \
                                                                   double *QCC_RESTRICT acc) {                         \
        __m256d sum[2][4];                                                                                             \
        QCC_UNROLL                                                                                                     \
        for (int32_t i = 0; i < columns * 4; i++)                                                                      \
            sum[i / 4][i % 4] = _mm256_loadu_pd(acc + i * 4);                                                          \
        for (int32_t k = 0; k < taps; k++) {                                                                           \
            __m256d w[4];                                                                                              \
            QCC_UNROLL                                                                                                 \
            for (int32_t n = 0; n < 4; n++)                                                                            \
                w[n] = LOAD(weights + k * 16 + n * 4);                                                                 \
            QCC_UNROLL                                                                                                 \
            for (int32_t c = 0; c < columns; c++) {                                                                    \
                const __m256d value = _mm256_set1_pd(x[c * step + k]);                                                 \
                QCC_UNROLL                                                                                             \
                for (int32_t n = 0; n < 4; n++)                                                                        \
                    sum[c][n] = _mm256_add_pd(sum[c][n], _mm256_mul_pd(value, w[n]));                                  \
            }                                                                                                          \
        }                                                                                                              \
        QCC_UNROLL                                                                                                     \
        for (int32_t i = 0; i < columns * 4; i++)                                                                      \
            _mm256_storeu_pd(acc + i * 4, sum[i / 4][i % 4]);                                                          \
    }

QCC_INLINE QCC_TARGET_AVX2 __m256d qcc_load_f32_as_f64__avx2(const float *from) {
    return _mm256_cvtps_pd(_mm_loadu_ps(from));
}

QCC_CONV2D_F32_TILE_AVX2(float, qcc_load_f32_as_f64__avx2)
QCC_CONV2D_F32_TILE_AVX2(double, _mm256_loadu_pd)
QCC_CONV2D_F32(avx2, QCC_TARGET_AVX2, 2)

#endif
#endif
