/*
 * Product of two int8 activations with AMX tiles. rhs minus its zero points needs nine bits, so it is packed as the
 * sum of two int8 matrices, the difference clamped and the rest (three where a zero point is -128: 255 is 127 + 127 +
 * 1); the product is a convolution whose kernel has these as rows, and reads the same row of lhs for all.
 */
#ifndef QCC_AMX_MATMUL_TILES_H
#define QCC_AMX_MATMUL_TILES_H

#include "../portable/matmul.h"
#include "conv2d_tiles.h"

/* Groups of four rows in one of the matrices. */
QCC_INLINE int32_t qcc_matmul_steps(const qcc_matmul_args a) { return (a.depth + 3) / 4; }

#if defined(QCC_AMX_EMULATE)

QCC_INLINE void qcc_matmul_pack__amx(const qcc_matmul_args a, const int8_t *rhs, const int8_t *zero_points,
                                     const int32_t *bias, int8_t *QCC_RESTRICT packed, int32_t *QCC_RESTRICT sums) {
    const int32_t steps = qcc_matmul_steps(a);
    for (int32_t n = 0; n < a.columns; n++) {
        int8_t *const to = packed + (ptrdiff_t)(n / 16) * a.rhs_parts * steps * 64 + n % 16 * 4;
        int32_t sum = 0;
        for (int32_t k = 0; k < steps * 4; k++) {
            int32_t value = k < a.depth ? rhs[(ptrdiff_t)k * a.columns + n] : 0;
            if (zero_points != NULL && k < a.depth)
                value -= zero_points[n];
            sum += value;
            for (int32_t part = 0; part < a.rhs_parts; part++) {
                const int32_t clamped = qcc_min_i32(qcc_max_i32(value, -128), 127);
                to[(ptrdiff_t)(part * steps + k / 4) * 64 + k % 4] = (int8_t)clamped;
                value -= clamped;
            }
        }
        sums[n] = bias[n] - a.lhs_zero_point * sum;
    }
}

#elif defined(__x86_64__)

/* Four rows of 64 columns as four groups of 16 columns by 4 rows. */
QCC_INLINE QCC_TARGET_AMX void qcc_matmul_quads__amx(const __m512i *rows, __m512i *quads) {
    const __m512i a = _mm512_unpacklo_epi8(rows[0], rows[1]), b = _mm512_unpackhi_epi8(rows[0], rows[1]);
    const __m512i c = _mm512_unpacklo_epi8(rows[2], rows[3]), d = _mm512_unpackhi_epi8(rows[2], rows[3]);
    /* 128-bit lane i of q[j] holds columns 16 i + 4 j to 16 i + 4 j + 3: a transposition of lanes follows. */
    const __m512i q0 = _mm512_unpacklo_epi16(a, c), q1 = _mm512_unpackhi_epi16(a, c);
    const __m512i q2 = _mm512_unpacklo_epi16(b, d), q3 = _mm512_unpackhi_epi16(b, d);
    const __m512i low01 = _mm512_shuffle_i32x4(q0, q1, 0x44), high01 = _mm512_shuffle_i32x4(q0, q1, 0xee);
    const __m512i low23 = _mm512_shuffle_i32x4(q2, q3, 0x44), high23 = _mm512_shuffle_i32x4(q2, q3, 0xee);
    quads[0] = _mm512_shuffle_i32x4(low01, low23, 0x88);
    quads[1] = _mm512_shuffle_i32x4(low01, low23, 0xdd);
    quads[2] = _mm512_shuffle_i32x4(high01, high23, 0x88);
    quads[3] = _mm512_shuffle_i32x4(high01, high23, 0xdd);
}

