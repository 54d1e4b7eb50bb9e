/* Which instructions the processor has, and the operating system permits. */
#ifndef QCC_CPU_H
#define QCC_CPU_H

#if defined(__x86_64__)
#include <cpuid.h>

static inline int qcc_cpu_has_avx2(void) {
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

static inline int qcc_cpu_has_avx512_vnni(void) {
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
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (c & (1u << 11)) &&
         (b & f_dq_bw_vl) == f_dq_bw_vl;
}
#endif

#endif
