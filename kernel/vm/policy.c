/* Memory policies of mappings: kept, and told. There is one node, so they change nothing. */
#include "kernel/vm/vma.h"
#include "lib/errno.h"

/* Is all of [start, end) mapped? Lock held. */
static bool is_mapped(struct space *space, uint64_t start, uint64_t end) {
    const struct vma *vma = space_find(space, start);

    while (vma && vma->start <= start && vma->end < end) {
        start = vma->end;
        vma = vma_next(vma);
    }
    return vma && vma->start <= start;
}

/* Gives it to the part of the mapping at `start` below `end`. Where that ends, or -ENOMEM. Lock held for writing. */
static int64_t set_part(struct space *space, uint64_t start, uint64_t end, uint16_t policy) {
    struct vma *vma = space_find(space, start);

    end = MIN(end, vma->end);
    if (vma->policy == policy)
        return (int64_t)end;
    if (vma_split_at(space, start) != 0 || vma_split_at(space, end) != 0)
        return -ENOMEM;
    vma = space_find(space, start);
    vma->policy = policy;
    (void)vma_merge(vma);
    return (int64_t)end;
}

int space_set_policy(struct space *space, uint64_t start, uint64_t end, uint16_t policy) {
    int64_t done = (int64_t)start;

    rwsem_write_lock(&space->lock);
    if (!is_mapped(space, start, end))
        done = -EFAULT;
    while (done >= 0 && (uint64_t)done < end)
        done = set_part(space, (uint64_t)done, end, policy);
    rwsem_write_unlock(&space->lock);
    return done < 0 ? (int)done : 0;
}

int space_policy(struct space *space, uint64_t address) {
    rwsem_read_lock(&space->lock);
    const struct vma *vma = space_find(space, address);
    int policy = vma && vma->start <= address ? vma->policy : -EFAULT;
    rwsem_read_unlock(&space->lock);
    return policy;
}
