/*
 * The tree of mounts, and the operations of mount(2) and umount2(2) on it.
 *
 * Invariants
 *  1. An attached mount has one reference for being attached; it holds references on its parent
 *     mount and on the dentry it hangs on, whose mount_count it is counted in.
 *  2. The tree changes only with both `tree_mutex` (which serialises whole operations) and
 *     mount_lock (which makes path walks start over).
 */
#include "fs/vfs/mount.h"

#include "fs/vfs/super.h"
#include "fs/vfs/walk.h"
#include "kernel/mm/slab.h"
#include "lib/errno.h"
#include "lib/errptr.h"
#include "lib/format.h"
#include "lib/hash.h"
#include "lib/string.h"

#define HASH_SHIFT 8u

DEFINE_LOCK_CLASS(mount_lock_class, "mounts");
DEFINE_LOCK_CLASS(tree_mutex_class, "mount tree");

struct seqlock mount_lock = SEQLOCK_INIT(mount_lock_class);
struct path root_path;

static struct mutex tree_mutex;
static struct hlist_head hash_table[1u << HASH_SHIFT]; /* by (parent, mountpoint); mount_lock, readers RCU */
static struct list_node all_mounts = LIST_INIT(all_mounts); /* attached ones, oldest first; tree_mutex */
static uint32_t next_id = 1; /* tree_mutex */

void mount_init(void) {
    mutex_init(&tree_mutex, tree_mutex_class);
}

/* ---- mounts as such ---- */

/* Takes over the super block's reference; NULL: no memory. */
static struct mount *mount_alloc(struct super_block *super, struct dentry *root, const char *source,
                                 uint32_t flags) {
    struct mount *mount = kzalloc(sizeof *mount);
    if (!mount)
        return NULL;
    refcount_init(&mount->refcount, 1);
    mount->super = super;
    mount->root = root;
    dentry_get(root);
    mount->parent = mount;
    mount->mountpoint = root;
    mount->flags = flags & MOUNT_KEPT_FLAGS;
    strlcpy(mount->source, source ? source : "none", sizeof mount->source);
    list_init(&mount->children);
    list_init(&mount->sibling);
    list_init(&mount->all_node);
    return mount;
}

static void mount_free(struct rcu_head *head) {
    kfree(container_of(head, struct mount, rcu));
}

void mount_put(struct mount *mount) {
    if (!refcount_put(&mount->refcount))
        return;
    ASSERT(!mount->attached);
    dentry_put(mount->root);
    super_put(mount->super);
    rcu_defer(&mount->rcu, mount_free);
}

bool mount_is_noexec(const struct mount *mount) {
    return (mount->flags | mount->super->flags) & MS_NOEXEC;
}

int mount_check_write(const struct mount *mount) {
    return ((mount->flags | mount->super->flags) & MS_RDONLY) ? -EROFS : 0;
}

/* ---- finding ---- */

static struct hlist_head *hash_head(const struct mount *parent, const struct dentry *dentry) {
    uint64_t key = (uintptr_t)parent ^ ((uintptr_t)dentry >> HASH_SHIFT);
    return &hash_table[hash_u64(key) >> (64 - HASH_SHIFT)];
}

struct mount *mount_find_rcu(const struct mount *parent, const struct dentry *dentry) {
    struct mount *mount;
    hlist_for_each_entry_rcu(mount, hash_head(parent, dentry), hash_node) {
        if (mount->parent == parent && mount->mountpoint == dentry)
            return mount;
    }
    return NULL;
}

void mount_descend(struct path *path) {
    while (atomic_load_relaxed(&path->dentry->mount_count)) {
        spin_lock(&mount_lock.lock);
        struct mount *mount = mount_find_rcu(path->mount, path->dentry);
        if (mount)
            mount_get(mount);
        spin_unlock(&mount_lock.lock);
        if (!mount)
            return;
        path_put(path);
        *path = (struct path){mount, mount->root};
        dentry_get(path->dentry);
    }
}

bool mount_ascend(struct path *path) {
    spin_lock(&mount_lock.lock);
    struct path up = {path->mount->parent, path->mount->mountpoint};
    bool moved = up.mount != path->mount;
    if (moved)
        path_get(&up);
    spin_unlock(&mount_lock.lock);
    if (!moved)
        return false;
    path_put(path);
    *path = up;
    return true;
}

void mount_each(void (*visit)(struct mount *mount, void *context), void *context) {
    mutex_lock(&tree_mutex);
    struct mount *mount;
    list_for_each_entry(mount, &all_mounts, all_node) {
        visit(mount, context);
    }
    mutex_unlock(&tree_mutex);
}

/* ---- attaching and detaching; tree_mutex held ---- */

