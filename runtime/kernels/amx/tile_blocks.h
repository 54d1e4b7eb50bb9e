/*
 * Blocks of tile multiplications (conv2d_tiles.h says how they make a convolution). While the tiles of a block are
 * multiplied, the sums of the block before it are requantized.
 */
#ifndef QCC_AMX_TILE_BLOCKS_H
#define QCC_AMX_TILE_BLOCKS_H

#include "prepare_tiles.h"
#include "requantize_tiles.h"

enum { QCC_TILES_SUMS = 2 * 4096 }; /* bytes of scratch for the sums of two blocks */

/* One block's operands. */
typedef struct {
    const int8_t *first, *second; /* the taps of pixels 0 and 16 */
    const int8_t *weights;
    const int32_t *bias;
    int32_t fourth; /* 16 channels that the fourth tile of channels multiplies; 2 where it is not kept */
} qcc_tiles_operands;

/* A tile of the block before is stored where this block wants its number. */
#define QCC_TILES_FINISH(K)                                                                                            \
    do {                                                                                                               \
        if (qcc_tiles_has_sums(a, held, K))                                                                            \
            QCC_TILE_STORE(K, held->sums + qcc_tiles_sums_offset(a, held, K),                                          \
                           4 * (ptrdiff_t)qcc_tiles_row_channels(a, held));                                            \
    } while (0)

/* One of four tiles of sums (or none), which begins as BIAS, and a share of the pending units. */
#define QCC_TILES_PART(K, COMPUTED, LHS, RHS, BIAS, STRIDE)                                                            \
    do {                                                                                                               \
        if (begins)                                                                                                    \
            QCC_TILES_FINISH(K);                                                                                       \
        if (begins && (COMPUTED))                                                                                      \
            QCC_TILE_LOAD(K, BIAS, STRIDE);                                                                            \
        if (COMPUTED)                                                                                                  \
            QCC_TILE_MULTIPLY(K, LHS, RHS);                                                                            \
        qcc_tiles_units__amx(a, t.lines, K < 3 ? t.units / 4 : t.units - t.units / 4 * 3, pending);                    \
    } while (0)

/*
 * One multiplication by up to 2 x 2 or 1 x 4 tiles. `begins`: the sums begin as the bias, each after the sum of the
 * block before in the same tile is stored, so that stores, multiplications and requantization overlap.
 * `pixels` (1, 2) and `channels` (1..4) are literals.
 */
QCC_INLINE QCC_TARGET_AMX void qcc_tiles_step__amx(const qcc_conv2d_args a, const qcc_tiles_plan t, int begins,
                                                   int32_t pixels, int32_t channels, const qcc_tiles_operands o,
                                                   const qcc_tiles_pending *held, qcc_tiles_pending *pending) {
    const ptrdiff_t weights_row = 4 * (ptrdiff_t)t.packed;
    QCC_TILE_LOAD(4, o.first, t.pixel_step);
    QCC_TILE_LOAD(6, o.weights, weights_row);
    QCC_TILES_PART(0, 1, 4, 6, o.bias, 0);
    if (channels > 1)
        QCC_TILE_LOAD(7, o.weights + t.weights_block, weights_row);
    QCC_TILES_PART(1, channels > 1, 4, 7, o.bias + 16, 0);
    if (pixels == 2) {
        QCC_TILE_LOAD(5, o.second, t.pixel_step);
        QCC_TILES_PART(2, 1, 5, 6, o.bias, 0);
        QCC_TILES_PART(3, channels > 1, 5, 7, o.bias + 16, 0);
    } else {
        if (channels > 2)
            QCC_TILE_LOAD(6, o.weights + 2 * t.weights_block, weights_row);
        QCC_TILES_PART(2, channels > 2, 4, 6, o.bias + 32, 0);
        if (channels > 3)
            QCC_TILE_LOAD(7, o.weights + o.fourth * t.weights_block, weights_row);
        QCC_TILES_PART(3, channels > 3, 4, 7, o.bias + 16 * o.fourth, 0);
    }
}

/*
 * Computes `pixels` x `channels` (literals) tiles of sums and leaves them in the tiles. What these held is stored, and
 * the pending block, the one before that, is requantized.
 */
QCC_INLINE QCC_TARGET_AMX void qcc_tiles_block__amx(const qcc_conv2d_args a, const qcc_tiles_plan t, int32_t pixels,
                                                    int32_t channels, qcc_tiles_operands o,
                                                    const qcc_tiles_pending *held, qcc_tiles_pending *pending,
                                                    qcc_tiles_stream *stream) {
    const int8_t *const first = o.first, *const second = o.second;
    for (int32_t ky = 0; ky < a.kernel_height; ky++) {
        const ptrdiff_t at = qcc_tiles_row_offset(a, t, ky);
        for (int32_t step = 0; step < t.steps; step++) {
            o.first = first + at + (ptrdiff_t)step * a.tile_depth;
            o.second = second + at + (ptrdiff_t)step * a.tile_depth;
            qcc_tiles_prefetch(a, stream);
            qcc_tiles_step__amx(a, t, ky == 0 && step == 0, pixels, channels, o, held, pending);
            o.weights += (ptrdiff_t)a.tile_depth * t.packed;
        }
    }
}

/* Stores the sums that are in the tiles. */
QCC_INLINE QCC_TARGET_AMX void qcc_tiles_finish__amx(const qcc_conv2d_args a, const qcc_tiles_pending *held) {
    QCC_TILES_FINISH(0);
    QCC_TILES_FINISH(1);
    QCC_TILES_FINISH(2);
    QCC_TILES_FINISH(3);
}

/* Which block comes next, and where its operands and results are. */
typedef struct {
    const int8_t *input; /* position 0 of the band */
    const int8_t *tail;  /* the last, incomplete tile of pixels; it is a copy where the input is read as it is */
    const int8_t *weights;
    const int32_t *bias;
    const float *multipliers;
    const int8_t *residual;
    int8_t *output;    /* of position 0 */
    int32_t positions; /* of the band */
    int32_t *sums;     /* two buffers */
    int32_t parity;
    qcc_tiles_pending held;    /* the block whose sums are in the tiles */
    qcc_tiles_pending pending; /* the one before it */
    qcc_tiles_stream stream;
} qcc_tiles_band;

/* The taps of 16 positions. */
QCC_INLINE QCC_TARGET_AMX const int8_t *qcc_tiles_taps(const qcc_tiles_plan t, const qcc_tiles_band *b,
                                                       int32_t position) {
    return position + 16 > b->positions ? b->tail : b->input + position * t.pixel_step;
}

#endif
