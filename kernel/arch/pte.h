/*
 * Page-table entries, the same at all four levels (SDM 3A §4.5, tables 4-14 to 4-20).
 * Level 1 is the page table (4 KiB entries), level 4 the top (PML4).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "kernel/arch/cpu.h"

typedef uint64_t pte_t;

#define PTE_PRESENT BIT(0)
#define PTE_WRITE BIT(1)
#define PTE_USER BIT(2)
#define PTE_PWT BIT(3) /* with our PAT: alone it means write combining */
#define PTE_PCD BIT(4)
#define PTE_ACCESSED BIT(5)
#define PTE_DIRTY BIT(6)
#define PTE_LARGE BIT(7) /* level 2 and 3: maps 2 MiB or 1 GiB */
#define PTE_GLOBAL BIT(8)
#define PTE_SOFT_0 BIT(9) /* free for software */
#define PTE_SOFT_1 BIT(10)
#define PTE_SOFT_2 BIT(11)
#define PTE_NX BIT(63)
#define PTE_ADDRESS_MASK 0x000ffffffffff000ull

#define PTE_UNCACHED (PTE_PCD | PTE_PWT)
#define PTE_WRITE_COMBINING PTE_PWT

#define PTE_LEVELS 4u
#define PTE_COUNT 512u /* entries in a table */
#define PTE_KERNEL_FIRST 256u /* first top-level entry of the kernel's half */

/* PTE_NX where the CPU knows it, else 0: the bit is reserved there. Set by pte_init. */
extern pte_t pte_nx;
/* PTE_GLOBAL where the CPU has it. */
extern pte_t pte_global;
void pte_init(void);

static inline unsigned pte_shift(unsigned level) {
    return 12 + 9 * (level - 1);
}

/* Bytes that one entry of this level covers. */
static inline uint64_t pte_span(unsigned level) {
    return 1ull << pte_shift(level);
}

static inline unsigned pte_index(uint64_t virt, unsigned level) {
    return (unsigned)(virt >> pte_shift(level)) & (PTE_COUNT - 1);
}

/* Only for 4 KiB entries and pointers to tables; large entries use pte_large_phys. */
static inline uint64_t pte_phys(pte_t entry) {
    return entry & PTE_ADDRESS_MASK;
}

static inline uint64_t pte_large_phys(pte_t entry, unsigned level) {
    return entry & PTE_ADDRESS_MASK & ~(pte_span(level) - 1);
}

/* Does the entry at this level map memory (rather than point to a table)? */
static inline bool pte_is_leaf(pte_t entry, unsigned level) {
    return level == 1 || (entry & PTE_LARGE);
}

/* Bits 63..47 all equal: the address may be loaded into RIP or dereferenced (SDM 1 §3.3.7.1). */
static inline bool address_is_canonical(uint64_t address) {
    return (uint64_t)((int64_t)(address << 16) >> 16) == address;
}
