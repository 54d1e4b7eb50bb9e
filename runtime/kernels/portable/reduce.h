/*
 * Integer reductions and comparisons over any axes. The input is walked once in memory order; result_strides are those
 * of the result, 0 along the axes that are reduced.
 */
#ifndef QCC_KERNELS_PORTABLE_REDUCE_H
#define QCC_KERNELS_PORTABLE_REDUCE_H

#include "nd.h"
#include "pool2d.h"

/* The members from input_zero_point on are those of the int8 mean and sum. */
typedef struct {
    int64_t dims[QCC_RANK];
    int64_t result_strides[QCC_RANK];
    int64_t result_length;
    int32_t input_zero_point;
    int32_t count;
    int32_t multiplier;
    int32_t shift;
    int32_t zero_point;
    int32_t minimum;
    int32_t maximum;
} qcc_reduce_args;

/* Mean (the divisor is in the multiplier) or sum; sums: int32, result_length. */
QCC_INLINE void qcc_reduce_quantized_s8__portable(const qcc_reduce_args a, const int8_t *QCC_RESTRICT input,
                                                  int8_t *QCC_RESTRICT output, int32_t *QCC_RESTRICT sums) {
    int64_t index[QCC_RANK - 1] = {0};
    const int64_t length = a.dims[QCC_RANK - 1];
    for (int64_t i = 0; i < a.result_length; ++i)
        sums[i] = -a.count * a.input_zero_point;
    for (int64_t rows = qcc_nd_rows(a.dims); rows > 0; --rows) {
        int32_t *to = sums + qcc_nd_offset(index, a.result_strides);
        if (a.result_strides[QCC_RANK - 1] == 0) {
            int32_t sum = 0;
            for (int64_t i = 0; i < length; ++i)
                sum += input[i];
            *to += sum;
        } else {
            for (int64_t i = 0; i < length; ++i)
                to[i] += input[i];
        }
        input += length;
        qcc_nd_advance(index, a.dims);
    }
    for (int64_t i = 0; i < a.result_length; ++i)
        output[i] = qcc_requantize_sum(sums[i], a.multiplier, a.shift, a.zero_point, a.minimum, a.maximum);
}

/* A reduction of one element type: the result starts from `first` and takes in each element by step(result, x). */
#define QCC_REDUCE(name, type, first, step)                                                                            \
    QCC_INLINE void qcc_reduce_##name##__portable(const qcc_reduce_args a, const type *QCC_RESTRICT input,             \
                                                  type *QCC_RESTRICT output) {                                         \
        int64_t index[QCC_RANK - 1] = {0};                                                                             \
        const int64_t length = a.dims[QCC_RANK - 1];                                                                   \
        for (int64_t i = 0; i < a.result_length; ++i)                                                                  \
            output[i] = first;                                                                                         \
        for (int64_t rows = qcc_nd_rows(a.dims); rows > 0; --rows) {                                                   \
            type *to = output + qcc_nd_offset(index, a.result_strides);                                                \
            if (a.result_strides[QCC_RANK - 1] == 0) {                                                                 \
                type result = *to;                                                                                     \
                for (int64_t i = 0; i < length; ++i)                                                                   \
                    result = step(result, input[i]);                                                                   \
                *to = result;                                                                                          \
            } else {                                                                                                   \
                for (int64_t i = 0; i < length; ++i)                                                                   \
                    to[i] = step(to[i], input[i]);                                                                     \
            }                                                                                                          \
            input += length;                                                                                           \
            qcc_nd_advance(index, a.dims);                                                                             \
        }                                                                                                              \
    }

#define QCC_LESSER(a, b) ((a) < (b) ? (a) : (b))
QCC_REDUCE(max_s8, int8_t, INT8_MIN, QCC_GREATER)
QCC_REDUCE(min_s8, int8_t, INT8_MAX, QCC_LESSER)
QCC_REDUCE(max_u8, uint8_t, 0, QCC_GREATER)
QCC_REDUCE(min_u8, uint8_t, UINT8_MAX, QCC_LESSER)
QCC_REDUCE(max_s32, int32_t, INT32_MIN, QCC_GREATER)
QCC_REDUCE(min_s32, int32_t, INT32_MAX, QCC_LESSER)
QCC_REDUCE(max_s64, int64_t, INT64_MIN, QCC_GREATER)
QCC_REDUCE(min_s64, int64_t, INT64_MAX, QCC_LESSER)
QCC_REDUCE(max_f32, float, -__builtin_inff(), qcc_greater_f32)
QCC_REDUCE(min_f32, float, __builtin_inff(), qcc_lesser_f32)

/* Integer sums and products wrap around, as numpy's do. */
#define QCC_WRAPPING_ADD(a, b) ((int64_t)((uint64_t)(a) + (uint64_t)(b)))
#define QCC_WRAPPING_MUL(a, b) ((int64_t)((uint64_t)(a) * (uint64_t)(b)))
#define QCC_REDUCE_INTEGER(suffix, type)                                                                               \
    QCC_INLINE type qcc_add_##suffix(type a, type b) { return (type)QCC_WRAPPING_ADD(a, b); }                          \
    QCC_INLINE type qcc_mul_##suffix(type a, type b) { return (type)QCC_WRAPPING_MUL(a, b); }                          \
    QCC_INLINE type qcc_add_square_##suffix(type a, type b) { return qcc_add_##suffix(a, qcc_mul_##suffix(b, b)); }    \
    QCC_REDUCE(sum_##suffix, type, 0, qcc_add_##suffix)                                                                \
    QCC_REDUCE(prod_##suffix, type, 1, qcc_mul_##suffix)                                                               \
    QCC_REDUCE(sum_square_##suffix, type, 0, qcc_add_square_##suffix)

QCC_REDUCE_INTEGER(s8, int8_t)
QCC_REDUCE_INTEGER(u8, uint8_t)
QCC_REDUCE_INTEGER(s32, int32_t)
QCC_REDUCE_INTEGER(s64, int64_t)

#endif
