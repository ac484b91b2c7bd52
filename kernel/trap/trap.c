/*
 * Exceptions. From user mode they become signals, except page faults that the address space
 * resolves. From kernel mode they are legal only in the user-copy routines (.extable); everything
 * else is a bug: a full report, then panic.
 */
#define LOG_TAG "trap"
#include "kernel/trap/trap.h"

#include "kernel/arch/cpu.h"
#include "kernel/arch/fpu.h"
#include "kernel/arch/io.h"
#include "kernel/arch/irqflags.h"
#include "kernel/arch/percpu.h"
#include "kernel/arch/segments.h"
#include "kernel/arch/user_copy.h"
#include "kernel/irq/irq.h"
#include "kernel/log/cmdline.h"
#include "kernel/log/log.h"
#include "kernel/log/panic.h"
#include "kernel/mm/layout.h"
#include "kernel/sched/thread.h"
#include "kernel/sys/table.h"
#include "kernel/task/ports.h"
#include "kernel/task/signal.h"
#include "kernel/task/task.h"
#include "kernel/trap/report.h"
#include "kernel/trap/vsyscall.h"
#include "kernel/vm/fault.h"
#include "kernel/vm/uaccess.h"
#include "lib/errno.h"
#include "lib/string.h"

_Static_assert(SYSCALL_COUNT == 451, "entry.asm compares with it");

#define NMI_STATUS_PORT 0x61 /* bit 7 memory parity, bit 6 I/O channel check (ISA) */

/* Bits SYSCALL clears: no interrupts, no single step, direction up, no AC, no nested task, IOPL 0. */
#define SYSCALL_FLAGS_CLEARED \
    (RFLAGS_IF | RFLAGS_TF | RFLAGS_DF | RFLAGS_AC | RFLAGS_NT | RFLAGS_IOPL | RFLAGS_RF)

DEFINE_PER_CPU(uint64_t, syscall_user_rsp); /* entry.asm's scratch */

/* What an exception of a program turns into; signal 0: the handler decides. */
static const struct exception {
    const char *name;
    uint8_t signal;
    uint8_t code;
} exceptions[TRAP_EXCEPTIONS] = {
    [TRAP_DIVIDE] = {"divide error", SIGFPE, FPE_INTDIV},
    [TRAP_DEBUG] = {"debug", SIGTRAP, TRAP_TRACE},
    [TRAP_NMI] = {"non-maskable interrupt", 0, 0},
    [TRAP_BREAKPOINT] = {"breakpoint", SIGTRAP, SI_KERNEL},
    [TRAP_OVERFLOW] = {"overflow", SIGSEGV, SI_KERNEL},
    [TRAP_BOUND] = {"bound range", SIGSEGV, SI_KERNEL},
    [TRAP_INVALID_OPCODE] = {"invalid opcode", SIGILL, ILL_ILLOPN},
    [TRAP_NO_FPU] = {"device not available", SIGSEGV, SI_KERNEL},
    [TRAP_DOUBLE_FAULT] = {"double fault", 0, 0},
    [TRAP_INVALID_TSS] = {"invalid TSS", SIGSEGV, SI_KERNEL},
    [TRAP_NO_SEGMENT] = {"segment not present", SIGBUS, SI_KERNEL},
    [TRAP_STACK_SEGMENT] = {"stack segment fault", SIGBUS, SI_KERNEL},
    [TRAP_PROTECTION] = {"general protection", SIGSEGV, SI_KERNEL},
    [TRAP_PAGE_FAULT] = {"page fault", 0, 0},
    [TRAP_FPU] = {"x87 floating-point error", SIGFPE, FPE_FLTINV},
    [TRAP_ALIGNMENT] = {"alignment check", SIGBUS, BUS_ADRALN},
    [TRAP_MACHINE_CHECK] = {"machine check", 0, 0},
    [TRAP_SIMD] = {"SIMD floating-point error", SIGFPE, FPE_FLTINV},
    [TRAP_CONTROL_PROTECTION] = {"control protection", SIGSEGV, SI_KERNEL},
};

const char *trap_name(uint64_t vector) {
    if (vector >= TRAP_EXCEPTIONS)
        return NULL;
    return exceptions[vector].name ? exceptions[vector].name : "reserved exception";
}

void trap_init(void) {
    segments_init(NULL);
    idt_init(trap_vectors);
}

void syscall_init(void) {
    arch_user_copy_init();
    syscall_init_cpu();
}

void syscall_init_cpu(void) {
    msr_write(MSR_STAR, (uint64_t)SELECTOR_USER_BASE << 48 | (uint64_t)SELECTOR_KERNEL_CODE << 32);
    msr_write(MSR_LSTAR, (uintptr_t)syscall_entry);
    msr_write(MSR_FMASK, SYSCALL_FLAGS_CLEARED);
    msr_write(MSR_EFER, msr_read(MSR_EFER) | EFER_SCE);
}

noreturn_fn static void kernel_fault(struct trap_frame *frame, uint64_t address) {
    trap_report(frame, address);
    panic_frame(frame, "%s in the kernel", trap_name(frame->vector));
}

/* Ends a user copy early if that is where the fault was. */
static bool resume_user_copy(struct trap_frame *frame) {
    uint64_t resume_rip = extable_find(frame->rip);
    if (resume_rip == 0)
        return false;
    frame->rip = resume_rip;
    return true;
}

