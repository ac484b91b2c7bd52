/*
 * /kernel/hw/cpus and /kernel/hw/nodes: each processor, its place in its package, its caches; and the one node that
 * all memory belongs to. The names and formats are those of Linux's /sys/devices/system, where links lead here.
 *
 * All processors are taken to have the same caches: those of the CPU that answers.
 * Spec: SDM 2A CPUID leaf 0Bh (topology), leaf 04h (caches); APM 3 §E.4.4-5 (caches of
 * AMD's); SDM 3A §9.9 (from APIC IDs to packages).
 */
#include "kernel/arch/cpu.h"
#include "kernel/arch/percpu.h"
#include "kernel/mm/page.h"
#include "kernel/runtime/runtime.h"
#include "kernel/sync/cpu_call.h"
#include "lib/assert.h"

#define BASIC_LEAF 1u     /* EBX 31:24: initial APIC ID */
#define CACHE_LEAF 4u
#define TOPOLOGY_LEAF 0xbu
#define AMD_L1_LEAF 0x80000005u
#define AMD_L2_L3_LEAF 0x80000006u
#define SHIFT_MASK 0x1fu  /* leaf 0Bh EAX 4:0: bits of the ID within this level */
#define CACHES_MAX 4u

enum topology_level { LEVEL_THREADS, LEVEL_CORES };

static uint32_t apic_ids[CPU_MAX]; /* written once, by each CPU its own */

static void note_apic_id(void *unused) {
    struct cpuid_regs topology = cpuid_checked(TOPOLOGY_LEAF, LEVEL_THREADS);
    (void)unused;
    apic_ids[cpu_id()] = topology.ebx != 0 ? topology.edx : cpuid(BASIC_LEAF, 0).ebx >> 24;
}

/* ---- sets of CPUs ---- */

/* CPUs whose APIC IDs agree with that of `cpu` above the lowest `shift` bits. */
static uint64_t cpus_near(uint32_t cpu, uint32_t shift) {
    uint64_t mask = 0;
    for (uint32_t other = 0; other < cpu_count; other++)
        if (apic_ids[other] >> shift == apic_ids[cpu] >> shift)
            mask |= BIT(other);
    return mask;
}

static void show_list(struct view_buffer *buffer, uint64_t mask) {
    view_ranges(buffer, mask);
    view_printf(buffer, "\n");
}

/* As hexadecimal words of 32 bits. */
static void show_mask(struct view_buffer *buffer, uint64_t mask) {
    if (cpu_count > 32)
        view_printf(buffer, "%08x,", (uint32_t)(mask >> 32));
    view_printf(buffer, "%08x\n", (uint32_t)mask);
}

static void show_all_list(struct view_buffer *buffer, void *context) {
    (void)context;
    show_list(buffer, cpu_mask_all());
}

static void show_all_mask(struct view_buffer *buffer, void *context) {
    (void)context;
    show_mask(buffer, cpu_mask_all());
}

static void show_none(struct view_buffer *buffer, void *context) {
    (void)context;
    view_printf(buffer, "\n");
}

static void show_constant(struct view_buffer *buffer, void *context) {
    view_printf(buffer, "%s\n", (const char *)context);
}

static void show_largest(struct view_buffer *buffer, void *context) {
    (void)context;
    view_printf(buffer, "%u\n", CPU_MAX - 1);
}

/* ---- packages and cores ---- */

/* Bits of an APIC ID that number what is within a core, or within a package. */
static uint32_t level_shift(enum topology_level level) {
    struct cpuid_regs topology = cpuid_checked(TOPOLOGY_LEAF, level);
    return topology.ebx != 0 ? topology.eax & SHIFT_MASK : 0;
}

static void show_package(struct view_buffer *buffer, void *context) {
    (void)context;
    view_printf(buffer, "%u\n", apic_ids[buffer->instance] >> level_shift(LEVEL_CORES));
}

static void show_core(struct view_buffer *buffer, void *context) {
    uint32_t in_package = apic_ids[buffer->instance] & (uint32_t)(BIT(level_shift(LEVEL_CORES)) - 1);
    (void)context;
    view_printf(buffer, "%u\n", in_package >> level_shift(LEVEL_THREADS));
}

static void show_siblings_list(struct view_buffer *buffer, void *level) {
    show_list(buffer, cpus_near(buffer->instance, level_shift((enum topology_level)(uintptr_t)level)));
}

static void show_siblings_mask(struct view_buffer *buffer, void *level) {
    show_mask(buffer, cpus_near(buffer->instance, level_shift((enum topology_level)(uintptr_t)level)));
}

