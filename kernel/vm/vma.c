/*
 * Mappings with all that hangs on them: references to file and object, the object's list of
 * mappings, the space's counters. Locks: the space's lock is held for writing; the object's
 * map_lock is taken inside it.
 */
#include "kernel/vm/vma.h"

#include "kernel/mm/slab.h"
#include "kernel/vm/commit.h"
#include "kernel/vm/counts.h"
#include "kernel/vm/object.h"
#include "kernel/vm/object_map.h"
#include "lib/assert.h"
#include "lib/errno.h"

static struct slab_cache *vma_cache;
static const struct vma_file_hooks *file_hooks;

void vma_init(void) {
    vma_cache = slab_cache_create("vma", sizeof(struct vma), 0, NULL);
}

const struct vma_file_hooks *space_file_hooks(void) {
    return file_hooks;
}

void space_set_file_hooks(const struct vma_file_hooks *hooks) {
    file_hooks = hooks;
}

uint32_t vma_flags_from_prot(uint32_t prot) {
    return (prot & PROT_READ ? VMA_READ : 0u) | (prot & PROT_WRITE ? VMA_WRITE : 0u) |
           (prot & PROT_EXEC ? VMA_EXECUTE : 0u);
}

bool vma_tracks_dirty(const struct vma *vma) {
    return vma->object && (vma->flags & VMA_SHARED) && vma->object->ops->write;
}

struct vma *vma_create(struct space *space, uint64_t start, uint64_t end, uint32_t flags) {
    struct vma *vma = slab_alloc_zero(vma_cache);

    if (!vma)
        return NULL;
    vma->space = space;
    vma->start = start;
    vma->end = end;
    vma->flags = flags;
    return vma;
}

/* A mapping through which, maybe after mprotect, the file can be changed. */
static bool may_write_file(const struct vma *vma) {
    return vma->file && vma->object && (vma->flags & VMA_SHARED) && (vma->flags & VMA_MAY_WRITE);
}

int vma_attach_file(struct vma *vma, struct file *file, uint64_t page_offset) {
    vma->object_offset = page_offset;
    int error = file_hooks->map(file, vma);
    if (error)
        return error;
    bool writable = vma->object && (vma->flags & VMA_SHARED) && (vma->flags & VMA_MAY_WRITE);
    if (writable && !object_allow_writable(vma->object))
        return -EPERM;
    file_hooks->get(file);
    vma->file = file;
    return 0;
}

int vma_attach_shared_memory(struct vma *vma) {
    uint64_t promised = vma->flags & VMA_NO_RESERVE ? 0 : vma_pages(vma);
    if (promised && !commit_allows(vma->space, promised))
        return -ENOMEM;
    vma->object = object_create_anonymous(vma->end - vma->start, promised);
    vma->object_offset = 0;
    return vma->object ? 0 : -ENOMEM;
}

void space_set_executable(struct space *space, struct file *file) {
    struct file *old = space->executable;

    if (file) {
        file_hooks->get(file);
        file_hooks->execute(file, true);
    }
    space->executable = file;
    if (old) {
        file_hooks->execute(old, false);
        file_hooks->put(old);
    }
}

struct vma *vma_copy(const struct vma *vma, struct space *space) {
    struct vma *copy = slab_alloc(vma_cache);

    if (!copy)
        return NULL;
    *copy = *vma;
    copy->space = space;
    if (copy->object)
        object_get(copy->object);
    if (copy->file)
        file_hooks->get(copy->file);
    if (may_write_file(copy)) {
        bool allowed = object_allow_writable(copy->object);
        ASSERT(allowed); /* the mapping copied keeps it so */
    }
    return copy;
}

void vma_destroy(struct vma *vma) {
    if (may_write_file(vma))
        object_end_writable(vma->object);
    if (vma->object)
        object_put(vma->object);
    if (vma->file)
        file_hooks->put(vma->file);
    slab_free(vma_cache, vma);
}

void vma_destroy_chain(struct vma *dead) {
    while (dead) {
        struct vma *next = dead->free_next;
        vma_destroy(dead);
        dead = next;
    }
}

static bool is_data(const struct vma *vma) {
    return (vma->flags & (VMA_WRITE | VMA_SHARED)) == VMA_WRITE;
}

