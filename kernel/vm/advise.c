/* madvise, msync and mincore. */
#include "kernel/task/cred.h"
#include "kernel/vm/map.h"
#include "kernel/vm/object.h"
#include "kernel/vm/page_table.h"
#include "lib/errno.h"

/* asm-generic/mman-common.h, asm-generic/mman.h */
enum advice {
    MADV_NORMAL = 0, MADV_RANDOM = 1, MADV_SEQUENTIAL = 2, MADV_WILLNEED = 3, MADV_DONTNEED = 4,
    MADV_FREE = 8, MADV_REMOVE = 9, MADV_DONTFORK = 10, MADV_DOFORK = 11, MADV_DONTDUMP = 16, MADV_DODUMP = 17,
    MADV_WIPEONFORK = 18, MADV_KEEPONFORK = 19, MADV_COLD = 20, MADV_PAGEOUT = 21,
    MADV_POPULATE_READ = 22, MADV_POPULATE_WRITE = 23, MADV_HWPOISON = 100, MADV_SOFT_OFFLINE = 101,
};
enum sync_flag { MS_ASYNC = 1, MS_INVALIDATE = 2, MS_SYNC = 4 };

static bool is_private_anonymous(const struct vma *vma) {
    return !vma->object && !(vma->flags & (VMA_SHARED | VMA_SPECIAL));
}

/* Private memory reads as zeros afterwards, a file's pages come back from its cache. */
static int drop_pages(struct vma *vma, uint64_t start, uint64_t end, int advice) {
    if (vma->flags & (VMA_LOCKED | VMA_SPECIAL))
        return -EINVAL;
    if (advice == MADV_FREE && !is_private_anonymous(vma))
        return -EINVAL;
    table_unmap(vma->space, start, end);
    return 0;
}

/* The file's pages of a mapping are read into the cache. The space's lock is let go meanwhile. */
static int read_ahead(struct space *space, uint64_t start, uint64_t end) {
    struct vm_object *object = NULL;
    uint64_t first = 0;

    rwsem_read_lock(&space->lock);
    struct vma *vma = space_find(space, start);
    if (vma && vma->start <= start && vma->object) {
        object = vma->object;
        first = vma_object_index(vma, start);
        object_get(object);
    }
    rwsem_read_unlock(&space->lock);
    if (object) {
        object_prefetch(object, first, (end - start) >> PAGE_SHIFT);
        object_put(object);
    }
    return 0;
}

static int set_fork_flag(struct vma *vma, uint64_t start, uint64_t end, int advice) {
    struct space *space = vma->space;
    uint32_t flags = vma->flags;

    if (advice == MADV_WIPEONFORK && !is_private_anonymous(vma))
        return -EINVAL;
    if (advice == MADV_DONTFORK || advice == MADV_DOFORK)
        flags = advice == MADV_DONTFORK ? flags | VMA_DONT_FORK : flags & ~(uint32_t)VMA_DONT_FORK;
    else
        flags = advice == MADV_WIPEONFORK ? flags | VMA_WIPE_ON_FORK : flags & ~(uint32_t)VMA_WIPE_ON_FORK;
    if (flags == vma->flags)
        return 0;
    if (vma_split_at(space, start) != 0 || vma_split_at(space, end) != 0)
        return -ENOMEM;
    vma = space_find(space, start);
    vma_set_flags(vma, flags);
    (void)vma_merge(vma);
    return 0;
}

typedef int (*mapping_action)(struct vma *vma, uint64_t start, uint64_t end, int argument);

/* For each mapping in the range, holes are skipped and answered with -ENOMEM at the end. */
static int each_mapping(struct space *space, uint64_t start, uint64_t end, mapping_action action, int argument) {
    int result = 0, error = 0;

    while (start < end && !error) {
        struct vma *vma = space_find(space, start);
        if (!vma || vma->start > start)
            result = -ENOMEM;
        if (!vma || vma->start >= end)
            break;
        start = MAX(start, vma->start);
        uint64_t part_end = MIN(end, vma->end);
        error = action(vma, start, part_end, argument);
        start = part_end;
    }
    return error ? error : result;
}

