/* /proc files about the whole system, in Linux's formats (proc(5)). */
#include "fs/procfs/system.h"

#include "fs/vfs/mount.h"
#include "fs/vfs/special.h"
#include "kernel/arch/cpu.h"
#include "kernel/arch/percpu.h"
#include "kernel/irq/stats.h"
#include "kernel/log/cmdline.h"
#include "kernel/sched/sched.h"
#include "kernel/task/pid.h"
#include "kernel/time/clock.h"
#include "kernel/view/view.h"
#include "lib/version.h"

#define TICK_NS (NS_PER_SEC / 100) /* USER_HZ */
#define LOAD_FRACTION_BITS 11u
#define HZ_PER_MHZ 1000000ull

#define ULL(x) ((unsigned long long)(x))

static void show_version(struct view_buffer *buffer, void *context) {
    (void)context;
    view_printf(buffer, "Linux version 6.1.0-astra (Astra %s, build %s)\n", astra_version, astra_build_id);
}

static void show_cmdline(struct view_buffer *buffer, void *context) {
    (void)context;
    view_printf(buffer, "%s\n", cmdline_text());
}

static void show_uptime(struct view_buffer *buffer, void *context) {
    struct sched_stats stats;
    (void)context;
    sched_stats_read(&stats);
    uint64_t up = clock_monotonic_ns() / TICK_NS, idle = stats.idle_ns / TICK_NS;
    view_printf(buffer, "%llu.%02llu %llu.%02llu\n", ULL(up / 100), ULL(up % 100), ULL(idle / 100), ULL(idle % 100));
}

static void show_loadavg(struct view_buffer *buffer, void *context) {
    struct sched_stats stats;
    (void)context;
    sched_stats_read(&stats);
    for (int i = 0; i < 3; i++) {
        uint64_t hundredths = (stats.load_average[i] * 100 + (1u << (LOAD_FRACTION_BITS - 1))) >> LOAD_FRACTION_BITS;
        view_printf(buffer, "%llu.%02llu ", ULL(hundredths / 100), ULL(hundredths % 100));
    }
    view_printf(buffer, "%llu/%llu %d\n", ULL(stats.runnable), ULL(stats.threads), pid_last());
}

/* ---- processors ---- */

static void show_cpu_times(struct view_buffer *buffer, uint64_t user_ns, uint64_t system_ns, uint64_t idle_ns) {
    view_printf(buffer, " %llu 0 %llu %llu 0 0 0 0 0 0\n", ULL(user_ns / TICK_NS), ULL(system_ns / TICK_NS),
                ULL(idle_ns / TICK_NS));
}

static void show_stat(struct view_buffer *buffer, void *context) {
    struct sched_stats stats;
    (void)context;
    sched_stats_read(&stats);
    view_printf(buffer, "cpu ");
    show_cpu_times(buffer, stats.user_ns, stats.system_ns, stats.idle_ns);
    for (uint32_t cpu = 0; cpu < cpu_count; cpu++) {
        struct sched_cpu_stats one;
        sched_cpu_stats_read(cpu, &one);
        view_printf(buffer, "cpu%u", cpu);
        show_cpu_times(buffer, one.user_ns, one.system_ns, one.idle_ns);
    }
    uint64_t boot_s = clock_realtime_at_start_ns() / NS_PER_SEC;
    view_printf(buffer, "intr %llu\nctxt %llu\nbtime %llu\nprocesses %llu\nprocs_running %llu\nprocs_blocked %llu\n",
                ULL(irq_total()), ULL(stats.context_switches), ULL(boot_s), ULL(pid_created()), ULL(stats.runnable),
                ULL(stats.blocked));
}

static void show_cpu_flags(struct view_buffer *buffer) {
    /* SDM 2A CPUID.1: bit numbers and Linux's names; the ones programs look for */
    static const struct { uint8_t bit; const char *name; } edx[] = {
        {0, "fpu"}, {4, "tsc"}, {5, "msr"}, {6, "pae"}, {8, "cx8"}, {9, "apic"}, {13, "pge"}, {15, "cmov"},
        {16, "pat"}, {19, "clflush"}, {23, "mmx"}, {24, "fxsr"}, {25, "sse"}, {26, "sse2"}, {28, "ht"},
    }, ecx[] = {
        {0, "pni"}, {1, "pclmulqdq"}, {9, "ssse3"}, {12, "fma"}, {13, "cx16"}, {19, "sse4_1"}, {20, "sse4_2"},
        {21, "x2apic"}, {22, "movbe"}, {23, "popcnt"}, {25, "aes"}, {26, "xsave"}, {28, "avx"}, {30, "rdrand"},
        {31, "hypervisor"},
    };
    struct cpuid_regs leaf = cpuid(1, 0);
    view_printf(buffer, "flags\t\t:");
    for (size_t i = 0; i < ARRAY_SIZE(edx); i++)
        if (leaf.edx >> edx[i].bit & 1)
            view_printf(buffer, " %s", edx[i].name);
    view_printf(buffer, " syscall%s lm", cpu_has(CPU_NX) ? " nx" : "");
    for (size_t i = 0; i < ARRAY_SIZE(ecx); i++)
        if (leaf.ecx >> ecx[i].bit & 1)
            view_printf(buffer, " %s", ecx[i].name);
    view_printf(buffer, "\n");
}

