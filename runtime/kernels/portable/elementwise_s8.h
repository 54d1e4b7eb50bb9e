/* Elementwise int8: add and sub, mul, clamp, lookup. Operands broadcast by strides of zero. */
#ifndef QCC_KERNELS_PORTABLE_ELEMENTWISE_S8_H
#define QCC_KERNELS_PORTABLE_ELEMENTWISE_S8_H

#include "nd.h"

/* rne_shift((l - lhs_zero_point) lhs_multiplier + (r - rhs_zero_point) rhs_multiplier, shift) + zero_point */
typedef struct {
    int64_t dims[QCC_RANK];
    int64_t lhs_strides[QCC_RANK];
    int64_t rhs_strides[QCC_RANK];
    int32_t lhs_zero_point;
    int32_t rhs_zero_point;
    int32_t lhs_multiplier;
    int32_t rhs_multiplier;
    int32_t shift;
    int32_t zero_point;
    int32_t minimum;
    int32_t maximum;
} qcc_add_args;

/* requantize((l - lhs_zero_point) (r - rhs_zero_point), multiplier) */
typedef struct {
    int64_t dims[QCC_RANK];
    int64_t lhs_strides[QCC_RANK];
    int64_t rhs_strides[QCC_RANK];
    int32_t lhs_zero_point;
    int32_t rhs_zero_point;
    float multiplier;
    int32_t zero_point;
    int32_t minimum;
    int32_t maximum;
} qcc_mul_args;

typedef struct {
    int64_t length;
    int32_t minimum;
    int32_t maximum;
} qcc_clamp_args;

typedef struct {
    int64_t length;
} qcc_lookup_args;

QCC_INLINE int8_t qcc_add_element(const qcc_add_args *a, int32_t lhs, int32_t rhs) {
    const int32_t sum = (lhs - a->lhs_zero_point) * a->lhs_multiplier + (rhs - a->rhs_zero_point) * a->rhs_multiplier;
    const int32_t result = qcc_rne_shift(sum, a->shift) + a->zero_point;
    return (int8_t)qcc_min_i32(qcc_max_i32(result, a->minimum), a->maximum);
}

QCC_INLINE void qcc_add_s8__portable(const qcc_add_args a, const int8_t *QCC_RESTRICT lhs,
                                     const int8_t *QCC_RESTRICT rhs, int8_t *QCC_RESTRICT output) {
    int64_t index[QCC_RANK - 1] = {0};
    const int64_t length = a.dims[QCC_RANK - 1];
    for (int64_t rows = qcc_nd_rows(a.dims); rows > 0; --rows) {
        const int8_t *l = lhs + qcc_nd_offset(index, a.lhs_strides);
        const int8_t *r = rhs + qcc_nd_offset(index, a.rhs_strides);
        for (int64_t i = 0; i < length; ++i)
            output[i] = qcc_add_element(&a, l[i * a.lhs_strides[QCC_RANK - 1]], r[i * a.rhs_strides[QCC_RANK - 1]]);
        output += length;
        qcc_nd_advance(index, a.dims);
    }
}

QCC_INLINE int8_t qcc_mul_element(const qcc_mul_args *a, int32_t lhs, int32_t rhs) {
    const int32_t product = (lhs - a->lhs_zero_point) * (rhs - a->rhs_zero_point);
    return qcc_requantize(product, a->multiplier, a->zero_point, a->minimum, a->maximum);
}

QCC_INLINE void qcc_mul_s8__portable(const qcc_mul_args a, const int8_t *QCC_RESTRICT lhs,
                                     const int8_t *QCC_RESTRICT rhs, int8_t *QCC_RESTRICT output) {
    int64_t index[QCC_RANK - 1] = {0};
    const int64_t length = a.dims[QCC_RANK - 1];
    for (int64_t rows = qcc_nd_rows(a.dims); rows > 0; --rows) {
        const int8_t *l = lhs + qcc_nd_offset(index, a.lhs_strides);
        const int8_t *r = rhs + qcc_nd_offset(index, a.rhs_strides);
        for (int64_t i = 0; i < length; ++i)
            output[i] = qcc_mul_element(&a, l[i * a.lhs_strides[QCC_RANK - 1]], r[i * a.rhs_strides[QCC_RANK - 1]]);
        output += length;
        qcc_nd_advance(index, a.dims);
    }
}

QCC_INLINE void qcc_clamp_s8__portable(const qcc_clamp_args a, const int8_t *QCC_RESTRICT input,
                                       int8_t *QCC_RESTRICT output) {
    for (int64_t i = 0; i < a.length; ++i)
        output[i] = (int8_t)qcc_min_i32(qcc_max_i32(input[i], a.minimum), a.maximum);
}

QCC_INLINE void qcc_lookup_s8__portable(const qcc_lookup_args a, const int8_t *QCC_RESTRICT input,
                                        const int8_t *QCC_RESTRICT table, int8_t *QCC_RESTRICT output) {
    for (int64_t i = 0; i < a.length; ++i)
        output[i] = table[input[i] + 128];
}

#endif
