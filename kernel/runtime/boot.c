/* /kernel/hw/boot: what the loader handed over (boot/bootinfo.h). Its trace is in boot_trace.c. */
#include "kernel/arch/boot.h"
#include "kernel/runtime/boot_bios_log.h"
#include "kernel/runtime/runtime.h"
#include "kernel/time/clock.h"
#include "lib/e820.h"

#define ULL(x) ((unsigned long long)(x))

/* ---- memory map ---- */

static void show_memory_raw(struct view_buffer *buffer, void *context) {
    (void)context;
    view_printf(buffer, "base bytes type attributes name\n");
    for (uint32_t i = 0; i < boot_info.raw_range_count; i++) {
        const struct boot_range *range = &boot_info.raw_ranges[i];
        view_printf(buffer, "0x%llx %llu %u 0x%x %s\n", ULL(range->base), ULL(range->length), range->type,
                    range->attributes, e820_type_name(range->type));
    }
}

static void show_memory_map(struct view_buffer *buffer, void *context) {
    (void)context;
    view_printf(buffer, "base bytes type name\n");
    for (uint32_t i = 0; i < boot_info.range_count; i++) {
        const struct boot_range *range = &boot_info.ranges[i];
        view_printf(buffer, "0x%llx %llu %u %s\n", ULL(range->base), ULL(range->length), range->type,
                    e820_type_name(range->type));
    }
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

static void show_bios_log(struct view_buffer *buffer) {
    const struct boot_bios_log *log = &boot_info.bios_log;
    view_printf(buffer, "bios_calls %llu\nbios_ticks %llu\nbios_records %u\n", ULL(log->calls), ULL(log->ticks),
                boot_bios_call_count);
    view_printf(buffer, "bios_dropped_calls %llu\nbios_dropped_ticks %llu\n", ULL(log->dropped_calls),
                ULL(log->dropped_ticks));
}

/* A text from the loader: printable, whatever it holds. */
static void show_text(struct view_buffer *buffer, const char *name, const char *text, size_t length) {
    view_printf(buffer, "%s ", name);
    for (size_t i = 0; i < length && text[i]; i++)
        view_printf(buffer, "%c", text[i] >= ' ' && text[i] <= '~' ? text[i] : '?');
    view_printf(buffer, "\n");
}

static void show_info(struct view_buffer *buffer, void *context) {
    (void)context;
    view_printf(buffer, "boot_info_version %u\nboot_info_crc32 %08x\nkernel_checked %s\nramfs_checked %s\n",
                boot_info.version, boot_info.crc32, yes_no(boot_info.flags & BOOT_INFO_KERNEL_CHECKED),
                yes_no(boot_info.flags & BOOT_INFO_RAMFS_CHECKED));
    view_printf(buffer, "memory_map_from %s\nfirmware_ranges_skipped %u\nlow_memory_bytes %u\n",
                boot_info.flags & BOOT_INFO_MAP_FROM_E801 ? "e801" : "e820", boot_info.e820_skipped,
                boot_info.low_memory_end);
    view_printf(buffer, "kernel_start 0x%llx\nkernel_end 0x%llx\nkernel_entry 0x%llx\n", ULL(boot_info.kernel_phys_start),
                ULL(boot_info.kernel_phys_end), ULL(boot_info.kernel_entry_virt));
    view_printf(buffer, "ramfs_start 0x%llx\nramfs_bytes %llu\n", ULL(boot_info.ramfs_phys), ULL(boot_info.ramfs_size));
    view_printf(buffer, "acpi_rsdp 0x%llx\npage_tables 0x%llx\nstack 0x%llx\n", ULL(boot_info.rsdp_phys),
                ULL(boot_info.page_table_phys), ULL(boot_info.stack_phys));
    show_disk(buffer);
    show_bios_log(buffer);
    view_printf(buffer, "tsc_hz %llu\n", ULL(boot_info.cpu.features & BOOT_CPU_TSC ? clock_tsc_hz() : 0));
    show_text(buffer, "cmdline", boot_info.cmdline, sizeof boot_info.cmdline);
}

/* ---- screen and processor ---- */

static void show_video(struct view_buffer *buffer, void *context) {
    const struct boot_video *video = &boot_info.video;
    static const char *const modes[] = {
        [BOOT_VIDEO_NONE] = "none", [BOOT_VIDEO_TEXT] = "text", [BOOT_VIDEO_LINEAR] = "linear"};
    (void)context;
    view_printf(buffer, "mode %s\nvbe_mode %#x\naddress 0x%llx\nbytes %llu\npitch_bytes %u\n",
                video->mode < ARRAY_SIZE(modes) ? modes[video->mode] : "unknown", video->vbe_mode, ULL(video->phys),
                ULL(video->size), video->pitch);
    view_printf(buffer, "width %u\nheight %u\nbits_per_pixel %u\n", video->width, video->height, video->bits_per_pixel);
    view_printf(buffer, "red_bits %u\nred_position %u\ngreen_bits %u\ngreen_position %u\nblue_bits %u\nblue_position %u\n",
                video->red.width, video->red.position, video->green.width, video->green.position, video->blue.width,
                video->blue.position);
    view_printf(buffer, "columns %u\nrows %u\ncursor_column %u\ncursor_row %u\ncrtc_port %#x\n", video->columns,
                video->rows, video->cursor_column, video->cursor_row, video->crtc_port);
}

static void show_cpu(struct view_buffer *buffer, void *context) {
    const struct boot_cpu *cpu = &boot_info.cpu;
    (void)context;
    show_text(buffer, "vendor", cpu->vendor, sizeof cpu->vendor);
    view_printf(buffer, "signature %08x\nmax_leaf %08x\nmax_extended_leaf %08x\n", cpu->signature, cpu->max_leaf,
                cpu->max_ext_leaf);
    view_printf(buffer, "leaf1_ecx %08x\nleaf1_edx %08x\nextended1_ecx %08x\nextended1_edx %08x\n", cpu->leaf1_ecx,
                cpu->leaf1_edx, cpu->ext1_ecx, cpu->ext1_edx);
    view_printf(buffer, "no_execute %s\npages_1g %s\ntsc %s\nloader_tsc_khz %u\n", yes_no(cpu->features & BOOT_CPU_NX),
                yes_no(cpu->features & BOOT_CPU_1G_PAGES), yes_no(cpu->features & BOOT_CPU_TSC), cpu->tsc_khz);
}

static struct view views[] = {
    {.path = "hw/boot/info", .help = "what the loader handed over: drive, checksums, addresses, arguments; TSC ticks a second",
     .show = show_info},
    {.path = "hw/boot/memory_raw", .help = "the firmware's memory map as it came: start, bytes, type, attributes, name",
     .show = show_memory_raw},
    {.path = "hw/boot/memory_map", .help = "the memory map as used: sorted, disjoint, in pages: start, bytes, type, name",
     .show = show_memory_map},
    {.path = "hw/boot/video", .help = "the screen as the loader left it: mode, address, size in pixels and cells, colours",
     .show = show_video},
    {.path = "hw/boot/cpu", .help = "the processor as the loader saw it: vendor, CPUID words in hexadecimal, features",
     .show = show_cpu},
};

void runtime_boot_init(void) {
    runtime_register(views, ARRAY_SIZE(views));
}
