/* System calls about who the caller is: numbers, groups, sessions, names, segment bases. */
#include "kernel/arch/context.h"
#include "kernel/arch/irqflags.h"
#include "kernel/sys/prctl_cred.h"
#include "kernel/sys/sys_process.h"
#include "kernel/task/job_control.h"
#include "kernel/task/task.h"
#include "lib/errno.h"
#include "lib/string.h"

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

/* ---- prctl: linux/prctl.h ---- */

enum prctl_option {
    PR_SET_PDEATHSIG = 1, PR_GET_PDEATHSIG = 2, PR_GET_DUMPABLE = 3, PR_SET_DUMPABLE = 4, PR_GET_KEEPCAPS = 7,
    PR_SET_KEEPCAPS = 8, PR_GET_TIMING = 13, PR_SET_TIMING = 14, PR_SET_NAME = 15, PR_GET_NAME = 16, PR_GET_SECCOMP = 21,
    PR_CAPBSET_READ = 23, PR_CAPBSET_DROP = 24, PR_GET_SECUREBITS = 27, PR_SET_SECUREBITS = 28,
    PR_SET_CHILD_SUBREAPER = 36, PR_GET_CHILD_SUBREAPER = 37, PR_SET_NO_NEW_PRIVS = 38, PR_GET_NO_NEW_PRIVS = 39,
    PR_GET_TID_ADDRESS = 40, PR_CAP_AMBIENT = 47,
};

static int set_name(const char __user *name) {
    char copy[THREAD_NAME_MAX] = {0};
    int64_t length = copy_string_from_user(copy, name, sizeof copy);

    if (length == -EFAULT)
        return -EFAULT;
    copy[sizeof copy - 1] = '\0'; /* a longer name is cut */
    memcpy(current_thread()->name, copy, sizeof copy);
    return 0;
}

static int64_t set_death_signal(uint64_t signal) {
    if (signal > SIGNAL_COUNT)
        return -EINVAL;
    current_task()->parent_death_signal = (uint8_t)signal;
    return 0;
}

static int64_t give_up_privileges(void) {
    struct cred *cred = cred_copy(current_cred());

    if (!cred)
        return -ENOMEM;
    cred->no_new_privileges = true;
    cred_commit(cred);
    return 0;
}

int64_t sys_prctl(int option, uint64_t arg2, uint64_t arg3, uint64_t arg4, uint64_t arg5) {
    struct task *task = current_task();

    switch (option) {
    case PR_SET_NAME:
        return set_name((const char __user *)arg2);
    case PR_GET_NAME:
        return copy_to_user((char __user *)arg2, task->thread.name, sizeof task->thread.name);
    case PR_SET_PDEATHSIG:
        return set_death_signal(arg2);
    case PR_GET_PDEATHSIG:
        return put_user((int32_t)task->parent_death_signal, (int32_t __user *)arg2);
    case PR_SET_NO_NEW_PRIVS:
        return arg2 == 1 && (arg3 | arg4 | arg5) == 0 ? give_up_privileges() : -EINVAL;
    case PR_GET_NO_NEW_PRIVS:
        return (arg2 | arg3 | arg4 | arg5) == 0 ? task->cred->no_new_privileges : -EINVAL;
    case PR_SET_CHILD_SUBREAPER:
        current_process()->child_subreaper = arg2 != 0;
        return 0;
    case PR_GET_CHILD_SUBREAPER:
        return put_user((int32_t)current_process()->child_subreaper, (int32_t __user *)arg2);
    case PR_GET_TID_ADDRESS:
        return put_user(task->clear_child_tid, (uint64_t __user *)arg2);
    case PR_CAPBSET_READ:
        return prctl_bounding_read(arg2);
    case PR_CAPBSET_DROP:
        return prctl_bounding_drop(arg2);
    case PR_CAP_AMBIENT:
        return arg4 != 0 || arg5 != 0 ? -EINVAL : prctl_ambient(arg2, arg3);
    case PR_GET_KEEPCAPS:
        return task->cred->keep_capabilities;
    case PR_SET_KEEPCAPS:
        return arg2 > 1 ? -EINVAL : prctl_keep_capabilities(arg2 == 1);
    case PR_GET_SECUREBITS:
        return task->cred->keep_capabilities ? SECBIT_KEEP_CAPS : 0;
    case PR_SET_SECUREBITS:
        return prctl_secure_bits(arg2);
    case PR_SET_DUMPABLE: /* there are no core dumps: nothing to forbid, and never more than that */
        return arg2 == 0 ? 0 : -EINVAL;
    case PR_GET_DUMPABLE: /* what is not supported is off: no core dumps */
    case PR_GET_SECCOMP:
    case PR_GET_TIMING: /* PR_TIMING_STATISTICAL */
        return 0;
    case PR_SET_TIMING: /* there is no other */
        return arg2 == 0 ? 0 : -EINVAL;
    default:
        return -EINVAL;
    }
}

/* ---- arch_prctl: asm/prctl.h ---- */

enum arch_prctl_code { ARCH_SET_GS = 0x1001, ARCH_SET_FS = 0x1002, ARCH_GET_FS = 0x1003, ARCH_GET_GS = 0x1004 };

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
        return put_user(arch->fs_base, (uint64_t __user *)address);
    case ARCH_GET_GS:
        return put_user(arch->gs_base, (uint64_t __user *)address);
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
