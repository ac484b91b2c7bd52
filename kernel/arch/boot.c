#include "kernel/arch/boot.h"

#include "kernel/arch/cpu.h"
#include "lib/atomic.h"
#include "lib/crc32.h"
#include "lib/string.h"

struct boot_info boot_info;
struct boot_trace boot_trace;

const char *boot_info_adopt(const struct boot_info *from) {
    if (from->magic != BOOT_INFO_MAGIC)
        return "boot information has no magic number";
    if (from->version != BOOT_INFO_VERSION || from->size != sizeof boot_info)
        return "boot information is of another version: loader and kernel do not match";
    if (crc32_with_hole(from, sizeof *from, offsetof(struct boot_info, crc32)) != from->crc32)
        return "boot information is damaged (checksum)";
    memcpy(&boot_info, from, sizeof boot_info);
    boot_info.cmdline[BOOT_CMDLINE_MAX] = 0;
    boot_info.range_count = MIN(boot_info.range_count, BOOT_MAX_RANGES);
    boot_info.raw_range_count = MIN(boot_info.raw_range_count, BOOT_MAX_RANGES);
    if (boot_info.trace_phys && boot_info.trace_phys < BOOT_OFFSET_MAP_SIZE - sizeof boot_trace)
        memcpy(&boot_trace, (const void *)(uintptr_t)(BOOT_OFFSET_MAP + boot_info.trace_phys), sizeof boot_trace);
    return NULL;
}

void boot_trace_add(uint32_t id, uint64_t a, uint64_t b) {
    uint64_t number = atomic_fetch_add(&boot_trace.count, 1ull);
    boot_trace.events[number % BOOT_TRACE_EVENTS] = (struct boot_trace_event){
        .id = id, .tsc = cpu_tsc(), .bios_ticks = boot_info.bios_log.ticks, .a = a, .b = b};
}

uint64_t boot_trace_tsc(uint32_t id) {
    uint64_t kept = MIN(boot_trace.count, (uint64_t)BOOT_TRACE_EVENTS);
    for (uint64_t i = 0; i < kept; i++)
        if (boot_trace.events[i].id == id)
            return boot_trace.events[i].tsc;
    return 0;
}
