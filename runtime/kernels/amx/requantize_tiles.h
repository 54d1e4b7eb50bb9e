/*
 * What follows the tile multiplications of a block: its sums, stored row by row in a buffer of 16 * 64 or 32 * 32, are
 * requantized, the residual is added, and bytes are stored. It is done in units of 64 sums, so that a unit can run
 * on the vector units while the next block's tiles are multiplied.
 */
#ifndef QCC_AMX_REQUANTIZE_TILES_H
#define QCC_AMX_REQUANTIZE_TILES_H

#include "../portable/conv2d_args.h"
#include "qcc_amx.h"

/* The block whose sums wait to be requantized. */
typedef struct {
    int32_t *sums; /* of the next unit */
    const float *multipliers;
    const int8_t *residual; /* or NULL */
    int8_t *output;
    int32_t units, rows; /* left; rows are pixels */
    int32_t channels;    /* of a row in the buffer: 16, 32 or 64 */
    int32_t width;       /* of a row that is stored: at most `channels` */
    int32_t last;        /* channel of the multipliers of the last 16 sums of a row */
    int32_t column;      /* of the next row in its line of `pitch` positions */
} qcc_tiles_pending;

#if defined(QCC_AMX_EMULATE)
typedef struct {
    int32_t unused;
} qcc_tiles_vectors;
#elif defined(__x86_64__)
/* Vectors of literals, kept in registers: gcc would build them again for every unit. */
typedef struct {
    __m512i order;               /* of quads in what packs makes; its own inverse */
    __m512i sign_bits;           /* of bytes */
    __m512i low, high, constant; /* of qcc_tiles_add_pairs__amx */
    __m512i shift;               /* words of 256 */
} qcc_tiles_vectors;
#endif

/* What is the same for all blocks of a call. */
typedef struct {
    int32_t pitch;   /* positions from one output row to the next */
    int32_t garbage; /* of them, those after the last column: stored where the next row overwrites them */
    qcc_tiles_vectors vectors;
} qcc_tiles_lines;

/* Only a convolution with a residual has the members that say how it is added. */
QCC_INLINE int32_t qcc_tiles_has_residual(const qcc_conv2d_args a) { return a.residual_shift > 0; }

QCC_INLINE QCC_TARGET_AMX void qcc_tiles_next_row(const qcc_conv2d_args a, const qcc_tiles_lines l,
                                                  qcc_tiles_pending *p) {
    ptrdiff_t step = a.output_step;
    p->rows--;
    if (l.garbage > 0 && ++p->column == l.pitch) {
        p->column = 0;
        step -= (ptrdiff_t)l.garbage * a.output_step;
    }
    p->output += step;
    if (qcc_tiles_has_residual(a))
        p->residual += step;
}

/*
 * Channels of a row in the buffer, and of what is stored: literals where the blocks of all channels are alike, as in
 * most layers.
 */
QCC_INLINE int32_t qcc_tiles_row_channels(const qcc_conv2d_args a, const qcc_tiles_pending *p) {
    return a.output_channels % (1024 / a.tile_pixels) == 0 ? 1024 / a.tile_pixels : p->channels;
}

/* Whether a block has sums in tile K, and where they are stored. */
QCC_INLINE int32_t qcc_tiles_has_sums(const qcc_conv2d_args a, const qcc_tiles_pending *p, int32_t k) {
    const int32_t channels = qcc_tiles_row_channels(a, p);
    if (p->sums == NULL)
        return 0;
    if (a.tile_pixels == 64)
        return k * 16 < p->rows;
    return a.tile_pixels == 32 ? k % 2 * 16 < channels : k * 16 < channels;
}

QCC_INLINE int32_t qcc_tiles_sums_offset(const qcc_conv2d_args a, const qcc_tiles_pending *p, int32_t k) {
    if (a.tile_pixels == 64)
        return 256 * k;
    return a.tile_pixels == 32 ? k / 2 * 16 * qcc_tiles_row_channels(a, p) + k % 2 * 16 : 16 * k;
}

