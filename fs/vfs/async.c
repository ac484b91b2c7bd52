/*
 * Signal-driven I/O (async.h).
 *
 * Entries are found under RCU and hold no reference: a file that ever joined (FILE_WAS_ASYNC; O_ASYNC may have been
 * lost to another who changed it) leaves its queues before it is released, and is freed after a grace period.
 * Locks: changes_lock guards the lists; "file owner" one file's owner. Both are leaves.
 */
#include "fs/vfs/async.h"

#include "kernel/log/panic.h"
#include "kernel/mm/slab.h"
#include "kernel/task/task.h"
#include "lib/errno.h"

struct async_entry {
    struct async_entry *next; /* RCU */
    struct file *file;
    int descriptor;           /* as it was when the file joined: si_fd */
    struct rcu_head rcu;
};

struct file_owner {
    struct spinlock lock; /* guards the rest */
    struct pid *pid;      /* referenced; NULL: nobody */
    enum owner_type type;
    uint32_t uid, euid;   /* of who set it */
    uint32_t signal;      /* 0: SIGIO; atomic, without the lock */
};

#define SI_SIGIO (-5) /* si_code for a signal that has codes of its own, asm-generic/siginfo.h */

DEFINE_LOCK_CLASS(changes_class, "signal-driven files");
DEFINE_LOCK_CLASS(owner_class, "file owner");
static struct spinlock changes_lock = SPINLOCK_INIT(changes_class);

/* ---- joining ---- */

static void free_entry(struct rcu_head *head) {
    kfree(container_of(head, struct async_entry, rcu));
}

static struct async_entry **find(struct async_queue *queue, const struct file *file) {
    struct async_entry **link = &queue->first;
    while (*link && (*link)->file != file)
        link = &(*link)->next;
    return link;
}

static int join(struct async_queue *queue, struct file *file, int descriptor) {
    struct async_entry *entry = kmalloc(sizeof *entry);
    if (!entry)
        return -ENOMEM;
    *entry = (struct async_entry){.file = file, .descriptor = descriptor};
    atomic_fetch_or(&file->abilities, (uint32_t)FILE_WAS_ASYNC);
    uint64_t flags = spin_lock_irqsave(&changes_lock);
    struct async_entry *present = *find(queue, file);
    if (present) {
        present->descriptor = descriptor;
    } else {
        entry->next = queue->first;
        rcu_assign(queue->first, entry);
    }
    spin_unlock_irqrestore(&changes_lock, flags);
    if (present)
        kfree(entry);
    return 0;
}

static void leave(struct async_queue *queue, const struct file *file) {
    uint64_t flags = spin_lock_irqsave(&changes_lock);
    struct async_entry **link = find(queue, file), *entry = *link;
    if (entry)
        rcu_assign(*link, entry->next);
    spin_unlock_irqrestore(&changes_lock, flags);
    if (entry)
        rcu_defer(&entry->rcu, free_entry);
}

int async_join(struct async_queue *queue, struct file *file, int descriptor, bool on) {
    if (!on) {
        leave(queue, file);
        file_change_flags(file, O_ASYNC, 0);
        return 0;
    }
    int error = join(queue, file, descriptor);
    if (!error)
        file_change_flags(file, 0, O_ASYNC);
    return error;
}

/* ---- owners ---- */

static struct file_owner *owner_of(struct file *file) {
    struct file_owner *owner = atomic_load(&file->owner), *none = NULL;
    if (owner)
        return owner;
    owner = kzalloc(sizeof *owner);
    if (!owner)
        return NULL;
    spin_init(&owner->lock, owner_class);
    if (atomic_compare_exchange(&file->owner, &none, owner))
        return owner;
    kfree(owner);
    return atomic_load(&file->owner);
}

void file_owner_free(struct file_owner *owner) {
    if (owner && owner->pid)
        pid_put(owner->pid);
    kfree(owner);
}

