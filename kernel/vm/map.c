/* mmap, munmap and brk. */
#include "kernel/vm/map.h"

#include "kernel/mm/page.h"
#include "kernel/sched/thread.h"
#include "kernel/task/cred.h"
#include "kernel/task/rlimit.h"
#include "kernel/vm/commit.h"
#include "kernel/vm/object.h"
#include "kernel/vm/page_table.h"
#include "lib/errno.h"

#define MAP_32BIT_START (1ull << 30) /* mmap(2): where MAP_32BIT looks for room; a hint may lie below */
#define MAP_32BIT_END (1ull << 31)

int map_range(uint64_t address, uint64_t length, uint64_t *end) {
    if (address & (PAGE_SIZE - 1) || address > USER_ADDRESS_END || length > USER_ADDRESS_END - address)
        return -EINVAL;
    *end = address + ALIGN_UP(length, PAGE_SIZE);
    return 0;
}

int map_span(uint64_t address, uint64_t length, uint64_t *end) {
    uint64_t rounded = ALIGN_UP(length, PAGE_SIZE);

    *end = address + rounded;
    if (address & (PAGE_SIZE - 1))
        return -EINVAL;
    return (length != 0 && rounded == 0) || *end < address ? -EOVERFLOW : 0;
}

bool map_range_is_free(struct space *space, uint64_t start, uint64_t end) {
    struct vma *vma = space_find(space, start);

    if (!vma)
        return true;
    return end + (vma->flags & VMA_GROWS_DOWN ? STACK_GUARD_GAP : 0) <= vma->start;
}

/* Kernel threads (tests) have no process and no limits. */
static uint64_t limit_of(enum rlimit_resource resource) {
    return current_thread()->mmu ? rlimit_current(resource) : RLIM_INFINITY;
}

int map_check_limits(struct space *space, uint64_t pages, uint64_t replaced_pages, uint32_t vma_flags) {
    uint64_t more = pages - MIN(pages, replaced_pages);

    if (space->total_pages + more > limit_of(RLIMIT_AS) >> PAGE_SHIFT)
        return -ENOMEM;
    if ((vma_flags & (VMA_WRITE | VMA_SHARED)) == VMA_WRITE &&
        space->data_pages + more > limit_of(RLIMIT_DATA) >> PAGE_SHIFT)
        return -ENOMEM;
    if (vma_flags & VMA_LOCKED && space->locked_pages + pages > limit_of(RLIMIT_MEMLOCK) >> PAGE_SHIFT &&
        !cred_has(current_cred(), CAP_IPC_LOCK))
        return -EAGAIN;
    return vma_flags & VMA_ACCOUNT && !commit_allows(space, pages) ? -ENOMEM : 0;
}

bool map_is_too_low(uint64_t address) {
    bool privileged = !current_thread()->mmu || cred_has(current_cred(), CAP_SYS_RAWIO);

    return address < (privileged ? USER_ADDRESS_MIN : MAP_LOW);
}

static int64_t place_fixed(struct space *space, uint64_t address, uint64_t length, uint32_t flags) {
    if (address & (PAGE_SIZE - 1))
        return -EINVAL;
    if (address > USER_ADDRESS_END || length > USER_ADDRESS_END - address)
        return -ENOMEM;
    if (map_is_too_low(address))
        return -EPERM;
    if (flags & MAP_FIXED_NOREPLACE) {
        struct vma *vma = space_find(space, address);
        if (vma && vma->start < address + length)
            return -EEXIST;
    }
    return (int64_t)address;
}

int64_t map_place(struct space *space, uint64_t hint, uint64_t length, uint32_t flags) {
    if (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE))
        return place_fixed(space, hint, length, flags);
    bool in_32bit = flags & MAP_32BIT;
    uint64_t low = in_32bit ? MAP_32BIT_START : MAP_LOW, high = in_32bit ? MAP_32BIT_END : space->mmap_top;
    uint64_t hint_end = in_32bit ? MAP_32BIT_END : USER_ADDRESS_END;

    hint = hint > hint_end ? 0 : ALIGN_UP(hint, PAGE_SIZE);
    if (hint >= MAP_LOW && hint < hint_end && length <= hint_end - hint &&
        map_range_is_free(space, hint, hint + length))
        return (int64_t)hint;
    uint64_t found = vma_tree_find_gap(space, length, low, high);
    if (!found && !in_32bit)
        found = vma_tree_find_gap(space, length, MAP_LOW, USER_ADDRESS_END);
    return found ? (int64_t)found : -ENOMEM;
}

