/* mremap: shrink, grow in place, move with the page-table entries. */
#include "kernel/vm/map.h"
#include "kernel/vm/object.h"
#include "kernel/vm/page_table.h"
#include "lib/errno.h"

struct remap {
    struct space *space;
    uint64_t old_start, old_length, new_length;
    uint32_t flags;
    uint64_t new_address;
    struct vma *dead;
};

static int check_arguments(const struct remap *remap) {
    const uint32_t known = MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP;
    uint32_t flags = remap->flags;

    if (flags & ~known || (flags & MREMAP_FIXED && !(flags & MREMAP_MAYMOVE)))
        return -EINVAL;
    if (flags & MREMAP_DONTUNMAP && (!(flags & MREMAP_MAYMOVE) || remap->old_length != remap->new_length))
        return -EINVAL;
    return remap->new_length == 0 || remap->old_start & ~PAGE_MASK ? -EINVAL : 0;
}

/* The mapping that holds the first page of the old range, or NULL. */
static struct vma *old_mapping(const struct remap *remap) {
    struct vma *vma = space_find(remap->space, remap->old_start);

    return vma && vma->start <= remap->old_start ? vma : NULL;
}

static int check_target(const struct remap *remap) {
    uint64_t from = remap->old_start, to = remap->new_address, end;

    if (!(remap->flags & MREMAP_FIXED))
        return 0;
    if (map_range(to, remap->new_length, &end) != 0)
        return -EINVAL;
    if (from + remap->old_length > to && to + remap->new_length > from)
        return -EINVAL;
    return map_is_too_low(to) ? -EPERM : 0;
}

/* Unmaps what the new length leaves over. */
static int cut_short(struct remap *remap) {
    uint64_t start = remap->old_start + remap->new_length, end;

    if (map_range(start, remap->old_length - remap->new_length, &end) != 0)
        return -EINVAL;
    remap->old_length = remap->new_length;
    return map_remove(remap->space, start, end, &remap->dead);
}

/* May this mapping become so long? */
static int check_growth(const struct remap *remap, const struct vma *vma) {
    if (remap->old_length == 0 && !(vma->flags & VMA_SHARED))
        return -EINVAL; /* only a shared mapping can be shown a second time */
    if (remap->old_length > vma->end - remap->old_start)
        return -EFAULT;
    if (remap->new_length == remap->old_length)
        return 0;
    if (vma->flags & VMA_SPECIAL)
        return -EFAULT;
    if (remap->new_length > USER_ADDRESS_END)
        return -ENOMEM;
    return map_check_limits(remap->space, (remap->new_length - remap->old_length) >> PAGE_SHIFT, 0, vma->flags);
}

static bool can_grow_in_place(const struct remap *remap, const struct vma *vma) {
    uint64_t old_end = remap->old_start + remap->old_length, new_end = remap->old_start + remap->new_length;

    return vma->end == old_end && new_end <= USER_ADDRESS_END && map_range_is_free(remap->space, old_end, new_end);
}

/* A mapping of the new length at `to` that shows what `vma` shows; linked. NULL: no memory. */
static struct vma *duplicate(const struct remap *remap, const struct vma *vma, uint64_t to) {
    struct vma *copy = vma_copy(vma, remap->space);

    if (!copy)
        return NULL;
    if (vma->object || vma->flags & VMA_SPECIAL)
        copy->object_offset = vma_object_index(vma, remap->old_start);
    copy->start = to;
    copy->end = to + remap->new_length;
    vma_link(copy);
    return copy;
}

/* Moves the entries; with the object's mappings held still, so that one that takes pages away finds each of them. */
static int move_entries(const struct vma *vma, uint64_t from, uint64_t to, uint64_t length) {
    if (vma->object)
        rwsem_write_lock(&vma->object->map_lock);
    int error = table_move(vma->space, from, to, length);
    if (error) {
        /* Every table of the old place is still there: moving back cannot fail. */
        int back = table_move(vma->space, to, from, length);
        ASSERT(back == 0);
    }
    if (vma->object)
        rwsem_write_unlock(&vma->object->map_lock);
    return error;
}