/* Takes over the reference on `mount`; `place` keeps its own. */
static void attach(struct mount *mount, const struct path *place) {
    path_get(place);
    seqlock_write_lock(&mount_lock);
    mount->parent = place->mount;
    mount->mountpoint = place->dentry;
    mount->attached = true;
    atomic_fetch_add(&place->dentry->mount_count, 1u);
    hlist_add_rcu(&mount->hash_node, hash_head(place->mount, place->dentry));
    list_add_tail(&mount->sibling, &place->mount->children);
    seqlock_write_unlock(&mount_lock);
    if (!mount->id)
        mount->id = next_id++;
    list_remove(&mount->all_node);
    list_add_tail(&mount->all_node, &all_mounts);
}

/* Unhooks the mount; *place receives where it hung, with the mount's references. */
static void detach(struct mount *mount, struct path *place) {
    seqlock_write_lock(&mount_lock);
    *place = (struct path){mount->parent, mount->mountpoint};
    hlist_remove_rcu(&mount->hash_node);
    list_remove(&mount->sibling);
    mount->parent = mount;
    mount->mountpoint = mount->root;
    mount->attached = false;
    atomic_fetch_sub(&place->dentry->mount_count, 1u);
    seqlock_write_unlock(&mount_lock);
    list_remove(&mount->all_node);
}

/* On top of whatever is mounted at `path` by now. -ENOENT when the place has been removed. */
static int attach_at(struct mount *mount, const struct path *path) {
    struct path place = *path;
    path_get(&place);
    mount_descend(&place);
    int error = 0;
    bool is_directory = S_IS(mount->root->inode->mode, S_IFDIR);
    if (!place.dentry->hashed && place.dentry->parent != place.dentry)
        error = -ENOENT;
    else if (is_directory != S_IS(place.dentry->inode->mode, S_IFDIR))
        error = -ENOTDIR;
    else
        attach(mount, &place);
    path_put(&place);
    return error;
}

/* The next mount of the tree below `top`, parents before children. */
static struct mount *next_in_tree(struct mount *mount, const struct mount *top) {
    if (!list_is_empty(&mount->children))
        return list_first_entry(&mount->children, struct mount, sibling);
    while (mount != top && mount->sibling.next == &mount->parent->children)
        mount = mount->parent;
    return mount == top ? NULL : list_first_entry(&mount->sibling, struct mount, sibling);
}

/* ---- mounting ---- */

struct mount *mount_internal(const char *type_name, const char *source, uint32_t flags,
                             const char *options) {
    struct filesystem_type *type = filesystem_find(type_name);
    if (!type)
        return ERR_PTR(-ENODEV);
    struct super_block *super = type->mount(type, source, flags, options);
    if (IS_ERR(super))
        return ERR_PTR(PTR_ERR(super));
    if (!(flags & (MS_NOATIME | MS_STRICTATIME)))
        flags |= MS_RELATIME;
    struct mount *mount = mount_alloc(super, super->root, source, flags);
    if (!mount)
        super_put(super);
    return mount ? mount : ERR_PTR(-ENOMEM);
}

int mount_new(const char *type_name, const char *source, const struct path *path, uint32_t flags,
              const char *options) {
    struct mount *mount = mount_internal(type_name, source, flags, options);
    if (IS_ERR(mount))
        return PTR_ERR(mount);
    mutex_lock(&tree_mutex);
    int error = attach_at(mount, path);
    mutex_unlock(&tree_mutex);
    if (error)
        mount_put(mount);
    return error;
}

/* The first mount of all: it hangs on itself and stays. */
static int mount_first(const char *type_name, const char *source, uint32_t flags, const char *options) {
    struct mount *mount = mount_internal(type_name, source, flags, options);
    if (IS_ERR(mount))
        return PTR_ERR(mount);
    mutex_lock(&tree_mutex);
    mount->attached = true;
    mount->id = next_id++;
    list_add_tail(&mount->all_node, &all_mounts);
    mutex_unlock(&tree_mutex);
    root_path = (struct path){mount, mount->root};
    path_get(&root_path);
    return 0;
}

int mount_at(const char *type_name, const char *source, const char *path, uint32_t flags,
             const char *options) {
    struct walk walk;
    if (!root_path.mount)
        return mount_first(type_name, source, flags, options);
    int error = walk_path(&walk, &root_path, &root_path, path, 0);
    if (error)
        return error;
    error = mount_new(type_name, source, &walk.at.path, flags, options);
    path_put(&walk.at.path);
    return error;
}

static struct mount *clone(const struct mount *mount, struct dentry *root) {
    super_get(mount->super);
    struct mount *copy = mount_alloc(mount->super, root, mount->source, mount->flags);
    if (!copy)
        super_put(mount->super);
    return copy;
}

/* Hangs copies of what is mounted below `source` at the same places of `copy`. */
static int clone_tree_below(const struct path *source, struct mount *copy) {
    struct mount *top = source->mount;
    top->copy = copy;
    for (struct mount *mount = next_in_tree(top, top); mount; mount = next_in_tree(mount, top)) {
        mount->copy = NULL;
        if (!mount->parent->copy || mount == copy ||
            (mount->parent == top && !dentry_is_below(mount->mountpoint, source->dentry)))
            continue;
        struct path place = {mount->parent->copy, mount->mountpoint};
        mount->copy = clone(mount, mount->root);
        if (!mount->copy)
            return -ENOMEM;
        attach(mount->copy, &place);
    }
    return 0;
}

