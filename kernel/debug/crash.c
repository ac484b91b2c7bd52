#define LOG_TAG "crash"
#include "kernel/debug/crash.h"

#include "kernel/arch/image.h"
#include "kernel/arch/pte.h"
#include "kernel/log/cmdline.h"
#include "kernel/log/log.h"
#include "kernel/log/panic.h"
#include "kernel/mm/kernel_map.h"
#include "kernel/mm/layout.h"
#include "kernel/mm/page.h"
#include "kernel/mm/slab.h"
#include "lib/string.h"

#define NON_CANONICAL 0x0000800000000000ull
#define FRAME_BYTES 200
#define OVERRUN_BYTES 64

/* The compiler must neither see through these bugs nor warn of them. */
#define hidden(value)                             \
    ({                                            \
        __typeof__(value) hidden_value = (value); \
        __asm__ volatile("" : "+r"(hidden_value)); \
        hidden_value;                             \
    })

static void write_byte(uint64_t address) {
    *(volatile uint8_t *)address = 1;
}

static void crash_null(void) {
    write_byte(hidden(0ull) + offsetof(struct page, order));
}

static void crash_text(void) {
    write_byte((uintptr_t)kernel_text_start);
}

static void crash_alias(void) {
    write_byte((uintptr_t)phys_to_virt(hidden(0x200000ull))); /* where the image is loaded, kernel.ld */
}

static void crash_execute(void) {
    static uint8_t code[] = {0xc3}; /* ret, in a writable page */
    ((void (*)(void))(uintptr_t)hidden(&code[0]))();
}

static void crash_non_canonical(void) {
    write_byte(hidden(NON_CANONICAL));
}

static unsigned recurse(volatile unsigned depth) {
    volatile uint8_t frame[FRAME_BYTES];
    frame[0] = (uint8_t)depth;
    return depth == 0 ? 0 : recurse(depth + 1) + frame[0];
}

static void crash_stack(void) {
    recurse(1);
}

static void crash_overrun(void) {
    uint8_t small[8];
    memset(hidden(&small[0]), 'x', OVERRUN_BYTES);
}

static void crash_assert(void) {
    ASSERT(hidden(1) == 2);
}

static void crash_divide(void) {
    log_info("%d", hidden(7) / hidden(0));
}

static void crash_double_free(void) {
    struct page *page = page_alloc(0, 0);
    page_put(page);
    page_put(page);
}

/* Found with KASAN=1 only. */
static void crash_use_after_free(void) {
    uint8_t *object = hidden((uint8_t *)kmalloc(40));
    uint8_t *kept = hidden(object);
    kfree(object);
    log_info("%u", kept[7]);
}

static const struct {
    const char *kind;
    void (*run)(void);
} crashes[] = {
    {"null", crash_null},           {"text", crash_text},       {"alias", crash_alias},
    {"execute", crash_execute},     {"non-canonical", crash_non_canonical},
    {"stack", crash_stack},         {"overrun", crash_overrun}, {"assert", crash_assert},
    {"divide", crash_divide},       {"double-free", crash_double_free},
    {"use-after-free", crash_use_after_free},
};

void crash_run_requested(void) {
    const char *kind = cmdline_value("crash");
    if (!kind)
        return;
    for (size_t i = 0; i < ARRAY_SIZE(crashes); i++)
        if (strcmp(kind, crashes[i].kind) == 0)
            crashes[i].run();
    log_warn("crash=%s did nothing", kind);
}
