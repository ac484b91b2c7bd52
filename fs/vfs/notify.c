/* Events of files and the marks that pass them on (notify.h). */
#include "fs/vfs/notify.h"

#include "fs/vfs/mount.h"
#include "kernel/log/panic.h"
#include "kernel/mm/slab.h"
#include "lib/errno.h"
#include "lib/string.h"

DEFINE_LOCK_CLASS(marks_class, "file marks");
static struct rwsem marks_lock;
static struct list_node all_marks = LIST_INIT(all_marks);
static uint32_t last_cookie; /* atomic */
uint32_t notify_mark_count;

void notify_init(void) {
    rwsem_init(&marks_lock, marks_class);
}

void notify_group_init(struct notify_group *group) {
    list_init(&group->marks);
}

void notify_lock(void) {
    rwsem_write_lock(&marks_lock);
}

void notify_unlock(void) {
    rwsem_write_unlock(&marks_lock);
}

/* ---- marks; marks_lock held for writing ---- */

struct notify_mark *notify_find(const struct notify_group *group, const struct inode *inode) {
    struct notify_mark *mark = inode->marks;
    while (mark && mark->group != group)
        mark = mark->next;
    return mark;
}

void notify_add(struct notify_mark *mark, struct inode *inode) {
    inode_get(inode);
    mark->inode = inode;
    mark->spent = false;
    mark->next = inode->marks;
    atomic_store(&inode->marks, mark);
    list_add_tail(&mark->group_node, &mark->group->marks);
    list_add_tail(&mark->all_node, &all_marks);
    atomic_fetch_add(&notify_mark_count, 1u);
}

struct inode *notify_remove(struct notify_mark *mark) {
    struct inode *inode = mark->inode;
    struct notify_mark **link = &inode->marks;
    while (*link != mark)
        link = &(*link)->next;
    atomic_store(link, mark->next);
    list_remove(&mark->group_node);
    list_remove(&mark->all_node);
    atomic_fetch_sub(&notify_mark_count, 1u);
    mark->group->removed(mark->group, mark);
    kfree(mark);
    return inode;
}

void notify_remove_all(struct notify_group *group) {
    struct inode *inode;
    do {
        inode = NULL;
        notify_lock();
        if (!list_is_empty(&group->marks))
            inode = notify_remove(list_first_entry(&group->marks, struct notify_mark, group_node));
        notify_unlock();
        if (inode)
            inode_put(inode);
    } while (inode);
}

/* Removes an inode's first mark, or the first that has fired for the only time: whether there was one. The caller holds
 * the inode too; it is put after the lock is free, as the last reference may not go under it. */
static bool remove_first(struct inode *inode, bool spent_only) {
    notify_lock();
    struct notify_mark *mark = inode->marks;
    while (mark && spent_only && !mark->spent)
        mark = mark->next;
    if (mark)
        (void)notify_remove(mark);
    notify_unlock();
    if (mark)
        inode_put(inode);
    return mark != NULL;
}

/* ---- passing on ---- */

/* `unlinked`: by a name that is gone. The caller holds the inode. */
static void pass_on(struct inode *inode, const struct notify_event *event, bool unlinked) {
    bool spent = false;
    rwsem_read_lock(&marks_lock);
    for (struct notify_mark *mark = inode->marks; mark; mark = mark->next) {
        if (!(event->mask & mark->mask & IN_ALL_EVENTS) || (unlinked && (mark->mask & IN_EXCL_UNLINK)))
            continue;
        if (mark->mask & IN_ONESHOT) {
            if (atomic_exchange(&mark->spent, true))
                continue;
            spent = true;
        }
        mark->group->tell(mark->group, mark, event);
    }
    rwsem_read_unlock(&marks_lock);
    while (spent && remove_first(inode, true))
        ;
}

static uint32_t directory_bit(const struct inode *inode) {
    return S_IS(inode->mode, S_IFDIR) ? (uint32_t)IN_ISDIR : 0u;
}

