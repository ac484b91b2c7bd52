/*
 * Promised memory: what programs may come to use, whether or not they touched it yet, and whether more may
 * be promised. proc(5), /proc/sys/vm/overcommit_*.
 *
 * Promised are private writable mappings (VMA_ACCOUNT, which stays when they become read-only) and shared
 * anonymous memory, but not what MAP_NORESERVE asks for.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct space;

enum overcommit_mode { OVERCOMMIT_GUESS = 0, OVERCOMMIT_ALWAYS = 1, OVERCOMMIT_NEVER = 2 };

/* The settings; written by /proc/sys. */
struct overcommit {
    uint64_t mode;
    uint64_t ratio_percent; /* of all memory may be promised, unless limit_kib is set */
    uint64_t limit_kib;
    uint64_t admin_reserve_kib, user_reserve_kib;
};
extern struct overcommit overcommit;

/* The flags of a new mapping with VMA_ACCOUNT as it should have it. */
uint32_t commit_flags(uint32_t vma_flags);
/* May `pages` more be promised? Nothing is counted: linking the mapping does. `space` NULL: the kernel asks. */
bool commit_allows(const struct space *space, uint64_t pages);
uint64_t commit_limit_pages(void);
uint64_t commit_promised_pages(void);