/* ---- caches ---- */

struct cache {
    uint32_t kind, level, line_bytes, partitions, ways, sets, share_shift;
};

static const char *const cache_kinds[] = {"", "Data", "Instruction", "Unified"};
enum cache_kind { CACHE_DATA = 1, CACHE_INSTRUCTION, CACHE_UNIFIED };

static struct cache read_leaf4(uint32_t index) {
    struct cpuid_regs r = cpuid_checked(CACHE_LEAF, index);
    return (struct cache){
        .kind = r.eax & 0x1f, .level = r.eax >> 5 & 7, .line_bytes = (r.ebx & 0xfff) + 1,
        .partitions = (r.ebx >> 12 & 0x3ff) + 1, .ways = (r.ebx >> 22) + 1, .sets = r.ecx + 1,
        .share_shift = log2_ceil((r.eax >> 14 & 0xfff) + 1),
    };
}

/* AMD's description of a cache: size, ways as a code from the second level on, bytes of a line. */
static struct cache read_amd(uint32_t index) {
    static const uint8_t ways_of_code[] = {0, 1, 2, 3, 4, 6, 8, 0, 16, 0, 32, 48, 64, 96, 128, 0};
    struct cpuid_regs first = cpuid_checked(AMD_L1_LEAF, 0), others = cpuid_checked(AMD_L2_L3_LEAF, 0);
    uint32_t word = (const uint32_t[CACHES_MAX]){first.ecx, first.edx, others.ecx, others.edx}[index];
    uint32_t bytes = index < 2 ? (word >> 24) << 10 : index == 2 ? (word >> 16) << 10 : (word >> 18) << 19;
    struct cache cache = {
        .level = MAX(index, 1u), .line_bytes = word & 0xff, .partitions = 1,
        .ways = index < 2 ? word >> 16 & 0xff : ways_of_code[word >> 12 & 0xf],
        .share_shift = level_shift(index == 3 ? LEVEL_CORES : LEVEL_THREADS),
    };
    if (bytes == 0 || cache.line_bytes == 0 || cache.ways == 0)
        return (struct cache){0};
    cache.kind = index == 0 ? CACHE_DATA : index == 1 ? CACHE_INSTRUCTION : CACHE_UNIFIED;
    cache.sets = bytes / cache.line_bytes / cache.ways;
    return cache;
}

/* False: there is no such cache. */
static bool cache_read(uint32_t index, struct cache *cache) {
    bool described = (cpuid_checked(CACHE_LEAF, 0).eax & 0x1f) != 0;
    *cache = described ? read_leaf4(index) : read_amd(index);
    return cache->kind > 0 && cache->kind < ARRAY_SIZE(cache_kinds);
}

static struct cache cache_of(void *index) {
    struct cache cache;
    bool present = cache_read((uint32_t)(uintptr_t)index, &cache);
    ASSERT(present); /* or its views were not registered */
    return cache;
}

static void show_cache_level(struct view_buffer *buffer, void *index) {
    view_printf(buffer, "%u\n", cache_of(index).level);
}

static void show_cache_type(struct view_buffer *buffer, void *index) {
    view_printf(buffer, "%s\n", cache_kinds[cache_of(index).kind]);
}

static void show_cache_size(struct view_buffer *buffer, void *index) {
    struct cache cache = cache_of(index);
    uint64_t bytes = (uint64_t)cache.line_bytes * cache.partitions * cache.ways * cache.sets;
    view_printf(buffer, "%lluK\n", (unsigned long long)(bytes >> 10));
}

static void show_cache_line(struct view_buffer *buffer, void *index) {
    view_printf(buffer, "%u\n", cache_of(index).line_bytes);
}

static void show_cache_ways(struct view_buffer *buffer, void *index) {
    view_printf(buffer, "%u\n", cache_of(index).ways);
}

static void show_cache_sets(struct view_buffer *buffer, void *index) {
    view_printf(buffer, "%u\n", cache_of(index).sets);
}

static void show_cache_list(struct view_buffer *buffer, void *index) {
    show_list(buffer, cpus_near(buffer->instance, cache_of(index).share_shift));
}

static void show_cache_mask(struct view_buffer *buffer, void *index) {
    show_mask(buffer, cpus_near(buffer->instance, cache_of(index).share_shift));
}

/* ---- memory ---- */