/* Known flags of each type; MAP_SHARED and MAP_PRIVATE ignore others, as they always did. */
static int64_t flags_from_map(uint32_t prot, uint32_t flags) {
    const uint32_t known = MAP_TYPE | MAP_FIXED | MAP_ANONYMOUS | MAP_32BIT | MAP_GROWSDOWN | MAP_DENYWRITE |
                           MAP_EXECUTABLE | MAP_LOCKED | MAP_NORESERVE | MAP_POPULATE | MAP_NONBLOCK |
                           MAP_STACK | MAP_HUGETLB | MAP_FIXED_NOREPLACE;
    uint32_t vma_flags = vma_flags_from_prot(prot) | VMA_MAY_READ | VMA_MAY_WRITE | VMA_MAY_EXECUTE;
    uint32_t type = flags & MAP_TYPE;

    if (type != MAP_SHARED && type != MAP_PRIVATE && type != MAP_SHARED_VALIDATE)
        return -EINVAL;
    if (type == MAP_SHARED_VALIDATE && (flags & ~known || flags & MAP_ANONYMOUS))
        return flags & MAP_ANONYMOUS ? -EINVAL : -EOPNOTSUPP;
    if (flags & MAP_HUGETLB) /* there are no huge pages, and no files of them */
        return flags & MAP_ANONYMOUS ? -ENOMEM : -EINVAL;
    if (type != MAP_PRIVATE)
        vma_flags |= VMA_SHARED;
    if (flags & MAP_GROWSDOWN) {
        if (vma_flags & VMA_SHARED || !(flags & MAP_ANONYMOUS))
            return -EINVAL;
        vma_flags |= VMA_GROWS_DOWN;
    }
    return vma_flags | (flags & MAP_LOCKED ? VMA_LOCKED : 0u) | (flags & MAP_NORESERVE ? VMA_NO_RESERVE : 0u);
}

/* What the mapping shows: a file's object, or new shared memory. */
static int attach_contents(struct vma *vma, struct file *file, uint64_t offset) {
    return file ? vma_attach_file(vma, file, offset >> PAGE_SHIFT) : vma_attach_shared_memory(vma);
}

/* Private anonymous memory with these flags, as most is. */
static bool is_plain(const struct vma *vma, uint32_t flags) {
    return vma && vma->flags == flags && !vma->object && !vma->file && !vma->policy;
}

/* Links plain memory at [start, end), as part of a neighbour if there is an equal one. 0 or -ENOMEM. */
static int link_plain(struct space *space, uint64_t start, uint64_t end, uint32_t flags) {
    struct vma *next = space_find(space, start);
    struct vma *prev = next ? vma_prev(next) : space_last(space);

    if (is_plain(prev, flags) && prev->end == start) {
        vma_resize(prev, prev->start, end);
        (void)vma_merge(prev);
        return 0;
    }
    if (is_plain(next, flags) && next->start == end) {
        vma_resize(next, start, next->end);
        return 0;
    }
    struct vma *vma = space->vma_count < VMA_COUNT_MAX ? vma_create(space, start, end, flags) : NULL;
    if (!vma)
        return -ENOMEM;
    vma_link(vma);
    return 0;
}

static int link_prepared(struct space *space, struct vma *vma, uint64_t start) {
    if (space->vma_count >= VMA_COUNT_MAX)
        return -ENOMEM;
    vma->end += start - vma->start;
    vma->start = start;
    vma_link(vma);
    (void)vma_merge(vma);
    return 0;
}

/* mlock(2): a limit of 0 forbids it to the unprivileged. */
static bool may_lock(void) {
    return limit_of(RLIMIT_MEMLOCK) != 0 || cred_has(current_cred(), CAP_IPC_LOCK);
}

struct map_request {
    uint64_t hint, length;
    uint32_t map_flags, vma_flags;
    struct vma *prepared; /* [0, length); NULL: plain memory */
};

/* Pages of mappings within [start, end). */
static uint64_t mapped_pages(struct space *space, uint64_t start, uint64_t end) {
    uint64_t pages = 0;

    for (const struct vma *vma = space_find(space, start); vma && vma->start < end; vma = vma_next(vma))
        pages += (MIN(end, vma->end) - MAX(start, vma->start)) >> PAGE_SHIFT;
    return pages;
}

