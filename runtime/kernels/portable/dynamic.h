/*
 * Quantization with a range that is taken at run time (docs/numerics.md, dynamic): the range becomes a scale and a zero
 * point, these quantize the input, and make the int32 bias and the float factors of a convolution with float output.
 */
#ifndef QCC_PORTABLE_DYNAMIC_H
#define QCC_PORTABLE_DYNAMIC_H

#include "qcc_runtime.h"

typedef struct {
    int32_t length;
} qcc_dynamic_args;

typedef struct {
    int32_t channels;
    int32_t activation_offset; /* what the kernel adds to stored inputs */
} qcc_dynamic_bias_args;

/* lo = min(0, min x) and hi = max(0, max x) over the finite elements, 16 lanes at a time. */
QCC_INLINE void qcc_dynamic_bounds(int32_t length, const float *input, float *low, float *high) {
    float lows[16] = {0}, highs[16] = {0};
    for (int32_t i = 0; i < length; i += 16) {
        const int32_t count = qcc_min_i32(16, length - i);
        for (int32_t lane = 0; lane < count; lane++) {
            const float x = input[i + lane];
            const float finite = x - x == 0.0f ? x : 0.0f;
            lows[lane] = qcc_min_f32(finite, lows[lane]);
            highs[lane] = qcc_max_f32(finite, highs[lane]);
        }
    }
    *low = lows[0];
    *high = highs[0];
    for (int32_t lane = 1; lane < 16; lane++) {
        *low = qcc_min_f32(lows[lane], *low);
        *high = qcc_max_f32(highs[lane], *high);
    }
}

/* s = (hi - lo) / 255, or 1 where that is 0 or not finite. */
QCC_INLINE float qcc_dynamic_scale(float low, float high) {
    const float scale = (high - low) / 255.0f;
    return scale > 0.0f && scale - scale == 0.0f ? scale : 1.0f;
}

/* rne(zero - lo / s), clamped to [minimum, maximum]; integers bound it, so clamping first is the same. */
QCC_INLINE int32_t qcc_dynamic_zero_point(float zero, float low, float scale, float minimum, float maximum) {
    const float exact = zero - low / scale;
    return qcc_rne(qcc_min_f32(maximum, qcc_max_f32(minimum, exact)));
}

QCC_INLINE void qcc_dynamic_range_f32__portable(const qcc_dynamic_args a, const float *QCC_RESTRICT input,
                                                qcc_dynamic *QCC_RESTRICT output) {
    float low, high;
    qcc_dynamic_bounds(a.length, input, &low, &high);
    output->scale = qcc_dynamic_scale(low, high);
    output->zero_point = qcc_dynamic_zero_point(-128.0f, low, output->scale, -128.0f, 127.0f);
}

QCC_INLINE void qcc_dynamic_quantize_f32_s8__portable(const qcc_dynamic_args a, const float *QCC_RESTRICT input,
                                                      const qcc_dynamic *QCC_RESTRICT dynamic,
                                                      int8_t *QCC_RESTRICT output) {
    const float scale = dynamic->scale;
    const int32_t zero_point = dynamic->zero_point;
    for (int32_t i = 0; i < a.length; i++)
        output[i] = qcc_quantize(input[i], scale, zero_point);
}

/* ONNX DynamicQuantizeLinear: uint8 elements, their scale and their zero point. */
QCC_INLINE void qcc_dynamic_quantize_f32_u8__portable(const qcc_dynamic_args a, const float *QCC_RESTRICT input,
                                                      uint8_t *QCC_RESTRICT output, float *QCC_RESTRICT scale,
                                                      uint8_t *QCC_RESTRICT zero_point) {
    float low, high;
    qcc_dynamic_bounds(a.length, input, &low, &high);
    const float s = qcc_dynamic_scale(low, high);
    const int32_t zero = qcc_dynamic_zero_point(0.0f, low, s, 0.0f, 255.0f);
    *scale = s;
    *zero_point = (uint8_t)zero;
    for (int32_t i = 0; i < a.length; i++)
        output[i] = (uint8_t)(qcc_quantize(input[i], s, zero - 128) + 128);
}

/* rne(b / f) clamped to +-2^30; NaN gives 0. */
QCC_INLINE int32_t qcc_dynamic_bias(float bias, float factor) {
    const float limit = 1073741824.0f;
    const float ratio = bias / factor;
    const float number = ratio == ratio ? ratio : 0.0f;
    const float clamped = qcc_min_f32(limit, qcc_max_f32(-limit, number));
    const int integral = clamped >= 16777216.0f || clamped <= -16777216.0f;
    return integral ? (int32_t)clamped : qcc_rne(clamped);
}

/* factors[c] = s * s_w[c]; bias = rne(b / f) - (zero point + offset) * sum of the weights. `bias` may be NULL. */
QCC_INLINE void qcc_dynamic_bias_f32__portable(const qcc_dynamic_bias_args a, const qcc_dynamic *QCC_RESTRICT dynamic,
                                               const int32_t *QCC_RESTRICT weight_sums,
                                               const float *QCC_RESTRICT weight_scales, const float *QCC_RESTRICT bias,
                                               int32_t *QCC_RESTRICT folded, float *QCC_RESTRICT factors) {
    const int64_t offset = (int64_t)dynamic->zero_point + a.activation_offset;
    for (int32_t c = 0; c < a.channels; c++) {
        const float factor = dynamic->scale * weight_scales[c];
        const int32_t own = bias == NULL ? 0 : qcc_dynamic_bias(bias[c], factor);
        factors[c] = factor;
        folded[c] = (int32_t)((int64_t)own - offset * weight_sums[c]);
    }
}

#endif
