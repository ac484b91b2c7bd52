/*
 * Top-level tables: the user half is empty, the kernel's half a copy that never changes, so freed
 * ones are kept at hand on each CPU for the next fork or exec.
 */
#include "kernel/arch/percpu.h"
#include "kernel/mm/page_table.h"
#include "kernel/vm/page_table.h"

#define POOL_ROOTS 8u

struct root_pool {
    unsigned count;
    struct page *roots[POOL_ROOTS];
};
static DEFINE_PER_CPU(struct root_pool, root_pool);

/* The kernel is not preempted and interrupts make no spaces: the running CPU's pool needs no lock. */
phys_addr_t table_root_alloc(void) {
    struct root_pool *pool = this_cpu_ptr(root_pool);

    if (pool->count > 0)
        return page_to_phys(pool->roots[--pool->count]);
    struct page *page = page_table_alloc(PAGE_ALLOC_USER);
    if (!page)
        return 0;
    page_table_copy_kernel(page_to_virt(page));
    return page_to_phys(page);
}

void table_root_free(phys_addr_t root_phys) {
    struct root_pool *pool = this_cpu_ptr(root_pool);
    struct page *page = phys_to_page(root_phys);

    if (pool->count < POOL_ROOTS) {
        pool->roots[pool->count++] = page;
        return;
    }
    page_table_discard(page); /* not back into the pool of zeroed tables */
}

uint64_t table_root_kept(void) {
    uint64_t kept = 0;
    for (uint32_t cpu = 0; cpu < cpu_count; cpu++)
        kept += atomic_load_relaxed(&per_cpu_ptr(root_pool, cpu)->count);
    return kept;
}
