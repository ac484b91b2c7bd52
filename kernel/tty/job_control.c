/*
 * Controlling terminals, sessions and foreground groups: POSIX Base Definitions §11.1, credentials(7).
 * `task_list_lock` guards tty->session, tty->foreground, process->tty and pid->session_tty; signals
 * are sent after it is dropped.
 */
#include "kernel/tty/job_control.h"

#include "kernel/arch/boot.h"
#include "kernel/task/task.h"
#include "kernel/tty/tty_internal.h"
#include "lib/assert.h"

static void signal_group(struct pid *group, unsigned signal) {
    struct signal_info info = {.number = (int32_t)signal, .code = SI_KERNEL};

    if (group) /* an empty group: nobody is there to be told */
        (void)signal_send_group(group, signal, &info);
}

static struct pid *foreground_get(struct tty *tty) {
    uint64_t flags = spin_lock_irqsave(&task_list_lock);
    struct pid *group = tty->foreground;
    if (group)
        pid_get(group);
    spin_unlock_irqrestore(&task_list_lock, flags);
    return group;
}

void tty_signal_foreground(struct tty *tty, unsigned signal) {
    struct pid *group = foreground_get(tty);

    if (!group)
        return;
    signal_group(group, signal);
    pid_put(group);
}

/* No member has a parent in another group of the same session: nobody would continue it. task_list_lock held. */
static bool group_is_orphaned(struct pid *group) {
    struct process *member;

    list_for_each_entry(member, &group->group_members, group_node) {
        const struct process *parent = member->parent;
        if (parent && parent->session == member->session && parent->group != group)
            return false;
    }
    return true;
}

int tty_check_background(struct tty *tty, unsigned signal) {
    struct process *process = current_process();
    uint64_t flags = spin_lock_irqsave(&task_list_lock);
    bool background = process->tty == tty && tty->foreground && tty->foreground != process->group;
    bool orphaned = background && group_is_orphaned(process->group);
    spin_unlock_irqrestore(&task_list_lock, flags);

    if (!background)
        return 0;
    if (signal_is_blocked(current_task(), signal) || signal_is_ignored(process, signal))
        return signal == SIGTTIN ? -EIO : 0;
    if (orphaned)
        return -EIO;
    signal_group(process->group, signal);
    return -ERESTARTSYS;
}

static bool leads_session(const struct process *process) {
    return process->session == process->pid;
}

void tty_note_waiting(struct tty *tty) {
    static uint32_t noted; /* atomic */
    struct process *process = current_process();

    if (atomic_load_relaxed(&noted))
        return;
    uint64_t flags = spin_lock_irqsave(&task_list_lock);
    bool leads = process->tty == tty && tty->session == process->session && leads_session(process);
    spin_unlock_irqrestore(&task_list_lock, flags);
    if (leads && atomic_exchange(&noted, 1u) == 0)
        boot_trace_add(BOOT_EVENT_PROMPT, DEVICE_NUMBER(tty->node.major, tty->node.minor), (uint64_t)process->pid->number);
}

static void replace_pid(struct pid **slot, struct pid *pid) {
    struct pid *old = *slot;
    if (pid)
        pid_get(pid);
    *slot = pid;
    if (old)
        pid_put(old);
}

/* Every process of the session gets, or loses, the terminal. task_list_lock held. */
static void set_session_tty(struct pid *session, struct tty *tty) {
    struct process *member;

    session->session_tty = tty;
    list_for_each_entry(member, &session->session_members, session_node)
        member->tty = tty;
}

int tty_acquire(struct tty *tty, bool steal) {
    struct process *process = current_process();
    bool may_steal = steal && cred_has(current_cred(), CAP_SYS_ADMIN);
    int error = 0;
    uint64_t flags = spin_lock_irqsave(&task_list_lock);

    if (atomic_load_relaxed(&tty->gone)) /* set before tty_disassociate, which takes the lock that we hold */
        error = -EIO;
    else if (leads_session(process) && process->tty == tty && tty->session == process->session)
        error = 0;
    else if (!leads_session(process) || process->tty || (tty->session && !may_steal))
        error = -EPERM;
    else {
        if (tty->session)
            set_session_tty(tty->session, NULL);
        replace_pid(&tty->session, process->session);
        replace_pid(&tty->foreground, process->group);
        set_session_tty(process->session, tty);
    }
    spin_unlock_irqrestore(&task_list_lock, flags);
    return error;
}

void tty_acquire_on_open(struct tty *tty) {
    struct process *process = current_process();

    if (leads_session(process) && !process->tty)
        (void)tty_acquire(tty, false); /* it may have an owner: then the file is just a file */
}

/* Takes the terminal from its session; returns the foreground group to be told, with a reference. */
static struct pid *detach_session(struct tty *tty) {
    struct pid *group = tty->foreground;

    if (tty->session)
        set_session_tty(tty->session, NULL);
    replace_pid(&tty->session, NULL);
    tty->foreground = NULL;
    return group;
}

static void hang_up_group(struct pid *group) {
    if (!group)
        return;
    signal_group(group, SIGHUP);
    signal_group(group, SIGCONT);
    pid_put(group);
}

