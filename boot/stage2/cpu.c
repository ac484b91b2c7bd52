/*
 * Processor check. Facts: SDM 2A, CPUID; SDM 1 §20.1 (telling whether there is CPUID);
 * 8254 data sheet for the clock it is measured against.
 */
#include "boot/stage2/cpu.h"

#include "boot/stage2/bios.h"
#include "boot/stage2/console.h"
#include "boot/stage2/error.h"
#include "boot/stage2/io.h"
#include "boot/stage2/state.h"
#include "boot/stage2/trace.h"
#include "lib/div64.h"
#include "lib/string.h"

#define EFLAGS_ID BIT(21)
#define TSC_MEASUREMENTS 3u

#define LEAF_VENDOR     0u
#define LEAF_FEATURES   1u
#define LEAF_EXTENDED   0x80000000u
#define LEAF_EXTENDED_1 0x80000001u

enum leaf1_edx { /* SDM 2A, CPUID table 3-11 */
    EDX_TSC = 1u << 4,
    EDX_MSR = 1u << 5,
    EDX_PAE = 1u << 6,
    EDX_CX8 = 1u << 8,
    EDX_PGE = 1u << 13,
    EDX_CMOV = 1u << 15,
    EDX_FXSR = 1u << 24,
    EDX_SSE = 1u << 25,
    EDX_SSE2 = 1u << 26
};

enum extended1_edx {
    EDX_SYSCALL = 1u << 11, /* Intel CPUs show it in 64-bit mode only: not required here */
    EDX_NX = 1u << 20,
    EDX_1G_PAGES = 1u << 26,
    EDX_LONG_MODE = 1u << 29
};

struct required {
    uint32_t bit;
    const char *name;
};

/* What every x86-64 processor has and the kernel relies on. */
static const struct required required[] = {
    {EDX_TSC, "TSC"},   {EDX_MSR, "MSR"},   {EDX_PAE, "PAE"}, {EDX_CX8, "CMPXCHG8B"},
    {EDX_PGE, "PGE"},   {EDX_CMOV, "CMOV"}, {EDX_FXSR, "FXSR"}, {EDX_SSE, "SSE"},
    {EDX_SSE2, "SSE2"},
};

struct cpuid {
    uint32_t eax, ebx, ecx, edx;
};

static struct cpuid cpuid(uint32_t leaf) {
    struct cpuid r;

    __asm__ volatile("cpuid"
                     : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
                     : "a"(leaf), "c"(0));
    return r;
}

static bool has_cpuid(void) {
    uint32_t before, after;

    __asm__ volatile("pushfl; popl %0; movl %0, %1; xorl %2, %1; pushl %1; popfl;"
                     "pushfl; popl %1; pushl %0; popfl"
                     : "=&r"(before), "=&r"(after)
                     : "i"((uint32_t)EFLAGS_ID)
                     : "cc");
    return ((before ^ after) & EFLAGS_ID) != 0;
}

bool cpu_has_tsc(void) {
    return has_cpuid() && cpuid(LEAF_VENDOR).eax >= LEAF_FEATURES &&
           (cpuid(LEAF_FEATURES).edx & EDX_TSC);
}

static void read_leaves(struct boot_cpu *cpu) {
    struct cpuid vendor = cpuid(LEAF_VENDOR), leaf1 = cpuid(LEAF_FEATURES);

    cpu->max_leaf = vendor.eax;
    memcpy(cpu->vendor, &vendor.ebx, 4);
    memcpy(cpu->vendor + 4, &vendor.edx, 4);
    memcpy(cpu->vendor + 8, &vendor.ecx, 4);
    cpu->signature = leaf1.eax;
    cpu->leaf1_ecx = leaf1.ecx;
    cpu->leaf1_edx = leaf1.edx;
    cpu->max_ext_leaf = cpuid(LEAF_EXTENDED).eax;
    if (cpu->max_ext_leaf >= LEAF_EXTENDED_1 && cpu->max_ext_leaf < LEAF_EXTENDED + 0x10000) {
        struct cpuid extended = cpuid(LEAF_EXTENDED_1);

        cpu->ext1_ecx = extended.ecx;
        cpu->ext1_edx = extended.edx;
    }
    cpu->features = (cpu->ext1_edx & EDX_NX ? BOOT_CPU_NX : 0) |
                    (cpu->ext1_edx & EDX_1G_PAGES ? BOOT_CPU_1G_PAGES : 0) |
                    (cpu->leaf1_edx & EDX_TSC ? BOOT_CPU_TSC : 0);
}

/*
 * Intel's switch that hides NX (SDM 4, IA32_MISC_ENABLE bit 34): some BIOSes set it. The CPUs
 * that have it are those of family 6 from model 14 on, and family 15.
 */
