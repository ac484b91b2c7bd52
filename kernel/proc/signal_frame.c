/*
 * Signal frames, in the layout of Linux x86-64 (arch/x86/include/uapi/asm/sigcontext.h, ucontext.h;
 * System V ABI x86-64 §3.2.2 for the red zone and alignment). From high addresses to low: FPU image
 * (64-byte aligned), struct signal_frame whose first word is the handler's return address.
 */
#include "kernel/proc/signal_frame.h"

#include "kernel/arch/cpu.h"
#include "kernel/arch/fpu.h"
#include "kernel/arch/irqflags.h"
#include "kernel/arch/segments.h"
#include "kernel/task/task.h"
#include "kernel/vm/uaccess.h"
#include "lib/string.h"

#define RED_ZONE 128u
#define TRAP_RETURNED 257u /* frame->vector after sigreturn: neither a system call nor an exception */

struct user_stack { /* stack_t */
    uint64_t base;
    int32_t flags;
    uint32_t padding;
    uint64_t size;
};

struct user_context_registers { /* struct sigcontext_64 */
    uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
    uint64_t rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip, rflags;
    uint16_t cs, gs, fs, ss;
    uint64_t error, trap_number, old_mask, cr2;
    uint64_t fpu_state; /* address, 0: none */
    uint64_t reserved[8];
};

struct user_context { /* struct ucontext */
    uint64_t flags, link;
    struct user_stack stack;
    struct user_context_registers registers;
    signal_set mask;
};

struct signal_frame { /* struct rt_sigframe */
    uint64_t return_address;
    struct user_context context;
    struct signal_info info;
};
_Static_assert(sizeof(struct user_context_registers) == 256, "struct sigcontext_64");
_Static_assert(sizeof(struct signal_frame) == 440, "struct rt_sigframe");

enum user_context_flag { UC_FP_XSTATE = 1, UC_SIGCONTEXT_SS = 2, UC_STRICT_RESTORE_SS = 4 };

/* struct _fpx_sw_bytes: in the bytes of the FXSAVE image that the CPU leaves to software (SDM 1 §10.5.1). */
#define FXSAVE_SIZE 512u
#define SOFTWARE_OFFSET 464u
#define XSTATE_MAGIC1 0x46505853u
#define XSTATE_MAGIC2 0x46505845u
struct fpu_software_bytes {
    uint32_t magic1, extended_size; /* extended_size counts magic2 behind the image */
    uint64_t features;
    uint32_t image_size;
    uint32_t padding[7];
};
_Static_assert(sizeof(struct fpu_software_bytes) == FXSAVE_SIZE - SOFTWARE_OFFSET, "struct _fpx_sw_bytes");

/* XSAVE header, SDM 1 §13.4.2: bit 0 x87, bit 1 SSE. */
#define XSAVE_HEADER_SIZE 64u
#define XSTATE_LEGACY 3ull

/* Flags that a program may set itself: arithmetic flags, DF, TF, RF, AC. */
#define USER_RFLAGS (RFLAGS_CF | BIT(2) | BIT(4) | BIT(6) | BIT(7) | RFLAGS_TF | RFLAGS_DF | BIT(11) | RFLAGS_RF | RFLAGS_AC)

bool signal_on_altstack(uint64_t stack_pointer) {
    const struct signal_state *signals = &current_task()->signals;
    return !(signals->altstack_flags & SS_AUTODISARM) && stack_pointer > signals->altstack_base &&
           stack_pointer - signals->altstack_base <= signals->altstack_size;
}

/* ---- FPU ---- */

static size_t fpu_frame_size(void) {
    return arch_fpu_image_size() + (arch_fpu_features() != 0 ? sizeof(uint32_t) : 0);
}

static void save_registers(struct fpu_area *area) {
    uint64_t flags = irq_save();
    arch_fpu_save(area);
    irq_restore(flags);
}