static int do_nothing(struct vma *vma, uint64_t start, uint64_t end, int advice) {
    (void)vma, (void)start, (void)end, (void)advice;
    return 0;
}

/* Nothing is ever paged out; what must not be is refused. */
static int check_page_out(struct vma *vma, uint64_t start, uint64_t end, int advice) {
    (void)start, (void)end, (void)advice;
    return vma->flags & (VMA_LOCKED | VMA_SPECIAL) ? -EINVAL : 0;
}

/* Hints without an effect that a program could see are checked and then taken as given. */
static mapping_action action_of(int advice) {
    switch (advice) {
    case MADV_NORMAL:
    case MADV_RANDOM:
    case MADV_SEQUENTIAL:
    case MADV_WILLNEED:
    case MADV_DONTDUMP:
    case MADV_DODUMP:
        return do_nothing;
    case MADV_COLD:
    case MADV_PAGEOUT:
        return check_page_out;
    case MADV_DONTNEED:
    case MADV_FREE:
        return drop_pages;
    case MADV_DONTFORK:
    case MADV_DOFORK:
    case MADV_WIPEONFORK:
    case MADV_KEEPONFORK:
        return set_fork_flag;
    default:
        return NULL;
    }
}

/* Hints disturb nobody: other threads' page faults go on meanwhile. */
static int check_hint(struct space *space, uint64_t start, uint64_t end, mapping_action action) {
    rwsem_read_lock(&space->lock);
    int error = each_mapping(space, start, end, action, MADV_NORMAL);
    rwsem_read_unlock(&space->lock);
    return error;
}

static int change(struct space *space, uint64_t start, uint64_t end, mapping_action action, int advice) {
    rwsem_write_lock(&space->lock);
    int error = each_mapping(space, start, end, action, advice);
    rwsem_write_unlock(&space->lock);
    return error;
}

/* What a part of a shared mapping shows, referenced. */
struct shown_part {
    struct file *file;
    struct vm_object *object;
    uint64_t offset, length;
};

static int find_shown(struct space *space, uint64_t start, uint64_t end, struct shown_part *part) {
    int error = 0;

    *part = (struct shown_part){0};
    rwsem_read_lock(&space->lock);
    struct vma *vma = space_find(space, start);
    if (!vma || vma->start > start)
        error = -ENOMEM;
    else if (vma->flags & VMA_LOCKED || !vma->object)
        error = -EINVAL;
    else if ((vma->flags & (VMA_SHARED | VMA_WRITE)) != (VMA_SHARED | VMA_WRITE))
        error = -EACCES;
    if (!error) {
        part->offset = vma_object_index(vma, start) << PAGE_SHIFT;
        part->length = MIN(end, vma->end) - start;
        part->file = vma->file;
        part->object = vma->object;
        object_get(part->object);
        if (part->file)
            space_file_hooks()->get(part->file);
    }
    rwsem_read_unlock(&space->lock);
    return error;
}

/* MADV_REMOVE: holes in what shared mappings show. */
static int remove_shown(struct space *space, uint64_t start, uint64_t end) {
    struct shown_part part;
    int error = 0;

    for (; start < end && !error; start += part.length) {
        error = find_shown(space, start, end, &part);
        if (error)
            break;
        if (part.file) {
            error = space_file_hooks()->punch(part.file, part.offset, part.length);
            space_file_hooks()->put(part.file);
        } else {
            object_punch(part.object, part.offset, part.offset + part.length);
        }
        object_put(part.object);
    }
    return error;
}

void space_reap(struct space *space) {
    rwsem_write_lock(&space->lock);
    for (struct vma *vma = space_find(space, 0); vma; vma = vma_next(vma)) {
        if (is_private_anonymous(vma) && !(vma->flags & VMA_LOCKED))
            table_unmap(space, vma->start, vma->end);
    }
    rwsem_write_unlock(&space->lock);
}

