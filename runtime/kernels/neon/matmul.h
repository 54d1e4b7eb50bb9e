/* Product of two int8 activations on every AArch64 processor. */
#ifndef QCC_NEON_MATMUL_H
#define QCC_NEON_MATMUL_H

#include "../portable/matmul.h"
#include "conv2d.h"

#if defined(QCC_NEON)

QCC_MATMUL_DRIVER(qcc_matmul_s8s8_4x8c1__neon, qcc_conv2d_s8s8_4x8c1__neon, QCC_TARGET_NEON, 8, 1, 0)

#endif
#endif
