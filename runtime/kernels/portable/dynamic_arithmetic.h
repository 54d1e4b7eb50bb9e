/*
 * int8 tensors whose scale and zero point are known at run time only (docs/numerics.md, dynamic): from one pair of
 * parameters to another, and arithmetic whose result is scanned first and quantized to its own range second. Both
 * passes compute the same integers, so that nothing wider than int8 is stored.
 */
#ifndef QCC_PORTABLE_DYNAMIC_ARITHMETIC_H
#define QCC_PORTABLE_DYNAMIC_ARITHMETIC_H

#include "dynamic.h"
#include "nd.h"
#include "pool2d.h"

typedef struct {
    int64_t dims[QCC_RANK];
    int64_t lhs_strides[QCC_RANK];
    int64_t rhs_strides[QCC_RANK];
    int32_t subtract;
    float minimum, maximum;
} qcc_dynamic_binary_args;

typedef struct {
    int64_t dims[QCC_RANK];
    int64_t result_strides[QCC_RANK];
    int64_t result_length;
    int32_t count;
} qcc_dynamic_reduce_args;

/* A multiplier: a quotient that is at most the largest float. */
QCC_INLINE float qcc_dynamic_ratio(float numerator, float denominator) {
    return qcc_min_f32(numerator / denominator, 0x1.fffffep127f);
}

QCC_INLINE void qcc_dynamic_requantize_s8__portable(const qcc_dynamic_args a, const int8_t *QCC_RESTRICT input,
                                                    const qcc_dynamic *QCC_RESTRICT source,
                                                    const qcc_dynamic *QCC_RESTRICT target,
                                                    int8_t *QCC_RESTRICT output) {
    const float multiplier = qcc_dynamic_ratio(source->scale, target->scale);
    const int32_t input_zero_point = (int32_t)source->zero_point, zero_point = (int32_t)target->zero_point;
    for (int64_t i = 0; i < a.length; i++)
        output[i] = qcc_requantize(input[i] - input_zero_point, multiplier, zero_point, -128, 127);
}

QCC_INLINE void qcc_dynamic_clip_s8__portable(const qcc_dynamic_args a, const int8_t *QCC_RESTRICT input,
                                              const qcc_dynamic *QCC_RESTRICT dynamic, int8_t *QCC_RESTRICT output) {
    const float inverse = 1.0f / dynamic->scale;
    const int8_t low = qcc_dynamic_round(a.minimum * inverse, dynamic->zero_point);
    const int8_t high = qcc_dynamic_round(a.maximum * inverse, dynamic->zero_point);
    for (int64_t i = 0; i < a.length; i++) {
        const int8_t q = input[i] < low ? low : input[i];
        output[i] = q > high ? high : q;
    }
}

/* `inputs`: `length` pairs of parameters, side by side. */
QCC_INLINE void qcc_dynamic_union_f32__portable(const qcc_dynamic_args a, const qcc_dynamic *QCC_RESTRICT inputs,
                                                qcc_dynamic *QCC_RESTRICT output) {
    float low = 0.0f, high = 0.0f;
    for (int64_t i = 0; i < a.length; i++) {
        low = qcc_min_f32(low, qcc_finite((-128.0f - inputs[i].zero_point) * inputs[i].scale));
        high = qcc_max_f32(high, qcc_finite((127.0f - inputs[i].zero_point) * inputs[i].scale));
    }
    *output = qcc_dynamic_of_range(low, high, a.minimum, a.maximum);
}

/* (l - lhs_zero_point) lhs_multiplier + (r - rhs_zero_point) rhs_multiplier, or without multipliers the product. */
typedef struct {
    int32_t lhs_zero_point, rhs_zero_point, lhs_multiplier, rhs_multiplier;
    float scale; /* of the integers */
} qcc_dynamic_pair;

QCC_INLINE int32_t qcc_dynamic_sum(const qcc_dynamic_pair *p, int32_t lhs, int32_t rhs) {
    return (lhs - p->lhs_zero_point) * p->lhs_multiplier + (rhs - p->rhs_zero_point) * p->rhs_multiplier;
}

QCC_INLINE int32_t qcc_dynamic_product(const qcc_dynamic_pair *p, int32_t lhs, int32_t rhs) {
    return (lhs - p->lhs_zero_point) * (rhs - p->rhs_zero_point);
}

QCC_INLINE qcc_dynamic_pair qcc_dynamic_pair_of_sum(const qcc_dynamic *lhs, const qcc_dynamic *rhs, int32_t subtract) {
    const float larger = qcc_max_f32(lhs->scale, rhs->scale);
    const int32_t right = qcc_rne(rhs->scale / larger * 0x1p20f);
    const qcc_dynamic_pair p = {(int32_t)lhs->zero_point, (int32_t)rhs->zero_point,
                                qcc_rne(lhs->scale / larger * 0x1p20f), subtract ? -right : right, larger * 0x1p-20f};
    return p;
}

QCC_INLINE qcc_dynamic_pair qcc_dynamic_pair_of_product(const qcc_dynamic *lhs, const qcc_dynamic *rhs) {
    const qcc_dynamic_pair p = {(int32_t)lhs->zero_point, (int32_t)rhs->zero_point, 0, 0, lhs->scale * rhs->scale};
    return p;
}

/* The range of the integers of a binary op; rows step through the first five axes. */
#define QCC_DYNAMIC_SCAN(ELEMENT)                                                                                      \
    for (int64_t rows = qcc_nd_rows(a.dims); rows > 0; --rows) {                                                       \
        const int8_t *l = lhs + qcc_nd_offset(index, a.lhs_strides);                                                   \
        const int8_t *r = rhs + qcc_nd_offset(index, a.rhs_strides);                                                   \
        for (int64_t i = 0; i < length; ++i) {                                                                         \
            const int32_t t = ELEMENT(&p, l[i * left], r[i * right]);                                                  \
            least = t < least ? t : least;                                                                             \
            most = t > most ? t : most;                                                                                \
        }                                                                                                              \
        qcc_nd_advance(index, a.dims);                                                                                 \
    }

