/* /kernel/runtime: what runs, since when, and the small services: log, random numbers, RCU, timers. */
#include "kernel/runtime/runtime.h"

#include "kernel/arch/percpu.h"
#include "kernel/log/cmdline.h"
#include "kernel/log/log.h"
#include "kernel/random/random.h"
#include "kernel/sync/rcu.h"
#include "kernel/time/clock.h"
#include "kernel/time/timer.h"
#include "lib/version.h"

#define ULL(x) ((unsigned long long)(x))

static void show_version(struct view_buffer *buffer, void *context) {
    (void)context;
    view_printf(buffer, "name Astra\nversion %s\nbuild %s\ndebug %s\n", astra_version, astra_build_id,
                CONFIG_DEBUG ? "yes" : "no");
}

static void show_uptime(struct view_buffer *buffer, void *context) {
    (void)context;
    uint64_t up_ns = clock_monotonic_ns();
    view_printf(buffer, "uptime_ns %llu\nbooted_realtime_ns %llu\n", ULL(up_ns), ULL(clock_realtime_at_start_ns()));
}

static void show_argument(void *context, const char *key, const char *value) {
    view_printf(context, value ? "%s %s\n" : "%s\n", key, value);
}

static void show_cmdline(struct view_buffer *buffer, void *context) {
    (void)context;
    cmdline_each(show_argument, buffer);
}

static void show_sink(const struct log_sink *sink, void *context) {
    view_printf(context, "shown_on %s level %u\n", sink->name, (unsigned)sink->level);
}

static void show_log(struct view_buffer *buffer, void *context) {
    struct log_stats stats;
    (void)context;
    log_stats_read(&stats);
    view_printf(buffer, "first_sequence %llu\nend_sequence %llu\nused_bytes %llu\nsize_bytes %llu\n",
                ULL(stats.first_sequence), ULL(stats.end_sequence), ULL(stats.bytes_used), ULL(stats.bytes_size));
    log_sink_each(show_sink, buffer);
}

static void show_random(struct view_buffer *buffer, void *context) {
    struct random_stats stats;
    (void)context;
    random_stats_read(&stats);
    view_printf(buffer, "seeded %s\nreseeds %llu\nsince_reseed_bytes %u\nentropy_waits %s\n",
                stats.seeded ? "yes" : "no", ULL(stats.reseeds), stats.bytes_since_reseed,
                stats.pool_fresh ? "yes" : "no");
}

static void show_rcu(struct view_buffer *buffer, void *context) {
    struct rcu_stats stats;
    (void)context;
    rcu_stats_read(&stats);
    view_printf(buffer, "grace_periods %llu\ncallbacks_run %llu\ncallbacks_waiting %llu\nawaited_cpu_mask %#llx\n",
                ULL(stats.grace_periods), ULL(stats.callbacks_run), ULL(stats.backlog), ULL(stats.pending_cpus));
}

static void show_timers(struct view_buffer *buffer, void *context) {
    (void)context;
    view_printf(buffer, "cpu queued next_in_ns interrupts\n");
    for (uint32_t cpu = 0; cpu < cpu_count; cpu++) {
        struct timer_stats stats;
        timer_stats_read(cpu, &stats);
        uint64_t now_ns = clock_monotonic_ns();
        view_printf(buffer, "%u %llu ", cpu, ULL(stats.queued));
        if (stats.queued)
            view_printf(buffer, "%llu", ULL(stats.next_deadline_ns - MIN(now_ns, stats.next_deadline_ns)));
        view_printf(buffer, stats.queued ? " %llu\n" : "- %llu\n", ULL(stats.interrupts));
    }
}

static struct view views[] = {
    {.path = "runtime/version", .help = "what is running: name, version, build, debug build or not", .show = show_version},
    {.path = "runtime/uptime", .help = "nanoseconds since boot; time of boot, in nanoseconds since 1970", .show = show_uptime},
    {.path = "runtime/cmdline", .help = "arguments of the kernel, one a line: name, value", .show = show_cmdline},
    {.path = "runtime/log", .help = "log ring: sequence numbers held, bytes; where it is shown, up to which level",
     .show = show_log},
    {.path = "runtime/random", .help = "random generator: seeded, times and bytes since, whether entropy waits",
     .show = show_random},
    {.path = "runtime/rcu", .help = "grace periods passed, callbacks run and waiting, CPUs waited for", .show = show_rcu},
    {.path = "runtime/timers", .help = "per CPU: timers queued, nanoseconds to the next, timer interrupts",
     .show = show_timers},
};

void runtime_register(struct view *table, size_t count) {
    for (size_t i = 0; i < count; i++) {
        table[i].tree = VIEW_KERNEL;
        view_register(&table[i]);
    }
}

void runtime_views_init(void) {
    runtime_register(views, ARRAY_SIZE(views));
    runtime_memory_init();
    runtime_threads_init();
    runtime_locks_init();
    runtime_cpu_init();
    runtime_cpus_init();
    runtime_boot_init();
    runtime_boot_trace_init();
}
