/*
 * Page faults: how pages come into a space.
 *
 *   nothing there   anonymous: the zero page for a read, a zeroed page for a write
 *                   object:    its page, with up to 15 cached neighbours for a read;
 *                              a private write gets a copy at once
 *   read-only entry private:   reused if nobody else has it, else copied
 *                   shared:    the page is marked dirty and the entry made writable
 *
 * Locks: space->lock for reading (mappings stay), table_lock only while an entry is looked at or
 * changed. Pages are prepared without it; an entry that changed meanwhile means that another
 * thread resolved the fault, or that the access faults again.
 */
#include "kernel/vm/fault.h"

#include "kernel/task/task.h"
#include "kernel/vm/counts.h"
#include "kernel/vm/map.h"
#include "kernel/vm/object.h"
#include "kernel/vm/oom.h"
#include "kernel/vm/page_table.h"
#include "kernel/vm/tlb.h"
#include "lib/errno.h"
#include "lib/errptr.h"
#include "lib/string.h"

#define FAULT_AROUND_PAGES 16u

struct fault {
    struct vma *vma;
    uint64_t address; /* page aligned */
    unsigned flags;
    pte_t *pte;
};

#define ENTRY_WRITABLE (PTE_WRITE | PTE_DIRTY)

/* Puts `new` where `old` was; false if the entry is not `old` any more. */
static bool replace_entry(struct fault *fault, pte_t old, pte_t new) {
    struct space *space = fault->vma->space;

    spin_lock(&space->table_lock);
    bool same = *fault->pte == old;
    if (same)
        atomic_store(fault->pte, new);
    spin_unlock(&space->table_lock);
    return same;
}

/* The old page is out of the way: other CPUs must not see it any more. */
static void drop_replaced(struct fault *fault, pte_t old) {
    struct space *space = fault->vma->space;

    tlb_flush_page(space, fault->address);
    if (old & PTE_UNCOUNTED)
        return;
    struct page *page = phys_to_page(pte_phys(old));
    bool of_object = page->flags & PAGE_OBJECT;
    atomic_fetch_sub(of_object ? &space->resident_file : &space->resident_anon, 1);
    vm_count(file_mappings, of_object ? -1 : 0);
    page_put(page);
}

/* Replaces `old` by a private page: a copy of `source`, or zeros. */
static int give_private_page(struct fault *fault, const struct page *source, pte_t old) {
    struct vma *vma = fault->vma;
    struct page *page = page_alloc(0, PAGE_ALLOC_USER | (source ? 0u : PAGE_ALLOC_ZERO));

    if (!page)
        return -ENOMEM;
    if (source)
        memcpy(page_to_virt(page), page_to_virt(source), PAGE_SIZE);
    page_mark_anonymous(page);
    if (vma->object)
        vma->has_copies = true;
    if (!replace_entry(fault, old, page_to_phys(page) | table_bits(vma->flags) | ENTRY_WRITABLE)) {
        page_put(page);
        return 0;
    }
    atomic_fetch_add(&vma->space->resident_anon, 1);
    if (old)
        drop_replaced(fault, old);
    return 0;
}

static int fault_anonymous(struct fault *fault) {
    if (fault->flags & FAULT_WRITE)
        return give_private_page(fault, NULL, 0);
    (void)replace_entry(fault, 0, page_to_phys(page_zero_frame()) | table_bits(fault->vma->flags) | PTE_UNCOUNTED);
    return 0;
}

static int fault_special(struct fault *fault, pte_t old) {
    struct vma *vma = fault->vma;
    pte_t entry = vma_object_index(vma, fault->address) << PAGE_SHIFT;

    entry |= table_bits(vma->flags) | PTE_UNCOUNTED | (vma->flags & VMA_WRITE ? ENTRY_WRITABLE : 0);
    (void)replace_entry(fault, old, entry);
    return 0;
}

/* What a read fault may map an object's page with. */
static pte_t object_read_bits(const struct vma *vma) {
    pte_t bits = table_bits(vma->flags);

    if ((vma->flags & (VMA_SHARED | VMA_WRITE)) == (VMA_SHARED | VMA_WRITE) && !vma_tracks_dirty(vma))
        bits |= ENTRY_WRITABLE;
    return bits;
}

struct window {
    pte_t *pte; /* of the first page */
    uint64_t index;
    unsigned count, wanted; /* bit per page */
};

