/*
 * Product of two int8 activations: rhs is packed at run time, its column sums and the zero point of lhs go into the
 * bias, and the convolution kernel of the ISA does the rest. Leading axes broadcast.
 */
#ifndef QCC_PORTABLE_MATMUL_H
#define QCC_PORTABLE_MATMUL_H

#include "conv2d.h"

typedef struct {
    int32_t dims[6], lhs_strides[6], rhs_strides[6]; /* of the leading axes, in elements of lhs and rhs */
    int32_t rows, depth, columns;
    int32_t row_block; /* rows per walk over rhs: rows, or less and a multiple of MR */
    int32_t lhs_zero_point, zero_point, minimum, maximum;
    int32_t tile_depth, tile_pixels, no_overflow; /* as in qcc_conv2d_args */
    int32_t rhs_parts; /* int8 matrices whose sum is rhs minus its zero points (amx/matmul_tiles.h) */
} qcc_matmul_args;

QCC_INLINE ptrdiff_t qcc_matmul_align(ptrdiff_t bytes) { return (bytes + 63) / 64 * 64; }

/* Packs rhs [depth, columns] as convolution weights; taps past the end are the zero point. */
QCC_INLINE void qcc_matmul_pack(const qcc_matmul_args a, int32_t nr, int32_t kr, const int8_t *rhs,
                                const int8_t *rhs_zero_points, int8_t *QCC_RESTRICT packed) {
    const int32_t depth = (a.depth + kr - 1) / kr * kr;
    for (int32_t n = 0; n < a.columns; n += nr) {
        const int32_t width = qcc_min_i32(nr, a.columns - n);
        for (int32_t k = 0; k < depth; k++) {
            int8_t *const to = packed + (ptrdiff_t)n * depth + (ptrdiff_t)(k / kr) * nr * kr + k % kr;
            for (int32_t i = 0; i < width; i++) {
                const int8_t zero = rhs_zero_points == NULL ? 0 : rhs_zero_points[n + i];
                to[i * kr] = k < a.depth ? rhs[(ptrdiff_t)k * a.columns + n + i] : zero;
            }
            for (int32_t i = width; i < nr; i++)
                to[i * kr] = 0;
        }
    }
}

/* sums = bias - (zp_lhs + offset) * sum over k of (rhs - zp_rhs) */
QCC_INLINE void qcc_matmul_bias(const qcc_matmul_args a, int32_t offset, const int8_t *rhs,
                                const int8_t *rhs_zero_points, const int32_t *bias, int32_t *QCC_RESTRICT sums) {
    for (int32_t n = 0; n < a.columns; n++)
        sums[n] = rhs_zero_points == NULL ? 0 : -a.depth * rhs_zero_points[n];
    for (int32_t k = 0; k < a.depth; k++)
        for (int32_t n = 0; n < a.columns; n++)
            sums[n] += rhs[(ptrdiff_t)k * a.columns + n];
    for (int32_t n = 0; n < a.columns; n++)
        sums[n] = bias[n] - (a.lhs_zero_point + offset) * sums[n];
}

/* Where matrix number `i` of an operand begins. */
QCC_INLINE ptrdiff_t qcc_matmul_offset(const int32_t *dims, const int32_t *strides, ptrdiff_t i) {
    ptrdiff_t offset = 0;
    for (int32_t axis = 5; axis >= 0; axis--) {
        offset += i % dims[axis] * strides[axis];
        i /= dims[axis];
    }
    return offset;
}

QCC_INLINE qcc_conv2d_args qcc_matmul_convolution(const qcc_matmul_args a) {
    const qcc_conv2d_args c = {
        .batch = 1,
        .input_height = 1,
        .input_width = a.rows,
        .channels = a.depth,
        .output_height = 1,
        .output_width = a.rows,
        .output_channels = a.columns,
        .output_step = a.columns,
        .groups = 1,
        .kernel_height = 1,
        .kernel_width = 1,
        .stride_y = 1,
        .stride_x = 1,
        .dilation_y = 1,
        .dilation_x = 1,
        .column_block = a.row_block,
        .whole_quads = a.depth % 4 == 0,
        .zero_point = a.zero_point,
        .minimum = a.minimum,
        .maximum = a.maximum,
    };
    return c;
}

/* OFFSET: what the convolution adds to stored inputs (KernelRow.activation_offset). */
#define QCC_MATMUL_DRIVER(NAME, CONV2D, TARGET, NR, KR, OFFSET)                                                        \
    QCC_INLINE TARGET void NAME(const qcc_matmul_args a, const int8_t *QCC_RESTRICT lhs,                               \
                                const int8_t *QCC_RESTRICT rhs, const int8_t *QCC_RESTRICT rhs_zero_points,            \
                                const int32_t *QCC_RESTRICT bias, const float *QCC_RESTRICT multipliers,               \
                                int8_t *QCC_RESTRICT output, void *QCC_RESTRICT scratch) {                             \
        const ptrdiff_t depth = (a.depth + KR - 1) / KR * KR, columns = (a.columns + NR - 1) / NR * NR;                \
        int8_t *const packed = (int8_t *)scratch;                                                                      \
        int32_t *const sums = (int32_t *)(void *)(packed + qcc_matmul_align(depth * columns));                         \
        void *const rows = (char *)sums + qcc_matmul_align(columns * 4);                                               \
        ptrdiff_t count = 1, last = -1;                                                                                \
        for (int32_t axis = 0; axis < 6; axis++)                                                                       \
            count *= a.dims[axis];                                                                                     \
        for (ptrdiff_t i = 0; i < count; i++) {                                                                        \
            const ptrdiff_t at = qcc_matmul_offset(a.dims, a.rhs_strides, i);                                          \
            if (at != last) {                                                                                          \
                qcc_matmul_pack(a, qcc_min_i32(NR, a.columns), KR, rhs + at, rhs_zero_points, packed);                 \
                qcc_matmul_bias(a, (OFFSET), rhs + at, rhs_zero_points, bias, sums);                                   \
                last = at;                                                                                             \
            }                                                                                                          \
            CONV2D(qcc_matmul_convolution(a), lhs + qcc_matmul_offset(a.dims, a.lhs_strides, i), packed,               \
                   rhs_zero_points, sums, multipliers, NULL, NULL, output + i * a.rows * a.columns, rows);             \
        }                                                                                                              \
    }

QCC_MATMUL_DRIVER(qcc_matmul_s8s8_1x16c1__portable, qcc_conv2d_s8s8_1x16c1__portable, QCC_NO_TARGET, 16, 1, 0)

#endif
