/* The root of /proc: processes by number, self and thread-self, and the registered views. */
#include "fs/kernelfs/view_inode.h"
#include "fs/procfs/process.h"
#include "fs/procfs/procfs.h"
#include "fs/procfs/system.h"
#include "fs/vfs/file.h"
#include "fs/vfs/mount.h"
#include "lib/errno.h"
#include "lib/errptr.h"
#include "lib/format.h"
#include "lib/string.h"

#define PROC_MAGIC 0x9fa0u /* linux/magic.h */
/* Positions in the root directory: views first, then processes by number. */
#define VIEWS_BASE 16u
#define PROCESSES_BASE (1u << 20)

static struct super_block *procfs_super;

/* ---- self, thread-self, mounts ---- */

static int64_t read_self(struct inode *inode, char *target, size_t size) {
    (void)inode;
    return MIN(format_snprintf(target, size, "%d", current_process()->pid->number), (int)size);
}

static int64_t read_thread_self(struct inode *inode, char *target, size_t size) {
    (void)inode;
    int length = format_snprintf(target, size, "%d/task/%d", current_process()->pid->number,
                                 current_task()->tid->number);
    return MIN(length, (int)size);
}

static int64_t read_mounts(struct inode *inode, char *target, size_t size) {
    (void)inode;
    return MIN(format_snprintf(target, size, "self/mounts"), (int)size);
}

static const struct inode_ops self_ops = {.read_link = read_self};
static const struct inode_ops thread_self_ops = {.read_link = read_thread_self};
static const struct inode_ops mounts_ops = {.read_link = read_mounts};

static const struct {
    const char *name;
    const struct inode_ops *ops;
} links[] = {{"self", &self_ops}, {"thread-self", &thread_self_ops}, {"mounts", &mounts_ops}};

static struct inode *make_link(struct super_block *super, size_t index) {
    struct inode *inode = inode_alloc(super);
    if (!inode)
        return ERR_PTR(-ENOMEM);
    inode->mode = S_IFLNK | 0777u;
    inode->ops = links[index].ops;
    inode->number = name_inode_number(links[index].name, PROC_MAGIC);
    return inode;
}

/* ---- the directory ---- */

static struct inode *root_lookup(struct inode *directory, const char *name, size_t length) {
    int number = proc_parse_number(name, length);
    if (number > 0) {
        struct pid *pid = pid_find_get(number);
        bool exists = pid && (atomic_load(&pid->process) || atomic_load(&pid->task));
        struct inode *inode = exists ? proc_process_inode(directory->super, pid) : NULL;
        if (pid)
            pid_put(pid);
        return inode;
    }
    for (size_t i = 0; i < ARRAY_SIZE(links); i++)
        if (strlen(links[i].name) == length && memcmp(links[i].name, name, length) == 0)
            return make_link(directory->super, i);
    return view_child_inode(directory->super, VIEW_PROC, "", name, length);
}

static bool emit_links(struct dir_context *context) {
    for (uint64_t i = MAX(context->position, 2ull) - 2; i < ARRAY_SIZE(links); i++) {
        uint64_t next = i + 1 < ARRAY_SIZE(links) ? i + 3 : VIEWS_BASE;
        if (!context->emit(context, links[i].name, strlen(links[i].name),
                           name_inode_number(links[i].name, PROC_MAGIC), S_IFLNK >> 12, next))
            return false;
    }
    return true;
}

struct next_process {
    int start, found;
};

static bool consider(struct process *process, void *context) {
    struct next_process *next = context;
    int number = process->pid->number;
    if (number >= next->start && (next->found < 0 || number < next->found))
        next->found = number;
    return true;
}

static void emit_processes(struct dir_context *context, uint64_t root_number) {
    struct next_process next = {.start = (int)(MAX(context->position, (uint64_t)PROCESSES_BASE) - PROCESSES_BASE)};
    char name[16];
    for (;;) {
        next.found = -1;
        process_each(consider, &next);
        if (next.found < 0)
            return;
        int length = format_snprintf(name, sizeof name, "%d", next.found);
        next.start = next.found + 1;
        if (!context->emit(context, name, (size_t)length, root_number + (uint64_t)next.start, S_IFDIR >> 12,
                           PROCESSES_BASE + (uint64_t)next.start))
            return;
    }
}

/* Remembers that the sink refused: then what follows must not be emitted. */
struct watched_context {
    struct dir_context context;
    struct dir_context *real;
    bool refused;
};

static bool watched_emit(struct dir_context *context, const char *name, size_t length,
                         uint64_t inode, unsigned type, uint64_t next_position) {
    struct watched_context *watched = container_of(context, struct watched_context, context);
    if (!watched->real->emit(watched->real, name, length, inode, type, next_position))
        watched->refused = true;
    return !watched->refused;
}

static int root_read_directory(struct file *file, struct dir_context *context) {
    struct watched_context watched = {{watched_emit, context->position}, context, false};
    if (context->position < VIEWS_BASE && !(directory_emit_dots(file, context) && emit_links(context)))
        return 0;
    watched.context.position = context->position;
    if (context->position < PROCESSES_BASE)
        view_emit_children(&watched.context, VIEW_PROC, "", VIEWS_BASE);
    if (!watched.refused)
        emit_processes(context, file->inode->number);
    return 0;
}

static const struct inode_ops root_ops = {.lookup = root_lookup, .get_attributes = view_get_attributes};
static const struct file_ops root_file_ops = {.seek = listing_seek, .read_directory = root_read_directory};

/* ---- the filesystem ---- */

static const struct super_ops procfs_super_ops;

static struct super_block *procfs_mount(struct filesystem_type *type, const char *source,
                                        uint32_t flags, const char *options) {
    (void)type, (void)source, (void)flags, (void)options;
    super_get(procfs_super);
    return procfs_super;
}

void procfs_forget(int number) {
    char name[16];
    int length = format_snprintf(name, sizeof name, "%d", number);
    dentry_forget(procfs_super->root, name, (size_t)length);
}

static struct filesystem_type procfs_type = {.name = "proc", .mount = procfs_mount};

void procfs_init(void) {
    system_views_init();
    procfs_super = super_create(&procfs_type, &procfs_super_ops);
    ASSERT(procfs_super);
    procfs_super->magic = PROC_MAGIC;
    procfs_super->flags |= MS_NOEXEC;
    procfs_super->volatile_names = true;
    struct inode *root = inode_alloc(procfs_super);
    ASSERT(root);
    root->mode = S_IFDIR | 0555u;
    root->link_count = 2;
    root->ops = &root_ops;
    root->file_ops = &root_file_ops;
    inode_set_directory_lock(root);
    procfs_super->root = dentry_make_root(root);
    ASSERT(procfs_super->root);
    filesystem_register(&procfs_type);
}