static int push_fpu(uint64_t address) {
    struct fpu_area *area = current_thread()->arch.fpu;
    size_t size = arch_fpu_image_size();
    struct fpu_software_bytes software = {0};
    uint32_t magic2 = XSTATE_MAGIC2;

    save_registers(area);
    if (copy_to_user((void __user *)address, arch_fpu_image(area), size) < 0)
        return -EFAULT;
    if (arch_fpu_features() != 0) {
        software.magic1 = XSTATE_MAGIC1;
        software.extended_size = (uint32_t)fpu_frame_size();
        software.features = arch_fpu_features();
        software.image_size = (uint32_t)size;
        if (copy_to_user((void __user *)(address + size), &magic2, sizeof magic2) < 0)
            return -EFAULT;
    }
    return copy_to_user((void __user *)(address + SOFTWARE_OFFSET), &software, sizeof software);
}

/* Bytes of a complete XSAVE image at the address, or those of the legacy part alone. -EFAULT. */
static int64_t popped_size(uint64_t address) {
    struct fpu_software_bytes software;
    uint32_t magic2;

    if (get_user(software, (const struct fpu_software_bytes __user *)(address + SOFTWARE_OFFSET)) < 0)
        return -EFAULT;
    if (arch_fpu_features() == 0 || software.magic1 != XSTATE_MAGIC1 ||
        software.image_size < FXSAVE_SIZE + XSAVE_HEADER_SIZE || software.image_size > arch_fpu_image_size())
        return FXSAVE_SIZE;
    if (get_user(magic2, (const uint32_t __user *)(address + software.image_size)) < 0)
        return -EFAULT;
    return magic2 == XSTATE_MAGIC2 ? (int64_t)software.image_size : (int64_t)FXSAVE_SIZE;
}

static int load_image(struct fpu_area *area, uint64_t address) {
    uint8_t *image = arch_fpu_image(area);
    int64_t size = popped_size(address);

    if (size < 0 || copy_from_user(image, (const void __user *)address, (size_t)size) < 0)
        return -EFAULT;
    if (arch_fpu_features() != 0 && size == FXSAVE_SIZE) {
        memset(image + FXSAVE_SIZE, 0, XSAVE_HEADER_SIZE);
        *(uint64_t *)(void *)(image + FXSAVE_SIZE) = XSTATE_LEGACY;
    }
    return arch_fpu_sanitise(area) ? 0 : -EFAULT;
}

/* The area in memory becomes the truth; the exit path loads it. A frame that cannot be read leaves a fresh state. */
static int pop_fpu(uint64_t address) {
    struct thread *thread = current_thread();
    struct fpu_area *area = thread->arch.fpu;
    int error = 0;

    uint64_t flags = irq_save();
    arch_fpu_forget(area);
    irq_restore(flags);
    if (address != 0)
        error = load_image(area, address);
    if (address == 0 || error < 0)
        arch_fpu_area_init(area);
    atomic_fetch_or(&thread->work, (uint32_t)THREAD_WORK_FPU);
    return error;
}

/* ---- registers ---- */

static void save_context(struct user_context_registers *to, const struct trap_frame *from) {
    const struct task *task = current_task();

    *to = (struct user_context_registers){
        .r8 = from->r8, .r9 = from->r9, .r10 = from->r10, .r11 = from->r11, .r12 = from->r12,
        .r13 = from->r13, .r14 = from->r14, .r15 = from->r15, .rdi = from->rdi, .rsi = from->rsi,
        .rbp = from->rbp, .rbx = from->rbx, .rdx = from->rdx, .rax = from->rax, .rcx = from->rcx,
        .rsp = from->rsp, .rip = from->rip, .rflags = from->rflags,
        .cs = (uint16_t)from->cs, .ss = (uint16_t)from->ss, .cr2 = task->fault_address,
    };
    if (from->vector < TRAP_SYSCALL) {
        to->trap_number = from->vector;
        to->error = from->error_code;
    }
}

/* Flags that the frame does not carry, NT above all, stay those of the handler's last instruction. */
static void restore_context(struct trap_frame *to, const struct user_context_registers *from) {
    uint64_t kept = to->rflags & ~USER_RFLAGS;

    *to = (struct trap_frame){
        .r8 = from->r8, .r9 = from->r9, .r10 = from->r10, .r11 = from->r11, .r12 = from->r12,
        .r13 = from->r13, .r14 = from->r14, .r15 = from->r15, .rdi = from->rdi, .rsi = from->rsi,
        .rbp = from->rbp, .rbx = from->rbx, .rdx = from->rdx, .rax = from->rax, .rcx = from->rcx,
        .rsp = from->rsp, .rip = from->rip, .cs = SELECTOR_USER_CODE, .ss = SELECTOR_USER_DATA,
        .rflags = (from->rflags & USER_RFLAGS) | kept, .vector = TRAP_RETURNED,
    };
}

