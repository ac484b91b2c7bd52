#include "kernel/arch/context.h"

#include "kernel/arch/cpu.h"
#include "kernel/arch/fpu.h"
#include "kernel/arch/percpu.h"
#include "kernel/arch/segments.h"
#include "lib/atomic.h"

/* What arch_switch_stack pops, lowest address first. */
struct switch_frame {
    uint64_t r15, r14, r13, r12, rbx, rbp;
    uint64_t return_address;
    uint64_t caller; /* 0: the backtrace ends here; also keeps the ABI's stack alignment */
};

void arch_thread_init(struct arch_thread *thread, void *stack_top, void (*entry)(void)) {
    struct switch_frame *frame = (struct switch_frame *)stack_top - 1;
    *frame = (struct switch_frame){.return_address = (uintptr_t)entry};
    thread->rsp = (uintptr_t)frame;
}

uint64_t arch_thread_frame_pointer(const struct arch_thread *thread) {
    return ((const struct switch_frame *)thread->rsp)->rbp;
}

void arch_switch_state(struct arch_thread *old, struct arch_thread *next, uint64_t next_stack_top) {
    if (old->fpu)
        arch_fpu_save(old->fpu);
    segments_set_kernel_stack(next_stack_top);
    if (old->ports != next->ports)
        segments_set_ports(next->ports);
    if (!next->fpu)
        return; /* a kernel thread: never sees the user's segment bases */
    msr_write(MSR_FS_BASE, next->fs_base);
    msr_write(MSR_KERNEL_GS_BASE, next->gs_base);
}

void arch_switch_mmu(struct mmu_context *old, struct mmu_context *next) {
    if (!next || next == old)
        return;
    uint64_t cpu = BIT(cpu_id());
    atomic_fetch_or(&next->active_cpus, cpu);
    cpu_write_cr3(next->root_phys);
    if (old)
        atomic_fetch_and(&old->active_cpus, ~cpu);
}

void arch_set_fs_base(struct arch_thread *current, uint64_t base) {
    current->fs_base = base;
    msr_write(MSR_FS_BASE, base);
}

void arch_set_gs_base(struct arch_thread *current, uint64_t base) {
    current->gs_base = base;
    msr_write(MSR_KERNEL_GS_BASE, base);
}
