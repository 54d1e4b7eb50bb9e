/* Gathering and searching by index. */
#ifndef QCC_KERNELS_PORTABLE_INDEXING_H
#define QCC_KERNELS_PORTABLE_INDEXING_H

#include "qcc_runtime.h"

/* The data is outer x axis_size x inner_bytes, the result outer x count x inner_bytes. */
typedef struct {
    int64_t outer;
    int64_t axis_size;
    int64_t inner_bytes;
    int64_t count;
} qcc_gather_args;

/* Negative indices count from the end; whatever is still out of range is clamped, as inputs may be hostile. */
QCC_INLINE int64_t qcc_clamp_index(int64_t index, int64_t size) {
    const int64_t from_start = index < 0 ? index + size : index;
    const int64_t low = from_start < 0 ? 0 : from_start;
    return low < size ? low : size - 1;
}

#define QCC_GATHER(suffix, type)                                                                                       \
    QCC_INLINE void qcc_gather_##suffix##__portable(const qcc_gather_args a, const void *QCC_RESTRICT data,            \
                                                    const type *QCC_RESTRICT indices, void *QCC_RESTRICT output) {     \
        const uint8_t *from = (const uint8_t *)data;                                                                   \
        uint8_t *to = (uint8_t *)output;                                                                               \
        for (int64_t o = 0; o < a.outer; ++o) {                                                                        \
            for (int64_t i = 0; i < a.count; ++i) {                                                                    \
                const int64_t index = o * a.axis_size + qcc_clamp_index(indices[i], a.axis_size);                      \
                __builtin_memcpy(to + (o * a.count + i) * a.inner_bytes, from + index * a.inner_bytes,                 \
                                 (size_t)a.inner_bytes);                                                               \
            }                                                                                                          \
        }                                                                                                              \
    }

QCC_GATHER(s32, int32_t)
QCC_GATHER(s64, int64_t)

/* Indices are outer x inner, the result outer x depth x inner; on and off hold the bits of an element. */
typedef struct {
    int64_t outer;
    int64_t depth;
    int64_t inner;
    int64_t on;
    int64_t off;
} qcc_one_hot_args;

#define QCC_ONE_HOT(size, type)                                                                                        \
    QCC_INLINE void qcc_one_hot_##size##__portable(const qcc_one_hot_args a, const int64_t *QCC_RESTRICT indices,      \
                                                   void *QCC_RESTRICT output) {                                        \
        const type on = (type)(uint64_t)a.on;                                                                          \
        const type off = (type)(uint64_t)a.off;                                                                        \
        uint8_t *to = (uint8_t *)output;                                                                               \
        for (int64_t row = 0; row < a.outer * a.depth; ++row) {                                                        \
            for (int64_t i = 0; i < a.inner; ++i, to += size) {                                                        \
                const int64_t index = indices[row / a.depth * a.inner + i];                                            \
                const int64_t from_start = index < 0 ? index + a.depth : index;                                        \
                __builtin_memcpy(to, from_start == row % a.depth ? &on : &off, size);                                  \
            }                                                                                                          \
        }                                                                                                              \
    }

QCC_ONE_HOT(1, uint8_t)
QCC_ONE_HOT(4, uint32_t)
QCC_ONE_HOT(8, uint64_t)

/* The input is outer x length x inner. */
typedef struct {
    int64_t outer;
    int64_t length;
    int64_t inner;
    int32_t select_last;
} qcc_arg_max_args;

/* NaN is greater than every number, as in numpy. */
#define QCC_ARG_MAX(suffix, type)                                                                                      \
    QCC_INLINE void qcc_arg_max_##suffix##__portable(const qcc_arg_max_args a, const type *QCC_RESTRICT input,         \
                                                     int64_t *QCC_RESTRICT output) {                                   \
        for (int64_t row = 0; row < a.outer * a.inner; ++row) {                                                        \
            const type *from = input + row / a.inner * a.length * a.inner + row % a.inner;                             \
            type best = from[0];                                                                                       \
            int64_t place = 0;                                                                                         \
            for (int64_t i = 1; i < a.length; ++i) {                                                                   \
                const type x = from[i * a.inner];                                                                      \
                const int32_t first = x > best || (x != x && best == best);                                            \
                if (a.select_last ? x >= best || x != x : first) {                                                     \
                    best = x;                                                                                          \
                    place = i;                                                                                         \
                }                                                                                                      \
            }                                                                                                          \
            output[row] = place;                                                                                       \
        }                                                                                                              \
    }

QCC_ARG_MAX(s8, int8_t)
QCC_ARG_MAX(u8, uint8_t)
QCC_ARG_MAX(s32, int32_t)
QCC_ARG_MAX(s64, int64_t)
QCC_ARG_MAX(f32, float)

#endif