#define QCC_DYNAMIC_STORE(ELEMENT)                                                                                     \
    for (int64_t rows = qcc_nd_rows(a.dims); rows > 0; --rows) {                                                       \
        const int8_t *l = lhs + qcc_nd_offset(index, a.lhs_strides);                                                   \
        const int8_t *r = rhs + qcc_nd_offset(index, a.rhs_strides);                                                   \
        for (int64_t i = 0; i < length; ++i) {                                                                         \
            const int32_t t = ELEMENT(&p, l[i * left], r[i * right]);                                                  \
            output[i] = qcc_requantize(t, multiplier, zero_point, -128, 127);                                          \
        }                                                                                                              \
        output += length;                                                                                              \
        qcc_nd_advance(index, a.dims);                                                                                 \
    }

#define QCC_DYNAMIC_BINARY(NAME, ELEMENT, PAIR)                                                                        \
    QCC_INLINE void NAME(const qcc_dynamic_binary_args a, const int8_t *QCC_RESTRICT lhs,                              \
                         const qcc_dynamic *QCC_RESTRICT lhs_parameters, const int8_t *QCC_RESTRICT rhs,               \
                         const qcc_dynamic *QCC_RESTRICT rhs_parameters, int8_t *QCC_RESTRICT output,                  \
                         qcc_dynamic *QCC_RESTRICT parameters) {                                                       \
        const int64_t length = a.dims[QCC_RANK - 1];                                                                   \
        const int64_t left = a.lhs_strides[QCC_RANK - 1], right = a.rhs_strides[QCC_RANK - 1];                         \
        const qcc_dynamic_pair p = PAIR;                                                                               \
        int64_t index[QCC_RANK - 1] = {0};                                                                             \
        int32_t least = 0, most = 0;                                                                                   \
        QCC_DYNAMIC_SCAN(ELEMENT)                                                                                      \
        const qcc_dynamic own =                                                                                        \
            qcc_dynamic_of_range((float)least * p.scale, (float)most * p.scale, a.minimum, a.maximum);                 \
        const float multiplier = qcc_dynamic_ratio(p.scale, own.scale);                                                \
        const int32_t zero_point = (int32_t)own.zero_point;                                                            \
        QCC_DYNAMIC_STORE(ELEMENT)                                                                                     \
        *parameters = own;                                                                                             \
    }

QCC_DYNAMIC_BINARY(qcc_dynamic_add_s8__portable, qcc_dynamic_sum,
                   qcc_dynamic_pair_of_sum(lhs_parameters, rhs_parameters, a.subtract))
QCC_DYNAMIC_BINARY(qcc_dynamic_mul_s8__portable, qcc_dynamic_product,
                   qcc_dynamic_pair_of_product(lhs_parameters, rhs_parameters))

/* Means of int8 as floats; sums: int32, result_length. */
QCC_INLINE void qcc_dynamic_reduce_mean_s8_f32__portable(const qcc_dynamic_reduce_args a,
                                                         const int8_t *QCC_RESTRICT input,
                                                         const qcc_dynamic *QCC_RESTRICT dynamic,
                                                         float *QCC_RESTRICT output, int32_t *QCC_RESTRICT sums) {
    const int64_t length = a.dims[QCC_RANK - 1];
    const float factor = dynamic->scale / (float)a.count;
    int64_t index[QCC_RANK - 1] = {0};
    for (int64_t i = 0; i < a.result_length; ++i)
        sums[i] = -a.count * (int32_t)dynamic->zero_point;
    for (int64_t rows = qcc_nd_rows(a.dims); rows > 0; --rows) {
        int32_t *const to = sums + qcc_nd_offset(index, a.result_strides);
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
        output[i] = (float)sums[i] * factor;
}

/* Averages over windows of NHWC tensors as floats. */
QCC_INLINE void qcc_dynamic_avg_pool2d_s8_f32__portable(const qcc_pool2d_args a, const int8_t *QCC_RESTRICT input,
                                                        const qcc_dynamic *QCC_RESTRICT dynamic,
                                                        float *QCC_RESTRICT output) {
    const int32_t zero_point = (int32_t)dynamic->zero_point;
    for (int64_t pixel = 0; pixel < qcc_pool2d_pixels(&a); ++pixel, output += a.channels) {
        const qcc_taps taps = qcc_window_taps(&a, pixel);
        const int32_t count = taps.rows * taps.columns;
        const float factor = dynamic->scale / (float)(a.count_include_pad ? a.kernel_height * a.kernel_width : count);
        for (int32_t start = 0; start < a.channels; start += QCC_POOL_CHANNELS) {
            const int32_t width = qcc_min_i32(QCC_POOL_CHANNELS, a.channels - start);
            int32_t sums[QCC_POOL_CHANNELS];
            for (int32_t c = 0; c < width; ++c)
                sums[c] = -count * zero_point;
            for (int32_t ky = 0; ky < taps.rows; ++ky) {
                for (int32_t kx = 0; kx < taps.columns; ++kx) {
                    const int8_t *tap = input + taps.offset + ky * taps.row_step + kx * taps.column_step + start;
                    for (int32_t c = 0; c < width; ++c)
                        sums[c] += tap[c];
                }
            }
            for (int32_t c = 0; c < width; ++c)
                output[start + c] = (float)sums[c] * factor;
        }
    }
}

#endif