QCC_INLINE int32_t qcc_tiles_row_width(const qcc_conv2d_args a, const qcc_tiles_pending *p) {
    return a.output_channels % (1024 / a.tile_pixels) == 0 ? 1024 / a.tile_pixels : p->width;
}

#if defined(QCC_AMX_EMULATE)

QCC_INLINE qcc_tiles_vectors qcc_tiles_make_vectors__amx(const qcc_conv2d_args a) {
    (void)a;
    const qcc_tiles_vectors v = {0};
    return v;
}

QCC_INLINE void qcc_tiles_unit__amx(const qcc_conv2d_args a, const qcc_tiles_lines l, qcc_tiles_pending *p) {
    for (int32_t i = 0; i < 64 && p->rows > 0; i += p->channels) {
        for (int32_t n = 0; n < p->width; n++) {
            const int8_t q = qcc_requantize(p->sums[i + n], p->multipliers[n], a.zero_point, a.minimum, a.maximum);
            p->output[n] = qcc_tiles_has_residual(a) ? qcc_conv2d_add_residual(a, q, p->residual[n]) : q;
        }
        qcc_tiles_next_row(a, l, p);
    }
    p->sums += 64;
    p->units--;
}

#elif defined(__x86_64__)

/*
 * The zero point of a residual sum that is part of the constant: all of it, where that neither overflows (|v| < 2^30,
 * multipliers have 21 bits) nor moves a tie to an odd number.
 */
QCC_INLINE int32_t qcc_tiles_early_zero(const qcc_conv2d_args a) {
    return a.residual_shift <= 22 && (!a.ties || a.sum_zero_point % 2 == 0) ? a.sum_zero_point : 0;
}

/* A multiplier of the residual add is 256 * high + low; the constant holds the zero points and one half. */
QCC_INLINE QCC_TARGET_AMX qcc_tiles_vectors qcc_tiles_make_vectors__amx(const qcc_conv2d_args a) {
    const int32_t m = a.conv_multiplier, r = a.residual_multiplier;
    const int32_t half = qcc_tiles_has_residual(a) ? (int32_t)1 << (a.residual_shift - 1) : 0;
    const int32_t zero = qcc_tiles_has_residual(a) ? qcc_tiles_early_zero(a) * ((int32_t)1 << a.residual_shift) : 0;
    qcc_tiles_vectors v = {
        .order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15),
        .sign_bits = _mm512_set1_epi8(-128),
        .low = _mm512_set1_epi32((m & 255) | (int32_t)((uint32_t)(r & 255) << 16)),
        .high = _mm512_set1_epi32((m >> 8) | (int32_t)((uint32_t)(r >> 8) << 16)),
        .constant = _mm512_set1_epi32(half + zero - a.zero_point * m - a.residual_zero_point * r),
        .shift = _mm512_set1_epi16(256),
    };
    QCC_KEEP_VECTOR(v.order);
    QCC_KEEP_VECTOR(v.sign_bits);
    QCC_KEEP_VECTOR(v.low);
    QCC_KEEP_VECTOR(v.high);
    QCC_KEEP_VECTOR(v.constant);
    QCC_KEEP_VECTOR(v.shift);
    return v;
}

/* (float)sums * multipliers, rounded. Saturation to int16 and clamping follow; only overflow must not wrap. */
QCC_INLINE QCC_TARGET_AMX __m512i qcc_tiles_scale__amx(const qcc_conv2d_args a, const int32_t *sums,
                                                       const float *multipliers) {
    const __m512 acc = _mm512_cvtepi32_ps(_mm512_loadu_si512(sums));
    const __m512 scaled = _mm512_mul_ps(acc, _mm512_loadu_ps(multipliers));
    /* Too small a number becomes INT32_MIN, which is right. */
    return _mm512_cvtps_epi32(a.no_overflow ? scaled : _mm512_min_ps(scaled, _mm512_set1_ps(32768.0f)));
}

