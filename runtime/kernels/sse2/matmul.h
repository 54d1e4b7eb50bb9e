/* Product of two int8 activations with SSE2. */
#ifndef QCC_SSE2_MATMUL_H
#define QCC_SSE2_MATMUL_H

#include "../portable/matmul.h"
#include "conv2d.h"

#if defined(__x86_64__)

QCC_MATMUL_DRIVER(qcc_matmul_s8s8_4x16c4__sse2, qcc_conv2d_s8s8_4x16c4__sse2, QCC_TARGET_SSE2, 16, 4, 128)

#endif
#endif