/* The aligned group of pages around the fault that lies within the mapping. One leaf table covers it. */
static struct window fault_window(const struct fault *fault) {
    const struct vma *vma = fault->vma;
    uint64_t start = ALIGN_DOWN(fault->address, FAULT_AROUND_PAGES * PAGE_SIZE);
    uint64_t end = MIN(start + FAULT_AROUND_PAGES * PAGE_SIZE, vma->end);

    start = MAX(start, vma->start);
    struct window window = {
        .pte = fault->pte - ((fault->address - start) >> PAGE_SHIFT),
        .index = vma_object_index(vma, start),
        .count = (unsigned)((end - start) >> PAGE_SHIFT),
    };
    for (unsigned i = 0; i < window.count; i++)
        if (window.pte[i] == 0)
            window.wanted |= 1u << i;
    return window;
}

/*
 * Maps the pages that are in the cache. A page that was truncated meanwhile has no object: it is
 * left out, since the truncation may have passed these tables already.
 */
static void map_around(struct fault *fault) {
    struct vm_object *object = fault->vma->object;
    struct space *space = fault->vma->space;
    struct page *pages[FAULT_AROUND_PAGES];
    struct window window = fault_window(fault);
    pte_t bits = object_read_bits(fault->vma);
    int64_t mapped = 0;

    uint32_t found = object_pages_cached(object, window.index, window.wanted, pages);
    spin_lock(&space->table_lock);
    for (uint32_t left = found; left; left &= left - 1) {
        unsigned i = (unsigned)__builtin_ctz(left);
        if (window.pte[i] != 0 || pages[i]->u.cache.object != object)
            continue;
        atomic_store(&window.pte[i], page_to_phys(pages[i]) | bits);
        found &= ~(1u << i);
        mapped++;
    }
    spin_unlock(&space->table_lock);
    for (; found; found &= found - 1)
        page_put(pages[__builtin_ctz(found)]);
    atomic_fetch_add(&space->resident_file, mapped);
    vm_count(file_mappings, mapped);
}

/* A write to a shared mapping. `old` is 0 or the read-only entry of this page. */
static int share_writable(struct fault *fault, struct page *page, pte_t old) {
    struct vma *vma = fault->vma;
    struct space *space = vma->space;

    spin_lock(&space->table_lock);
    if (*fault->pte == old && page->u.cache.object == vma->object) {
        atomic_store(fault->pte, page_to_phys(page) | table_bits(vma->flags) | ENTRY_WRITABLE);
        if (!old) {
            page_get(page);
            atomic_fetch_add(&space->resident_file, 1);
            vm_count(file_mappings, 1);
        }
    }
    spin_unlock(&space->table_lock);
    /* Last: a write-back in between would take the mark away and find nothing here to write-protect. */
    if (vma_tracks_dirty(vma))
        object_mark_dirty(vma->object, page);
    if (vma->object->ops->written)
        vma->object->ops->written(vma->object);
    return 0;
}

static int fault_object(struct fault *fault) {
    struct vma *vma = fault->vma;
    int error = 0;

    if (!(fault->flags & FAULT_WRITE)) {
        map_around(fault);
        if (*fault->pte)
            return 0;
    }
    struct page *page = object_page(vma->object, vma_object_index(vma, fault->address));
    if (IS_ERR(page))
        return PTR_ERR(page);
    if (!(fault->flags & FAULT_WRITE))
        map_around(fault);
    else if (vma->flags & VMA_SHARED)
        error = share_writable(fault, page, 0);
    else
        error = give_private_page(fault, page, 0);
    page_put(page);
    return error;
}

/* The page of an entry that was just seen, with a reference; NULL if the entry is another by now. */
static struct page *hold_page(struct fault *fault, pte_t entry) {
    struct space *space = fault->vma->space;
    struct page *page = NULL;

    spin_lock(&space->table_lock);
    if (*fault->pte == entry) {
        page = phys_to_page(pte_phys(entry));
        page_get(page);
    }
    spin_unlock(&space->table_lock);
    return page;
}

/* Nobody else can see the page: invariant 3 of page_table.h. */
static bool reuse_page(struct fault *fault, pte_t entry) {
    struct space *space = fault->vma->space;
    struct page *page = phys_to_page(pte_phys(entry));

    spin_lock(&space->table_lock);
    bool reused = *fault->pte == entry && !(page->flags & PAGE_OBJECT) && atomic_load(&page->refcount) == 1;
    if (reused)
        atomic_store(fault->pte, entry | ENTRY_WRITABLE);
    spin_unlock(&space->table_lock);
    return reused;
}

