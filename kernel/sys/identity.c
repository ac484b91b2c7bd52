/* System calls about who the caller is: numbers, groups, sessions, names, segment bases. */
#include "kernel/arch/context.h"
#include "kernel/arch/irqflags.h"
#include "kernel/sys/sys_process.h"
#include "kernel/task/job_control.h"
#include "kernel/task/task.h"
#include "lib/errno.h"

int64_t sys_getpid(void) {
    return current_process()->pid->number;
}

int64_t sys_gettid(void) {
    return current_task()->tid->number;
}

int64_t sys_getppid(void) {
    rcu_read_lock();
    const struct process *parent = atomic_load(&current_process()->parent);
    int number = parent == NULL ? 0 : parent->pid->number;
    rcu_read_unlock();
    return number;
}

int64_t sys_setpgid(int pid, int group) {
    if (pid < 0)
        return group == 0 ? -EINVAL : -ESRCH;
    return process_setpgid(pid, group);
}

int64_t sys_getpgrp(void) {
    return current_process()->group->number;
}

/* The number of the group or session of a process; 0 means the caller. */
static int64_t group_or_session(int number, bool session) {
    int64_t result = -ESRCH;
    uint64_t flags = spin_lock_irqsave(&task_list_lock);
    const struct pid *pid = number == 0 ? current_process()->pid : pid_find(number);
    if (pid != NULL && pid->process != NULL)
        result = (session ? pid->process->session : pid->process->group)->number;
    spin_unlock_irqrestore(&task_list_lock, flags);
    return result;
}

int64_t sys_getpgid(int pid) {
    return group_or_session(pid, false);
}

int64_t sys_getsid(int pid) {
    return group_or_session(pid, true);
}

int64_t sys_setsid(void) {
    return process_setsid();
}

int64_t sys_set_tid_address(uint64_t address) {
    struct task *task = current_task();
    task->clear_child_tid = address;
    return task->tid->number;
}

/* ---- arch_prctl: asm/prctl.h ---- */

enum arch_prctl_code {
    ARCH_SET_GS = 0x1001, ARCH_SET_FS = 0x1002, ARCH_GET_FS = 0x1003, ARCH_GET_GS = 0x1004,
    ARCH_GET_CPUID = 0x1011, ARCH_SET_CPUID = 0x1012,
};

int64_t sys_arch_prctl(int code, uint64_t address) {
    struct arch_thread *arch = &current_thread()->arch;
    bool set = code == ARCH_SET_FS || code == ARCH_SET_GS;

    if (set && address >= USER_ADDRESS_END)
        return -EPERM;
    switch (code) {
    case ARCH_SET_FS:
        arch_set_fs_base(arch, address);
        return 0;
    case ARCH_SET_GS:
        arch_set_gs_base(arch, address);
        return 0;
    case ARCH_GET_FS:
        return put_user(arch_fs_base(), (uint64_t __user *)address);
    case ARCH_GET_GS:
        return put_user(arch_gs_base(), (uint64_t __user *)address);
    case ARCH_GET_CPUID: /* the instruction is never forbidden */
        return 1;
    case ARCH_SET_CPUID:
        return -ENODEV;
    default:
        return -EINVAL;
    }
}

/* personality(2): kept for whoever asks; of its bits, ADDR_NO_RANDOMIZE has an effect (kernel/proc/exec.c). */
#define PERSONALITY_QUERY 0xffffffffu

int64_t sys_personality(uint64_t persona) {
    struct task *task = current_task();
    uint32_t old = task->personality;

    if ((uint32_t)persona != PERSONALITY_QUERY)
        task->personality = (uint32_t)persona;
    return old;
}
