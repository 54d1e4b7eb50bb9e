/* Convolution of floats with weights of 8 or 4 bits with AVX2: the tiles of conv2d_f32.h. */
#ifndef QCC_AVX2_CONV2D_STORED_H
#define QCC_AVX2_CONV2D_STORED_H

#include "../portable/conv2d_stored.h"
#include "conv2d_f32.h"

#if defined(__x86_64__)

QCC_CONV2D_STORED(avx2, QCC_TARGET_AVX2, 2)

#endif
#endif
