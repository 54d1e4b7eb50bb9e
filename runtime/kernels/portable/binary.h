/* Elementwise functions of several operands, which broadcast by strides of zero. Integers wrap around. */
#ifndef QCC_KERNELS_PORTABLE_BINARY_H
#define QCC_KERNELS_PORTABLE_BINARY_H

#include "float_functions.h"
#include "nd.h"

/* The order of BINARY_OPERATIONS in codegen/lowerings/binary.py. */
enum { QCC_ADD, QCC_SUB, QCC_MUL, QCC_DIV, QCC_POW, QCC_MIN, QCC_MAX, QCC_PRELU };

typedef struct {
    int64_t dims[QCC_RANK];
    int64_t lhs_strides[QCC_RANK];
    int64_t rhs_strides[QCC_RANK];
    int32_t operation;
} qcc_binary_args;

typedef struct {
    int64_t dims[QCC_RANK];
    int64_t condition_strides[QCC_RANK];
    int64_t lhs_strides[QCC_RANK];
    int64_t rhs_strides[QCC_RANK];
} qcc_where_args;

/* The greater and the lesser one; NaN where one is NaN, b where they are equal. */
QCC_INLINE float qcc_greater_f32(float a, float b) { return a > b || a != a ? a : b; }
QCC_INLINE float qcc_lesser_f32(float a, float b) { return a < b || a != a ? a : b; }

QCC_INLINE float qcc_binary_element_f32(int32_t operation, float lhs, float rhs) {
    switch (operation) {
    case QCC_ADD:
        return lhs + rhs;
    case QCC_SUB:
        return lhs - rhs;
    case QCC_MUL:
        return lhs * rhs;
    case QCC_DIV:
        return lhs / rhs;
    case QCC_POW:
        return qcc_pow_f32(lhs, rhs);
    case QCC_MIN:
        return qcc_lesser_f32(lhs, rhs);
    case QCC_MAX:
        return qcc_greater_f32(lhs, rhs);
    default:
        return lhs < 0.0f ? rhs * lhs : lhs;
    }
}

/* Towards zero; x / 0 is 0, and the least integer divided by -1 wraps around. */
QCC_INLINE int64_t qcc_divide(int64_t lhs, int64_t rhs) {
    if (rhs == 0)
        return 0;
    return rhs == -1 ? (int64_t)(0U - (uint64_t)lhs) : lhs / rhs;
}

/* Powers modulo 2^64; a negative exponent gives 0 but for bases of 1 and -1. */
QCC_INLINE int64_t qcc_integer_power(int64_t base, int64_t exponent) {
    if (exponent < 0) {
        if (base == 1 || base == -1)
            return (exponent & 1) == 0 ? 1 : base;
        return 0;
    }
    uint64_t result = 1;
    uint64_t square = (uint64_t)base;
    for (int64_t rest = exponent; rest > 0; rest >>= 1) {
        if (rest & 1)
            result *= square;
        square *= square;
    }
    return (int64_t)result;
}

/* In 64 bits: the low bits, which are all that a narrower type keeps, do not depend on the width. */
QCC_INLINE int64_t qcc_binary_element_s64(int32_t operation, int64_t lhs, int64_t rhs) {
    switch (operation) {
    case QCC_ADD:
        return (int64_t)((uint64_t)lhs + (uint64_t)rhs);
    case QCC_SUB:
        return (int64_t)((uint64_t)lhs - (uint64_t)rhs);
    case QCC_MUL:
        return (int64_t)((uint64_t)lhs * (uint64_t)rhs);
    case QCC_DIV:
        return qcc_divide(lhs, rhs);
    case QCC_POW:
        return qcc_integer_power(lhs, rhs);
    case QCC_MIN:
        return lhs < rhs ? lhs : rhs;
    default:
        return lhs > rhs ? lhs : rhs;
    }
}

