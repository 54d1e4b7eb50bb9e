/*
 * The argument struct of the convolution kernels and the geometry that their drivers share (docs/kernels.md). A
 * driver walks blocks of output columns; inside a block it keeps a ring of prepared input rows: padded with the
 * input's zero point, widened where the ISA wants it, each prepared once.
 */
#ifndef QCC_PORTABLE_CONV2D_ARGS_H
#define QCC_PORTABLE_CONV2D_ARGS_H

#include "qcc_runtime.h"

/* What drivers get as TARGET where there is no attribute to give. */
#define QCC_NO_TARGET

typedef struct {
    int32_t batch, input_height, input_width;
    int32_t channels; /* of one group */
    int32_t output_height, output_width;
    int32_t output_channels; /* of all groups */
    int32_t output_step;     /* from one output pixel to the next: output_channels, or more if there is no residual */
    int32_t groups, kernel_height, kernel_width, stride_y, stride_x, pad_top, pad_left, dilation_y, dilation_x;
    int32_t column_block; /* output columns per walk over the rows: output_width, or less and a multiple of MR */
    int32_t input_zero_point;
    int32_t input_offset; /* what avx2/conv2d_symmetric.h adds to the input: 0 to 128; the bias takes it back */
    int32_t paired_steps; /* avx2/conv2d_symmetric.h: a table behind the weights of 16 channels says which steps go in
                             pairs */
    int32_t zero_point, minimum, maximum; /* of the requantized accumulator */
    /* Only read where there is a residual: the add formula, whose left side is the requantized accumulator. */
    int32_t conv_multiplier, residual_multiplier, residual_shift, residual_zero_point;
    int32_t sum_zero_point, sum_minimum, sum_maximum;
    int32_t float_output;
    int32_t whole_quads; /* channels are a multiple of 4; read by kernels that prepare rows of int16 */
    int32_t short_bias;  /* bfloat16; only read by the kernels of stored_weights.h */
    int32_t gather;      /* weights are packed as one kernel row of all taps (neon/conv2d_lines.h) */
    /* Output rows whose input rows are prepared together. 0: amx reads the input itself, avx512vnni has a ring of rows.
     */
    int32_t band_rows;
    /* Only read by the tile kernels (amx/conv2d_tiles.h), whose plan codegen/lowerings/tiles.py makes. */
    int32_t tile_depth;   /* taps of one tile multiplication: a multiple of 4, at most 64 */
    int32_t tile_pixels;  /* of a block: 16 (by 64 channels), 32 (by 32) or 64 (by 16) */
    int32_t tile_steps;   /* multiplications from one partial sum to the next, where a block has 64 pixels; 0: all */
    int32_t pixels_first; /* blocks of one row of tiles are consecutive, not those that read the same weights */
    int32_t prefetch_lead, prefetch_lines; /* weights are fetched so many bytes ahead; cache lines per multiplication */
    /* What codegen/lowerings/requantization.py proves; read by the tile kernels and neon/conv2d_lines.h. */
    int32_t no_overflow; /* |accumulator * multiplier| < 2^31 for every input, so rounding may come before clamping */
    int32_t fits_int16;  /* |accumulator * multiplier| < 2^15 - 256 for every input */
    int32_t ties;        /* some sums of the residual add lie halfway between two integers */
    int32_t tile_block;  /* tiles of 4x4 outputs that avx2/winograd_driver.h has sums of: a multiple of its group */
} qcc_conv2d_args;

/* How one step of a convolution finds its taps; everything is a literal after inlining. */
typedef struct {
    int32_t gathered;     /* each output column has its own copy of its taps */
    int32_t pixel_step;   /* elements from one output column's taps to the next one's */
    int32_t run;          /* taps in a kernel row: kernel_width * channels */
    int32_t row_elements; /* of a prepared row */
    int32_t slots;        /* rows in the ring */
    int32_t ring;         /* rows stay in the ring from one output row to the next */
} qcc_conv2d_plan;

QCC_INLINE qcc_conv2d_plan qcc_conv2d_make_plan(const qcc_conv2d_args a) {
    qcc_conv2d_plan p;
    p.gathered = a.dilation_x > 1 || a.stride_x > a.kernel_width;
    p.run = a.kernel_width * a.channels;
    p.pixel_step = p.gathered ? p.run : a.stride_x * a.channels;
    p.row_elements = (a.column_block - 1) * p.pixel_step + p.run;
    p.slots = a.kernel_height;
    p.ring = a.dilation_y == 1;
    return p;
}

/* The input columns of one prepared row: `left` of padding, `inside` from `first` on, `right` of padding. */
typedef struct {
    int32_t left, first, inside, right;
} qcc_conv2d_span;

QCC_INLINE qcc_conv2d_span qcc_conv2d_columns(const qcc_conv2d_args a, int32_t first_output, int32_t columns) {
    const int32_t begin = first_output * a.stride_x - a.pad_left;
    const int32_t end = begin + (columns - 1) * a.stride_x + a.kernel_width;
    const int32_t first = qcc_max_i32(begin, 0);
    const int32_t last = qcc_max_i32(qcc_min_i32(end, a.input_width), first);
    const int32_t left = qcc_min_i32(first, end) - begin;
    const qcc_conv2d_span s = {left, first, last - first, qcc_max_i32(end - last, 0)};
    return s;
}

/* One element of the residual add: docs/numerics.md, add. */
QCC_INLINE int8_t qcc_conv2d_add_residual(const qcc_conv2d_args a, int8_t sum, int8_t residual) {
    const int32_t lhs = (sum - a.zero_point) * a.conv_multiplier;
    const int32_t rhs = (residual - a.residual_zero_point) * a.residual_multiplier;
    const int32_t v = qcc_rne_shift(lhs + rhs, a.residual_shift) + a.sum_zero_point;
    return (int8_t)qcc_min_i32(qcc_max_i32(v, a.sum_minimum), a.sum_maximum);
}

/* Channels side by side in packed weights: a group of fewer than NR has no padding (KernelRow.packing). */
QCC_INLINE int32_t qcc_packed_width(const qcc_conv2d_args a, int32_t nr) {
    return qcc_min_i32(nr, a.output_channels / a.groups);
}

/* The packed bytes of one group. */
QCC_INLINE ptrdiff_t qcc_packed_group(const qcc_conv2d_args a, int32_t nr, int32_t kr) {
    const int32_t width = qcc_packed_width(a, nr);
    const ptrdiff_t blocks = (a.output_channels / a.groups + width - 1) / width;
    const ptrdiff_t steps = (a.kernel_width * a.channels + kr - 1) / kr;
    return blocks * a.kernel_height * steps * width * kr;
}

/* Sixteen sums, or the first `width` of them, rounded. */
QCC_INLINE void qcc_store_sums(int32_t width, const double *acc, float *output) {
    if (width == 16) {
        for (int32_t n = 0; n < 16; n++)
            output[n] = (float)acc[n];
        return;
    }
    for (int32_t n = 0; n < width; n++)
        output[n] = (float)acc[n];
}

#endif