/* ---- frames ---- */

/* Where the frame's FPU image goes: below the red zone, or on the alternate stack. 0 if that has no room. */
static uint64_t choose_stack(const struct trap_frame *frame, const struct signal_action *action) {
    const struct signal_state *signals = &current_task()->signals;
    uint64_t top = frame->rsp - RED_ZONE;
    bool nested = signal_on_altstack(frame->rsp);
    bool switch_stack = (action->flags & SA_ONSTACK) && signals->altstack_size != 0 && !nested;

    if (switch_stack)
        top = signals->altstack_base + signals->altstack_size;
    uint64_t fpu = ALIGN_DOWN(top - fpu_frame_size(), (uint64_t)FPU_AREA_ALIGN);
    uint64_t lowest = fpu - sizeof(struct signal_frame) - 16;
    if ((switch_stack || nested) && (lowest < signals->altstack_base || lowest > top))
        return 0; /* overflow of the alternate stack */
    return fpu;
}

int signal_frame_push(struct trap_frame *frame, const struct signal_action *action,
                      const struct signal_info *info, signal_set mask) {
    struct signal_state *signals = &current_task()->signals;
    uint64_t fpu = choose_stack(frame, action);
    /* At the handler's first instruction RSP + 8 is a multiple of 16, as after a call. */
    uint64_t address = ALIGN_DOWN(fpu - sizeof(struct signal_frame), 16ull) - 8;
    struct signal_frame built = {
        .return_address = action->restorer,
        .context.flags = UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS | (arch_fpu_features() != 0 ? UC_FP_XSTATE : 0u),
        .context.stack = {signals->altstack_base, (int32_t)signals->altstack_flags, 0, signals->altstack_size},
        .context.mask = mask,
        .info = *info,
    };

    if (fpu == 0 || !(action->flags & SA_RESTORER))
        return -EFAULT;
    if (signals->altstack_size == 0)
        built.context.stack.flags = SS_DISABLE;
    save_context(&built.context.registers, frame);
    built.context.registers.old_mask = mask;
    built.context.registers.fpu_state = fpu;
    if (push_fpu(fpu) < 0 || copy_to_user((void __user *)address, &built, sizeof built) < 0)
        return -EFAULT;
    if (signals->altstack_flags & SS_AUTODISARM)
        signals->altstack_base = signals->altstack_size = signals->altstack_flags = 0;

    frame->rdi = (uint64_t)info->number;
    frame->rsi = address + offsetof(struct signal_frame, info);
    frame->rdx = address + offsetof(struct signal_frame, context);
    frame->rax = 0;
    frame->rsp = address;
    frame->rip = action->handler;
    frame->rflags &= ~(RFLAGS_DF | RFLAGS_TF | RFLAGS_RF);
    frame->cs = SELECTOR_USER_CODE;
    frame->ss = SELECTOR_USER_DATA;
    frame->vector = TRAP_RETURNED;
    return 0;
}

int signal_frame_pop(struct trap_frame *frame) {
    struct signal_state *signals = &current_task()->signals;
    struct user_context context;
    /* The handler's `ret` has popped the return address. */
    uint64_t address = frame->rsp - sizeof(uint64_t) + offsetof(struct signal_frame, context);

    if (get_user(context, (const struct user_context __user *)address) < 0)
        return -EFAULT;
    restore_context(frame, &context.registers);
    signal_set_mask(context.mask);
    if (context.stack.size == 0 || (context.stack.flags & SS_DISABLE)) {
        signals->altstack_base = signals->altstack_size = signals->altstack_flags = 0;
    } else if (user_range_ok((const void __user *)context.stack.base, context.stack.size)) {
        signals->altstack_base = context.stack.base;
        signals->altstack_size = context.stack.size;
        signals->altstack_flags = (uint32_t)context.stack.flags & SS_AUTODISARM;
    }
    return pop_fpu(context.registers.fpu_state);
}
