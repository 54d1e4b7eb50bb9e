/* Rounding shift of int64 with AVX2, which has no arithmetic one. */
#ifndef QCC_AVX2_RNE_SHIFT64_H
#define QCC_AVX2_RNE_SHIFT64_H

#include "qcc_runtime.h"

#if defined(__x86_64__)
#include <immintrin.h>

/* rne_shift64 of |v| < 2^62, n <= 60: moved by 2^62, which changes no bit below, to shift without sign. */
QCC_INLINE QCC_TARGET_AVX2 __m256i qcc_rne_shift64__avx2(__m256i v, int32_t n) {
    const __m256i count = _mm256_set1_epi64x(n); /* a vector of counts takes one instruction less */
    const __m256i offset = _mm256_set1_epi64x((long long)(INT64_C(1) << 62));
    const __m256i half = _mm256_set1_epi64x((long long)((INT64_C(1) << 62) + (INT64_C(1) << (n - 1)) - 1));
    const __m256i odd = _mm256_and_si256(_mm256_srlv_epi64(v, count), _mm256_set1_epi64x(1));
    const __m256i sum = _mm256_add_epi64(_mm256_add_epi64(v, half), odd);
    return _mm256_sub_epi64(_mm256_srlv_epi64(sum, count), _mm256_srlv_epi64(offset, count));
}

#endif
#endif
