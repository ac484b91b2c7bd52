#define LOG_TAG "walk"
#include "kernel/debug/probe.h"

#include "kernel/arch/cpu.h"
#include "kernel/log/log.h"
#include "kernel/mm/page_table.h"
#include "lib/string.h"

/* The RAM behind one byte, or NULL: unmapped, or a device's, which reading might disturb. */
static const uint8_t *probe_byte(uint64_t address) {
    struct page_walk walk;
    phys_addr_t phys;
    if (!address_is_canonical(address) || !page_table_walk(cpu_read_cr3(), address, &walk, &phys))
        return NULL;
    return phys_has_page(phys) ? phys_to_virt(phys) : NULL;
}

bool probe_read(uint64_t address, void *to, size_t size) {
    uint8_t *out = to;
    /* Page by page, through the direct map: user memory too, whatever SMAP says. */
    while (size > 0) {
        const uint8_t *from = probe_byte(address);
        size_t chunk = MIN(size, PAGE_SIZE - (address & ~PAGE_MASK));
        if (!from)
            return false;
        memcpy(out, from, chunk);
        out += chunk;
        address += chunk;
        size -= chunk;
    }
    return true;
}

static void show_entry(unsigned level, pte_t entry) {
    static const char *const names[PTE_LEVELS + 1] = {"", "PTE", "PDE", "PDPTE", "PML4E"};
    log_error("  %-5s %016lx%s%s%s%s%s", names[level], (unsigned long)entry,
              entry & PTE_PRESENT ? " present" : " not present",
              !(entry & PTE_PRESENT) ? "" : entry & PTE_WRITE ? " writable" : " read-only",
              entry & PTE_USER ? " user" : "", entry & PTE_NX ? " no-execute" : "",
              level > 1 && (entry & PTE_LARGE) ? " large" : "");
}

void probe_show_walk(uint64_t address) {
    struct page_walk walk;
    phys_addr_t phys;
    if (!address_is_canonical(address)) {
        log_error("  %016lx is not a canonical address", (unsigned long)address);
        return;
    }
    bool mapped = page_table_walk(cpu_read_cr3(), address, &walk, &phys);
    for (unsigned level = PTE_LEVELS; level >= walk.level; level--)
        show_entry(level, walk.entries[level]);
    if (mapped)
        log_error("  physical address %#lx%s", (unsigned long)phys, phys_has_page(phys) ? "" : " (not RAM)");
}
