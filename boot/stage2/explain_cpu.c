/*
 * Page: the processor.
 */
#include "boot/stage2/explain_pages.h"
#include "boot/stage2/state.h"

/* The bits that the loader tests (cpu.c). SDM 2A, CPUID table 3-11 and leaf 80000001h. */
#define LEAF1_TESTED "26SSE2 25SSE 24FXSR 15CMOV 13PGE 8CX8 6PAE 5MSR 4TSC"
#define EXT1_TESTED  "29LM 26PDPE1GB 20NX"

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
    explain_text("CPUID tells what the processor can do: a leaf's number in EAX, the answer in "
                 "EAX, EBX, ECX and EDX. It is there where bit 21 (ID) of EFLAGS can be "
                 "changed, as here.");
    explain_print("leaf 0         " VALUE "vendor \"%.12s\", highest leaf %x\n", cpu->vendor,
                  cpu->max_leaf);
    explain_print("leaf 1         " VALUE "EAX %08x: family %u, model %u, stepping %u\n", signature,
                  family(signature), model(signature), signature & 0xf);
    explain_flags("  EDX ", cpu->leaf1_edx, 8, LEAF1_TESTED);
    explain_print("      all required: every 64-bit PC has them\n");
    explain_print("leaf 80000000  " VALUE "highest extended leaf %x\n", cpu->max_ext_leaf);
    explain_print("leaf 80000001  " VALUE "ECX %08x\n", cpu->ext1_ecx);
    explain_flags("  EDX ", cpu->ext1_edx, 8, EXT1_TESTED);
    explain_print("      LM, long mode, is required; pages of 1 GiB and NX are used where "
                  "present\n\n");
    explain_print("Time stamps  " VALUE "%u kHz, the least of three times 1 ms of the timer\n", cpu->tsc_khz);
    return 1;
}
