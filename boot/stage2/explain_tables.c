/*
 * Pages: page tables.
 */
#include "boot/stage2/explain_pages.h"
#include "boot/stage2/facts.h"
#include "boot/stage2/page_walk.h"
#include "boot/stage2/registers.h"
#include "boot/stage2/state.h"

#define SAMPLE_BYTES 8u

unsigned explain_paging_before(unsigned part) {
    (void)part;
    explain_text("64-bit code needs paging: four levels of tables of 512 entries turn a "
                 "virtual address into a physical one. So far paging is off (pg) and addresses "
                 "are physical. Stage2 is about to map:");
    explain_print("  0 to 4 GiB           the same physical address (identity)\n"
                  "  %llx..   0 to 4 GiB once more (offset map)\n"
                  "  %llx..   the kernel's segments, each page with its rights\n\n",
                  BOOT_OFFSET_MAP, BOOT_KERNEL_VIRT_BASE);
    explain_flags("CR0 ", read_cr0(), 8, FLAGS_CR0);
    return 1;
}

static uint64_t read_table(uint64_t phys) {
    return *(const volatile uint64_t *)(uintptr_t)(uint32_t)phys;
}

/* The flags differ: only what names a page has D and G, and bit 7 is PS or PAT. */
static const char *flags_at(const struct page_walk *walk, unsigned level) {
    if (level + 1 < walk->count || !walk->mapped)
        return FLAGS_TABLE;
    return level + 1 == PAGE_WALK_LEVELS ? FLAGS_PAGE : FLAGS_LARGE_PAGE;
}

static void print_walk(uint64_t virt, const struct page_walk *walk) {
    static const char *const names[PAGE_WALK_LEVELS] = {"PML4", "PDPT", "PD", "PT"};

    explain_print(VALUE "%016llx" PLAIN ": CR3 " VALUE "%llx\n", (unsigned long long)virt,
                  (unsigned long long)boot_info()->page_table_phys);
    for (unsigned i = 0; i < walk->count; i++) {
        const struct page_walk_step *step = &walk->steps[i];

        explain_print("%4s[" VALUE "%3u" PLAIN "] at %05x = ", names[i], step->index,
                      (uint32_t)step->entry_phys);
        explain_flags("", step->entry, 16, flags_at(walk, i));
    }
    explain_print("  -> physical " VALUE "%llx" PLAIN ", in a page of %u KiB\n",
                  (unsigned long long)walk->phys, (uint32_t)(walk->page_bytes >> 10));
}

static struct page_walk walk_to(uint64_t virt) {
    struct page_walk walk = page_walk(boot_info()->page_table_phys, virt, read_table);

    print_walk(virt, &walk);
    return walk;
}

unsigned explain_page_walk(unsigned part) {
    uint64_t entry = boot_info()->kernel_entry_virt;

    (void)part;
    explain_text("Bits 47-39, 38-30, 29-21 and 20-12 of an address are the indices into the "
                 "four tables, bits 11-0 the offset in the page. CAPITALS: the flag is set.");
    struct page_walk walk = walk_to(entry);

    explain_print("     there:  ");
    explain_bytes((const void *)(uintptr_t)(uint32_t)walk.phys, SAMPLE_BYTES);
    explain_print("   the kernel's first instructions\n\n"
                  "  P   present                 A   accessed: the processor sets it\n"
                  "  RW  may be written          D   dirty, written to: likewise\n"
                  "  US  programs may use it     PS  a large page: no table follows\n"
                  "  NX  no code here            G   global: stays when CR3 changes\n"
                  "  PWT, PCD, PAT  how the processor caches it\n\n" VALUE "%u" PLAIN
                  " pages of tables from " VALUE "%x" PLAIN " on\n", boot_facts.table_pages,
                  LAYOUT_PAGE_TABLES);
    return 1;
}

unsigned explain_low_maps(unsigned part) {
    (void)part;
    explain_text("Two walks to the boot information: by its physical address, for the loader's "
                 "own code while paging goes on, and by the offset map, which the kernel "
                 "keeps. Both share the tables below the first.");
    struct page_walk identity = walk_to(LAYOUT_BOOT_INFO);

    explain_print("\n");
    struct page_walk offset = walk_to(BOOT_OFFSET_MAP + LAYOUT_BOOT_INFO);

    explain_print("\nThe same place: " VALUE "%s\n", identity.phys == offset.phys ? "yes" : "NO");
    return 1;
}
