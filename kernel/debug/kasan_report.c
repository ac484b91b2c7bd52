/* Saying what a forbidden access hit: the kind of memory, the object, who had it and who freed it. */
#define LOG_TAG "kasan"
#include "kernel/debug/kasan.h"
#include "kernel/debug/symbols.h"
#include "kernel/log/log.h"
#include "kernel/log/panic.h"
#include "kernel/mm/page.h"
#include "kernel/mm/slab.h"
#include "lib/atomic.h"

#define SYMBOL_MAX 80

static bool reports_expected;
static unsigned report_count;

unsigned kasan_expect_reports(bool expect) {
    unsigned count = atomic_load(&report_count);
    atomic_store(&report_count, 0u);
    atomic_store(&reports_expected, expect);
    return count;
}

static const char *kind_of(uint8_t mark) {
    switch (mark) {
    case KASAN_FREE_OBJECT:
        return "use after free";
    case KASAN_FREE_PAGE:
        return "use of a free page";
    default:
        return "out of bounds";
    }
}

static void show_trace(const char *what, const uint32_t *trace, size_t depth) {
    char symbol[SYMBOL_MAX];
    for (size_t i = 0; i < depth && trace[i] != 0; i++) {
        symbol_format_return(symbol, sizeof symbol, KERNEL_IMAGE_BASE | trace[i]);
        log_error("  %s %s", i == 0 ? what : "  called by", symbol);
    }
}

static void show_object(const void *address) {
    struct slab_object object;
    if (!slab_find_object(address, &object))
        return;
    long offset = (const char *)address - (const char *)object.start;
    if (offset < (long)object.size)
        log_error("  byte %ld of a %s (%zu bytes at %p)", offset, object.cache_name, object.size, object.start);
    else
        log_error("  %ld bytes behind a %s (%zu bytes at %p)", offset - (long)object.size, object.cache_name, object.size,
                  object.start);
    show_trace("allocated by", object.track->allocated, KASAN_TRACE_DEPTH);
    show_trace("freed by", object.track->freed, KASAN_TRACE_DEPTH);
}

static void show_memory(const void *address, uint8_t mark) {
    if (mark == KASAN_FREE_PAGE)
        show_trace("freed by", virt_to_page(address)->freed_by, KASAN_PAGE_TRACE_DEPTH);
    else
        show_object(address);
}

/* False: nothing is to be said. */
static bool report_begin(void) {
    if (atomic_load(&reports_expected)) {
        atomic_fetch_add(&report_count, 1u);
        return false;
    }
    return !panic_in_progress();
}

void kasan_report_access(const void *address, size_t size, bool write, uintptr_t rip) {
    char symbol[SYMBOL_MAX];
    uint8_t mark = kasan_shadow_of(address);
    if (!report_begin())
        return;
    symbol_format_return(symbol, sizeof symbol, rip);
    log_error("%s: %s of %zu bytes, from %p on, in %s", kind_of(mark), write ? "write" : "read", size, address, symbol);
    show_memory(address, mark);
    panic("%s by %s", kind_of(mark), symbol);
}

void kasan_report_double_free(const void *object, uintptr_t rip) {
    char symbol[SYMBOL_MAX];
    if (!report_begin())
        return;
    symbol_format_return(symbol, sizeof symbol, rip);
    log_error("double free: %p in %s", object, symbol);
    show_object(object);
    panic("double free by %s", symbol);
}
