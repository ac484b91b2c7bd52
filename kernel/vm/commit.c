/* See commit.h. The rules are those of Linux's __vm_enough_memory; without swap. */
#include "kernel/vm/commit.h"

#include "kernel/mm/page.h"
#include "kernel/task/cred.h"
#include "kernel/vm/counts.h"
#include "kernel/vm/space.h"

#define KIB_TO_PAGES(kib) ((kib) >> (PAGE_SHIFT - 10))
#define COMMIT_SURE_PAGES 1024u /* no machine has less */
#define SPACE_RESERVE_PART 32u /* of a process's own size is kept for others to clean up with */

struct overcommit overcommit = {
    .mode = OVERCOMMIT_GUESS, .ratio_percent = 50, .admin_reserve_kib = 8192, .user_reserve_kib = 131072,
};

uint32_t commit_flags(uint32_t vma_flags) {
    if (atomic_load_relaxed(&overcommit.mode) == OVERCOMMIT_NEVER)
        vma_flags &= ~(uint32_t)VMA_NO_RESERVE;
    bool counts = (vma_flags & (VMA_WRITE | VMA_SHARED | VMA_NO_RESERVE)) == VMA_WRITE;
    return counts ? vma_flags | VMA_ACCOUNT : vma_flags;
}

static uint64_t memory_pages(void) {
    struct page_stats stats;

    page_stats_read(&stats);
    return stats.managed_pages;
}

uint64_t commit_limit_pages(void) {
    uint64_t limit_kib = overcommit.limit_kib;
    return limit_kib != 0 ? KIB_TO_PAGES(limit_kib) : memory_pages() * overcommit.ratio_percent / 100;
}

uint64_t commit_promised_pages(void) {
    struct vm_counts counts;

    vm_counts_read(&counts);
    return (uint64_t)MAX(counts.promised_pages, 0);
}

static uint64_t subtract(uint64_t a, uint64_t b) {
    return a > b ? a - b : 0;
}

static bool within_limit(const struct space *space, uint64_t pages) {
    uint64_t allowed = commit_limit_pages();

    if (!cred_has(current_cred(), CAP_SYS_ADMIN))
        allowed = subtract(allowed, KIB_TO_PAGES(overcommit.admin_reserve_kib));
    if (space)
        allowed = subtract(allowed, MIN(space->total_pages / SPACE_RESERVE_PART, KIB_TO_PAGES(overcommit.user_reserve_kib)));
    return commit_promised_pages() + pages < allowed;
}

bool commit_allows(const struct space *space, uint64_t pages) {
    switch (atomic_load_relaxed(&overcommit.mode)) {
    case OVERCOMMIT_ALWAYS:
        return true;
    case OVERCOMMIT_NEVER:
        return within_limit(space, pages);
    default: /* only what can never be had is refused; little is not worth a look */
        return pages < COMMIT_SURE_PAGES || pages <= memory_pages();
    }
}
