/*
 * Convolution of int8 by int8, 3x3 of stride 1, by Winograd's algorithm with AVX2: winograd_driver.h. A tile of 4 tiles
 * by 16 output channels keeps 8 accumulators; a step are 8 times pmaddwd and paddd, which three ports share.
 */
#ifndef QCC_AVX2_CONV2D_WINOGRAD_H
#define QCC_AVX2_CONV2D_WINOGRAD_H

#include "winograd_driver.h"

#if defined(__x86_64__)

/* One point of 4 tiles by 16 output channels. */
QCC_INLINE QCC_TARGET_AVX2 void qcc_winograd_multiply__avx2(const qcc_conv2d_args a, const int16_t *tiles,
                                                            const int16_t *weights, int32_t *sums) {
    const ptrdiff_t tile = a.channels;
    __m256i acc[4][2];
    QCC_UNROLL
    for (int i = 0; i < 4; i++)
        acc[i][0] = acc[i][1] = _mm256_setzero_si256();
    for (ptrdiff_t k = 0; k < tile; k += 2, weights += 32) {
        const __m256i w0 = _mm256_loadu_si256((const __m256i *)(const void *)weights);
        const __m256i w1 = _mm256_loadu_si256((const __m256i *)(const void *)(weights + 16));
        QCC_UNROLL
        for (int i = 0; i < 4; i++) {
            int32_t pair;
            __builtin_memcpy(&pair, tiles + i * tile + k, 4);
            const __m256i x = _mm256_set1_epi32(pair);
            acc[i][0] = _mm256_add_epi32(acc[i][0], _mm256_madd_epi16(x, w0));
            QCC_KEEP_VECTOR(acc[i][0]);
            acc[i][1] = _mm256_add_epi32(acc[i][1], _mm256_madd_epi16(x, w1));
            QCC_KEEP_VECTOR(acc[i][1]);
        }
    }
    QCC_UNROLL
    for (int i = 0; i < 4; i++) {
        _mm256_storeu_si256((__m256i *)(void *)(sums + 16 * i), acc[i][0]);
        _mm256_storeu_si256((__m256i *)(void *)(sums + 16 * i + 8), acc[i][1]);
    }
}

QCC_WINOGRAD_DRIVER(qcc_conv2d_s8s8_winograd_4x16c4__avx2, avx2, QCC_TARGET_AVX2, 4)

#endif
#endif
