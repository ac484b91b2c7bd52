/*
 * Pages: the disk, the configuration, the screen.
 */
#include "boot/stage2/console.h"
#include "boot/stage2/explain_pages.h"
#include "boot/stage2/facts.h"
#include "boot/stage2/state.h"
#include "boot/stage2/video.h"
#include "lib/bootcfg.h"

#define EDD_SUPPORT "2EDD 1LOCK 0EXTENDED" /* EDD 3.0 §4.1: bits of CX */
#define ARGUMENTS_SHOWN 900

/* How many events of that kind the boot trace holds. */
static unsigned count_events(enum boot_event id) {
    const struct boot_trace *trace = boot_trace();
    unsigned count = 0;

    for (unsigned i = 0; i < BOOT_TRACE_EVENTS; i++)
        count += trace->events[i].id == id;
    return count;
}

unsigned explain_disk(unsigned part) {
    const struct boot_disk *disk = &boot_info()->disk;
    const struct disk_facts *facts = &boot_facts.disk;

    (void)part;
    explain_text("INT 13h reads disks. Its extended calls (EDD) take a 64-bit sector number in a "
                 "packet, the older ones cylinder, head and sector (CHS). Some BIOSes refuse more "
                 "than 127 sectors a call, and buffers across a border of 64 KiB.");
    console_printf("Drive        %02x, %.4s %.8s; disk id %08x\n", disk->bios_drive, disk->host_bus,
                   disk->interface_type, disk->disk_id);
    console_printf("AH=41h       EDD version %02x; ", facts->edd_version);
    explain_flags("CX ", facts->edd_support, 4, EDD_SUPPORT);
    console_printf("AH=48h       %llu sectors of %u bytes\n", (unsigned long long)disk->sector_count,
                   disk->bytes_per_sector);
    console_printf("AH=08h       %u heads, %u sectors a track\n", facts->heads,
                   facts->sectors_per_track);
    console_printf("In use       %s, up to %u sectors a call\n",
                   disk->flags & BOOT_DISK_EDD ? "AH=42h (EDD)" : "AH=02h (CHS)",
                   facts->call_sectors);
    console_printf("Last read    %u sector%s from %llu, to %x; from there copied to its place\n",
                   facts->last_count, facts->last_count == 1 ? "" : "s",
                   (unsigned long long)facts->last_lba, LAYOUT_BOUNCE);
    console_printf("So far       %u reads, %u failed attempts, %u changes to another way\n",
                   facts->calls, count_events(BOOT_EVENT_DISK_RETRY),
                   count_events(BOOT_EVENT_DISK_FALLBACK));
    console_printf("Partition    %u, from sector %llu on (of 512 bytes), FAT32, serial %08x\n",
                   disk->partition_index + 1u, (unsigned long long)disk->partition_lba,
                   disk->volume_id);
    return 1;
}

unsigned explain_config(unsigned part) {
    const struct bootcfg *config = boot_facts.config;
    const struct boot_info *info = boot_info();

    (void)part;
    explain_text("boot/astra.cfg lies on the boot partition, for any computer to edit. A line is "
                 "`key = value`; the `append` lines are the kernel's arguments.");
    console_printf("Read         %u bytes\n", boot_facts.config_bytes);
    console_printf("kernel =     %s\nramfs =      %s\n", config->kernel, config->ramfs);
    if (config->video_width == 0)
        console_printf("video =      text\n");
    else
        console_printf("video =      %ux%u\n", config->video_width, config->video_height);
    console_printf("explain =    %s\n\n", config->explain ? "yes" : "no");
    console_printf("Arguments    %u bytes:\n%.*s\n", info->cmdline_length, ARGUMENTS_SHOWN,
                   info->cmdline);
    return 1;
}

unsigned explain_video(unsigned part) {
    const struct boot_video *video = video_chosen();

    (void)part;
    explain_text("A screen starts in text mode: a cell is two bytes, character and colour. "
                 "Pictures need a VESA mode: INT 10h AX=4F00h lists them, 4F01h describes one, "
                 "4F02h sets it. That is done last, so that all messages stay readable.");
    if (video->mode != BOOT_VIDEO_LINEAR) {
        console_describe_screen();
        video = &boot_info()->video;
        console_printf("Text: %u columns, %u rows; memory at %llx, CRT controller at port %x\n",
                       video->columns, video->rows, (unsigned long long)video->phys,
                       video->crtc_port);
        return 1;
    }
    console_printf("Chosen: mode %x, %u x %u pixels of %u bits, %u bytes a line\n",
                   video->vbe_mode, video->width, video->height, video->bits_per_pixel,
                   video->pitch);
    console_printf("Framebuffer at %llx, %llu bytes; bits of red %u-%u, green %u-%u, blue %u-%u\n",
                   (unsigned long long)video->phys, (unsigned long long)video->size,
                   video->red.position, video->red.position + video->red.width - 1u,
                   video->green.position, video->green.position + video->green.width - 1u,
                   video->blue.position, video->blue.position + video->blue.width - 1u);
    return 1;
}
