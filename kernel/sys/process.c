/* System calls that make, end and await processes and threads. */
#include "kernel/sys/sys_process.h"

#include "fs/vfs/file_table.h"
#include "kernel/ipc/pidfd.h"
#include "kernel/proc/clone.h"
#include "kernel/proc/exit.h"
#include "kernel/proc/unshare.h"
#include "kernel/proc/wait.h"
#include "kernel/sys/rusage.h"
#include "kernel/task/task.h"
#include "lib/errno.h"
#include "lib/string.h"

/* ---- making ---- */

int64_t sys_fork(void) {
    struct clone_request request = {.exit_signal = SIGCHLD};
    return process_clone(&request);
}

int64_t sys_vfork(void) {
    struct clone_request request = {.flags = CLONE_VM | CLONE_VFORK, .exit_signal = SIGCHLD};
    return process_clone(&request);
}

int64_t sys_clone(uint64_t flags, uint64_t stack, uint64_t parent_tid, uint64_t child_tid, uint64_t tls) {
    struct clone_request request = {
        .flags = (uint32_t)flags & ~(uint32_t)CLONE_SIGNAL_MASK,
        .exit_signal = (flags & CLONE_SIGNAL_MASK) <= SIGNAL_COUNT ? flags & CLONE_SIGNAL_MASK : 0,
        .stack = stack,
        .tls = tls,
        .parent_tid = parent_tid,
        .child_tid = child_tid,
        .pidfd = parent_tid, /* where both are asked for, clone(2) has only one place */
    };
    if ((flags & CLONE_PIDFD) && (flags & CLONE_PARENT_SETTID))
        return -EINVAL;
    return process_clone(&request);
}

struct clone_args_user { /* struct clone_args, linux/sched.h */
    uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
    uint64_t set_tid, set_tid_size, cgroup;
};
#define CLONE_ARGS_SIZE_MIN 64u
#define NAMESPACE_LEVELS_MAX 32u /* linux/pid_namespace.h */

/* The numbers to give, innermost namespace first: there is only one. 0: any. */
static int64_t get_number(const struct clone_args_user *args) {
    int32_t number;

    if (args->set_tid_size == 0)
        return args->set_tid == 0 ? 0 : -EINVAL;
    if (args->set_tid_size > NAMESPACE_LEVELS_MAX || args->set_tid == 0)
        return -EINVAL;
    if (get_user(number, (const int32_t __user *)(uintptr_t)args->set_tid) < 0)
        return -EFAULT;
    return args->set_tid_size == 1 && number > 0 ? number : -EINVAL;
}

#define CLONE_FLAG_BITS 34u /* CLONE_CLEAR_SIGHAND and CLONE_INTO_CGROUP are the last two */

static int validate_clone3(const struct clone_args_user *args) {
    bool joins = args->flags & (CLONE_THREAD | CLONE_PARENT);

    if ((args->flags & (CLONE_SIGNAL_MASK | CLONE_DETACHED)) || args->flags >> CLONE_FLAG_BITS != 0 || args->exit_signal > SIGNAL_COUNT ||
        (joins && args->exit_signal != 0) || (args->stack == 0) != (args->stack_size == 0) ||
        !user_range_ok((const void __user *)args->stack, args->stack_size))
        return -EINVAL;
    return args->flags & CLONE_INTO_CGROUP ? -EBADF : 0; /* no file is a control group */
}

int64_t sys_clone3(const struct clone_args_user __user *args, size_t size) {
    struct clone_args_user copy;

    if (size < CLONE_ARGS_SIZE_MIN)
        return -EINVAL;
    int error = copy_struct_from_user(&copy, sizeof copy, args, size);
    int64_t number = error < 0 ? error : get_number(&copy);
    if (number < 0)
        return number;
    error = validate_clone3(&copy);
    if (error < 0)
        return error;
    struct clone_request request = {
        .flags = copy.flags,
        .exit_signal = copy.exit_signal,
        .stack = copy.stack + copy.stack_size,
        .tls = copy.tls,
        .parent_tid = copy.parent_tid,
        .child_tid = copy.child_tid,
        .pidfd = copy.pidfd,
        .tid = (int)number,
    };
    return process_clone(&request);
}

/* ---- ending ---- */

int64_t sys_exit(int code) {
    task_exit(code);
}

int64_t sys_exit_group(int code) {
    process_exit(EXIT_STATUS(code));
}

/* ---- waiting ---- */

#define WAIT4_OPTIONS (WNOHANG | WUNTRACED | WCONTINUED | WNOTHREAD | WALL | WCLONE)
#define WAITID_OPTIONS (WNOHANG | WSTOPPED | WEXITED | WCONTINUED | WNOWAIT | WNOTHREAD | WALL | WCLONE)
enum waitid_kind { P_ALL = 0, P_PID = 1, P_PGID = 2, P_PIDFD = 3 };

