/* /proc/PID/maps: the mappings of an address space. */
#include "fs/procfs/process.h"

#include "fs/vfs/file.h"
#include "fs/vfs/mount.h"
#include "kernel/mm/slab.h"
#include "kernel/vm/object.h"
#include "kernel/vm/space.h"
#include "lib/errno.h"
#include "lib/errptr.h"

#define NAME_COLUMN 73u /* where Linux begins the name */

/* Outside every address space; the last line, as on Linux. */
static const struct vma old_calls = {.start = VSYSCALL_PAGE, .end = VSYSCALL_PAGE + PAGE_SIZE, .flags = VMA_EXECUTE};

static const char *special_name(const struct space *space, const struct vma *vma) {
    if (vma == &old_calls)
        return "[vsyscall]";
    if (vma->flags & VMA_HEAP)
        return "[heap]";
    if (vma->flags & VMA_VDSO)
        return vma->flags & VMA_MAY_EXECUTE ? "[vdso]" : "[vvar]";
    if ((vma->flags & VMA_STACK) || (vma->start <= space->stack_start && space->stack_start < vma->end))
        return "[stack]";
    return NULL;
}

void proc_show_mapping(const struct space *space, const struct vma *vma, char *path_space,
                       struct view_buffer *buffer) {
    size_t line_start = buffer->length;
    const struct inode *inode = vma->file ? vma->file->inode : NULL;
    uint64_t device = inode ? inode->super->device : 0;
    view_printf(buffer, "%08llx-%08llx %c%c%c%c %08llx %02x:%02x %llu ", (unsigned long long)vma->start,
                (unsigned long long)vma->end, vma->flags & VMA_READ ? 'r' : '-',
                vma->flags & VMA_WRITE ? 'w' : '-', vma->flags & VMA_EXECUTE ? 'x' : '-',
                vma->flags & VMA_SHARED ? 's' : 'p',
                (unsigned long long)(inode ? vma->object_offset << PAGE_SHIFT : 0), (unsigned)(device >> 8),
                (unsigned)(device & 0xff), (unsigned long long)(inode ? inode->number : 0));
    const char *name = vma->file ? path_name(&vma->file->path, path_space, PATH_MAX) : special_name(space, vma);
    if (name && !IS_ERR(name)) {
        int padding = (int)(NAME_COLUMN - MIN(buffer->length - line_start, (size_t)NAME_COLUMN));
        view_printf(buffer, "%*s%s", padding, "", name);
    }
    view_printf(buffer, "\n");
}

int proc_show_mappings(const struct proc_node *node, struct view_buffer *buffer, proc_show_one_mapping *show) {
    int error = proc_may_look(node);
    struct space *space = error ? NULL : proc_space(node);
    if (!space)
        return error;
    char *path_space = kmalloc(PATH_MAX);
    if (path_space) {
        rwsem_read_lock(&space->lock);
        for (struct vma *vma = space_find(space, 0); vma; vma = vma_next(vma))
            show(space, vma, path_space, buffer);
        rwsem_read_unlock(&space->lock);
        show(space, &old_calls, path_space, buffer);
    }
    kfree(path_space);
    space_put(space);
    return path_space ? 0 : -ENOMEM;
}

int proc_show_maps(const struct proc_node *node, struct view_buffer *buffer) {
    return proc_show_mappings(node, buffer, proc_show_mapping);
}
