/* Convolution of floats with AVX-512: tiles of up to 6 columns by 16 channels, in double as the portable twin. */
#ifndef QCC_AVX512VNNI_CONV2D_F32_H
#define QCC_AVX512VNNI_CONV2D_F32_H

#include "../portable/conv2d_f32.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define QCC_CONV2D_F32_TILE_AVX512VNNI(TYPE, LOAD)                                                                     \
    QCC_INLINE QCC_TARGET_AVX512VNNI void qcc_conv2d_##TYPE##_tile__avx512vnni(                                        \
        int32_t columns, int32_t taps, const double *x, ptrdiff_t step, const TYPE *weights,                           \
        double *QCC_RESTRICT acc) {                                                                                    \
        __m512d sum[6][2];                                                                                             \
        QCC_UNROLL                                                                                                     \
        for (int32_t i = 0; i < columns * 2; i++)                                                                      \
            sum[i / 2][i % 2] = _mm512_loadu_pd(acc + i * 8);                                                          \
        for (int32_t k = 0; k < taps; k++) {                                                                           \
            __m512d w[2];                                                                                              \
            QCC_UNROLL                                                                                                 \
            for (int32_t n = 0; n < 2; n++)                                                                            \
                w[n] = LOAD(weights + k * 16 + n * 8);                                                                 \
            QCC_UNROLL                                                                                                 \
            for (int32_t c = 0; c < columns; c++) {                                                                    \
                const __m512d value = _mm512_set1_pd(x[c * step + k]);                                                 \
                QCC_UNROLL                                                                                             \
                for (int32_t n = 0; n < 2; n++)                                                                        \
                    sum[c][n] = _mm512_fmadd_pd(value, w[n], sum[c][n]);                                               \
            }                                                                                                          \
        }                                                                                                              \
        QCC_UNROLL                                                                                                     \
        for (int32_t i = 0; i < columns * 2; i++)                                                                      \
            _mm512_storeu_pd(acc + i * 8, sum[i / 2][i % 2]);                                                          \
    }

QCC_INLINE QCC_TARGET_AVX512VNNI __m512d qcc_load_f32_as_f64__avx512vnni(const float *from) {
    return _mm512_cvtps_pd(_mm256_loadu_ps(from));
}

QCC_CONV2D_F32_TILE_AVX512VNNI(float, qcc_load_f32_as_f64__avx512vnni)
QCC_CONV2D_F32_TILE_AVX512VNNI(double, _mm512_loadu_pd)
QCC_CONV2D_F32(avx512vnni, QCC_TARGET_AVX512VNNI, 6)

#endif
#endif
