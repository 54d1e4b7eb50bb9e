/* Depthwise convolution of int8 by int8 with SSE4.1: that of SSE2, with weights that one instruction widens. */
#ifndef QCC_SSE41_DEPTHWISE_H
#define QCC_SSE41_DEPTHWISE_H

#include "../sse2/depthwise.h"

#if defined(__x86_64__)
#include <smmintrin.h>

QCC_INLINE QCC_TARGET_SSE41 qcc_words__sse2 qcc_load_i8_as_i16__sse41(const int8_t *from) {
    const qcc_words__sse2 words = {_mm_cvtepi8_epi16(_mm_loadl_epi64((const __m128i *)(const void *)from)),
                                   _mm_cvtepi8_epi16(_mm_loadl_epi64((const __m128i *)(const void *)(from + 8)))};
    return words;
}

#define qcc_conv2d_prepare_row__sse41 qcc_conv2d_prepare_row__sse2
#define qcc_conv2d_residual__sse41 qcc_conv2d_residual__sse2

QCC_SSE_DEPTHWISE(sse41, QCC_TARGET_SSE41)
QCC_CONV2D_DRIVER(qcc_depthwise_s8s8_1x8c2__sse41, depthwise, sse41, QCC_TARGET_SSE41, int16_t, 8, 2)

#endif
#endif
