/*
 * Elementwise functions of one operand. A product that is added to something is one of float values widened to double:
 * it is exact, and a fused multiply-add gives the same bits.
 */
#ifndef QCC_KERNELS_PORTABLE_UNARY_H
#define QCC_KERNELS_PORTABLE_UNARY_H

#include "float_functions.h"

/* The order of UNARY_OPERATIONS in codegen/lowerings/unary.py. */
enum {
    QCC_RELU,
    QCC_CLIP, /* alpha: minimum, beta: maximum */
    QCC_LEAKY_RELU,
    QCC_ELU,
    QCC_SIGMOID,
    QCC_HARD_SIGMOID,
    QCC_HARD_SWISH, /* alpha: 1 / 6 */
    QCC_SILU,
    QCC_SOFTPLUS,
    QCC_GELU,
    QCC_GELU_TANH,
    QCC_TANH,
    QCC_ERF,
    QCC_EXP,
    QCC_LOG,
    QCC_SQRT,
    QCC_RECIPROCAL,
    QCC_NEG,
    QCC_ABS
};

typedef struct {
    int64_t length;
    int32_t operation;
    float alpha;
    float beta;
} qcc_unary_args;

/* factor * x + offset, rounded once, clamped to [0, 1]; NaN stays. */
QCC_INLINE float qcc_unit_line(float x, float factor, float offset) {
    const float line = (float)((double)x * (double)factor + (double)offset);
    const float low = line < 0.0f ? 0.0f : line;
    return low > 1.0f ? 1.0f : low;
}

QCC_INLINE float qcc_gelu(float x, int32_t with_tanh) {
    float gate;
    if (with_tanh) {
        const float cube = x * x * x;
        const float inner = (float)((double)x + (double)0.044715f * (double)cube);
        gate = qcc_tanh_f32(inner * 0.7978845608028654f);
    } else {
        gate = qcc_erf_f32(x * 0.7071067811865476f);
    }
    return (float)(((double)x * 0.5) * (1.0 + (double)gate));
}

/* log(1 + exp(x)) without overflow. */
QCC_INLINE float qcc_softplus(float x) {
    const float e = qcc_exp_f32(qcc_float_from_bits(qcc_float_bits(x) | INT32_MIN));
    const float log = qcc_log_f32((float)(1.0 + (double)e));
    return x < 0.0f ? log : x + log;
}

QCC_INLINE float qcc_clip_f32(float x, float minimum, float maximum) {
    const float raised = x < minimum ? minimum : x;
    return raised > maximum ? maximum : raised;
}

QCC_INLINE float qcc_unary_element(const qcc_unary_args *a, float x) {
    switch (a->operation) {
    case QCC_RELU:
        return x < 0.0f ? 0.0f : x;
    case QCC_CLIP:
        return qcc_clip_f32(x, a->alpha, a->beta);
    case QCC_LEAKY_RELU:
        return x < 0.0f ? a->alpha * x : x;
    case QCC_ELU:
        return x < 0.0f ? (float)((double)a->alpha * ((double)qcc_exp_f32(x) - 1.0)) : x;
    case QCC_SIGMOID:
        return qcc_sigmoid_f32(x);
    case QCC_HARD_SIGMOID:
        return qcc_unit_line(x, a->alpha, a->beta);
    case QCC_HARD_SWISH:
        return x * qcc_unit_line(x, a->alpha, 0.5f);
    case QCC_SILU:
        return x * qcc_sigmoid_f32(x);
    case QCC_SOFTPLUS:
        return qcc_softplus(x);
    case QCC_GELU:
        return qcc_gelu(x, 0);
    case QCC_GELU_TANH:
        return qcc_gelu(x, 1);
    case QCC_TANH:
        return qcc_tanh_f32(x);
    case QCC_ERF:
        return qcc_erf_f32(x);
    case QCC_EXP:
        return qcc_exp_f32(x);
    case QCC_LOG:
        return qcc_log_f32(x);
    case QCC_SQRT:
        return qcc_sqrt_f32(x);
    case QCC_RECIPROCAL:
        return 1.0f / x;
    case QCC_NEG:
        return -x;
    default:
        return qcc_float_from_bits(qcc_float_bits(x) & 0x7FFFFFFF);
    }
}

QCC_INLINE void qcc_unary_f32__portable(const qcc_unary_args a, const float *QCC_RESTRICT input,
                                        float *QCC_RESTRICT output) {
    for (int64_t i = 0; i < a.length; ++i)
        output[i] = qcc_unary_element(&a, input[i]);
}

/* neg and abs of integers wrap around. */
#define QCC_UNARY_INTEGER(suffix, type, wide)                                                                          \
    QCC_INLINE void qcc_unary_##suffix##__portable(const qcc_unary_args a, const type *QCC_RESTRICT input,             \
                                                   type *QCC_RESTRICT output) {                                        \
        for (int64_t i = 0; i < a.length; ++i)                                                                         \
            output[i] = a.operation == QCC_NEG || input[i] < 0 ? (type)(0U - (wide)input[i]) : input[i];               \
    }

QCC_UNARY_INTEGER(s8, int8_t, uint8_t)
QCC_UNARY_INTEGER(s32, int32_t, uint32_t)
QCC_UNARY_INTEGER(s64, int64_t, uint64_t)

#endif
