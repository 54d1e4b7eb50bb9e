/* Sums of floats in a fixed order: 16 lanes of doubles, then a tree. Twin of dialects/reference/lanes.py. */
#ifndef QCC_KERNELS_PORTABLE_LANES_H
#define QCC_KERNELS_PORTABLE_LANES_H

#include "qcc_runtime.h"

#define QCC_LANES 16

QCC_INLINE double qcc_add_lanes(double *lanes) {
    for (int32_t width = QCC_LANES / 2; width > 0; width /= 2) {
        for (int32_t i = 0; i < width; ++i)
            lanes[i] += lanes[i + width];
    }
    return lanes[0];
}

/* The sums of a row of floats, in blocks that a vectorizer sees. */
QCC_INLINE void qcc_sum_row(const float *row, int64_t length, double *lanes) {
    const int64_t blocks = length - length % QCC_LANES;
    for (int64_t start = 0; start < blocks; start += QCC_LANES) {
        for (int32_t i = 0; i < QCC_LANES; ++i)
            lanes[i] += (double)row[start + i];
    }
    for (int64_t i = blocks; i < length; ++i)
        lanes[i - blocks] += (double)row[i];
}

/* The same of the squares of row - offset; the products are exact. */
QCC_INLINE void qcc_sum_squares(const float *row, int64_t length, float offset, double *lanes) {
    const int64_t blocks = length - length % QCC_LANES;
    for (int64_t start = 0; start < blocks; start += QCC_LANES) {
        for (int32_t i = 0; i < QCC_LANES; ++i) {
            const double x = (double)(row[start + i] - offset);
            lanes[i] += x * x;
        }
    }
    for (int64_t i = blocks; i < length; ++i) {
        const double x = (double)(row[i] - offset);
        lanes[i - blocks] += x * x;
    }
}

/*
 * The square root of a double, digit by digit, correctly rounded: no libm. Called once per row or channel, so that its
 * 54 steps do not count.
 */
QCC_INLINE double qcc_sqrt_f64(double x) {
    uint64_t bits;
    __builtin_memcpy(&bits, &x, sizeof bits);
    if (!(x > 0.0) || bits >> 52 == 0x7FF)
        return x < 0.0 ? (x - x) / (x - x) : x;
    const int64_t biased = (int64_t)(bits >> 52);
    uint64_t significand = bits & ((UINT64_C(1) << 52) - 1);
    int64_t exponent = biased - 1075;
    if (biased == 0)
        exponent = -1074;
    else
        significand |= UINT64_C(1) << 52;
    while (significand >> 52 == 0) {
        significand <<= 1;
        --exponent;
    }
    if (exponent & 1) {
        significand <<= 1;
        --exponent;
    }
    /* 54 bits of root from the 54 bits of the significand and 54 zeros: two bits of the radicand in each step. */
    uint64_t root = 0;
    uint64_t rest = 0;
    for (int32_t step = 0; step < 54; ++step) {
        const uint64_t next = step < 27 ? (significand >> (52 - 2 * step)) & 3 : 0;
        rest = (rest << 2) | next;
        const uint64_t trial = (root << 2) | 1;
        const uint64_t fits = rest >= trial;
        rest -= fits ? trial : 0;
        root = (root << 1) | fits;
    }
    /* The last bit and the rest round; a tie cannot happen. */
    const uint64_t rounded = (root >> 1) + (root & 1);
    const uint64_t power = (uint64_t)(exponent / 2 - 26 + 1023 + 52);
    const uint64_t result = (power << 52) + (rounded - (UINT64_C(1) << 52));
    double y;
    __builtin_memcpy(&y, &result, sizeof y);
    return y;
}

#endif
