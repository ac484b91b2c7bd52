/* mprotect and the locking of memory: changes of a range's flags. */
#include "kernel/task/cred.h"
#include "kernel/task/rlimit.h"
#include "kernel/vm/commit.h"
#include "kernel/vm/map.h"
#include "kernel/vm/page_table.h"
#include "lib/errno.h"

/* VMA_READ << 4 is VMA_MAY_READ, and so on. */
#define MAY_SHIFT 4
_Static_assert(VMA_READ << MAY_SHIFT == VMA_MAY_READ, "MAY_SHIFT");
_Static_assert(VMA_EXECUTE << MAY_SHIFT == VMA_MAY_EXECUTE, "MAY_SHIFT");

/* Sets the flags of the part of `vma` below `end`; returns the mapping that holds it then, or NULL: no memory. */
static struct vma *change_flags(struct vma *vma, uint64_t start, uint64_t end, uint32_t flags) {
    struct space *space = vma->space;

    if (vma->flags == flags)
        return vma;
    if (end < vma->end && vma_split_at(space, end) != 0)
        return NULL;
    if (vma->start < start) {
        if (vma_split_at(space, start) != 0)
            return NULL;
        vma = vma_next(vma);
    }
    vma_set_flags(vma, flags);
    return vma;
}

static bool over_data_limit(const struct space *space, uint64_t more_pages) {
    return current_thread()->mmu && space->data_pages + more_pages > rlimit_current(RLIMIT_DATA) >> PAGE_SHIFT;
}

static int protect_mapping(struct vma *vma, uint64_t start, uint64_t end, uint32_t access) {
    uint32_t flags = (vma->flags & ~(uint32_t)VMA_ACCESS) | access;

    if (access & ~(vma->flags >> MAY_SHIFT))
        return -EACCES;
    if (flags == vma->flags)
        return 0;
    bool becomes_data = !(vma->flags & (VMA_WRITE | VMA_SHARED)) && access & VMA_WRITE;
    bool was_promised = vma->flags & VMA_ACCOUNT;
    if (becomes_data && !was_promised)
        flags = commit_flags(flags);
    if (becomes_data && over_data_limit(vma->space, (end - start) >> PAGE_SHIFT))
        return -ENOMEM;
    if (flags & VMA_ACCOUNT && !was_promised && !commit_allows(vma->space, (end - start) >> PAGE_SHIFT))
        return -ENOMEM;
    vma = change_flags(vma, start, end, flags);
    if (!vma)
        return -ENOMEM;
    table_protect(vma->space, vma->start, vma->end, flags);
    (void)vma_merge(vma);
    return 0;
}

/* Linux changes what comes before a hole or a refusal, and so do we. */
static int protect_locked(struct space *space, uint64_t start, uint64_t end, uint32_t access) {
    while (start < end) {
        struct vma *vma = space_find(space, start);
        if (!vma || vma->start > start)
            return -ENOMEM;
        uint64_t part_end = MIN(end, vma->end);
        int error = protect_mapping(vma, start, part_end, access);
        if (error)
            return error;
        start = part_end;
    }
    return 0;
}

int space_protect(struct space *space, uint64_t address, uint64_t length, uint32_t prot) {
    uint64_t end;
    int error = map_span(address, length, &end);

    if (error)
        return error == -EINVAL ? -EINVAL : -ENOMEM;
    if (length == 0)
        return 0;
    if (prot & ~(uint32_t)(PROT_READ | PROT_WRITE | PROT_EXEC | PROT_SEM | PROT_GROWSDOWN))
        return -EINVAL;
    rwsem_write_lock(&space->lock);
    struct vma *vma = space_find(space, address);
    if (prot & PROT_GROWSDOWN && vma && vma->start <= address)
        error = vma->flags & VMA_GROWS_DOWN ? 0 : -EINVAL;
    if (prot & PROT_GROWSDOWN && !error && vma)
        address = MIN(address, vma->start);
    if (!error)
        error = protect_locked(space, address, end, vma_flags_from_prot(prot));
    rwsem_write_unlock(&space->lock);
    return error;
}

static uint64_t locked_pages_in(struct space *space, uint64_t start, uint64_t end) {
    uint64_t pages = 0;

    for (struct vma *vma = space_find(space, start); vma && vma->start < end; vma = vma_next(vma)) {
        if (vma->flags & VMA_LOCKED)
            pages += (MIN(vma->end, end) - MAX(vma->start, start)) >> PAGE_SHIFT;
    }
    return pages;
}

static int lock_limit(struct space *space, uint64_t more_pages) {
    if (cred_has(current_cred(), CAP_IPC_LOCK))
        return 0;
    uint64_t limit = rlimit_current(RLIMIT_MEMLOCK) >> PAGE_SHIFT;
    if (limit == 0)
        return -EPERM;
    return space->locked_pages + more_pages > limit ? -ENOMEM : 0;
}

/* `lock`: of VMA_LOCK. */
static int lock_mappings(struct space *space, uint64_t start, uint64_t end, uint32_t lock) {
    while (start < end) {
        struct vma *vma = space_find(space, start);
        if (!vma || vma->start > start)
            return -ENOMEM;
        uint64_t part_end = MIN(end, vma->end);
        uint32_t flags = (vma->flags & ~(uint32_t)VMA_LOCK) | lock;
        vma = vma->flags & VMA_SPECIAL ? vma : change_flags(vma, start, part_end, flags);
        if (!vma)
            return -ENOMEM;
        (void)vma_merge(vma);
        start = part_end;
    }
    return 0;
}

int space_lock_range(struct space *space, uint64_t address, uint64_t length, uint32_t lock) {
    uint64_t start = address & PAGE_MASK;
    uint64_t size = ALIGN_UP(length + (address - start), PAGE_SIZE), end = start + size; /* wraps to 0 as on Linux */

    rwsem_write_lock(&space->lock);
    /* What is locked already does not count again. */
    int error = lock ? lock_limit(space, (size >> PAGE_SHIFT) - locked_pages_in(space, start, end)) : 0;
    if (!error && end < start)
        error = -EINVAL;
    if (!error)
        error = lock_mappings(space, start, end, lock);
    rwsem_write_unlock(&space->lock);
    if (!error && lock)
        error = space_populate(space, start, end, POPULATE_OWN) == 0 ? 0 : -ENOMEM;
    return error;
}

/* What cannot be brought in (no access, past a file's end) stays out, as on Linux. */
static void populate_all(struct space *space) {
    uint64_t start = 0, end = 0;

    for (;;) {
        rwsem_read_lock(&space->lock);
        struct vma *vma = space_find(space, end);
        if (vma) {
            start = vma->start;
            end = vma->end;
        }
        rwsem_read_unlock(&space->lock);
        if (!vma)
            return;
        (void)space_populate(space, start, end, POPULATE_OWN);
    }
}

int space_lock_all(struct space *space, bool current_mappings, bool future_mappings, uint32_t lock) {
    int error = 0;

    rwsem_write_lock(&space->lock);
    if (lock)
        error = lock_limit(space, current_mappings ? space->total_pages - space->locked_pages : 0);
    if (!error)
        space->lock_future = future_mappings ? lock : 0;
    if (!error && current_mappings) {
        for (struct vma *vma = space_find(space, 0); vma && !error; vma = vma_next(vma))
            if (!(vma->flags & VMA_SPECIAL))
                vma_set_flags(vma, (vma->flags & ~(uint32_t)VMA_LOCK) | lock);
    }
    rwsem_write_unlock(&space->lock);
    if (!error && current_mappings && lock)
        populate_all(space);
    return error;
}
