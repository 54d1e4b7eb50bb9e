/* Transposing matrices of three or four rows or columns of bytes (pixels and planes) with NEON; others as portable C.
 */
#ifndef QCC_NEON_COPY_ND_H
#define QCC_NEON_COPY_ND_H

#include "../portable/copy_nd.h"

#if defined(__aarch64__)
#include <arm_neon.h>

/* Planes of 16 pixels become pixels, and back. */
QCC_INLINE QCC_TARGET_NEON void qcc_interleave__neon(int64_t planes, int64_t stride, const uint8_t *from, uint8_t *to) {
    if (planes == 3) {
        const uint8x16x3_t v = {{vld1q_u8(from), vld1q_u8(from + stride), vld1q_u8(from + 2 * stride)}};
        vst3q_u8(to, v);
    } else {
        const uint8x16x4_t v = {
            {vld1q_u8(from), vld1q_u8(from + stride), vld1q_u8(from + 2 * stride), vld1q_u8(from + 3 * stride)}};
        vst4q_u8(to, v);
    }
}

QCC_INLINE QCC_TARGET_NEON void qcc_deinterleave__neon(int64_t planes, int64_t stride, const uint8_t *from,
                                                       uint8_t *to) {
    if (planes == 3) {
        const uint8x16x3_t v = vld3q_u8(from);
        vst1q_u8(to, v.val[0]), vst1q_u8(to + stride, v.val[1]), vst1q_u8(to + 2 * stride, v.val[2]);
    } else {
        const uint8x16x4_t v = vld4q_u8(from);
        vst1q_u8(to, v.val[0]), vst1q_u8(to + stride, v.val[1]), vst1q_u8(to + 2 * stride, v.val[2]);
        vst1q_u8(to + 3 * stride, v.val[3]);
    }
}

QCC_INLINE QCC_TARGET_NEON void qcc_transpose_1__neon(const qcc_transpose_args a, const void *QCC_RESTRICT input,
                                                      void *QCC_RESTRICT output) {
    const int64_t planes = a.rows == 3 || a.rows == 4 ? a.rows : a.columns;
    const int64_t pixels = a.rows * a.columns / (planes > 0 ? planes : 1);
    if (planes != 3 && planes != 4) {
        qcc_transpose(a, 1, input, output);
        return;
    }
    for (int64_t batch = 0; batch < a.batch; batch++) {
        const uint8_t *const from = (const uint8_t *)input + batch * planes * pixels;
        uint8_t *const to = (uint8_t *)output + batch * planes * pixels;
        int64_t i = 0;
        for (; i + 16 <= pixels; i += 16) {
            if (planes == a.rows)
                qcc_interleave__neon(planes, pixels, from + i, to + i * planes);
            else
                qcc_deinterleave__neon(planes, pixels, from + i * planes, to + i);
        }
        for (; i < pixels; i++)
            for (int64_t c = 0; c < planes; c++) {
                if (planes == a.rows)
                    to[i * planes + c] = from[c * pixels + i];
                else
                    to[c * pixels + i] = from[i * planes + c];
            }
    }
}

#endif
#endif
