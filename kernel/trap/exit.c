/* What a thread has to do before it returns to user mode: its work word. */
#include "kernel/arch/fpu.h"
#include "kernel/arch/irqflags.h"
#include "kernel/log/panic.h"
#include "kernel/proc/rseq.h"
#include "kernel/proc/signal_deliver.h"
#include "kernel/sched/sched.h"
#include "kernel/task/cpu_clock.h"
#include "kernel/trap/trap.h"
#include "lib/atomic.h"

/* What may sleep, and is looked for again afterwards. */
#define SLEEPING_WORK (THREAD_WORK_RESCHEDULE | THREAD_WORK_SIGNAL | THREAD_WORK_RSEQ | THREAD_WORK_CPU_CLOCK)

void trap_exit_work(struct trap_frame *frame) {
    struct thread *thread = current_thread();
    uint32_t work;
    DEBUG_ASSERT(!irq_enabled());
    while ((work = atomic_load_relaxed(&thread->work) & SLEEPING_WORK) != 0) {
        irq_enable();
        if (work & THREAD_WORK_RESCHEDULE)
            sched_reschedule();
        if (work & THREAD_WORK_CPU_CLOCK)
            cpu_clock_check();
        if (work & THREAD_WORK_SIGNAL)
            signal_deliver(frame);
        if (work & THREAD_WORK_RSEQ)
            rseq_resume(frame);
        irq_disable();
    }
    /* Last, with interrupts off: nothing can take the registers away again before user mode. */
    if (atomic_fetch_and(&thread->work, ~(uint32_t)THREAD_WORK_FPU) & THREAD_WORK_FPU)
        arch_fpu_load(thread->arch.fpu);
}
