/* Depthwise convolution of int8 by int8 with SSE4.1: that of SSE2, with weights that one instruction widens. */
#ifndef QCC_SSE41_DEPTHWISE_H
#define QCC_SSE41_DEPTHWISE_H

#include "../sse2/depthwise.h"
#include "conv2d.h"

#if defined(__x86_64__)

QCC_SSE_DEPTHWISE(sse41, QCC_TARGET_SSE41)
QCC_CONV2D_DRIVER(qcc_depthwise_s8s8_1x8c2__sse41, depthwise, sse41, QCC_TARGET_SSE41, int16_t, 8, 2)

#endif
#endif