/* Finds the place, makes room, links. What was there goes only if nothing refuses the new mapping. Lock held. */
static int64_t insert_mapping(struct space *space, const struct map_request *request, struct vma **dead) {
    int64_t place = map_place(space, request->hint, request->length, request->map_flags);

    if (place < 0)
        return place;
    uint64_t start = (uint64_t)place, end = start + request->length;
    bool replaces = request->map_flags & MAP_FIXED;
    int error = map_check_limits(space, request->length >> PAGE_SHIFT, replaces ? mapped_pages(space, start, end) : 0,
                                 request->vma_flags);
    if (!error && space->vma_count >= VMA_COUNT_MAX)
        error = -ENOMEM;
    if (!error && replaces)
        error = map_remove(space, start, end, dead);
    if (!error)
        error = request->prepared ? link_prepared(space, request->prepared, start)
                                  : link_plain(space, start, end, request->vma_flags);
    return error ? error : place;
}

/* The mapping of a file or of shared memory. NULL: *error says why. */
static struct vma *prepare_mapping(struct space *space, uint64_t length, uint32_t vma_flags, struct file *file,
                                   uint64_t offset, int *error) {
    struct vma *vma = vma_create(space, 0, length, vma_flags);

    *error = vma ? attach_contents(vma, file, offset) : -ENOMEM;
    if (*error && vma) {
        vma_destroy(vma);
        vma = NULL;
    }
    return vma;
}

int64_t space_map(struct space *space, uint64_t address, uint64_t length, uint32_t prot, uint32_t flags,
                  struct file *file, uint64_t offset) {
    int64_t vma_flags = flags_from_map(prot, flags);
    struct vma *dead = NULL;
    int error = 0;

    if (vma_flags < 0)
        return vma_flags;
    if (length == 0 || offset & (PAGE_SIZE - 1))
        return -EINVAL;
    if (length > USER_ADDRESS_END)
        return -ENOMEM;
    length = ALIGN_UP(length, PAGE_SIZE);
    if (file && (offset + length < offset || offset + length > INT64_MAX))
        return -EOVERFLOW;
    struct map_request request = {.hint = address, .length = length, .map_flags = flags,
                                  .vma_flags = commit_flags((uint32_t)vma_flags) | space->lock_future};
    if (flags & MAP_LOCKED && !may_lock())
        return -EPERM;
    /* The file's locks come before the space's: ask it first. */
    if (file || vma_flags & VMA_SHARED)
        request.prepared = prepare_mapping(space, length, request.vma_flags, file, offset, &error);
    if (error)
        return error;

    rwsem_write_lock(&space->lock);
    int64_t result = insert_mapping(space, &request, &dead);
    rwsem_write_unlock(&space->lock);
    if (result < 0 && request.prepared)
        vma_destroy(request.prepared);
    vma_destroy_chain(dead);
    /* mmap succeeds even if not every page can be had now. */
    if (result >= 0 && (request.vma_flags & VMA_LOCKED || (flags & MAP_POPULATE && !(flags & MAP_NONBLOCK))))
        (void)space_populate(space, (uint64_t)result, (uint64_t)result + length, POPULATE_OWN);
    return result;
}

/* The one shared mapping that [start, end) lies in; NULL: there is none, or it is of device memory. Lock held. */
static struct vma *shared_mapping(struct space *space, uint64_t start, uint64_t end) {
    struct vma *vma = space_find(space, start);
    bool fits = vma && vma->start <= start && end <= vma->end;
    return fits && vma->object && (vma->flags & (VMA_SHARED | VMA_SPECIAL)) == VMA_SHARED ? vma : NULL;
}

int space_show_other_pages(struct space *space, uint64_t start, uint64_t length, uint64_t page_index) {
    struct vma *dead = NULL, *moved = NULL;
    uint64_t end = start + length;
    int error = -EINVAL;

    rwsem_write_lock(&space->lock);
    struct vma *vma = shared_mapping(space, start, end);
    if (vma && page_index + (length >> PAGE_SHIFT) > INT64_MAX >> PAGE_SHIFT) {
        error = -EOVERFLOW; /* beyond any file */
    } else if (vma) {
        moved = vma_copy(vma, space);
        error = moved ? 0 : -ENOMEM;
    }
    if (!error) {
        moved->start = start;
        moved->end = end;
        moved->object_offset = page_index;
        error = map_remove(space, start, end, &dead);
    }
    if (!error)
        error = link_prepared(space, moved, start);
    rwsem_write_unlock(&space->lock);
    if (error && moved)
        vma_destroy(moved);
    vma_destroy_chain(dead);
    return error;
}

