/*
 * The most int8 multiply-accumulates per second that one core can do with each instruction set, operands in registers.
 * Prints lines "name GMAC/s" for those that the CPU has. Times are CPU times, so that other work does not count.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 51, STEPS = 40000, CHAINS = 10, ARCH_REQ_XCOMP_PERM = 0x1023, XFEATURE_XTILEDATA = 18 };

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The best of many short rounds, which is the core at its full clock and undisturbed. */
static void report(const char *name, void (*steps)(void), double macs) {
    double best = 1e9;
    steps();
    for (int round = 0; round < ROUNDS; round++) {
        const double start = now();
        steps();
        const double spent = now() - start;
        best = spent < best ? spent : best;
    }
    printf("%s %.1f\n", name, macs * STEPS / best / 1e9);
}

/*
 * Steps of CHAINS independent accumulations, written out in assembly: what a compiler makes of intrinsics differs (it
 * spills, or computes equal products once). Registers 14 and 15 hold the operands, whatever they are.
 */
#define EACH_CHAIN(X) X("0") X("1") X("2") X("3") X("4") X("5") X("6") X("7") X("8") X("9")
#define SSE2(i) "movdqa %%xmm15, %%xmm13\n\tpmaddwd %%xmm14, %%xmm13\n\tpaddd %%xmm13, %%xmm" i "\n\t"
#define AVX2(i) "vpmaddwd %%ymm14, %%ymm15, %%ymm13\n\tvpaddd %%ymm13, %%ymm" i ", %%ymm" i "\n\t"
#define AVXVNNI(i) "%{vex%} vpdpbusd %%ymm14, %%ymm15, %%ymm" i "\n\t"
#define AVX512VNNI(i) "vpdpbusd %%zmm14, %%zmm15, %%zmm" i "\n\t"

#define DEFINE_STEPS(NAME, INSTRUCTIONS)                                                                               \
    static void NAME(void) {                                                                                           \
        for (int step = 0; step < STEPS; step++)                                                                       \
            __asm__ volatile(EACH_CHAIN(INSTRUCTIONS)::                                                                \
                                 : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9",     \
                                   "xmm13");                                                                           \
    }

DEFINE_STEPS(steps_sse2, SSE2)
DEFINE_STEPS(steps_avx2, AVX2)
DEFINE_STEPS(steps_avxvnni, AVXVNNI)
DEFINE_STEPS(steps_avx512vnni, AVX512VNNI)

/* Four sums, two left and two right tiles: the most that eight tile registers hold. */
static void steps_amx(void) {
    static const struct {
        uint8_t palette, start, reserved[14];
        uint16_t row_bytes[16];
        uint8_t rows[16];
    } shape = {1, 0, {0}, {64, 64, 64, 64, 64, 64, 64, 64}, {16, 16, 16, 16, 16, 16, 16, 16}};
    __asm__ volatile("ldtilecfg %0" ::"m"(shape));
    for (int step = 0; step < STEPS; step++)
        __asm__ volatile("tdpbssd %%tmm6, %%tmm4, %%tmm0\n\ttdpbssd %%tmm7, %%tmm4, %%tmm1\n\t"
                         "tdpbssd %%tmm6, %%tmm5, %%tmm2\n\ttdpbssd %%tmm7, %%tmm5, %%tmm3" ::);
    __asm__ volatile("tilerelease" ::);
}

static int has(uint32_t leaf, uint32_t subleaf, int part, int bit) {
    uint32_t r[4];
    __asm__("cpuid" : "=a"(r[0]), "=b"(r[1]), "=c"(r[2]), "=d"(r[3]) : "0"(leaf), "2"(subleaf));
    return (int)(r[part] >> bit & 1);
}

int main(void) {
    report("sse2", steps_sse2, CHAINS * 8);
    if (has(7, 0, 1, 5))
        report("avx2", steps_avx2, CHAINS * 16);
    if (has(7, 1, 0, 4))
        report("avxvnni", steps_avxvnni, CHAINS * 32);
    if (has(7, 0, 2, 11))
        report("avx512vnni", steps_avx512vnni, CHAINS * 64);
    if (has(7, 0, 3, 25) && syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0)
        report("amx", steps_amx, 4 * 16 * 16 * 64);
    return 0;
}