/* Takes the whole tree below and with `top` apart; open files keep what they use. */
static void detach_tree(struct mount *top) {
    for (;;) {
        struct mount *leaf = top;
        while (!list_is_empty(&leaf->children))
            leaf = list_first_entry(&leaf->children, struct mount, sibling);
        struct path place;
        detach(leaf, &place);
        path_put(&place);
        mount_put(leaf);
        if (leaf == top)
            return;
    }
}

int mount_bind(const struct path *source, const struct path *path, bool recursive) {
    struct mount *copy = clone(source->mount, source->dentry);
    if (!copy)
        return -ENOMEM;
    mutex_lock(&tree_mutex);
    /* Below the copy first, while it is not in the tree that is being copied. */
    int error = recursive ? clone_tree_below(source, copy) : 0;
    if (!error) {
        mount_get(copy);
        error = attach_at(copy, path);
        if (error)
            mount_put(copy);
    }
    if (error)
        while (!list_is_empty(&copy->children))
            detach_tree(list_first_entry(&copy->children, struct mount, sibling));
    mutex_unlock(&tree_mutex);
    mount_put(copy);
    return error;
}

int mount_remount(const struct path *path, uint32_t flags, bool only_mount) {
    struct mount *mount = path->mount;
    if (path->dentry != mount->root)
        return -EINVAL;
    int error = 0;
    uint32_t kept = flags & MOUNT_KEPT_FLAGS;
    if (!(flags & (MS_NOATIME | MS_STRICTATIME | MS_RELATIME)))
        kept |= mount->flags & (MS_NOATIME | MS_RELATIME);
    mutex_lock(&tree_mutex);
    seqlock_write_lock(&mount_lock);
    if ((flags & MS_RDONLY) && atomic_load(&mount->super->writers) > 0)
        error = -EBUSY;
    else {
        mount->flags = kept;
        if (!only_mount)
            mount->super->flags = (mount->super->flags & ~(uint32_t)MS_RDONLY) | (flags & MS_RDONLY);
    }
    seqlock_write_unlock(&mount_lock);
    mutex_unlock(&tree_mutex);
    return error;
}

static bool mount_is_below(const struct mount *mount, const struct mount *ancestor) {
    while (mount != ancestor && mount->parent != mount)
        mount = mount->parent;
    return mount == ancestor;
}

int mount_move(const struct path *source, const struct path *path) {
    struct mount *mount = source->mount;
    int error = 0;
    mutex_lock(&tree_mutex);
    if (source->dentry != mount->root || mount->parent == mount || !mount->attached)
        error = -EINVAL;
    else if (mount_is_below(path->mount, mount))
        error = -ELOOP;
    else {
        struct path old;
        detach(mount, &old);
        error = attach_at(mount, path);
        if (error)
            attach(mount, &old);
        path_put(&old);
    }
    mutex_unlock(&tree_mutex);
    return error;
}

/* ---- unmounting ---- */

/* Detaches if nobody uses it: the caller's reference and the one for being attached are the last. */
static int unmount_unused(struct mount *mount) {
    uint32_t expected = 2;
    if (!list_is_empty(&mount->children))
        return -EBUSY;
    if (!atomic_compare_exchange(&mount->refcount.value, &expected, 1u))
        return -EBUSY;
    struct path place;
    detach(mount, &place);
    path_put(&place);
    return 0;
}

int mount_remove(const struct path *path, unsigned flags) {
    struct mount *mount = path->mount;
    int error = 0;
    if (path->dentry != mount->root)
        return -EINVAL;
    mutex_lock(&tree_mutex);
    if (!mount->attached || mount->parent == mount)
        error = -EINVAL;
    else if (flags & MNT_DETACH)
        detach_tree(mount);
    else
        error = unmount_unused(mount);
    mutex_unlock(&tree_mutex);
    return error;
}

void mount_format_flags(const struct mount *mount, char *text, size_t size) {
    static const struct {
        uint32_t flag;
        const char *name;
    } names[] = {{MS_NOSUID, ",nosuid"}, {MS_NODEV, ",nodev"}, {MS_NOEXEC, ",noexec"},
                 {MS_NOATIME, ",noatime"}, {MS_NODIRATIME, ",nodiratime"}, {MS_RELATIME, ",relatime"}};
    size_t used = (size_t)format_snprintf(text, size, "%s", mount_check_write(mount) ? "ro" : "rw");
    for (size_t i = 0; i < ARRAY_SIZE(names) && used < size; i++)
        if (mount->flags & names[i].flag)
            used += (size_t)format_snprintf(text + used, size - used, "%s", names[i].name);
}
