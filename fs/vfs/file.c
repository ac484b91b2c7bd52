/*
 * Open files: their making and end, files outside the tree, and transfers for the kernel and for
 * read() and write().
 */
#include "fs/vfs/file.h"

#include "fs/vfs/async.h"
#include "fs/vfs/file_lock.h"
#include "fs/vfs/mount.h"
#include "fs/vfs/notify.h"
#include "fs/vfs/super.h"
#include "kernel/mm/slab.h"
#include "lib/errno.h"
#include "lib/errptr.h"

DEFINE_LOCK_CLASS(position_class, "file position");

static struct slab_cache *file_cache;
static void (*watchers_gone)(struct file *file); /* set once at start */
static void (*in_flight_dropped)(const struct file *file); /* set once at start */
static struct mount *anonymous_mount; /* pipes, eventfds ...: files outside the tree */

/* ---- the internal filesystem of files outside the tree ---- */

#define ANONYMOUS_MAGIC 0x09041934u /* ANON_INODE_FS_MAGIC, linux/magic.h */

static const struct inode_ops anonymous_inode_ops;
static const struct super_ops anonymous_super_ops;

static struct super_block *anonymous_mount_type(struct filesystem_type *type, const char *source,
                                                uint32_t flags, const char *options) {
    (void)source, (void)flags, (void)options;
    struct super_block *super = super_create(type, &anonymous_super_ops);
    if (!super)
        return ERR_PTR(-ENOMEM);
    super->magic = ANONYMOUS_MAGIC;
    struct inode *root = inode_alloc(super);
    if (root) {
        root->mode = S_IFDIR;
        root->ops = &anonymous_inode_ops;
        super->root = dentry_make_root(root);
    }
    if (super->root)
        return super;
    if (root)
        inode_put(root);
    super_put(super);
    return ERR_PTR(-ENOMEM);
}

static struct filesystem_type anonymous_type = {.name = "anon_inodefs", .mount = anonymous_mount_type};

void file_cache_init(void) {
    file_cache = slab_cache_create("file", sizeof(struct file), 0, NULL);
    filesystem_register(&anonymous_type);
    anonymous_mount = mount_internal(anonymous_type.name, NULL, MS_NOSUID | MS_NODEV, NULL);
    ASSERT(!IS_ERR(anonymous_mount));
}

struct inode *inode_alloc_anonymous(uint32_t mode) {
    struct inode *inode = inode_alloc(anonymous_mount->super);
    if (!inode)
        return NULL;
    inode->ops = &anonymous_inode_ops;
    inode_set_owner(inode, NULL, mode);
    return inode;
}

/* ---- making and ending ---- */

static uint32_t abilities_of(uint32_t flags) {
    if (flags & O_PATH)
        return FILE_IS_PATH;
    uint32_t access = flags & O_ACCMODE;
    return (access == O_RDONLY || access == O_RDWR ? FILE_CAN_READ : 0u) |
           (access == O_WRONLY || access == O_RDWR ? FILE_CAN_WRITE : 0u); /* mode 3: only ioctl() is left */
}

uint64_t file_count(void) {
    return slab_objects_in_use(file_cache);
}

struct file *file_alloc(const struct path *path, uint32_t flags) {
    struct file *file = slab_alloc_zero(file_cache);
    if (!file)
        return NULL;
    refcount_init(&file->refcount, 1);
    file->flags = flags;
    file->abilities = abilities_of(flags);
    file->path = *path;
    path_get(path);
    file->inode = path->dentry->inode;
    mutex_init(&file->position_lock, position_class);
    list_init(&file->watchers);
    return file;
}

void file_set_watcher_hook(void (*gone)(struct file *file)) {
    watchers_gone = gone;
}

static void file_free(struct rcu_head *head) {
    struct file *file = container_of(head, struct file, rcu);
    if (unlikely(file->owner))
        file_owner_free(file->owner);
    slab_free(file_cache, file);
}

void file_discard(struct file *file) {
    if (file->abilities & FILE_COUNTS_WRITER) {
        inode_end_write(file->inode);
        atomic_fetch_sub(&file->path.mount->super->writers, 1u);
    }
    path_put(&file->path);
    rcu_defer(&file->rcu, file_free);
}

void file_set_in_flight_hook(void (*dropped)(const struct file *file)) {
    in_flight_dropped = dropped;
}

/* The flag is read after the reference is gone: whoever sets it holds one, so one of the two sees the other. */
static bool put_reference(struct file *file) {
    rcu_read_lock();
    bool last = refcount_put(&file->refcount);
    if (!last && unlikely(atomic_load_relaxed(&file->abilities) & FILE_IN_FLIGHT))
        in_flight_dropped(file);
    rcu_read_unlock();
    return last;
}

