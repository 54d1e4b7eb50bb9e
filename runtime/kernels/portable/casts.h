/* Casts: float to int8 and back, one int8 grid to another, and between plain element types. */
#ifndef QCC_KERNELS_PORTABLE_CASTS_H
#define QCC_KERNELS_PORTABLE_CASTS_H

#include "qcc_runtime.h"

/* minimum and maximum bound the stored integers of a quantization. */
typedef struct {
    int64_t length;
    float scale;
    int32_t zero_point;
    int32_t minimum;
    int32_t maximum;
} qcc_quantize_args;

/* Quantization that also moves the channels (rows) behind the pixels (columns). */
typedef struct {
    int64_t batch;
    int64_t rows;
    int64_t columns;
    int64_t plane; /* elements from one channel of the input to the next: columns, or more */
    float scale;
    int32_t zero_point;
    int32_t minimum;
    int32_t maximum;
} qcc_quantize_transposed_args;

/* One scale and zero point per channel: tensors are outer x channels x inner. */
typedef struct {
    int64_t outer;
    int64_t channels;
    int64_t inner;
    int32_t minimum;
    int32_t maximum;
} qcc_channels_args;

typedef struct {
    int64_t length;
    int32_t input_zero_point;
    float multiplier;
    int32_t zero_point;
    int32_t minimum;
    int32_t maximum;
} qcc_requantize_args;

typedef struct {
    int64_t length;
} qcc_cast_args;

/* qcc_quantize with a range of the stored integers. */
QCC_INLINE int8_t qcc_quantize_within(float x, float scale, int32_t zero_point, int32_t minimum, int32_t maximum) {
    const float scaled = x / scale;
    const float number = scaled == scaled ? scaled : 0.0f;
    const float low = qcc_max_f32((float)(minimum - zero_point), number);
    const float clamped = qcc_min_f32((float)(maximum - zero_point), low);
    return (int8_t)(qcc_rne(clamped) + zero_point);
}

/* int32 needs int64 for the difference; the conversion to float rounds once in both. */
QCC_INLINE float qcc_dequantize(int32_t q, float scale, int32_t zero_point) {
    return (float)((int64_t)q - zero_point) * scale;
}

QCC_INLINE float qcc_dequantize_small(int32_t q, float scale, int32_t zero_point) {
    return (float)(q - zero_point) * scale;
}

QCC_INLINE void qcc_quantize_f32_s8__portable(const qcc_quantize_args a, const float *QCC_RESTRICT input,
                                              int8_t *QCC_RESTRICT output) {
    for (int64_t i = 0; i < a.length; ++i)
        output[i] = qcc_quantize_within(input[i], a.scale, a.zero_point, a.minimum, a.maximum);
}

/* The pixels of one image from `first` on. */
QCC_INLINE void qcc_quantize_pixels(const qcc_quantize_transposed_args *a, const float *input, int64_t first,
                                    int8_t *output) {
    for (int64_t column = first; column < a->columns; ++column) {
        for (int64_t row = 0; row < a->rows; ++row)
            output[column * a->rows + row] =
                qcc_quantize_within(input[row * a->plane + column], a->scale, a->zero_point, a->minimum, a->maximum);
    }
}

QCC_INLINE void qcc_quantize_transposed_f32_s8__portable(const qcc_quantize_transposed_args a,
                                                         const float *QCC_RESTRICT input, int8_t *QCC_RESTRICT output) {
    for (int64_t b = 0; b < a.batch; ++b)
        qcc_quantize_pixels(&a, input + b * a.rows * a.plane, 0, output + b * a.rows * a.columns);
}

QCC_INLINE void qcc_dequantize_s8_f32__portable(const qcc_quantize_args a, const int8_t *QCC_RESTRICT input,
                                                float *QCC_RESTRICT output) {
    for (int64_t i = 0; i < a.length; ++i)
        output[i] = qcc_dequantize_small(input[i], a.scale, a.zero_point);
}

QCC_INLINE void qcc_quantize_channels_f32_s8__portable(const qcc_channels_args a, const float *QCC_RESTRICT input,
                                                       const float *QCC_RESTRICT scales,
                                                       const int32_t *QCC_RESTRICT zero_points,
                                                       int8_t *QCC_RESTRICT output) {
    for (int64_t row = 0; row < a.outer * a.channels; ++row) {
        const int64_t channel = row % a.channels;
        for (int64_t i = row * a.inner; i < (row + 1) * a.inner; ++i)
            output[i] = qcc_quantize_within(input[i], scales[channel], zero_points[channel], a.minimum, a.maximum);
    }
}

QCC_INLINE void qcc_dequantize_channels_s8_f32__portable(const qcc_channels_args a, const int8_t *QCC_RESTRICT input,
                                                         const float *QCC_RESTRICT scales,
                                                         const int32_t *QCC_RESTRICT zero_points,
                                                         float *QCC_RESTRICT output) {
    for (int64_t row = 0; row < a.outer * a.channels; ++row) {
        const int64_t channel = row % a.channels;
        for (int64_t i = row * a.inner; i < (row + 1) * a.inner; ++i)
            output[i] = qcc_dequantize_small(input[i], scales[channel], zero_points[channel]);
    }
}

QCC_INLINE void qcc_dequantize_channels_s32_f32__portable(const qcc_channels_args a, const int32_t *QCC_RESTRICT input,
                                                          const float *QCC_RESTRICT scales,
                                                          const int32_t *QCC_RESTRICT zero_points,
                                                          float *QCC_RESTRICT output) {
    for (int64_t row = 0; row < a.outer * a.channels; ++row) {
        const int64_t channel = row % a.channels;
        for (int64_t i = row * a.inner; i < (row + 1) * a.inner; ++i)
            output[i] = qcc_dequantize(input[i], scales[channel], zero_points[channel]);
    }
}

QCC_INLINE void qcc_dequantize_s32_f32__portable(const qcc_quantize_args a, const int32_t *QCC_RESTRICT input,
                                                 float *QCC_RESTRICT output) {
    for (int64_t i = 0; i < a.length; ++i)
        output[i] = qcc_dequantize(input[i], a.scale, a.zero_point);
}

QCC_INLINE void qcc_requantize_s8__portable(const qcc_requantize_args a, const int8_t *QCC_RESTRICT input,
                                            int8_t *QCC_RESTRICT output) {
    for (int64_t i = 0; i < a.length; ++i)
        output[i] = qcc_requantize(input[i] - a.input_zero_point, a.multiplier, a.zero_point, a.minimum, a.maximum);
}

/* s8 to u8 and back: the same value 128 higher. */
QCC_INLINE void qcc_flip_sign_8__portable(const qcc_cast_args a, const uint8_t *QCC_RESTRICT input,
                                          uint8_t *QCC_RESTRICT output) {
    for (int64_t i = 0; i < a.length; ++i)
        output[i] = (uint8_t)(input[i] ^ 0x80);
}

#endif
