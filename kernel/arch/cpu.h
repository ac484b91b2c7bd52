/*
 * Registers of the running CPU and what it can do: CPUID, MSRs, control registers, TSC.
 * Everything here may be used in any context unless it says otherwise.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/bits.h"

/* Control registers, SDM 3A §2.5. */
#define CR0_MP BIT(1)
#define CR0_EM BIT(2)
#define CR0_TS BIT(3)
#define CR0_NE BIT(5)
#define CR0_WP BIT(16)
#define CR4_TSD BIT(2)
#define CR4_DE BIT(3)
#define CR4_PSE BIT(4)
#define CR4_PAE BIT(5)
#define CR4_MCE BIT(6)
#define CR4_PGE BIT(7)
#define CR4_OSFXSR BIT(9)
#define CR4_OSXMMEXCPT BIT(10)
#define CR4_UMIP BIT(11)
#define CR4_OSXSAVE BIT(18)
#define CR4_SMEP BIT(20)
#define CR4_SMAP BIT(21)

/* RFLAGS, SDM 1 §3.4.3 (IF is in irqflags.h). */
#define RFLAGS_CF BIT(0)
#define RFLAGS_FIXED BIT(1) /* reads as 1 */
#define RFLAGS_TF BIT(8)
#define RFLAGS_DF BIT(10)
#define RFLAGS_IOPL (3ull << 12)
#define RFLAGS_NT BIT(14)
#define RFLAGS_RF BIT(16)
#define RFLAGS_AC BIT(18)

/* Model-specific registers, SDM 4 §2.1. */
enum cpu_msr {
    MSR_TSC = 0x10,
    MSR_APIC_BASE = 0x1b,
    MSR_TSC_ADJUST = 0x3b,
    MSR_PAT = 0x277,
    MSR_EFER = 0xc0000080,
    MSR_STAR = 0xc0000081,
    MSR_LSTAR = 0xc0000082,
    MSR_CSTAR = 0xc0000083,
    MSR_FMASK = 0xc0000084,
    MSR_FS_BASE = 0xc0000100,
    MSR_GS_BASE = 0xc0000101,
    MSR_KERNEL_GS_BASE = 0xc0000102,
};
#define EFER_SCE BIT(0) /* SYSCALL enable */
#define EFER_LME BIT(8)
#define EFER_NXE BIT(11)

enum cpu_feature {
    CPU_NX,
    CPU_PAGES_1G,
    CPU_SMEP,
    CPU_SMAP,
    CPU_UMIP,
    CPU_XSAVE,
    CPU_XSAVEOPT,
    CPU_TSC_INVARIANT, /* SDM 3B §18.17.1 */
    CPU_TSC_DEADLINE,
    CPU_TSC_ADJUST, /* SDM 3B §18.17.3 */
    CPU_X2APIC,
    CPU_APIC,
    CPU_RDRAND,
    CPU_RDSEED,
    CPU_ERMS,
    CPU_HYPERVISOR,
    CPU_PAT,
    CPU_PGE,
};

extern uint32_t cpu_features; /* bit per enum cpu_feature, filled in by cpu_init */

static inline bool cpu_has(enum cpu_feature feature) {
    return (cpu_features >> feature & 1) != 0;
}

struct cpuid_regs {
    uint32_t eax, ebx, ecx, edx;
};

static inline struct cpuid_regs cpuid(uint32_t leaf, uint32_t subleaf) {
    struct cpuid_regs r;
    __asm__ volatile("cpuid"
                     : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
                     : "a"(leaf), "c"(subleaf));
    return r;
}

/* CPUID's answer, or zeros where the CPU does not have that leaf. */
struct cpuid_regs cpuid_checked(uint32_t leaf, uint32_t subleaf);

static inline uint64_t msr_read(enum cpu_msr msr) {
    uint32_t low, high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
    return (uint64_t)high << 32 | low;
}

static inline void msr_write(enum cpu_msr msr, uint64_t value) {
    __asm__ volatile("wrmsr" ::"c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)) : "memory");
}

#define DEFINE_CR_ACCESS(reg)                                     \
    static inline uint64_t cpu_read_##reg(void) {                 \
        uint64_t value;                                           \
        __asm__ volatile("movq %%" #reg ", %0" : "=r"(value));    \
        return value;                                             \
    }                                                             \
    static inline void cpu_write_##reg(uint64_t value) {          \
        __asm__ volatile("movq %0, %%" #reg ::"r"(value) : "memory"); \
    }
DEFINE_CR_ACCESS(cr0)
DEFINE_CR_ACCESS(cr2)
DEFINE_CR_ACCESS(cr3)
DEFINE_CR_ACCESS(cr4)

static inline void cpu_pause(void) {
    __asm__ volatile("pause" ::: "memory");
}

/* Waits for an interrupt; enables interrupts atomically with halting (SDM 2B, STI). */
static inline void cpu_enable_irq_and_halt(void) {
    __asm__ volatile("sti; hlt" ::: "memory");
}

noreturn_fn static inline void cpu_halt_forever(void) {
    for (;;)
        __asm__ volatile("cli; hlt" ::: "memory");
}

/* Not serialising. */
static inline uint64_t cpu_tsc(void) {
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

static inline void cpu_flush_page(uintptr_t virt) {
    __asm__ volatile("invlpg (%0)" ::"r"(virt) : "memory");
}

/* Drops every translation, global ones included. */
void cpu_flush_all(void);

/* Detects features and sets the boot CPU's registers by them. Early. */
void cpu_init(void);
/* Turns on what protects the kernel, on each CPU: WP, SMEP, SMAP, UMIP, PGE, PAT. */
void cpu_init_registers(void);

/* One hardware random number; false if the CPU has none or did not deliver. */
bool cpu_random(uint64_t *value);

/* Resets the machine: keyboard controller, reset control register, triple fault. Any context. */
noreturn_fn void cpu_reset(void);

/* For /proc/cpuinfo: 48 characters and NUL; 12 and NUL. */
void cpu_brand(char brand[49]);
void cpu_vendor(char vendor[13]);
