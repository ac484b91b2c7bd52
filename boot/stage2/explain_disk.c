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
#define EDD_PACKET_BYTES 16u

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
    explain_text("INT 13h reads disks. Its extended calls (EDD) take a 64-bit sector number in "
                 "a packet, the older ones cylinder, head and sector (CHS). Some BIOSes refuse "
                 "more than 127 sectors a call, and buffers across a border of 64 KiB.");
    explain_print("Drive        " VALUE "%02x, disk id %08x  %.4s %.8s\n", disk->bios_drive,
                  disk->disk_id, disk->host_bus, disk->interface_type);
    explain_print("AH=41h       " VALUE "EDD version %02x; ", facts->edd_version);
    explain_flags("CX ", facts->edd_support, 4, EDD_SUPPORT);
    explain_print("AH=48h       " VALUE "%llu sectors of %u bytes\n",
                  (unsigned long long)disk->sector_count, disk->bytes_per_sector);
    explain_print("AH=08h       " VALUE "%u heads, %u sectors a track\n", facts->heads,
                  facts->sectors_per_track);
    explain_print("In use       " VALUE "%s, up to %u sectors a call\n",
                  disk->flags & BOOT_DISK_EDD ? "AH=42h (EDD)" : "AH=02h (CHS)",
                  facts->call_sectors);
    explain_print("Last packet  " VALUE "size %u, count %u, buffer %04x:0000, sector %llu\n",
                  EDD_PACKET_BYTES, facts->last_count, LAYOUT_BOUNCE >> 4,
                  (unsigned long long)facts->last_lba);
    explain_print("So far       " VALUE "%u reads, %u failed attempts, %u changes of the way\n",
                  facts->calls, count_events(BOOT_EVENT_DISK_RETRY),
                  count_events(BOOT_EVENT_DISK_FALLBACK));
    explain_print("Partition    " VALUE "%u, from sector %llu (of 512 bytes) on, FAT32, serial "
                  "%08x\n", disk->partition_index + 1u, (unsigned long long)disk->partition_lba,
                  disk->volume_id);
    return 1;
}

unsigned explain_config(unsigned part) {
    const struct bootcfg *config = boot_facts.config;
    const struct boot_info *info = boot_info();

    (void)part;
    explain_text("boot/astra.cfg lies on the boot partition, for any computer to edit. A line "
                 "is `key = value`; the `append` lines are the kernel's arguments.");
    explain_print("Read         " VALUE "%u bytes\n", boot_facts.config_bytes);
    explain_print("kernel =     " VALUE "%s\n", config->kernel);
    explain_print("ramfs =      " VALUE "%s\n", config->ramfs);
    explain_print(config->video_width == 0 ? "video =      " VALUE "text\n"
                                           : "video =      " VALUE "%ux%u\n",
                  config->video_width, config->video_height);
    explain_print("explain =    " VALUE "%s\n\n", config->explain ? "yes" : "no");
    explain_print("Arguments, %u bytes:" VALUE, info->cmdline_length);
    explain_text(info->cmdline);
    return 1;
}

static void print_text_mode(void) {
    const struct boot_video *video = &boot_info()->video;

    console_describe_screen();
    if (video->mode == BOOT_VIDEO_NONE)
        explain_print("None         " VALUE "no display answers; COM1 has it all\n");
    else
        explain_print("Text         " VALUE "%u columns, %u rows; memory at %llx, controller "
                      "at port %x\n", video->columns, video->rows,
                      (unsigned long long)video->phys, video->crtc_port);
}

unsigned explain_video(unsigned part) {
    const struct boot_video *video = video_chosen();

    (void)part;
    explain_text("A screen starts in text mode: a cell is two bytes, character and colour. "
                 "Pictures need a VESA mode: INT 10h AX=4F00h lists them, 4F01h describes one, "
                 "4F02h sets it. That is done last, so that all messages stay readable.");
    if (video->mode != BOOT_VIDEO_LINEAR) {
        print_text_mode();
        return 1;
    }
    explain_print("Chosen       " VALUE "mode %x, %u x %u pixels of %u bits, %u bytes a line\n",
                  video->vbe_mode, video->width, video->height, video->bits_per_pixel,
                  video->pitch);
    explain_print("Framebuffer  " VALUE "%llx, %llu bytes\n", (unsigned long long)video->phys,
                  (unsigned long long)video->size);
    explain_print("Red          " VALUE "%u bits from bit %u; green %u from %u; blue %u from %u\n",
                  video->red.width, video->red.position, video->green.width, video->green.position,
                  video->blue.width, video->blue.position);
    return 1;
}
