/*
 * /proc/PID/pagemap: eight bytes for each page of an address space, from address 0 on. Frame numbers are told to
 * CAP_SYS_ADMIN alone. No change of a page is remembered: the soft-dirty bit is always clear.
 * Format: Linux's admin-guide/mm/pagemap.
 */
#include "fs/procfs/process.h"

#include "fs/vfs/file.h"
#include "kernel/vm/page_table.h"
#include "kernel/vm/space.h"
#include "lib/errno.h"

#define ENTRY_SIZE 8u
#define ENTRIES_MAX 64u /* looked up between two copies to the program */

enum entry_bit { ENTRY_EXCLUSIVE = 56, ENTRY_FILE = 61, ENTRY_PRESENT = 63 };
#define ENTRY_FRAME_BITS ((1ull << 55) - 1)

static uint64_t entry_of(pte_t pte, bool shows_frames) {
    const struct page *page = pte & PTE_UNCOUNTED ? NULL : phys_to_page(pte_phys(pte));
    uint64_t entry = BIT(ENTRY_PRESENT);

    if (page && !(atomic_load_relaxed(&page->flags) & PAGE_ANONYMOUS))
        entry |= BIT(ENTRY_FILE);
    if (page && proc_page_sharers(page) == 1)
        entry |= BIT(ENTRY_EXCLUSIVE);
    return shows_frames ? entry | ((pte_phys(pte) >> PAGE_SHIFT) & ENTRY_FRAME_BITS) : entry;
}

/* Of `count` pages from `address` on. */
static void look_up(struct space *space, uint64_t address, uint64_t count, bool shows_frames, uint64_t *entries) {
    rwsem_read_lock(&space->lock);
    for (uint64_t i = 0; i < count; i++) {
        const pte_t *found = table_find(space, address + (i << PAGE_SHIFT));
        pte_t pte = found ? atomic_load_relaxed(found) : 0;
        entries[i] = pte ? entry_of(pte, shows_frames) : 0;
    }
    rwsem_read_unlock(&space->lock);
}

static int64_t copy_entries(struct space *space, struct file *file, struct io_buffer *buffer, uint64_t *position) {
    uint64_t entries[ENTRIES_MAX];
    int64_t total = 0;

    while (buffer->remaining > 0 && *position < (USER_ADDRESS_END >> PAGE_SHIFT) * ENTRY_SIZE) {
        uint64_t first = *position / ENTRY_SIZE, left = (USER_ADDRESS_END >> PAGE_SHIFT) - first;
        uint64_t wanted = MIN(buffer->remaining / ENTRY_SIZE, (uint64_t)ENTRIES_MAX), count = MIN(wanted, left);
        look_up(space, first << PAGE_SHIFT, count, file->private != NULL, entries);
        size_t copied = io_copy_to(buffer, entries, count * ENTRY_SIZE);
        *position += copied;
        total += (int64_t)copied;
        if (copied < count * ENTRY_SIZE)
            return total > 0 ? total : -EFAULT;
    }
    return total;
}

static int64_t pagemap_read(struct file *file, struct io_buffer *buffer, uint64_t *position) {
    if (*position % ENTRY_SIZE != 0 || buffer->remaining % ENTRY_SIZE != 0)
        return -EINVAL;
    struct space *space = proc_space(proc_node_of(file->inode));
    if (!space)
        return 0;
    int64_t result = copy_entries(space, file, buffer, position);
    space_put(space);
    return result;
}

static int pagemap_open(struct inode *inode, struct file *file) {
    /* Whoever opened it decides, whoever reads. */
    file->private = cred_has(current_cred(), CAP_SYS_ADMIN) ? file : NULL;
    return proc_may_look(proc_node_of(inode));
}

/* There is no end to count from. */
static int64_t pagemap_seek(struct file *file, int64_t offset, int whence) {
    bool is_place = whence == 0 || whence == 1; /* SEEK_SET, SEEK_CUR */
    return is_place ? file_seek_sized(file, offset, whence, 0) : -EINVAL;
}

const struct file_ops proc_pagemap_file_ops = {.open = pagemap_open, .read = pagemap_read, .seek = pagemap_seek};
