/*
 * The locks of file_lock.h, in a list at the inode, ordered by nothing: lists are short.
 * inode->lock_list_lock guards the list. One wait queue serves all waiters: each looks again when
 * any lock goes. Deadlock is found among POSIX waiters by following who waits for whom.
 */
#include "fs/vfs/file_lock.h"

#include "kernel/mm/slab.h"
#include "kernel/task/task.h"
#include "lib/errno.h"

struct file_lock {
    struct list_node node;
    const void *owner; /* struct file or struct file_table */
    struct file_lock_request range;
};

/* A POSIX owner asleep, and the owner it waits for. */
struct blocked_owner {
    struct list_node node;
    const void *owner, *waits_for;
};

/* Bound on the chain of owners looked at: beyond it, a deadlock is not reported. */
#define DEADLOCK_DEPTH_MAX 32u

DEFINE_LOCK_CLASS(blocked_class, "blocked lock owners");
static struct spinlock blocked_lock = SPINLOCK_INIT(blocked_class);
static struct list_node blocked_owners = LIST_INIT(blocked_owners); /* blocked_lock */
static struct wait_queue waiters = {SPINLOCK_INIT(blocked_class), LIST_INIT(waiters.entries)};

static const void *owner_of(struct file *file, enum file_lock_kind kind) {
    return kind == LOCK_KIND_POSIX ? (const void *)current_task()->files : file;
}

static bool overlaps(const struct file_lock_request *a, const struct file_lock_request *b) {
    return a->start <= b->end && b->start <= a->end;
}

/* flock's locks and the others do not see each other. */
static bool same_family(const struct file_lock *lock, const struct file_lock_request *request) {
    return (lock->range.kind == LOCK_KIND_FLOCK) == (request->kind == LOCK_KIND_FLOCK);
}

static bool conflicts(const struct file_lock *lock, const struct file_lock_request *request,
                      const void *owner) {
    return lock->owner != owner && same_family(lock, request) && overlaps(&lock->range, request) &&
           (lock->range.type == F_WRLCK || request->type == F_WRLCK);
}

/* List lock held. */
static struct file_lock *find_conflict(struct inode *inode, const struct file_lock_request *request,
                                       const void *owner) {
    struct file_lock *lock;
    list_for_each_entry(lock, &inode->file_locks, node) {
        if (conflicts(lock, request, owner))
            return lock;
    }
    return NULL;
}

/*
 * Takes [request] out of what the owner holds; list lock held. Cutting a hole in the middle of a
 * lock needs *spare for the part behind, which becomes NULL then.
 */
static void cut_out(struct inode *inode, const struct file_lock_request *request, const void *owner,
                    struct file_lock **spare) {
    struct file_lock *lock, *following;
    list_for_each_entry_safe(lock, following, &inode->file_locks, node) {
        struct file_lock_request *range = &lock->range;
        if (lock->owner != owner || !same_family(lock, request) || !overlaps(range, request))
            continue;
        bool keep_front = range->start < request->start;
        bool keep_back = range->end > request->end;
        if (keep_front && keep_back) {
            struct file_lock *back = *spare;
            ASSERT(back);
            *spare = NULL;
            *back = *lock;
            back->range.start = request->end + 1;
            list_add(&back->node, &lock->node);
        }
        if (keep_front) {
            range->end = request->start - 1;
        } else if (keep_back) {
            range->start = request->end + 1;
        } else {
            list_remove(&lock->node);
            kfree(lock);
        }
    }
}

/* Joins the new lock with neighbours of the same owner and type; list lock held. */
static void join_neighbours(struct inode *inode, struct file_lock *new) {
    struct file_lock *lock, *following;
    list_for_each_entry_safe(lock, following, &inode->file_locks, node) {
        bool touches = (lock->range.end != UINT64_MAX && lock->range.end + 1 == new->range.start) ||
                       (new->range.end != UINT64_MAX && new->range.end + 1 == lock->range.start);
        if (lock == new || lock->owner != new->owner || lock->range.kind != new->range.kind ||
            lock->range.type != new->range.type || !touches)
            continue;
        new->range.start = MIN(new->range.start, lock->range.start);
        new->range.end = MAX(new->range.end, lock->range.end);
        list_remove(&lock->node);
        kfree(lock);
    }
}

