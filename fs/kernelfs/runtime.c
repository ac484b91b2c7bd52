/* Views of /kernel about the running system: what it is, memory, load, names, mounts, processes. */
#include "fs/kernelfs/runtime.h"

#include "fs/vfs/mount.h"
#include "kernel/arch/cpu.h"
#include "kernel/arch/percpu.h"
#include "kernel/log/cmdline.h"
#include "kernel/mm/page.h"
#include "kernel/mm/slab.h"
#include "kernel/sched/sched.h"
#include "kernel/task/task.h"
#include "kernel/time/clock.h"
#include "kernel/view/view.h"
#include "kernel/vm/space.h"
#include "lib/errptr.h"
#include "lib/version.h"

#define ULL(x) ((unsigned long long)(x))
#define LOAD_FRACTION_BITS 11u /* of sched_stats.load_average */
#define FLAGS_TEXT 96u

static void show_version(struct view_buffer *buffer, void *context) {
    (void)context;
    view_printf(buffer, "name Astra\nversion %s\nbuild %s\ncommand_line %s\n", astra_version, astra_build_id,
                cmdline_text());
}

static void show_memory(struct view_buffer *buffer, void *context) {
    struct page_stats stats;
    (void)context;
    page_stats_read(&stats);
    view_printf(buffer, "installed_bytes %llu\nmanaged_bytes %llu\nfree_bytes %llu\npage_bytes %llu\n",
                ULL(stats.total_pages * PAGE_SIZE), ULL(stats.managed_pages * PAGE_SIZE),
                ULL(stats.free_pages * PAGE_SIZE), ULL(PAGE_SIZE));
}

static void show_slab(void *context, const struct slab_stats *stats) {
    view_printf(context, "%s %zu %llu %llu %llu\n", stats->name, stats->object_size, ULL(stats->objects_in_use),
                ULL(stats->objects_total), ULL(stats->pages));
}

static void show_slabs(struct view_buffer *buffer, void *context) {
    (void)context;
    view_printf(buffer, "name object_bytes used total pages\n");
    slab_stats_each(show_slab, buffer);
}

static void show_load(struct view_buffer *buffer, void *context) {
    static const char *const names[] = {"load_1_minute", "load_5_minutes", "load_15_minutes"};
    struct sched_stats stats;
    (void)context;
    sched_stats_read(&stats);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        uint64_t thousandths = stats.load_average[i] * 1000 >> LOAD_FRACTION_BITS;
        view_printf(buffer, "%s %llu.%03llu\n", names[i], ULL(thousandths / 1000), ULL(thousandths % 1000));
    }
    view_printf(buffer, "runnable_threads %llu\nthreads %llu\ncontext_switches %llu\nprocessors %u\n",
                ULL(stats.runnable), ULL(stats.threads), ULL(stats.context_switches), cpu_count);
    view_printf(buffer, "user_ns %llu\nsystem_ns %llu\ninterrupt_ns %llu\nidle_ns %llu\nuptime_ns %llu\n",
                ULL(stats.user_ns), ULL(stats.system_ns), ULL(stats.irq_ns), ULL(stats.idle_ns),
                ULL(clock_monotonic_ns()));
}

static void show_names(struct view_buffer *buffer, void *context) {
    struct dentry_stats stats;
    (void)context;
    dentry_stats_read(&stats);
    view_printf(buffer, "cached %llu\nunused %llu\n", ULL(stats.total), ULL(stats.unused));
}

/* ---- mounts ---- */

static void show_mount(struct mount *mount, void *context) {
    char flags[FLAGS_TEXT];
    char *space = kmalloc(PATH_MAX);
    struct path place = {mount, mount->root};
    char *name = space ? path_name(&place, space, PATH_MAX) : NULL;
    mount_format_flags(mount, flags, sizeof flags);
    view_printf(context, "%u %u %s %s %s %s\n", mount->id, mount->parent->id, mount->super->type->name,
                mount->source, flags, IS_ERR_OR_NULL(name) ? "?" : name);
    kfree(space);
}

