#define LOG_TAG "trap"
#include "kernel/trap/report.h"

#include "kernel/arch/frame.h"
#include "kernel/arch/image.h"
#include "kernel/arch/pte.h"
#include "kernel/arch/segments.h"
#include "kernel/debug/probe.h"
#include "kernel/log/log.h"
#include "kernel/mm/kernel_map.h"
#include "kernel/mm/layout.h"
#include "kernel/sched/thread.h"
#include "kernel/trap/trap.h"

#define NULL_REGION 0x10000ull /* smaller addresses are members of a NULL structure */
#define EXPECTED_SELECTOR_SHIFT 3 /* SDM 3A figure 6-7 */

/* What the address is, by the kernel's own map of the address space. */
static const char *address_region(uint64_t address) {
    if (!address_is_canonical(address))
        return "a non-canonical address";
    if (address < NULL_REGION)
        return "an address near NULL";
    if (address < USER_ADDRESS_END)
        return "a user address";
    if (kernel_stack_is_guard(address))
        return "the guard of a kernel stack";
    if (address - (uintptr_t)boot_stack_guard < PAGE_SIZE)
        return "the guard of the boot stack";
    if (address >= (uintptr_t)kernel_text_start && address < (uintptr_t)kernel_text_end)
        return "the kernel's text";
    if (address >= (uintptr_t)kernel_text_start && address < (uintptr_t)kernel_end)
        return "the kernel's data";
    if (address - DIRECT_MAP_BASE < DIRECT_MAP_SIZE)
        return "the direct map";
    if (address - VMAP_BASE < VMAP_SIZE)
        return "the region of stacks and devices";
    if (address >= PAGE_ARRAY_BASE && address < KERNEL_IMAGE_BASE)
        return "the array of struct page";
    return "an unused address";
}

static const char *access_name(uint64_t error_code) {
    if (error_code & PAGE_FAULT_FETCH)
        return "execution";
    return error_code & PAGE_FAULT_WRITE ? "write" : "read";
}

static const char *page_fault_reason(uint64_t error_code, uint64_t address) {
    if (error_code & PAGE_FAULT_RESERVED)
        return "a reserved bit is set in its page-table entry";
    if (!(error_code & PAGE_FAULT_PRESENT))
        return "it is not mapped";
    if (error_code & PAGE_FAULT_FETCH)
        return address < USER_ADDRESS_END ? "SMEP or no-execute forbids it" : "it is no-execute";
    if (address < USER_ADDRESS_END && !(error_code & PAGE_FAULT_USER))
        return "SMAP or its rights forbid it";
    return error_code & PAGE_FAULT_WRITE ? "it is read-only" : "its rights forbid it";
}

static bool is_stack_overflow(uint64_t address) {
    return kernel_stack_is_guard(address) || address - (uintptr_t)boot_stack_guard < PAGE_SIZE;
}

static void report_page_fault(const struct trap_frame *frame, uint64_t address) {
    log_error("%s at %#lx, %s: %s", access_name(frame->error_code), (unsigned long)address, address_region(address),
              page_fault_reason(frame->error_code, address));
    if (is_stack_overflow(address))
        log_error("this is a kernel stack overflow");
    probe_show_walk(address);
}

/* SDM 3A §6.13: the error code of segment-related exceptions. */
static void report_selector_error(const struct trap_frame *frame) {
    static const char *const tables[] = {"GDT", "IDT", "LDT", "IDT"};
    uint64_t code = frame->error_code;
    if (code == 0)
        log_error("no selector is involved: a non-canonical address, or an instruction that is not allowed");
    else
        log_error("%s entry %lu%s", tables[code >> 1 & 3], (unsigned long)(code >> EXPECTED_SELECTOR_SHIFT),
                  code & 1 ? ", while delivering another event" : "");
}

static void report_double_fault(const struct trap_frame *frame, uint64_t address) {
    if (is_stack_overflow(address) || is_stack_overflow(frame->rsp) || is_stack_overflow(frame->rsp - 1))
        log_error("kernel stack overflow: the stack pointer %#lx has left its stack", (unsigned long)frame->rsp);
    else
        log_error("an exception could not be delivered; last page fault at %#lx, %s", (unsigned long)address,
                  address_region(address));
}

void trap_report(const struct trap_frame *frame, uint64_t address) {
    log_error("--- %s in thread \"%s\" on CPU %u ---", trap_name(frame->vector),
              current_thread() ? current_thread()->name : "(none)", cpu_id());
    switch (frame->vector) {
    case TRAP_PAGE_FAULT:
        report_page_fault(frame, address);
        break;
    case TRAP_DOUBLE_FAULT:
        report_double_fault(frame, address);
        break;
    case TRAP_INVALID_TSS:
    case TRAP_NO_SEGMENT:
    case TRAP_STACK_SEGMENT:
    case TRAP_PROTECTION:
        report_selector_error(frame);
        break;
    case TRAP_INVALID_OPCODE:
        log_error("an instruction the CPU does not know, or __builtin_trap(), at %#lx", (unsigned long)address);
        break;
    default:
        break;
    }
    const char *ist = segments_ist_name(frame->rsp);
    if (ist)
        log_error("it happened on the %s stack", ist);
}