static void intel_show_nx(const struct boot_cpu *cpu) {
    enum { MSR_MISC_ENABLE = 0x1a0, XD_DISABLE_HIGH = 1u << 2 };
    uint32_t low, high, family = cpu->signature >> 8 & 0xf;
    uint32_t model = (cpu->signature >> 4 & 0xf) | (cpu->signature >> 12 & 0xf0);

    if (memcmp(cpu->vendor, "GenuineIntel", sizeof(cpu->vendor)) != 0 ||
        (cpu->features & BOOT_CPU_NX) || (family == 6 && model < 14) || family < 6)
        return;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(MSR_MISC_ENABLE));
    if (high & XD_DISABLE_HIGH)
        __asm__ volatile("wrmsr" : : "a"(low), "d"(high & ~XD_DISABLE_HIGH), "c"(MSR_MISC_ENABLE));
}

/*
 * TSC ticks in a millisecond of the timer's channel 2; UINT32_MAX if that does not count. Whatever
 * holds us up, an emulator's host above all, only makes the result larger.
 */
static uint32_t measure_millisecond(void) {
    enum {
        PIT_CHANNEL2 = 0x42,
        PIT_COMMAND = 0x43,
        PIT_CHANNEL2_ONE_SHOT = 0xb0, /* low byte then high byte, mode 0 */
        PORT_B = 0x61,
        PORT_B_GATE2 = 1,
        PORT_B_SPEAKER = 2,
        PORT_B_OUT2 = 0x20,
        PIT_TICKS_1MS = 1193,
        PATIENCE = 1000000
    };
    uint8_t port_b = (uint8_t)(inb(PORT_B) & ~(PORT_B_SPEAKER | PORT_B_GATE2));
    uint32_t waited = 0;

    outb(PORT_B, port_b);
    outb(PIT_COMMAND, PIT_CHANNEL2_ONE_SHOT);
    outb(PIT_CHANNEL2, PIT_TICKS_1MS & 0xff);
    outb(PIT_CHANNEL2, PIT_TICKS_1MS >> 8);
    uint64_t start = read_tsc();

    outb(PORT_B, port_b | PORT_B_GATE2);
    while (!(inb(PORT_B) & PORT_B_OUT2) && waited < PATIENCE)
        waited++;
    uint64_t ticks = read_tsc() - start;

    outb(PORT_B, port_b);
    return waited == 0 || waited == PATIENCE ? UINT32_MAX : (uint32_t)MIN(ticks, UINT32_MAX);
}

/* The TSC's rate in kHz; 0 if it could not be measured. */
static uint32_t measure_tsc_khz(void) {
    uint32_t least = UINT32_MAX;

    for (unsigned i = 0; i < TSC_MEASUREMENTS && (i == 0 || least != UINT32_MAX); i++) {
        uint32_t ticks = measure_millisecond();

        least = MIN(least, ticks);
    }
    return least == UINT32_MAX ? 0 : least;
}

void cpu_check(void) {
    struct boot_cpu *cpu = &boot_info()->cpu;

    trace_step(BOOT_STEP_CPU);
    console_step("cpu");
    if (!has_cpuid())
        error_fatal(ERROR_CPU_NO_CPUID, "the ID flag of EFLAGS does not change");
    read_leaves(cpu);
    if (!(cpu->ext1_edx & EDX_LONG_MODE))
        error_fatal(ERROR_CPU_NO_LONG_MODE, "%.12s, signature %#x, extended features %#x",
                    cpu->vendor, cpu->signature, cpu->ext1_edx);
    for (size_t i = 0; i < ARRAY_SIZE(required); i++) {
        if (!(cpu->leaf1_edx & required[i].bit))
            error_fatal(ERROR_CPU_FEATURE, "%.12s, signature %#x: no %s", cpu->vendor,
                        cpu->signature, required[i].name);
    }
    intel_show_nx(cpu);
    read_leaves(cpu);
    cpu->tsc_khz = measure_tsc_khz();
    /* The BIOS is told that 64-bit code follows; those that do not know the call ignore it. */
    struct bios_regs regs = {.eax = 0xec00, .ebx = 2};

    bios_call(BIOS_SYSTEM, &regs);
    console_printf("%.12s, signature %#x, %u MHz%s%s\n", cpu->vendor, cpu->signature,
                   cpu->tsc_khz / 1000, cpu->features & BOOT_CPU_NX ? ", NX" : ", no NX",
                   cpu->features & BOOT_CPU_1G_PAGES ? ", 1 GiB pages" : "");
    trace_step_done(BOOT_STEP_CPU, cpu->features);
}

uint32_t cpu_elapsed_ms(uint64_t tsc) {
    uint32_t remainder, khz = boot_info()->cpu.tsc_khz;

    return khz == 0 ? 0 : (uint32_t)div64_u32(read_tsc() - tsc, khz, &remainder);
}