/* Takes a part at one end off a mapping. False: the range is not of that kind. */
static bool trim_mapping(struct vma *vma, uint64_t start, uint64_t end) {
    if (vma->start == start && end < vma->end)
        vma_resize(vma, end, vma->end);
    else if (vma->start < start && end == vma->end)
        vma_resize(vma, vma->start, start);
    else
        return false;
    return true;
}

/* Unlinks all mappings from `vma` to `end`, which is no mapping's inside, onto the chain. Returns the next one. */
static struct vma *unlink_mappings(struct vma *vma, uint64_t end, struct vma **dead) {
    while (vma && vma->start < end) {
        struct vma *next = vma_next(vma);
        vma_unlink(vma);
        vma->free_next = *dead;
        *dead = vma;
        vma = next;
    }
    return vma;
}

int map_remove(struct space *space, uint64_t start, uint64_t end, struct vma **dead) {
    struct vma *first = space_find(space, start), *next;

    if (!first || first->start >= end)
        return 0;
    if (trim_mapping(first, start, end)) {
        next = space_find(space, start);
    } else {
        if (first->start < start) {
            if (vma_split_at(space, start) != 0)
                return -ENOMEM;
            first = vma_next(first);
        }
        if (first->end != end && vma_split_at(space, end) != 0)
            return -ENOMEM;
        next = unlink_mappings(first, end, dead);
    }
    struct vma *prev = next ? vma_prev(next) : space_last(space);
    table_release(space, start, end, prev ? prev->end : 0, next ? next->start : USER_ADDRESS_END + PAGE_SIZE);
    return 0;
}

int space_unmap(struct space *space, uint64_t address, uint64_t length) {
    struct vma *dead = NULL;
    uint64_t end;

    if (length == 0 || map_range(address, length, &end) != 0)
        return -EINVAL;
    rwsem_write_lock(&space->lock);
    int error = map_remove(space, address, end, &dead);
    rwsem_write_unlock(&space->lock);
    vma_destroy_chain(dead);
    return error;
}

#define HEAP_FLAGS (VMA_READ | VMA_WRITE | VMA_MAY_READ | VMA_MAY_WRITE | VMA_MAY_EXECUTE | VMA_HEAP | VMA_ACCOUNT)

static int grow_heap(struct space *space, uint64_t old_end, uint64_t new_end) {
    uint32_t flags = HEAP_FLAGS | space->lock_future;
    uint64_t data = new_end - space->brk_start + (space->data_end - space->data_start);
    struct vma *heap = space_find(space, old_end - 1);

    if (data > limit_of(RLIMIT_DATA) || new_end > USER_ADDRESS_END ||
        !map_range_is_free(space, old_end, new_end))
        return -ENOMEM;
    int error = map_check_limits(space, (new_end - old_end) >> PAGE_SHIFT, 0, flags);
    if (error)
        return error;
    if (heap && heap->end == old_end && heap->flags == flags && !heap->policy) {
        vma_resize(heap, heap->start, new_end);
        return 0;
    }
    heap = space->vma_count < VMA_COUNT_MAX ? vma_create(space, old_end, new_end, flags) : NULL;
    if (!heap)
        return -ENOMEM;
    vma_link(heap);
    return 0;
}

uint64_t space_brk(struct space *space, uint64_t brk) {
    struct vma *dead = NULL;
    uint64_t populate_end = 0;

    rwsem_write_lock(&space->lock);
    uint64_t result = space->brk, old_end = ALIGN_UP(space->brk, PAGE_SIZE);
    if (brk >= space->brk_start && brk <= USER_ADDRESS_END) {
        uint64_t new_end = ALIGN_UP(brk, PAGE_SIZE);
        int error = 0;
        if (new_end < old_end)
            error = map_remove(space, new_end, old_end, &dead);
        else if (new_end > old_end)
            error = grow_heap(space, old_end, new_end);
        if (!error) {
            result = space->brk = brk;
            populate_end = space->lock_future ? new_end : 0;
        }
    }
    rwsem_write_unlock(&space->lock);
    vma_destroy_chain(dead);
    if (populate_end > old_end)
        (void)space_populate(space, old_end, populate_end, POPULATE_OWN);
    return result;
}
