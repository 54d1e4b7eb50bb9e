/* With 32-bit NEON: the kernels of ../neon, whose differences are in ../neon/intrinsics.h. */
#ifndef QCC_NEON32_CONV2D_SYMMETRIC_H
#define QCC_NEON32_CONV2D_SYMMETRIC_H

#include "../neon/conv2d_symmetric.h"

#define qcc_conv2d_s8s8_symmetric_4x4c16__neon32 qcc_conv2d_s8s8_symmetric_4x4c16__neon

#endif
