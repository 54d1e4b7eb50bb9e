/* Product of two int8 activations with AVX2. */
#ifndef QCC_AVX2_MATMUL_H
#define QCC_AVX2_MATMUL_H

#include "../portable/matmul.h"
#include "conv2d.h"

#if defined(__x86_64__)

QCC_MATMUL_DRIVER(qcc_matmul_s8s8_6x16c2__avx2, qcc_conv2d_s8s8_6x16c2__avx2, QCC_TARGET_AVX2, 16, 2, 0)

#endif
#endif
