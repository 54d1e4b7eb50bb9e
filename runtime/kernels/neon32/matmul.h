/* With 32-bit NEON: the kernels of ../neon, whose differences are in ../neon/intrinsics.h. */
#ifndef QCC_NEON32_MATMUL_H
#define QCC_NEON32_MATMUL_H

#include "../neon/matmul.h"

#define qcc_matmul_s8s8_4x8c1__neon32 qcc_matmul_s8s8_4x8c1__neon

#endif