static int set_owner(struct file *file, enum owner_type type, int number, bool force) {
    const struct cred *cred = current_cred();
    struct file_owner *owner = owner_of(file);
    if (!owner)
        return -ENOMEM;
    struct pid *pid = number ? pid_find_get(number) : NULL;
    if (number && !pid)
        return -ESRCH;
    uint64_t flags = spin_lock_irqsave(&owner->lock);
    struct pid *dropped = pid;
    if (force || !owner->pid) {
        dropped = owner->pid;
        owner->pid = pid;
        owner->type = type;
        owner->uid = pid ? cred->uid : 0;
        owner->euid = pid ? cred->euid : 0;
    }
    spin_unlock_irqrestore(&owner->lock, flags);
    if (dropped)
        pid_put(dropped);
    return 0;
}

int file_set_owner(struct file *file, enum owner_type type, int number) {
    return set_owner(file, type, number, true);
}

int file_set_default_owner(struct file *file, enum owner_type type, int number) {
    return set_owner(file, type, number, false);
}

int file_set_owner_number(struct file *file, int64_t number) {
    int32_t signed_number = (int32_t)number;
    if (signed_number == INT32_MIN)
        return -EINVAL;
    return signed_number < 0 ? file_set_owner(file, OWNER_GROUP, -signed_number)
                             : file_set_owner(file, OWNER_PROCESS, signed_number);
}

static bool has_members(const struct pid *pid, enum owner_type type) {
    if (type == OWNER_THREAD)
        return rcu_dereference(pid->task) != NULL;
    if (type == OWNER_PROCESS)
        return rcu_dereference(pid->process) != NULL;
    uint64_t flags = spin_lock_irqsave(&task_list_lock);
    bool any = !list_is_empty(&pid->group_members);
    spin_unlock_irqrestore(&task_list_lock, flags);
    return any;
}

/* A copy whose pid is referenced. False: there is no owner. */
static bool owner_read(const struct file *file, struct file_owner *copy) {
    struct file_owner *owner = atomic_load(&file->owner);
    if (!owner)
        return false;
    uint64_t flags = spin_lock_irqsave(&owner->lock);
    copy->pid = owner->pid;
    copy->type = owner->type;
    copy->uid = owner->uid;
    copy->euid = owner->euid;
    copy->signal = atomic_load_relaxed(&owner->signal);
    if (copy->pid)
        pid_get(copy->pid);
    spin_unlock_irqrestore(&owner->lock, flags);
    return true;
}

int file_owner(const struct file *file, enum owner_type *type) {
    struct file_owner owner = {.pid = NULL};
    *type = owner_read(file, &owner) ? owner.type : OWNER_THREAD;
    if (!owner.pid)
        return 0;
    rcu_read_lock();
    int number = has_members(owner.pid, owner.type) ? owner.pid->number : 0;
    rcu_read_unlock();
    pid_put(owner.pid);
    return number;
}

int file_owner_number(const struct file *file) {
    enum owner_type type;
    int number = file_owner(file, &type);
    return type == OWNER_GROUP ? -number : number;
}

void file_owner_users(const struct file *file, uint32_t users[2]) {
    struct file_owner owner = {.pid = NULL};
    bool any = owner_read(file, &owner);
    users[0] = any ? owner.uid : 0;
    users[1] = any ? owner.euid : 0;
    if (owner.pid)
        pid_put(owner.pid);
}

int file_set_owner_signal(struct file *file, uint64_t signal) {
    if (signal > SIGNAL_COUNT)
        return -EINVAL;
    struct file_owner *owner = owner_of(file);
    if (!owner)
        return -ENOMEM;
    atomic_store_relaxed(&owner->signal, (uint32_t)signal);
    return 0;
}

int file_owner_signal(const struct file *file) {
    const struct file_owner *owner = atomic_load(&file->owner);
    return owner ? (int)atomic_load_relaxed(&owner->signal) : 0;
}

/* ---- sending ---- */

/* What si_band says of an event. */
static const uint32_t bands[] = {
    [POLL_IN] = POLLIN | POLLRDNORM,
    [POLL_OUT] = POLLOUT | POLLWRNORM | POLLWRBAND,
    [POLL_MSG] = POLLIN | POLLRDNORM,
    [POLL_ERR] = POLLERR,
    [POLL_PRI] = POLLPRI | POLLRDBAND,
    [POLL_HUP] = POLLHUP | POLLERR,
};