/* Packs up to 64 columns and makes their sums. */
QCC_INLINE QCC_TARGET_AMX void qcc_matmul_pack_columns__amx(const qcc_matmul_args a, int32_t columns, const int8_t *rhs,
                                                            const int8_t *zero_points, const int32_t *bias,
                                                            int8_t *QCC_RESTRICT packed, int32_t *QCC_RESTRICT sums) {
    const int32_t steps = qcc_matmul_steps(a);
    const __mmask64 mask = qcc_tiles_first_bytes__amx(columns);
    const __m512i zero = zero_points == NULL ? _mm512_setzero_si512() : _mm512_maskz_loadu_epi8(mask, zero_points);
    const __m512i ones = _mm512_set1_epi8(1);
    const ptrdiff_t block = (ptrdiff_t)a.rhs_parts * steps * 64;
    const int32_t blocks = (columns + 15) / 16;
    __m512i total[4] = {_mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512()};
    for (int32_t step = 0; step < steps; step++) {
        __m512i part[3][4], quads[4];
        QCC_UNROLL
        for (int32_t i = 0; i < 4; i++) {
            const int inside = step * 4 + i < a.depth;
            const __m512i row =
                _mm512_maskz_loadu_epi8(inside ? mask : 0, rhs + (inside ? ((ptrdiff_t)step * 4 + i) * a.columns : 0));
            const __m512i offset = inside ? zero : _mm512_setzero_si512();
            const __m512i clamped = _mm512_subs_epi8(row, offset);
            const __m512i rest = _mm512_sub_epi8(_mm512_sub_epi8(row, offset), clamped); /* 128 is now -128 */
            const __m512i one = _mm512_maskz_set1_epi8(_mm512_cmpeq_epi8_mask(rest, _mm512_set1_epi8(-128)), 1);
            part[0][i] = clamped;
            part[1][i] = _mm512_sub_epi8(rest, one);
            part[2][i] = one;
        }
        QCC_UNROLL
        for (int32_t j = 0; j < 3; j++) {
            if (j >= a.rhs_parts)
                break;
            int8_t *const to = packed + ((ptrdiff_t)j * steps + step) * 64;
            qcc_matmul_quads__amx(part[j], quads);
            QCC_UNROLL
            for (int32_t i = 0; i < 4; i++) {
                total[i] = _mm512_dpbusd_epi32(total[i], ones, quads[i]);
                if (i < blocks)
                    _mm512_storeu_si512(to + i * block, quads[i]);
            }
        }
    }
    const __m512i factor = _mm512_set1_epi32(a.lhs_zero_point);
    QCC_UNROLL
    for (int32_t i = 0; i < 4; i++) {
        if (i >= blocks)
            break;
        const __mmask16 inside = (__mmask16)(mask >> (16 * i));
        const __m512i from = _mm512_maskz_loadu_epi32(inside, bias + 16 * i);
        _mm512_storeu_si512(sums + 16 * i, _mm512_sub_epi32(from, _mm512_mullo_epi32(total[i], factor)));
    }
}

/* Packs rhs; sums = bias - zp_lhs * sum over k of (rhs - zp_rhs). Both have room for a multiple of 16 columns. */
QCC_INLINE QCC_TARGET_AMX void qcc_matmul_pack__amx(const qcc_matmul_args a, const int8_t *rhs,
                                                    const int8_t *zero_points, const int32_t *bias,
                                                    int8_t *QCC_RESTRICT packed, int32_t *QCC_RESTRICT sums) {
    const int32_t steps = qcc_matmul_steps(a);
    for (int32_t n = 0; n < a.columns; n += 64)
        qcc_matmul_pack_columns__amx(a, qcc_min_i32(64, a.columns - n), rhs + n,
                                     zero_points == NULL ? NULL : zero_points + n, bias + n,
                                     packed + (ptrdiff_t)(n / 16) * a.rhs_parts * steps * 64, sums + n);
}

#endif

/* The product as a convolution with a kernel of `rhs_parts` rows that all read the same row of lhs. */
QCC_INLINE qcc_conv2d_args qcc_matmul_tiles(const qcc_matmul_args a) {
    qcc_conv2d_args c = qcc_matmul_convolution(a);
    c.kernel_height = a.rhs_parts;
    c.dilation_y = 0;
    c.tile_depth = a.tile_depth;
    c.tile_pixels = a.tile_pixels;
    c.pixels_first = 1;
    c.no_overflow = a.no_overflow;
    return c;
}

/* scratch: packed rhs, its sums, then that of the convolution. */
QCC_INLINE QCC_TARGET_AMX void
qcc_matmul_s8s8_tiles_16x16c4__amx(const qcc_matmul_args a, const int8_t *QCC_RESTRICT lhs,
                                   const int8_t *QCC_RESTRICT rhs, const int8_t *QCC_RESTRICT rhs_zero_points,
                                   const int32_t *QCC_RESTRICT bias, const float *QCC_RESTRICT multipliers,
                                   int8_t *QCC_RESTRICT output, void *QCC_RESTRICT scratch) {
    const int32_t steps = qcc_matmul_steps(a);
    const ptrdiff_t columns = (ptrdiff_t)(a.columns + 15) / 16 * 16;
    int8_t *const packed = (int8_t *)scratch;
    int32_t *const sums = (int32_t *)(void *)(packed + columns * a.rhs_parts * steps * 4);
    void *const rest = sums + columns;
    ptrdiff_t count = 1, last = -1;
    for (int32_t axis = 0; axis < 6; axis++)
        count *= a.dims[axis];
    for (ptrdiff_t i = 0; i < count; i++) {
        const ptrdiff_t at = qcc_matmul_offset(a.dims, a.rhs_strides, i);
        if (at != last)
            qcc_matmul_pack__amx(a, rhs + at, rhs_zero_points, bias, packed, sums);
        last = at;
        qcc_tiles_convolution__amx(qcc_matmul_tiles(a), 16, lhs + qcc_matmul_offset(a.dims, a.lhs_strides, i), packed,
                                   sums, multipliers, NULL, output + i * a.rows * a.columns, rest);
    }
}

#endif