static void show_cpuinfo(struct view_buffer *buffer, void *context) {
    char brand[49], vendor[13];
    uint32_t signature = cpuid(1, 0).eax;
    uint32_t family = (signature >> 8 & 15) + ((signature >> 8 & 15) == 15 ? signature >> 20 & 255 : 0);
    uint32_t model = (signature >> 4 & 15) | (signature >> 12 & 0xf0);
    (void)context;
    cpu_brand(brand);
    cpu_vendor(vendor);
    for (uint32_t cpu = 0; cpu < cpu_count; cpu++) {
        uint64_t hz = clock_tsc_hz();
        view_printf(buffer, "processor\t: %u\nvendor_id\t: %s\ncpu family\t: %u\nmodel\t\t: %u\n", cpu, vendor, family, model);
        view_printf(buffer, "model name\t: %s\nstepping\t: %u\ncpu MHz\t\t: %llu.%03llu\n", brand, signature & 15,
                    ULL(hz / HZ_PER_MHZ), ULL(hz % HZ_PER_MHZ / 1000));
        view_printf(buffer, "physical id\t: 0\nsiblings\t: %u\ncore id\t\t: %u\ncpu cores\t: %u\nfpu\t\t: yes\n",
                    cpu_count, cpu, cpu_count);
        show_cpu_flags(buffer);
        view_printf(buffer, "bogomips\t: %llu.00\nclflush size\t: 64\naddress sizes\t: 40 bits physical, 48 bits virtual\n\n",
                    ULL(2 * hz / HZ_PER_MHZ));
    }
}

/* ---- registries ---- */

static bool show_type(const struct filesystem_type *type, void *context) {
    view_printf(context, "%s\t%s\n", type->needs_device ? "" : "nodev", type->name);
    return true;
}

static void show_filesystems(struct view_buffer *buffer, void *context) {
    (void)context;
    filesystem_each(show_type, buffer);
}

static void show_devices(struct view_buffer *buffer, void *context) {
    (void)context;
    view_printf(buffer, "Character devices:\n");
    device_majors_show(buffer, S_IFCHR);
    view_printf(buffer, "\nBlock devices:\n");
    device_majors_show(buffer, S_IFBLK);
}

static void show_swaps(struct view_buffer *buffer, void *context) {
    (void)context;
    view_printf(buffer, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
}

static void show_partitions(struct view_buffer *buffer, void *context) {
    (void)context;
    view_printf(buffer, "major minor  #blocks  name\n\n");
}

/* A line for each block device: none. */
static void show_diskstats(struct view_buffer *buffer, void *context) {
    (void)buffer;
    (void)context;
}

static struct view views[] = {
    {.path = "version", .help = "name and version of the kernel", .show = show_version},
    {.path = "cmdline", .help = "arguments of the kernel", .show = show_cmdline},
    {.path = "uptime", .help = "seconds since boot, seconds idle", .show = show_uptime},
    {.path = "loadavg", .help = "load of 1, 5, 15 minutes, running/all threads, last pid", .show = show_loadavg},
    {.path = "stat", .help = "processor time in 1/100 s, counts since boot", .show = show_stat},
    {.path = "cpuinfo", .help = "processors", .show = show_cpuinfo},
    {.path = "filesystems", .help = "filesystem types", .show = show_filesystems},
    {.path = "devices", .help = "major device numbers in use", .show = show_devices},
    {.path = "partitions", .help = "block devices: numbers, KiB, name", .show = show_partitions},
    {.path = "diskstats", .help = "transfers of block devices", .show = show_diskstats},
    {.path = "swaps", .help = "swap areas: none", .show = show_swaps},
};

void system_views_init(void) {
    for (size_t i = 0; i < ARRAY_SIZE(views); i++) {
        views[i].tree = VIEW_PROC;
        view_register(&views[i]);
    }
    memory_views_init();
    table_views_init();
}
