/*
 * Convolution of int8 by int8 with AMX tiles; weights have zero point 0, activations need no offset.
 *
 * Output pixels are positions in one long row: the input (or a band of its rows) is copied with its padding, rows
 * apart by residues modulo the stride, so that the taps of 16 consecutive positions of a kernel row are one tile of the
 * copy at a constant stride, whatever the tap. Positions between the last output column and the next row are computed
 * and not kept. 1x1 convolutions of stride 1 read the input itself.
 *
 * A block is 16 pixels by 64 channels or 32 by 32 (or 64 by 16: column_tiles.h): four tiles of sums, which begin as the
 * bias. While the tiles of a block are multiplied, the sums of the block before it are requantized.
 */
#ifndef QCC_AMX_CONV2D_TILES_H
#define QCC_AMX_CONV2D_TILES_H

#include "column_tiles.h"

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

/*
 * `packed`: channels side by side in the weights. scratch: sums, partial sums, then the incomplete tile or the prepared
 * band.
 */
QCC_INLINE QCC_TARGET_AMX void qcc_tiles_convolution__amx(const qcc_conv2d_args a, int32_t packed, const int8_t *input,
                                                          const int8_t *weights, const int32_t *bias,
                                                          const float *multipliers, const int8_t *residual,
                                                          int8_t *output, void *scratch) {
    const qcc_tiles_plan t = qcc_tiles_make_plan(a, packed);
    const qcc_tile_config config = qcc_tile_product(a.tile_depth, 2);
    int8_t *const prepared = (int8_t *)scratch + QCC_TILES_SUMS + qcc_tiles_partial_bytes(a);
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
            b.input = a.band_rows == 0 && a.tile_steps == 0 ? image : prepared;
            b.tail = qcc_tiles_prepare__amx(a, t, image, y, height, b.positions, prepared);
            if (a.tile_pixels == 64)
                qcc_tiles_columns__amx(a, t, &b);
            else
                qcc_tiles_band__amx(a, t, &b);
        }
    qcc_tiles_finish__amx(a, &b.held);
    for (int32_t i = 0; i < 2; i++) {
        qcc_tiles_units__amx(a, t.lines, b.pending.units, &b.pending);
        b.pending = b.held;
    }
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
