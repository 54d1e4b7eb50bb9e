/*
 * Convolution of int8 by int8, 3x3 of stride 1, by Winograd's F(4x4, 3x3) in exact integers (winograd.h): a tile of
 * 4x4 outputs costs 36 products instead of 144. Weights have zero point 0 and are packed 16c4 as for other kernels;
 * they are transformed at run time, 16 output channels at a time, once for every a.band_rows output rows.
 *
 * For every one of the 36 points there is a matrix product: tiles by channels, times channels by 16 output channels.
 * Its operands lie in scratch as they are read: inputs [group][point][tile][channel], weights [16 output channels]
 * [point][pair of channels][output channel][2]. |sum| < 2^25 is proven by the compiler.
 *
 * An instruction set gives, for groups of so many tiles,
 *   void qcc_winograd_multiply__<isa>(a, tiles, weights, sums)
 * which multiplies one point of a group by 16 output channels; the macro at the end makes the rest.
 */
#ifndef QCC_AVX2_WINOGRAD_DRIVER_H
#define QCC_AVX2_WINOGRAD_DRIVER_H

#include "winograd.h"

#if defined(__x86_64__)

/* Distances are in elements; one more cache line per point keeps points in different sets of the caches. */
typedef struct {
    int32_t across, down;   /* tiles of an image */
    int32_t strips;         /* rows of tiles whose inputs are transformed together */
    int32_t group;          /* tiles that are multiplied at once */
    ptrdiff_t input_point;  /* of a group */
    ptrdiff_t input_group;  /* from a group to the next */
    ptrdiff_t weight_point; /* of 16 output channels */
    ptrdiff_t sum_point;
} qcc_winograd_plan;

QCC_INLINE qcc_winograd_plan qcc_winograd_make_plan(const qcc_conv2d_args a, int32_t group) {
    qcc_winograd_plan p;
    p.across = (a.output_width + 3) / 4;
    p.down = (a.output_height + 3) / 4;
    p.strips = a.band_rows / 4;
    p.group = group;
    p.input_point = (ptrdiff_t)group * a.channels + 32;
    p.input_group = QCC_WINOGRAD_POINTS * p.input_point;
    p.weight_point = (ptrdiff_t)16 * a.channels + 32;
    p.sum_point = (ptrdiff_t)16 * a.tile_block + 16;
    return p;
}

/* 16 channels of one row of tiles, the first of which is number `tile` of the band. */
QCC_INLINE QCC_TARGET_AVX2 void qcc_winograd_strip__avx2(const qcc_conv2d_args a, const qcc_winograd_plan p,
                                                         const int8_t *image, int32_t top, int32_t tile,
                                                         int32_t channel, const int8_t *padding, int16_t *columns,
                                                         int16_t *to) {
    const int32_t count = 4 * p.across + 2, left = qcc_min_i32(a.pad_left, count);
    const int32_t within = qcc_min_i32(a.input_width, count - left);
    const int32_t parts[3] = {left, within, count - left - within}; /* the image between its padding */
    int16_t *next = columns;
    for (int32_t part = 0; part < 3; part++) {
        const int8_t *lines[6];
        ptrdiff_t steps[6];
        for (int32_t i = 0; i < 6; i++) {
            const int32_t y = top + i;
            const int inside = part == 1 && y >= 0 && y < a.input_height;
            lines[i] = inside ? image + (ptrdiff_t)y * a.input_width * a.channels + channel : padding;
            steps[i] = inside ? a.channels : 0;
        }
        qcc_winograd_columns__avx2(lines, steps, parts[part], next);
        next += (ptrdiff_t)96 * parts[part];
    }
    for (int32_t x = 0; x < p.across; x++, tile++)
        qcc_winograd_rows__avx2(columns + (ptrdiff_t)4 * 96 * x, p.input_point,
                                to + tile / p.group * p.input_group + (ptrdiff_t)(tile % p.group) * a.channels +
                                    channel);
}