/* Adds the mapping's pages to the space's counters, or takes them out. */
static void account(struct vma *vma, bool add) {
    struct space *space = vma->space;
    uint64_t pages = add ? vma_pages(vma) : 0 - vma_pages(vma);

    space->total_pages += pages;
    space->total_peak = MAX(space->total_peak, space->total_pages);
    if (vma->flags & VMA_LOCKED)
        space->locked_pages += pages;
    if (is_data(vma))
        space->data_pages += pages;
    if (vma->flags & VMA_ACCOUNT) {
        space->promised_pages += pages;
        vm_count(promised_pages, (int64_t)pages);
    }
}

/* The mappings of what `vma` shows stand still between the two. */
static void lock_mappings(const struct vma *vma) {
    if (vma->object)
        rwsem_write_lock(&vma->object->map_lock);
}

static void unlock_mappings(const struct vma *vma) {
    if (vma->object)
        rwsem_write_unlock(&vma->object->map_lock);
}

static void link_locked(struct vma *vma) {
    vma_tree_insert(vma->space, vma);
    account(vma, true);
    if (vma->object)
        object_map_add(vma->object, vma);
}

void vma_link_copy(struct vma *copy, struct vma *original) {
    lock_mappings(copy);
    vma_tree_insert(copy->space, copy);
    account(copy, true);
    if (copy->object)
        object_map_add_after(copy->object, copy, original);
    unlock_mappings(copy);
}

static void unlink_locked(struct vma *vma) {
    if (vma->object)
        object_map_remove(vma->object, vma);
    account(vma, false);
    vma_tree_remove(vma->space, vma);
}

static void resize_locked(struct vma *vma, uint64_t start, uint64_t end) {
    account(vma, false);
    if (vma->object)
        object_map_remove(vma->object, vma);
    if (vma->object || vma->flags & VMA_SPECIAL)
        vma->object_offset += (start >> PAGE_SHIFT) - (vma->start >> PAGE_SHIFT);
    vma_tree_resize(vma, start, end);
    if (vma->object)
        object_map_add(vma->object, vma);
    account(vma, true);
}

void vma_link(struct vma *vma) {
    lock_mappings(vma);
    link_locked(vma);
    unlock_mappings(vma);
}

void vma_unlink(struct vma *vma) {
    lock_mappings(vma);
    unlink_locked(vma);
    unlock_mappings(vma);
}

void vma_resize(struct vma *vma, uint64_t start, uint64_t end) {
    lock_mappings(vma);
    resize_locked(vma, start, end);
    unlock_mappings(vma);
}

void vma_set_flags(struct vma *vma, uint32_t flags) {
    account(vma, false);
    vma->flags = flags;
    account(vma, true);
}

int vma_split_at(struct space *space, uint64_t address) {
    struct vma *vma = space_find(space, address);

    if (!vma || vma->start >= address)
        return 0;
    if (space->vma_count >= VMA_COUNT_MAX)
        return -ENOMEM;
    struct vma *upper = vma_copy(vma, space);
    if (!upper)
        return -ENOMEM;
    upper->start = address;
    if (upper->object || upper->flags & VMA_SPECIAL)
        upper->object_offset = vma_object_index(vma, address);
    lock_mappings(vma);
    resize_locked(vma, vma->start, address);
    link_locked(upper);
    unlock_mappings(vma);
    return 0;
}

static bool can_join(const struct vma *low, const struct vma *high) {
    if (low->end != high->start || low->flags != high->flags || low->object != high->object ||
        low->file != high->file || low->policy != high->policy)
        return false;
    if (!low->object && !(low->flags & VMA_SPECIAL))
        return true;
    return vma_object_index(low, low->end) == high->object_offset;
}

static struct vma *join(struct vma *low, struct vma *high) {
    uint64_t end = high->end;

    low->has_copies |= high->has_copies;
    lock_mappings(low);
    unlink_locked(high);
    resize_locked(low, low->start, end);
    unlock_mappings(low);
    vma_destroy(high);
    return low;
}

struct vma *vma_merge(struct vma *vma) {
    struct vma *prev = vma_prev(vma), *next = vma_next(vma);

    if (next && can_join(vma, next))
        vma = join(vma, next);
    if (prev && can_join(prev, vma))
        vma = join(prev, vma);
    return vma;
}
