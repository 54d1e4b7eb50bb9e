/*
 * Preloaded (LD_PRELOAD) into a process, makes the CPU look as if it had no newer instructions than HOLD_ISA, which is
 * "avx512vnni" or "avx2": so a library that asks CPUID, as all inference runtimes do, is held to them whatever its
 * options are. x86-64 Linux on CPUs that can fault on CPUID (cpuid_fault in /proc/cpuinfo); exits with 75 elsewhere.
 */
#define _GNU_SOURCE
#include <cpuid.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

enum { ARCH_CPUID_SET = 0x1012, UNSUPPORTED = 75 };

/* Feature bits to hide, by CPUID leaf. */
typedef struct {
    uint32_t leaf7_ebx, leaf7_ecx, leaf7_edx, leaf7_1_eax, leaf7_1_edx;
} hidden;

#define BIT(n) (1u << (n))

/* AMX (tile, int8, bf16, fp16, complex), AVX512 bf16 and fp16, AVX-VNNI and its successors, AVX10. */
static const hidden to_avx512vnni = {
    .leaf7_edx = BIT(22) | BIT(23) | BIT(24) | BIT(25),
    .leaf7_1_eax = BIT(4) | BIT(5) | BIT(21) | BIT(23),
    .leaf7_1_edx = BIT(4) | BIT(5) | BIT(8) | BIT(10) | BIT(19),
};

/* And all of AVX512. */
static const hidden to_avx2 = {
    .leaf7_ebx = BIT(16) | BIT(17) | BIT(21) | BIT(26) | BIT(27) | BIT(28) | BIT(30) | BIT(31),
    .leaf7_ecx = BIT(1) | BIT(6) | BIT(11) | BIT(12) | BIT(14),
    .leaf7_edx = BIT(2) | BIT(3) | BIT(8) | BIT(22) | BIT(23) | BIT(24) | BIT(25),
    .leaf7_1_eax = BIT(4) | BIT(5) | BIT(21) | BIT(23),
    .leaf7_1_edx = BIT(4) | BIT(5) | BIT(8) | BIT(10) | BIT(19),
};

static hidden mask;

static long set_cpuid(unsigned long enabled) { return syscall(SYS_arch_prctl, ARCH_CPUID_SET, enabled); }

static void on_fault(int number, siginfo_t *information, void *context) {
    (void)information;
    greg_t *const registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    unsigned char code[2];
    memcpy(code, (const void *)(uintptr_t)registers[REG_RIP], 2);
    if (code[0] != 0x0f || code[1] != 0xa2) { /* not CPUID: a real fault, which happens again */
        signal(number, SIG_DFL);
        return;
    }
    const uint32_t leaf = (uint32_t)registers[REG_RAX], subleaf = (uint32_t)registers[REG_RCX];
    uint32_t a, b, c, d;
    set_cpuid(1);
    __cpuid_count(leaf, subleaf, a, b, c, d);
    set_cpuid(0);
    if (leaf == 7 && subleaf == 0) {
        b &= ~mask.leaf7_ebx;
        c &= ~mask.leaf7_ecx;
        d &= ~mask.leaf7_edx;
    } else if (leaf == 7 && subleaf == 1) {
        a &= ~mask.leaf7_1_eax;
        d &= ~mask.leaf7_1_edx;
    }
    registers[REG_RAX] = a;
    registers[REG_RBX] = b;
    registers[REG_RCX] = c;
    registers[REG_RDX] = d;
    registers[REG_RIP] += 2;
}

__attribute__((constructor)) static void hold(void) {
    const char *const isa = getenv("HOLD_ISA");
    if (isa == NULL)
        return;
    unsetenv("LD_PRELOAD"); /* programs that this one starts (a compiler) see the whole CPU */
    mask = strcmp(isa, "avx2") == 0 ? to_avx2 : to_avx512vnni;
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = on_fault;
    action.sa_flags = SA_SIGINFO | SA_NODEFER;
    if (sigaction(SIGSEGV, &action, NULL) != 0 || set_cpuid(0) != 0) {
        fputs("hold_isa: this CPU or kernel cannot fault on CPUID\n", stderr);
        _exit(UNSUPPORTED);
    }
}

/* What CPUID says now: 1 for AVX512-VNNI, plus 2 for AMX-INT8. */
int hold_isa_seen(void) {
    uint32_t a, b, c, d;
    __cpuid_count(7, 0, a, b, c, d);
    (void)a;
    (void)b;
    return (int)((c >> 11 & 1) + 2 * (d >> 25 & 1));
}
