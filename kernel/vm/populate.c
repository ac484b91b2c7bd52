/* Bringing pages in without a fault: populating ranges, and access to other spaces. */
#include "kernel/vm/fault.h"
#include "kernel/vm/object.h"
#include "kernel/vm/oom.h"
#include "kernel/vm/page_table.h"
#include "kernel/vm/vma.h"
#include "lib/errno.h"
#include "lib/string.h"

static unsigned populate_flags(const struct vma *vma, enum populate how) {
    bool own = (vma->flags & (VMA_WRITE | VMA_SHARED)) == VMA_WRITE;

    return how == POPULATE_WRITE || (how == POPULATE_OWN && own) ? (unsigned)FAULT_WRITE : 0;
}

/* As much of [*start, end) as one mapping holds. */
static int populate_mapping(struct space *space, uint64_t *start, uint64_t end, enum populate how) {
    int error = 0;

    rwsem_read_lock(&space->lock);
    struct vma *vma = space_find(space, *start);
    if (!vma || vma->start > *start)
        error = -ENOMEM;
    else if (how == POPULATE_READ && !(vma->flags & VMA_READ)) /* the CPU would: what may be written can be read */
        error = -EACCES;
    else if (how == POPULATE_OWN && vma->flags & VMA_LOCK_ON_FAULT)
        *start = MIN(end, vma->end);
    while (!error && *start < MIN(end, vma->end)) {
        error = fault_in_page(vma, *start, populate_flags(vma, how));
        if (!error)
            *start += PAGE_SIZE;
    }
    rwsem_read_unlock(&space->lock);
    return error;
}

int space_populate(struct space *space, uint64_t start, uint64_t end, enum populate how) {
    int error = 0;

    while (start < end && !error)
        error = populate_mapping(space, &start, end, how);
    return error;
}

struct page *space_page(struct space *space, uint64_t address, bool write) {
    struct page *page = NULL;

    rwsem_read_lock(&space->lock);
    struct vma *vma = space_find(space, address);
    bool usable = vma && vma->start <= address && !(vma->flags & VMA_SPECIAL);
    if (usable && fault_in_page(vma, address, write ? FAULT_WRITE : 0) == 0) {
        pte_t *pte = table_find(space, address);
        spin_lock(&space->table_lock);
        if (*pte & PTE_PRESENT && (!write || *pte & PTE_WRITE)) {
            page = phys_to_page(pte_phys(*pte));
            page_get(page);
        }
        spin_unlock(&space->table_lock);
    }
    rwsem_read_unlock(&space->lock);
    return page;
}

static int64_t access(struct space *space, uint64_t address, char *kernel, size_t size, bool write) {
    size_t done = 0;

    while (done < size && address + done < USER_ADDRESS_END) {
        uint64_t at = address + done;
        size_t offset = at & (PAGE_SIZE - 1), chunk = MIN(size - done, PAGE_SIZE - offset);
        struct page *page = space_page(space, at, write);
        if (!page)
            break;
        char *memory = (char *)page_to_virt(page) + offset;
        if (write)
            memcpy(memory, kernel + done, chunk);
        else
            memcpy(kernel + done, memory, chunk);
        page_put(page);
        done += chunk;
    }
    return (int64_t)done;
}

int64_t space_read(struct space *space, uint64_t address, void *to, size_t size) {
    return access(space, address, to, size, false);
}

int64_t space_write(struct space *space, uint64_t address, const void *from, size_t size) {
    return access(space, address, (char *)(uintptr_t)from, size, true);
}
