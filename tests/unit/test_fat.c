/*
 * lib/fat.c and lib/fat_read.c on volumes written by mkimage's own writer, then fragmented and
 * damaged by hand. (mkimage's volumes are also checked by fsck.fat and mtools: tests/tools.)
 */
#include "lib/fat_read.h"

#include <sanitizer/lsan_interface.h>

#include "lib/errno.h"
#include "tests/unit/unit.h"
#include "tools/mkimage/volume.h"

enum { WINDOW_BYTES = 1024, BIG = 100000 };

static struct blob image;     /* the volume under test */
static unsigned reads;        /* calls of the read function */
static unsigned fail_at;      /* the call that fails; 0: none */
static struct fat_volume volume;
static uint32_t window[WINDOW_BYTES / 4];
static struct fat_dir dir;
static struct fat_entry entry;
static uint8_t big[BIG];

static int read_image(void *context, uint64_t sector, uint32_t count, void *buffer) {
    (void)context;
    if (++reads == fail_at || count == 0)
        return -EIO;
    if ((sector + count) * FAT_SECTOR > image.size)
        return -ENXIO;
    memcpy(buffer, image.bytes + sector * FAT_SECTOR, (size_t)count * FAT_SECTOR);
    return 0;
}

static int open_image(void) {
    reads = 0;
    fail_at = 0;
    return fat_volume_open(&volume, read_image, NULL, window, sizeof(window));
}

static struct blob text(const char *words) {
    return blob_copy(words, strlen(words));
}

static void make_volume(uint32_t sector_bytes) {
    __lsan_disable(); /* mkimage frees its memory by ending */
    struct volume_node *root = volume_new();
    struct volume_format format = {.sector_bytes = sector_bytes, .volume_id = 0xabcd1234};
    free(image.bytes);
    for (unsigned i = 0; i < BIG; i++)
        big[i] = (uint8_t)(i * 7 + (i >> 9));
    volume_put(root, "boot/kernel.elf", text("kernel"));
    volume_put(root, "boot/kernel-old-and-long.elf", blob_copy(big, BIG));
    volume_put(root, "boot/empty", text(""));
    volume_put(root, "Mixed Case.Text", text("mixed"));
    volume_put(root, "gr\xc3\xbc\xc3\x9f" "e.txt", text("utf8"));
    image = volume_write(root, &format);
    __lsan_enable();
    CHECK_EQ(open_image(), 0);
}

static uint32_t *fat_entry_of(uint32_t cluster) {
    uint64_t start = volume.geometry.fat_start * FAT_SECTOR;
    return (uint32_t *)(void *)(image.bytes + start) + cluster;
}

static uint8_t *cluster_bytes(uint32_t cluster) {
    return image.bytes + fat_cluster_sector(&volume.geometry, cluster) * FAT_SECTOR;
}

/* The file's content in pieces of `step` bytes equals `big`. */
static void check_big(uint32_t step) {
    struct fat_file file;
    static uint8_t buffer[BIG];
    uint32_t done = 0, nread = 1;
    CHECK_EQ(fat_lookup(&volume, "boot/kernel-old-and-long.elf", &dir, &entry), 0);
    fat_file_open(&entry, &file);
    while (nread > 0 && done <= BIG) {
        uint32_t want = MIN(step, BIG - done);
        if (!CHECK_EQ(fat_file_read(&volume, &file, buffer + done, want, &nread), 0))
            return;
        done += nread;
    }
    CHECK_EQ(done, BIG);
    CHECK(memcmp(buffer, big, BIG) == 0);
}

/* Moves every other cluster of the big file to the end of the volume. */
static void fragment_big(void) {
    CHECK_EQ(fat_lookup(&volume, "boot/kernel-old-and-long.elf", &dir, &entry), 0);
    uint32_t size = volume.geometry.cluster_sectors * FAT_SECTOR;
    uint32_t spare = volume.geometry.cluster_count + 1;
    for (uint32_t at = entry.first_cluster; *fat_entry_of(at) < FAT_ENTRY_BAD; spare--) {
        uint32_t moved = *fat_entry_of(at);
        uint32_t next = *fat_entry_of(moved);
        memcpy(cluster_bytes(spare), cluster_bytes(moved), size);
        memset(cluster_bytes(moved), 0xee, size);
        *fat_entry_of(at) = spare | 0x50000000u; /* the top bits mean nothing */
        *fat_entry_of(spare) = next;
        if (next >= FAT_ENTRY_BAD)
            break;
        at = next;
    }
    CHECK_EQ(open_image(), 0);
}

