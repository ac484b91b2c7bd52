/* /proc/PID/exe, cwd, root: links that lead to the very place, whatever its name has become. */
#include "fs/procfs/process.h"

#include "fs/vfs/file.h"
#include "fs/vfs/fs_context.h"
#include "kernel/mm/slab.h"
#include "kernel/vm/space.h"
#include "lib/errno.h"
#include "lib/errptr.h"
#include "lib/string.h"

int proc_follow_exe(const struct proc_node *node, struct path *path) {
    struct space *space = proc_space(node);
    int error = -ENOENT;
    if (!space)
        return error;
    rwsem_read_lock(&space->lock);
    if (space->executable) {
        *path = space->executable->path;
        path_get(path);
        error = 0;
    }
    rwsem_read_unlock(&space->lock);
    space_put(space);
    return error;
}

/* The process's fs context with a reference, or NULL. */
static struct fs_context *find_context(const struct proc_node *node) {
    rcu_read_lock();
    struct task *task = proc_task_rcu(node);
    struct fs_context *context = task ? rcu_dereference(task->fs) : NULL;
    if (context && !refcount_get_not_zero(&context->refcount))
        context = NULL;
    rcu_read_unlock();
    return context;
}

int proc_follow_cwd(const struct proc_node *node, struct path *path) {
    struct fs_context *context = find_context(node);
    if (!context)
        return -ENOENT;
    fs_context_cwd(context, path);
    fs_context_put(context);
    return 0;
}

int proc_follow_root(const struct proc_node *node, struct path *path) {
    struct fs_context *context = find_context(node);
    if (!context)
        return -ENOENT;
    fs_context_root(context, path);
    fs_context_put(context);
    return 0;
}

int proc_follow_link(struct inode *inode, struct path *path) {
    const struct proc_node *node = proc_node_of(inode);
    int error = proc_may_look(node);
    if (error)
        return error == -ESRCH ? -ENOENT : error;
    return node->entry->follow(node, path);
}

int64_t proc_read_link(struct inode *inode, char *target, size_t size) {
    struct path path;
    int64_t result = proc_follow_link(inode, &path);
    if (result)
        return result;
    char *space = kmalloc(PATH_MAX);
    char *name = space ? path_name(&path, space, PATH_MAX) : ERR_PTR(-ENOMEM);
    if (IS_ERR(name)) {
        result = PTR_ERR(name);
    } else {
        result = (int64_t)MIN(strlen(name), size);
        memcpy(target, name, (size_t)result);
    }
    kfree(space);
    path_put(&path);
    return result;
}
