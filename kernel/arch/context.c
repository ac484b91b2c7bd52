#include "kernel/arch/context.h"

#include "kernel/arch/cpu.h"
#include "kernel/arch/fpu.h"
#include "kernel/arch/irqflags.h"
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

/* ---- data segments: programs may load selectors, though only FS and GS have a base (SDM 3A §3.4.4) ---- */

enum selector_shift { SHIFT_DS = 0, SHIFT_ES = 16, SHIFT_FS = 32, SHIFT_GS = 48 };
#define SELECTOR_BITS 0xffffull

/* Not 0 if any of them is. */
static inline uint32_t selectors_any(void) {
    uint32_t ds, es, fs, gs;
    __asm__ volatile("mov %%ds, %0; mov %%es, %1; mov %%fs, %2; mov %%gs, %3" : "=r"(ds), "=r"(es), "=r"(fs), "=r"(gs));
    return ds | es | fs | gs;
}

static inline uint64_t selectors_read(void) {
    uint32_t ds, es, fs, gs;
    __asm__ volatile("mov %%ds, %0; mov %%es, %1; mov %%fs, %2; mov %%gs, %3" : "=r"(ds), "=r"(es), "=r"(fs), "=r"(gs));
    return (uint64_t)ds << SHIFT_DS | (uint64_t)es << SHIFT_ES | (uint64_t)fs << SHIFT_FS | (uint64_t)gs << SHIFT_GS;
}

/* As the program loaded them: of a user's segment, or null. The bases of FS and of the user's GS become 0. Interrupts
 * off: for a moment GS is not the kernel's. */
static void selectors_load(uint64_t selectors) {
    __asm__ volatile("mov %w0, %%ds; mov %w1, %%es; mov %w2, %%fs; swapgs; mov %w3, %%gs; swapgs"
                     ::"r"(selectors >> SHIFT_DS), "r"(selectors >> SHIFT_ES), "r"(selectors >> SHIFT_FS),
                       "r"(selectors >> SHIFT_GS) : "memory");
}

static void set_rare(struct arch_thread *thread, enum thread_rare what, bool has) {
    thread->rare = has ? thread->rare | what : thread->rare & ~(uint32_t)what;
}

/* A loaded selector brought the base with it, which is 0. Without one the base is what it was set to. */
static void selectors_keep(struct arch_thread *thread, uint64_t selectors) {
    thread->selectors = selectors;
    set_rare(thread, THREAD_RARE_SELECTORS, selectors != 0);
    if (selectors & SELECTOR_BITS << SHIFT_FS)
        thread->fs_base = 0;
    if (selectors & SELECTOR_BITS << SHIFT_GS)
        thread->gs_base = 0;
}

static void forbid_tsc(bool forbid) {
    cpu_write_cr4(forbid ? cpu_read_cr4() | CR4_TSD : cpu_read_cr4() & ~CR4_TSD);
}

/* A kernel thread leaves the selectors as it finds them. */
static void switch_rare(struct arch_thread *old, struct arch_thread *next) {
    uint64_t selectors = selectors_read();

    if (old->fpu)
        selectors_keep(old, selectors);
    if (next->fpu)
        selectors_load(next->selectors);
    if (old->ports != next->ports)
        segments_set_ports(next->ports);
    if ((old->rare ^ next->rare) & THREAD_RARE_NO_TSC)
        forbid_tsc(arch_tsc_is_forbidden(next));
}

void arch_switch_state(struct arch_thread *old, struct arch_thread *next, uint64_t next_stack_top) {
    if (old->fpu)
        arch_fpu_save(old->fpu);
    segments_set_kernel_stack(next_stack_top);
    if (unlikely(selectors_any() | old->rare | next->rare))
        switch_rare(old, next);
    if (!next->fpu)
        return; /* a kernel thread: never sees the user's segments */
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

/* Loads the running thread's selectors and bases. */
static void segments_load(struct arch_thread *current, uint64_t selectors) {
    uint64_t flags = irq_save();

    selectors_load(selectors);
    msr_write(MSR_FS_BASE, current->fs_base);
    msr_write(MSR_KERNEL_GS_BASE, current->gs_base);
    irq_restore(flags);
}

/* The selector at `shift` becomes 0. */
static void clear_selector(struct arch_thread *current, enum selector_shift shift) {
    uint64_t selectors = selectors_read();

    if (likely((selectors & SELECTOR_BITS << shift) == 0))
        return;
    selectors_keep(current, selectors);
    segments_load(current, selectors & ~(SELECTOR_BITS << shift));
}

void arch_set_fs_base(struct arch_thread *current, uint64_t base) {
    clear_selector(current, SHIFT_FS);
    current->fs_base = base;
    msr_write(MSR_FS_BASE, base);
}

void arch_set_gs_base(struct arch_thread *current, uint64_t base) {
    clear_selector(current, SHIFT_GS);
    current->gs_base = base;
    msr_write(MSR_KERNEL_GS_BASE, base);
}

uint64_t arch_fs_base(void) {
    return msr_read(MSR_FS_BASE);
}

uint64_t arch_gs_base(void) {
    return msr_read(MSR_KERNEL_GS_BASE);
}

void arch_reset_segments(struct arch_thread *current) {
    current->fs_base = current->gs_base = 0;
    segments_load(current, 0);
}

void arch_copy_segments(struct arch_thread *child, struct arch_thread *current) {
    selectors_keep(current, selectors_read());
    child->selectors = current->selectors;
    child->fs_base = current->fs_base;
    child->gs_base = current->gs_base;
    child->rare = current->rare & ~(uint32_t)THREAD_RARE_PORTS;
}

void arch_preset_fs_base(struct arch_thread *child, uint64_t base) {
    child->selectors &= ~(SELECTOR_BITS << SHIFT_FS);
    child->fs_base = base;
}

void arch_forbid_tsc(struct arch_thread *current, bool forbid) {
    uint64_t flags = irq_save();

    set_rare(current, THREAD_RARE_NO_TSC, forbid);
    forbid_tsc(forbid);
    irq_restore(flags);
}

void arch_preset_ports(struct arch_thread *child, const struct port_map *ports) {
    child->ports = ports;
    set_rare(child, THREAD_RARE_PORTS, ports != NULL);
}

void arch_set_ports(struct arch_thread *current, const struct port_map *ports) {
    uint64_t flags = irq_save();

    arch_preset_ports(current, ports);
    segments_set_ports(ports);
    irq_restore(flags);
}
