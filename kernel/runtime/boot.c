/* /kernel/hw/memory_map, boot and boot_trace: what the loader handed over (boot/bootinfo.h). */
#include "kernel/arch/boot.h"
#include "kernel/runtime/runtime.h"
#include "kernel/time/clock.h"

#define ULL(x) ((unsigned long long)(x))
#define US_PER_SEC 1000000ull

/* ---- memory map ---- */

static const char *type_name(uint32_t type) {
    switch ((enum boot_mem_type)type) {
    case BOOT_MEM_USABLE:
        return "usable";
    case BOOT_MEM_RESERVED:
        return "reserved";
    case BOOT_MEM_ACPI:
        return "acpi";
    case BOOT_MEM_NVS:
        return "nvs";
    case BOOT_MEM_BAD:
        return "bad";
    case BOOT_MEM_LOADER:
        return "loader";
    case BOOT_MEM_KERNEL:
        return "kernel";
    case BOOT_MEM_RAMFS:
        return "ramfs";
    case BOOT_MEM_FRAMEBUFFER:
        return "framebuffer";
    }
    return "unknown";
}

static void show_ranges(struct view_buffer *buffer, const char *map, const struct boot_range *ranges, uint32_t count) {
    for (uint32_t i = 0; i < MIN(count, BOOT_MAX_RANGES); i++)
        view_printf(buffer, "%s 0x%llx %llu %u %s\n", map, ULL(ranges[i].base), ULL(ranges[i].length),
                    ranges[i].type, type_name(ranges[i].type));
}

static void show_memory_map(struct view_buffer *buffer, void *context) {
    (void)context;
    view_printf(buffer, "map base bytes type name\n");
    show_ranges(buffer, "firmware", boot_info.raw_ranges, boot_info.raw_range_count);
    show_ranges(buffer, "used", boot_info.ranges, boot_info.range_count);
}

/* ---- the loader's facts ---- */

static const char *yes_no(uint32_t bits) {
    return bits ? "yes" : "no";
}

static void show_disk(struct view_buffer *buffer) {
    const struct boot_disk *disk = &boot_info.disk;
    view_printf(buffer, "disk_bios_drive %#x\ndisk_id %08x\ndisk_sector_bytes %u\ndisk_sectors %llu\n", disk->bios_drive,
                disk->disk_id, disk->bytes_per_sector, ULL(disk->sector_count));
    view_printf(buffer, "partition_index %u\npartition_start_512 %llu\npartition_sectors_512 %llu\nvolume_id %08x\n",
                disk->partition_index, ULL(disk->partition_lba), ULL(disk->partition_sectors), disk->volume_id);
    view_printf(buffer, "disk_edd %s\ndisk_probed %s\ndisk_bus %.4s\ndisk_interface %.8s\n",
                yes_no(disk->flags & BOOT_DISK_EDD), yes_no(disk->flags & BOOT_DISK_PROBED),
                disk->host_bus[0] ? disk->host_bus : "-", disk->interface_type[0] ? disk->interface_type : "-");
}

static void show_video(struct view_buffer *buffer) {
    const struct boot_video *video = &boot_info.video;
    static const char *const modes[] = {
        [BOOT_VIDEO_NONE] = "none", [BOOT_VIDEO_TEXT] = "text", [BOOT_VIDEO_LINEAR] = "linear"};
    view_printf(buffer, "video_mode %s\n", video->mode < ARRAY_SIZE(modes) ? modes[video->mode] : "unknown");
    view_printf(buffer, "video_address 0x%llx\nvideo_bytes %llu\nvideo_pitch_bytes %u\n", ULL(video->phys),
                ULL(video->size), video->pitch);
    view_printf(buffer, "video_columns %u\nvideo_rows %u\nvideo_width %u\nvideo_height %u\nvideo_bits %u\n",
                video->columns, video->rows, video->width, video->height, video->bits_per_pixel);
}

