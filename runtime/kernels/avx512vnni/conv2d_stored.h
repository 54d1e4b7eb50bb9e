/* Convolution of floats with weights of 8 or 4 bits with AVX-512: the tiles of conv2d_f32.h. */
#ifndef QCC_AVX512VNNI_CONV2D_STORED_H
#define QCC_AVX512VNNI_CONV2D_STORED_H

#include "../portable/conv2d_stored.h"
#include "conv2d_f32.h"

#if defined(__x86_64__)

QCC_CONV2D_STORED(avx512vnni, QCC_TARGET_AVX512VNNI, 6)

#endif
#endif
