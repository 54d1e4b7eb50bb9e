/* Which instructions the processor has, and the operating system permits. */
#ifndef QCC_CPU_H
#define QCC_CPU_H

#include "qcc_runtime.h"

#if defined(__x86_64__)
#include <cpuid.h>

QCC_HELPER int qcc_cpu_has_sse4_1(void) {
    unsigned int a, b, c, d;
    return __get_cpuid(1, &a, &b, &c, &d) && (c & (1u << 19));
}

QCC_HELPER int qcc_cpu_has_avx2(void) {
    unsigned int a, b, c, d;
    unsigned int low, high;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & (1u << 27))) {
        return 0; /* no OSXSAVE: vector state is not saved */
    }
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    if ((low & 6u) != 6u) {
        return 0; /* the operating system does not save ymm registers */
    }
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & (1u << 5));
}

QCC_HELPER int qcc_cpu_has_avx_vnni(void) {
    unsigned int a, b, c, d;
    return __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a & (1u << 4));
}

QCC_HELPER int qcc_cpu_has_avx512_vnni(void) {
    const unsigned int f_dq_bw_vl = 1u << 16 | 1u << 17 | 1u << 30 | 1u << 31;
    unsigned int a, b, c, d;
    unsigned int low, high;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & (1u << 27))) {
        return 0;
    }
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    if ((low & 0xe6u) != 0xe6u) {
        return 0; /* the operating system does not save zmm and mask registers */
    }
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (c & (1u << 11)) && (b & f_dq_bw_vl) == f_dq_bw_vl;
}

/* Linux lets a process use tiles after it has asked once, for all its threads. */
QCC_HELPER int qcc_cpu_may_use_tiles(void) {
#if defined(__linux__)
    const long arch_prctl = 158, request = 0x1023, tile_data = 18;
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "0"(arch_prctl), "D"(request), "S"(tile_data) : "rcx", "r11", "memory");
    return result == 0;
#else
    return 0;
#endif
}

QCC_HELPER int qcc_cpu_has_amx_tile(void) {
    unsigned int a, b, c, d;
    unsigned int low, high;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & (1u << 27))) {
        return 0;
    }
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    if ((low & 0x60000u) != 0x60000u) {
        return 0; /* the operating system does not save tiles */
    }
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (d & (1u << 24)) && qcc_cpu_may_use_tiles();
}

QCC_HELPER int qcc_cpu_has_amx_int8(void) {
    unsigned int a, b, c, d;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (d & (1u << 25));
}
#endif

#if defined(__arm__) && defined(__linux__)
#include <sys/auxv.h>

QCC_HELPER int qcc_cpu_has_neon(void) { return (getauxval(AT_HWCAP) >> 12) & 1u; }
#elif defined(__arm__)
/* Nobody to ask: what the compiler may assume. */
QCC_HELPER int qcc_cpu_has_neon(void) {
#if defined(__ARM_NEON)
    return 1;
#else
    return 0;
#endif
}
#endif

#if defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>

QCC_HELPER int qcc_cpu_has_asimddp(void) { return (getauxval(AT_HWCAP) >> 20) & 1u; }

QCC_HELPER int qcc_cpu_has_i8mm(void) { return (getauxval(AT_HWCAP2) >> 13) & 1u; }
#elif defined(__aarch64__) && defined(__APPLE__)
#include <sys/sysctl.h>

QCC_HELPER int qcc_cpu_has(const char *name) {
    int value = 0;
    size_t size = sizeof value;
    return sysctlbyname(name, &value, &size, NULL, 0) == 0 && value != 0;
}

QCC_HELPER int qcc_cpu_has_asimddp(void) { return qcc_cpu_has("hw.optional.arm.FEAT_DotProd"); }

QCC_HELPER int qcc_cpu_has_i8mm(void) { return qcc_cpu_has("hw.optional.arm.FEAT_I8MM"); }
#elif defined(__aarch64__)
/* Nobody to ask: what the compiler may assume. */
QCC_HELPER int qcc_cpu_has_asimddp(void) {
#if defined(__ARM_FEATURE_DOTPROD)
    return 1;
#else
    return 0;
#endif
}

QCC_HELPER int qcc_cpu_has_i8mm(void) {
#if defined(__ARM_FEATURE_MATMUL_INT8)
    return 1;
#else
    return 0;
#endif
}
#endif

#endif
