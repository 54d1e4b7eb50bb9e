/* With 32-bit NEON: the kernels of ../neon, whose differences are in ../neon/intrinsics.h. */
#ifndef QCC_NEON32_DEPTHWISE_LINES_H
#define QCC_NEON32_DEPTHWISE_LINES_H

#include "../neon/depthwise_lines.h"

#define qcc_depthwise_s8s8_lines_1x16c1__neon32 qcc_depthwise_s8s8_lines_1x16c1__neon

#endif
