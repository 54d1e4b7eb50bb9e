/* Iteration over tensors of up to six axes: the caller loops over the last axis, these step through the first five. */
#ifndef QCC_KERNELS_PORTABLE_ND_H
#define QCC_KERNELS_PORTABLE_ND_H

#include "qcc_runtime.h"

#define QCC_RANK 6

/* Product of the first five dimensions: how many innermost loops there are. */
QCC_INLINE int64_t qcc_nd_rows(const int64_t *dims) { return dims[0] * dims[1] * dims[2] * dims[3] * dims[4]; }

/* Element offset of a position of the first five axes. */
QCC_INLINE int64_t qcc_nd_offset(const int64_t *index, const int64_t *strides) {
    return index[0] * strides[0] + index[1] * strides[1] + index[2] * strides[2] + index[3] * strides[3] +
           index[4] * strides[4];
}

/* The next position in row-major order. */
QCC_INLINE void qcc_nd_advance(int64_t *index, const int64_t *dims) {
    for (int32_t axis = 4; axis >= 0; --axis) {
        if (++index[axis] < dims[axis])
            return;
        index[axis] = 0;
    }
}

#endif
