/*
 * The structures handed to the kernel, in their place in memory from the start: the steps fill
 * them in as they go.
 */
#pragma once

#include "boot/bootinfo.h"
#include "boot/layout.h"

_Static_assert(LAYOUT_BOOT_INFO + sizeof(struct boot_info) <= LAYOUT_TRACE, "overlap");
_Static_assert(LAYOUT_TRACE + sizeof(struct boot_trace) <= LAYOUT_BOUNCE, "overlap");
_Static_assert(LAYOUT_KERNEL_STACK + BOOT_STACK_SIZE <= LAYOUT_PAGE_TABLES, "overlap");
_Static_assert(LAYOUT_AP_PAGE == BOOT_AP_PAGE, "one page, two names");
_Static_assert(LAYOUT_BIOS_LOG_END <= LAYOUT_LOW_END, "the log is not below what we may use");

static inline struct boot_info *boot_info(void) {
    return (struct boot_info *)LAYOUT_BOOT_INFO;
}

static inline struct boot_trace *boot_trace(void) {
    return (struct boot_trace *)LAYOUT_TRACE;
}

static inline struct boot_bios_call *bios_log_records(void) {
    return (struct boot_bios_call *)LAYOUT_BIOS_LOG;
}

#define BIOS_LOG_CAPACITY \
    ((LAYOUT_BIOS_LOG_END - LAYOUT_BIOS_LOG) / (uint32_t)sizeof(struct boot_bios_call))
