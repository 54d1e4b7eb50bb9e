/*
 * Convolution of int8 by int8 with AMX tiles; weights have zero point 0, activations need no offset.
 *
 * Output pixels are positions in one long row: the input (or a band of its rows) is copied with its padding, rows
 * apart by residues modulo the stride, so that the taps of 16 consecutive positions of a kernel row are one tile of the
 * copy at a constant stride, whatever the tap. Positions between the last output column and the next row are computed
 * and not kept. 1x1 convolutions of stride 1 read the input itself.
 *
 * A block is 16 pixels by 64 channels or 32 by 32: four tiles of sums, which begin as the bias. While the tiles of a
 * block are multiplied, the sums of the block before it are requantized.
 */
#ifndef QCC_AMX_CONV2D_TILES_H
#define QCC_AMX_CONV2D_TILES_H

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

/* One of four tiles of sums (or none), and a share of the pending units. */
#define QCC_TILES_PART(K, COMPUTED, LHS, RHS, BIAS)                                                                    \
    do {                                                                                                               \
        if (begins)                                                                                                    \
            QCC_TILES_FINISH(K);                                                                                       \
        if (begins && (COMPUTED))                                                                                      \
            QCC_TILE_LOAD(K, BIAS, 0);                                                                                 \
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
    QCC_TILES_PART(0, 1, 4, 6, o.bias);
    if (channels > 1)
        QCC_TILE_LOAD(7, o.weights + t.weights_block, weights_row);
    QCC_TILES_PART(1, channels > 1, 4, 7, o.bias + 16);
    if (pixels == 2) {
        QCC_TILE_LOAD(5, o.second, t.pixel_step);
        QCC_TILES_PART(2, 1, 5, 6, o.bias);
        QCC_TILES_PART(3, channels > 1, 5, 7, o.bias + 16);
    } else {
        if (channels > 2)
            QCC_TILE_LOAD(6, o.weights + 2 * t.weights_block, weights_row);
        QCC_TILES_PART(2, channels > 2, 4, 6, o.bias + 32);
        if (channels > 3)
            QCC_TILE_LOAD(7, o.weights + o.fourth * t.weights_block, weights_row);
        QCC_TILES_PART(3, channels > 3, 4, 7, o.bias + 16 * o.fourth);
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

/* The block at a position and a channel. */
QCC_INLINE QCC_TARGET_AMX void qcc_tiles_at__amx(const qcc_conv2d_args a, const qcc_tiles_plan t, qcc_tiles_band *b,
                                                 int32_t position, int32_t channel) {
    const int32_t rows = qcc_min_i32(a.tile_pixels, b->positions - position);
    const int32_t width = qcc_min_i32(1024 / a.tile_pixels, a.output_channels - channel);
    const int32_t pixels = rows > 16 ? 2 : 1, channels = (width + 15) / 16;
    const qcc_tiles_operands o = {
        .first = qcc_tiles_taps(t, b, position),
        .second = rows > 16 ? qcc_tiles_taps(t, b, position + 16) : b->input,
        .weights = b->weights + channel / 16 * t.weights_block,
        .bias = b->bias + channel,
        .fourth = channels == 3 ? 2 : 3,
    };
    if (a.tile_pixels == 32) {
        if (pixels == 2 && channels == 2)
            qcc_tiles_block__amx(a, t, 2, 2, o, &b->held, &b->pending, &b->stream);
        else if (pixels == 2)
            qcc_tiles_block__amx(a, t, 2, 1, o, &b->held, &b->pending, &b->stream);
        else if (channels == 2)
            qcc_tiles_block__amx(a, t, 1, 2, o, &b->held, &b->pending, &b->stream);
        else
            qcc_tiles_block__amx(a, t, 1, 1, o, &b->held, &b->pending, &b->stream);
    } else {
        if (channels > 2)
            qcc_tiles_block__amx(a, t, 1, 4, o, &b->held, &b->pending, &b->stream);
        else if (channels == 2)
            qcc_tiles_block__amx(a, t, 1, 2, o, &b->held, &b->pending, &b->stream);
        else
            qcc_tiles_block__amx(a, t, 1, 1, o, &b->held, &b->pending, &b->stream);
    }
    const int32_t line = position / t.lines.pitch;
    const ptrdiff_t at = ((ptrdiff_t)position - (ptrdiff_t)line * t.lines.garbage) * a.output_step + channel;
    const int32_t stored = channels > 2 ? 4 : channels;
    b->pending = b->held;
    b->held = (qcc_tiles_pending){
        .sums = b->sums + 1024 * b->parity,
        .multipliers = b->multipliers + channel,
        .residual = b->residual == NULL ? NULL : b->residual + at,
        .output = b->output + at,
        .rows = rows,
        .units = (rows * stored + 3) / 4,
        .channels = stored * 16,
        .last = channels == 3 ? 32 : (stored - 1) * 16,
        .width = width,
        .column = position - line * t.lines.pitch,
    };
    b->parity ^= 1;
}

/* All blocks of a band; what is pending at the end waits for the next one. */
QCC_INLINE QCC_TARGET_AMX void qcc_tiles_band__amx(const qcc_conv2d_args a, const qcc_tiles_plan t, qcc_tiles_band *b) {
    const int32_t width = 1024 / a.tile_pixels;
    const int32_t rows = (b->positions + a.tile_pixels - 1) / a.tile_pixels;
    const int32_t columns = (a.output_channels + width - 1) / width;
    const int32_t inner = a.pixels_first ? columns : rows;
    const int32_t outer = a.pixels_first ? rows : columns;
    for (int32_t i = 0; i < outer; i++)
        for (int32_t j = 0; j < inner; j++) {
            const int32_t row = a.pixels_first ? i : j, column = a.pixels_first ? j : i;
            qcc_tiles_at__amx(a, t, b, row * a.tile_pixels, column * width);
        }
}

/* `packed`: channels side by side in the weights. scratch: sums, then the incomplete tile or the prepared band. */
QCC_INLINE QCC_TARGET_AMX void qcc_tiles_convolution__amx(const qcc_conv2d_args a, int32_t packed, const int8_t *input,
                                                          const int8_t *weights, const int32_t *bias,
                                                          const float *multipliers, const int8_t *residual,
                                                          int8_t *output, void *scratch) {
    const qcc_tiles_plan t = qcc_tiles_make_plan(a, packed);
    const qcc_tile_config config = qcc_tile_product(a.tile_depth, 2);
    int8_t *const prepared = (int8_t *)scratch + QCC_TILES_SUMS;
    qcc_tiles_band b = {.weights = weights, .bias = bias, .multipliers = multipliers, .sums = (int32_t *)scratch};
    b.stream.next = weights + a.prefetch_lead;
    b.stream.end = b.stream.next + (ptrdiff_t)((a.output_channels + 15) / 16) * t.weights_block;
    qcc_tile_configure(&config);
    const int32_t band = a.band_rows == 0 ? a.output_height : a.band_rows;
    for (int32_t i = 0; i < a.batch; i++)
        for (int32_t y = 0; y < a.output_height; y += band) {
            const int32_t height = qcc_min_i32(band, a.output_height - y);
            const ptrdiff_t at = ((ptrdiff_t)i * a.output_height + y) * a.output_width * a.output_step;
            const int8_t *const image = input + (ptrdiff_t)i * a.input_height * a.input_width * a.channels;
            b.positions = (height - 1) * t.lines.pitch + a.output_width;
            b.output = output + at;
            b.residual = residual == NULL ? NULL : residual + at;
            b.input = a.band_rows == 0 ? image : prepared;
            b.tail = qcc_tiles_prepare__amx(a, t, image, y, height, b.positions, prepared);
            qcc_tiles_band__amx(a, t, &b);
        }
    qcc_tiles_finish__amx(a, &b.held);
    qcc_tiles_units__amx(a, t.lines, b.pending.units, &b.pending);
    qcc_tiles_units__amx(a, t.lines, b.held.units, &b.held);
    qcc_tile_release();
}

QCC_INLINE QCC_TARGET_AMX void
qcc_conv2d_s8s8_tiles_16x16c4__amx(const qcc_conv2d_args a, const int8_t *QCC_RESTRICT input,
                                   const int8_t *QCC_RESTRICT weights, const int8_t *QCC_RESTRICT weight_zero_points,
                                   const int32_t *QCC_RESTRICT bias, const float *QCC_RESTRICT multipliers,
                                   const int8_t *residual, const qcc_dynamic *QCC_RESTRICT dynamic, void *output,
                                   void *QCC_RESTRICT scratch) {
    (void)weight_zero_points, (void)dynamic; /* NULL */
    qcc_tiles_convolution__amx(a, qcc_packed_width(a, 16), input, weights, bias, multipliers, residual,
                               (int8_t *)output, scratch);
}

#endif
