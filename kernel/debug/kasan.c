/*
 * The shadow and the checks. Compiled without instrumentation, as are the files that read the chain
 * pointers in free objects (Makefile). Before kasan_init `covered` is 0: everything may be used.
 */
#include "kernel/debug/kasan.h"

#include "kernel/log/panic.h"
#include "kernel/mm/boot_memory.h"
#include "kernel/mm/layout.h"
#include "lib/string.h"

#define GRANULE_SHIFT 3u
#define GRANULE (1u << GRANULE_SHIFT) /* bytes that a shadow byte describes */
#define STACK_SHIFT 14u               /* KERNEL_STACK_SIZE, which stacks are aligned to */

static uint8_t *shadow;
static uint64_t covered; /* bytes of the direct map with a shadow */

void kasan_init(void) {
    uint64_t end = ram_ranges[ram_range_count - 1].end;
    uint64_t size = end >> GRANULE_SHIFT;
    shadow = phys_to_virt(boot_memory_take(size, PAGE_SIZE, 0, DIRECT_MAP_SIZE));
    memset(shadow, 0, size);
    covered = end;
}

static uint64_t offset_of(const void *address) {
    return (uintptr_t)address - DIRECT_MAP_BASE;
}

void kasan_poison(const void *start, size_t size, enum kasan_mark mark) {
    uint64_t offset = offset_of(start);
    if (offset >= covered)
        return;
    ASSERT(IS_ALIGNED(offset, GRANULE));
    memset(&shadow[offset >> GRANULE_SHIFT], mark, DIV_ROUND_UP(size, GRANULE));
}

void kasan_unpoison(const void *start, size_t size) {
    uint64_t offset = offset_of(start);
    if (offset >= covered)
        return;
    ASSERT(IS_ALIGNED(offset, GRANULE));
    memset(&shadow[offset >> GRANULE_SHIFT], 0, size >> GRANULE_SHIFT);
    if (size % GRANULE != 0)
        shadow[(offset + size) >> GRANULE_SHIFT] = (uint8_t)(size % GRANULE);
}

uint8_t kasan_shadow_of(const void *address) {
    uint64_t offset = offset_of(address);
    return offset < covered ? shadow[offset >> GRANULE_SHIFT] : 0;
}

/* Whether the byte at `offset`, and those before it in its granule, may be used. */
static bool usable_up_to(uint64_t offset) {
    uint8_t mark = shadow[offset >> GRANULE_SHIFT];
    return mark == 0 || (mark < GRANULE && offset % GRANULE < mark);
}

/* The first byte of [offset, offset + size) that may not be used, or `offset + size`. */
static uint64_t first_unusable(uint64_t offset, uint64_t size) {
    uint64_t last = offset + size - 1;
    for (uint64_t granule = offset >> GRANULE_SHIFT; granule < last >> GRANULE_SHIFT; granule++)
        if (shadow[granule] != 0)
            return MAX(offset, (granule << GRANULE_SHIFT) + (shadow[granule] < GRANULE ? shadow[granule] : 0));
    if (usable_up_to(last))
        return offset + size;
    uint8_t mark = shadow[last >> GRANULE_SHIFT];
    return MAX(offset, ALIGN_DOWN(last, GRANULE) + (mark < GRANULE ? mark : 0));
}

static inline __attribute__((always_inline)) void check(const void *start, size_t size, bool write, uintptr_t rip) {
    uint64_t offset = offset_of(start);
    if (offset >= covered || size == 0)
        return;
    uint64_t bad = first_unusable(offset, MIN(size, covered - offset));
    if (unlikely(bad < offset + size && bad < covered))
        kasan_report_access((const char *)start + (bad - offset), size, write, rip);
}

void kasan_check(const void *start, size_t size, bool write) {
    check(start, size, write, (uintptr_t)__builtin_return_address(0));
}

void kasan_trace(uint32_t *trace, size_t depth) {
    const uintptr_t *frame = __builtin_frame_address(0);
    for (size_t i = 0; i < depth; i++) /* not memset: that would check */
        trace[i] = 0;
    for (size_t level = 0; level < depth + 2; level++) {
        if (level >= 2)
            trace[level - 2] = (uint32_t)frame[1];
        /* A program's RBP ends the chain: only frames further out on the same stack are looked at. */
        if (frame[0] <= (uintptr_t)frame || (frame[0] ^ (uintptr_t)frame) >> STACK_SHIFT != 0 ||
            !IS_ALIGNED(frame[0], sizeof(uintptr_t)))
            return;
        frame = (const uintptr_t *)frame[0];
    }
}

/* ---- what the compiler calls ---- */

#define CHECKED_SIZE(size)                                                                    \
    void __asan_load##size##_noabort(const void *start);                                      \
    void __asan_store##size##_noabort(const void *start);                                     \
    void __asan_load##size##_noabort(const void *start) {                                     \
        check(start, size, false, (uintptr_t)__builtin_return_address(0));                    \
    }                                                                                         \
    void __asan_store##size##_noabort(const void *start) {                                    \
        check(start, size, true, (uintptr_t)__builtin_return_address(0));                     \
    }

CHECKED_SIZE(1)
CHECKED_SIZE(2)
CHECKED_SIZE(4)
CHECKED_SIZE(8)
CHECKED_SIZE(16)

void __asan_loadN_noabort(const void *start, size_t size);
void __asan_storeN_noabort(const void *start, size_t size);
void __asan_handle_no_return(void);

void __asan_loadN_noabort(const void *start, size_t size) {
    check(start, size, false, (uintptr_t)__builtin_return_address(0));
}

void __asan_storeN_noabort(const void *start, size_t size) {
    check(start, size, true, (uintptr_t)__builtin_return_address(0));
}

/* Before a call that does not return; for the shadow of stacks, which have none here. */
void __asan_handle_no_return(void) {
}
