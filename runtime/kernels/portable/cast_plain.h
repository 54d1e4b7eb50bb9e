/* nn.cast: floats are truncated to integers and saturate, NaN gives 0; integers wrap around. */
#ifndef QCC_KERNELS_PORTABLE_CAST_PLAIN_H
#define QCC_KERNELS_PORTABLE_CAST_PLAIN_H

#include "casts.h"

/* `limit` is the power of two above the maximum, a float. */
#define QCC_CAST_FROM_FLOAT(suffix, type, minimum, maximum, limit)                                                     \
    QCC_INLINE void qcc_cast_f32_##suffix##__portable(const qcc_cast_args a, const float *QCC_RESTRICT input,          \
                                                      type *QCC_RESTRICT output) {                                     \
        for (int64_t i = 0; i < a.length; ++i) {                                                                       \
            const float x = input[i] == input[i] ? input[i] : 0.0f;                                                    \
            if (x >= (limit))                                                                                          \
                output[i] = maximum;                                                                                   \
            else if (x <= (float)(minimum))                                                                            \
                output[i] = minimum;                                                                                   \
            else                                                                                                       \
                output[i] = (type)x;                                                                                   \
        }                                                                                                              \
    }

QCC_CAST_FROM_FLOAT(s8, int8_t, INT8_MIN, INT8_MAX, 128.0f)
QCC_CAST_FROM_FLOAT(u8, uint8_t, 0, UINT8_MAX, 256.0f)
QCC_CAST_FROM_FLOAT(s32, int32_t, INT32_MIN, INT32_MAX, 2147483648.0f)
QCC_CAST_FROM_FLOAT(s64, int64_t, INT64_MIN, INT64_MAX, 9223372036854775808.0f)

#define QCC_CAST(from, from_type, to, EXPRESSION, to_type)                                                             \
    QCC_INLINE void qcc_cast_##from##_##to##__portable(const qcc_cast_args a, const from_type *QCC_RESTRICT input,     \
                                                       to_type *QCC_RESTRICT output) {                                 \
        for (int64_t i = 0; i < a.length; ++i) {                                                                       \
            const from_type x = input[i];                                                                              \
            output[i] = (to_type)(EXPRESSION);                                                                         \
        }                                                                                                              \
    }

#define QCC_CAST_FROM_INTEGER(from, from_type)                                                                         \
    QCC_CAST(from, from_type, f32, x, float)                                                                           \
    QCC_CAST(from, from_type, s8, x, int8_t)                                                                           \
    QCC_CAST(from, from_type, u8, x, uint8_t)                                                                          \
    QCC_CAST(from, from_type, s32, x, int32_t)                                                                         \
    QCC_CAST(from, from_type, s64, x, int64_t)                                                                         \
    QCC_CAST(from, from_type, bool, x != 0, uint8_t)

QCC_CAST_FROM_INTEGER(s8, int8_t)
QCC_CAST_FROM_INTEGER(u8, uint8_t)
QCC_CAST_FROM_INTEGER(s32, int32_t)
QCC_CAST_FROM_INTEGER(s64, int64_t)
QCC_CAST(f32, float, bool, x != 0.0f, uint8_t)

#endif