/* Adds the zero point to 64 int16, in the order of packs, and clamps. */
QCC_INLINE QCC_TARGET_AMX __m512i qcc_tiles_clamp__amx(const qcc_tiles_vectors v, __m512i low, __m512i high,
                                                       int32_t zero_point, int32_t minimum, int32_t maximum) {
    __m512i bytes;
    if (zero_point == -128) {
        bytes = _mm512_xor_si512(_mm512_packus_epi16(low, high), v.sign_bits);
    } else if (zero_point == 0) {
        bytes = _mm512_packs_epi16(low, high);
    } else {
        const __m512i zero = _mm512_set1_epi16((int16_t)zero_point);
        bytes = _mm512_packs_epi16(_mm512_adds_epi16(low, zero), _mm512_adds_epi16(high, zero));
    }
    if (minimum > -128)
        bytes = _mm512_max_epi8(bytes, _mm512_set1_epi8((int8_t)minimum));
    if (maximum < 127)
        bytes = _mm512_min_epi8(bytes, _mm512_set1_epi8((int8_t)maximum));
    return bytes;
}

QCC_INLINE QCC_TARGET_AMX __mmask64 qcc_tiles_first_bytes__amx(int32_t count) { return ~(__mmask64)0 >> (64 - count); }

/* The residuals of a unit, in the order of the buffer. */
QCC_INLINE QCC_TARGET_AMX __m512i qcc_tiles_residual__amx(const qcc_conv2d_args a, const qcc_tiles_lines l,
                                                          qcc_tiles_pending p) {
    const __mmask64 mask = qcc_tiles_first_bytes__amx(qcc_tiles_row_width(a, &p));
    const int32_t channels = qcc_tiles_row_channels(a, &p);
    __m512i all = _mm512_maskz_loadu_epi8(mask, p.residual);
    if (channels == 64)
        return all;
    qcc_tiles_next_row(a, l, &p);
    if (channels == 32) {
        if (p.rows > 0)
            all = _mm512_inserti64x4(all, _mm256_maskz_loadu_epi8((__mmask32)mask, p.residual), 1);
        return all;
    }
    __m128i part[3];
    QCC_UNROLL
    for (int i = 0; i < 3; i++) {
        part[i] = p.rows > 0 ? _mm_maskz_loadu_epi8((__mmask16)mask, p.residual) : _mm_setzero_si128();
        if (p.rows > 0)
            qcc_tiles_next_row(a, l, &p);
    }
    all = _mm512_inserti32x4(all, part[0], 1);
    all = _mm512_inserti32x4(all, part[1], 2);
    return _mm512_inserti32x4(all, part[2], 3);
}

/*
 * rne_shift of the sums of two products by 21-bit multipliers; the factors are the upper bytes of words. One half is
 * added already, so only a tie (no bit left below the point) is corrected to even.
 */
QCC_INLINE QCC_TARGET_AMX __m512i qcc_tiles_add_pairs__amx(const qcc_conv2d_args a, const qcc_tiles_vectors v,
                                                           __m512i pairs) {
    const __m512i part = _mm512_dpwssd_epi32(v.constant, pairs, v.high);
    const __m512i sum = _mm512_dpwssd_epi32(part, _mm512_mulhi_epi16(pairs, v.shift), v.low);
    const __m512i rounded = _mm512_srai_epi32(sum, (unsigned)a.residual_shift);
    if (!a.ties)
        return rounded;
    const __m512i below = _mm512_set1_epi32(((int32_t)1 << a.residual_shift) - 1);
    const __mmask16 tie = _mm512_testn_epi32_mask(sum, below);
    return _mm512_mask_and_epi32(rounded, tie, rounded, _mm512_set1_epi32(-2));
}

/* Adds 32 pairs of bytes, of the convolution and the residual. */
QCC_INLINE QCC_TARGET_AMX __m512i qcc_tiles_add__amx(const qcc_conv2d_args a, const qcc_tiles_vectors v,
                                                     __m512i pairs) {
    const __m512i zero = _mm512_setzero_si512();
    return _mm512_packs_epi32(qcc_tiles_add_pairs__amx(a, v, _mm512_unpacklo_epi8(zero, pairs)),
                              qcc_tiles_add_pairs__amx(a, v, _mm512_unpackhi_epi8(zero, pairs)));
}

