/*
 * Where the tile convolution finds the taps of its output positions, and the padded copy of a band of input rows that
 * makes them regular (conv2d_tiles.h).
 */
#ifndef QCC_AMX_PREPARE_TILES_H
#define QCC_AMX_PREPARE_TILES_H

#include "requantize_tiles.h"

/* Everything here follows from the arguments. */
typedef struct {
    qcc_tiles_lines lines;
    int32_t steps;           /* tile multiplications per kernel row */
    int32_t fewest;          /* of them, those that end a sum: fewer where it is made of partial sums */
    int32_t units;           /* of the pending block per multiplication */
    int32_t row_pixels;      /* of a prepared row */
    int32_t rows;            /* prepared rows of the same residue modulo the vertical stride */
    ptrdiff_t pixel_step;    /* bytes from one position to the next */
    int32_t packed;          /* channels side by side in the weights: 16, or all where there are fewer */
    ptrdiff_t weights_block; /* bytes of so many channels */
} qcc_tiles_plan;

/* A 1x1 convolution with a stride and no padding: the pixels that it reads are put side by side. */
QCC_INLINE int32_t qcc_tiles_gathers(const qcc_conv2d_args a) {
    const int32_t inside = a.pad_top == 0 && a.pad_left == 0 && (a.output_height - 1) * a.stride_y < a.input_height &&
                           (a.output_width - 1) * a.stride_x < a.input_width;
    return a.kernel_height == 1 && a.kernel_width == 1 && a.band_rows != 0 && inside;
}

QCC_INLINE QCC_TARGET_AMX qcc_tiles_plan qcc_tiles_make_plan(const qcc_conv2d_args a, int32_t packed_channels) {
    qcc_tiles_plan t;
    const int32_t run = (a.kernel_width * a.channels + 3) / 4 * 4;
    const int32_t reach = (a.output_width - 1) * a.stride_x + a.kernel_width;
    const int32_t height = (a.band_rows - 1) * a.stride_y + (a.kernel_height - 1) * a.dilation_y + 1;
    const int32_t packed = a.band_rows == 0 || qcc_tiles_gathers(a);
    t.steps = run / a.tile_depth;
    t.fewest = a.tile_steps > 0 ? (t.steps - 1) % a.tile_steps + 1 : t.steps;
    t.units = (16 + t.fewest * a.kernel_height - 1) / (t.fewest * a.kernel_height);
    t.row_pixels = packed ? a.output_width : (reach + a.stride_x - 1) / a.stride_x * a.stride_x;
    t.rows = (height + a.stride_y - 1) / a.stride_y;
    t.pixel_step = a.tile_steps > 0 ? a.tile_steps * a.tile_depth : (ptrdiff_t)(packed ? 1 : a.stride_x) * a.channels;
    t.packed = packed_channels;
    t.weights_block = (ptrdiff_t)a.kernel_height * run * packed_channels;
    t.lines.pitch = packed ? a.output_width : t.row_pixels / a.stride_x;
    t.lines.garbage = t.lines.pitch - a.output_width;
    t.lines.vectors = qcc_tiles_make_vectors__amx(a);
    return t;
}

/* Bytes from a position's first tap to those of kernel row `ky`. */
QCC_INLINE QCC_TARGET_AMX ptrdiff_t qcc_tiles_row_offset(const qcc_conv2d_args a, const qcc_tiles_plan t, int32_t ky) {
    const int32_t row = ky * a.dilation_y;
    return (ptrdiff_t)(row % a.stride_y * t.rows + row / a.stride_y) * t.row_pixels * a.channels;
}

/* The next cache lines of the weights, which a second-level cache should hold when they are wanted. */
typedef struct {
    const int8_t *next, *end;
} qcc_tiles_stream;

QCC_INLINE void qcc_tiles_prefetch(const qcc_conv2d_args a, qcc_tiles_stream *s) {
    if (a.prefetch_lines == 0 || s->next >= s->end)
        return;
    for (int32_t i = 0; i < a.prefetch_lines; i++) /* every line: beside tile loads the neighbour is often left out */
        __builtin_prefetch(s->next + 64 * i, 0, 2);
    s->next += (ptrdiff_t)64 * a.prefetch_lines;
}