static void show_boot(struct view_buffer *buffer, void *context) {
    (void)context;
    view_printf(buffer, "boot_info_version %u\nboot_info_crc32 %08x\nkernel_checked %s\nramfs_checked %s\n",
                boot_info.version, boot_info.crc32, yes_no(boot_info.flags & BOOT_INFO_KERNEL_CHECKED),
                yes_no(boot_info.flags & BOOT_INFO_RAMFS_CHECKED));
    view_printf(buffer, "memory_map_from %s\nfirmware_ranges_skipped %u\nlow_memory_bytes %u\n",
                boot_info.flags & BOOT_INFO_MAP_FROM_E801 ? "e801" : "e820", boot_info.e820_skipped,
                boot_info.low_memory_end);
    view_printf(buffer, "kernel_start 0x%llx\nkernel_end 0x%llx\nkernel_entry 0x%llx\nramfs_start 0x%llx\nramfs_bytes %llu\n",
                ULL(boot_info.kernel_phys_start), ULL(boot_info.kernel_phys_end), ULL(boot_info.kernel_entry_virt),
                ULL(boot_info.ramfs_phys), ULL(boot_info.ramfs_size));
    view_printf(buffer, "acpi_rsdp 0x%llx\n", ULL(boot_info.rsdp_phys));
    show_disk(buffer);
    show_video(buffer);
}

/* ---- trace ---- */

static const char *event_name(uint32_t id) {
    static const char *const loader[] = {
        [BOOT_EVENT_STAGE1_ENTRY] = "stage1_entry", [BOOT_EVENT_STAGE1_READ] = "stage1_read",
        [BOOT_EVENT_STAGE2_ENTRY] = "stage2_entry", [BOOT_EVENT_STEP] = "step",
        [BOOT_EVENT_STEP_DONE] = "step_done",       [BOOT_EVENT_WARNING] = "warning",
        [BOOT_EVENT_DISK_RETRY] = "disk_retry",     [BOOT_EVENT_DISK_FALLBACK] = "disk_fallback",
        [BOOT_EVENT_JUMP] = "jump",
    };
    if (id < ARRAY_SIZE(loader) && loader[id])
        return loader[id];
    return id == BOOT_EVENT_KERNEL_ENTRY ? "kernel_entry" : id == BOOT_EVENT_FIRST_PROGRAM ? "first_program" : "unknown";
}

static const char *step_name(const struct boot_trace_event *event) {
    static const char *const steps[] = {
        [BOOT_STEP_CONSOLE] = "console", [BOOT_STEP_CPU] = "cpu",       [BOOT_STEP_A20] = "a20",
        [BOOT_STEP_MEMORY] = "memory",   [BOOT_STEP_DISK] = "disk",     [BOOT_STEP_CONFIG] = "config",
        [BOOT_STEP_VIDEO] = "video",     [BOOT_STEP_KERNEL] = "kernel", [BOOT_STEP_RAMFS] = "ramfs",
        [BOOT_STEP_ACPI] = "acpi",       [BOOT_STEP_PAGING] = "paging", [BOOT_STEP_HANDOFF] = "handoff",
        [BOOT_STEP_MENU] = "menu",
    };
    bool is_step = event->id == BOOT_EVENT_STEP || event->id == BOOT_EVENT_STEP_DONE;
    return is_step && event->a < ARRAY_SIZE(steps) && steps[event->a] ? steps[event->a] : "-";
}

static void show_trace(struct view_buffer *buffer, void *context) {
    uint64_t count = boot_trace.count, kept = MIN(count, (uint64_t)BOOT_TRACE_EVENTS);
    uint64_t start = boot_trace.events[(count - kept) % BOOT_TRACE_EVENTS].tsc, tsc_per_us = clock_tsc_hz() / US_PER_SEC;
    (void)context;
    view_printf(buffer, "number time_us event step a b\n");
    for (uint64_t n = count - kept; n < count; n++) {
        const struct boot_trace_event *event = &boot_trace.events[n % BOOT_TRACE_EVENTS];
        view_printf(buffer, "%llu %llu %s %s 0x%llx 0x%llx\n", ULL(n), ULL((event->tsc - start) / MAX(tsc_per_us, 1ull)),
                    event_name(event->id), step_name(event), ULL(event->a), ULL(event->b));
    }
}

static struct view views[] = {
    {.path = "hw/memory_map", .help = "the firmware's memory map, and what the loader made of it: start, bytes, type",
     .show = show_memory_map},
    {.path = "hw/boot", .help = "what the loader found: checksums, kernel and ramfs, disk, video, ACPI", .show = show_boot},
    {.path = "hw/boot_trace", .help = "events from the boot sector to the first program: microseconds since the first",
     .show = show_trace},
};

void runtime_boot_init(void) {
    runtime_register(views, ARRAY_SIZE(views));
}
