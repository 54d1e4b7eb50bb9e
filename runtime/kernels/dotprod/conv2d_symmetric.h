/*
 * Convolution of int8 by int8 with sdot by lane: a vector of weights holds four channels times four taps, a lane of
 * activations four taps of one column. Tiles of 4 columns by 16 channels, then 8 by 8 and 8 by 4.
 */
#ifndef QCC_DOTPROD_CONV2D_SYMMETRIC_H
#define QCC_DOTPROD_CONV2D_SYMMETRIC_H

#include "../neon/conv2d_lines.h"
#include "../neon/requantize.h"

#if defined(__aarch64__)
#if defined(__clang__) && __clang_major__ < 16 && !defined(__ARM_FEATURE_DOTPROD)
#error "qcc: dotprod needs gcc 10, clang 16 or zig, or a compiler flag that turns it on"
#endif

/* Two vectors of weights: eight channels times four taps. */
#define QCC_DOT_LOAD(LANE, PAIR)                                                                                       \
    w0 = vld1q_s8(((PAIR) ? second : weights) + (LANE) * 32);                                                          \
    w1 = vld1q_s8(((PAIR) ? second : weights) + (LANE) * 32 + 16);                                                     \
    QCC_LOAD_PAIR(w0, w1);

#define QCC_DOT_VECTOR(LANE, N, W)                                                                                     \
    QCC_UNROLL                                                                                                         \
    for (int32_t i = 0; i < 8; i++)                                                                                    \
        if (i < columns) {                                                                                             \
            acc[i][N] = vdotq_laneq_s32(acc[i][N], W, x[i], LANE);                                                     \
            QCC_IN_ORDER(acc[i][N]);                                                                                   \
        }

/* Four taps of every column times up to eight channels. */
#define QCC_DOT_PAIR(LANE, PAIR)                                                                                       \
    if ((PAIR) * 2 < vectors) {                                                                                        \
        QCC_DOT_LOAD(LANE, PAIR)                                                                                       \
        QCC_DOT_VECTOR(LANE, (PAIR) * 2, w0)                                                                           \
        if ((PAIR) * 2 + 1 < vectors) {                                                                                \
            QCC_DOT_VECTOR(LANE, (PAIR) * 2 + 1, w1)                                                                   \
        }                                                                                                              \
    }

#define QCC_DOT_LANE(LANE)                                                                                             \
    {                                                                                                                  \
        QCC_DOT_PAIR(LANE, 0)                                                                                          \
        QCC_DOT_PAIR(LANE, 1)                                                                                          \
        QCC_LOAD_LATER();                                                                                              \
    }

/* `columns` (1..8) output columns times `width` (1..16) channels, at most 16 vectors; both are literals after inlining.
 */