static void show_node_memory(struct view_buffer *buffer, void *context) {
    struct page_stats stats;
    (void)context;
    page_stats_read(&stats);
    unsigned long long total_kib = stats.managed_pages << (PAGE_SHIFT - 10), free_kib = stats.free_pages << (PAGE_SHIFT - 10);
    view_printf(buffer, "Node 0 MemTotal:       %8llu kB\nNode 0 MemFree:        %8llu kB\n", total_kib, free_kib);
    view_printf(buffer, "Node 0 MemUsed:        %8llu kB\n", total_kib - free_kib);
}

static struct view views[] = {
    {.path = "hw/cpus/online", .help = "processors that run, as ranges", .show = show_all_list},
    {.path = "hw/cpus/present", .help = "the same: none is taken out", .show = show_all_list},
    {.path = "hw/cpus/possible", .help = "the same: none is added", .show = show_all_list},
    {.path = "hw/cpus/offline", .help = "none", .show = show_none},
    {.path = "hw/cpus/isolated", .help = "none", .show = show_none},
    {.path = "hw/cpus/kernel_max", .help = "highest number a processor may have", .show = show_largest},
    {.path = "hw/nodes/online", .help = "nodes of memory: one", .show = show_constant, .context = "0"},
    {.path = "hw/nodes/possible", .help = "the same", .show = show_constant, .context = "0"},
    {.path = "hw/nodes/has_cpu", .help = "the same", .show = show_constant, .context = "0"},
    {.path = "hw/nodes/has_memory", .help = "the same", .show = show_constant, .context = "0"},
    {.path = "hw/nodes/node0/cpulist", .help = "processors of the node", .show = show_all_list},
    {.path = "hw/nodes/node0/cpumap", .help = "the same as hexadecimal words", .show = show_all_mask},
    {.path = "hw/nodes/node0/distance", .help = "to itself: 10", .show = show_constant, .context = "10"},
    {.path = "hw/nodes/node0/meminfo", .help = "its memory in KiB", .show = show_node_memory},
};

#define TOPOLOGY(name, text, function, level) \
    {.path = "hw/cpus/cpu#/topology/" name, .help = (text), .show = (function), .context = (void *)(uintptr_t)(level)}

static struct view cpu_views[] = {
    TOPOLOGY("physical_package_id", "number of the package", show_package, 0),
    TOPOLOGY("core_id", "number of the core in its package", show_core, 0),
    TOPOLOGY("thread_siblings_list", "processors of the same core, as ranges", show_siblings_list, LEVEL_THREADS),
    TOPOLOGY("thread_siblings", "the same as hexadecimal words", show_siblings_mask, LEVEL_THREADS),
    TOPOLOGY("core_siblings_list", "processors of the same package, as ranges", show_siblings_list, LEVEL_CORES),
    TOPOLOGY("core_siblings", "the same as hexadecimal words", show_siblings_mask, LEVEL_CORES),
};

#define CACHE_VIEW(number, name, text, function) \
    {.path = "hw/cpus/cpu#/cache/index" #number "/" name, .help = (text), .show = (function), \
     .context = (void *)(uintptr_t)(number)}
#define CACHE(number) { \
    CACHE_VIEW(number, "level", "1 is the nearest to the processor", show_cache_level), \
    CACHE_VIEW(number, "type", "Data, Instruction or Unified", show_cache_type), \
    CACHE_VIEW(number, "size", "KiB, with a K", show_cache_size), \
    CACHE_VIEW(number, "coherency_line_size", "bytes", show_cache_line), \
    CACHE_VIEW(number, "ways_of_associativity", "lines of a set", show_cache_ways), \
    CACHE_VIEW(number, "number_of_sets", "sets", show_cache_sets), \
    CACHE_VIEW(number, "shared_cpu_list", "processors that share it, as ranges", show_cache_list), \
    CACHE_VIEW(number, "shared_cpu_map", "the same as hexadecimal words", show_cache_mask), \
}

static struct view cache_views[CACHES_MAX][8] = {CACHE(0), CACHE(1), CACHE(2), CACHE(3)};

static void register_for_each_cpu(struct view *table, size_t count) {
    for (size_t i = 0; i < count; i++)
        table[i].instances = cpu_count;
    runtime_register(table, count);
}

void runtime_cpus_init(void) {
    struct cache cache;
    note_apic_id(NULL);
    cpu_call(cpu_mask_all(), note_apic_id, NULL);
    runtime_register(views, ARRAY_SIZE(views));
    register_for_each_cpu(cpu_views, ARRAY_SIZE(cpu_views));
    for (uint32_t i = 0; i < CACHES_MAX && cache_read(i, &cache); i++)
        register_for_each_cpu(cache_views[i], ARRAY_SIZE(cache_views[i]));
}
