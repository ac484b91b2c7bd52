/*
 * The boot disk as a page of the menu: the drive, its partitions, the volume, the files in boot/.
 */
#include "boot/stage2/disk.h"
#include "boot/stage2/facts.h"
#include "boot/stage2/menu_pages.h"
#include "boot/stage2/pager.h"
#include "boot/stage2/state.h"
#include "boot/stage2/volume.h"
#include "lib/mbr.h"

#define MIB_UNIT_SHIFT 11u /* units of 512 bytes to MiB */

static void add_drive(const struct boot_disk *disk) {
    const struct disk_facts *facts = &boot_facts.disk;
    uint32_t units_per_sector = disk->bytes_per_sector / DISK_UNIT;
    const uint8_t *path = (const uint8_t *)&disk->interface_path; /* EDD 3.0 §1 */

    pager_add("Drive");
    pager_add(" BIOS number  %02xh%s", disk->bios_drive,
              disk->flags & BOOT_DISK_PROBED ? ", found by its id: the BIOS gave another" : "");
    pager_add(" interface    %.4s%.8s  %02x:%02x.%x", disk->host_bus, disk->interface_type, path[0],
              path[1], path[2]);
    pager_add(" calls        %s, EDD %02xh, %u sectors each", disk->flags & BOOT_DISK_EDD ? "42h" : "02h",
              facts->edd_version, facts->call_sectors);
    pager_add(" sectors      %llu of %u bytes: %u MiB", (unsigned long long)disk->sector_count,
              disk->bytes_per_sector,
              (uint32_t)((disk->sector_count * units_per_sector) >> MIB_UNIT_SHIFT));
    pager_add(" geometry     %u heads, %u sectors a track", facts->heads, facts->sectors_per_track);
    pager_add(" disk id      %08x", disk->disk_id);
    pager_add(" ");
}

static const char *type_name(uint8_t type) {
    switch (type) {
    case MBR_TYPE_FAT32_CHS: case MBR_TYPE_FAT32_LBA: return "FAT32";
    case MBR_TYPE_GPT_PROTECTIVE: return "GPT";
    case 0x07: return "NTFS";
    case 0x82: return "swap";
    case 0x83: return "Linux";
    default: return "other";
    }
}

static void add_partitions(void) {
    static uint8_t sector[MBR_BYTES];
    struct mbr mbr;

    pager_add("Partitions         first  sectors");
    if (disk_read(0, 1, sector) != 0 || mbr_parse(sector, &mbr) != 0) {
        pager_add(" cannot be read now");
        return;
    }
    for (unsigned i = 0; i < MBR_PARTITIONS; i++) {
        const struct mbr_partition *p = &mbr.partitions[i];

        if (p->type != MBR_TYPE_EMPTY)
            pager_add(" %u %02xh %-5s %10u %8u%s", i + 1, p->type, type_name(p->type), p->first_lba,
                      p->nsectors, p->active ? "  active" : "");
    }
    pager_add(" ");
}

static void add_volume(const struct boot_disk *disk) {
    const struct fat_geometry *geometry = volume_geometry();
    uint32_t nfree = volume_free_clusters();

    pager_add("Volume on partition %u", disk->partition_index + 1u);
    pager_add(" volume id    %08x", disk->volume_id);
    pager_add(" clusters     %u of %u bytes", geometry->cluster_count,
              geometry->cluster_sectors * DISK_UNIT);
    if (nfree != VOLUME_FREE_UNKNOWN)
        pager_add(" free         %u", nfree);
    pager_add(" ");
}

static void add_file(const struct fat_entry *entry) {
    pager_add(" %10u  %s%s", entry->size, entry->name,
              entry->attributes & FAT_ATTR_DIRECTORY ? "/" : "");
}

void menu_show_disk(void) {
    const struct boot_disk *disk = &boot_info()->disk;

    pager_clear();
    add_drive(disk);
    add_partitions();
    add_volume(disk);
    pager_add("Files in boot/, bytes");
    if (volume_list("boot", add_file) != 0)
        pager_add(" cannot be read now");
    pager_show("Disk");
}
