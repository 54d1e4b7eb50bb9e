/* Tiles of float contractions with AVX2: up to 2 columns by 16 channels, in double as the portable twin. */
#ifndef QCC_AVX2_FLOAT_TILES_H
#define QCC_AVX2_FLOAT_TILES_H

#include "../portable/float_tiles.h"

#if defined(__x86_64__)
#include <immintrin.h>

QCC_INLINE QCC_TARGET_AVX2 __m256d qcc_load_f32_as_f64__avx2(const float *from) {
    return _mm256_cvtps_pd(_mm_loadu_ps(from));
}

QCC_INLINE QCC_TARGET_AVX2 __m256d qcc_multiply_add_f64__avx2(__m256d x, __m256d y, __m256d z) {
    return _mm256_add_pd(_mm256_mul_pd(x, y), z);
}

QCC_FLOAT_TILE_VECTORS(float, avx2, QCC_TARGET_AVX2, 2, 4, __m256d, qcc_load_f32_as_f64__avx2, _mm256_loadu_pd,
                       _mm256_storeu_pd, _mm256_set1_pd, qcc_multiply_add_f64__avx2)
QCC_FLOAT_TILE_VECTORS(double, avx2, QCC_TARGET_AVX2, 2, 4, __m256d, _mm256_loadu_pd, _mm256_loadu_pd, _mm256_storeu_pd,
                       _mm256_set1_pd, qcc_multiply_add_f64__avx2)
QCC_DEPTHWISE_F32_VECTORS(avx2, QCC_TARGET_AVX2, 4, __m256d, qcc_load_f32_as_f64__avx2, _mm256_loadu_pd,
                          _mm256_storeu_pd, qcc_multiply_add_f64__avx2)

#endif
#endif
