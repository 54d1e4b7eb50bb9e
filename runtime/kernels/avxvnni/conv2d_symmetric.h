/*
 * Convolution of int8 by int8 with AVX-VNNI, for processors that have vpdpbusd without AVX-512. It multiplies unsigned
 * activations by signed weights, so prepared rows hold x + 128, and the bias must hold -128 * sum of the weights
 * (KernelRow.activation_offset). Weights have zero point 0 and are packed as those of AVX-512 VNNI. A tile is up to 6
 * columns by 16 channels: 12 accumulators, two vectors of weights and one of taps fill the registers.
 */
#ifndef QCC_AVXVNNI_CONV2D_SYMMETRIC_H
#define QCC_AVXVNNI_CONV2D_SYMMETRIC_H

#include "../avx2/conv2d.h"

#if defined(__x86_64__)

QCC_INLINE QCC_TARGET_AVXVNNI void qcc_conv2d_fill__avxvnni(uint8_t *row, int32_t zero_point, ptrdiff_t count) {
    __builtin_memset(row, zero_point ^ 0x80, (size_t)count);
}

QCC_INLINE QCC_TARGET_AVXVNNI void qcc_conv2d_take__avxvnni(uint8_t *row, const int8_t *input, ptrdiff_t count) {
    const __m256i sign = _mm256_set1_epi8((char)0x80);
    ptrdiff_t i = 0;
    for (; i + 32 <= count; i += 32) {
        const __m256i bytes = _mm256_loadu_si256((const __m256i *)(const void *)(input + i));
        _mm256_storeu_si256((__m256i *)(void *)(row + i), _mm256_xor_si256(bytes, sign));
    }
    for (const ptrdiff_t end = i + (count & 31); i < end; i++)
        row[i] = (uint8_t)(input[i] ^ 0x80);
}

QCC_INLINE QCC_TARGET_AVXVNNI void qcc_conv2d_residual__avxvnni(const qcc_conv2d_args a, const int8_t *residual,
                                                                int8_t *output, ptrdiff_t count) {
    qcc_conv2d_residual__avx2(a, residual, output, count);
}

/*
 * `columns` (1..6) output columns times `width` (1..16) channels; literals after inlining. Lanes past the last channel
 * hold what follows.
 */
QCC_INLINE QCC_TARGET_AVXVNNI void qcc_conv2d_symmetric_tile__avxvnni(const qcc_conv2d_args a, int32_t columns,
                                                                      int32_t width, int32_t first_slot,
                                                                      const uint8_t *rows, const int8_t *weights,
                                                                      const int32_t *bias, const float *multipliers,
                                                                      void *output, ptrdiff_t at) {
    const qcc_conv2d_plan p = qcc_conv2d_make_plan(a);
    const int32_t steps = (p.run + 3) / 4, packed = qcc_packed_width(a, 16), wide = width > 8;
    const __m256i bias0 = _mm256_loadu_si256((const __m256i *)(const void *)bias);
    const __m256i bias1 = wide ? _mm256_loadu_si256((const __m256i *)(const void *)(bias + 8)) : bias0;
    __m256i acc[6][2];
    QCC_UNROLL
    for (int32_t i = 0; i < 6; i++) {
        acc[i][0] = bias0;
        acc[i][1] = bias1;
    }
    for (int32_t ky = 0; ky < a.kernel_height; ky++) {
        const uint8_t *row = rows + (ptrdiff_t)((first_slot + ky) % p.slots) * p.row_elements;
        for (int32_t step = 0; step < steps; step++) {
            const __m256i w0 = _mm256_loadu_si256((const __m256i *)(const void *)weights);
            const __m256i w1 = wide ? _mm256_loadu_si256((const __m256i *)(const void *)(weights + 32)) : w0;
            QCC_UNROLL
            for (int32_t i = 0; i < columns; i++) {
                int32_t taps;
                __builtin_memcpy(&taps, row + i * p.pixel_step, 4);
                const __m256i x = _mm256_set1_epi32(taps);
                acc[i][0] = _mm256_dpbusd_avx_epi32(acc[i][0], x, w0);
                QCC_KEEP_VECTOR(acc[i][0]);
                if (!wide)
                    continue;
                acc[i][1] = _mm256_dpbusd_avx_epi32(acc[i][1], x, w1);
                QCC_KEEP_VECTOR(acc[i][1]);
            }
            weights += 4 * packed;
            row += 4;
        }
    }
    const __m256 m0 = _mm256_loadu_ps(multipliers), m1 = wide ? _mm256_loadu_ps(multipliers + 8) : m0;
    QCC_UNROLL
    for (int32_t i = 0; i < columns; i += 2)
        qcc_store_two__avx2(a, width, i + 1 < columns, acc[i], acc[i + 1], m0, m1, output,
                            at + (ptrdiff_t)i * a.output_step);
}

/* All columns of one row times `width` channels. */
QCC_INLINE QCC_TARGET_AVXVNNI void qcc_conv2d_symmetric_columns__avxvnni(const qcc_conv2d_args a, int32_t columns,
                                                                         int32_t width, int32_t first_slot,
                                                                         const uint8_t *rows, const int8_t *weights,
                                                                         const int32_t *bias, const float *multipliers,
                                                                         void *output, ptrdiff_t at) {
    const ptrdiff_t step = qcc_conv2d_make_plan(a).pixel_step;
    int32_t x = 0;
    for (; x + 6 <= columns; x += 6)
        qcc_conv2d_symmetric_tile__avxvnni(a, 6, width, first_slot, rows + x * step, weights, bias, multipliers, output,
                                           at + (ptrdiff_t)x * a.output_step);
    const int32_t rest = a.output_width % 6; /* blocks of columns are multiples of 6 */
    if (rest != 0 && x < columns)
        qcc_conv2d_symmetric_tile__avxvnni(a, rest, width, first_slot, rows + x * step, weights, bias, multipliers,
                                           output, at + (ptrdiff_t)x * a.output_step);
}

QCC_INLINE QCC_TARGET_AVXVNNI void
qcc_conv2d_symmetric_row__avxvnni(const qcc_conv2d_args a, int32_t columns, int32_t first_slot, const uint8_t *rows,
                                  const int8_t *weights, const int8_t *weight_zero_points, const int32_t *bias,
                                  const float *multipliers, void *output) {
    const int32_t channels = a.output_channels / a.groups;
    const ptrdiff_t block = (ptrdiff_t)a.kernel_height * ((a.kernel_width * a.channels + 3) / 4) * 64;
    (void)weight_zero_points; /* all are 0 */
    int32_t n = 0;
    for (; n + 16 <= channels; n += 16)
        qcc_conv2d_symmetric_columns__avxvnni(a, columns, 16, first_slot, rows, weights + n / 16 * block, bias + n,
                                              multipliers + n, output, n);
    if (channels % 16 != 0)
        qcc_conv2d_symmetric_columns__avxvnni(a, columns, channels % 16, first_slot, rows, weights + n / 16 * block,
                                              bias + n, multipliers + n, output, n);
}

QCC_CONV2D_PREPARE(avxvnni, QCC_TARGET_AVXVNNI, uint8_t)
QCC_CONV2D_DRIVER(qcc_conv2d_s8s8_symmetric_6x16c4__avxvnni, conv2d_symmetric, avxvnni, QCC_TARGET_AVXVNNI, uint8_t, 16,
                  4)

#endif
#endif
