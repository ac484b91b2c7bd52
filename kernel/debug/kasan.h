/*
 * Finding uses of memory that is not in use (Serebryany et al., AddressSanitizer, 2012): in builds with
 * KASAN=1 the compiler calls a check before every access (`-fsanitize=kernel-address`), which looks
 * up a shadow byte for each 8 bytes. Other builds have none of this: callers ask `if (CONFIG_KASAN)`.
 *
 * The shadow covers the direct map up to the end of RAM. A shadow byte is 0 (all 8 bytes may be
 * used), 1 to 7 (the first so many may), or one of the marks below. Stacks, the kernel's image and
 * device memory have no shadow: they always may be used.
 *
 * No locks: a shadow byte belongs to whoever owns the memory it describes. Any context.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum kasan_mark {
    KASAN_REDZONE = 0xfc,     /* between objects, and behind what kmalloc was asked for */
    KASAN_FREE_OBJECT = 0xfb, /* in a slab */
    KASAN_FREE_PAGE = 0xff,
};

#define KASAN_TRACE_DEPTH 4u
#define KASAN_PAGE_TRACE_DEPTH 3u /* what fits into struct page */

/* Behind each object of a slab: who asked for it, who freed it. Text addresses, low halves; 0: nobody. */
struct kasan_track {
    uint32_t allocated[KASAN_TRACE_DEPTH], freed[KASAN_TRACE_DEPTH];
};

/* Takes memory for the shadow; everything may be used. Between kernel_space_init and page_init. */
void kasan_init(void);

/* `start` is a multiple of 8. The last 8 bytes are marked as a whole. */
void kasan_poison(const void *start, size_t size, enum kasan_mark mark);
/* The bytes behind `size`, up to the next multiple of 8, become unusable. */
void kasan_unpoison(const void *start, size_t size);
/* The mark, or number, of the 8 bytes around `address`; 0 where there is no shadow. */
uint8_t kasan_shadow_of(const void *address);

/* The callers of the caller's caller. */
void kasan_trace(uint32_t *trace, size_t depth);

/* An access that the compiler does not see: by assembly. */
void kasan_check(const void *start, size_t size, bool write);

/* Reports and panics, unless a test expects reports: then it counts. */
void kasan_report_access(const void *address, size_t size, bool write, uintptr_t rip);
void kasan_report_double_free(const void *object, uintptr_t rip);

/* For tests that provoke reports, on one CPU at a time: how many there were since `true`. */
unsigned kasan_expect_reports(bool expect);