static void show_mounts(struct view_buffer *buffer, void *context) {
    (void)context;
    view_printf(buffer, "id parent type source flags place\n");
    mount_each(show_mount, buffer);
}

/* ---- processes ---- */

static const char *state_of(const struct process *process) {
    if (process->state != PROCESS_ALIVE)
        return "ended";
    return process->stopped ? "stopped" : "alive";
}

static bool show_process(struct process *process, void *context) {
    uint64_t user_ns, system_ns, resident_pages = 0;
    const char *name = process->exit_name;
    process_times(process, &user_ns, &system_ns);
    spin_lock(&process->lock);
    if (!list_is_empty(&process->threads)) {
        const struct task *task = list_first_entry(&process->threads, struct task, process_node);
        const struct space *space = rcu_dereference(task->space);
        name = task->thread.name;
        if (space)
            resident_pages = (uint64_t)(space->resident_anon + space->resident_file);
    }
    view_printf(context, "%d %d %d %d %s %u %llu %llu %llu %s\n", process->pid->number,
                process->parent ? process->parent->pid->number : 0, process->group->number,
                process->session->number, state_of(process), process->thread_count, ULL(user_ns),
                ULL(system_ns), ULL(resident_pages * PAGE_SIZE), name);
    spin_unlock(&process->lock);
    return true;
}

static void show_processes(struct view_buffer *buffer, void *context) {
    (void)context;
    view_printf(buffer, "pid parent group session state threads user_ns system_ns resident_bytes name\n");
    process_each(show_process, buffer);
}

/* ---- processors ---- */

static void show_cpu(struct view_buffer *buffer, void *context) {
    static const struct {
        enum cpu_feature feature;
        const char *name;
    } features[] = {
        {CPU_NX, "nx"}, {CPU_SMEP, "smep"}, {CPU_SMAP, "smap"}, {CPU_UMIP, "umip"}, {CPU_PGE, "pge"},
        {CPU_PAGES_1G, "pages_1g"}, {CPU_XSAVE, "xsave"}, {CPU_TSC_INVARIANT, "tsc_invariant"},
        {CPU_APIC, "apic"}, {CPU_X2APIC, "x2apic"}, {CPU_RDRAND, "rdrand"}, {CPU_RDSEED, "rdseed"},
        {CPU_ERMS, "erms"}, {CPU_HYPERVISOR, "hypervisor"},
    };
    char brand[49], vendor[13];
    (void)context;
    cpu_brand(brand);
    cpu_vendor(vendor);
    view_printf(buffer, "count %u\nvendor %s\nname %s\nsignature %#x\ntsc_hz %llu\nfeatures", cpu_count, vendor,
                brand, cpuid(1, 0).eax, ULL(clock_tsc_hz()));
    for (size_t i = 0; i < ARRAY_SIZE(features); i++)
        if (cpu_has(features[i].feature))
            view_printf(buffer, " %s", features[i].name);
    view_printf(buffer, "\n");
}

static struct view views[] = {
    {.path = "runtime/version", .help = "what is running: name, version, build, arguments", .show = show_version},
    {.path = "runtime/memory", .help = "bytes of memory: installed, given to the allocator, free", .show = show_memory},
    {.path = "runtime/slabs", .help = "caches of equal objects: bytes each, used, total, pages", .show = show_slabs},
    {.path = "runtime/load", .help = "load averages, threads, nanoseconds of processor time since boot", .show = show_load},
    {.path = "runtime/names", .help = "names of files that are cached, and those nobody uses", .show = show_names},
    {.path = "runtime/mounts", .help = "mounted filesystems: number, parent's, type, source, flags, place", .show = show_mounts},
    {.path = "proc/list", .help = "processes: numbers, state, threads, nanoseconds used, bytes in memory, name",
     .show = show_processes},
    {.path = "hw/cpu", .help = "processors: count, vendor, name, signature, clock, features in use", .show = show_cpu},
};

void runtime_views_init(void) {
    for (size_t i = 0; i < ARRAY_SIZE(views); i++) {
        views[i].tree = VIEW_KERNEL;
        view_register(&views[i]);
    }
}
