#include "kernel/arch/trampoline.h"

#include <stddef.h>

#include "boot/bootinfo.h"
#include "kernel/arch/cpu.h"
#include "kernel/arch/image.h"
#include "lib/assert.h"
#include "lib/atomic.h"
#include "lib/string.h"

#define BLOCK_OFFSET 0xf80u /* in the page; trampoline.asm */

struct trampoline_block {
    uint32_t low_tables_phys;
    uint32_t efer;
    uint64_t kernel_tables_phys;
    uint64_t entry;
    uint64_t stack_top;
    uint64_t gs_base;
    uint32_t taken; /* the CPU sets it */
};
_Static_assert(offsetof(struct trampoline_block, taken) == 40, "trampoline.asm");
_Static_assert(BOOT_AP_PAGE == 0x8000, "trampoline.asm");

static struct trampoline_block *block_of(const void *page) {
    return (struct trampoline_block *)((uintptr_t)page + BLOCK_OFFSET);
}

void trampoline_install(void *page) {
    size_t size = (size_t)(trampoline_end - trampoline_start);
    ASSERT(size <= BLOCK_OFFSET);
    memcpy(page, trampoline_start, size);
}

void trampoline_aim(void *page, const struct trampoline_target *target) {
    struct trampoline_block *block = block_of(page);

    ASSERT(target->low_tables_phys <= UINT32_MAX);
    block->low_tables_phys = (uint32_t)target->low_tables_phys;
    /* The tables have no-execute bits: without NXE they would fault as reserved. */
    block->efer = (uint32_t)(EFER_LME | (cpu_has(CPU_NX) ? EFER_NXE : 0));
    block->kernel_tables_phys = target->kernel_tables_phys;
    block->entry = (uintptr_t)trampoline_arrive;
    block->stack_top = target->stack_top;
    block->gs_base = target->gs_base;
    atomic_store(&block->taken, 0u);
}

bool trampoline_taken(const void *page) {
    return atomic_load(&block_of(page)->taken) != 0;
}
