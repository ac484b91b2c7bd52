/*
 * Address spaces: birth, copying at fork, death. What is mapped in them is changed in map.c,
 * protect.c, remap.c and advise.c; pages arrive in fault.c.
 */
#include "kernel/vm/space.h"

#include "kernel/log/panic.h"
#include "kernel/mm/page.h"
#include "kernel/mm/slab.h"
#include "kernel/sched/sched.h"
#include "kernel/task/task.h"
#include "kernel/vm/object.h"
#include "kernel/vm/object_map.h"
#include "kernel/vm/oom.h"
#include "kernel/vm/page_table.h"
#include "kernel/vm/tlb.h"
#include "kernel/vm/commit.h"
#include "kernel/vm/counts.h"
#include "kernel/vm/vma.h"
#include "lib/errno.h"
#include "lib/string.h"

DEFINE_LOCK_CLASS(space_lock_class, "space");
DEFINE_LOCK_CLASS(table_lock_class, "page tables");

static struct slab_cache *space_cache;

void space_init(void) {
    space_cache = slab_cache_create("space", sizeof(struct space), 0, NULL);
    vma_init();
    object_cache_init();
    oom_init();
    page_get(page_zero_frame()); /* for ever: borrowed references never drop it to zero */
}

struct space *space_create(void) {
    struct space *space = slab_alloc_zero(space_cache);

    if (!space)
        return NULL;
    space->mmu.root_phys = table_root_alloc();
    if (!space->mmu.root_phys) {
        slab_free(space_cache, space);
        return NULL;
    }
    refcount_init(&space->refcount, 1);
    rwsem_init(&space->lock, space_lock_class);
    spin_init(&space->table_lock, table_lock_class);
    space->mmap_top = USER_ADDRESS_END;
    return space;
}

void space_get(struct space *space) {
    refcount_get(&space->refcount);
}

/* Children first: a freed node is not looked at again. */
static void destroy_subtree(struct rb_node *node) {
    if (!node)
        return;
    struct vma *vma = container_of(node, struct vma, node);

    destroy_subtree(node->child[RB_LEFT]);
    destroy_subtree(node->child[RB_RIGHT]);
    if (vma->object) {
        rwsem_write_lock(&vma->object->map_lock);
        object_map_remove(vma->object, vma);
        rwsem_write_unlock(&vma->object->map_lock);
    }
    vma_destroy(vma);
}

/* Late: others may be looking at the counters. */
static void free_space(struct rcu_head *rcu) {
    slab_free(space_cache, container_of(rcu, struct space, rcu));
}

static void space_destroy(struct space *space) {
    ASSERT(atomic_load(&space->mmu.active_cpus) == 0);
    table_release_all(space);
    vm_count(promised_pages, -(int64_t)space->promised_pages);
    destroy_subtree(space->vmas.top);
    ASSERT(space->table_pages == 0 && space->resident_anon == 0);
    table_root_free(space->mmu.root_phys);
    space_set_executable(space, NULL);
    rcu_defer(&space->rcu, free_space);
}

void space_put(struct space *space) {
    if (!refcount_put(&space->refcount))
        return;
    /* The running thread may have just left the space, or be a kernel thread that borrows its tables. */
    if (atomic_load(&space->mmu.active_cpus) & BIT(cpu_id()))
        sched_use_mmu(NULL);
    tlb_forget_space(space);
    space_destroy(space);
}

void space_install(struct space *space) {
    struct task *task = current_task();
    struct space *old = task->space;

    rcu_assign(task->space, space); /* /proc looks at it without a lock */
    sched_use_mmu(space ? &space->mmu : NULL);
    if (old)
        space_put(old);
}

static void copy_layout(struct space *child, const struct space *parent) {
    child->mmap_top = parent->mmap_top;
    child->brk_start = parent->brk_start;
    child->brk = parent->brk;
    child->code_start = parent->code_start;
    child->code_end = parent->code_end;
    child->data_start = parent->data_start;
    child->data_end = parent->data_end;
    child->stack_start = parent->stack_start;
    child->arguments_start = parent->arguments_start;
    child->arguments_end = parent->arguments_end;
    child->environment_start = parent->environment_start;
    child->environment_end = parent->environment_end;
    child->membarrier_commands = parent->membarrier_commands;
    child->no_huge_pages = parent->no_huge_pages;
    memcpy(child->auxv, parent->auxv, sizeof child->auxv);
    space_set_executable(child, parent->executable);
}

/* What a fault can bring back needs no copying: shared mappings, and files without private copies. */
static bool has_private_pages(const struct vma *vma) {
    if (vma->flags & (VMA_SHARED | VMA_SPECIAL | VMA_WIPE_ON_FORK))
        return false;
    return !vma->object || vma->has_copies;
}

static int fork_mapping(struct space *child, struct space *parent, struct vma *vma) {
    if (vma->flags & VMA_DONT_FORK)
        return 0;
    struct vma *copy = vma_copy(vma, child);
    if (!copy)
        return -ENOMEM;
    copy->flags &= ~(uint32_t)VMA_LOCK;
    if (copy->flags & VMA_ACCOUNT && !commit_allows(parent, vma_pages(vma))) {
        vma_destroy(copy);
        return -ENOMEM;
    }
    vma_link_copy(copy, vma);
    return has_private_pages(vma) ? table_copy(child, parent, vma) : 0;
}

struct space *space_fork(struct space *parent) {
    struct space *child = space_create();
    int error = 0;

    if (!child)
        return NULL;
    rwsem_write_lock(&parent->lock);
    copy_layout(child, parent);
    for (struct vma *vma = space_find(parent, 0); vma && !error; vma = vma_next(vma))
        error = fork_mapping(child, parent, vma);
    tlb_flush_range(parent, 0, USER_ADDRESS_END);
    rwsem_write_unlock(&parent->lock);
    if (error) {
        space_put(child);
        return NULL;
    }
    return child;
}
