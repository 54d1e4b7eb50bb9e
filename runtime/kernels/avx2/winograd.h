/*
 * The transforms of Winograd's convolution F(4x4, 3x3) in integers, with AVX2: points 0, 1, -1, 2, -2 and infinity
 * (Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2015). Y = A^T [(G g G^T) . (B^T d B)] A,
 * where 24 G is an integer:
 *
 *     B^T = [ 4  0 -5  0  1  0 ]    24 G = [ 6  0  0 ]    A^T = [ 1  1  1  1  1  0 ]
 *           [ 0  4  4 -1 -1  0 ]           [ 4  4  4 ]          [ 0  1 -1  2 -2  0 ]
 *           [ 0 -4  4  1 -1  0 ]           [ 4 -4  4 ]          [ 0  1  1  4  4  0 ]
 *           [ 0 -2 -1  2  1  0 ]           [ 1  2  4 ]          [ 0  1 -1  8 -8  2 ]
 *           [ 0  2 -1 -2  1  0 ]           [ 1 -2  4 ]
 *           [ 0  4  0 -5  0  1 ]           [ 0  0 12 ]
 *
 * Both sides fit int16: |B^T d B| <= 10 * 10 * 128, |24 G g G^T 24| <= 12 * 12 * 128. Sums are 576 times those of the
 * convolution, modulo 2^32; a multiplication by the inverse of 9 and a shift by 6 give every sum in [-2^25, 2^25).
 */
#ifndef QCC_AVX2_WINOGRAD_H
#define QCC_AVX2_WINOGRAD_H

#include "conv2d.h"

#if defined(__x86_64__)

enum { QCC_WINOGRAD_OUTPUTS = 4, QCC_WINOGRAD_SIDE = 6, QCC_WINOGRAD_POINTS = 36 };

/* B^T d, of 16 channels. */
QCC_INLINE QCC_TARGET_AVX2 void qcc_winograd_input__avx2(const __m256i d[6], __m256i to[6]) {
    const __m256i even = _mm256_sub_epi16(d[4], d[2]), odd = _mm256_sub_epi16(d[3], d[1]);
    const __m256i twice = _mm256_add_epi16(odd, odd);
    const __m256i low = _mm256_sub_epi16(_mm256_slli_epi16(d[2], 2), d[4]);
    const __m256i high = _mm256_sub_epi16(_mm256_slli_epi16(d[1], 2), d[3]);
    to[0] = _mm256_add_epi16(_mm256_slli_epi16(_mm256_sub_epi16(d[0], d[2]), 2), even);
    to[1] = _mm256_add_epi16(low, high);
    to[2] = _mm256_sub_epi16(low, high);
    to[3] = _mm256_add_epi16(even, twice);
    to[4] = _mm256_sub_epi16(even, twice);
    to[5] = _mm256_sub_epi16(_mm256_sub_epi16(d[5], d[3]), _mm256_add_epi16(twice, twice));
}

/* 24 G g, of 8 output channels and 2 channels. */
QCC_INLINE QCC_TARGET_AVX2 void qcc_winograd_weights__avx2(__m256i g0, __m256i g1, __m256i g2, __m256i to[6]) {
    const __m256i outer = _mm256_add_epi16(g0, g2), far = _mm256_add_epi16(g0, _mm256_slli_epi16(g2, 2));
    const __m256i twice = _mm256_add_epi16(g1, g1);
    to[0] = _mm256_mullo_epi16(g0, _mm256_set1_epi16(6));
    to[1] = _mm256_slli_epi16(_mm256_add_epi16(outer, g1), 2);
    to[2] = _mm256_slli_epi16(_mm256_sub_epi16(outer, g1), 2);
    to[3] = _mm256_add_epi16(far, twice);
    to[4] = _mm256_sub_epi16(far, twice);
    to[5] = _mm256_mullo_epi16(g2, _mm256_set1_epi16(12));
}

/* A^T m, of 8 output channels. */
QCC_INLINE QCC_TARGET_AVX2 void qcc_winograd_output__avx2(const __m256i m[6], __m256i to[4]) {
    const __m256i sum1 = _mm256_add_epi32(m[1], m[2]), difference1 = _mm256_sub_epi32(m[1], m[2]);
    const __m256i sum2 = _mm256_add_epi32(m[3], m[4]), difference2 = _mm256_sub_epi32(m[3], m[4]);
    const __m256i cube = _mm256_add_epi32(_mm256_slli_epi32(difference2, 2), m[5]);
    to[0] = _mm256_add_epi32(_mm256_add_epi32(m[0], sum1), sum2);
    to[1] = _mm256_add_epi32(difference1, _mm256_add_epi32(difference2, difference2));
    to[2] = _mm256_add_epi32(sum1, _mm256_slli_epi32(sum2, 2));
    to[3] = _mm256_add_epi32(difference1, _mm256_add_epi32(cube, cube));
}

/*
 * B^T d down `count` columns, of 16 channels: `lines` are the six input rows, each with its own step from one column
 * to the next (0 for padding). A column's results follow each other.
 */
QCC_INLINE QCC_TARGET_AVX2 void qcc_winograd_columns__avx2(const int8_t *const lines[6], const ptrdiff_t steps[6],
                                                           int32_t count, int16_t *to) {
    for (ptrdiff_t x = 0; x < count; x++) {
        __m256i d[6], r[6];
        QCC_UNROLL
        for (int i = 0; i < 6; i++)
            d[i] = qcc_load_i8_as_i16__avx2(lines[i] + x * steps[i]);
        qcc_winograd_input__avx2(d, r);
        QCC_UNROLL
        for (int i = 0; i < 6; i++)
            _mm256_storeu_si256((__m256i *)(void *)(to + (6 * x + i) * 16), r[i]);
    }
}

