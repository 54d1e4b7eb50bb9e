/*
 * Convolutions of up to 64 positions (small images, many channels): a block is all of them by 16 channels, so that
 * each tile of weights, which come from beyond the second-level cache, is loaded once, and while it is multiplied four
 * times those that follow are fetched into the first-level cache. Taps that do not stay there are taken in parts, and
 * 256 channels at a time have partial sums in scratch.
 */
#ifndef QCC_AMX_COLUMN_TILES_H
#define QCC_AMX_COLUMN_TILES_H

#include "tile_blocks.h"

enum {
    QCC_TILES_AHEAD = 2, /* multiplications of four tiles, from the weights in use to those that are fetched */
    QCC_TILES_PAGES = 8, /* to those of which one line is, so that the processor has translated their address */
    QCC_TILES_GROUP = 16 /* blocks that have partial sums at once */
};

/* Scratch. */
QCC_INLINE int32_t qcc_tiles_partial_bytes(const qcc_conv2d_args a) {
    return a.tile_pixels == 64 && a.tile_steps > 0 ? 4096 * QCC_TILES_GROUP : 0;
}

/* One block's operands, or a part of its taps. */
typedef struct {
    const int8_t *taps[4];
    const int8_t *weights, *next; /* of this block and of the one that follows */
    const int32_t *begin;         /* bias, or partial sums: 256 for 16 positions */
    int32_t partial;              /* which */
    int32_t first_step, steps;    /* of a kernel row */
} qcc_tiles_column;

/* A quarter of the cache lines of one multiplication's weights. */
QCC_INLINE void qcc_tiles_fetch(const qcc_conv2d_args a, const int8_t *weights, int32_t quarter) {
    const int32_t lines = a.tile_depth / 4;
    for (int32_t i = lines * quarter / 4; i < lines * (quarter + 1) / 4; i++)
        __builtin_prefetch(weights + 64 * i);
}

/* One multiplication; see qcc_tiles_step__amx. */
QCC_INLINE QCC_TARGET_AMX void qcc_tiles_column_step__amx(const qcc_conv2d_args a, const qcc_tiles_plan t, int begins,
                                                          const qcc_tiles_column o, ptrdiff_t at, const int8_t *weights,
                                                          const int8_t *ahead, const qcc_tiles_pending *held,
                                                          qcc_tiles_pending *pending) {
    const int32_t row = 256 * o.partial;
    const ptrdiff_t stride = 64 * o.partial;
    QCC_TILE_LOAD(6, weights, 64);
    qcc_tiles_fetch(a, ahead, 0);
    QCC_TILE_LOAD(4, o.taps[0] + at, t.pixel_step);
    QCC_TILES_PART(0, 1, 4, 6, o.begin, stride);
    qcc_tiles_fetch(a, ahead, 1);
    QCC_TILE_LOAD(5, o.taps[1] + at, t.pixel_step);
    QCC_TILES_PART(1, 1, 5, 6, o.begin + row, stride);
    qcc_tiles_fetch(a, ahead, 2);
    QCC_TILE_LOAD(4, o.taps[2] + at, t.pixel_step);
    QCC_TILES_PART(2, 1, 4, 6, o.begin + 2 * row, stride);
    qcc_tiles_fetch(a, ahead, 3);
    QCC_TILE_LOAD(5, o.taps[3] + at, t.pixel_step);
    QCC_TILES_PART(3, 1, 5, 6, o.begin + 3 * row, stride);
}

/* The weights of the multiplication `number` of a block of `count`, or of the next block. */
QCC_INLINE const int8_t *qcc_tiles_later(const qcc_tiles_column o, ptrdiff_t bytes, int32_t count, int32_t number) {
    return number < count ? o.weights + number * bytes : o.next + (number - count) * bytes;
}

