/*
 * Writing a FAT32 volume: two FATs, FSInfo, a backup of the boot sector, files one after the other
 * without fragments. The same tree and format give the same bytes.
 */
#include <string.h>
#include <time.h>

#include "lib/fat.h"
#include "tools/mkimage/volume.h"

enum {
    MIB = 1 << 20,
    RESERVED_SECTORS = 32, /* at least: more where that aligns the data */
    DATA_ALIGN = 4096,
    FSINFO_SECTOR = 1,
    BACKUP_SECTOR = 6,
    FAT_COUNT = 2,
    SPARE_BYTES = 8 * MIB,    /* free space on a volume of no given size, and a quarter more */
    MAX_CLUSTER_BYTES = 32768 /* what every reader accepts */
};

static const char volume_label[11] = "ASTRA      ";

struct writer {
    const struct volume_format *format;
    struct blob volume;
    uint32_t total_sectors;
    uint32_t cluster_sectors;
    uint32_t cluster_bytes;
    uint32_t reserved_sectors;
    uint32_t fat_sectors;
    uint32_t cluster_count;
    uint32_t next_cluster; /* the first one not yet given away */
    uint16_t date, time;   /* of every file */
};

static uint64_t content_bytes(const struct volume_node *node) {
    uint64_t bytes = ALIGN_UP(node->data.size, (size_t)4096) + 4096;
    for (size_t i = 0; i < node->child_count; i++)
        bytes += content_bytes(node->children[i]);
    return bytes;
}

static uint64_t volume_bytes(const struct volume_node *root, const struct volume_format *format) {
    uint64_t content = content_bytes(root);
    uint64_t needed = content + content / 64 + MIB; /* at most a 64th for two FATs */
    uint64_t wanted = format->minimum_bytes ? needed : needed + content / 4 + SPARE_BYTES;
    uint64_t smallest = (uint64_t)(FAT_MIN_CLUSTERS + RESERVED_SECTORS) * format->sector_bytes +
                        FAT_COUNT * FAT_MIN_CLUSTERS * sizeof(uint32_t) + MIB;
    uint64_t bytes = MAX(wanted, smallest);
    bytes = MAX(bytes, format->minimum_bytes);
    return ALIGN_UP(bytes, MIB);
}

/* The geometry for the number of sectors and the cluster size in `writer`. */
static void fit_fats(struct writer *writer) {
    const uint32_t sector_bytes = writer->format->sector_bytes;
    uint32_t most = (writer->total_sectors - RESERVED_SECTORS) / writer->cluster_sectors;
    uint64_t fat_bytes = (most + FAT_FIRST_CLUSTER) * (uint64_t)sizeof(uint32_t);
    writer->fat_sectors = (uint32_t)DIV_ROUND_UP(fat_bytes, sector_bytes);
    uint32_t data_start = RESERVED_SECTORS + FAT_COUNT * writer->fat_sectors;
    data_start = ALIGN_UP(data_start, DATA_ALIGN / sector_bytes);
    writer->reserved_sectors = data_start - FAT_COUNT * writer->fat_sectors;
    writer->cluster_count = (writer->total_sectors - data_start) / writer->cluster_sectors;
    writer->cluster_bytes = writer->cluster_sectors * sector_bytes;
}

/* The largest clusters that leave enough of them for FAT32. */
static void choose_geometry(struct writer *writer) {
    uint32_t limit = MAX_CLUSTER_BYTES / writer->format->sector_bytes;
    for (writer->cluster_sectors = limit; writer->cluster_sectors >= 1;
         writer->cluster_sectors /= 2) {
        fit_fats(writer);
        if (writer->cluster_count >= FAT_MIN_CLUSTERS)
            break;
    }
    if (writer->cluster_count > FAT_MAX_CLUSTERS)
        die("the FAT volume would be too large");
}

static uint32_t take_clusters(struct writer *writer, uint64_t nbytes, uint32_t *count) {
    uint32_t first = writer->next_cluster;
    *count = (uint32_t)DIV_ROUND_UP(nbytes, writer->cluster_bytes);
    if (*count == 0)
        return 0;
    if (*count > writer->cluster_count + FAT_FIRST_CLUSTER - first)
        die("the FAT volume is full");
    writer->next_cluster += *count;
    return first;
}

static uint64_t directory_bytes(const struct volume_node *directory) {
    uint64_t entries = 2; /* "." and ".."; in the root the label */
    for (size_t i = 0; i < directory->child_count; i++)
        entries += volume_name_entries(directory->children[i]->name);
    return entries * sizeof(struct fat_dirent);
}