QCC_INLINE QCC_TARGET_DOTPROD void qcc_conv2d_tile__dotprod(const qcc_conv2d_args a, int32_t columns, int32_t width,
                                                            const int8_t *const *lines, ptrdiff_t offset,
                                                            const int8_t *weights, const int32_t *bias,
                                                            const float *multipliers, void *output, ptrdiff_t at) {
    const qcc_lines_plan p = qcc_conv2d_plan_lines(a);
    const int32_t full = p.run / 16, rest = p.run % 16, vectors = (width + 3) / 4;
    const ptrdiff_t block = (ptrdiff_t)p.rows * ((p.run + 3) / 4) * 32;
    const int8_t *second = weights + block;
    QCC_OWN_POINTER(second);
    int32x4_t acc[8][4];
    int8x16_t x[8], w0, w1;
    QCC_UNROLL
    for (int32_t i = 0; i < 8; i++) {
        x[i] = vdupq_n_s8(0);
        QCC_UNROLL
        for (int32_t n = 0; n < 4; n++)
            acc[i][n] = vld1q_s32(bias + (n < vectors ? n * 4 : 0));
    }
    for (int32_t ky = 0; ky < p.rows; ky++) {
        const int8_t *row = lines[ky] + offset;
        for (int32_t step = 0; step < full + (rest > 0); step++) {
            QCC_UNROLL
            for (int32_t i = 0; i < 8; i++)
                x[i] = i < columns ? vld1q_s8(row + (ptrdiff_t)i * p.pixel_step) : x[i];
            if (rest > 0 && step == full)
                break;
            QCC_DOT_LANE(0)
            QCC_DOT_LANE(1)
            QCC_DOT_LANE(2)
            QCC_DOT_LANE(3)
            weights += 128;
            second += 128;
            row += 16;
        }
        if (rest > 0) {
            QCC_DOT_LANE(0)
            if (rest > 4)
                QCC_DOT_LANE(1)
            if (rest > 8)
                QCC_DOT_LANE(2)
            if (rest > 12)
                QCC_DOT_LANE(3)
            weights += (rest + 3) / 4 * 32;
            second += (rest + 3) / 4 * 32;
        }
    }
    float32x4_t scales[4];
    QCC_UNROLL
    for (int32_t n = 0; n < 4; n++)
        scales[n] = vld1q_f32(multipliers + (n < vectors ? n * 4 : 0));
    QCC_UNROLL
    for (int32_t i = 0; i < columns; i++)
        qcc_store_sums__neon(a, width, acc[i], scales, output, at + (ptrdiff_t)i * a.output_step);
}

/* All columns of one row times `width` channels. */
QCC_INLINE QCC_TARGET_DOTPROD void qcc_conv2d_columns__dotprod(const qcc_conv2d_args a, int32_t columns, int32_t width,
                                                               const int8_t *const *lines, const int8_t *weights,
                                                               const int32_t *bias, const float *multipliers,
                                                               void *output, ptrdiff_t at) {
    const ptrdiff_t step = qcc_conv2d_plan_lines(a).pixel_step;
    const int32_t tile = width > 8 ? 4 : 8;
    int32_t x = 0;
    for (; x + tile <= columns; x += tile)
        qcc_conv2d_tile__dotprod(a, tile, width, lines, x * step, weights, bias, multipliers, output,
                                 at + (ptrdiff_t)x * a.output_step);
    const int32_t rest = a.output_width % tile; /* blocks of columns are multiples of 8 */
    if (rest != 0 && x < columns)
        qcc_conv2d_tile__dotprod(a, rest, width, lines, x * step, weights, bias, multipliers, output,
                                 at + (ptrdiff_t)x * a.output_step);
}

QCC_INLINE QCC_TARGET_DOTPROD void qcc_conv2d_line__dotprod(const qcc_conv2d_args a, int32_t columns,
                                                            const int8_t *const *lines, const int8_t *weights,
                                                            const int32_t *bias, const float *multipliers,
                                                            void *output) {
    const qcc_lines_plan p = qcc_conv2d_plan_lines(a);
    const int32_t channels = a.output_channels / a.groups;
    const ptrdiff_t block = (ptrdiff_t)p.rows * ((p.run + 3) / 4) * 32;
    int32_t n = 0;
    for (; n + 16 <= channels; n += 16)
        qcc_conv2d_columns__dotprod(a, columns, 16, lines, weights + n / 8 * block, bias + n, multipliers + n, output,
                                    n);
    for (; n + 8 <= channels; n += 8)
        qcc_conv2d_columns__dotprod(a, columns, 8, lines, weights + n / 8 * block, bias + n, multipliers + n, output,
                                    n);
    if (channels % 8 != 0)
        qcc_conv2d_columns__dotprod(a, columns, channels % 8, lines, weights + n / 8 * block, bias + n, multipliers + n,
                                    output, n);
}

QCC_CONV2D_LINES_DRIVER(qcc_conv2d_s8s8_symmetric_8x8c4__dotprod, dotprod, QCC_TARGET_DOTPROD, 8, 4)

#endif
#endif
