/*
 * The FAT32 volume in the annotated map: system area, then every file with its chain of clusters.
 * Each cluster in use must belong to exactly one chain, and each chain must fit its file.
 */
#include <errno.h>
#include <string.h>

#include "lib/fat_read.h"
#include "tools/mkimage/explain.h"

enum { MAX_DEPTH = 32 };

struct walk {
    struct explanation *explanation;
    const struct image *image;
    const uint8_t *bytes; /* the volume */
    struct fat_volume volume;
    const uint32_t *fat;
    bool *owned;          /* by cluster */
    uint32_t owned_count;
};

static int read_partition(void *context, uint64_t sector, uint32_t count, void *buffer) {
    const struct walk *walk = context;
    uint64_t nsectors = walk->image->partition_bytes / FAT_SECTOR;
    if (sector > nsectors || count > nsectors - sector)
        return -EIO;
    memcpy(buffer, walk->bytes + sector * FAT_SECTOR, (size_t)count * FAT_SECTOR);
    return 0;
}

struct chain {
    uint64_t bytes;
    unsigned fragments;
    bool sound;
};

static struct chain follow_chain(struct walk *walk, uint32_t cluster) {
    const struct fat_geometry *geometry = &walk->volume.geometry;
    struct chain chain = {.sound = true};
    uint32_t previous = 0;
    while (cluster != 0) {
        if (!fat_cluster_is_valid(geometry, cluster) || walk->owned[cluster]) {
            chain.sound = false;
            break;
        }
        walk->owned[cluster] = true;
        walk->owned_count++;
        chain.bytes += (uint64_t)geometry->cluster_sectors * FAT_SECTOR;
        chain.fragments += cluster != previous + 1;
        previous = cluster;
        uint32_t next = walk->fat[cluster] & FAT_ENTRY_MASK;
        cluster = next >= FAT_ENTRY_END ? 0 : next == 0 ? FAT_ENTRY_BAD : next;
    }
    return chain;
}


/* Looks into the files that stage2 loads. */
static void explain_content(struct walk *walk, const char *path, const struct fat_entry *entry) {
    struct blob data = {.bytes = must_alloc(entry->size + 1ul), .size = entry->size};
    struct fat_file file;
    uint32_t nread;
    fat_file_open(entry, &file);
    if (fat_file_read(&walk->volume, &file, data.bytes, entry->size, &nread) != 0)
        return; /* its chain has been reported */
    if (fat_name_matches(path, IMAGE_KERNEL, strlen(IMAGE_KERNEL)))
        explain_kernel(walk->explanation, &data);
    else if (fat_name_matches(path, IMAGE_RAMFS, strlen(IMAGE_RAMFS)))
        explain_ramfs(walk->explanation, &data);
    else if (fat_name_matches(path, IMAGE_CONFIG, strlen(IMAGE_CONFIG)))
        explain_config(walk->explanation, &data);
}

static void explain_directory(struct walk *walk, const char *path, uint32_t cluster,
                              unsigned depth);

static void explain_entry(struct walk *walk, const char *path, const struct fat_entry *entry,
                          unsigned depth) {
    const uint32_t cluster_bytes = walk->volume.geometry.cluster_sectors * FAT_SECTOR;
    bool is_directory = entry->attributes & FAT_ATTR_DIRECTORY;
    uint64_t sector = entry->first_cluster == 0
                          ? 0
                          : fat_cluster_sector(&walk->volume.geometry, entry->first_cluster);
    struct chain chain = follow_chain(walk, entry->first_cluster);
    explain_area(walk->image->partition_start + sector * FAT_SECTOR,
                 is_directory ? chain.bytes : entry->size, "%s%s (cluster %u, fragments: %u)",
                 path, is_directory ? "/" : "", entry->first_cluster, chain.fragments);
    uint64_t expected = ALIGN_UP((uint64_t)entry->size, cluster_bytes);
    bool fits = is_directory ? chain.bytes > 0 : chain.bytes == expected;
    if (!chain.sound || !fits)
        explain_check(walk->explanation, false, "its chain of clusters fits its size");
    else if (is_directory && depth < MAX_DEPTH)
        explain_directory(walk, path, entry->first_cluster, depth + 1);
    else if (!is_directory)
        explain_content(walk, path, entry);
}

static void explain_directory(struct walk *walk, const char *path, uint32_t cluster,
                              unsigned depth) {
    struct fat_dir *dir = must_alloc(sizeof(*dir));
    struct fat_entry *entry = must_alloc(sizeof(*entry));
    int status;
    fat_dir_open(&walk->volume, cluster, dir);
    while ((status = fat_dir_next(&walk->volume, dir, entry)) > 0) {
        if (strcmp(entry->name, ".") == 0 || strcmp(entry->name, "..") == 0)
            continue;
        const char *separator = *path == '\0' ? "" : "/";
        explain_entry(walk, text_format("%s%s%s", path, separator, entry->name), entry, depth);
    }
    if (status < 0)
        explain_check(walk->explanation, false, "the directory %s/ can be read", path);
}

