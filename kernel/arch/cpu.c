#include "kernel/arch/cpu.h"

#include "kernel/arch/io.h"
#include "lib/string.h"

#define CPUID_EXTENDED 0x80000000u
#define CPUID_HYPERVISOR 0x40000000u /* vendor in ebx, ecx, edx; only where CPU_HYPERVISOR is set */

/* PAT entry 1 (PWT alone) becomes write combining; the rest stay as after reset. SDM 3A §11.12.4 */
#define PAT_VALUE 0x0007040600070106ull

#define KBD_STATUS_PORT 0x64
#define KBD_INPUT_FULL 0x02
#define KBD_PULSE_RESET 0xfe
#define RESET_CONTROL_PORT 0xcf9 /* Intel ICH and successors, "RST_CNT" */
#define RESET_CONTROL_HARD 0x06

uint32_t cpu_features;

struct cpuid_regs cpuid_checked(uint32_t leaf, uint32_t subleaf) {
    uint32_t base = leaf & CPUID_EXTENDED;
    if (leaf > cpuid(base, 0).eax)
        return (struct cpuid_regs){0};
    return cpuid(leaf, subleaf);
}

/* Where CPUID reports each feature, SDM 2A CPUID. */
static const struct {
    uint32_t leaf;
    uint8_t subleaf;
    uint8_t reg; /* 0..3: eax, ebx, ecx, edx */
    uint8_t bit;
    uint8_t feature;
} feature_bits[] = {
    {1, 0, 2, 21, CPU_X2APIC},
    {1, 0, 2, 24, CPU_TSC_DEADLINE},
    {1, 0, 2, 26, CPU_XSAVE},
    {1, 0, 2, 30, CPU_RDRAND},
    {1, 0, 2, 31, CPU_HYPERVISOR},
    {1, 0, 3, 9, CPU_APIC},
    {1, 0, 3, 13, CPU_PGE},
    {1, 0, 3, 16, CPU_PAT},
    {7, 0, 1, 7, CPU_SMEP},
    {7, 0, 1, 1, CPU_TSC_ADJUST},
    {7, 0, 1, 9, CPU_ERMS},
    {7, 0, 1, 18, CPU_RDSEED},
    {7, 0, 1, 20, CPU_SMAP},
    {7, 0, 2, 2, CPU_UMIP},
    {0xd, 1, 0, 0, CPU_XSAVEOPT},
    {0x80000001, 0, 3, 20, CPU_NX},
    {0x80000001, 0, 3, 26, CPU_PAGES_1G},
    {0x80000007, 0, 3, 8, CPU_TSC_INVARIANT},
};

/*
 * QEMU's own CPU (TCG, seen in 7.2) hangs when CR4.OSXSAVE is set on a model that has XSAVE without
 * any of leaf 0xd's extensions, such as Opteron_G4: it takes the bit for a reserved one. On machine
 * types up to 2.8 it hides its name, as no other hypervisor does.
 */
static bool xsave_hangs(uint32_t found) {
    if (!(found >> CPU_HYPERVISOR & 1) || cpuid_checked(0xd, 1).eax != 0)
        return false;
    struct cpuid_regs r = cpuid(CPUID_HYPERVISOR, 0);
    const uint32_t vendor[3] = {r.ebx, r.ecx, r.edx};
    return vendor[0] == 0 || memcmp(vendor, "TCGTCGTCGTCG", sizeof(vendor)) == 0;
}

static void detect_features(void) {
    uint32_t found = 0;
    for (size_t i = 0; i < ARRAY_SIZE(feature_bits); i++) {
        struct cpuid_regs r = cpuid_checked(feature_bits[i].leaf, feature_bits[i].subleaf);
        uint32_t value[4] = {r.eax, r.ebx, r.ecx, r.edx};
        if (value[feature_bits[i].reg] >> feature_bits[i].bit & 1)
            found |= 1u << feature_bits[i].feature;
    }
    if (xsave_hangs(found))
        found &= ~(1u << CPU_XSAVE);
    cpu_features = found;
}

void cpu_init(void) {
    detect_features();
    cpu_init_registers();
}

void cpu_init_registers(void) {
    cpu_write_cr0((cpu_read_cr0() | CR0_WP | CR0_MP | CR0_NE) & ~(CR0_EM | CR0_TS));

    uint64_t cr4 = cpu_read_cr4() | CR4_DE | CR4_MCE | CR4_OSFXSR | CR4_OSXMMEXCPT;
    cr4 |= cpu_has(CPU_PGE) ? CR4_PGE : 0;
    cr4 |= cpu_has(CPU_SMEP) ? CR4_SMEP : 0;
    cr4 |= cpu_has(CPU_SMAP) ? CR4_SMAP : 0;
    cr4 |= cpu_has(CPU_UMIP) ? CR4_UMIP : 0;
    cr4 |= cpu_has(CPU_XSAVE) ? CR4_OSXSAVE : 0;
    cpu_write_cr4(cr4);

    if (cpu_has(CPU_NX))
        msr_write(MSR_EFER, msr_read(MSR_EFER) | EFER_NXE);
    if (cpu_has(CPU_PAT))
        msr_write(MSR_PAT, PAT_VALUE);
}

void cpu_flush_all(void) {
    uint64_t cr4 = cpu_read_cr4();
    cpu_write_cr4(cr4 & ~CR4_PGE); /* SDM 3A §4.10.4.1: changing PGE flushes everything */
    cpu_write_cr4(cr4);
}

bool cpu_random(uint64_t *value) {
    bool ok = false;
    /* Ten tries: SDM 1 §7.3.17.1. */
    for (int tries = 0; tries < 10 && !ok; tries++) {
        if (cpu_has(CPU_RDSEED))
            __asm__ volatile("rdseed %0" : "=r"(*value), "=@ccc"(ok));
        else if (cpu_has(CPU_RDRAND))
            __asm__ volatile("rdrand %0" : "=r"(*value), "=@ccc"(ok));
        else
            return false;
    }
    return ok;
}

noreturn_fn void cpu_reset(void) {
    for (int tries = 0; tries < 0x10000 && (io_in8(KBD_STATUS_PORT) & KBD_INPUT_FULL); tries++)
        io_delay();
    io_out8(KBD_STATUS_PORT, KBD_PULSE_RESET);
    for (int i = 0; i < 50000; i++)
        io_delay();
    io_out8(RESET_CONTROL_PORT, RESET_CONTROL_HARD);
    for (int i = 0; i < 50000; i++)
        io_delay();
    /* Any exception with an empty IDT shuts the CPU down. */
    struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) no_idt = {0, 0};
    __asm__ volatile("lidt %0; int3" ::"m"(no_idt));
    cpu_halt_forever();
}

void cpu_brand(char brand[49]) {
    for (uint32_t i = 0; i < 3; i++) {
        struct cpuid_regs r = cpuid_checked(0x80000002u + i, 0);
        memcpy(brand + 16 * i, &r, 16);
    }
    brand[48] = 0;
}

void cpu_vendor(char vendor[13]) {
    struct cpuid_regs r = cpuid(0, 0);
    uint32_t order[3] = {r.ebx, r.edx, r.ecx};
    memcpy(vendor, order, sizeof order);
    vendor[12] = 0;
}