QCC_INLINE QCC_TARGET_AMX void qcc_tiles_store__amx(const qcc_conv2d_args a, const qcc_tiles_lines l, __m512i bytes,
                                                    qcc_tiles_pending *p) {
    const __mmask64 mask = qcc_tiles_first_bytes__amx(qcc_tiles_row_width(a, p));
    const int32_t channels = qcc_tiles_row_channels(a, p);
    if (channels == 64) {
        _mm512_mask_storeu_epi8(p->output, mask, bytes);
        qcc_tiles_next_row(a, l, p);
        return;
    }
    if (channels == 32) {
        _mm256_mask_storeu_epi8(p->output, (__mmask32)mask, _mm512_castsi512_si256(bytes));
        qcc_tiles_next_row(a, l, p);
        if (p->rows > 0) {
            _mm256_mask_storeu_epi8(p->output, (__mmask32)mask, _mm512_extracti64x4_epi64(bytes, 1));
            qcc_tiles_next_row(a, l, p);
        }
        return;
    }
    const __m128i part[4] = {_mm512_castsi512_si128(bytes), _mm512_extracti32x4_epi32(bytes, 1),
                             _mm512_extracti32x4_epi32(bytes, 2), _mm512_extracti32x4_epi32(bytes, 3)};
    QCC_UNROLL
    for (int i = 0; i < 4; i++)
        if (p->rows > 0) {
            _mm_mask_storeu_epi8(p->output, (__mmask16)mask, part[i]);
            qcc_tiles_next_row(a, l, p);
        }
}

/* Requantizes and stores the next 64 sums of a block. */
QCC_INLINE QCC_TARGET_AMX void qcc_tiles_unit__amx(const qcc_conv2d_args a, const qcc_tiles_lines l,
                                                   qcc_tiles_pending *p) {
    const qcc_tiles_vectors v = l.vectors;
    const int32_t channels = qcc_tiles_row_channels(a, p); /* rows of 16, 32 or 64 sums use the multipliers again */
    const int32_t row = channels - 16;
    const int32_t last = qcc_tiles_row_width(a, p) == channels ? row : p->last;
    const float *const m = p->multipliers;
    __m512i low =
        _mm512_packs_epi32(qcc_tiles_scale__amx(a, p->sums, m), qcc_tiles_scale__amx(a, p->sums + 16, m + (16 & row)));
    __m512i high = _mm512_packs_epi32(qcc_tiles_scale__amx(a, p->sums + 32, m + (32 & row)),
                                      qcc_tiles_scale__amx(a, p->sums + 48, m + last));
    __m512i bytes;
    if (qcc_tiles_has_residual(a)) {
        const __m512i sums = qcc_tiles_clamp__amx(v, low, high, a.zero_point, -128, 127);
        const __m512i residuals = _mm512_permutexvar_epi32(v.order, qcc_tiles_residual__amx(a, l, *p));
        low = qcc_tiles_add__amx(a, v, _mm512_unpacklo_epi8(sums, residuals));
        high = qcc_tiles_add__amx(a, v, _mm512_unpackhi_epi8(sums, residuals));
        bytes = qcc_tiles_clamp__amx(v, low, high, a.sum_zero_point - qcc_tiles_early_zero(a), a.sum_minimum,
                                     a.sum_maximum);
    } else {
        bytes = qcc_tiles_clamp__amx(v, low, high, a.zero_point, a.minimum, a.maximum);
    }
    qcc_tiles_store__amx(a, l, _mm512_permutexvar_epi32(v.order, bytes), p);
    p->sums += 64;
    p->units--;
}

#endif

/* At most `units` units of what is pending. */
QCC_INLINE QCC_TARGET_AMX void qcc_tiles_units__amx(const qcc_conv2d_args a, const qcc_tiles_lines l, int32_t units,
                                                    qcc_tiles_pending *p) {
    for (int32_t i = qcc_min_i32(units, p->units); i > 0; i--)
        qcc_tiles_unit__amx(a, l, p);
}

#endif
