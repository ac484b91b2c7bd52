/*
 * Inodes: allocation, references, permission, times, and the exclusion of writers and executors.
 *
 * An inode is freed after a grace period: path lookup reads mode, owner and link_text under RCU.
 */
#include "fs/vfs/inode.h"

#include "fs/vfs/mount.h"
#include "kernel/mm/slab.h"
#include "kernel/task/task.h"
#include "kernel/time/clock.h"
#include "lib/errno.h"
#include "lib/string.h"

static struct slab_cache *inode_cache;

DEFINE_LOCK_CLASS(inode_lock_class, "inode");
DEFINE_LOCK_CLASS(directory_lock_class, "directory inode");
DEFINE_LOCK_CLASS(file_locks_class, "file locks");

void inode_cache_init(void) {
    inode_cache = slab_cache_create("inode", sizeof(struct inode), 0, NULL);
}

struct inode *inode_alloc(struct super_block *super) {
    struct inode *inode = slab_alloc_zero(inode_cache);
    if (!inode)
        return NULL;
    refcount_init(&inode->refcount, 1);
    inode->super = super;
    inode->number = atomic_fetch_add(&super->next_inode_number, 1ull);
    inode->link_count = 1;
    inode->access_time = timestamp_now();
    inode->modify_time = inode->change_time = inode->birth_time = inode->access_time;
    rwsem_init(&inode->lock, inode_lock_class);
    spin_init(&inode->lock_list_lock, file_locks_class);
    list_init(&inode->file_locks);
    return inode;
}

uint64_t inode_count(void) {
    return slab_objects_in_use(inode_cache);
}

void inode_set_directory_lock(struct inode *inode) {
    rwsem_init(&inode->lock, directory_lock_class);
}

void inode_get(struct inode *inode) {
    refcount_get(&inode->refcount);
}

static void inode_free(struct rcu_head *head) {
    struct inode *inode = container_of(head, struct inode, rcu);
    kfree((void *)(uintptr_t)inode->link_text);
    slab_free(inode_cache, inode);
}

void inode_put(struct inode *inode) {
    if (!refcount_put(&inode->refcount))
        return;
    ASSERT(list_is_empty(&inode->file_locks) && !inode->marks);
    if (inode->ops && inode->ops->release)
        inode->ops->release(inode);
    rcu_defer(&inode->rcu, inode_free);
}

struct timestamp timestamp_now(void) {
    uint64_t now_ns = clock_realtime_ns();
    return (struct timestamp){.seconds = (int64_t)(now_ns / NS_PER_SEC),
                              .nanoseconds = (uint32_t)(now_ns % NS_PER_SEC)};
}

void inode_touch(struct inode *inode) {
    inode->modify_time = inode->change_time = timestamp_now();
}

void inode_touch_change(struct inode *inode) {
    inode->change_time = timestamp_now();
}

/* The rwx bits that apply to the holder of `cred`. */
static unsigned mode_bits_for(const struct cred *cred, const struct inode *inode) {
    if (cred->fsuid == inode->uid)
        return inode->mode >> 6 & 7;
    if (cred->fsgid == inode->gid || cred_in_group(cred, inode->gid))
        return inode->mode >> 3 & 7;
    return inode->mode & 7;
}

/* What the bits refuse, capabilities may allow: see capabilities(7). */
static bool capability_overrides(const struct cred *cred, const struct inode *inode, unsigned want) {
    bool directory = S_IS(inode->mode, S_IFDIR);
    bool runnable = directory || (inode->mode & 0111);
    if ((!(want & ACCESS_EXECUTE) || runnable) && cred_has(cred, CAP_DAC_OVERRIDE))
        return true;
    bool only_reads = want == ACCESS_READ || (directory && !(want & ACCESS_WRITE));
    return only_reads && cred_has(cred, CAP_DAC_READ_SEARCH);
}

int inode_permission_as(const struct cred *cred, const struct inode *inode, unsigned want) {
    if ((want & ACCESS_WRITE) && (inode->super->flags & MS_RDONLY) &&
        (S_IS(inode->mode, S_IFREG) || S_IS(inode->mode, S_IFDIR) || S_IS(inode->mode, S_IFLNK)))
        return -EROFS;
    if ((mode_bits_for(cred, inode) & want) == want)
        return 0;
    return capability_overrides(cred, inode, want) ? 0 : -EACCES;
}

int inode_permission(const struct inode *inode, unsigned want) {
    return inode_permission_as(current_cred(), inode, want);
}

int64_t inode_read_link(struct inode *inode, char *text, size_t size) {
    if (!S_IS(inode->mode, S_IFLNK))
        return -EINVAL;
    if (!inode->link_text)
        return inode->ops->read_link(inode, text, size);
    size_t length = MIN(strlen(inode->link_text), size);
    memcpy(text, inode->link_text, length);
    return (int64_t)length;
}

void inode_set_owner(struct inode *inode, const struct inode *directory, uint32_t mode) {
    const struct cred *cred = current_cred();
    inode->uid = cred->fsuid;
    inode->gid = cred->fsgid;
    if (directory && (directory->mode & S_ISGID)) {
        inode->gid = directory->gid;
        if (S_IS(mode, S_IFDIR))
            mode |= S_ISGID;
    }
    inode->mode = mode;
}

bool inode_is_owner(const struct inode *inode) {
    const struct cred *cred = current_cred();
    return cred->fsuid == inode->uid || cred_has(cred, CAP_FOWNER);
}

/* Adds `step` to inode->writers unless its sign is the opposite one. */
static int writers_step(struct inode *inode, int32_t step) {
    int32_t old = atomic_load_relaxed(&inode->writers);
    do {
        if (step > 0 ? old < 0 : old > 0)
            return -ETXTBSY;
    } while (!atomic_compare_exchange(&inode->writers, &old, old + step));
    return 0;
}

int inode_allow_write(struct inode *inode) {
    return writers_step(inode, 1);
}

void inode_end_write(struct inode *inode) {
    int32_t old = atomic_fetch_sub(&inode->writers, 1);
    ASSERT(old > 0);
}

int inode_deny_write(struct inode *inode) {
    return writers_step(inode, -1);
}

void inode_end_deny(struct inode *inode) {
    int32_t old = atomic_fetch_add(&inode->writers, 1);
    ASSERT(old < 0);
}
