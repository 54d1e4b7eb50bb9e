/* With 32-bit NEON: the kernels of ../neon, whose differences are in ../neon/intrinsics.h. */
#ifndef QCC_NEON32_ELEMENTWISE_S8_H
#define QCC_NEON32_ELEMENTWISE_S8_H

#include "../neon/elementwise_s8.h"

#define qcc_add_s8__neon32 qcc_add_s8__neon
#define qcc_mul_s8__neon32 qcc_mul_s8__neon

#endif