/* A write to private memory that is mapped read-only. */
static int copy_on_write(struct fault *fault, pte_t entry) {
    if (entry & PTE_UNCOUNTED)
        return give_private_page(fault, NULL, entry);
    if (reuse_page(fault, entry))
        return 0;
    struct page *page = hold_page(fault, entry);
    if (!page)
        return 0;
    int error = give_private_page(fault, page, entry);
    page_put(page);
    return error;
}

static int write_shared(struct fault *fault, pte_t entry) {
    struct page *page = hold_page(fault, entry);
    int error = 0;

    if (page) {
        error = share_writable(fault, page, entry);
        page_put(page);
    }
    return error;
}

static int fault_present(struct fault *fault, pte_t entry) {
    if (!(fault->flags & FAULT_WRITE) || entry & PTE_WRITE) {
        tlb_flush_page(fault->vma->space, fault->address); /* a stale translation, or resolved elsewhere */
        return 0;
    }
    if (fault->vma->flags & VMA_SPECIAL)
        return fault_special(fault, entry);
    return fault->vma->flags & VMA_SHARED ? write_shared(fault, entry) : copy_on_write(fault, entry);
}

/* Any access right makes a page readable: the hardware knows no other (SDM 3A §4.6.1). */
static bool access_allowed(const struct vma *vma, unsigned flags) {
    if (flags & FAULT_WRITE)
        return (vma->flags & VMA_WRITE) != 0;
    return (vma->flags & (flags & FAULT_EXECUTE ? (uint32_t)VMA_EXECUTE : VMA_ACCESS)) != 0;
}

int fault_in_page(struct vma *vma, uint64_t address, unsigned flags) {
    struct fault fault = {.vma = vma, .address = address & PAGE_MASK, .flags = flags};

    if (!access_allowed(vma, flags))
        return -EACCES;
    fault.pte = table_make(vma->space, address);
    if (!fault.pte)
        return -ENOMEM;
    pte_t entry = atomic_load(fault.pte);
    if (entry)
        return fault_present(&fault, entry);
    if (vma->object)
        return fault_object(&fault);
    return vma->flags & VMA_SPECIAL ? fault_special(&fault, 0) : fault_anonymous(&fault);
}

/* Extends a stack down to `address`: 0, or -EFAULT where it may not reach. Takes the lock for writing. */
static int grow_stack(struct space *space, uint64_t address) {
    uint64_t start = address & PAGE_MASK;
    int error = -EFAULT;

    rwsem_write_lock(&space->lock);
    struct vma *vma = space_find(space, address);
    if (vma && vma->start <= address) {
        error = 0;
    } else if (vma && vma->flags & VMA_GROWS_DOWN && vma->end - start <= rlimit_current(RLIMIT_STACK)) {
        struct vma *prev = vma_prev(vma);
        bool clear = !prev || prev->end + STACK_GUARD_GAP <= start || prev->flags & VMA_GROWS_DOWN;
        uint64_t pages = (vma->start - start) >> PAGE_SHIFT;
        if (clear && start >= MAP_LOW && map_check_limits(space, pages, 0, vma->flags) == 0) {
            vma_resize(vma, start, vma->end);
            error = 0;
        }
    }
    rwsem_write_unlock(&space->lock);
    return error;
}

static int fault_once(struct space *space, uint64_t address, unsigned flags) {
    for (;;) {
        rwsem_read_lock(&space->lock);
        struct vma *vma = space_find(space, address);
        if (likely(vma && vma->start <= address)) {
            int error = fault_in_page(vma, address, flags);
            rwsem_read_unlock(&space->lock);
            return error;
        }
        bool may_grow = vma && vma->flags & VMA_GROWS_DOWN;
        rwsem_read_unlock(&space->lock);
        if (!may_grow)
            return -EFAULT;
        int error = grow_stack(space, address);
        if (error)
            return error;
    }
}

int vm_fault(uint64_t address, unsigned flags) {
    struct task *task = current_task();
    int error;

    if (!task->space || address >= USER_ADDRESS_END)
        return -EFAULT;
    task->minor_faults++;
    vm_count(faults, 1);
    do
        error = fault_once(task->space, address, flags);
    while (error == -ENOMEM && oom_relieve());
    return error;
}

int space_insert_page(struct space *space, uint64_t address, struct page *page) {
    pte_t *pte = table_make(space, address);
    struct vma *vma = space_find(space, address);

    ASSERT(vma && vma->start <= address && !vma->object);
    if (!pte)
        return -ENOMEM;
    ASSERT(*pte == 0);
    page_mark_anonymous(page);
    *pte = page_to_phys(page) | table_bits(vma->flags) | ENTRY_WRITABLE;
    space->resident_anon++;
    return 0;
}