/* `count` rows of tiles, from row `first` of all images on. The last 16 channels may overlap those before them. */
QCC_INLINE QCC_TARGET_AVX2 void qcc_winograd_band__avx2(const qcc_conv2d_args a, const qcc_winograd_plan p,
                                                        const int8_t *input, int32_t first, int32_t count,
                                                        int16_t *columns, int16_t *to) {
    int8_t padding[16];
    __builtin_memset(padding, a.input_zero_point & 0xff, sizeof padding);
    for (int32_t s = 0; s < count; s++) {
        const int8_t *const image =
            input + (ptrdiff_t)((first + s) / p.down) * a.input_height * a.input_width * a.channels;
        const int32_t top = (first + s) % p.down * 4 - a.pad_top;
        for (int32_t c = 0; c < a.channels; c += 16)
            qcc_winograd_strip__avx2(a, p, image, top, s * p.across, qcc_min_i32(c, a.channels - 16), padding, columns,
                                     to);
    }
}

/* The weights of 16 output channels. */
QCC_INLINE QCC_TARGET_AVX2 void qcc_winograd_block__avx2(const qcc_conv2d_args a, const qcc_winograd_plan p,
                                                         const int8_t *weights, int16_t *to) {
    const __m128i first = _mm_setr_epi8(0, 1, 4, 5, 8, 9, 12, 13, 0, 0, 0, 0, 0, 0, 0, 0);
    for (int32_t i = 0; i < a.channels; i++) {
        const int32_t quad = i / 4 * 64, half = i & 1, pair = i >> 1 & 1;
        const __m128i order = _mm_add_epi8(first, _mm_set1_epi8((char)(2 * pair)));
        qcc_winograd_pair__avx2(weights + quad + 32 * half, (ptrdiff_t)16 * a.channels,
                                _mm256_broadcastsi128_si256(order), p.weight_point, to + quad + 32 * pair + 16 * half);
    }
}

/* 4x4 outputs of `width` channels (those inside the image), of the tile in row `row` of all images. */
QCC_INLINE QCC_TARGET_AVX2 void qcc_winograd_store__avx2(const qcc_conv2d_args a, const qcc_winograd_plan p,
                                                         int32_t row, int32_t column, int32_t width,
                                                         const int32_t *sums, const int32_t *bias,
                                                         const float *multipliers, void *output, ptrdiff_t at) {
    const int32_t top = row % p.down * 4, left = 4 * column;
    const int32_t height = qcc_min_i32(4, a.output_height - top), inside = qcc_min_i32(4, a.output_width - left);
    const __m256i bias0 = _mm256_loadu_si256((const __m256i *)(const void *)bias);
    const __m256i bias1 = _mm256_loadu_si256((const __m256i *)(const void *)(bias + 8));
    const __m256 m0 = _mm256_loadu_ps(multipliers), m1 = width > 8 ? _mm256_loadu_ps(multipliers + 8) : m0;
    __m256i first[4][6], second[4][6], r0[4], r1[4];
    qcc_winograd_sums__avx2(sums, p.sum_point, first);
    qcc_winograd_sums__avx2(sums + 8, p.sum_point, second);
    at += (((ptrdiff_t)(row / p.down) * a.output_height + top) * a.output_width + left) * a.output_step;
    for (int32_t y = 0; y < height; y++, at += (ptrdiff_t)a.output_width * a.output_step) {
        qcc_winograd_output__avx2(first[y], r0);
        qcc_winograd_output__avx2(second[y], r1);
        QCC_UNROLL
        for (int32_t x = 0; x < 4; x += 2) {
            __m256i sum[2][2];
            QCC_UNROLL
            for (int32_t i = 0; i < 2; i++) {
                sum[i][0] = _mm256_add_epi32(qcc_winograd_divide__avx2(r0[x + i]), bias0);
                sum[i][1] = _mm256_add_epi32(qcc_winograd_divide__avx2(r1[x + i]), bias1);
            }
            if (x < inside)
                qcc_store_two__avx2(a, width, x + 1 < inside, sum[0], sum[1], m0, m1, output,
                                    at + (ptrdiff_t)x * a.output_step);
        }
    }
}

