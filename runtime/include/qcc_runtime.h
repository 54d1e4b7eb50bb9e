/*
 * What every micro-kernel and every generated file starts from: integer types, function attributes and the few
 * numeric helpers whose result must be the same on every target (docs/numerics.md).
 */
#ifndef QCC_RUNTIME_H
#define QCC_RUNTIME_H

#include <stddef.h>
#include <stdint.h>

#ifdef __FAST_MATH__
#error "qcc: compile without -ffast-math; results would differ between targets"
#endif
#if defined(__FLT_EVAL_METHOD__) && __FLT_EVAL_METHOD__ == 2
#error "qcc: float arithmetic in x87 registers is not exact; compile with -msse2 -mfpmath=sse"
#endif

#if !defined(__GNUC__)
#error "qcc: gcc, clang or zig is needed (function attributes)"
#endif

#define QCC_INLINE static inline __attribute__((always_inline, unused))
#define QCC_HELPER static inline __attribute__((unused)) /* for helpers that not every file calls */
#define QCC_NOINLINE __attribute__((noinline))
#define QCC_RESTRICT __restrict__

/* Unrolls the next loop, whose trip count (at most 16) is a literal after inlining, so that arrays become registers. */
#if defined(__clang__)
#define QCC_UNROLL _Pragma("clang loop unroll(full)")
#else
#define QCC_UNROLL _Pragma("GCC unroll 16")
#endif

/*
 * Keeps an accumulator in one register, at no cost. Without it gcc 12 lets accumulators live under two types at a
 * loop's end, copies each of them in every step and spills; clang needs no help.
 */
#if defined(__clang__)
#define QCC_KEEP_VECTOR(v) (void)(v)
#elif defined(__x86_64__)
#define QCC_KEEP_VECTOR(v) __asm__("" : "+v"(v))
#elif defined(__aarch64__) || defined(__arm__)
#define QCC_KEEP_VECTOR(v) __asm__("" : "+w"(v))
#endif

/*
 * For tiles of gcc 12, which else hoists the loads of a whole step, has too few registers for them and spills
 * accumulators: QCC_IN_ORDER keeps what computes a vector where it stands, QCC_LOAD_PAIR two loads together (one ldp),
 * QCC_LOAD_LATER all later loads behind it; QCC_OWN_POINTER keeps a pointer in a register, as a base of short offsets,
 * and what it points at from being known from loads through its former value.
 */
#if defined(__aarch64__) && !defined(__clang__)
#define QCC_IN_ORDER(v) __asm__ volatile("" : "+w"(v))
#define QCC_LOAD_PAIR(v, w) __asm__ volatile("" : "+w"(v), "+w"(w))
#define QCC_LOAD_LATER() __asm__ volatile("" : : : "memory")
#else
#define QCC_IN_ORDER(v) (void)(v)
#define QCC_LOAD_PAIR(v, w) (void)(v), (void)(w)
#define QCC_LOAD_LATER() (void)0
#endif
#if !defined(__clang__)
#define QCC_OWN_POINTER(p) __asm__("" : "+r"(p))
#else
#define QCC_OWN_POINTER(p) (void)(p)
#endif