/* Walks the operands: output[i] = EXPRESSION of the elements l and r. */
#define QCC_BINARY(name, type, result_type, EXPRESSION)                                                                \
    QCC_INLINE void qcc_##name##__portable(const qcc_binary_args a, const type *QCC_RESTRICT lhs,                      \
                                           const type *QCC_RESTRICT rhs, result_type *QCC_RESTRICT output) {           \
        int64_t index[QCC_RANK - 1] = {0};                                                                             \
        const int64_t length = a.dims[QCC_RANK - 1];                                                                   \
        for (int64_t rows = qcc_nd_rows(a.dims); rows > 0; --rows) {                                                   \
            const type *left = lhs + qcc_nd_offset(index, a.lhs_strides);                                              \
            const type *right = rhs + qcc_nd_offset(index, a.rhs_strides);                                             \
            for (int64_t i = 0; i < length; ++i) {                                                                     \
                const type l = left[i * a.lhs_strides[QCC_RANK - 1]];                                                  \
                const type r = right[i * a.rhs_strides[QCC_RANK - 1]];                                                 \
                output[i] = (result_type)(EXPRESSION);                                                                 \
            }                                                                                                          \
            output += length;                                                                                          \
            qcc_nd_advance(index, a.dims);                                                                             \
        }                                                                                                              \
    }

QCC_BINARY(binary_f32, float, float, qcc_binary_element_f32(a.operation, l, r))
QCC_BINARY(binary_s8, int8_t, int8_t, qcc_binary_element_s64(a.operation, l, r))
QCC_BINARY(binary_u8, uint8_t, uint8_t, qcc_binary_element_s64(a.operation, l, r))
QCC_BINARY(binary_s32, int32_t, int32_t, qcc_binary_element_s64(a.operation, l, r))
QCC_BINARY(binary_s64, int64_t, int64_t, qcc_binary_element_s64(a.operation, l, r))
QCC_BINARY(equal_f32, float, uint8_t, l == r)
QCC_BINARY(equal_s8, int8_t, uint8_t, l == r)
QCC_BINARY(equal_u8, uint8_t, uint8_t, l == r)
QCC_BINARY(equal_s32, int32_t, uint8_t, l == r)
QCC_BINARY(equal_s64, int64_t, uint8_t, l == r)

/* One of two elements of `size` bytes, whatever they mean. */
QCC_INLINE void qcc_where(const qcc_where_args a, const int64_t size, const uint8_t *condition, const void *lhs,
                          const void *rhs, void *output) {
    int64_t index[QCC_RANK - 1] = {0};
    const int64_t length = a.dims[QCC_RANK - 1];
    uint8_t *to = (uint8_t *)output;
    for (int64_t rows = qcc_nd_rows(a.dims); rows > 0; --rows) {
        const uint8_t *chosen = condition + qcc_nd_offset(index, a.condition_strides);
        const uint8_t *left = (const uint8_t *)lhs + qcc_nd_offset(index, a.lhs_strides) * size;
        const uint8_t *right = (const uint8_t *)rhs + qcc_nd_offset(index, a.rhs_strides) * size;
        for (int64_t i = 0; i < length; ++i) {
            const uint8_t *from = chosen[i * a.condition_strides[QCC_RANK - 1]]
                                      ? left + i * a.lhs_strides[QCC_RANK - 1] * size
                                      : right + i * a.rhs_strides[QCC_RANK - 1] * size;
            __builtin_memcpy(to + i * size, from, (size_t)size);
        }
        to += length * size;
        qcc_nd_advance(index, a.dims);
    }
}

#define QCC_WHERE(size)                                                                                                \
    QCC_INLINE void qcc_where_##size##__portable(const qcc_where_args a, const uint8_t *QCC_RESTRICT condition,        \
                                                 const void *QCC_RESTRICT lhs, const void *QCC_RESTRICT rhs,           \
                                                 void *QCC_RESTRICT output) {                                          \
        qcc_where(a, size, condition, lhs, rhs, output);                                                               \
    }

QCC_WHERE(1)
QCC_WHERE(2)
QCC_WHERE(4)
QCC_WHERE(8)

#endif
