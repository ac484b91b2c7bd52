/* /kernel/runtime/memory, slab, cache: who has the pages. */
#include "fs/vfs/dentry.h"
#include "fs/vfs/file.h"
#include "kernel/mm/kernel_map.h"
#include "kernel/mm/page.h"
#include "kernel/mm/page_table.h"
#include "kernel/mm/slab.h"
#include "kernel/runtime/runtime.h"
#include "kernel/vm/counts.h"
#include "kernel/vm/page_table.h"

#define ULL(x) ((unsigned long long)(x))

struct slab_sum {
    uint64_t pages, used_bytes;
};

static void add_slab(void *context, const struct slab_stats *stats) {
    struct slab_sum *sum = context;
    sum->pages += stats->pages;
    sum->used_bytes += stats->objects_in_use * stats->object_size;
}

/*
 * What somebody has asked for and not given back: without what slabs, pools and magazines keep at hand, which
 * depends on which CPU did what. This is the figure in which a leak shows.
 */
static uint64_t used_bytes(const struct page_stats *pages, const struct slab_sum *slab) {
    uint64_t at_hand = pages->free_pages + slab->pages + kernel_stack_kept_pages() + page_table_kept_pages() +
                       table_root_kept();
    return (pages->managed_pages - MIN(at_hand, pages->managed_pages)) * PAGE_SIZE + slab->used_bytes;
}

/* The figures are taken one after the other while memory is in use: the rest may be off by a few pages. */
static void show_memory(struct view_buffer *buffer, void *context) {
    struct page_stats pages;
    struct vm_counts vm;
    struct slab_sum slab = {0};
    uint64_t tables = page_table_pages(), stacks = kernel_stack_pages();
    (void)context;
    slab_stats_each(add_slab, &slab);
    vm_counts_read(&vm);
    page_stats_read(&pages);
    uint64_t objects = (uint64_t)(vm.file_pages + vm.shared_pages);
    uint64_t known = pages.free_pages + pages.anonymous_pages + objects + slab.pages + tables + stacks;
    const struct { const char *name; uint64_t value; } lines[] = {
        {"page_bytes", PAGE_SIZE}, {"total_pages", pages.total_pages}, {"managed_pages", pages.managed_pages},
        {"free_pages", pages.free_pages}, {"free_cpu_list_pages", pages.cpu_pages},
        {"reserve_pages", pages.reserve_pages}, {"anonymous_pages", pages.anonymous_pages},
        {"object_pages", objects}, {"slab_pages", slab.pages}, {"page_table_pages", tables},
        {"kernel_stack_pages", stacks},
        {"other_pages", pages.managed_pages - MIN(known, pages.managed_pages)},
        {"used_bytes", used_bytes(&pages, &slab)},
    };
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
        view_printf(buffer, "%s %llu\n", lines[i].name, ULL(lines[i].value));
    for (unsigned order = 0; order <= PAGE_ORDER_MAX; order++)
        view_printf(buffer, "free_blocks_of_%llu_kib %llu\n", ULL((PAGE_SIZE << order) / 1024),
                    ULL(pages.free_blocks[order]));
}

static void show_cache(void *context, const struct slab_stats *stats) {
    view_printf(context, "%s %zu %llu %llu %llu\n", stats->name, stats->object_size, ULL(stats->objects_in_use),
                ULL(stats->objects_total), ULL(stats->pages));
}

static void show_slab(struct view_buffer *buffer, void *context) {
    (void)context;
    view_printf(buffer, "name object_bytes used total pages\n");
    slab_stats_each(show_cache, buffer);
}

static void show_page_cache(struct view_buffer *buffer, void *context) {
    struct vm_counts vm;
    struct dentry_stats names;
    (void)context;
    vm_counts_read(&vm);
    dentry_stats_read(&names);
    view_printf(buffer, "objects %lld\nfile_pages %lld\nshared_pages %lld\ndirty_pages %lld\nmapped_entries %lld\n",
                (long long)vm.objects, (long long)vm.file_pages, (long long)vm.shared_pages,
                (long long)vm.dirty_pages, (long long)vm.file_mappings);
    view_printf(buffer, "names %llu\nunused_names %llu\ninodes %llu\n", ULL(names.total), ULL(names.unused),
                ULL(inode_count()));
}

static struct view views[] = {
    {.path = "runtime/memory", .help = "pages: in the machine, managed, free, and who has the others; used_bytes: all that is in use, without what pools "
             "keep; free blocks by size",
     .show = show_memory},
    {.path = "runtime/slab", .help = "caches of equal objects: bytes each, used, total, pages", .show = show_slab},
    {.path = "runtime/cache",
     .help = "memory objects, their pages (re-readable, only here, dirty), entries that map them; names and inodes cached",
     .show = show_page_cache},
};

void runtime_memory_init(void) {
    runtime_register(views, ARRAY_SIZE(views));
}
