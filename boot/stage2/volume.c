/*
 * The boot partition. A window of the FAT is kept in memory, so that a fragmented file costs few
 * extra calls; a contiguous piece of a file goes to its place in as few calls as the BIOS allows.
 */
#include "boot/stage2/volume.h"

#include "boot/stage2/disk.h"
#include "boot/stage2/error.h"
#include "boot/stage2/progress.h"
#include "boot/stage2/state.h"
#include "boot/stage2/trace.h"
#include "lib/errno.h"
#include "lib/mbr.h"
#include "lib/string.h"

#define FAT_WINDOW_BYTES 8192u
#define PIECE_UNITS      2032u /* between two looks at the clock: 16 full BIOS calls */

static struct fat_volume volume;
static uint32_t fat_window[FAT_WINDOW_BYTES / sizeof(uint32_t)];
static struct fat_dir directory; /* working space of look-ups: too large for the stack */

static int read_units(void *context, uint64_t sector, uint32_t count, void *buffer) {
    (void)context;
    return disk_read(boot_info()->disk.partition_lba + sector, count, buffer);
}

/*
 * Opens the volume if the partition table counts in pieces of `unit` times 512 bytes: the disk's
 * own sectors, or 512 bytes where an image made for such was copied to a disk with larger ones.
 */
static int open_at(const struct mbr_partition *partition, uint32_t unit) {
    struct boot_disk *info = &boot_info()->disk;

    info->partition_lba = (uint64_t)partition->first_lba * unit;
    info->partition_sectors = (uint64_t)partition->nsectors * unit;
    return fat_volume_open(&volume, read_units, NULL, fat_window, sizeof(fat_window));
}

void volume_open(void) {
    static uint8_t sector[MBR_BYTES];
    struct boot_disk *info = &boot_info()->disk;
    struct mbr mbr;

    trace_step(BOOT_STEP_VOLUME);
    int error = disk_read(0, 1, sector);

    if (error)
        error_fatal(ERROR_DISK_READ, "boot sector: BIOS status %02xh", disk_last_status());
    int index = mbr_parse(sector, &mbr) == 0 ? mbr_find_active(&mbr) : -EINVAL;

    if (index < 0)
        error_fatal(ERROR_PARTITION, index == -EINVAL ? "the table contradicts itself"
                                                      : "no partition is active");
    const struct mbr_partition *partition = &mbr.partitions[index];

    info->partition_index = (uint8_t)index;
    error = open_at(partition, info->bytes_per_sector / DISK_UNIT);
    if (error == -EINVAL && info->bytes_per_sector != DISK_UNIT)
        error = open_at(partition, 1);
    if (error == -EIO)
        error_fatal(ERROR_DISK_READ, "partition %d, sector %u: BIOS status %02xh", index + 1,
                    partition->first_lba, disk_last_status());
    if (error)
        error_fatal(ERROR_VOLUME, "partition %d of type %02xh at sector %u", index + 1,
                    partition->type, partition->first_lba);
    info->volume_id = volume.geometry.volume_id;
    trace_step_done(BOOT_STEP_VOLUME, info->partition_lba);
}

int volume_find(const char *path, struct fat_entry *entry) {
    int error = fat_lookup(&volume, path, &directory, entry);

    if (error)
        return error;
    return entry->attributes & FAT_ATTR_DIRECTORY ? -EISDIR : 0;
}

int volume_load(const struct fat_entry *entry, void *buffer, const char *label) {
    struct progress progress;
    struct fat_file file;
    uint8_t *out = buffer;

    progress_start(&progress, label, entry->size);
    fat_file_open(entry, &file);
    for (;;) {
        uint64_t sector;
        uint32_t count;
        int error = fat_file_next_run(&volume, &file, PIECE_UNITS, &sector, &count);

        if (error == 0 && count > 0)
            error = read_units(NULL, sector, count, out);
        if (error || count == 0) {
            progress_end(&progress);
            return error;
        }
        out += count * FAT_SECTOR;
        progress_show(&progress, (uint32_t)(out - (uint8_t *)buffer));
    }
}

int volume_load_start(const struct fat_entry *entry, void *buffer, uint32_t capacity) {
    struct fat_file file;
    uint32_t nread;

    fat_file_open(entry, &file);
    return fat_file_read(&volume, &file, buffer, capacity, &nread);
}

const struct fat_geometry *volume_geometry(void) {
    return &volume.geometry;
}

uint32_t volume_free_clusters(void) {
    static union {
        struct fat_boot_sector boot;
        struct fat_fsinfo info;
    } sector;

    if (read_units(NULL, 0, 1, &sector) != 0 ||
        read_units(NULL, (uint64_t)sector.boot.fsinfo_sector *
                   (volume.geometry.bytes_per_sector / DISK_UNIT), 1, &sector) != 0 ||
        sector.info.lead_signature != FAT_FSINFO_LEAD ||
        sector.info.free_count > volume.geometry.cluster_count)
        return VOLUME_FREE_UNKNOWN;
    return sector.info.free_count;
}

int volume_list(const char *path, void (*visit)(const struct fat_entry *entry)) {
    static struct fat_entry entry;
    int status = fat_lookup(&volume, path, &directory, &entry);

    if (status == 0 && !(entry.attributes & FAT_ATTR_DIRECTORY))
        status = -ENOTDIR;
    if (status)
        return status;
    fat_dir_open(&volume, entry.first_cluster, &directory);
    while ((status = fat_dir_next(&volume, &directory, &entry)) > 0) {
        if (strcmp(entry.name, ".") != 0 && strcmp(entry.name, "..") != 0)
            visit(&entry);
    }
    return status;
}