static void assign_clusters(struct writer *writer, struct volume_node *node) {
    uint64_t nbytes = node->is_directory ? directory_bytes(node) : node->data.size;
    if (nbytes > UINT32_MAX)
        die("%s: too large for FAT: %llu bytes", node->name, (unsigned long long)nbytes);
    node->first_cluster = take_clusters(writer, nbytes, &node->cluster_count);
    for (size_t i = 0; i < node->child_count; i++)
        assign_clusters(writer, node->children[i]);
}

static uint8_t *cluster_address(const struct writer *writer, uint32_t cluster) {
    uint64_t start = writer->reserved_sectors + FAT_COUNT * (uint64_t)writer->fat_sectors;
    return writer->volume.bytes + start * writer->format->sector_bytes +
           (uint64_t)(cluster - FAT_FIRST_CLUSTER) * writer->cluster_bytes;
}

static void write_chain(struct writer *writer, const struct volume_node *node) {
    uint32_t *fat = (uint32_t *)(void *)(writer->volume.bytes +
                                         (size_t)writer->reserved_sectors *
                                             writer->format->sector_bytes);
    for (uint32_t i = 1; i < node->cluster_count; i++)
        fat[node->first_cluster + i - 1] = node->first_cluster + i;
    if (node->cluster_count > 0)
        fat[node->first_cluster + node->cluster_count - 1] = FAT_ENTRY_MASK;
}

static struct fat_dirent new_dirent(const struct writer *writer, uint8_t attributes,
                                    uint32_t cluster, uint32_t size) {
    return (struct fat_dirent){
        .attributes = attributes,
        .created_date = writer->date, .created_time = writer->time,
        .accessed_date = writer->date,
        .written_date = writer->date, .written_time = writer->time,
        .cluster_high = (uint16_t)(cluster >> 16), .cluster_low = (uint16_t)cluster,
        .size = size,
    };
}

/* Writes the entries of `node` at `to`; returns where the next ones go. */
static struct fat_dirent *write_entry(const struct writer *writer, const struct volume_node *node,
                                      uint8_t (*taken)[11], size_t taken_count,
                                      struct fat_dirent *to) {
    uint8_t attributes = node->is_directory ? FAT_ATTR_DIRECTORY : FAT_ATTR_ARCHIVE;
    struct fat_dirent entry =
        new_dirent(writer, attributes, node->first_cluster, (uint32_t)node->data.size);
    bool exact = volume_short_name(node->name, taken, taken_count, entry.name, &entry.case_flags);
    memcpy(taken[taken_count], entry.name, sizeof(entry.name));
    if (!exact)
        to += volume_long_name(node->name, entry.name, to);
    *to = entry;
    return to + 1;
}

static void write_directory(struct writer *writer, const struct volume_node *directory,
                            uint32_t parent_cluster, bool is_root) {
    struct fat_dirent *to = (void *)cluster_address(writer, directory->first_cluster);
    uint8_t(*taken)[11] = must_alloc((directory->child_count + 1) * sizeof(*taken));
    if (is_root) {
        *to = new_dirent(writer, FAT_ATTR_VOLUME_ID, 0, 0);
        memcpy(to->name, volume_label, sizeof(to->name));
        to++;
    } else {
        *to = new_dirent(writer, FAT_ATTR_DIRECTORY, directory->first_cluster, 0);
        memcpy((to++)->name, ".          ", sizeof(to->name));
        *to = new_dirent(writer, FAT_ATTR_DIRECTORY, parent_cluster, 0);
        memcpy((to++)->name, "..         ", sizeof(to->name));
    }
    for (size_t i = 0; i < directory->child_count; i++)
        to = write_entry(writer, directory->children[i], taken, i, to);
}

/* `parent_cluster` is 0 if the parent is the root (FAT spec, "Directory Structure"). */
static void write_node(struct writer *writer, const struct volume_node *node,
                       uint32_t parent_cluster, bool is_root) {
    write_chain(writer, node);
    if (!node->is_directory) {
        if (node->data.size > 0)
            memcpy(cluster_address(writer, node->first_cluster), node->data.bytes,
                   node->data.size);
        return;
    }
    write_directory(writer, node, parent_cluster, is_root);
    for (size_t i = 0; i < node->child_count; i++)
        write_node(writer, node->children[i], is_root ? 0 : node->first_cluster, false);
}

