/* Matrix product of floats with AVX-512. */
#ifndef QCC_AVX512VNNI_MATMUL_F32_H
#define QCC_AVX512VNNI_MATMUL_F32_H

#include "../portable/matmul_f32.h"
#include "float_tiles.h"

#if defined(__x86_64__)

QCC_MATMUL_F32(avx512vnni, QCC_TARGET_AVX512VNNI, 6)

#endif
#endif
