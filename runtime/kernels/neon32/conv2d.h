/* With 32-bit NEON: the kernels of ../neon, whose differences are in ../neon/intrinsics.h. */
#ifndef QCC_NEON32_CONV2D_H
#define QCC_NEON32_CONV2D_H

#include "../neon/conv2d.h"

#define qcc_conv2d_s8s8_4x8c1__neon32 qcc_conv2d_s8s8_4x8c1__neon

#endif
