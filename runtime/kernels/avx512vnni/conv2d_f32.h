/* Convolution of floats with AVX-512. */
#ifndef QCC_AVX512VNNI_CONV2D_F32_H
#define QCC_AVX512VNNI_CONV2D_F32_H

#include "../portable/conv2d_f32.h"
#include "float_tiles.h"

#if defined(__x86_64__)

QCC_CONV2D_F32(avx512vnni, QCC_TARGET_AVX512VNNI, 6)
QCC_DEPTHWISE_F32(avx512vnni, QCC_TARGET_AVX512VNNI)

#endif
#endif
