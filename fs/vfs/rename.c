/*
 * Renaming. `rename_mutex` serialises renames between two directories, so that which directory is
 * above which cannot change while two are being locked.
 */
#include "fs/vfs/entry.h"
#include "fs/vfs/entry_check.h"
#include "fs/vfs/mount.h"
#include "fs/vfs/notify.h"
#include "lib/errno.h"
#include "lib/errptr.h"
#include "lib/string.h"

DEFINE_LOCK_CLASS(rename_mutex_class, "rename between directories");
static struct mutex rename_mutex;

void rename_init(void) {
    mutex_init(&rename_mutex, rename_mutex_class);
}

struct rename_job {
    struct dentry *old_parent, *new_parent;
    struct dentry *source, *target; /* referenced; target may be negative */
    unsigned flags;
};

/* ---- locking two directories ---- */

/* The one above first, so that the order is that of everybody who goes down the tree. */
static void lock_directories(struct dentry *a, struct dentry *b) {
    if (a == b) {
        rwsem_write_lock(&a->inode->lock);
        return;
    }
    mutex_lock(&rename_mutex);
    bool b_first = dentry_is_below(a, b) || (!dentry_is_below(b, a) && b < a);
    rwsem_write_lock(b_first ? &b->inode->lock : &a->inode->lock);
    rwsem_write_lock_nested(b_first ? &a->inode->lock : &b->inode->lock);
}

static void unlock_directories(struct dentry *a, struct dentry *b) {
    rwsem_write_unlock(&a->inode->lock);
    if (a == b)
        return;
    rwsem_write_unlock(&b->inode->lock);
    mutex_unlock(&rename_mutex);
}

/* ---- checks, in Linux's order ---- */

static int check_names(const struct rename_job *job, const struct rename_end *from,
                       const struct rename_end *to) {
    const struct inode *source = job->source->inode, *target = job->target->inode;
    bool exchange = job->flags & RENAME_EXCHANGE;
    if (!source)
        return -ENOENT;
    if ((job->flags & RENAME_NOREPLACE) && target)
        return -EEXIST;
    if (exchange && !target)
        return -ENOENT;
    if (exchange && to->trailing_slash && !S_IS(target->mode, S_IFDIR))
        return -ENOTDIR;
    if (!S_IS(source->mode, S_IFDIR) && (from->trailing_slash || (!exchange && to->trailing_slash)))
        return -ENOTDIR;
    if (dentry_is_below(job->new_parent, job->source))
        return -EINVAL;
    if (target && dentry_is_below(job->old_parent, job->target))
        return exchange ? -EINVAL : -ENOTEMPTY;
    return 0;
}

/* A directory that gets another parent is written to: its ".." changes. */
static int check_reparent(const struct rename_job *job, const struct inode *inode) {
    if (job->old_parent == job->new_parent || !S_IS(inode->mode, S_IFDIR))
        return 0;
    return inode_permission(inode, ACCESS_WRITE);
}

static int check_permission(const struct rename_job *job) {
    const struct inode *source = job->source->inode, *target = job->target->inode;
    const struct inode *new_directory = job->new_parent->inode;
    bool is_directory = S_IS(source->mode, S_IFDIR);
    bool exchange = job->flags & RENAME_EXCHANGE;
    int error = entry_check_remove(job->old_parent->inode, job->source, is_directory);
    if (error)
        return error;
    if (!target)
        error = entry_check_create(new_directory);
    else
        error = entry_check_remove(new_directory, job->target,
                                   exchange ? S_IS(target->mode, S_IFDIR) : is_directory);
    if (!error)
        error = check_reparent(job, source);
    if (!error && exchange)
        error = check_reparent(job, target);
    return error;
}

/* ---- the deed ---- */

/* The filesystem has done it: the cache follows. A cache without memory forgets instead. */
static void move_dentries(struct rename_job *job) {
    struct dentry *source = job->source, *target = job->target;
    if (job->flags & RENAME_EXCHANGE) {
        if (dentry_exchange(source, target) == 0)
            return;
        dentry_unhash(source);
        dentry_unhash(target);
        return;
    }
    if (target->inode && S_IS(target->inode->mode, S_IFDIR))
        dentry_forget_children(target);
    dentry_unhash(target);
    if (dentry_move(source, job->new_parent, target->name, target->name_length) != 0)
        dentry_unhash(source);
}

/* Moves the dentries, and tells who watches. Names are copied: the cache frees them. */
static void move_and_tell(struct rename_job *job) {
    char old_name[NAME_MAX + 1], new_name[NAME_MAX + 1];
    struct inode *source = job->source->inode, *target = job->target->inode;
    struct notify_move move = {
        .from = job->old_parent->inode, .to = job->new_parent->inode, .moved = source,
        .replaced = (job->flags & RENAME_EXCHANGE) ? NULL : target,
        .old_name = old_name, .new_name = new_name,
        .old_length = job->source->name_length, .new_length = job->target->name_length,
    };
    memcpy(old_name, job->source->name, move.old_length);
    memcpy(new_name, job->target->name, move.new_length);
    move_dentries(job);
    notify_moved(&move);
    if (job->flags & RENAME_EXCHANGE) {
        const struct notify_move back = {
            .from = move.to, .to = move.from, .moved = target,
            .old_name = new_name, .new_name = old_name,
            .old_length = move.new_length, .new_length = move.old_length,
        };
        notify_moved(&back);
    }
}

static int rename_locked(struct rename_job *job) {
    struct inode *source = job->source->inode, *target = job->target->inode;
    struct inode *old_directory = job->old_parent->inode;
    if (source == target)
        return 0; /* two names of one file: POSIX wants nothing done */
    int error = check_permission(job);
    if (error)
        return error;
    if (!old_directory->ops->rename)
        return -EPERM;
    if (target)
        rwsem_write_lock_nested(&target->lock); /* below its directory */
    error = old_directory->ops->rename(old_directory, job->source->name, job->source->name_length,
                                       job->new_parent->inode, job->target->name,
                                       job->target->name_length, source, target, job->flags);
    if (target)
        rwsem_write_unlock(&target->lock);
    if (error)
        return error;
    if (notify_is_on())
        move_and_tell(job);
    else
        move_dentries(job);
    return 0;
}

static bool is_special(const char *name) {
    return name[0] == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

int entry_rename(const struct rename_end *from, const struct rename_end *to, unsigned flags) {
    struct rename_job job = {.old_parent = from->directory.dentry,
                             .new_parent = to->directory.dentry,
                             .flags = flags};
    if (from->directory.mount != to->directory.mount)
        return -EXDEV;
    if (is_special(from->name))
        return -EBUSY;
    if (is_special(to->name))
        return (flags & RENAME_NOREPLACE) ? -EEXIST : -EBUSY;
    int error = mount_check_write(from->directory.mount);
    if (error)
        return error;

    lock_directories(job.old_parent, job.new_parent);
    job.source = dentry_lookup_locked(job.old_parent, from->name, strlen(from->name));
    job.target = IS_ERR(job.source)
                     ? job.source
                     : dentry_lookup_locked(job.new_parent, to->name, strlen(to->name));
    if (IS_ERR(job.target)) {
        error = PTR_ERR(job.target);
    } else {
        error = check_names(&job, from, to);
        if (!error)
            error = rename_locked(&job);
    }
    unlock_directories(job.old_parent, job.new_parent);
    if (!IS_ERR(job.target))
        dentry_put(job.target);
    if (!IS_ERR(job.source))
        dentry_put(job.source);
    return error;
}
