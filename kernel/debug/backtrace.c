#define LOG_TAG "fault"
#include "kernel/debug/backtrace.h"

#include "kernel/arch/cpu.h"
#include "kernel/arch/frame.h"
#include "kernel/debug/probe.h"
#include "kernel/debug/symbols.h"
#include "kernel/log/log.h"
#include "kernel/mm/layout.h"

#define DEPTH_MAX 64
#define SYMBOL_MAX 80
#define CODE_BYTES 16

/* What `push rbp; mov rbp, rsp` leaves on the stack. */
struct stack_frame {
    uint64_t caller_rbp, return_address;
};

size_t backtrace_collect(uint64_t rbp, uint64_t *addresses, size_t max) {
    struct stack_frame frame;
    size_t count = 0;
    while (count < max && rbp >= DIRECT_MAP_BASE && IS_ALIGNED(rbp, sizeof(uint64_t)) &&
           probe_read(rbp, &frame, sizeof frame) && address_is_kernel_text(frame.return_address - 1)) {
        addresses[count++] = frame.return_address;
        if (frame.caller_rbp <= rbp) /* stacks grow down: callers are above */
            break;
        rbp = frame.caller_rbp;
    }
    return count;
}

void backtrace_show(const struct trap_frame *frame) {
    uint64_t addresses[DEPTH_MAX];
    char symbol[SYMBOL_MAX];
    uint64_t rbp = frame ? frame->rbp : (uintptr_t)__builtin_frame_address(0);
    log_error("call chain, innermost first:");
    if (frame) {
        symbol_format(symbol, sizeof symbol, frame->rip);
        log_error("  %016lx %s", frame->rip, symbol);
    }
    size_t count = backtrace_collect(rbp, addresses, DEPTH_MAX);
    for (size_t i = 0, same = 0; i < count; i++) {
        if (i + 1 < count && addresses[i + 1] == addresses[i]) {
            same++; /* recursion: shown once */
            continue;
        }
        symbol_format_return(symbol, sizeof symbol, addresses[i]);
        if (same)
            log_error("  %016lx %s (%lu times)", addresses[i], symbol, (unsigned long)same + 1);
        else
            log_error("  %016lx %s", addresses[i], symbol);
        same = 0;
    }
    if (count == 0 && !frame)
        log_error("  (no stack frames)");
}

static void code_show(uint64_t rip) {
    uint8_t code[CODE_BYTES];
    if (!probe_read(rip, code, sizeof code)) {
        log_error("code: not readable");
        return;
    }
    log_error("code: %02x %02x %02x %02x %02x %02x %02x %02x %02x %02x %02x %02x %02x %02x %02x %02x", code[0],
              code[1], code[2], code[3], code[4], code[5], code[6], code[7], code[8], code[9], code[10], code[11],
              code[12], code[13], code[14], code[15]);
}

void registers_show(const struct trap_frame *f) {
    char symbol[SYMBOL_MAX];
    symbol_format(symbol, sizeof symbol, f->rip);
    log_error("rip %016lx %s  cs %lx  rflags %lx", f->rip, symbol, f->cs, f->rflags);
    log_error("rsp %016lx  ss %lx  vector %lu  error code %#lx", f->rsp, f->ss, f->vector, f->error_code);
    log_error("rax %016lx  rbx %016lx  rcx %016lx", f->rax, f->rbx, f->rcx);
    log_error("rdx %016lx  rsi %016lx  rdi %016lx", f->rdx, f->rsi, f->rdi);
    log_error("rbp %016lx  r8  %016lx  r9  %016lx", f->rbp, f->r8, f->r9);
    log_error("r10 %016lx  r11 %016lx  r12 %016lx", f->r10, f->r11, f->r12);
    log_error("r13 %016lx  r14 %016lx  r15 %016lx", f->r13, f->r14, f->r15);
    log_error("cr0 %lx  cr2 %016lx  cr3 %lx  cr4 %lx", cpu_read_cr0(), cpu_read_cr2(), cpu_read_cr3(),
              cpu_read_cr4());
    code_show(f->rip);
}
