/*
 * Physical page frames: one struct page each, and the allocator that hands them out.
 *
 * Invariants
 *  1. All-zero is a valid struct page (an unmanaged, reserved frame): booting touches only the
 *     heads of free blocks; the rest of a block is cleared when it is first split (PAGE_FRESH), so
 *     boot time hardly grows with RAM.
 *  2. refcount == 0 for a free page; page_alloc returns pages with refcount 1.
 *  3. `u` belongs to whoever owns the page: the buddy allocator, a slab, an object, or nobody.
 */
#pragma once

#include "kernel/arch/percpu.h"
#include "kernel/debug/kasan.h"
#include "kernel/mm/layout.h"
#include "kernel/sync/rcu.h"
#include "lib/atomic.h"
#include "lib/bits.h"
#include "lib/list.h"

struct slab_cache;
struct vm_object;

enum page_flag {
    PAGE_FREE = 1u << 0,      /* head of a free block in the buddy allocator */
    PAGE_SLAB = 1u << 1,      /* part of a slab */
    PAGE_OBJECT = 1u << 2,    /* in an object's page tree (page cache) */
    PAGE_DIRTY = 1u << 3,     /* object page: newer than its backing store */
    PAGE_UPTODATE = 1u << 4,  /* object page: contents valid */
    PAGE_WRITEBACK = 1u << 5, /* object page: being written */
    PAGE_LOCKED = 1u << 6,    /* object page: being filled or truncated */
    PAGE_RESERVED = 1u << 7,  /* never freed: firmware, kernel image, zero page, ramfs archive */
    PAGE_ERROR = 1u << 8,     /* object page: the last transfer failed */
    PAGE_TABLE = 1u << 9,     /* a page table */
    PAGE_FRESH = 1u << 10,    /* free block whose other struct pages are not initialised yet */
    PAGE_ANONYMOUS = 1u << 11, /* a program's own memory; counted */
};

struct page {
    uint32_t refcount; /* atomic */
    uint32_t flags;    /* enum page_flag; atomic bit operations */
    uint8_t order;     /* of the block this page heads */
    uint32_t freed_by[CONFIG_KASAN ? KASAN_PAGE_TRACE_DEPTH : 0];
    union {
        struct { /* buddy, per-CPU list: free */
            struct list_node node;
        } free;
        struct { /* page cache */
            struct vm_object *object;
            uint64_t index;   /* in pages */
            uint64_t private; /* the filesystem's: state of the blocks inside the page */
        } cache;
        struct { /* slab head page */
            struct slab_cache *cache;
            void *free_list;
            struct list_node node;
            uint16_t in_use, total;
        } slab;
        struct rcu_head rcu;
    } u;
};

_Static_assert(sizeof(struct page) <= 64, "one cache line a frame");

#define page_array ((struct page *)PAGE_ARRAY_BASE)

static inline struct page *phys_to_page(phys_addr_t phys) {
    return &page_array[phys >> PAGE_SHIFT];
}
static inline phys_addr_t page_to_phys(const struct page *page) {
    return (phys_addr_t)(page - page_array) << PAGE_SHIFT;
}
static inline void *page_to_virt(const struct page *page) {
    return phys_to_virt(page_to_phys(page));
}
static inline struct page *virt_to_page(const void *virt) {
    return phys_to_page(virt_to_phys(virt));
}
/* False for addresses beyond RAM (device memory), which have no struct page. */
bool phys_has_page(phys_addr_t phys);

#define PAGE_ORDER_MAX 10u /* largest block: 4 MiB */
#define PAGE_BLOCK_SIZE (PAGE_SIZE << PAGE_ORDER_MAX)

enum page_alloc_flag {
    PAGE_ALLOC_ZERO = 1u << 0,    /* contents zeroed */
    PAGE_ALLOC_USER = 1u << 1,    /* for a program: leaves a reserve for the kernel */
    PAGE_ALLOC_LOW = 1u << 2,     /* below 4 GiB, for 32-bit devices */
    PAGE_ALLOC_NORETRY = 1u << 3, /* do not reclaim, just fail */
};

/*
 * 2^order frames, physically contiguous and naturally aligned, refcount 1; NULL when there are
 * none. Never sleeps unless reclaim is possible; may be called in interrupt context.
 */
struct page *page_alloc(unsigned order, unsigned flags);
/* Frees a block whose last reference the caller held. */
void page_free(struct page *page, unsigned order);

static inline void page_get(struct page *page) {
    atomic_fetch_add(&page->refcount, 1u);
}
/* Drops a reference to a single page; frees it with the last one. Any context. */
void page_put(struct page *page);

/* Per CPU, of which only the sum means something: single pages marked PAGE_ANONYMOUS. */
DECLARE_PER_CPU(int64_t, anonymous_pages);
/* Marks a page that was just allocated as a program's own memory: counted until it is freed. */
static inline void page_mark_anonymous(struct page *page) {
    page->flags = PAGE_ANONYMOUS;
    this_cpu_add(anonymous_pages, 1);
}

/* The shared page of zeros, PAGE_RESERVED: mapped read-only where a program reads untouched memory. Not counted. */
struct page *page_zero_frame(void);

/* Takes over all memory that booting has left free, the loader's included. Once. */
void page_init(void);
/* False until page_init is done. */
bool page_allocator_ready(void);

struct page_stats {
    uint64_t total_pages;   /* all RAM the firmware listed */
    uint64_t managed_pages; /* handed to the allocator */
    uint64_t free_pages;
    uint64_t cpu_pages;       /* of the free ones: in per-CPU lists */
    uint64_t reserve_pages;   /* of the free ones: programs do not get the last so many */
    uint64_t anonymous_pages; /* programs' own memory */
    uint64_t free_blocks[PAGE_ORDER_MAX + 1]; /* by order; per-CPU lists not included */
};
void page_stats_read(struct page_stats *stats);
size_t page_cpu_bytes(void); /* of a CPU's list of free pages */
