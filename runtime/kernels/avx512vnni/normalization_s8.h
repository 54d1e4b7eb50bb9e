/* Softmax and layer normalization of int8 with AVX-512: as with AVX2, twice as wide. */
#ifndef QCC_AVX512VNNI_NORMALIZATION_S8_H
#define QCC_AVX512VNNI_NORMALIZATION_S8_H

#include "../avx2/normalization_s8.h"

#if defined(__x86_64__)

QCC_INLINE QCC_TARGET_AVX512VNNI __mmask16 qcc_first_16__avx512vnni(int64_t count) {
    return (__mmask16)(count >= 16 ? 0xFFFF : (1 << count) - 1);
}

/* powers[i] = table[greatest - from[i]]; returns their sum. A lane sums a sixteenth of a row. */
QCC_INLINE QCC_TARGET_AVX512VNNI int64_t qcc_softmax_powers__avx512vnni(const int8_t *from, int64_t length,
                                                                        int32_t greatest, const uint32_t *table,
                                                                        float *powers) {
    __m512i sums = _mm512_setzero_si512();
    for (int64_t i = 0; i < length; i += 16) {
        const __mmask16 mask = qcc_first_16__avx512vnni(length - i);
        const __m512i x = _mm512_cvtepi8_epi32(_mm_maskz_loadu_epi8(mask, from + i));
        const __m512i place = _mm512_sub_epi32(_mm512_set1_epi32(greatest), x);
        const __m512i power = _mm512_mask_i32gather_epi32(_mm512_setzero_si512(), mask, place, table, 4);
        sums = _mm512_add_epi32(sums, power);
        _mm512_storeu_ps(powers + i, _mm512_cvtepi32_ps(power));
    }
    const __m512i halves =
        _mm512_add_epi64(_mm512_and_si512(sums, _mm512_set1_epi64(0xFFFFFFFF)), _mm512_srli_epi64(sums, 32));
    return _mm512_reduce_add_epi64(halves);
}

/* Sixteen quotients before the zero point; see qcc_softmax_quotients__avx2. */
QCC_INLINE QCC_TARGET_AVX512VNNI __m512i qcc_softmax_quotients__avx512vnni(const qcc_softmax_s8_args *a,
                                                                           const float *powers, float factor,
                                                                           int64_t sum) {
    const __m512 power = _mm512_loadu_ps(powers);
    const __m512 quotient = _mm512_min_ps(_mm512_mul_ps(power, _mm512_set1_ps(factor)), _mm512_set1_ps(300.0f));
    const __m512i rounded = _mm512_cvtps_epi32(quotient);
    const __m512 distance = _mm512_abs_ps(_mm512_reduce_ps(quotient, 0));
    const __mmask16 close = _mm512_cmp_ps_mask(distance, _mm512_set1_ps(0.4998f), _CMP_GT_OQ);
    if (__builtin_expect(close == 0, 1))
        return rounded;
    int32_t lanes[16];
    _mm512_storeu_si512(lanes, rounded);
    for (int32_t lane = 0; lane < 16; ++lane)
        if (close & (1 << lane))
            lanes[lane] = qcc_softmax_exactly(a, powers[lane], sum);
    return _mm512_loadu_si512(lanes);
}

QCC_INLINE QCC_TARGET_AVX512VNNI void qcc_softmax_s8__avx512vnni(const qcc_softmax_s8_args a,
                                                                 const int8_t *QCC_RESTRICT input,
                                                                 const uint32_t *QCC_RESTRICT table,
                                                                 int8_t *QCC_RESTRICT output) {
    if (a.inner != 1 || a.length > QCC_SOFTMAX_LONGEST) {
        qcc_softmax_s8__portable(a, input, table, output);
        return;
    }
    float powers[QCC_SOFTMAX_LONGEST];
    for (int64_t row = 0; row < a.outer; ++row, input += a.length, output += a.length) {
        const int32_t greatest = qcc_greatest__avx2(input, a.length);
        const int64_t sum = qcc_softmax_powers__avx512vnni(input, a.length, greatest, table, powers);
        const float factor = (float)((double)a.inverse_scale / ((double)sum * 256.0));
        for (int64_t i = 0; i < a.length; i += 16) {
            const __m512i numbers = qcc_softmax_quotients__avx512vnni(&a, powers + i, factor, sum);
            const __m512i sums = _mm512_add_epi32(numbers, _mm512_set1_epi32(a.zero_point));
            _mm_mask_storeu_epi8(output + i, qcc_first_16__avx512vnni(a.length - i), _mm512_cvtsepi32_epi8(sums));
        }
    }
}

/* rne_shift64 */
QCC_INLINE QCC_TARGET_AVX512VNNI __m512i qcc_rne_shift64__avx512vnni(__m512i v, int32_t n) {
    const __m512i count = _mm512_set1_epi64(n);
    const __m512i half = _mm512_set1_epi64((long long)((INT64_C(1) << (n - 1)) - 1));
    const __m512i odd = _mm512_and_si512(_mm512_srlv_epi64(v, count), _mm512_set1_epi64(1));
    return _mm512_srav_epi64(_mm512_add_epi64(_mm512_add_epi64(v, half), odd), count);
}

QCC_INLINE QCC_TARGET_AVX512VNNI void qcc_layer_norm_s8__avx512vnni(const qcc_layer_norm_s8_args a,
                                                                    const int8_t *QCC_RESTRICT input,
                                                                    const int32_t *QCC_RESTRICT multipliers,
                                                                    const int64_t *QCC_RESTRICT offsets,
                                                                    int8_t *QCC_RESTRICT output) {
    for (int64_t line = 0; line < a.outer; ++line, input += a.length, output += a.length) {
        const qcc_layer_norm_row row = qcc_layer_norm_moments__avx2(&a, input);
        const __m512i inverse = _mm512_set1_epi64(row.inverse), length = _mm512_set1_epi64(a.length);
        const __m512i origin = _mm512_set1_epi64(a.length * a.input_zero_point + row.sum);
        for (int64_t i = 0; i < a.length; i += 8) {
            const __mmask8 mask = (__mmask8)(a.length - i >= 8 ? 0xFF : (1 << (a.length - i)) - 1);
            const __m512i x = _mm512_cvtepi8_epi64(_mm_maskz_loadu_epi8(mask, input + i));
            const __m512i centred = _mm512_sub_epi64(_mm512_mul_epi32(x, length), origin);
            const __m512i normalized = qcc_rne_shift64__avx512vnni(_mm512_mul_epi32(centred, inverse), row.shift);
            const __m512i factors = _mm512_cvtepi32_epi64(_mm256_maskz_loadu_epi32(mask, multipliers + i));
            const __m512i scaled =
                _mm512_add_epi64(_mm512_mul_epi32(normalized, factors), _mm512_maskz_loadu_epi64(mask, offsets + i));
            const __m512i numbers =
                _mm512_add_epi64(qcc_rne_shift64__avx512vnni(scaled, a.shift), _mm512_set1_epi64(a.zero_point));
            _mm_mask_storeu_epi8(output + i, mask, _mm512_cvtsepi64_epi8(numbers));
        }
    }
}

#endif
#endif
