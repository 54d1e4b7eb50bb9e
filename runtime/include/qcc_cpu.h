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
#endif

#endif
