/*
 * Page: the processor.
 */
#include "boot/stage2/console.h"
#include "boot/stage2/explain_pages.h"
#include "boot/stage2/state.h"

/* The bits that the loader tests (cpu.c). SDM 2A, CPUID table 3-11 and leaf 80000001h. */
#define LEAF1_TESTED "26SSE2 25SSE 24FXSR 15CMOV 13PGE 8CX8 6PAE 5MSR 4TSC"
#define EXT1_LONG_MODE "29LM"
#define EXT1_USED "26PDPE1GB 20NX"

/* Family and model as SDM 2A, CPUID figure 3-6 composes them. */
static uint32_t family(uint32_t signature) {
    uint32_t base = signature >> 8 & 0xf;

    return base == 15 ? base + (signature >> 20 & 0xff) : base;
}

static uint32_t model(uint32_t signature) {
    uint32_t base = signature >> 8 & 0xf, low = signature >> 4 & 0xf;

    return base == 6 || base == 15 ? low | (signature >> 12 & 0xf0) : low;
}

unsigned explain_cpu(unsigned part) {
    const struct boot_cpu *cpu = &boot_info()->cpu;
    uint32_t signature = cpu->signature;

    (void)part;
    console_printf(
        "CPUID answers what the processor can do: a leaf number in EAX, the answer in EAX,\n"
        "EBX, ECX and EDX. It is there if bit 21 (ID) of EFLAGS can be changed: it could.\n\n");
    console_printf("leaf 0         vendor \"%.12s\", highest leaf %x\n", cpu->vendor, cpu->max_leaf);
    console_printf("leaf 1         EAX %08x: family %u, model %u, stepping %u\n", signature,
                   family(signature), model(signature), signature & 0xf);
    explain_flags("  EDX ", cpu->leaf1_edx, 8, LEAF1_TESTED);
    console_printf("      required: every 64-bit PC has them, and the kernel relies on them\n");
    console_printf("leaf 80000000  highest extended leaf %x\n", cpu->max_ext_leaf);
    console_printf("leaf 80000001  ECX %08x\n", cpu->ext1_ecx);
    explain_flags("  EDX ", cpu->ext1_edx, 8, EXT1_LONG_MODE);
    console_printf("      required: long mode\n");
    explain_flags("  EDX ", cpu->ext1_edx, 8, EXT1_USED);
    console_printf("      used where they are there: no-execute pages, pages of 1 GiB\n\n");
    console_printf("The time stamp counter counts %u kHz, measured against the timer for 10 ms.\n",
                   cpu->tsc_khz);
    return 1;
}