/* Signals whose si_code already has a meaning of its own. */
#define SIGNALS_WITH_CODES \
    (signal_bit(SIGILL) | signal_bit(SIGFPE) | signal_bit(SIGSEGV) | signal_bit(SIGBUS) | signal_bit(SIGTRAP) | \
     signal_bit(SIGCHLD) | signal_bit(SIGSYS))

/* Whoever set the owner may signal that process, as kill(2) has it. Under RCU. */
static bool is_permitted(const struct task *task, const struct file_owner *owner) {
    const struct cred *other = rcu_dereference(task->cred);
    return owner->euid == 0 || owner->euid == other->suid || owner->euid == other->uid || owner->uid == other->suid ||
           owner->uid == other->uid;
}

static void send_one(struct task *task, bool to_thread, unsigned signal, const struct signal_info *info) {
    if (to_thread)
        (void)signal_send_task(task, signal, info);
    else
        (void)signal_send_process(task->process, signal, info);
}

struct message {
    unsigned signal; /* 0: SIGIO alone */
    struct signal_info info, plain;
};

/* SIGIO without particulars is also what is left to say when the chosen signal's queue is full. Under RCU. */
static void send_message(struct task *task, const struct file_owner *owner, const struct message *message) {
    bool to_thread = owner->type == OWNER_THREAD;
    if (!is_permitted(task, owner))
        return;
    if (message->signal != 0) {
        int error = to_thread ? signal_send_task(task, message->signal, &message->info)
                              : signal_send_process(task->process, message->signal, &message->info);
        if (error != -EAGAIN)
            return;
    }
    send_one(task, to_thread, (unsigned)message->plain.number, &message->plain);
}

/* Under RCU. */
static void send_to_owner(const struct file_owner *owner, const struct message *message) {
    if (owner->type != OWNER_GROUP) {
        struct task *task = rcu_dereference(owner->pid->task);
        if (task)
            send_message(task, owner, message);
        return;
    }
    struct process *process;
    uint64_t flags = spin_lock_irqsave(&task_list_lock);
    list_for_each_entry(process, &owner->pid->group_members, group_node) {
        struct task *task = rcu_dereference(process->pid->task);
        if (task)
            send_message(task, owner, message);
    }
    spin_unlock_irqrestore(&task_list_lock, flags);
}

static void send_entry(const struct async_entry *entry, unsigned signal, enum async_event event) {
    struct file_owner owner = {.pid = NULL};
    if (!owner_read(entry->file, &owner) || !owner.pid)
        return;
    bool quiet = signal == SIGURG && owner.signal == 0; /* it has been told already */
    int code = owner.signal && owner.signal != SIGIO && owner.signal < SIGRTMIN &&
                       (SIGNALS_WITH_CODES & signal_bit(owner.signal)) ? SI_SIGIO : (int)event;
    struct message message = {
        .signal = owner.signal,
        .info = {.number = (int32_t)owner.signal, .code = code, .u.poll = {bands[event], entry->descriptor}},
        .plain = {.number = SIGIO, .code = SI_KERNEL},
    };
    if (!quiet)
        send_to_owner(&owner, &message);
    pid_put(owner.pid);
}

void async_send(struct async_queue *queue, unsigned signal, enum async_event event) {
    rcu_read_lock();
    for (const struct async_entry *entry = rcu_dereference(queue->first); entry; entry = rcu_dereference(entry->next))
        send_entry(entry, signal, event);
    rcu_read_unlock();
}

bool async_send_urgent(struct file *file) {
    struct file_owner owner = {.pid = NULL};
    if (!owner_read(file, &owner) || !owner.pid)
        return false;
    struct message message = {.plain = {.number = SIGURG, .code = SI_KERNEL}};
    rcu_read_lock();
    send_to_owner(&owner, &message);
    rcu_read_unlock();
    pid_put(owner.pid);
    return true;
}