/* (B^T d) B of the tile that begins at a column; the result's 36 points are `point` elements apart. */
QCC_INLINE QCC_TARGET_AVX2 void qcc_winograd_rows__avx2(const int16_t *columns, ptrdiff_t point, int16_t *to) {
    for (ptrdiff_t i = 0; i < 6; i++) {
        __m256i d[6], r[6];
        QCC_UNROLL
        for (int j = 0; j < 6; j++)
            d[j] = _mm256_loadu_si256((const __m256i *)(const void *)(columns + (6 * j + i) * 16));
        qcc_winograd_input__avx2(d, r);
        QCC_UNROLL
        for (int j = 0; j < 6; j++)
            _mm256_storeu_si256((__m256i *)(void *)(to + (6 * i + j) * point), r[j]);
    }
}

/* One row of 24 G g G^T 24 from one row of 24 G g. */
QCC_INLINE QCC_TARGET_AVX2 void qcc_winograd_weights_row__avx2(const __m256i g[3], ptrdiff_t point, int16_t *to) {
    __m256i r[6];
    qcc_winograd_weights__avx2(g[0], g[1], g[2], r);
    QCC_UNROLL
    for (int j = 0; j < 6; j++)
        _mm256_storeu_si256((__m256i *)(void *)(to + j * point), r[j]);
}

/*
 * 24 G g G^T 24 of 8 output channels by 2 channels, packed 16c4: `weights` is their first tap, `tap` the bytes to the
 * next one, and `pair` moves these channels of each lane to its low half. Row by row, so that few values wait.
 */
QCC_INLINE QCC_TARGET_AVX2 void qcc_winograd_pair__avx2(const int8_t *weights, ptrdiff_t tap, __m256i pair,
                                                        ptrdiff_t point, int16_t *to) {
    __m256i g[9], sum[3], row[3];
    QCC_UNROLL
    for (int k = 0; k < 9; k++) {
        const __m256i quads = _mm256_loadu_si256((const __m256i *)(const void *)(weights + k * tap));
        const __m256i pairs = _mm256_permute4x64_epi64(_mm256_shuffle_epi8(quads, pair), 0x08);
        g[k] = _mm256_cvtepi8_epi16(_mm256_castsi256_si128(pairs));
    }
    QCC_UNROLL
    for (int x = 0; x < 3; x++)
        row[x] = _mm256_mullo_epi16(g[x], _mm256_set1_epi16(6));
    qcc_winograd_weights_row__avx2(row, point, to);
    QCC_UNROLL
    for (int x = 0; x < 3; x++)
        row[x] = _mm256_mullo_epi16(g[6 + x], _mm256_set1_epi16(12));
    qcc_winograd_weights_row__avx2(row, point, to + 30 * point);
    QCC_UNROLL
    for (int x = 0; x < 3; x++) {
        sum[x] = _mm256_add_epi16(g[x], g[6 + x]);
        row[x] = _mm256_slli_epi16(_mm256_add_epi16(sum[x], g[3 + x]), 2);
    }
    qcc_winograd_weights_row__avx2(row, point, to + 6 * point);
    QCC_UNROLL
    for (int x = 0; x < 3; x++)
        row[x] = _mm256_slli_epi16(_mm256_sub_epi16(sum[x], g[3 + x]), 2);
    qcc_winograd_weights_row__avx2(row, point, to + 12 * point);
    QCC_UNROLL
    for (int x = 0; x < 3; x++) {
        sum[x] = _mm256_add_epi16(g[x], _mm256_slli_epi16(g[6 + x], 2));
        g[3 + x] = _mm256_add_epi16(g[3 + x], g[3 + x]);
        row[x] = _mm256_add_epi16(sum[x], g[3 + x]);
    }
    qcc_winograd_weights_row__avx2(row, point, to + 18 * point);
    QCC_UNROLL
    for (int x = 0; x < 3; x++)
        row[x] = _mm256_sub_epi16(sum[x], g[3 + x]);
    qcc_winograd_weights_row__avx2(row, point, to + 24 * point);
}

/* (A^T m) down the columns of a tile of sums, of 8 output channels; points are `point` elements apart. */
QCC_INLINE QCC_TARGET_AVX2 void qcc_winograd_sums__avx2(const int32_t *sums, ptrdiff_t point, __m256i to[4][6]) {
    QCC_UNROLL
    for (int j = 0; j < 6; j++) {
        __m256i m[6], r[4];
        QCC_UNROLL
        for (int i = 0; i < 6; i++)
            m[i] = _mm256_loadu_si256((const __m256i *)(const void *)(sums + (6 * i + j) * point));
        qcc_winograd_output__avx2(m, r);
        QCC_UNROLL
        for (int y = 0; y < 4; y++)
            to[y][j] = r[y];
    }
}

/* The convolution's sums from 576 times them. */
QCC_INLINE QCC_TARGET_AVX2 __m256i qcc_winograd_divide__avx2(__m256i sums) {
    return _mm256_srai_epi32(_mm256_mullo_epi32(sums, _mm256_set1_epi32(0x38e38e39)), 6);
}

#endif
#endif
