/* /proc/PID/smaps and smaps_rollup (proc(5)): which pages of each mapping are in memory, and whose. */
#include "fs/procfs/process.h"

#include "kernel/vm/page_table.h"
#include "kernel/vm/vma.h"
#include "lib/errno.h"
#include "lib/string.h"

#define KIB(bytes) ((unsigned long long)((bytes) / 1024))
#define PSS_SHIFT 12u /* fractions of a byte, as on Linux, so that thirds add up */

struct usage { /* bytes */
    uint64_t size, resident, proportional, shared_clean, shared_dirty, private_clean, private_dirty, referenced, anonymous, locked;
};

void proc_each_page(const struct vma *vma, void (*visit)(pte_t entry, const struct page *page, void *context),
                    void *context) {
    for (uint64_t address = vma->start; address < vma->end;) {
        const pte_t *pte = table_find(vma->space, address);
        if (!pte) {
            address = ALIGN_DOWN(address, LEAF_SPAN) + LEAF_SPAN;
            continue;
        }
        pte_t entry = atomic_load_relaxed(pte);
        if (entry != 0)
            visit(entry, entry & PTE_UNCOUNTED ? NULL : phys_to_page(pte_phys(entry)), context);
        address += PAGE_SIZE;
    }
}

/* How many mappings show the page: one of an object is also held by that. */
uint32_t proc_page_sharers(const struct page *page) {
    uint32_t references = atomic_load_relaxed(&page->refcount);
    if ((atomic_load_relaxed(&page->flags) & PAGE_OBJECT) && references > 1)
        references--;
    return references ? references : 1;
}

static void add_page(pte_t entry, const struct page *page, void *context) {
    struct usage *usage = context;
    if (!page) /* the page of zeros, and devices, belong to nobody */
        return;
    uint32_t flags = atomic_load_relaxed(&page->flags), count = proc_page_sharers(page);
    bool dirty = (flags & (PAGE_ANONYMOUS | PAGE_DIRTY)) || (entry & PTE_DIRTY);

    usage->resident += PAGE_SIZE;
    usage->proportional += (PAGE_SIZE << PSS_SHIFT) / count;
    usage->anonymous += flags & PAGE_ANONYMOUS ? PAGE_SIZE : 0;
    usage->referenced += entry & PTE_ACCESSED ? PAGE_SIZE : 0;
    *(count > 1 ? (dirty ? &usage->shared_dirty : &usage->shared_clean)
                : (dirty ? &usage->private_dirty : &usage->private_clean)) += PAGE_SIZE;
}

/* Of one more mapping. */
static void add_mapping(const struct vma *vma, struct usage *usage) {
    uint64_t before = usage->proportional;

    proc_each_page(vma, add_page, usage);
    usage->locked += vma->flags & VMA_LOCKED ? usage->proportional - before : 0;
}

static void show_usage(const struct usage *usage, struct view_buffer *buffer) {
    const struct { const char *name; uint64_t bytes; } lines[] = {
        {"Rss", usage->resident}, {"Pss", usage->proportional >> PSS_SHIFT}, {"Shared_Clean", usage->shared_clean},
        {"Shared_Dirty", usage->shared_dirty}, {"Private_Clean", usage->private_clean},
        {"Private_Dirty", usage->private_dirty}, {"Referenced", usage->referenced}, {"Anonymous", usage->anonymous},
        {"LazyFree", 0}, {"AnonHugePages", 0}, {"ShmemPmdMapped", 0}, {"FilePmdMapped", 0}, {"Shared_Hugetlb", 0},
        {"Private_Hugetlb", 0}, {"Swap", 0}, {"SwapPss", 0},
        {"Locked", usage->locked >> PSS_SHIFT},
    };
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
        view_printf(buffer, "%s:%*llu kB\n", lines[i].name, (int)(23 - strlen(lines[i].name)), KIB(lines[i].bytes));
}

/* Two letters each, as Linux abbreviates them. */
static void show_flags(const struct vma *vma, struct view_buffer *buffer) {
    static const struct { uint32_t flag; const char *letters; } names[] = {
        {VMA_READ, "rd"}, {VMA_WRITE, "wr"}, {VMA_EXECUTE, "ex"}, {VMA_SHARED, "sh"}, {VMA_MAY_READ, "mr"},
        {VMA_MAY_WRITE, "mw"}, {VMA_MAY_EXECUTE, "me"}, {VMA_GROWS_DOWN, "gd"}, {VMA_LOCKED, "lo"},
        {VMA_DONT_FORK, "dc"}, {VMA_ACCOUNT, "ac"}, {VMA_NO_RESERVE, "nr"}, {VMA_WIPE_ON_FORK, "wf"},
    };
    view_printf(buffer, "VmFlags:");
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (vma->flags & names[i].flag)
            view_printf(buffer, " %s", names[i].letters);
    view_printf(buffer, "\n");
}

static void show_mapping_usage(const struct space *space, const struct vma *vma, char *path_space,
                               struct view_buffer *buffer) {
    struct usage usage = {.size = vma->end - vma->start};

    if (vma->space)
        add_mapping(vma, &usage);
    proc_show_mapping(space, vma, path_space, buffer);
    view_printf(buffer, "Size:%19llu kB\nKernelPageSize:%9llu kB\nMMUPageSize:%12llu kB\n", KIB(usage.size),
                KIB(PAGE_SIZE), KIB(PAGE_SIZE));
    show_usage(&usage, buffer);
    view_printf(buffer, "THPeligible:%5d\n", 0);
    show_flags(vma, buffer);
}

int proc_show_smaps(const struct proc_node *node, struct view_buffer *buffer) {
    return proc_show_mappings(node, buffer, show_mapping_usage);
}

int proc_show_smaps_rollup(const struct proc_node *node, struct view_buffer *buffer) {
    int error = proc_may_look(node);
    struct space *space = error ? NULL : proc_space(node);
    struct usage usage = {0};
    uint64_t first = 0, end = 0;

    if (!space)
        return error ? error : -ESRCH;
    rwsem_read_lock(&space->lock);
    for (struct vma *vma = space_find(space, 0); vma; vma = vma_next(vma)) {
        first = first ? first : vma->start;
        end = vma->end;
        add_mapping(vma, &usage);
    }
    rwsem_read_unlock(&space->lock);
    space_put(space);
    view_printf(buffer, "%08llx-%08llx ---p 00000000 00:00 0 %23s[rollup]\n", (unsigned long long)first,
                (unsigned long long)end, "");
    show_usage(&usage, buffer);
    return 0;
}
