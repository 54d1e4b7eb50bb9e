/*
 * Convolution of int8 by int8, 3x3 of stride 1, by Winograd's algorithm with AVX-VNNI: avx2/winograd_driver.h. vpdpwssd
 * multiplies and adds; its latency of 5 cycles wants 10 accumulators at least.
 */
#ifndef QCC_AVXVNNI_CONV2D_WINOGRAD_H
#define QCC_AVXVNNI_CONV2D_WINOGRAD_H

#include "../avx2/winograd_driver.h"

#if defined(__x86_64__)

/* One point of 6 tiles by 16 output channels. */
QCC_INLINE QCC_TARGET_AVXVNNI void qcc_winograd_multiply__avxvnni(const qcc_conv2d_args a, const int16_t *tiles,
                                                                  const int16_t *weights, int32_t *sums) {
    const ptrdiff_t tile = a.channels;
    __m256i acc[6][2];
    QCC_UNROLL
    for (int i = 0; i < 6; i++)
        acc[i][0] = acc[i][1] = _mm256_setzero_si256();
    for (ptrdiff_t k = 0; k < tile; k += 2, weights += 32) {
        const __m256i w0 = _mm256_loadu_si256((const __m256i *)(const void *)weights);
        const __m256i w1 = _mm256_loadu_si256((const __m256i *)(const void *)(weights + 16));
        QCC_UNROLL
        for (int i = 0; i < 6; i++) {
            int32_t pair;
            __builtin_memcpy(&pair, tiles + i * tile + k, 4);
            const __m256i x = _mm256_set1_epi32(pair);
            acc[i][0] = _mm256_dpwssd_avx_epi32(acc[i][0], x, w0);
            QCC_KEEP_VECTOR(acc[i][0]);
            acc[i][1] = _mm256_dpwssd_avx_epi32(acc[i][1], x, w1);
            QCC_KEEP_VECTOR(acc[i][1]);
        }
    }
    QCC_UNROLL
    for (int i = 0; i < 6; i++) {
        _mm256_storeu_si256((__m256i *)(void *)(sums + 16 * i), acc[i][0]);
        _mm256_storeu_si256((__m256i *)(void *)(sums + 16 * i + 8), acc[i][1]);
    }
}

QCC_WINOGRAD_DRIVER(qcc_conv2d_s8s8_winograd_6x16c4__avxvnni, avxvnni, QCC_TARGET_AVXVNNI, 6)

#endif
#endif
