/* Softmax, layer and batch normalization of floats. */
#ifndef QCC_KERNELS_PORTABLE_NORMALIZATION_H
#define QCC_KERNELS_PORTABLE_NORMALIZATION_H

#include "binary.h"
#include "lanes.h"

/* The normalized axis has `length` elements, `inner` elements apart. */
typedef struct {
    int64_t outer;
    int64_t length;
    int64_t inner;
} qcc_softmax_args;

typedef struct {
    int64_t outer;
    int64_t length;
    float epsilon;
} qcc_layer_norm_args;

typedef struct {
    int64_t outer;
    int64_t channels;
    int64_t inner;
    float epsilon;
} qcc_batch_norm_args;

QCC_INLINE void qcc_softmax_f32__portable(const qcc_softmax_args a, const float *QCC_RESTRICT input,
                                          float *QCC_RESTRICT output) {
    for (int64_t row = 0; row < a.outer * a.inner; ++row) {
        const int64_t first = row / a.inner * a.length * a.inner + row % a.inner;
        const float *from = input + first;
        float *to = output + first;
        float greatest = from[0];
        for (int64_t i = 1; i < a.length; ++i)
            greatest = qcc_greater_f32(greatest, from[i * a.inner]);
        double lanes[QCC_LANES] = {0.0};
        for (int64_t i = 0; i < a.length; ++i) {
            const float power = qcc_exp_f32(from[i * a.inner] - greatest);
            to[i * a.inner] = power;
            lanes[i % QCC_LANES] += (double)power;
        }
        const double sum = qcc_add_lanes(lanes);
        for (int64_t i = 0; i < a.length; ++i)
            to[i * a.inner] = (float)((double)to[i * a.inner] / sum);
    }
}

/* scale and bias: length elements each, or NULL */
QCC_INLINE void qcc_layer_norm_f32__portable(const qcc_layer_norm_args a, const float *QCC_RESTRICT input,
                                             const float *QCC_RESTRICT scale, const float *QCC_RESTRICT bias,
                                             float *QCC_RESTRICT output) {
    for (int64_t row = 0; row < a.outer; ++row, input += a.length, output += a.length) {
        double lanes[QCC_LANES] = {0.0};
        qcc_sum_row(input, a.length, lanes);
        const float mean = (float)(qcc_add_lanes(lanes) / (double)a.length);
        double squares[QCC_LANES] = {0.0};
        qcc_sum_squares(input, a.length, mean, squares);
        const double variance = qcc_add_lanes(squares) / (double)a.length;
        const float factor = (float)(1.0 / qcc_sqrt_f64(variance + (double)a.epsilon));
        for (int64_t i = 0; i < a.length; ++i) {
            const float normalized = (input[i] - mean) * factor;
            double result = (double)normalized;
            if (scale != NULL)
                result *= (double)scale[i];
            if (bias != NULL)
                result += (double)bias[i];
            output[i] = (float)result;
        }
    }
}

QCC_INLINE void qcc_batch_norm_f32__portable(const qcc_batch_norm_args a, const float *QCC_RESTRICT input,
                                             const float *QCC_RESTRICT scale, const float *QCC_RESTRICT bias,
                                             const float *QCC_RESTRICT mean, const float *QCC_RESTRICT variance,
                                             float *QCC_RESTRICT output) {
    for (int64_t row = 0; row < a.outer * a.channels; ++row) {
        const int64_t c = row % a.channels;
        const double deviation = qcc_sqrt_f64((double)variance[c] + (double)a.epsilon);
        const float factor = (float)((double)scale[c] / deviation);
        for (int64_t i = row * a.inner; i < (row + 1) * a.inner; ++i) {
            const float centred = input[i] - mean[c];
            output[i] = (float)((double)centred * (double)factor + (double)bias[c]);
        }
    }
}

#endif
