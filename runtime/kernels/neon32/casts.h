/* With 32-bit NEON: the kernels of ../neon, whose differences are in ../neon/intrinsics.h. */
#ifndef QCC_NEON32_CASTS_H
#define QCC_NEON32_CASTS_H

#include "../neon/casts.h"

#define qcc_quantize_f32_s8__neon32 qcc_quantize_f32_s8__neon
#define qcc_requantize_s8__neon32 qcc_requantize_s8__neon

#endif
