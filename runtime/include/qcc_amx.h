/*
 * AMX tiles: eight registers of up to 16 rows of 64 bytes, used by kernels through the macros QCC_TILE_*, whose tile
 * numbers are literals. With QCC_AMX_EMULATE they are plain C, so that the control flow of a kernel can be tested on
 * any processor; the emulation traps where the processor would.
 */
#ifndef QCC_AMX_H
#define QCC_AMX_H

#include "qcc_runtime.h"

/* What ldtilecfg reads. */
typedef struct {
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
} qcc_tile_config;

#if defined(QCC_AMX_EMULATE)

/* The processor's state; only tests are compiled like this, so a global is no harm. */
static struct {
    qcc_tile_config config;
    uint8_t data[8][16][64];
} qcc_tiles_emulated;

QCC_INLINE void qcc_tile_configure(const qcc_tile_config *config) {
    qcc_tiles_emulated.config = *config;
    __builtin_memset(qcc_tiles_emulated.data, 0, sizeof qcc_tiles_emulated.data);
}

QCC_INLINE void qcc_tile_release(void) { qcc_tiles_emulated.config.palette = 0; }

QCC_INLINE void qcc_tile_move(int tile, char *memory, ptrdiff_t stride, int store) {
    const qcc_tile_config *const c = &qcc_tiles_emulated.config;
    if (c->palette != 1)
        __builtin_trap();
    for (int row = 0; row < c->rows[tile]; row++) {
        uint8_t *const data = qcc_tiles_emulated.data[tile][row];
        if (store)
            __builtin_memcpy(memory + row * stride, data, c->row_bytes[tile]);
        else
            __builtin_memcpy(data, memory + row * stride, c->row_bytes[tile]);
    }
}

/* sums[m][n] += the product of four signed bytes of lhs[m] by four of rhs[.][n], for all k. */
QCC_INLINE void qcc_tile_multiply(int sums, int lhs, int rhs) {
    const qcc_tile_config *const c = &qcc_tiles_emulated.config;
    if (c->palette != 1 || c->row_bytes[lhs] != 4 * c->rows[rhs] || c->rows[sums] != c->rows[lhs] ||
        c->row_bytes[sums] != c->row_bytes[rhs])
        __builtin_trap();
    for (int m = 0; m < c->rows[sums]; m++)
        for (int n = 0; n < c->row_bytes[sums] / 4; n++) {
            int32_t sum;
            __builtin_memcpy(&sum, &qcc_tiles_emulated.data[sums][m][4 * n], 4);
            for (int k = 0; k < c->row_bytes[lhs]; k++)
                sum += (int8_t)qcc_tiles_emulated.data[lhs][m][k] *
                       (int8_t)qcc_tiles_emulated.data[rhs][k / 4][4 * n + k % 4];
            __builtin_memcpy(&qcc_tiles_emulated.data[sums][m][4 * n], &sum, 4);
        }
}

#define QCC_TILE_LOAD(tile, from, stride) qcc_tile_move(tile, (char *)(uintptr_t)(const void *)(from), stride, 0)
#define QCC_TILE_STORE(tile, to, stride) qcc_tile_move(tile, (char *)(void *)(to), stride, 1)
#define QCC_TILE_MULTIPLY(sums, lhs, rhs) qcc_tile_multiply(sums, lhs, rhs)

#elif defined(__x86_64__)

#include <immintrin.h>

/* The empty asm statements keep what tiles read and write in memory: gcc's intrinsics do not say that they do. */
QCC_INLINE QCC_TARGET_AMX void qcc_tile_configure(const qcc_tile_config *config) {
    __asm__ volatile("" : : "r"(config) : "memory");
    _tile_loadconfig(config);
}

QCC_INLINE QCC_TARGET_AMX void qcc_tile_release(void) {
    __asm__ volatile("" : : : "memory");
    _tile_release();
}

#define QCC_TILE_LOAD(tile, from, stride) _tile_loadd(tile, from, (size_t)(stride))
#define QCC_TILE_STORE(tile, to, stride) _tile_stored(tile, to, (size_t)(stride))
#define QCC_TILE_MULTIPLY(sums, lhs, rhs) _tile_dpbssd(sums, lhs, rhs)

#endif

/*
 * Tiles of a product: 0 to 3 are sums, 4 to 7 are operands. The first `left` of 4..7 hold 16 rows of `depth` bytes,
 * the others depth / 4 rows of 64 bytes.
 */
QCC_INLINE qcc_tile_config qcc_tile_product(int32_t depth, int32_t left) {
    qcc_tile_config config = {.palette = 1};
    for (int i = 0; i < 8; i++) {
        const int is_left = i >= 4 && i < 4 + left;
        config.row_bytes[i] = (uint16_t)(is_left ? depth : 64);
        config.rows[i] = (uint8_t)(i < 4 || is_left ? 16 : depth / 4);
    }
    return config;
}

#endif