/* INT 18h ("no bootable disk"), then halt: Astra is started by the disk's first sector alone. */
static const uint8_t not_bootable[] = {0xcd, 0x18, 0xf4, 0xeb, 0xfd};

static struct fat_boot_sector make_boot_sector(const struct writer *writer) {
    struct fat_boot_sector boot = {
        .jump = {0xeb, offsetof(struct fat_boot_sector, code) - 2, 0x90},
        .oem_name = "ASTRA   ",
        .bytes_per_sector = (uint16_t)writer->format->sector_bytes,
        .sectors_per_cluster = (uint8_t)writer->cluster_sectors,
        .reserved_sectors = (uint16_t)writer->reserved_sectors,
        .fat_count = FAT_COUNT,
        .media = FAT_MEDIA_FIXED,
        .sectors_per_track = 63, .heads = 255,
        .hidden_sectors = writer->format->hidden_sectors,
        .total_sectors_32 = writer->total_sectors,
        .fat_sectors = writer->fat_sectors,
        .root_cluster = FAT_FIRST_CLUSTER,
        .fsinfo_sector = FSINFO_SECTOR, .backup_boot_sector = BACKUP_SECTOR,
        .drive_number = 0x80,
        .boot_signature = FAT_BOOT_SIGNATURE,
        .volume_id = writer->format->volume_id,
        .type_name = "FAT32   ",
        .signature = {0x55, 0xaa},
    };
    memcpy(boot.volume_label, volume_label, sizeof(boot.volume_label));
    memcpy(boot.code, not_bootable, sizeof(not_bootable));
    return boot;
}

static void write_system_area(struct writer *writer) {
    const uint32_t sector_bytes = writer->format->sector_bytes;
    uint8_t *bytes = writer->volume.bytes;
    struct fat_boot_sector boot = make_boot_sector(writer);
    struct fat_fsinfo fsinfo = {
        .lead_signature = FAT_FSINFO_LEAD, .struct_signature = FAT_FSINFO_STRUCT,
        .free_count = writer->cluster_count + FAT_FIRST_CLUSTER - writer->next_cluster,
        .next_free = writer->next_cluster, .trail_signature = FAT_FSINFO_TRAIL,
    };
    for (uint32_t copy = 0; copy <= BACKUP_SECTOR; copy += BACKUP_SECTOR) {
        memcpy(bytes + (size_t)copy * sector_bytes, &boot, sizeof(boot));
        memcpy(bytes + (size_t)(copy + FSINFO_SECTOR) * sector_bytes, &fsinfo, sizeof(fsinfo));
    }
    uint8_t *fat = bytes + (size_t)writer->reserved_sectors * sector_bytes;
    size_t fat_bytes = (size_t)writer->fat_sectors * sector_bytes;
    const uint32_t first_entries[] = {0x0fffff00u | FAT_MEDIA_FIXED, FAT_ENTRY_MASK};
    memcpy(fat, first_entries, sizeof(first_entries));
    memcpy(fat + fat_bytes, fat, fat_bytes);
}

/* The build's time as FAT has it, in UTC; FAT begins in 1980. */
static void set_time(struct writer *writer) {
    enum { YEAR_1980 = 80, SECONDS_1980 = 315532800 };
    time_t now = MAX((time_t)build_time_s(), (time_t)SECONDS_1980);
    struct tm tm;
    gmtime_r(&now, &tm);
    writer->date = (uint16_t)((tm.tm_year - YEAR_1980) << 9 | (tm.tm_mon + 1) << 5 | tm.tm_mday);
    writer->time = (uint16_t)(tm.tm_hour << 11 | tm.tm_min << 5 | tm.tm_sec / 2);
}

struct blob volume_write(struct volume_node *root, const struct volume_format *format) {
    struct writer writer = {.format = format, .next_cluster = FAT_FIRST_CLUSTER};
    uint64_t nbytes = volume_bytes(root, format);
    if (nbytes / format->sector_bytes > UINT32_MAX)
        die("the FAT volume would be too large: %llu bytes", (unsigned long long)nbytes);
    writer.total_sectors = (uint32_t)(nbytes / format->sector_bytes);
    writer.volume = (struct blob){.bytes = must_alloc(nbytes), .size = nbytes};
    set_time(&writer);
    choose_geometry(&writer);
    assign_clusters(&writer, root);
    write_node(&writer, root, 0, true);
    write_system_area(&writer);
    return writer.volume;
}