/* An ISA's functions carry its attribute; no file needs an -m flag. */
#if defined(__x86_64__)
#define QCC_TARGET_SSE2 __attribute__((target("sse2")))
#define QCC_TARGET_SSE41 __attribute__((target("sse4.1")))
#define QCC_TARGET_AVX2 __attribute__((target("avx2")))
#define QCC_TARGET_AVXVNNI __attribute__((target("avx2,avxvnni")))
#define QCC_AVX512VNNI_FEATURES "avx2,avx512f,avx512bw,avx512vl,avx512dq,avx512vnni"
#define QCC_TARGET_AVX512VNNI __attribute__((target(QCC_AVX512VNNI_FEATURES)))
#if !defined(QCC_AMX_EMULATE)
#define QCC_TARGET_AMX __attribute__((target(QCC_AVX512VNNI_FEATURES ",amx-tile,amx-int8")))
#endif
#endif
#if defined(QCC_AMX_EMULATE) /* plain C: qcc_amx.h */
#define QCC_TARGET_AMX
#endif
/* NEON, of either family of Arm processors (neon/intrinsics.h). */
#if defined(__aarch64__) || (defined(__arm__) && defined(__ARM_FP) && __ARM_ARCH >= 7)
#define QCC_NEON 1
#endif
#if defined(__arm__)
#if defined(__clang__) || defined(__ARM_NEON)
#define QCC_TARGET_NEON /* clang's default for armv7-a */
#else
#define QCC_TARGET_NEON __attribute__((target("fpu=neon")))
#endif
#define QCC_TARGET_NEON32 QCC_TARGET_NEON
#endif
#if defined(__aarch64__)
#define QCC_TARGET_NEON /* a part of every AArch64 processor */
#define QCC_TARGET_DOTPROD __attribute__((target("arch=armv8.2-a+dotprod")))
#define QCC_TARGET_I8MM __attribute__((target("arch=armv8.2-a+dotprod+i8mm")))
#endif

/* The quantization of a tensor whose range is taken at run time: a buffer of two floats. */
typedef struct {
    float scale;
    float zero_point; /* an integer of int8 */
} qcc_dynamic;

QCC_INLINE float qcc_min_f32(float a, float b) { return a < b ? a : b; }
QCC_INLINE float qcc_max_f32(float a, float b) { return a > b ? a : b; }
QCC_INLINE int32_t qcc_min_i32(int32_t a, int32_t b) { return a < b ? a : b; }
QCC_INLINE int32_t qcc_max_i32(int32_t a, int32_t b) { return a > b ? a : b; }

/*
 * Round half to even, for |x| < 2^30. In half units: `halves - 2 * whole` is the sign of a fraction of at least one
 * half, and the fraction is exactly one half where no bit was lost. There is no float addition that a compiler could
 * fuse with the product that made x, and every step is one vector instruction.
 */
QCC_INLINE int32_t qcc_rne(float x) {
    const float twice = x * 2.0f;
    const int32_t whole = (int32_t)x;
    const int32_t halves = (int32_t)twice;
    const int32_t bits_lost = (float)halves != twice;
    const int32_t away = halves - 2 * whole;
    return whole + (bits_lost | (whole & 1)) * away;
}

/* v / 2^n rounded half to even, n >= 1; |v| + 2^(n-1) fits. */
QCC_INLINE int32_t qcc_rne_shift(int32_t v, int32_t n) {
    return (v + (((int32_t)1 << (n - 1)) - 1) + ((v >> n) & 1)) >> n;
}

QCC_INLINE int64_t qcc_rne_shift64(int64_t v, int32_t n) {
    return (v + (((int64_t)1 << (n - 1)) - 1) + ((v >> n) & 1)) >> n;
}

/* requantize(acc, multiplier): the one float multiplication of the int8 contractions. */
QCC_INLINE int8_t qcc_requantize(int32_t acc, float multiplier, int32_t zero_point, int32_t minimum, int32_t maximum) {
    const float scaled = (float)acc * multiplier;
    const float low = qcc_max_f32((float)(minimum - zero_point), scaled);
    const float clamped = qcc_min_f32((float)(maximum - zero_point), low);
    return (int8_t)(qcc_rne(clamped) + zero_point);
}

/* quantize(x): a true division; NaN gives the zero point, infinities saturate. */
QCC_INLINE int8_t qcc_quantize(float x, float scale, int32_t zero_point) {
    const float scaled = x / scale;
    const float number = scaled == scaled ? scaled : 0.0f;
    const float low = qcc_max_f32((float)(-128 - zero_point), number);
    const float clamped = qcc_min_f32((float)(127 - zero_point), low);
    return (int8_t)(qcc_rne(clamped) + zero_point);
}

#endif