/* The old range as a mapping of its own, so that nothing is needed to take it away once its pages have moved. */
static struct vma *cut_out(const struct remap *remap, struct vma *vma) {
    struct space *space = remap->space;

    if (remap->old_length == 0 || remap->flags & MREMAP_DONTUNMAP)
        return vma;
    if (vma_split_at(space, remap->old_start) != 0 || vma_split_at(space, remap->old_start + remap->old_length) != 0)
        return NULL;
    return space_find(space, remap->old_start);
}

static int64_t move_mapping(struct remap *remap, struct vma *vma) {
    struct space *space = remap->space;
    uint64_t length = MIN(remap->old_length, remap->new_length);
    uint32_t fixed = remap->flags & MREMAP_FIXED ? (uint32_t)MAP_FIXED : 0;
    int64_t to = map_place(space, remap->new_address, remap->new_length, fixed);

    if (to < 0)
        return to;
    if (space->vma_count + 4 >= VMA_COUNT_MAX)
        return -ENOMEM;
    vma = cut_out(remap, vma);
    if (!vma)
        return -ENOMEM;
    int error = map_remove(space, (uint64_t)to, (uint64_t)to + remap->new_length, &remap->dead);
    if (error)
        return error;
    struct vma *copy = duplicate(remap, vma, (uint64_t)to);
    if (!copy)
        return -ENOMEM;
    error = move_entries(vma, remap->old_start, (uint64_t)to, length);
    if (error) {
        int back = map_remove(space, (uint64_t)to, (uint64_t)to + remap->new_length, &remap->dead);
        ASSERT(back == 0);
        return error;
    }
    (void)vma_merge(copy);
    if (remap->flags & MREMAP_DONTUNMAP)
        return to;
    error = map_remove(space, remap->old_start, remap->old_start + remap->old_length, &remap->dead);
    return error ? error : to;
}

static int64_t remap_locked(struct remap *remap) {
    uint64_t start = remap->old_start;
    bool must_move = remap->flags & (MREMAP_FIXED | MREMAP_DONTUNMAP);

    if (!old_mapping(remap))
        return -EFAULT;
    int error = must_move ? check_target(remap) : 0;
    if (!error && remap->old_length > remap->new_length)
        error = cut_short(remap);
    if (error)
        return error;
    if (!must_move && remap->new_length == remap->old_length)
        return (int64_t)start;
    struct vma *vma = old_mapping(remap);
    error = check_growth(remap, vma);
    if (error)
        return error;
    if (!must_move && remap->old_length && can_grow_in_place(remap, vma)) {
        vma_resize(vma, vma->start, start + remap->new_length);
        (void)vma_merge(vma);
        return (int64_t)start;
    }
    return remap->flags & MREMAP_MAYMOVE ? move_mapping(remap, vma) : -ENOMEM;
}

int64_t space_remap(struct space *space, uint64_t old_address, uint64_t old_length, uint64_t new_length,
                    uint32_t flags, uint64_t new_address) {
    struct remap remap = {
        .space = space,
        .old_start = old_address,
        .old_length = ALIGN_UP(old_length, PAGE_SIZE),
        .new_length = ALIGN_UP(new_length, PAGE_SIZE),
        .flags = flags,
        .new_address = flags & MREMAP_FIXED ? new_address : 0,
    };
    int error = check_arguments(&remap);

    if (error)
        return error;
    rwsem_write_lock(&space->lock);
    int64_t result = remap_locked(&remap);
    bool populate = result >= 0 && remap.new_length > remap.old_length &&
                    space_find(space, (uint64_t)result)->flags & VMA_LOCKED;
    rwsem_write_unlock(&space->lock);
    vma_destroy_chain(remap.dead);
    if (populate)
        (void)space_populate(space, (uint64_t)result, (uint64_t)result + remap.new_length, POPULATE_OWN);
    return result;
}
