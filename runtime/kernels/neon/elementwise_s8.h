/* Addition and multiplication of int8 with NEON: 8 elements at a time along the last axis, tails as portable C. */
#ifndef QCC_NEON_ELEMENTWISE_S8_H
#define QCC_NEON_ELEMENTWISE_S8_H

#include "../portable/elementwise_s8.h"
#include "casts.h"

#if defined(QCC_NEON)

/* Eight elements of a row as int16; a stride of 0 repeats its one element. */
QCC_INLINE QCC_TARGET_NEON int16x8_t qcc_load_row__neon(const int8_t *row, int64_t i, int64_t stride) {
    return stride == 0 ? vdupq_n_s16(*row) : vmovl_s8(vld1_s8(row + i));
}

/* The rounded sum of four pairs; it fits int32. */
QCC_INLINE QCC_TARGET_NEON int16x4_t qcc_scaled_sum__neon(const qcc_add_args *a, int16x4_t lhs, int16x4_t rhs) {
    const int32x4_t left = vmulq_n_s32(vmovl_s16(lhs), a->lhs_multiplier);
    const int32x4_t sum = vmlaq_n_s32(left, vmovl_s16(rhs), a->rhs_multiplier);
    const int32x4_t shift = vdupq_n_s32(-a->shift);
    const int32x4_t odd = vandq_s32(vshlq_s32(sum, shift), vdupq_n_s32(1));
    const int32x4_t half = vdupq_n_s32(((int32_t)1 << (a->shift - 1)) - 1);
    return vqmovn_s32(vshlq_s32(vaddq_s32(vaddq_s32(sum, half), odd), shift));
}

QCC_INLINE QCC_TARGET_NEON void qcc_add_row__neon(const qcc_add_args *a, const int8_t *lhs, const int8_t *rhs,
                                                  int8_t *output) {
    const int64_t length = a->dims[QCC_RANK - 1];
    const int64_t lhs_stride = a->lhs_strides[QCC_RANK - 1];
    const int64_t rhs_stride = a->rhs_strides[QCC_RANK - 1];
    /* Other strides (both operands broadcast in turn) go element by element. */
    const int32_t regular = (lhs_stride & ~INT64_C(1)) == 0 && (rhs_stride & ~INT64_C(1)) == 0;
    const int64_t vectors = regular ? length - length % 8 : 0;
    for (int64_t i = 0; i < vectors; i += 8) {
        const int16x8_t l = vsubq_s16(qcc_load_row__neon(lhs, i, lhs_stride), vdupq_n_s16((int16_t)a->lhs_zero_point));
        const int16x8_t r = vsubq_s16(qcc_load_row__neon(rhs, i, rhs_stride), vdupq_n_s16((int16_t)a->rhs_zero_point));
        const int16x4_t first = qcc_scaled_sum__neon(a, vget_low_s16(l), vget_low_s16(r));
        const int16x4_t second = qcc_scaled_sum__neon(a, vget_high_s16(l), vget_high_s16(r));
        /* Saturated sums stay outside of int8, so that clamping them later gives the same. */
        const int16x8_t sums = vqaddq_s16(vcombine_s16(first, second), vdupq_n_s16((int16_t)a->zero_point));
        const int16x8_t low = vmaxq_s16(sums, vdupq_n_s16((int16_t)a->minimum));
        vst1_s8(output + i, vmovn_s16(vminq_s16(low, vdupq_n_s16((int16_t)a->maximum))));
    }
    for (int64_t i = vectors; i < length; ++i)
        output[i] = qcc_add_element(a, lhs[i * lhs_stride], rhs[i * rhs_stride]);
}

QCC_INLINE QCC_TARGET_NEON void qcc_add_s8__neon(const qcc_add_args a, const int8_t *QCC_RESTRICT lhs,
                                                 const int8_t *QCC_RESTRICT rhs, int8_t *QCC_RESTRICT output) {
    int64_t index[QCC_RANK - 1] = {0};
    for (int64_t rows = qcc_nd_rows(a.dims); rows > 0; --rows, output += a.dims[QCC_RANK - 1]) {
        qcc_add_row__neon(&a, lhs + qcc_nd_offset(index, a.lhs_strides), rhs + qcc_nd_offset(index, a.rhs_strides),
                          output);
        qcc_nd_advance(index, a.dims);
    }
}

QCC_INLINE QCC_TARGET_NEON void qcc_mul_row__neon(const qcc_mul_args *a, const int8_t *lhs, const int8_t *rhs,
                                                  int8_t *output) {
    const int64_t length = a->dims[QCC_RANK - 1];
    const int64_t lhs_stride = a->lhs_strides[QCC_RANK - 1];
    const int64_t rhs_stride = a->rhs_strides[QCC_RANK - 1];
    /* Other strides (both operands broadcast in turn) go element by element. */
    const int32_t regular = (lhs_stride & ~INT64_C(1)) == 0 && (rhs_stride & ~INT64_C(1)) == 0;
    const int64_t vectors = regular ? length - length % 8 : 0;
    for (int64_t i = 0; i < vectors; i += 8) {
        const int16x8_t l = vsubq_s16(qcc_load_row__neon(lhs, i, lhs_stride), vdupq_n_s16((int16_t)a->lhs_zero_point));
        const int16x8_t r = vsubq_s16(qcc_load_row__neon(rhs, i, rhs_stride), vdupq_n_s16((int16_t)a->rhs_zero_point));
        const int16x4_t first = qcc_requantize_4__neon(vmull_s16(vget_low_s16(l), vget_low_s16(r)), a->multiplier,
                                                       a->zero_point, a->minimum, a->maximum);
        const int16x4_t second = qcc_requantize_4__neon(vmull_s16(vget_high_s16(l), vget_high_s16(r)), a->multiplier,
                                                        a->zero_point, a->minimum, a->maximum);
        qcc_store_s8__neon(output + i, first, second, a->zero_point);
    }
    for (int64_t i = vectors; i < length; ++i)
        output[i] = qcc_mul_element(a, lhs[i * lhs_stride], rhs[i * rhs_stride]);
}

QCC_INLINE QCC_TARGET_NEON void qcc_mul_s8__neon(const qcc_mul_args a, const int8_t *QCC_RESTRICT lhs,
                                                 const int8_t *QCC_RESTRICT rhs, int8_t *QCC_RESTRICT output) {
    int64_t index[QCC_RANK - 1] = {0};
    for (int64_t rows = qcc_nd_rows(a.dims); rows > 0; --rows, output += a.dims[QCC_RANK - 1]) {
        qcc_mul_row__neon(&a, lhs + qcc_nd_offset(index, a.lhs_strides), rhs + qcc_nd_offset(index, a.rhs_strides),
                          output);
        qcc_nd_advance(index, a.dims);
    }
}

#endif
#endif