QCC_INLINE QCC_TARGET_AMX void qcc_tiles_column__amx(const qcc_conv2d_args a, const qcc_tiles_plan t,
                                                     const qcc_tiles_column o, const qcc_tiles_pending *held,
                                                     qcc_tiles_pending *pending) {
    const ptrdiff_t bytes = 16 * (ptrdiff_t)a.tile_depth;
    const int32_t count = a.kernel_height * o.steps;
    int32_t done = 0;
    for (int32_t ky = 0; ky < a.kernel_height; ky++)
        for (int32_t step = 0; step < o.steps; step++, done++) {
            const ptrdiff_t at = qcc_tiles_row_offset(a, t, ky) + (ptrdiff_t)step * a.tile_depth;
            __builtin_prefetch(qcc_tiles_later(o, bytes, count, done + QCC_TILES_PAGES), 0, 2);
            const int8_t *const ahead = qcc_tiles_later(o, bytes, count, done + QCC_TILES_AHEAD);
            qcc_tiles_column_step__amx(a, t, done == 0, o, at, o.weights + done * bytes, ahead, held, pending);
        }
}

/* The weights of a block from a step of its (only) kernel row on. */
QCC_INLINE QCC_TARGET_AMX const int8_t *qcc_tiles_column_weights(const qcc_conv2d_args a, const qcc_tiles_plan t,
                                                                 const qcc_tiles_band *b, int32_t block, int32_t step) {
    return b->weights + block * t.weights_block + (ptrdiff_t)step * a.tile_depth * 16;
}

/* Multiplies some taps of a block, and says what becomes of its sums. */
QCC_INLINE QCC_TARGET_AMX void qcc_tiles_column_at__amx(const qcc_conv2d_args a, const qcc_tiles_plan t,
                                                        qcc_tiles_band *b, int32_t block, qcc_tiles_column o) {
    int32_t *const partial = b->sums + QCC_TILES_SUMS / 4 + block % QCC_TILES_GROUP * 1024;
    const int32_t ends = o.first_step + o.steps == t.steps;
    for (int32_t i = 0; i < 4; i++) {
        const int32_t position = 16 * i < b->positions ? 16 * i : 0;
        if (a.tile_steps > 0)
            o.taps[i] = b->input + (o.first_step * 64 + position * a.tile_steps) * (ptrdiff_t)a.tile_depth;
        else
            o.taps[i] = qcc_tiles_taps(t, b, position);
    }
    o.weights = qcc_tiles_column_weights(a, t, b, block, o.first_step);
    o.partial = o.first_step > 0;
    o.begin = o.partial ? partial : b->bias + 16 * block;
    qcc_tiles_column__amx(a, t, o, &b->held, &b->pending);
    b->pending = b->held;
    b->held = (qcc_tiles_pending){
        .sums = ends ? b->sums + 1024 * b->parity : partial,
        .multipliers = b->multipliers + 16 * block,
        .residual = b->residual == NULL ? NULL : b->residual + 16 * block,
        .output = b->output + 16 * block,
        .rows = b->positions,
        .units = ends ? (b->positions + 3) / 4 : 0,
        .channels = 16,
        .width = 16,
    };
    b->parity ^= ends;
}

/* All blocks of a band of 33 to 64 positions. Output channels are a multiple of 16. */
QCC_INLINE QCC_TARGET_AMX void qcc_tiles_columns__amx(const qcc_conv2d_args a, const qcc_tiles_plan t,
                                                      qcc_tiles_band *b) {
    const int32_t blocks = a.output_channels / 16;
    const int32_t part = a.tile_steps > 0 ? a.tile_steps : t.steps;
    const int32_t group = a.tile_steps > 0 ? QCC_TILES_GROUP : blocks;
    for (int32_t first = 0; first < blocks; first += group) {
        const int32_t last = qcc_min_i32(first + group, blocks);
        for (int32_t step = 0; step < t.steps; step += part) {
            qcc_tiles_column o = {.first_step = step, .steps = qcc_min_i32(part, t.steps - step)};
            const int8_t *const after = step + part < t.steps ? qcc_tiles_column_weights(a, t, b, first, step + part)
                                                              : qcc_tiles_column_weights(a, t, b, last, 0);
            for (int32_t block = first; block < last; block++) {
                o.next = block + 1 < last ? qcc_tiles_column_weights(a, t, b, block + 1, step) : after;
                qcc_tiles_column_at__amx(a, t, b, block, o);
            }
        }
    }
}

#endif