TEST(lookup) {
    make_volume(512);
    CHECK_EQ(volume.geometry.volume_id, 0xabcd1234);
    CHECK_EQ(fat_lookup(&volume, "/BOOT//Kernel.ELF", &dir, &entry), 0);
    CHECK_STR(entry.name, "kernel.elf");
    CHECK_EQ(entry.size, 6);
    CHECK_EQ(fat_lookup(&volume, "mixed case.text", &dir, &entry), 0);
    CHECK_STR(entry.name, "Mixed Case.Text");
    CHECK_EQ(fat_lookup(&volume, "gr\xc3\xbc\xc3\x9f" "e.txt", &dir, &entry), 0);
    CHECK_EQ(fat_lookup(&volume, "boot/empty", &dir, &entry), 0);
    CHECK_EQ(fat_lookup(&volume, "boot/../boot/./kernel.elf", &dir, &entry), 0);
    CHECK_EQ(fat_lookup(&volume, "boot/kernel", &dir, &entry), -ENOENT);
    CHECK_EQ(fat_lookup(&volume, "boot/kernel.elf/x", &dir, &entry), -ENOTDIR);
    CHECK_EQ(fat_lookup(&volume, "ASTRA", &dir, &entry), -ENOENT); /* the volume's label */
    CHECK_EQ(fat_lookup(&volume, "/", &dir, &entry), -EISDIR);
}

TEST(reading_in_all_step_sizes) {
    make_volume(512);
    const uint32_t steps[] = {1000, 511, 512, 513, 4096, 65537, BIG};
    for (unsigned i = 0; i < ARRAY_SIZE(steps); i++)
        check_big(steps[i]);
}

TEST(fragmented_file) {
    make_volume(512);
    fragment_big();
    check_big(777);
    check_big(BIG);
}

TEST(large_sectors) {
    make_volume(4096);
    CHECK_EQ(volume.geometry.bytes_per_sector, 4096);
    check_big(BIG);
    fragment_big();
    check_big(5000);
}

TEST(runs_are_long_and_exact) {
    struct fat_file file;
    uint64_t sector;
    uint32_t nsectors;
    make_volume(512);
    CHECK_EQ(fat_lookup(&volume, "boot/kernel-old-and-long.elf", &dir, &entry), 0);
    fat_file_open(&entry, &file);
    CHECK_EQ(fat_file_next_run(&volume, &file, 127, &sector, &nsectors), 0);
    CHECK_EQ(nsectors, 127);
    CHECK_EQ(sector, fat_cluster_sector(&volume.geometry, entry.first_cluster));
    CHECK_EQ(fat_file_next_run(&volume, &file, 127, &sector, &nsectors), 0);
    CHECK_EQ(nsectors, DIV_ROUND_UP(BIG, FAT_SECTOR) - 127);
    CHECK_EQ(fat_file_next_run(&volume, &file, 127, &sector, &nsectors), 0);
    CHECK_EQ(nsectors, 0);
}

TEST(chain_too_short) {
    struct fat_file file;
    static uint8_t buffer[BIG];
    uint32_t nread;
    make_volume(512);
    CHECK_EQ(fat_lookup(&volume, "boot/kernel-old-and-long.elf", &dir, &entry), 0);
    const uint32_t ends[] = {FAT_ENTRY_MASK, 0, 1, FAT_ENTRY_BAD, 0x0ffffff0};
    for (unsigned i = 0; i < ARRAY_SIZE(ends); i++) {
        *fat_entry_of(entry.first_cluster + 3) = ends[i];
        CHECK_EQ(open_image(), 0);
        fat_file_open(&entry, &file);
        CHECK_EQ(fat_file_read(&volume, &file, buffer, BIG, &nread), -EUCLEAN);
    }
}

TEST(directory_that_loops) {
    make_volume(512);
    uint32_t root = volume.geometry.root_cluster;
    uint32_t size = volume.geometry.cluster_sectors * FAT_SECTOR;
    memset(cluster_bytes(root), FAT_NAME_DELETED, size);
    *fat_entry_of(root) = root;
    CHECK_EQ(open_image(), 0);
    CHECK_EQ(fat_lookup(&volume, "boot", &dir, &entry), -EUCLEAN);
}