void notify_inode_slow(struct inode *inode, uint32_t mask) {
    struct notify_event event = {.mask = mask | directory_bit(inode)};
    if (!atomic_load_relaxed(&inode->marks))
        return;
    inode_get(inode);
    pass_on(inode, &event, false);
    inode_put(inode);
}

void notify_name_slow(struct inode *directory, const char *name, size_t length, uint32_t mask, uint32_t cookie) {
    struct notify_event event = {.mask = mask, .cookie = cookie, .name = name, .length = length};
    if (!atomic_load_relaxed(&directory->marks))
        return;
    inode_get(directory);
    pass_on(directory, &event, false);
    inode_put(directory);
}

/* A name as it is at one moment, and the directory it is in, referenced; NULL: nobody watches that. */
static struct inode *watched_parent(const struct dentry *dentry, char name[NAME_MAX + 1], size_t *length) {
    struct inode *inode;
    uint32_t sequence;
    rcu_read_lock();
    do {
        sequence = seqcount_read_begin(&dentry->sequence);
        const struct dentry *parent = atomic_load(&dentry->parent);
        inode = parent == dentry ? NULL : parent->inode;
        if (!inode || !atomic_load_relaxed(&inode->marks))
            break;
        *length = MIN(atomic_load_relaxed(&dentry->name_length), (uint32_t)NAME_MAX);
        const char *text = rcu_dereference(dentry->name);
        if (seqcount_read_retry(&dentry->sequence, sequence))
            continue; /* the length may be that of another, longer name */
        memcpy(name, text, *length);
    } while (seqcount_read_retry(&dentry->sequence, sequence));
    if (inode && (!atomic_load_relaxed(&inode->marks) || !refcount_get_not_zero(&inode->refcount)))
        inode = NULL;
    rcu_read_unlock();
    return inode;
}

static void notify_parent(struct dentry *dentry, uint32_t mask, bool unlinked) {
    char name[NAME_MAX + 1];
    size_t length = 0;
    struct inode *parent = watched_parent(dentry, name, &length);
    if (!parent)
        return;
    struct notify_event event = {.mask = mask, .name = name, .length = length};
    pass_on(parent, &event, unlinked);
    inode_put(parent);
}

void notify_dentry_slow(struct dentry *dentry, uint32_t mask) {
    notify_parent(dentry, mask | directory_bit(dentry->inode), false);
    notify_inode_slow(dentry->inode, mask);
}

void notify_file_slow(const struct file *file, uint32_t mask) {
    struct dentry *dentry = file->path.dentry;
    if (file->abilities & FILE_IS_PATH)
        return;
    notify_parent(dentry, mask | directory_bit(file->inode), !dentry->hashed);
    notify_inode_slow(file->inode, mask);
}

void notify_moved(const struct notify_move *move) {
    uint32_t cookie = atomic_fetch_add(&last_cookie, 1u) + 1, kind = directory_bit(move->moved);
    notify_name_slow(move->from, move->old_name, move->old_length, IN_MOVED_FROM | kind, cookie);
    notify_name_slow(move->to, move->new_name, move->new_length, IN_MOVED_TO | kind, cookie);
    if (move->replaced)
        notify_inode_slow(move->replaced, IN_ATTRIB);
    notify_inode_slow(move->moved, IN_MOVE_SELF);
}

/* ---- the end of what is watched ---- */

void notify_inode_gone(struct inode *inode) {
    notify_inode_slow(inode, IN_DELETE_SELF);
    while (remove_first(inode, false))
        ;
}

void notify_super_gone(const struct super_block *super) {
    struct inode *inode;
    if (!notify_is_on())
        return;
    do {
        struct notify_mark *mark;
        inode = NULL;
        notify_lock();
        list_for_each_entry(mark, &all_marks, all_node) {
            if (mark->inode->super != super)
                continue;
            const struct notify_event event = {.mask = IN_UNMOUNT | directory_bit(mark->inode)};
            mark->group->tell(mark->group, mark, &event);
            inode = notify_remove(mark);
            break;
        }
        notify_unlock();
        if (inode)
            inode_put(inode);
    } while (inode);
}
