/* lib/fat.c and lib/fat_read.c: any bytes as a volume; all names listed, all files read. */
#include <string.h>

#include "lib/assert.h"
#include "lib/errno.h"
#include "lib/fat_read.h"
#include "tests/fuzz/fuzz.h"

enum { MAX_DEPTH = 4, MAX_READ = 65536, MAX_ENTRIES = 256 };

struct input {
    const uint8_t *data;
    size_t size;
};

static struct fat_volume volume;

static int read_input(void *context, uint64_t sector, uint32_t count, void *buffer) {
    const struct input *input = context;
    uint64_t nsectors = input->size / FAT_SECTOR;
    ASSERT(count > 0);
    if (sector >= nsectors)
        return -EIO;
    uint32_t there = (uint32_t)MIN((uint64_t)count, nsectors - sector);
    memset(buffer, 0, (size_t)count * FAT_SECTOR);
    memcpy(buffer, input->data + sector * FAT_SECTOR, (size_t)there * FAT_SECTOR);
    return 0;
}

static void read_file(const struct fat_entry *entry) {
    static uint8_t buffer[MAX_READ];
    struct fat_file file;
    uint32_t nread, nsectors;
    uint64_t sector = 0;
    fat_file_open(entry, &file);
    if (fat_file_read(&volume, &file, buffer, 700, &nread) == 0)
        ASSERT(fat_file_read(&volume, &file, buffer, sizeof(buffer), &nread) <= 0);
    fat_file_open(entry, &file);
    for (unsigned i = 0; i < MAX_ENTRIES; i++) {
        if (fat_file_next_run(&volume, &file, 127, &sector, &nsectors) != 0 || nsectors == 0)
            break;
        ASSERT(nsectors <= 127);
        ASSERT(sector >= volume.geometry.data_start);
        ASSERT(sector + nsectors <= volume.geometry.total_sectors);
    }
}

static void list(uint32_t cluster, unsigned depth) {
    struct fat_dir dir;
    struct fat_entry entry;
    fat_dir_open(&volume, cluster, &dir);
    for (unsigned i = 0; i < MAX_ENTRIES && fat_dir_next(&volume, &dir, &entry) > 0; i++) {
        ASSERT(strnlen(entry.name, sizeof(entry.name)) < sizeof(entry.name));
        if (!(entry.attributes & FAT_ATTR_DIRECTORY))
            read_file(&entry);
        else if (depth < MAX_DEPTH && entry.name[0] != '.')
            list(entry.first_cluster, depth + 1);
    }
}

int fuzz_one(const uint8_t *data, size_t size) {
    static uint32_t window[2 * FAT_SECTOR / sizeof(uint32_t)];
    static struct fat_dir dir;
    static struct fat_entry entry;
    struct input input = {data, size};
    if (fat_volume_open(&volume, read_input, &input, window, sizeof(window)) != 0)
        return 0;
    list(0, 0);
    ASSERT(fat_lookup(&volume, "boot/kernel-old.elf", &dir, &entry) <= 0);
    return 0;
}