/* 0, or -EAGAIN with *holder the owner in the way. Uses up what it needs of the two spares. */
static int try_set(struct inode *inode, const struct file_lock_request *request, const void *owner,
                   struct file_lock *spares[2], const void **holder) {
    int error = 0;
    spin_lock(&inode->lock_list_lock);
    struct file_lock *other = request->type == F_UNLCK ? NULL : find_conflict(inode, request, owner);
    if (other) {
        *holder = other->owner;
        error = -EAGAIN;
    } else {
        cut_out(inode, request, owner, &spares[0]);
        if (request->type != F_UNLCK) {
            struct file_lock *new = spares[1];
            spares[1] = NULL;
            *new = (struct file_lock){.owner = owner, .range = *request};
            list_add_tail(&new->node, &inode->file_locks);
            join_neighbours(inode, new);
        }
    }
    spin_unlock(&inode->lock_list_lock);
    if (!error)
        wait_wake_all(&waiters);
    return error;
}

/* blocked_lock held. */
static bool would_deadlock(const void *owner, const void *holder) {
    for (unsigned depth = 0; depth < DEADLOCK_DEPTH_MAX; depth++) {
        const void *next = NULL;
        struct blocked_owner *blocked;
        list_for_each_entry(blocked, &blocked_owners, node) {
            if (blocked->owner == holder)
                next = blocked->waits_for;
        }
        if (!next)
            return false;
        if (next == owner)
            return true;
        holder = next;
    }
    return false;
}

static int set_waiting(struct inode *inode, const struct file_lock_request *request,
                       const void *owner, struct file_lock *spares[2]) {
    struct blocked_owner self = {.owner = owner};
    struct wait_entry entry = {0};
    int error;
    for (;;) {
        wait_prepare(&waiters, &entry, THREAD_SLEEPING);
        error = try_set(inode, request, owner, spares, &self.waits_for);
        if (error != -EAGAIN)
            break;
        spin_lock(&blocked_lock);
        bool deadlock = request->kind == LOCK_KIND_POSIX && would_deadlock(owner, self.waits_for);
        if (!deadlock)
            list_add_tail(&self.node, &blocked_owners);
        spin_unlock(&blocked_lock);
        error = deadlock ? -EDEADLK : thread_interrupted() ? -ERESTARTSYS : 0;
        if (!error)
            schedule();
        if (!deadlock) {
            spin_lock(&blocked_lock);
            list_remove(&self.node);
            spin_unlock(&blocked_lock);
        }
        if (error)
            break;
    }
    wait_finish(&waiters, &entry);
    return error;
}

int file_lock_set(struct file *file, const struct file_lock_request *request, bool wait) {
    const void *owner = owner_of(file, request->kind);
    const void *holder;
    struct file_lock *spares[2] = {kmalloc(sizeof(struct file_lock)), kmalloc(sizeof(struct file_lock))};
    int error = -ENOMEM;
    if (spares[0] && spares[1])
        error = wait ? set_waiting(file->inode, request, owner, spares)
                     : try_set(file->inode, request, owner, spares, &holder);
    kfree(spares[0]);
    kfree(spares[1]);
    return error;
}

void file_lock_test(struct file *file, struct file_lock_request *request) {
    struct inode *inode = file->inode;
    spin_lock(&inode->lock_list_lock);
    struct file_lock *other = find_conflict(inode, request, owner_of(file, request->kind));
    if (other)
        *request = other->range;
    else
        request->type = F_UNLCK;
    spin_unlock(&inode->lock_list_lock);
}

static void release_owner(struct inode *inode, const void *owner) {
    bool any = false;
    struct file_lock *lock, *following;
    spin_lock(&inode->lock_list_lock);
    list_for_each_entry_safe(lock, following, &inode->file_locks, node) {
        if (lock->owner != owner)
            continue;
        list_remove(&lock->node);
        kfree(lock);
        any = true;
    }
    spin_unlock(&inode->lock_list_lock);
    if (any)
        wait_wake_all(&waiters);
}

void file_locks_release(struct file *file) {
    release_owner(file->inode, file);
}

void file_locks_release_posix(struct file *file, struct file_table *table) {
    release_owner(file->inode, table);
}
