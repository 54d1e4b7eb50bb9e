/*
 * Quantization with AVX-512: the division by a scale known in advance is a multiplication and two corrections, whose
 * second one rounds as the division does (Markstein, Computation of elementary functions on the IBM RISC System/6000:
 * the reciprocal is correctly rounded and the quotient off by less than one unit in the last place, once corrected).
 */
#ifndef QCC_AVX512VNNI_CASTS_H
#define QCC_AVX512VNNI_CASTS_H

#include "../avx2/casts.h"

#if defined(__x86_64__)

/* Far from underflow and overflow of what the corrections compute. */
QCC_INLINE int32_t qcc_scale_is_moderate(float scale) { return scale > 0x1p-90f && scale < 0x1p90f; }

/* Sixteen quotients, rounded; what saturates in any case is clamped to 512 steps. NaN gives 0. */
QCC_INLINE QCC_TARGET_AVX512VNNI __m512i qcc_divide_16__avx512vnni(const qcc_quantize_args a, const float *from) {
    const __m512 scale = _mm512_set1_ps(a.scale), inverse = _mm512_set1_ps(1.0f / a.scale);
    const __m512 x = _mm512_loadu_ps(from);
    const __mmask16 number = _mm512_cmp_ps_mask(x, x, _CMP_ORD_Q);
    const __m512 low = _mm512_max_ps(x, _mm512_set1_ps(-512.0f * a.scale));
    const __m512 dividend = _mm512_min_ps(low, _mm512_set1_ps(512.0f * a.scale));
    __m512 quotient = _mm512_mul_ps(dividend, inverse);
    QCC_UNROLL
    for (int32_t step = 0; step < 2; ++step) {
        const __m512 rest = _mm512_fnmadd_ps(quotient, scale, dividend);
        quotient = _mm512_fmadd_ps(rest, inverse, quotient);
    }
    return _mm512_maskz_cvtps_epi32(number, quotient);
}

/* Sixty-four elements, in order. Limits narrower than int8 come after packing. */
QCC_INLINE QCC_TARGET_AVX512VNNI __m512i qcc_quantize_64__avx512vnni(const qcc_quantize_args a, const float *from) {
    const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    const __m512i zero_point = _mm512_set1_epi16((int16_t)a.zero_point);
    const __m512i low = _mm512_packs_epi32(qcc_divide_16__avx512vnni(a, from), qcc_divide_16__avx512vnni(a, from + 16));
    const __m512i high =
        _mm512_packs_epi32(qcc_divide_16__avx512vnni(a, from + 32), qcc_divide_16__avx512vnni(a, from + 48));
    const __m512i mixed = _mm512_packs_epi16(_mm512_add_epi16(low, zero_point), _mm512_add_epi16(high, zero_point));
    const __m512i raised = _mm512_max_epi8(mixed, _mm512_set1_epi8((int8_t)a.minimum));
    return _mm512_permutexvar_epi32(order, _mm512_min_epi8(raised, _mm512_set1_epi8((int8_t)a.maximum)));
}

QCC_INLINE QCC_TARGET_AVX512VNNI void qcc_quantize_f32_s8__avx512vnni(const qcc_quantize_args a,
                                                                      const float *QCC_RESTRICT input,
                                                                      int8_t *QCC_RESTRICT output) {
    const int64_t vectors = qcc_scale_is_moderate(a.scale) ? a.length - a.length % 64 : 0;
    for (int64_t i = 0; i < vectors; i += 64)
        _mm512_storeu_si512(output + i, qcc_quantize_64__avx512vnni(a, input + i));
    qcc_quantize_args rest = a;
    rest.length = a.length - vectors;
    qcc_quantize_f32_s8__avx2(rest, input + vectors, output + vectors);
}

/* The bytes of three channels of 64 pixels, alternating: by lanes of 16 pixels, then the lanes in their order. */
QCC_INLINE QCC_TARGET_AVX512VNNI void qcc_store_pixels_3__avx512vnni(int8_t *to, const __m512i *channels) {
    __m512i part[3];
    QCC_UNROLL
    for (int32_t p = 0; p < 3; ++p) {
        __m512i bytes[3];
        QCC_UNROLL
        for (int32_t c = 0; c < 3; ++c) {
            const __m128i place = _mm_loadu_si128((const void *)qcc_pixel_places__avx2(c, p));
            bytes[c] = _mm512_shuffle_epi8(channels[c], _mm512_broadcast_i32x4(place));
        }
        part[p] = _mm512_ternarylogic_epi32(bytes[0], bytes[1], bytes[2], 0xFE); /* or of three */
    }
    const __m512i first = _mm512_permutex2var_epi64(part[0], _mm512_setr_epi64(0, 1, 8, 9, 0, 0, 2, 3), part[1]);
    const __m512i second = _mm512_permutex2var_epi64(part[1], _mm512_setr_epi64(2, 3, 10, 11, 0, 0, 4, 5), part[2]);
    const __m512i third = _mm512_permutex2var_epi64(part[0], _mm512_setr_epi64(0, 0, 6, 7, 14, 15, 0, 0), part[1]);
    _mm512_storeu_si512(to, _mm512_mask_broadcast_i64x2(first, 0x30, _mm512_castsi512_si128(part[2])));
    _mm512_storeu_si512(to + 64, _mm512_mask_mov_epi64(second, 0x30, part[0]));
    const __m512i ends = _mm512_setr_epi64(4, 5, 10, 11, 12, 13, 6, 7);
    _mm512_storeu_si512(to + 128, _mm512_permutex2var_epi64(part[2], ends, third));
}

QCC_INLINE QCC_TARGET_AVX512VNNI void qcc_quantize_transposed_f32_s8__avx512vnni(const qcc_quantize_transposed_args a,
                                                                                 const float *QCC_RESTRICT input,
                                                                                 int8_t *QCC_RESTRICT output) {
    const qcc_quantize_args grid = {
        .scale = a.scale, .zero_point = a.zero_point, .minimum = a.minimum, .maximum = a.maximum};
    const int64_t vectors = a.rows == 3 && qcc_scale_is_moderate(a.scale) ? a.columns - a.columns % 64 : 0;
    for (int64_t b = 0; b < a.batch; ++b) {
        const float *const from = input + b * a.rows * a.plane;
        int8_t *const to = output + b * a.rows * a.columns;
        for (int64_t i = 0; i < vectors; i += 64) {
            const __m512i channels[3] = {qcc_quantize_64__avx512vnni(grid, from + i),
                                         qcc_quantize_64__avx512vnni(grid, from + a.plane + i),
                                         qcc_quantize_64__avx512vnni(grid, from + 2 * a.plane + i)};
            qcc_store_pixels_3__avx512vnni(to + 3 * i, channels);
        }
        qcc_quantize_pixels__avx2(&a, from, vectors, to);
    }
}

#endif
#endif