void file_put(struct file *file) {
    if (!put_reference(file))
        return;
    notify_file(file, (file->abilities & FILE_CAN_WRITE) ? IN_CLOSE_WRITE : IN_CLOSE_NOWRITE);
    if (unlikely(!list_is_empty(&file->watchers)))
        watchers_gone(file);
    if (unlikely(!list_is_empty(&file->inode->file_locks)))
        file_locks_release(file);
    if (unlikely(file->abilities & FILE_WAS_ASYNC))
        (void)file->ops->set_async(file, -1, false); /* leaving cannot fail */
    if (file->ops && file->ops->release)
        file->ops->release(file);
    file_discard(file);
}

struct file *file_create_on_inode(struct inode *inode, const char *name, const struct file_ops *ops,
                                  uint32_t flags, void *private) {
    struct dentry *dentry = dentry_make_anonymous(inode, name);
    if (!dentry) {
        inode_put(inode);
        return ERR_PTR(-ENOMEM);
    }
    struct path path = {anonymous_mount, dentry};
    struct file *file = file_alloc(&path, flags);
    dentry_put(dentry);
    if (!file)
        return ERR_PTR(-ENOMEM);
    file->ops = ops;
    file->private = private;
    return file;
}

struct file *file_create_anonymous(const char *name, const struct file_ops *ops, uint32_t flags,
                                   void *private) {
    struct inode *inode = inode_alloc_anonymous(S_IRUSR | S_IWUSR);
    if (!inode)
        return ERR_PTR(-ENOMEM);
    struct file *file = file_create_on_inode(inode, name, ops, flags, private);
    if (!IS_ERR(file))
        file->abilities |= FILE_IS_STREAM;
    return file;
}

int64_t stream_seek(struct file *file, int64_t offset, int whence) {
    (void)file, (void)offset, (void)whence;
    return -ESPIPE;
}

int64_t noop_seek(struct file *file, int64_t offset, int whence) {
    (void)file;
    (void)offset;
    (void)whence;
    return 0;
}

int stream_open(struct inode *inode, struct file *file) {
    (void)inode;
    file->abilities |= FILE_IS_STREAM;
    return 0;
}

int same_anywhere_open(struct inode *inode, struct file *file) {
    (void)inode;
    file->abilities |= FILE_IS_STREAM | FILE_IS_SAME_ANYWHERE;
    return 0;
}

int never_waiting_open(struct inode *inode, struct file *file) {
    file->abilities |= FILE_NEVER_WAITS;
    return same_anywhere_open(inode, file);
}

/* ---- transfers ---- */

int64_t file_read_position(struct file *file, struct io_buffer *buffer, uint64_t *position) {
    if (!(file->abilities & FILE_CAN_READ))
        return -EBADF;
    if (unlikely(!file->ops->read))
        return S_IS(file->inode->mode, S_IFDIR) ? -EISDIR : -EINVAL;
    int64_t moved = file->ops->read(file, buffer, position);
    if (notify_is_on() && moved > 0)
        notify_file_slow(file, IN_ACCESS);
    return moved;
}

int64_t file_write_position(struct file *file, struct io_buffer *buffer, uint64_t *position) {
    if (!(file->abilities & FILE_CAN_WRITE))
        return -EBADF;
    if (unlikely(!file->ops->write))
        return -EINVAL;
    int64_t moved = file->ops->write(file, buffer, position);
    if (notify_is_on() && moved > 0)
        notify_file_slow(file, IN_MODIFY);
    return moved;
}

int64_t file_read_at(struct file *file, void *to, size_t size, uint64_t offset) {
    struct io_segment segment = {to, size};
    struct io_buffer buffer;
    io_buffer_init(&buffer, &segment, 1, true);
    return file_read_position(file, &buffer, &offset);
}

int64_t file_write_at(struct file *file, const void *from, size_t size, uint64_t offset) {
    struct io_segment segment = {(void *)(uintptr_t)from, size};
    struct io_buffer buffer;
    io_buffer_init(&buffer, &segment, 1, true);
    return file_write_position(file, &buffer, &offset);
}

int64_t file_transfer(struct file *file, struct io_buffer *buffer, bool shared,
                      file_transfer_at *transfer) {
    uint64_t no_position = 0;
    if (file->abilities & FILE_IS_STREAM)
        return transfer(file, buffer, &no_position);
    if (!shared && refcount_read(&file->refcount) == 1)
        return transfer(file, buffer, &file->position);
    mutex_lock(&file->position_lock);
    int64_t moved = transfer(file, buffer, &file->position);
    mutex_unlock(&file->position_lock);
    return moved;
}

int64_t file_read(struct file *file, struct io_buffer *buffer) {
    return file_transfer(file, buffer, true, file_read_position);
}

int64_t file_write(struct file *file, struct io_buffer *buffer) {
    return file_transfer(file, buffer, true, file_write_position);
}