QCC_INLINE QCC_TARGET_AMX void qcc_tiles_copy__amx(int8_t *to, const int8_t *from, ptrdiff_t count) {
#if defined(QCC_AMX_EMULATE)
    __builtin_memcpy(to, from, (size_t)count);
#else
    ptrdiff_t i = 0;
    for (; i + 64 <= count; i += 64)
        _mm512_storeu_si512(to + i, _mm512_loadu_si512(from + i));
    if (i < count) {
        const __mmask64 mask = qcc_tiles_first_bytes__amx((int32_t)(count - i));
        _mm512_mask_storeu_epi8(to + i, mask, _mm512_maskz_loadu_epi8(mask, from + i));
    }
#endif
}

/* One row of the padded image; row 0 is the first of the padding. */
QCC_INLINE QCC_TARGET_AMX void qcc_tiles_prepare_row__amx(const qcc_conv2d_args a, const qcc_tiles_plan t,
                                                          const int8_t *image, int32_t row, int8_t *to) {
    const int32_t y = row - a.pad_top;
    const int32_t left = qcc_min_i32(a.pad_left, t.row_pixels);
    const int32_t inside = qcc_max_i32(0, qcc_min_i32(a.input_width, t.row_pixels - left));
    if (y < 0 || y >= a.input_height) {
        __builtin_memset(to, a.input_zero_point, (size_t)t.row_pixels * (size_t)a.channels);
        return;
    }
    __builtin_memset(to, a.input_zero_point, (size_t)left * (size_t)a.channels);
    to += (ptrdiff_t)left * a.channels;
    qcc_tiles_copy__amx(to, image + (ptrdiff_t)y * a.input_width * a.channels, (ptrdiff_t)inside * a.channels);
    to += (ptrdiff_t)inside * a.channels;
    __builtin_memset(to, a.input_zero_point, (size_t)(t.row_pixels - left - inside) * (size_t)a.channels);
}

/*
 * The pixels that a 1x1 convolution reads, in parts of so many taps as are multiplied at once, each part 64 pixels: at
 * a stride of all channels they would be in the same few sets of a cache.
 */
QCC_INLINE QCC_TARGET_AMX void qcc_tiles_prepare_parts__amx(const qcc_conv2d_args a, const int8_t *image,
                                                            int8_t *QCC_RESTRICT prepared) {
    const int32_t taps = a.tile_steps * a.tile_depth;
    for (int32_t first = 0; first < a.channels; first += taps)
        for (int32_t i = 0; i < a.output_height * a.output_width; i++) {
            const int32_t y = i / a.output_width * a.stride_y, x = i % a.output_width * a.stride_x;
            const int8_t *const from = image + ((ptrdiff_t)y * a.input_width + x) * a.channels + first;
            int8_t *const to = prepared + (ptrdiff_t)first * 64 + (ptrdiff_t)i * taps;
            qcc_tiles_copy__amx(to, from, qcc_min_i32(taps, a.channels - first));
        }
}

/*
 * Prepares what the positions of `height` output rows from `first` on read, and returns the taps of the last,
 * incomplete tile of positions.
 */
QCC_INLINE QCC_TARGET_AMX const int8_t *qcc_tiles_prepare__amx(const qcc_conv2d_args a, const qcc_tiles_plan t,
                                                               const int8_t *image, int32_t first, int32_t height,
                                                               int32_t positions, int8_t *QCC_RESTRICT prepared) {
    if (a.tile_steps > 0) {
        qcc_tiles_prepare_parts__amx(a, image, prepared);
        return prepared;
    }
    const ptrdiff_t tail = (ptrdiff_t)(positions & ~15) * t.pixel_step;
    if (a.band_rows == 0) {
        qcc_tiles_copy__amx(prepared, image + tail, (positions & 15) * t.pixel_step);
        return prepared;
    }
    if (qcc_tiles_gathers(a)) {
        for (int32_t y = first; y < first + height; y++)
            for (int32_t x = 0; x < a.output_width; x++) {
                const ptrdiff_t pixel = (ptrdiff_t)y * a.stride_y * a.input_width + (ptrdiff_t)x * a.stride_x;
                const ptrdiff_t at = (ptrdiff_t)(y - first) * a.output_width + x;
                qcc_tiles_copy__amx(prepared + at * a.channels, image + pixel * a.channels, a.channels);
            }
        return prepared + tail;
    }
    const int32_t rows = (height - 1) * a.stride_y + (a.kernel_height - 1) * a.dilation_y + 1;
    for (int32_t row = 0; row < rows; row++) {
        const ptrdiff_t place = (ptrdiff_t)(row % a.stride_y) * t.rows + row / a.stride_y;
        qcc_tiles_prepare_row__amx(a, t, image, first * a.stride_y + row, prepared + place * t.row_pixels * a.channels);
    }
    return prepared + tail;
}

#endif
