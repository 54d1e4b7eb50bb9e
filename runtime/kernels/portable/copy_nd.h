/*
 * Data movement: strided copies (transpose, slice, expand, concat, the interior of pad), fills and plain copies. One
 * function per element size in bytes; elements are moved as they are, whatever they mean.
 */
#ifndef QCC_KERNELS_PORTABLE_COPY_ND_H
#define QCC_KERNELS_PORTABLE_COPY_ND_H

#include "nd.h"

/* Strides and offsets count elements; strides may be zero or negative. */
typedef struct {
    int64_t dims[QCC_RANK];
    int64_t input_strides[QCC_RANK];
    int64_t output_strides[QCC_RANK];
    int64_t input_offset;
    int64_t output_offset;
} qcc_copy_nd_args;

typedef struct {
    int64_t length;
} qcc_copy_bytes_args;

/* `value` holds the element's bits in its low bytes. */
typedef struct {
    int64_t length;
    int64_t value;
} qcc_fill_args;

/* output[batch][column][row] = input[batch][row][column] */
typedef struct {
    int64_t batch;
    int64_t rows;
    int64_t columns;
} qcc_transpose_args;

#define QCC_TRANSPOSE_TILE 16

QCC_INLINE void qcc_copy_nd(const qcc_copy_nd_args a, const int64_t size, const void *input, void *output) {
    int64_t index[QCC_RANK - 1] = {0};
    const int64_t length = a.dims[QCC_RANK - 1];
    const int64_t input_step = a.input_strides[QCC_RANK - 1] * size;
    const int64_t output_step = a.output_strides[QCC_RANK - 1] * size;
    for (int64_t rows = qcc_nd_rows(a.dims); rows > 0; --rows) {
        const uint8_t *from = (const uint8_t *)input + (a.input_offset + qcc_nd_offset(index, a.input_strides)) * size;
        uint8_t *to = (uint8_t *)output + (a.output_offset + qcc_nd_offset(index, a.output_strides)) * size;
        if (input_step == size && output_step == size) {
            __builtin_memcpy(to, from, (size_t)(length * size));
        } else {
            for (int64_t i = 0; i < length; ++i)
                __builtin_memcpy(to + i * output_step, from + i * input_step, (size_t)size);
        }
        qcc_nd_advance(index, a.dims);
    }
}

QCC_INLINE void qcc_copy_nd_1__portable(const qcc_copy_nd_args a, const void *QCC_RESTRICT input,
                                        void *QCC_RESTRICT output) {
    qcc_copy_nd(a, 1, input, output);
}

QCC_INLINE void qcc_copy_nd_2__portable(const qcc_copy_nd_args a, const void *QCC_RESTRICT input,
                                        void *QCC_RESTRICT output) {
    qcc_copy_nd(a, 2, input, output);
}

QCC_INLINE void qcc_copy_nd_4__portable(const qcc_copy_nd_args a, const void *QCC_RESTRICT input,
                                        void *QCC_RESTRICT output) {
    qcc_copy_nd(a, 4, input, output);
}

QCC_INLINE void qcc_copy_nd_8__portable(const qcc_copy_nd_args a, const void *QCC_RESTRICT input,
                                        void *QCC_RESTRICT output) {
    qcc_copy_nd(a, 8, input, output);
}

QCC_INLINE void qcc_copy_bytes__portable(const qcc_copy_bytes_args a, const void *QCC_RESTRICT input,
                                         void *QCC_RESTRICT output) {
    __builtin_memcpy(output, input, (size_t)a.length);
}

QCC_INLINE void qcc_fill(const qcc_fill_args a, const int64_t size, void *output) {
    const uint64_t wide = (uint64_t)a.value;
    const uint32_t middle = (uint32_t)(wide & 0xFFFFFFFFU);
    const uint16_t narrow = (uint16_t)(wide & 0xFFFFU);
    for (int64_t i = 0; i < a.length; ++i) {
        uint8_t *to = (uint8_t *)output + i * size;
        if (size == 2)
            __builtin_memcpy(to, &narrow, 2);
        else if (size == 4)
            __builtin_memcpy(to, &middle, 4);
        else
            __builtin_memcpy(to, &wide, 8);
    }
}

QCC_INLINE void qcc_fill_1__portable(const qcc_fill_args a, void *output) {
    __builtin_memset(output, (int)(a.value & 0xFF), (size_t)a.length);
}

QCC_INLINE void qcc_fill_2__portable(const qcc_fill_args a, void *output) { qcc_fill(a, 2, output); }

QCC_INLINE void qcc_fill_4__portable(const qcc_fill_args a, void *output) { qcc_fill(a, 4, output); }

QCC_INLINE void qcc_fill_8__portable(const qcc_fill_args a, void *output) { qcc_fill(a, 8, output); }

/* One tile at a time, so that both sides stay within few cache lines. */
QCC_INLINE void qcc_transpose(const qcc_transpose_args a, const int64_t size, const void *input, void *output) {
    const int64_t plane = a.rows * a.columns * size;
    for (int64_t batch = 0; batch < a.batch; ++batch) {
        const uint8_t *from = (const uint8_t *)input + batch * plane;
        uint8_t *to = (uint8_t *)output + batch * plane;
        for (int64_t row = 0; row < a.rows; row += QCC_TRANSPOSE_TILE) {
            const int64_t row_end = row + QCC_TRANSPOSE_TILE < a.rows ? row + QCC_TRANSPOSE_TILE : a.rows;
            for (int64_t column = 0; column < a.columns; ++column) {
                for (int64_t r = row; r < row_end; ++r)
                    __builtin_memcpy(to + (column * a.rows + r) * size, from + (r * a.columns + column) * size,
                                     (size_t)size);
            }
        }
    }
}

QCC_INLINE void qcc_transpose_1__portable(const qcc_transpose_args a, const void *QCC_RESTRICT input,
                                          void *QCC_RESTRICT output) {
    qcc_transpose(a, 1, input, output);
}

QCC_INLINE void qcc_transpose_4__portable(const qcc_transpose_args a, const void *QCC_RESTRICT input,
                                          void *QCC_RESTRICT output) {
    qcc_transpose(a, 4, input, output);
}

#endif