/* The rows of outputs of `count` rows of tiles. */
QCC_INLINE QCC_TARGET_AVX2 void qcc_winograd_residual__avx2(const qcc_conv2d_args a, const qcc_winograd_plan p,
                                                            int32_t first, int32_t count, const int8_t *residual,
                                                            int8_t *output) {
    const ptrdiff_t line = (ptrdiff_t)a.output_width * a.output_step;
    for (int32_t s = first; s < first + count; s++) {
        const int32_t top = s % p.down * 4;
        const ptrdiff_t at = ((ptrdiff_t)(s / p.down) * a.output_height + top) * line;
        qcc_conv2d_residual__avx2(a, residual + at, output + at, qcc_min_i32(4, a.output_height - top) * line);
    }
}

/* NAME, and `width` channels of `count` tiles from the first of row `first` on, all of it transformed. */
#define QCC_WINOGRAD_DRIVER(NAME, ISA, TARGET, GROUP)                                                                  \
    QCC_INLINE TARGET void qcc_winograd_product__##ISA(                                                                \
        const qcc_conv2d_args a, const qcc_winograd_plan p, int32_t first, int32_t count, int32_t width,               \
        const int16_t *inputs, const int16_t *weights, int32_t *sums, const int32_t *bias, const float *multipliers,   \
        void *output, ptrdiff_t at) {                                                                                  \
        for (int32_t t = 0; t < count; t += a.tile_block) {                                                            \
            const int32_t tiles = qcc_min_i32(a.tile_block, count - t);                                                \
            for (ptrdiff_t point = 0; point < QCC_WINOGRAD_POINTS; point++)                                            \
                for (int32_t i = 0; i < tiles; i += GROUP)                                                             \
                    qcc_winograd_multiply__##ISA(a, inputs + (t + i) / GROUP * p.input_group + point * p.input_point,  \
                                                 weights + point * p.weight_point,                                     \
                                                 sums + point * p.sum_point + 16 * i);                                 \
            for (int32_t i = 0; i < tiles; i++)                                                                        \
                qcc_winograd_store__avx2(a, p, first + (t + i) / p.across, (t + i) % p.across, width, sums + 16 * i,   \
                                         bias, multipliers, output, at);                                               \
        }                                                                                                              \
    }                                                                                                                  \
    QCC_INLINE TARGET void NAME(const qcc_conv2d_args a, const int8_t *QCC_RESTRICT input,                             \
                                const int8_t *QCC_RESTRICT weights, const int8_t *QCC_RESTRICT weight_zero_points,     \
                                const int32_t *QCC_RESTRICT bias, const float *QCC_RESTRICT multipliers,               \
                                const int8_t *residual, const qcc_dynamic *QCC_RESTRICT dynamic, void *output,         \
                                void *QCC_RESTRICT scratch) {                                                          \
        const qcc_winograd_plan p = qcc_winograd_make_plan(a, GROUP);                                                  \
        const ptrdiff_t sum_elements = 2 * QCC_WINOGRAD_POINTS * p.sum_point;                                          \
        const ptrdiff_t column_elements = (ptrdiff_t)96 * (4 * p.across + 2);                                          \
        int16_t *const transformed = (int16_t *)scratch;                                                               \
        int16_t *const columns = transformed + QCC_WINOGRAD_POINTS * p.weight_point;                                   \
        int32_t *const sums = (int32_t *)(void *)columns;                                                              \
        int16_t *const inputs = columns + (sum_elements > column_elements ? sum_elements : column_elements);           \
        (void)weight_zero_points, (void)dynamic;                                                                       \
        for (int32_t first = 0; first < a.batch * p.down; first += p.strips) {                                         \
            const int32_t count = qcc_min_i32(p.strips, a.batch * p.down - first);                                     \
            qcc_winograd_band__avx2(a, p, input, first, count, columns, inputs);                                       \
            for (int32_t n = 0; n < a.output_channels; n += 16) {                                                      \
                qcc_winograd_block__avx2(a, p, weights + (ptrdiff_t)9 * a.channels * n, transformed);                  \
                qcc_winograd_product__##ISA(a, p, first, count * p.across, qcc_min_i32(16, a.output_channels - n),     \
                                            inputs, transformed, sums, bias + n, multipliers + n, output, n);          \
            }                                                                                                          \
            if (residual != NULL)                                                                                      \
                qcc_winograd_residual__avx2(a, p, first, count, residual, (int8_t *)output);                           \
        }                                                                                                              \
    }

#endif
#endif