int space_advise(struct space *space, uint64_t address, uint64_t length, int advice) {
    mapping_action action = action_of(advice);
    uint64_t end;

    if (map_span(address, length, &end) != 0)
        return -EINVAL;
    if (advice == MADV_POPULATE_READ || advice == MADV_POPULATE_WRITE) {
        int error = space_populate(space, address, end,
                                   advice == MADV_POPULATE_WRITE ? POPULATE_WRITE : POPULATE_READ);
        return error == -EACCES ? -EINVAL : error == -EIO ? -EFAULT : error;
    }
    if (advice == MADV_HWPOISON || advice == MADV_SOFT_OFFLINE) /* as without memory that can fail */
        return cred_has(current_cred(), CAP_SYS_ADMIN) ? -EINVAL : -EPERM;
    if (advice == MADV_REMOVE)
        return remove_shown(space, address, end);
    if (!action)
        return -EINVAL;
    bool is_hint = action == do_nothing || action == check_page_out;
    int error = is_hint ? check_hint(space, address, end, action) : change(space, address, end, action, advice);
    return !error && advice == MADV_WILLNEED ? read_ahead(space, address, end) : error;
}

/* The object and byte range behind the first mapping at or above *start; object NULL: nothing to sync. */
struct sync_part {
    struct vm_object *object;
    uint64_t first_byte, end_byte;
};

static int next_sync_part(struct space *space, uint64_t *start, uint64_t end, int flags, struct sync_part *part) {
    int error = 0;

    *part = (struct sync_part){0};
    rwsem_read_lock(&space->lock);
    struct vma *vma = space_find(space, *start);
    if (!vma || vma->start > *start)
        error = -ENOMEM;
    if (vma && vma->start < end) {
        *start = MAX(*start, vma->start);
        if (flags & MS_INVALIDATE && vma->flags & VMA_LOCKED)
            error = -EBUSY;
        if (vma->object && vma->flags & VMA_SHARED) {
            part->object = vma->object;
            part->first_byte = vma_object_index(vma, *start) << PAGE_SHIFT;
            part->end_byte = part->first_byte + (MIN(end, vma->end) - *start);
            object_get(part->object);
        }
        *start = MIN(end, vma->end);
    } else {
        *start = end;
    }
    rwsem_read_unlock(&space->lock);
    return error;
}

int space_sync(struct space *space, uint64_t address, uint64_t length, int flags) {
    struct sync_part part;
    uint64_t end;
    int result = 0;

    if (flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC) || (flags & MS_ASYNC && flags & MS_SYNC) ||
        address & (PAGE_SIZE - 1))
        return -EINVAL;
    if (length > -(uint64_t)PAGE_SIZE) /* rounded up it is none, on Linux */
        return 0;
    if (map_span(address, length, &end) != 0)
        return -ENOMEM;
    while (address < end) {
        int error = next_sync_part(space, &address, end, flags, &part);
        if (part.object) {
            int sync_error = flags & MS_SYNC ? object_sync(part.object, part.first_byte, part.end_byte) : 0;
            object_put(part.object);
            error = error ? error : sync_error;
        }
        if (error && error != -ENOMEM)
            return error;
        result = error ? error : result;
    }
    return result;
}

static bool page_is_resident(struct space *space, const struct vma *vma, uint64_t address) {
    const pte_t *pte = table_find(space, address);

    if (pte && *pte)
        return true;
    if (!vma->object)
        return false;
    struct page *page = object_page_cached(vma->object, vma_object_index(vma, address));
    if (page)
        page_put(page);
    return page != NULL;
}

int space_residency(struct space *space, uint64_t address, uint64_t page_count, uint8_t *residency) {
    int error = 0;

    rwsem_read_lock(&space->lock);
    for (uint64_t i = 0; i < page_count && !error; i++, address += PAGE_SIZE) {
        struct vma *vma = space_find(space, address);
        if (!vma || vma->start > address)
            error = -ENOMEM;
        else
            residency[i] = page_is_resident(space, vma, address);
    }
    rwsem_read_unlock(&space->lock);
    return error;
}
