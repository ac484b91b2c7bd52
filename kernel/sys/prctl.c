/* prctl: what a thread or process sets for itself (linux/prctl.h). What is not known here is EINVAL. */
#include "kernel/sys/prctl.h"

#include "kernel/sys/sys_process.h"
#include "kernel/task/task.h"
#include "kernel/vm/space.h"
#include "lib/errno.h"
#include "lib/string.h"

enum prctl_option {
    PR_SET_PDEATHSIG = 1, PR_GET_PDEATHSIG = 2, PR_GET_DUMPABLE = 3, PR_SET_DUMPABLE = 4, PR_GET_KEEPCAPS = 7,
    PR_SET_KEEPCAPS = 8, PR_GET_TIMING = 13, PR_SET_TIMING = 14, PR_SET_NAME = 15, PR_GET_NAME = 16, PR_GET_SECCOMP = 21,
    PR_CAPBSET_READ = 23, PR_CAPBSET_DROP = 24, PR_GET_TSC = 25, PR_SET_TSC = 26, PR_GET_SECUREBITS = 27,
    PR_SET_SECUREBITS = 28, PR_SET_TIMERSLACK = 29, PR_GET_TIMERSLACK = 30, PR_MCE_KILL = 33, PR_MCE_KILL_GET = 34,
    PR_SET_MM = 35, PR_SET_CHILD_SUBREAPER = 36, PR_GET_CHILD_SUBREAPER = 37, PR_SET_NO_NEW_PRIVS = 38,
    PR_GET_NO_NEW_PRIVS = 39, PR_GET_TID_ADDRESS = 40, PR_SET_THP_DISABLE = 41, PR_GET_THP_DISABLE = 42,
    PR_CAP_AMBIENT = 47, PR_GET_SPECULATION_CTRL = 52, PR_SET_SPECULATION_CTRL = 53, PR_SET_IO_FLUSHER = 57,
    PR_GET_IO_FLUSHER = 58,
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

static int64_t set_dumpable(uint64_t dumpable) {
    if (dumpable > 1)
        return -EINVAL;
    current_process()->not_dumpable = dumpable == 0;
    return 0;
}

static int64_t capability_bit(uint64_t capabilities, uint64_t number) {
    return number > CAP_LAST ? -EINVAL : (int64_t)(capabilities >> number & 1);
}

/* ---- what the process says its memory is: PR_SET_MM ---- */

enum {
    MM_START_CODE = 1, MM_END_CODE, MM_START_DATA, MM_END_DATA, MM_START_STACK, MM_START_BRK, MM_BRK, MM_ARG_START,
    MM_ARG_END, MM_ENV_START, MM_ENV_END, MM_AUXV,
};

static int64_t set_auxv(struct space *space, uint64_t user, uint64_t size) {
    uint64_t auxv[ARRAY_SIZE(space->auxv)] = {0};

    if (size > sizeof auxv)
        return -EINVAL;
    if (copy_from_user(auxv, (const void __user *)user, size))
        return -EFAULT;
    auxv[ARRAY_SIZE(auxv) - 2] = auxv[ARRAY_SIZE(auxv) - 1] = 0; /* it ends with AT_NULL */
    memcpy(space->auxv, auxv, sizeof auxv);
    return 0;
}

static bool in_order(const uint64_t *fields[12]) {
    return *fields[MM_START_CODE] < *fields[MM_END_CODE] && *fields[MM_START_DATA] <= *fields[MM_END_DATA] &&
           *fields[MM_START_BRK] <= *fields[MM_BRK] && *fields[MM_ARG_START] <= *fields[MM_ARG_END] &&
           *fields[MM_ENV_START] <= *fields[MM_ENV_END];
}

static int64_t set_memory_field(struct space *space, uint64_t which, uint64_t address) {
    uint64_t *fields[12] = {
        [MM_START_CODE] = &space->code_start, [MM_END_CODE] = &space->code_end, [MM_START_DATA] = &space->data_start,
        [MM_END_DATA] = &space->data_end, [MM_START_STACK] = &space->stack_start, [MM_START_BRK] = &space->brk_start,
        [MM_BRK] = &space->brk, [MM_ARG_START] = &space->arguments_start, [MM_ARG_END] = &space->arguments_end,
        [MM_ENV_START] = &space->environment_start, [MM_ENV_END] = &space->environment_end,
    };
    int64_t result = 0;

    if (which == 0 || which >= ARRAY_SIZE(fields) || address >= USER_ADDRESS_END || address < USER_ADDRESS_MIN)
        return -EINVAL;
    rwsem_write_lock(&space->lock);
    uint64_t old = *fields[which];
    const struct vma *vma = space_find(space, address);
    *fields[which] = address;
    if (!in_order((const uint64_t **)fields))
        result = -EINVAL;
    else if (which >= MM_START_STACK && which != MM_START_BRK && which != MM_BRK && !vma)
        result = -EFAULT;
    if (result)
        *fields[which] = old;
    rwsem_write_unlock(&space->lock);
    return result;
}

static int64_t set_memory(const struct prctl_arguments *arguments) {
    if (arguments->a5 != 0 || (arguments->a4 != 0 && arguments->a2 != MM_AUXV))
        return -EINVAL;
    if (!cred_has(current_cred(), CAP_SYS_RESOURCE))
        return -EPERM;
    struct space *space = current_task()->space;
    if (arguments->a2 == MM_AUXV)
        return set_auxv(space, arguments->a3, arguments->a4);
    return set_memory_field(space, arguments->a2, arguments->a3);
}

/* ---- the machine ---- */

/* Which of a process's threads a memory error kills: kept, and told; there is no such error to be told of. */
enum { MCE_KILL_CLEAR, MCE_KILL_SET };
enum { MCE_KILL_LATE, MCE_KILL_EARLY, MCE_KILL_DEFAULT };

static int64_t set_memory_error_policy(struct task *task, const struct prctl_arguments *arguments) {
    if (arguments->a4 != 0 || arguments->a5 != 0 || arguments->a2 > MCE_KILL_SET)
        return -EINVAL;
    if (arguments->a2 == MCE_KILL_CLEAR ? arguments->a3 != 0 : arguments->a3 > MCE_KILL_DEFAULT)
        return -EINVAL;
    static const uint8_t kept[] = {[MCE_KILL_DEFAULT] = 0, [MCE_KILL_LATE] = 1, [MCE_KILL_EARLY] = 2};
    task->memory_error_policy = arguments->a2 == MCE_KILL_CLEAR ? 0 : kept[arguments->a3];
    return 0;
}

static int64_t memory_error_policy(const struct task *task, const struct prctl_arguments *arguments) {
    static const uint8_t told[] = {MCE_KILL_DEFAULT, MCE_KILL_LATE, MCE_KILL_EARLY};
    return arguments->a2 == 0 && prctl_none_from_3(arguments) ? told[task->memory_error_policy] : -EINVAL;
}

/* Speculation: nothing is done about it, and nothing can be asked for. Answers as of Linux with mitigations=off. */
enum { SPEC_STORE_BYPASS, SPEC_INDIRECT_BRANCH, SPEC_L1D_FLUSH, SPEC_KINDS };
enum { SPEC_ENABLE = 2, SPEC_DISABLE = 4, SPEC_FORCE_DISABLE = 8 };

static int64_t speculation(const struct prctl_arguments *arguments) {
    if (!prctl_none_from_3(arguments))
        return -EINVAL;
    if (arguments->a2 >= SPEC_KINDS)
        return -ENODEV;
    return arguments->a2 == SPEC_L1D_FLUSH ? SPEC_FORCE_DISABLE : SPEC_ENABLE;
}

static int64_t set_speculation(const struct prctl_arguments *arguments) {
    if (arguments->a4 != 0 || arguments->a5 != 0)
        return -EINVAL;
    switch (arguments->a2) {
    case SPEC_STORE_BYPASS:
        return -ENXIO;
    case SPEC_INDIRECT_BRANCH:
        if (arguments->a3 == SPEC_ENABLE)
            return 0;
        return arguments->a3 == SPEC_DISABLE || arguments->a3 == SPEC_FORCE_DISABLE ? -EPERM : -ERANGE;
    case SPEC_L1D_FLUSH:
        return -EPERM;
    default:
        return -ENODEV;
    }
}

static int64_t io_flusher(struct task *task, const struct prctl_arguments *arguments, bool set) {
    if (!cred_has(current_cred(), CAP_SYS_RESOURCE))
        return -EPERM;
    if (!prctl_none_from_3(arguments) || arguments->a2 > (set ? 1u : 0u))
        return -EINVAL;
    if (!set)
        return task->io_flusher;
    task->io_flusher = arguments->a2 == 1;
    return 0;
}

/* Whether RDTSC works in the thread; the vDSO's clocks need it. */
enum { TSC_ENABLE = 1, TSC_SIGSEGV = 2 };

static int64_t set_tsc(struct task *task, uint64_t mode) {
    if (mode != TSC_ENABLE && mode != TSC_SIGSEGV)
        return -EINVAL;
    arch_forbid_tsc(&task->thread.arch, mode == TSC_SIGSEGV);
    return 0;
}

/* Linux may let timers end late by this much; here they end on time, whatever it is. */
static int64_t set_timer_slack(struct task *task, uint64_t slack_ns) {
    task->timer_slack_ns = (int64_t)slack_ns > 0 ? slack_ns : task->default_timer_slack_ns;
    return 0;
}

/* ---- the call ---- */

static int64_t prctl_set(struct task *task, int option, const struct prctl_arguments *arguments) {
    switch (option) {
    case PR_SET_NAME:
        return set_name((const char __user *)arguments->a2);
    case PR_SET_PDEATHSIG:
        return set_death_signal(arguments->a2);
    case PR_SET_DUMPABLE:
        return set_dumpable(arguments->a2);
    case PR_SET_NO_NEW_PRIVS:
        return arguments->a2 == 1 && prctl_none_from_3(arguments) ? prctl_give_up_privileges() : -EINVAL;
    case PR_SET_CHILD_SUBREAPER:
        task->process->child_subreaper = arguments->a2 != 0;
        return 0;
    case PR_SET_KEEPCAPS:
        return prctl_keep_capabilities(arguments->a2);
    case PR_SET_SECUREBITS:
        return prctl_set_secure_bits(arguments->a2);
    case PR_CAPBSET_DROP:
        return prctl_drop_bounding(arguments->a2);
    case PR_CAP_AMBIENT:
        return prctl_ambient(arguments);
    case PR_SET_TIMING: /* statistical is the only one */
        return arguments->a2 == 0 ? 0 : -EINVAL;
    case PR_SET_TSC:
        return set_tsc(task, arguments->a2);
    case PR_SET_TIMERSLACK:
        return set_timer_slack(task, arguments->a2);
    case PR_MCE_KILL:
        return set_memory_error_policy(task, arguments);
    case PR_SET_MM:
        return set_memory(arguments);
    case PR_SET_THP_DISABLE:
        if (!prctl_none_from_3(arguments))
            return -EINVAL;
        task->space->no_huge_pages = arguments->a2 != 0;
        return 0;
    case PR_SET_SPECULATION_CTRL:
        return set_speculation(arguments);
    case PR_SET_IO_FLUSHER:
        return io_flusher(task, arguments, true);
    default:
        return -EINVAL;
    }
}

int64_t sys_prctl(int option, uint64_t arg2, uint64_t arg3, uint64_t arg4, uint64_t arg5) {
    struct task *task = current_task();
    const struct prctl_arguments arguments = {arg2, arg3, arg4, arg5};
    int32_t __user *number = (int32_t __user *)arg2;

    switch (option) {
    case PR_GET_NAME:
        return copy_to_user((char __user *)arg2, task->thread.name, sizeof task->thread.name);
    case PR_GET_PDEATHSIG:
        return put_user((int32_t)task->parent_death_signal, number);
    case PR_GET_DUMPABLE:
        return !task->process->not_dumpable;
    case PR_GET_NO_NEW_PRIVS:
        return arg2 == 0 && prctl_none_from_3(&arguments) ? task->cred->no_new_privileges : -EINVAL;
    case PR_GET_CHILD_SUBREAPER:
        return put_user((int32_t)task->process->child_subreaper, number);
    case PR_GET_TID_ADDRESS:
        return put_user(task->clear_child_tid, (uint64_t __user *)arg2);
    case PR_GET_KEEPCAPS:
        return (task->cred->secure_bits & SECURE_KEEP_CAPS) != 0;
    case PR_GET_SECUREBITS:
        return task->cred->secure_bits;
    case PR_CAPBSET_READ:
        return capability_bit(task->cred->capabilities_bounding, arg2);
    case PR_GET_TIMING:
    case PR_GET_SECCOMP: /* nothing is filtered */
        return 0;
    case PR_GET_TSC:
        return put_user((int32_t)(arch_tsc_is_forbidden(&task->thread.arch) ? TSC_SIGSEGV : TSC_ENABLE), number);
    case PR_GET_TIMERSLACK:
        return (int64_t)MIN(task->timer_slack_ns, (uint64_t)INT64_MAX);
    case PR_MCE_KILL_GET:
        return memory_error_policy(task, &arguments);
    case PR_GET_THP_DISABLE:
        return arg2 == 0 && prctl_none_from_3(&arguments) ? task->space->no_huge_pages : -EINVAL;
    case PR_GET_SPECULATION_CTRL:
        return speculation(&arguments);
    case PR_GET_IO_FLUSHER:
        return io_flusher(task, &arguments, false);
    default:
        return prctl_set(task, option, &arguments);
    }
}
