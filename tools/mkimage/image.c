/* Putting an image together and taking it apart: image.h. */
#include "tools/mkimage/image.h"

#include <string.h>

#include "boot/layout.h"
#include "boot/stage2_header.h"
#include "lib/crc32.h"
#include "lib/fat.h"

enum { UNIT = 512, STAGE2_BYTE = STAGE2_LBA * UNIT, BPB_START = 3, BPB_END = 0x5a };

_Static_assert(STAGE2_BYTE + STAGE2_MAX_BYTES <= IMAGE_PARTITION_BYTE, "stage2 fits in the gap");

/*
 * Some BIOSes write into the boot sector's BPB, and some will not start a stick that has none:
 * the fields those look at. 18 sectors and 2 heads keep them from inventing a geometry.
 */
static void write_dummy_bpb(uint8_t *sector, uint32_t sector_bytes) {
    struct fat_boot_sector *bpb = (struct fat_boot_sector *)sector;
    for (unsigned i = BPB_START; i < BPB_END; i++) {
        if (sector[i] != 0)
            return; /* stage1 brings its own */
    }
    memcpy(bpb->oem_name, "ASTRA   ", sizeof(bpb->oem_name));
    bpb->bytes_per_sector = (uint16_t)sector_bytes;
    bpb->sectors_per_track = 18;
    bpb->heads = 2;
}

/* Tells stage1 where stage2 is in larger sectors; for 512 bytes it knows (boot/layout.h). */
static void set_stage2_position(uint8_t *sector, size_t stage2_bytes, uint32_t sector_bytes) {
    const uint64_t lba = STAGE2_BYTE / sector_bytes;
    if (sector_bytes == UNIT)
        return;
    sector[MBR_READ_COUNT] = (uint8_t)DIV_ROUND_UP(stage2_bytes, sector_bytes);
    memcpy(sector + MBR_READ_LBA, &lba, sizeof(lba));
}

static void check_stage1(const struct blob *stage1) {
    if (stage1->size == 0 || stage1->size % UNIT != 0 || stage1->size > STAGE2_BYTE)
        die("stage1 has %zu bytes, not whole sectors below stage2", stage1->size);
    if (stage1->bytes[0] != 0xeb || stage1->bytes[2] != 0x90)
        die("stage1 does not begin with a short jump and a NOP");
    for (unsigned i = MBR_CODE_BYTES; i < MBR_SIGNATURE_OFFSET; i++) {
        if (stage1->bytes[i] != 0)
            die("stage1 has code at byte %u, where disk id and partition table go", i);
    }
}

void stage2_seal(struct blob *stage2) {
    struct stage2_header header;
    if (stage2->size < sizeof(header))
        die("stage2 is too short: %zu bytes", stage2->size);
    if (stage2->size > STAGE2_MAX_BYTES)
        die("stage2 is too large: %zu bytes, at most %u fit", stage2->size, STAGE2_MAX_BYTES);
    memcpy(&header, stage2->bytes, sizeof(header));
    if (memcmp(header.magic, STAGE2_MAGIC, sizeof(header.magic)) != 0 ||
        header.version != STAGE2_VERSION)
        die("stage2 does not begin with the header of boot/stage2_header.h, version %u",
            STAGE2_VERSION);
    header.total_bytes = (uint32_t)stage2->size;
    header.crc32 = 0;
    memcpy(stage2->bytes, &header, sizeof(header));
    header.crc32 = crc32_update(0, stage2->bytes, stage2->size);
    memcpy(stage2->bytes, &header, sizeof(header));
}

/* A number that changes with everything in the image; never 0. */
static uint32_t content_id(uint32_t id, const struct volume_node *node) {
    id = crc32_update(id, node->name, strlen(node->name));
    id = crc32_update(id, node->data.bytes, node->data.size);
    for (size_t i = 0; i < node->child_count; i++)
        id = content_id(id, node->children[i]);
    return id != 0 ? id : 1;
}

/* The volume's serial number, made from the disk's. */
static uint32_t volume_id(uint32_t disk_id) {
    return crc32_update(disk_id, "volume", 6);
}

