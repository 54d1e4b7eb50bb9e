/* Tiles of float contractions with AVX-512: up to 6 columns by 16 channels, in double as the portable twin. */
#ifndef QCC_AVX512VNNI_FLOAT_TILES_H
#define QCC_AVX512VNNI_FLOAT_TILES_H

#include "../portable/float_tiles.h"

#if defined(__x86_64__)
#include <immintrin.h>

QCC_INLINE QCC_TARGET_AVX512VNNI __m512d qcc_load_f32_as_f64__avx512vnni(const float *from) {
    return _mm512_cvtps_pd(_mm256_loadu_ps(from));
}

QCC_FLOAT_TILE_VECTORS(float, avx512vnni, QCC_TARGET_AVX512VNNI, 6, 8, __m512d, qcc_load_f32_as_f64__avx512vnni,
                       _mm512_loadu_pd, _mm512_storeu_pd, _mm512_set1_pd, _mm512_fmadd_pd)
QCC_FLOAT_TILE_VECTORS(double, avx512vnni, QCC_TARGET_AVX512VNNI, 6, 8, __m512d, _mm512_loadu_pd, _mm512_loadu_pd,
                       _mm512_storeu_pd, _mm512_set1_pd, _mm512_fmadd_pd)
QCC_DEPTHWISE_F32_VECTORS(avx512vnni, QCC_TARGET_AVX512VNNI, 8, __m512d, qcc_load_f32_as_f64__avx512vnni,
                          _mm512_loadu_pd, _mm512_storeu_pd, _mm512_fmadd_pd)

#endif
#endif
