/*
 * Quantization with a range that is taken at run time (docs/numerics.md, dynamic): the range becomes a scale and a zero
 * point, these quantize the input, and make the int32 bias and the float factors of a convolution with float output.
 */
#ifndef QCC_PORTABLE_DYNAMIC_H
#define QCC_PORTABLE_DYNAMIC_H

#include "qcc_runtime.h"

typedef struct {
    int64_t length;
    float minimum, maximum; /* the range is clipped to these real numbers, which hold 0 */
} qcc_dynamic_args;

typedef struct {
    int32_t channels;
    int32_t activation_offset; /* what the kernel adds to stored inputs */
} qcc_dynamic_bias_args;

/* By comparisons: x - x of a product could be fused into its rounding error. */
QCC_INLINE float qcc_finite(float x) { return x >= -0x1.fffffep127f && x <= 0x1.fffffep127f ? x : 0.0f; }

/* lo = min(0, min x) and hi = max(0, max x) over the finite elements, 16 lanes at a time. */
QCC_INLINE void qcc_dynamic_bounds(int64_t length, const float *input, float *low, float *high) {
    float lows[16] = {0}, highs[16] = {0};
    for (int64_t i = 0; i + 16 <= length; i += 16) {
        for (int32_t lane = 0; lane < 16; lane++) {
            const float x = qcc_finite(input[i + lane]);
            lows[lane] = qcc_min_f32(x, lows[lane]);
            highs[lane] = qcc_max_f32(x, highs[lane]);
        }
    }
    for (int64_t i = length - length % 16; i < length; i++) {
        const float x = qcc_finite(input[i]);
        lows[0] = qcc_min_f32(x, lows[0]);
        highs[0] = qcc_max_f32(x, highs[0]);
    }
    *low = lows[0];
    *high = highs[0];
    for (int32_t lane = 1; lane < 16; lane++) {
        *low = qcc_min_f32(lows[lane], *low);
        *high = qcc_max_f32(highs[lane], *high);
    }
}

/* s = (hi - lo) / 255, or 1 where that is less than `least` or not finite. */
QCC_INLINE float qcc_dynamic_scale(float low, float high, float least) {
    const float scale = (high - low) / 255.0f;
    return scale >= least && scale <= 0x1.fffffep127f ? scale : 1.0f;
}

/* rne(zero - lo / s), clamped to [minimum, maximum]; integers bound it, so clamping first is the same. */
QCC_INLINE int32_t qcc_dynamic_zero_point(float zero, float low, float scale, float minimum, float maximum) {
    const float exact = zero - low / scale;
    return qcc_rne(qcc_min_f32(maximum, qcc_max_f32(minimum, exact)));
}

/* The parameters of a measured range, clipped to real [minimum, maximum] and widened to hold 0. */
QCC_INLINE qcc_dynamic qcc_dynamic_of_range(float low, float high, float minimum, float maximum) {
    const float lowest = qcc_min_f32(0.0f, qcc_max_f32(qcc_finite(low), minimum));
    const float highest = qcc_max_f32(0.0f, qcc_min_f32(qcc_finite(high), maximum));
    qcc_dynamic result;
    result.scale = qcc_dynamic_scale(lowest, highest, 0x1p-126f);
    result.zero_point = (float)qcc_dynamic_zero_point(-128.0f, lowest, result.scale, -128.0f, 127.0f);
    return result;
}

QCC_INLINE void qcc_dynamic_range_f32__portable(const qcc_dynamic_args a, const float *QCC_RESTRICT input,
                                                qcc_dynamic *QCC_RESTRICT output) {
    float low, high;
    qcc_dynamic_bounds(a.length, input, &low, &high);
    *output = qcc_dynamic_of_range(low, high, a.minimum, a.maximum);
}

/* Steps of a grid, clamped to int8 and rounded; NaN gives the zero point. */
QCC_INLINE int8_t qcc_dynamic_round(float steps, float zero_point) {
    const float number = steps == steps ? steps : 0.0f;
    const float low = qcc_max_f32(-128.0f - zero_point, number);
    const float clamped = qcc_min_f32(127.0f - zero_point, low);
    return (int8_t)(qcc_rne(clamped) + (int32_t)zero_point);
}

QCC_INLINE void qcc_dynamic_quantize_f32_s8__portable(const qcc_dynamic_args a, const float *QCC_RESTRICT input,
                                                      const qcc_dynamic *QCC_RESTRICT dynamic,
                                                      int8_t *QCC_RESTRICT output) {
    const float inverse = 1.0f / dynamic->scale, zero_point = dynamic->zero_point;
    for (int64_t i = 0; i < a.length; i++)
        output[i] = qcc_dynamic_round(input[i] * inverse, zero_point);
}

QCC_INLINE void qcc_dynamic_dequantize_s8_f32__portable(const qcc_dynamic_args a, const int8_t *QCC_RESTRICT input,
                                                        const qcc_dynamic *QCC_RESTRICT dynamic,
                                                        float *QCC_RESTRICT output) {
    const float scale = dynamic->scale;
    const int32_t zero_point = (int32_t)dynamic->zero_point;
    for (int64_t i = 0; i < a.length; i++)
        output[i] = (float)(input[i] - zero_point) * scale;
}

/* ONNX DynamicQuantizeLinear: uint8 elements, their scale and their zero point. */
QCC_INLINE void qcc_dynamic_quantize_f32_u8__portable(const qcc_dynamic_args a, const float *QCC_RESTRICT input,
                                                      uint8_t *QCC_RESTRICT output, float *QCC_RESTRICT scale,
                                                      uint8_t *QCC_RESTRICT zero_point) {
    float low, high;
    qcc_dynamic_bounds(a.length, input, &low, &high);
    const float s = qcc_dynamic_scale(low, high, 0x1p-149f);
    const int32_t zero = qcc_dynamic_zero_point(0.0f, low, s, 0.0f, 255.0f);
    *scale = s;
    *zero_point = (uint8_t)zero;
    for (int64_t i = 0; i < a.length; i++)
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
