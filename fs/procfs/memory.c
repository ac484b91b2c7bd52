/* /proc/meminfo, vmstat and slabinfo, in Linux's formats (proc(5)). What this kernel does not have - swap, block buffers - is 0. */
#include "fs/procfs/system.h"

#include "fs/vfs/dentry.h"
#include "kernel/mm/kernel_map.h"
#include "kernel/mm/page.h"
#include "kernel/mm/page_table.h"
#include "kernel/mm/slab.h"
#include "kernel/view/view.h"
#include "kernel/vm/commit.h"
#include "kernel/vm/counts.h"
#include "lib/string.h"

#define KIB_PER_PAGE (PAGE_SIZE / 1024)
#define NAME_COLUMN 16 /* where Linux begins the numbers */

#define ULL(x) ((unsigned long long)(x))

/* All in pages. */
struct figures {
    struct page_stats pages;
    struct vm_counts vm;
    uint64_t slab, reclaimable, cached, mapped, committed, tables, stacks;
};

static void add_slab(void *context, const struct slab_stats *stats) {
    *(uint64_t *)context += stats->pages;
}

static void take(struct figures *f) {
    struct dentry_stats names;
    *f = (struct figures){0};
    page_stats_read(&f->pages);
    vm_counts_read(&f->vm);
    slab_stats_each(add_slab, &f->slab);
    dentry_stats_read(&names);
    f->reclaimable = names.unused * sizeof(struct dentry) / PAGE_SIZE;
    f->cached = (uint64_t)(f->vm.file_pages + f->vm.shared_pages);
    /* Entries are counted, not pages: a page that several processes map would count more than once. */
    f->mapped = MIN((uint64_t)f->vm.file_mappings, f->cached);
    f->committed = (uint64_t)MAX(f->vm.promised_pages, 0);
    f->tables = page_table_pages();
    f->stacks = kernel_stack_pages();
}

/* What programs could get without anything being killed: clean file pages can be read again. */
static uint64_t available(const struct figures *f) {
    uint64_t clean = (uint64_t)MAX(f->vm.file_pages - f->vm.dirty_pages, 0);
    uint64_t free = f->pages.free_pages - MIN(f->pages.free_pages, f->pages.reserve_pages);
    return free + clean + f->reclaimable;
}

static void show_meminfo(struct view_buffer *buffer, void *context) {
    struct figures f;
    (void)context;
    take(&f);
    const struct { const char *name; uint64_t pages; } lines[] = {
        {"MemTotal", f.pages.managed_pages}, {"MemFree", f.pages.free_pages}, {"MemAvailable", available(&f)},
        {"Buffers", 0}, {"Cached", f.cached}, {"SwapCached", 0},
        {"Active", f.pages.anonymous_pages + f.mapped}, {"Inactive", f.cached - f.mapped},
        {"Unevictable", 0}, {"SwapTotal", 0}, {"SwapFree", 0},
        {"Dirty", (uint64_t)f.vm.dirty_pages}, {"Writeback", 0}, {"AnonPages", f.pages.anonymous_pages},
        {"Mapped", f.mapped}, {"Shmem", (uint64_t)f.vm.shared_pages}, {"KReclaimable", f.reclaimable},
        {"Slab", f.slab}, {"SReclaimable", f.reclaimable}, {"SUnreclaim", f.slab - f.reclaimable},
        {"KernelStack", f.stacks}, {"PageTables", f.tables}, {"NFS_Unstable", 0}, {"Bounce", 0},
        {"WritebackTmp", 0}, {"CommitLimit", commit_limit_pages()},
        {"Committed_AS", f.committed},
    };
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
        view_printf(buffer, "%s:%*s%8llu kB\n", lines[i].name, NAME_COLUMN - 1 - (int)strlen(lines[i].name), "",
                    ULL(lines[i].pages * KIB_PER_PAGE));
}

static void show_vmstat(struct view_buffer *buffer, void *context) {
    struct figures f;
    (void)context;
    take(&f);
    const struct { const char *name; uint64_t value; } lines[] = {
        {"nr_free_pages", f.pages.free_pages}, {"nr_anon_pages", f.pages.anonymous_pages}, {"nr_mapped", f.mapped},
        {"nr_file_pages", f.cached}, {"nr_dirty", (uint64_t)f.vm.dirty_pages}, {"nr_writeback", 0},
        {"nr_slab_reclaimable", f.reclaimable}, {"nr_slab_unreclaimable", f.slab - f.reclaimable},
        {"nr_page_table_pages", f.tables}, {"nr_kernel_stack", f.stacks * KIB_PER_PAGE},
        {"nr_shmem", (uint64_t)f.vm.shared_pages}, {"pswpin", 0}, {"pswpout", 0},
        {"pgfault", (uint64_t)f.vm.faults},
    };
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
        view_printf(buffer, "%s %llu\n", lines[i].name, ULL(lines[i].value));
}

static void show_slab(void *context, const struct slab_stats *stats) {
    view_printf(context, "%-17s %6llu %6llu %6zu %4u %4u : tunables 0 0 0 : slabdata %llu %llu 0\n",
                stats->name, ULL(stats->objects_in_use), ULL(stats->objects_total), stats->object_size,
                (unsigned)(stats->pages ? stats->objects_total / stats->pages : 0), 1u, ULL(stats->pages),
                ULL(stats->pages));
}

static void show_slabinfo(struct view_buffer *buffer, void *context) {
    (void)context;
    view_printf(buffer, "slabinfo - version: 2.1\n# name <active_objs> <num_objs> <objsize> <objperslab>"
                        " <pagesperslab> : tunables <limit> <batchcount> <sharedfactor> : slabdata"
                        " <active_slabs> <num_slabs> <sharedavail>\n");
    slab_stats_each(show_slab, buffer);
}

static struct view views[] = {
    {.path = "meminfo", .help = "memory in KiB", .show = show_meminfo},
    {.path = "vmstat", .help = "pages by use, page faults since boot", .show = show_vmstat},
    {.path = "slabinfo", .help = "caches of equal objects", .show = show_slabinfo},
};

void memory_views_init(void) {
    for (size_t i = 0; i < ARRAY_SIZE(views); i++) {
        views[i].tree = VIEW_PROC;
        view_register(&views[i]);
    }
}