void tty_disassociate(struct tty *tty) {
    uint64_t flags = spin_lock_irqsave(&task_list_lock);
    struct process *leader = tty->session ? tty->session->process : NULL;
    if (leader)
        process_get(leader);
    struct pid *group = detach_session(tty);
    spin_unlock_irqrestore(&task_list_lock, flags);

    if (leader) {
        struct signal_info info = {.number = SIGHUP, .code = SI_KERNEL};
        (void)signal_send_process(leader, SIGHUP, &info); /* it may be exiting: that is why we are here */
        process_put(leader);
    }
    hang_up_group(group);
}

int tty_give_up(struct tty *tty) {
    struct process *process = current_process();
    struct pid *group = NULL;
    uint64_t flags = spin_lock_irqsave(&task_list_lock);
    bool had_it = process->tty == tty;

    if (had_it && leads_session(process))
        group = detach_session(tty);
    process->tty = NULL;
    spin_unlock_irqrestore(&task_list_lock, flags);
    hang_up_group(group);
    return had_it ? 0 : -ENOTTY;
}

/* The running process's terminal, with a reference, or NULL. */
struct tty *tty_get_controlling(void) {
    uint64_t flags = spin_lock_irqsave(&task_list_lock);
    struct tty *tty = current_process()->tty;
    if (tty)
        tty_get(tty);
    spin_unlock_irqrestore(&task_list_lock, flags);
    return tty;
}

void tty_hangup_controlling(void) {
    struct tty *tty = tty_get_controlling();

    if (!tty)
        return;
    tty_hangup(tty);
    tty_put(tty);
}

/* A pseudo-terminal goes on for who holds it, and its foreground group is told; others hang up. */
void tty_session_leader_exit(struct process *process) {
    struct pid *group = NULL;
    uint64_t flags = spin_lock_irqsave(&task_list_lock);
    struct tty *tty = leads_session(process) ? process->tty : NULL;
    bool goes_on = tty && tty->ops->free;
    if (goes_on)
        group = detach_session(tty);
    spin_unlock_irqrestore(&task_list_lock, flags);

    if (tty && !goes_on)
        tty_hangup(tty);
    if (group) {
        signal_group(group, SIGHUP);
        pid_put(group);
    }
}

/* The running process's own terminal is this one. task_list_lock held. */
static bool is_controlling(struct tty *tty) {
    return current_process()->tty == tty && tty->session == current_process()->session;
}

int tty_get_foreground(struct tty *tty) {
    uint64_t flags = spin_lock_irqsave(&task_list_lock);
    int number = !is_controlling(tty) ? -ENOTTY : tty->foreground ? tty->foreground->number : 0;
    spin_unlock_irqrestore(&task_list_lock, flags);
    return number;
}

int tty_foreground_number(struct tty *tty) {
    uint64_t flags = spin_lock_irqsave(&task_list_lock);
    int number = tty->foreground ? tty->foreground->number : 0;
    spin_unlock_irqrestore(&task_list_lock, flags);
    return number;
}

int tty_session_number(struct tty *tty) {
    uint64_t flags = spin_lock_irqsave(&task_list_lock);
    int number = tty->session ? tty->session->number : -ENOTTY;
    spin_unlock_irqrestore(&task_list_lock, flags);
    return number;
}

int tty_get_session(struct tty *tty) {
    uint64_t flags = spin_lock_irqsave(&task_list_lock);
    int number = is_controlling(tty) ? tty->session->number : -ENOTTY;
    spin_unlock_irqrestore(&task_list_lock, flags);
    return number;
}

/* The group must have a member in the terminal's session. task_list_lock held. */
static int find_group(struct tty *tty, int number, struct pid **group) {
    *group = pid_find(number);
    if (!*group || list_is_empty(&(*group)->group_members))
        return -ESRCH;
    const struct process *member = list_first_entry(&(*group)->group_members, struct process, group_node);
    return member->session == tty->session ? 0 : -EPERM;
}

int tty_set_foreground(struct tty *tty, int group_number) {
    int error = tty_check_background(tty, SIGTTOU);
    struct pid *group;

    if (error)
        return error == -EIO ? -ENOTTY : error;
    if (group_number < 0)
        return -EINVAL;
    uint64_t flags = spin_lock_irqsave(&task_list_lock);
    error = is_controlling(tty) ? find_group(tty, group_number, &group) : -ENOTTY;
    if (!error)
        replace_pid(&tty->foreground, group);
    spin_unlock_irqrestore(&task_list_lock, flags);
    return error;
}

void tty_stat_numbers(struct process *process, unsigned *device, int *foreground) {
    uint64_t flags = spin_lock_irqsave(&task_list_lock);
    const struct tty *tty = process->tty;

    *device = tty ? (unsigned)DEVICE_NUMBER(tty->node.major, tty->node.minor) : 0;
    *foreground = tty && tty->foreground ? tty->foreground->number : -1;
    spin_unlock_irqrestore(&task_list_lock, flags);
}
