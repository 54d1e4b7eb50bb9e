/*
 * Convolution of int8 by int8 with smmla: a vector of weights holds two channels times eight taps, one of activations
 * two columns times eight taps, and their product is four sums. Tiles of 8 columns by 8 channels. The `shared` form
 * reads weights packed as for sdot, so that a library for several targets holds them once, for a zip per vector.
 */
#ifndef QCC_I8MM_CONV2D_SYMMETRIC_H
#define QCC_I8MM_CONV2D_SYMMETRIC_H

#include "../neon/conv2d_lines.h"
#include "../neon/requantize.h"

#if defined(__aarch64__)
#if defined(__clang__) && __clang_major__ < 16 && !defined(__ARM_FEATURE_MATMUL_INT8)
#error "qcc: i8mm needs gcc 10, clang 16 or zig, or a compiler flag that turns it on"
#endif

QCC_INLINE QCC_TARGET_NEON int8x16_t qcc_zip_low__neon(int8x16_t a, int8x16_t b) {
    return vreinterpretq_s8_s64(vzip1q_s64(vreinterpretq_s64_s8(a), vreinterpretq_s64_s8(b)));
}

QCC_INLINE QCC_TARGET_NEON int8x16_t qcc_zip_high__neon(int8x16_t a, int8x16_t b) {
    return vreinterpretq_s8_s64(vzip2q_s64(vreinterpretq_s64_s8(a), vreinterpretq_s64_s8(b)));
}

QCC_INLINE QCC_TARGET_NEON int8x16_t qcc_zip_low_taps__neon(int8x16_t a, int8x16_t b) {
    return vreinterpretq_s8_s32(vzip1q_s32(vreinterpretq_s32_s8(a), vreinterpretq_s32_s8(b)));
}

QCC_INLINE QCC_TARGET_NEON int8x16_t qcc_zip_high_taps__neon(int8x16_t a, int8x16_t b) {
    return vreinterpretq_s8_s32(vzip2q_s32(vreinterpretq_s32_s8(a), vreinterpretq_s32_s8(b)));
}

/* Eight taps of two columns times two channels, for every pair of columns. */
#define QCC_MATRIX_VECTOR(X, N, W)                                                                                     \
    QCC_UNROLL                                                                                                         \
    for (int32_t i = 0; i < 4; i++)                                                                                    \
        if (i * 2 < columns) {                                                                                         \
            acc[i][N] = vmmlaq_s32(acc[i][N], X[i], W);                                                                \
            QCC_IN_ORDER(acc[i][N]);                                                                                   \
        }

/* Eight taps of every column times `vectors` * 2 channels. */
#define QCC_MATRIX_STEP(X)                                                                                             \
    {                                                                                                                  \
        QCC_MATRIX_WEIGHTS(0)                                                                                          \
        QCC_MATRIX_VECTOR(X, 0, w0)                                                                                    \
        if (vectors > 1) {                                                                                             \
            QCC_MATRIX_VECTOR(X, 1, w1)                                                                                \
        }                                                                                                              \
        if (vectors > 2) {                                                                                             \
            QCC_MATRIX_WEIGHTS(2)                                                                                      \
            QCC_MATRIX_VECTOR(X, 2, w0)                                                                                \
            if (vectors > 3) {                                                                                         \
                QCC_MATRIX_VECTOR(X, 3, w1)                                                                            \
            }                                                                                                          \
        }                                                                                                              \
        QCC_LOAD_LATER();                                                                                              \
    }

/* Two vectors of weights; packed as for sdot (`shared`) they hold half of the taps of twice as many channels. */
#define QCC_MATRIX_WEIGHTS(N)                                                                                          \
    w0 = vld1q_s8(weights + (shared ? (N) * 8 : (N) * 16));                                                            \
    w1 = vld1q_s8(weights + (shared ? (N) * 8 + 32 : (N) * 16 + 16));                                                  \
    QCC_LOAD_PAIR(w0, w1);                                                                                             \
    if (shared) {                                                                                                      \
        const int8x16_t later = four_taps ? vdupq_n_s8(0) : w1;                                                        \
        w1 = qcc_zip_high_taps__neon(w0, later);                                                                       \
        w0 = qcc_zip_low_taps__neon(w0, later);                                                                        \
    }

/* 16 taps of every column as pairs of columns: the first eight in `low`, the others in `high`. */
#define QCC_MATRIX_LOAD()                                                                                              \
    QCC_UNROLL                                                                                                         \
    for (int32_t i = 0; i < 4; i++)                                                                                    \
        if (i * 2 < columns) {                                                                                         \
            const int8x16_t x0 = vld1q_s8(row + (ptrdiff_t)(i * 2) * p.pixel_step);                                    \
            const int8x16_t x1 = i * 2 + 1 < columns ? vld1q_s8(row + (ptrdiff_t)(i * 2 + 1) * p.pixel_step) : x0;     \
            low[i] = qcc_zip_low__neon(x0, x1);                                                                        \
            high[i] = qcc_zip_high__neon(x0, x1);                                                                      \
        }