/* linux/resource.h has no view of a child's page faults by kind: all count as minor. */
static int put_usage(struct rusage_user __user *usage, const struct wait_result *result) {
    struct rusage_user filled;
    if (usage == NULL)
        return 0;
    rusage_fill(&filled, result->user_ns, result->system_ns, result->faults);
    return copy_to_user(usage, &filled, sizeof filled);
}

int64_t sys_wait4(int pid, int32_t __user *status, unsigned options, struct rusage_user __user *usage) {
    struct wait_request request = {WAIT_ALL, 0, options | WEXITED};
    struct wait_result result;

    if (options & ~WAIT4_OPTIONS)
        return -EINVAL;
    if (pid == INT32_MIN)
        return -ESRCH;
    if (pid > 0)
        request = (struct wait_request){WAIT_PID, pid, request.options};
    else if (pid != -1)
        request = (struct wait_request){WAIT_GROUP, pid == 0 ? current_process()->group->number : -pid,
                                        request.options};
    int found = process_wait(&request, &result);
    if (found <= 0)
        return found;
    if ((status != NULL && put_user((int32_t)result.status, status) < 0) || put_usage(usage, &result) < 0)
        return -EFAULT;
    return result.pid;
}

struct siginfo_user {
    struct signal_info info;
};
#define WAITID_INFO_SIZE 28u /* up to si_status; the rest of siginfo_t stays as it is */

static int put_waitid(struct siginfo_user __user *info, const struct wait_result *result) {
    struct siginfo_user filled = {0};
    if (info == NULL)
        return 0;
    if (result != NULL) {
        filled.info.number = SIGCHLD;
        filled.info.code = result->code;
        filled.info.u.child.pid = result->pid;
        filled.info.u.child.uid = result->uid;
        switch (result->code) {
        case CLD_EXITED:
        case CLD_STOPPED:
            filled.info.u.child.status = result->status >> 8 & 0xff;
            break;
        case CLD_CONTINUED:
            filled.info.u.child.status = SIGCONT;
            break;
        default:
            filled.info.u.child.status = result->status & 0x7f;
        }
    }
    return user_range_ok(info, sizeof *info) ? copy_to_user(info, &filled, WAITID_INFO_SIZE) : -EFAULT;
}

/* The process of a pidfd; without blocking, if the file says so. -EBADF. */
static int wait_for_pidfd(int descriptor, struct wait_request *request, bool *nonblocking) {
    struct file_use use = file_use(descriptor);
    const struct pid *pid = use.file != NULL ? pidfd_pid(use.file) : NULL;
    int error = pid != NULL ? 0 : -EBADF;

    if (pid != NULL) {
        request->kind = WAIT_PID;
        request->number = pid->number;
        *nonblocking = use.file->flags & O_NONBLOCK;
        request->options |= *nonblocking ? WNOHANG : 0;
    }
    file_use_end(use);
    return error;
}

/* A child of which there is something to tell (positive), none yet (0), or -errno. */
static int find_waitable(int kind, int number, unsigned options, struct wait_result *result) {
    struct wait_request request = {WAIT_ALL, number, options};

    if ((options & ~WAITID_OPTIONS) || !(options & (WEXITED | WSTOPPED | WCONTINUED)))
        return -EINVAL;
    if ((kind == P_PID && number <= 0) || (kind == P_PGID && number < 0) || (unsigned)kind > P_PIDFD ||
        (kind == P_PIDFD && number < 0))
        return -EINVAL;
    bool nonblocking = false;
    int error = kind == P_PIDFD ? wait_for_pidfd(number, &request, &nonblocking) : 0;
    if (error < 0)
        return error;
    if (kind == P_PID)
        request.kind = WAIT_PID;
    if (kind == P_PGID) {
        request.kind = WAIT_GROUP;
        request.number = number == 0 ? current_process()->group->number : number;
    }
    int found = process_wait(&request, result);
    return found == 0 && nonblocking && !(options & WNOHANG) ? -EAGAIN : found;
}

int64_t sys_waitid(int kind, int number, struct siginfo_user __user *info, unsigned options,
                   struct rusage_user __user *usage) {
    struct wait_result result;
    int found = find_waitable(kind, number, options, &result);

    if (found > 0 && put_usage(usage, &result) < 0)
        return -EFAULT;
    /* Written even when there is nothing to tell. */
    if (put_waitid(info, found > 0 ? &result : NULL) < 0)
        return -EFAULT;
    return found < 0 ? found : 0;
}

/* ---- sharing ---- */

int64_t sys_unshare(uint64_t flags) {
    return process_unshare(flags);
}

/* No descriptor stands for a namespace: there are none. */
int64_t sys_setns(int descriptor, int type) {
    struct file_use use = file_use(descriptor);

    (void)type;
    if (use.file == NULL)
        return -EBADF;
    file_use_end(use);
    return -EINVAL;
}
