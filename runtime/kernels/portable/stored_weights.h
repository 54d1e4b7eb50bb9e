/*
 * Weights of 8 or 4 bits under float arithmetic: w = (float)q * scale, one scale per output channel, made on the fly
 * for 16 channels at a time. Packed weights are runs of 16 channels per tap; of int4 the low four bits of byte n are
 * channel n, the high ones channel n + 8. Padding channels have scale 0.
 */
#ifndef QCC_PORTABLE_STORED_WEIGHTS_H
#define QCC_PORTABLE_STORED_WEIGHTS_H

#include "qcc_runtime.h"

/* Taps that are dequantized at once: 8 kB of double, which stay in a first-level cache. */
enum { QCC_STORED_TAPS = 64 };

/* Bytes of one tap of 16 channels. */
enum { QCC_STORED_BYTES_S8 = 16, QCC_STORED_BYTES_S4 = 8 };

/* The 16 scales of a block of channels, which are stored as bfloat16. */
QCC_INLINE void qcc_stored_scales(const uint16_t *from, float *QCC_RESTRICT to) {
    for (int32_t n = 0; n < 16; n++) {
        const uint32_t bits = (uint32_t)from[n] << 16;
        __builtin_memcpy(to + n, &bits, 4);
    }
}

/* The integers of one tap. */
QCC_INLINE void qcc_stored_read_s8(const uint8_t *from, float *QCC_RESTRICT to) {
    for (int32_t n = 0; n < 16; n++)
        to[n] = (float)(int8_t)from[n];
}

QCC_INLINE void qcc_stored_read_s4(const uint8_t *from, float *QCC_RESTRICT to) {
    for (int32_t n = 0; n < 8; n++) {
        const int32_t low = from[n] & 15, high = from[n] >> 4;
        to[n] = (float)((low ^ 8) - 8);
        to[n + 8] = (float)((high ^ 8) - 8);
    }
}

/* Taps of 16 channels in double; the product is a float32 operation of its own (docs/numerics.md, dequantize). */
#define QCC_STORED_EXPAND(TYPE, BYTES)                                                                                 \
    QCC_INLINE void qcc_stored_expand_##TYPE(int32_t taps, const uint8_t *from, const float *scales,                   \
                                             double *QCC_RESTRICT to) {                                                \
        for (int32_t k = 0; k < taps; k++) {                                                                           \
            float q[16];                                                                                               \
            qcc_stored_read_##TYPE(from + (ptrdiff_t)k * BYTES, q);                                                    \
            for (int32_t n = 0; n < 16; n++) {                                                                         \
                const float w = q[n] * scales[n];                                                                      \
                to[(ptrdiff_t)k * 16 + n] = (double)w;                                                                 \
            }                                                                                                          \
        }                                                                                                              \
    }

QCC_STORED_EXPAND(s8, QCC_STORED_BYTES_S8)
QCC_STORED_EXPAND(s4, QCC_STORED_BYTES_S4)

/*
 * What accumulators of an output position start with, for the 16 channels from `first`: the bias, those past `width` 0.
 * Biases are float32 or, where `is_short`, bfloat16; `bias` may be NULL.
 */
QCC_INLINE void qcc_stored_bias(int32_t first, int32_t width, const uint16_t *bias, int32_t is_short,
                                double *QCC_RESTRICT to) {
    for (int32_t n = 0; n < 16; n++) {
        float value = 0.0f;
        if (bias != NULL && n < width) {
            if (is_short) {
                const uint32_t bits = (uint32_t)bias[first + n] << 16;
                __builtin_memcpy(&value, &bits, 4);
            } else {
                __builtin_memcpy(&value, bias + 2 * (ptrdiff_t)(first + n), 4);
            }
        }
        to[n] = (double)value;
    }
}

QCC_INLINE void qcc_stored_start(const double *bias, double *QCC_RESTRICT acc) {
    for (int32_t n = 0; n < 16; n++)
        acc[n] = bias[n];
}

typedef struct {
    int64_t rows, columns, row_bytes;
} qcc_unpack_args;

/* Rows of int4, two to a byte (the first in the low bits), as int8. */
QCC_INLINE void qcc_unpack_s4__portable(const qcc_unpack_args a, const uint8_t *QCC_RESTRICT input,
                                        int8_t *QCC_RESTRICT output) {
    for (int64_t row = 0; row < a.rows; row++) {
        for (int64_t i = 0; i < a.columns; i++) {
            const int32_t q = (input[row * a.row_bytes + i / 2] >> (i % 2 * 4)) & 15;
            output[row * a.columns + i] = (int8_t)((q ^ 8) - 8);
        }
    }
}

#endif