static void explain_system_area(struct walk *walk, const struct fat_boot_sector *boot) {
    const struct fat_geometry *geometry = &walk->volume.geometry;
    const struct image *image = walk->image;
    const uint64_t start = image->partition_start;
    const uint64_t reserved = (uint64_t)boot->reserved_sectors * boot->bytes_per_sector;
    const uint64_t fat_bytes = geometry->fat_sectors * FAT_SECTOR;
    const uint64_t backup = (uint64_t)boot->backup_boot_sector * boot->bytes_per_sector;
    explain_area(start, geometry->total_sectors * FAT_SECTOR,
                 "FAT32 volume %08x, %u clusters of %u bytes, sectors of %u", geometry->volume_id,
                 geometry->cluster_count, geometry->cluster_sectors * FAT_SECTOR,
                 geometry->bytes_per_sector);
    explain_check(walk->explanation, geometry->cluster_count >= FAT_MIN_CLUSTERS,
                  "enough clusters for FAT32");
    explain_check(walk->explanation,
                  boot->hidden_sectors == image->mbr.partitions[image->partition].first_lba,
                  "knows where the partition begins");
    explain_check(walk->explanation,
                  backup != 0 && backup + sizeof(*boot) <= reserved &&
                      memcmp(boot, walk->bytes + backup, sizeof(*boot)) == 0,
                  "the backup of its boot sector is the same");
    for (unsigned i = 0; i < boot->fat_count; i++)
        explain_area(start + reserved + i * fat_bytes, fat_bytes, "FAT %u", i + 1);
    if (boot->fat_count == 2 && !(boot->ext_flags & FAT_EXT_ONE_CURRENT))
        explain_check(walk->explanation,
                      memcmp(walk->bytes + reserved, walk->bytes + reserved + fat_bytes,
                             fat_bytes) == 0,
                      "both FATs are the same");
}

/* After every file has been followed. */
static void explain_space(struct walk *walk, const struct fat_boot_sector *boot) {
    const uint32_t count = walk->volume.geometry.cluster_count;
    const struct fat_fsinfo *fsinfo =
        (const void *)(walk->bytes + (size_t)boot->fsinfo_sector * boot->bytes_per_sector);
    uint32_t used = 0;
    for (uint32_t i = FAT_FIRST_CLUSTER; i < count + FAT_FIRST_CLUSTER; i++) {
        uint32_t value = walk->fat[i] & FAT_ENTRY_MASK;
        used += value != 0 && value != FAT_ENTRY_BAD;
    }
    explain_detail("%u of %u clusters are free", count - used, count);
    explain_check(walk->explanation, used == walk->owned_count,
                  "every cluster in use belongs to a file");
    bool signed_right = fsinfo->lead_signature == FAT_FSINFO_LEAD &&
                        fsinfo->struct_signature == FAT_FSINFO_STRUCT &&
                        fsinfo->trail_signature == FAT_FSINFO_TRAIL;
    explain_check(walk->explanation, signed_right, "FSInfo signatures");
    if (signed_right && fsinfo->free_count != UINT32_MAX)
        explain_check(walk->explanation, fsinfo->free_count == count - used,
                      "FSInfo says %u are free", fsinfo->free_count);
}

static void explain_required(struct walk *walk) {
    static const char *const required[] = {IMAGE_KERNEL, IMAGE_RAMFS, IMAGE_CONFIG};
    struct fat_dir *dir = must_alloc(sizeof(*dir));
    struct fat_entry *entry = must_alloc(sizeof(*entry));
    for (size_t i = 0; i < ARRAY_SIZE(required); i++)
        explain_check(walk->explanation, fat_lookup(&walk->volume, required[i], dir, entry) == 0,
                      "%s is there", required[i]);
}

void explain_volume(struct explanation *explanation, const struct image *image) {
    enum { WINDOW_BYTES = 65536 };
    struct walk walk = {
        .explanation = explanation, .image = image,
        .bytes = image->bytes.bytes + image->partition_start,
    };
    int error = fat_volume_open(&walk.volume, read_partition, &walk, must_alloc(WINDOW_BYTES),
                                WINDOW_BYTES);
    bool inside =
        !error && walk.volume.geometry.total_sectors * FAT_SECTOR <= image->partition_bytes;
    explain_check(explanation, inside, "the partition holds a FAT32 volume that fits it");
    if (!inside)
        return;
    const struct fat_boot_sector *boot = (const void *)walk.bytes;
    walk.fat = (const void *)(walk.bytes + walk.volume.geometry.fat_start * FAT_SECTOR);
    walk.owned = must_alloc(walk.volume.geometry.cluster_count + FAT_FIRST_CLUSTER);
    explain_system_area(&walk, boot);
    if (!follow_chain(&walk, walk.volume.geometry.root_cluster).sound)
        explain_check(explanation, false, "the root directory's chain of clusters");
    explain_directory(&walk, "", 0, 0);
    explain_space(&walk, boot);
    explain_required(&walk);
}
