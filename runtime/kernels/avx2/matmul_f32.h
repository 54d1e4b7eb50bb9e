/* Matrix product of floats with AVX2. */
#ifndef QCC_AVX2_MATMUL_F32_H
#define QCC_AVX2_MATMUL_F32_H

#include "../portable/matmul_f32.h"
#include "float_tiles.h"

#if defined(__x86_64__)

QCC_MATMUL_F32(avx2, QCC_TARGET_AVX2, 2)

#endif
#endif
