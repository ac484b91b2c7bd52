/*
 * See rseq.h.
 *
 * Invariants
 *  1. A thread with an area has THREAD_WORK_RSEQ in thread.switch_work: every switch to it ends in
 *     rseq_resume before it is in user mode again. Nobody else pays.
 *  2. rseq_resume runs without being switched after its last store, or is called again: what the area
 *     says is right when user mode is reached.
 * The area and the descriptors are the program's: every field is checked, and nothing of them is kept.
 */
#include "kernel/proc/rseq.h"

#include "kernel/arch/frame.h"
#include "kernel/arch/percpu.h"
#include "kernel/sched/sched.h"
#include "kernel/sync/cpu_call.h"
#include "kernel/task/task.h"
#include "kernel/vm/uaccess.h"
#include "lib/atomic.h"
#include "lib/errno.h"

/* struct rseq */
struct rseq_area {
    uint32_t cpu_id_start, cpu_id;
    uint64_t descriptor; /* rseq_cs: of the critical section, or 0 */
    uint32_t flags;
    uint32_t padding[3];
};
_Static_assert(sizeof(struct rseq_area) == RSEQ_AREA_SIZE, "struct rseq");
_Static_assert(offsetof(struct rseq_area, padding) == RSEQ_FEATURE_SIZE, "struct rseq");

/* struct rseq_cs */
struct rseq_descriptor {
    uint32_t version, flags;
    uint64_t start, length, abort; /* start_ip, post_commit_offset, abort_ip */
};

#define RSEQ_CPU_ID_UNINITIALIZED UINT32_MAX

static struct rseq_area __user *area_of(const struct task *task) {
    return (struct rseq_area __user *)task->rseq.address;
}

/* Both numbers. */
static int store_cpu(const struct task *task, uint32_t start, uint32_t cpu) {
    const uint32_t numbers[] = {start, cpu};
    return copy_to_user(&area_of(task)->cpu_id_start, numbers, sizeof numbers);
}

static bool matches(const struct task *task, uint64_t address, uint32_t size) {
    return task->rseq.address == address && task->rseq.size == size;
}

int rseq_register(uint64_t address, uint32_t size, uint32_t signature) {
    struct task *task = current_task();
    uint64_t descriptor;

    if (task->rseq.address != 0) {
        if (!matches(task, address, size))
            return -EINVAL;
        return task->rseq.signature == signature ? -EBUSY : -EPERM;
    }
    if (size != RSEQ_AREA_SIZE || address % RSEQ_ALIGN != 0)
        return -EINVAL;
    if (!user_range_ok((const void __user *)address, size))
        return -EFAULT;
    uint64_t __user *area_descriptor = user_member((struct rseq_area __user *)address, descriptor);
    if (get_user(descriptor, area_descriptor) < 0 || (descriptor != 0 && put_user(0ull, area_descriptor) < 0))
        return -EFAULT;
    task->rseq = (struct rseq_state){address, size, signature};
    /* Its area is first written on the way out of this call. */
    task->thread.switch_work |= THREAD_WORK_RSEQ;
    thread_set_work(&task->thread, THREAD_WORK_RSEQ);
    return 0;
}

int rseq_unregister(uint64_t address, uint32_t size, uint32_t signature) {
    struct task *task = current_task();

    if (task->rseq.address == 0 || !matches(task, address, size))
        return -EINVAL;
    if (task->rseq.signature != signature)
        return -EPERM;
    int error = store_cpu(task, 0, RSEQ_CPU_ID_UNINITIALIZED);
    if (error == 0)
        rseq_forget(task);
    return error;
}

void rseq_inherit(struct task *child, const struct task *parent) {
    child->rseq = parent->rseq;
    child->thread.switch_work |= parent->thread.switch_work & THREAD_WORK_RSEQ;
}

void rseq_forget(struct task *task) {
    task->rseq = (struct rseq_state){0};
    task->thread.switch_work &= ~(uint32_t)THREAD_WORK_RSEQ;
}

/* The abort address must follow the thread's signature: a forged descriptor cannot lead anywhere else. */
static int check_descriptor(const struct task *task, const struct rseq_descriptor *descriptor) {
    uint64_t end;
    uint32_t signature;

    if (descriptor->version != 0 || descriptor->start >= USER_ADDRESS_END || descriptor->abort >= USER_ADDRESS_END ||
        __builtin_add_overflow(descriptor->start, descriptor->length, &end) || end >= USER_ADDRESS_END ||
        descriptor->abort - descriptor->start < descriptor->length)
        return -EINVAL;
    if (get_user(signature, (const uint32_t __user *)(descriptor->abort - sizeof signature)) < 0)
        return -EFAULT;
    return signature == task->rseq.signature ? 0 : -EINVAL;
}

/* Leaves the critical section that the descriptor tells of, if `frame` is in it. */
static int abort_section(const struct task *task, struct trap_frame *frame, uint64_t address) {
    struct rseq_descriptor descriptor;
    uint32_t flags;

    if (get_user(descriptor, (const struct rseq_descriptor __user *)address) < 0)
        return -EFAULT;
    int error = check_descriptor(task, &descriptor);
    if (error < 0)
        return error;
    bool inside = frame->rip - descriptor.start < descriptor.length;
    if (inside) {
        if (get_user(flags, &area_of(task)->flags) < 0)
            return -EFAULT;
        if (flags != 0 || descriptor.flags != 0) /* those that kept sections from being aborted are no more */
            return -EINVAL;
    }
    if (put_user(0ull, &area_of(task)->descriptor) < 0)
        return -EFAULT;
    if (inside)
        frame->rip = descriptor.abort;
    return 0;
}

void rseq_resume(struct trap_frame *frame) {
    const struct task *task = current_task();
    uint64_t address;

    atomic_fetch_and(&current_thread()->work, ~(uint32_t)THREAD_WORK_RSEQ);
    if (task->rseq.address == 0)
        return;
    int error = get_user(address, &area_of(task)->descriptor);
    if (error == 0 && address != 0)
        error = abort_section(task, frame, address);
    if (error == 0)
        error = store_cpu(task, cpu_id(), cpu_id());
    if (error < 0)
        task_signal_fault(SIGSEGV, SI_KERNEL, 0, frame);
}

/* On each of the CPUs, in the interrupt. */
static void abort_running(void *space) {
    struct thread *thread = current_thread();

    if (thread_is_user(thread) && thread_to_task(thread)->space == space)
        thread_set_work(thread, THREAD_WORK_RSEQ);
}

void rseq_abort_elsewhere(const struct space *space, uint64_t cpus) {
    cpu_call(cpus & cpu_mask_all(), abort_running, (void *)space);
}