struct blob image_build(struct image_parts *parts) {
    check_stage1(&parts->stage1);
    stage2_seal(&parts->stage2);
    if (parts->disk_id == 0)
        parts->disk_id = content_id(crc32_update(0, parts->stage2.bytes, parts->stage2.size),
                                    parts->files);
    struct volume_format format = {
        .sector_bytes = parts->sector_bytes, .minimum_bytes = parts->partition_bytes,
        .hidden_sectors = IMAGE_PARTITION_BYTE / parts->sector_bytes,
        .volume_id = volume_id(parts->disk_id),
    };
    struct blob volume = volume_write(parts->files, &format);
    struct mbr mbr = {.disk_id = parts->disk_id};
    mbr.partitions[0] = (struct mbr_partition){
        .active = true, .type = MBR_TYPE_FAT32_LBA, .first_lba = format.hidden_sectors,
        .nsectors = (uint32_t)(volume.size / parts->sector_bytes),
    };
    struct blob image = {.size = IMAGE_PARTITION_BYTE + volume.size};
    image.bytes = must_alloc(image.size);
    memcpy(image.bytes, parts->stage1.bytes, parts->stage1.size);
    write_dummy_bpb(image.bytes, parts->sector_bytes);
    set_stage2_position(image.bytes, parts->stage2.size, parts->sector_bytes);
    mbr_build(image.bytes, &mbr);
    memcpy(image.bytes + STAGE2_BYTE, parts->stage2.bytes, parts->stage2.size);
    memcpy(image.bytes + IMAGE_PARTITION_BYTE, volume.bytes, volume.size);
    return image;
}

/* The boot sector at a byte of the image, or NULL if that is outside. */
static const struct fat_boot_sector *boot_sector_at(const struct image *image, uint64_t byte) {
    bool inside = byte <= image->bytes.size && image->bytes.size - byte >= FAT_SECTOR;
    return inside ? (const void *)(image->bytes.bytes + byte) : NULL;
}

/* The unit of the partition table: the one with which the partition's boot sector is found. */
static uint32_t detect_sector_bytes(const struct image *image, uint32_t first_lba) {
    struct fat_geometry geometry;
    const uint32_t large = 4096;
    const struct fat_boot_sector *boot = boot_sector_at(image, (uint64_t)first_lba * large);
    bool is_large = boot && fat_geometry_parse(boot, &geometry) == 0 &&
                    geometry.bytes_per_sector == large;
    return is_large ? large : UNIT;
}

struct image image_open(const char *path) {
    struct image image = {.path = path, .bytes = file_read(path)};
    if (image.bytes.size < IMAGE_PARTITION_BYTE)
        die("%s: too short for a disk image: %zu bytes", path, image.bytes.size);
    if (mbr_parse(image.bytes.bytes, &image.mbr) != 0)
        die("%s: no valid partition table in the first sector", path);
    int active = mbr_find_active(&image.mbr);
    if (active < 0)
        die("%s: no partition is active", path);
    const struct mbr_partition *partition = &image.mbr.partitions[active];
    image.partition = (unsigned)active;
    image.sector_bytes = detect_sector_bytes(&image, partition->first_lba);
    image.partition_start = (uint64_t)partition->first_lba * image.sector_bytes;
    image.partition_bytes = (uint64_t)partition->nsectors * image.sector_bytes;
    if (image.partition_start > image.bytes.size ||
        image.partition_bytes > image.bytes.size - image.partition_start)
        die("%s: the boot partition ends behind the end of the file", path);
    return image;
}

/* Makes room for a partition of `nbytes`. */
static void grow_partition(struct image *image, uint64_t nbytes) {
    uint64_t old_end = image->partition_start + image->partition_bytes;
    uint64_t new_end = image->partition_start + nbytes;
    for (unsigned i = 0; i < MBR_PARTITIONS; i++) {
        const struct mbr_partition *other = &image->mbr.partitions[i];
        if (other->type != MBR_TYPE_EMPTY &&
            (uint64_t)other->first_lba * image->sector_bytes >= old_end)
            die("%s: the files do not fit, and another partition follows", image->path);
    }
    image->mbr.partitions[image->partition].nsectors = (uint32_t)(nbytes / image->sector_bytes);
    image->partition_bytes = nbytes;
    if (new_end > image->bytes.size) {
        image->bytes.bytes = must_realloc(image->bytes.bytes, new_end);
        image->bytes.size = new_end;
    }
    mbr_build(image->bytes.bytes, &image->mbr);
}

void image_replace_volume(struct image *image, struct volume_node *files) {
    const struct fat_boot_sector *old = (const void *)(image->bytes.bytes + image->partition_start);
    struct volume_format format = {
        .sector_bytes = old->bytes_per_sector,
        .minimum_bytes = ALIGN_DOWN(image->partition_bytes, 1u << 20),
        .hidden_sectors = image->mbr.partitions[image->partition].first_lba,
        .volume_id = old->volume_id,
    };
    struct blob volume = volume_write(files, &format);
    if (volume.size > image->partition_bytes)
        grow_partition(image, volume.size);
    memset(image->bytes.bytes + image->partition_start, 0, image->partition_bytes);
    memcpy(image->bytes.bytes + image->partition_start, volume.bytes, volume.size);
}
