/* Convolution of floats with AVX2. */
#ifndef QCC_AVX2_CONV2D_F32_H
#define QCC_AVX2_CONV2D_F32_H

#include "../portable/conv2d_f32.h"
#include "float_tiles.h"

#if defined(__x86_64__)

QCC_CONV2D_F32(avx2, QCC_TARGET_AVX2, 2)
QCC_DEPTHWISE_F32(avx2, QCC_TARGET_AVX2)

#endif
#endif