static void raise_fault_signal(int error, uint64_t address, struct trap_frame *frame) {
    switch (error) {
    case -EACCES:
        task_signal_fault(SIGSEGV, SEGV_ACCERR, address, frame);
        break;
    case -EIO:
        task_signal_fault(SIGBUS, BUS_ADRERR, address, frame);
        break;
    case -ENOMEM:
        task_signal_fault(SIGKILL, SI_KERNEL, address, frame);
        break;
    default:
        task_signal_fault(SIGSEGV, SEGV_MAPERR, address, frame);
        break;
    }
}

/* Lets the address space resolve it; 0 or vm_fault's error. Leaves interrupts on for user mode. */
static int resolve_fault(const struct trap_frame *frame, uint64_t address) {
    unsigned flags = (frame->error_code & PAGE_FAULT_WRITE ? FAULT_WRITE : 0u) |
                     (frame->error_code & PAGE_FAULT_FETCH ? FAULT_EXECUTE : 0u) |
                     (frame->error_code & PAGE_FAULT_USER ? FAULT_USER : 0u);
    if (address >= USER_ADDRESS_END || (frame->error_code & PAGE_FAULT_RESERVED) || !current_thread()->mmu)
        return -EFAULT;
    irq_enable();
    return vm_fault(address, flags);
}

static void page_fault(struct trap_frame *frame) {
    uint64_t address = cpu_read_cr2(); /* before anything can fault again */
    if (frame_from_user(frame)) {
        int error = resolve_fault(frame, address);
        irq_enable();
        if (error && !vsyscall_emulate(frame, address))
            raise_fault_signal(error, address, frame);
        return;
    }
    /* Only the user-copy routines may touch user addresses, and only where sleeping is allowed. */
    if (!extable_find(frame->rip))
        kernel_fault(frame, address);
    if ((frame->rflags & RFLAGS_IF) && resolve_fault(frame, address) == 0)
        return;
    irq_disable();
    resume_user_copy(frame);
}

/* A machine's NMI button, or the emulator's, tells where a hung system is: with nmi=panic panic=monitor. */
static void non_maskable_interrupt(const struct trap_frame *frame) {
    const char *action = cmdline_value("nmi");
    uint8_t status = io_in8(NMI_STATUS_PORT);
    panic_stop_if_elsewhere();
    if (status & 0xc0)
        panic_frame(frame, "hardware reports %s by NMI",
                    status & 0x80 ? "a memory parity error" : "an I/O channel check");
    if (action && strcmp(action, "panic") == 0)
        panic_frame(frame, "NMI");
    log_set_nmi(true);
    log_warn("NMI without a known cause (port 61h reads %#x), at %#lx", status, (unsigned long)frame->rip);
    log_set_nmi(false);
}

/* The si_code of a floating-point exception, by the first unmasked bit that is set (SDM 1 §8.5, §11.5). */
static int float_code(bool simd) {
    static const uint8_t codes[] = {FPE_FLTINV, FPE_FLTUND, FPE_FLTDIV, FPE_FLTOVF, FPE_FLTUND, FPE_FLTRES};
    uint32_t pending = arch_fpu_exceptions(simd);
    return pending ? codes[__builtin_ctz(pending)] : FPE_FLTINV;
}

/* With iopl(3) a program may believe that it controls interrupts: CLI and STI do nothing, as on Linux. */
static bool skip_interrupt_flag(struct trap_frame *frame) {
    enum opcode { OPCODE_CLI = 0xfa, OPCODE_STI = 0xfb };
    uint8_t opcode;

    if (frame->vector != TRAP_PROTECTION || current_task()->port_level != PORT_LEVEL_MAX ||
        get_user(opcode, (const uint8_t __user *)frame->rip) < 0 || (opcode != OPCODE_CLI && opcode != OPCODE_STI))
        return false;
    frame->rip++;
    return true;
}

static void exception_from_user(struct trap_frame *frame, const struct exception *exception) {
    bool simd = frame->vector == TRAP_SIMD;
    int code = simd || frame->vector == TRAP_FPU ? float_code(simd) : exception->code;
    unsigned signal = exception->name ? exception->signal : SIGSEGV;
    if (!exception->name)
        code = SI_KERNEL;
    irq_enable();
    if (skip_interrupt_flag(frame))
        return;
    /* Where the CPU does not tell an address, Linux gives none. */
    bool has_address = code != SI_KERNEL && frame->vector != TRAP_ALIGNMENT;
    task_signal_fault(signal, code, has_address ? frame->rip : 0, frame);
}

static void exception_handle(struct trap_frame *frame) {
    const struct exception *exception = &exceptions[frame->vector];
    switch (frame->vector) {
    case TRAP_PAGE_FAULT:
        page_fault(frame);
        return;
    case TRAP_NMI:
        non_maskable_interrupt(frame);
        return;
    case TRAP_DOUBLE_FAULT:
    case TRAP_MACHINE_CHECK:
        kernel_fault(frame, frame->vector == TRAP_DOUBLE_FAULT ? cpu_read_cr2() : frame->rip);
    default:
        break;
    }
    if (frame_from_user(frame))
        exception_from_user(frame, exception);
    else if (!resume_user_copy(frame))
        kernel_fault(frame, frame->rip);
}

void trap_handle(struct trap_frame *frame) {
    if (frame->vector >= TRAP_EXCEPTIONS)
        irq_dispatch(frame);
    else
        exception_handle(frame);
}

void trap_bad_return(struct trap_frame *frame) {
    irq_enable();
    frame->cs = SELECTOR_USER_CODE;
    frame->ss = SELECTOR_USER_DATA;
    /* A handler sees the address; if it returns there, it is called again. */
    task_signal_fault(SIGSEGV, SI_KERNEL, 0, frame);
    irq_disable();
}