/* `columns` (1..8) output columns times `width` (1..8) channels; both are literals after inlining. */
QCC_INLINE QCC_TARGET_I8MM void qcc_conv2d_tile__i8mm(const qcc_conv2d_args a, int32_t shared, int32_t columns,
                                                      int32_t width, const int8_t *const *lines, ptrdiff_t offset,
                                                      const int8_t *weights, const int32_t *bias,
                                                      const float *multipliers, void *output, ptrdiff_t at) {
    const qcc_lines_plan p = qcc_conv2d_plan_lines(a);
    const int32_t full = p.run / 16, rest = p.run % 16, vectors = (width + 1) / 2;
    int32x4_t acc[4][4];
    int8x16_t low[4], high[4], w0, w1;
    QCC_UNROLL
    for (int32_t n = 0; n < 4; n++) {
        const int64x2_t pair = vreinterpretq_s64_s32(vcombine_s32(vld1_s32(bias + n * 2), vld1_s32(bias + n * 2)));
        QCC_UNROLL
        for (int32_t i = 0; i < 4; i++) {
            acc[i][n] = vreinterpretq_s32_s64(pair);
            low[i] = high[i] = vdupq_n_s8(0);
        }
    }
    for (int32_t ky = 0; ky < p.rows; ky++) {
        const int8_t *row = lines[ky] + offset;
        int32_t four_taps = 0;
        for (int32_t step = 0; step < full; step++) {
            QCC_MATRIX_LOAD()
            QCC_MATRIX_STEP(low)
            weights += 64;
            QCC_MATRIX_STEP(high)
            weights += 64;
            row += 16;
        }
        if (rest > 0) {
            QCC_MATRIX_LOAD()
            four_taps = rest <= 4;
            QCC_MATRIX_STEP(low)
            weights += shared && four_taps ? 32 : 64;
            four_taps = rest <= 12;
            if (rest > 8) {
                QCC_MATRIX_STEP(high)
                weights += shared && four_taps ? 32 : 64;
            }
        }
    }
    const float32x4_t scales[4] = {vld1q_f32(multipliers), vld1q_f32(multipliers + 4), vld1q_f32(multipliers),
                                   vld1q_f32(multipliers + 4)};
    QCC_UNROLL
    for (int32_t i = 0; i < 4; i++) {
        if (i * 2 >= columns)
            continue;
        int32x4_t sums[4];
        QCC_UNROLL
        for (int32_t n = 0; n < 2; n++) {
            const int64x2_t first = vreinterpretq_s64_s32(acc[i][n * 2]);
            const int64x2_t second = vreinterpretq_s64_s32(acc[i][n * 2 + 1]);
            sums[n] = vreinterpretq_s32_s64(vzip1q_s64(first, second));
            sums[n + 2] = vreinterpretq_s32_s64(vzip2q_s64(first, second));
        }
        qcc_store_pair__neon(a, i * 2 + 1 < columns, width, sums, scales, output,
                             at + (ptrdiff_t)(i * 2) * a.output_step);
    }
}

/* All columns of one row times `width` channels. */
QCC_INLINE QCC_TARGET_I8MM void qcc_conv2d_columns__i8mm(const qcc_conv2d_args a, int32_t shared, int32_t columns,
                                                         int32_t width, const int8_t *const *lines,
                                                         const int8_t *weights, const int32_t *bias,
                                                         const float *multipliers, void *output, ptrdiff_t at) {
    const ptrdiff_t step = qcc_conv2d_plan_lines(a).pixel_step;
    int32_t x = 0;
    for (; x + 8 <= columns; x += 8)
        qcc_conv2d_tile__i8mm(a, shared, 8, width, lines, x * step, weights, bias, multipliers, output,
                              at + (ptrdiff_t)x * a.output_step);
    const int32_t rest = a.output_width % 8; /* blocks of columns are multiples of 8 */
    if (rest != 0 && x < columns)
        qcc_conv2d_tile__i8mm(a, shared, rest, width, lines, x * step, weights, bias, multipliers, output,
                              at + (ptrdiff_t)x * a.output_step);
}

QCC_INLINE QCC_TARGET_I8MM void qcc_conv2d_rows__i8mm(const qcc_conv2d_args a, int32_t shared, int32_t columns,
                                                      const int8_t *const *lines, const int8_t *weights,
                                                      const int32_t *bias, const float *multipliers, void *output) {
    const qcc_lines_plan p = qcc_conv2d_plan_lines(a);
    const int32_t channels = a.output_channels / a.groups;
    const ptrdiff_t block = (ptrdiff_t)p.rows * (shared ? (p.run + 3) / 4 * 32 : (p.run + 7) / 8 * 64);
    int32_t n = 0;
    for (; n + 8 <= channels; n += 8)
        qcc_conv2d_columns__i8mm(a, shared, columns, 8, lines, weights + n / 8 * block, bias + n, multipliers + n,
                                 output, n);
    if (channels % 8 != 0)
        qcc_conv2d_columns__i8mm(a, shared, columns, channels % 8, lines, weights + n / 8 * block, bias + n,
                                 multipliers + n, output, n);
}

QCC_INLINE QCC_TARGET_I8MM void qcc_conv2d_line__i8mm(const qcc_conv2d_args a, int32_t columns,
                                                      const int8_t *const *lines, const int8_t *weights,
                                                      const int32_t *bias, const float *multipliers, void *output) {
    qcc_conv2d_rows__i8mm(a, 0, columns, lines, weights, bias, multipliers, output);
}

QCC_INLINE QCC_TARGET_I8MM void qcc_conv2d_line__i8mm_shared(const qcc_conv2d_args a, int32_t columns,
                                                             const int8_t *const *lines, const int8_t *weights,
                                                             const int32_t *bias, const float *multipliers,
                                                             void *output) {
    qcc_conv2d_rows__i8mm(a, 1, columns, lines, weights, bias, multipliers, output);
}

QCC_CONV2D_LINES_DRIVER(qcc_conv2d_s8s8_symmetric_8x8c8__i8mm, i8mm, QCC_TARGET_I8MM, 8, 8)
QCC_CONV2D_LINES_DRIVER(qcc_conv2d_s8s8_shared_8x8c4__i8mm, i8mm_shared, QCC_TARGET_I8MM, 8, 4)

#endif
#endif