TEST(every_failing_read_is_reported) {
    make_volume(512);
    CHECK_EQ(fat_lookup(&volume, "boot/kernel.elf", &dir, &entry), 0);
    unsigned total = reads;
    for (unsigned i = 1; i <= total; i++) {
        int error = open_image();
        CHECK_EQ(error, 0);
        volume.buffer_sector = UINT64_MAX;
        reads = 0;
        fail_at = i;
        error = fat_lookup(&volume, "boot/kernel.elf", &dir, &entry);
        CHECK(error == (reads >= i ? -EIO : 0));
    }
}

TEST(bad_boot_sectors) {
    struct fat_geometry geometry;
    make_volume(512);
    const struct fat_boot_sector good = *(const struct fat_boot_sector *)(void *)image.bytes;
#define REFUSED(change, expected) \
    do { \
        struct fat_boot_sector boot = good; \
        boot.change; \
        CHECK_EQ(fat_geometry_parse(&boot, &geometry), expected); \
    } while (0)
    CHECK_EQ(fat_geometry_parse(&good, &geometry), 0);
    REFUSED(signature[0] = 0, -EINVAL);
    REFUSED(bytes_per_sector = 0, -EINVAL);
    REFUSED(bytes_per_sector = 256, -EINVAL);
    REFUSED(bytes_per_sector = 513, -EINVAL);
    REFUSED(bytes_per_sector = 8192, -EINVAL);
    REFUSED(sectors_per_cluster = 0, -EINVAL);
    REFUSED(sectors_per_cluster = 3, -EINVAL);
    REFUSED(reserved_sectors = 0, -EINVAL);
    REFUSED(fat_count = 0, -EINVAL);
    REFUSED(fat_sectors_16 = 9, -EINVAL);
    REFUSED(root_entries = 512, -EINVAL);
    REFUSED(version = 1, -EINVAL);
    REFUSED(fat_sectors = 0, -EUCLEAN);
    REFUSED(fat_sectors = 100, -EUCLEAN);
    REFUSED(fat_sectors = UINT32_MAX, -EUCLEAN);
    REFUSED(total_sectors_32 = 0, -EUCLEAN);
    REFUSED(total_sectors_32 = UINT32_MAX, -EUCLEAN);
    REFUSED(root_cluster = 1, -EUCLEAN);
    REFUSED(root_cluster = 0x0fffffff, -EUCLEAN);
    REFUSED(ext_flags = 0x82, -EUCLEAN); /* only FAT 2 is current, and there is none */
}

TEST(second_fat_when_it_alone_is_current) {
    make_volume(512);
    ((struct fat_boot_sector *)(void *)image.bytes)->ext_flags = 0x81;
    memset(image.bytes + volume.geometry.fat_start * FAT_SECTOR, 0,
           volume.geometry.fat_sectors * FAT_SECTOR);
    CHECK_EQ(open_image(), 0);
    check_big(BIG);
}

TEST(orphaned_long_name_is_ignored) {
    make_volume(512);
    uint8_t *root = cluster_bytes(volume.geometry.root_cluster);
    struct fat_dirent *raw = (struct fat_dirent *)root;
    while ((raw->attributes & FAT_ATTR_LONG_NAME_MASK) != FAT_ATTR_LONG_NAME)
        raw++;
    ((struct fat_long_entry *)raw)->checksum ^= 1;
    CHECK_EQ(open_image(), 0);
    CHECK_EQ(fat_lookup(&volume, "Mixed Case.Text", &dir, &entry), -ENOENT);
    CHECK_EQ(fat_lookup(&volume, "mixed_~1.tex", &dir, &entry), 0);
}

TEST(short_name_text) {
    struct fat_dirent raw = {.name = "README  TXT", .case_flags = FAT_CASE_EXTENSION};
    char name[13];
    fat_short_name_text(&raw, name);
    CHECK_STR(name, "README.txt");
    memcpy(raw.name, "ABCDEFGHIJK", 11);
    raw.case_flags = 0;
    fat_short_name_text(&raw, name);
    CHECK_STR(name, "ABCDEFGH.IJK");
    memcpy(raw.name, "DIR        ", 11);
    fat_short_name_text(&raw, name);
    CHECK_STR(name, "DIR");
    memcpy(raw.name, "\x81           ", 11);
    fat_short_name_text(&raw, name);
    CHECK_STR(name, "_");
}
