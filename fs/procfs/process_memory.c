/* /proc/PID/statm and the Vm lines of /proc/PID/status (proc(5)). */
#include "fs/procfs/process.h"

#include "kernel/mm/layout.h"
#include "kernel/vm/object.h"
#include "kernel/vm/page_table.h"
#include "kernel/vm/vma.h"

#define KIB_PER_PAGE (PAGE_SIZE / 1024)
#define ULL(x) ((unsigned long long)(x))

static uint64_t code_pages(const struct space *space) {
    return (ALIGN_UP(space->code_end, PAGE_SIZE) - ALIGN_DOWN(space->code_start, PAGE_SIZE)) >> PAGE_SHIFT;
}

int proc_show_statm(const struct proc_node *node, struct view_buffer *buffer) {
    struct space *space = proc_space(node);
    if (!space) {
        view_printf(buffer, "0 0 0 0 0 0 0\n");
        return 0;
    }
    view_printf(buffer, "%llu %llu %llu %llu 0 %llu 0\n", ULL(space->total_pages),
                ULL(space->resident_anon + space->resident_file), ULL(space->resident_file),
                ULL(code_pages(space)), ULL(space->data_pages));
    space_put(space);
    return 0;
}

/* What only the mappings themselves can tell; pages. */
struct mapping_totals {
    uint64_t stack, executable, shared_resident;
};

static void count_page(pte_t entry, const struct page *page, void *context) {
    (void)entry, (void)page;
    (*(uint64_t *)context)++;
}

static void add_mappings(struct space *space, struct mapping_totals *totals) {
    rwsem_read_lock(&space->lock);
    for (struct vma *vma = space_find(space, 0); vma; vma = vma_next(vma)) {
        bool stack = vma->flags & VMA_GROWS_DOWN;
        totals->stack += stack ? vma_pages(vma) : 0;
        totals->executable += !stack && vma->flags & VMA_EXECUTE && !(vma->flags & VMA_WRITE) ? vma_pages(vma) : 0;
        if (vma->flags & VMA_SHARED && vma->object && !vma->file)
            proc_each_page(vma, count_page, &totals->shared_resident);
    }
    rwsem_read_unlock(&space->lock);
}

void proc_show_memory(struct space *space, struct view_buffer *buffer) {
    struct mapping_totals totals = {0};
    add_mappings(space, &totals);
    uint64_t anon = (uint64_t)space->resident_anon, object = (uint64_t)space->resident_file;
    uint64_t shared = MIN(totals.shared_resident, object), code = code_pages(space);
    const struct { const char *name; uint64_t pages; } lines[] = {
        {"VmPeak", space->total_peak}, {"VmSize", space->total_pages}, {"VmLck", space->locked_pages}, {"VmPin", 0},
        {"VmHWM", (uint64_t)space_resident_peak(space)}, {"VmRSS", anon + object}, {"RssAnon", anon},
        {"RssFile", object - shared}, {"RssShmem", shared},
        {"VmData", space->data_pages - MIN(space->data_pages, totals.stack)}, {"VmStk", totals.stack},
        {"VmExe", code}, {"VmLib", totals.executable - MIN(totals.executable, code)},
        {"VmPTE", (uint64_t)space->table_pages}, {"VmSwap", 0},
    };
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
        view_printf(buffer, "%s:\t%8llu kB\n", lines[i].name, ULL(lines[i].pages * KIB_PER_PAGE));
    view_printf(buffer, "HugetlbPages:\t%8u kB\n", 0u);
}
