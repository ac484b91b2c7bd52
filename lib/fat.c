/* Checking and decoding of FAT32 structures: lib/fat.h. */
#include "lib/fat.h"

#include "lib/errno.h"
#include "lib/string.h"

enum { MAX_BYTES_PER_SECTOR = 4096, MAX_CLUSTER_BYTES = 65536, MAX_FATS = 15 };

static bool looks_like_fat32(const struct fat_boot_sector *boot) {
    return boot->signature[0] == 0x55 && boot->signature[1] == 0xaa &&
           is_power_of_two(boot->bytes_per_sector) && boot->bytes_per_sector >= FAT_SECTOR &&
           boot->bytes_per_sector <= MAX_BYTES_PER_SECTOR &&
           is_power_of_two(boot->sectors_per_cluster) && boot->reserved_sectors != 0 &&
           boot->fat_count >= 1 && boot->fat_count <= MAX_FATS && boot->fat_sectors_16 == 0 &&
           boot->root_entries == 0 && boot->version == 0;
}

/* Number of the FAT to read (FAT spec, BPB_ExtFlags). */
static uint32_t current_fat(const struct fat_boot_sector *boot) {
    return boot->ext_flags & FAT_EXT_ONE_CURRENT ? boot->ext_flags & FAT_EXT_CURRENT_MASK : 0;
}

int fat_geometry_parse(const struct fat_boot_sector *boot, struct fat_geometry *geometry) {
    if (!looks_like_fat32(boot))
        return -EINVAL;
    const unsigned scale = log2_floor(boot->bytes_per_sector / FAT_SECTOR);
    const unsigned cluster_shift = log2_floor(boot->sectors_per_cluster) + scale;
    const uint64_t fat_sectors = (uint64_t)boot->fat_sectors << scale;
    const uint64_t reserved = (uint64_t)boot->reserved_sectors << scale;
    const uint64_t total = (uint64_t)boot->total_sectors_32 << scale;
    const uint64_t data_start = reserved + boot->fat_count * fat_sectors;
    if (FAT_SECTOR << cluster_shift > MAX_CLUSTER_BYTES || data_start >= total ||
        current_fat(boot) >= boot->fat_count)
        return -EUCLEAN;
    const uint64_t clusters = (total - data_start) >> cluster_shift;
    const uint64_t fat_entries = fat_sectors * (FAT_SECTOR / sizeof(uint32_t));
    if (clusters == 0 || clusters > FAT_MAX_CLUSTERS ||
        fat_entries < clusters + FAT_FIRST_CLUSTER)
        return -EUCLEAN;
    *geometry = (struct fat_geometry){
        .bytes_per_sector = boot->bytes_per_sector,
        .cluster_sectors = 1u << cluster_shift,
        .fat_start = reserved + current_fat(boot) * fat_sectors,
        .fat_sectors = fat_sectors,
        .data_start = data_start,
        .total_sectors = total,
        .cluster_count = (uint32_t)clusters,
        .root_cluster = boot->root_cluster,
        .volume_id = boot->boot_signature == FAT_BOOT_SIGNATURE ? boot->volume_id : 0,
    };
    return fat_cluster_is_valid(geometry, geometry->root_cluster) ? 0 : -EUCLEAN;
}

uint8_t fat_short_name_checksum(const uint8_t name[11]) {
    uint8_t sum = 0;
    for (unsigned i = 0; i < 11; i++)
        sum = (uint8_t)((sum >> 1 | sum << 7) + name[i]);
    return sum;
}

static char lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* Copies a blank-padded part of a short name; returns where the text goes on. */
static char *copy_part(char *text, const uint8_t *part, unsigned length, bool lower_case) {
    while (length > 0 && part[length - 1] == ' ')
        length--;
    for (unsigned i = 0; i < length; i++) {
        char c = part[i] < 0x20 || part[i] >= 0x7f ? '_' : (char)part[i];
        *text++ = lower_case ? lower(c) : c;
    }
    return text;
}

void fat_short_name_text(const struct fat_dirent *entry, char text[13]) {
    char *end = copy_part(text, entry->name, 8, entry->case_flags & FAT_CASE_BASE);
    char *extension = end + 1;
    char *last = copy_part(extension, entry->name + 8, 3, entry->case_flags & FAT_CASE_EXTENSION);
    if (last != extension) {
        *end = '.';
        end = last;
    }
    *end = '\0';
}

bool fat_name_matches(const char *name, const char *component, size_t length) {
    for (size_t i = 0; i < length; i++) {
        if (name[i] == '\0' || lower(name[i]) != lower(component[i]))
            return false;
    }
    return name[length] == '\0';
}

void fat_long_name_reset(struct fat_long_name *name) {
    name->started = false;
}

void fat_long_name_add(struct fat_long_name *name, const struct fat_long_entry *piece) {
    uint8_t order = piece->order & (uint8_t)~FAT_LONG_LAST;
    if (piece->order & FAT_LONG_LAST) {
        name->started = order >= 1 && order <= FAT_LONG_PIECES;
        name->missing = order;
        name->checksum = piece->checksum;
        memset(name->units, 0, sizeof(name->units));
    }
    if (!name->started || order != name->missing || piece->checksum != name->checksum) {
        name->started = false;
        return;
    }
    uint16_t *units = &name->units[(order - 1u) * FAT_LONG_UNITS];
    memcpy(units, piece->name1, sizeof(piece->name1));
    memcpy(units + 5, piece->name2, sizeof(piece->name2));
    memcpy(units + 11, piece->name3, sizeof(piece->name3));
    name->missing--;
}

/* One code point as UTF-8 (RFC 3629 §3); returns where the text goes on. */
static char *put_utf8(char *text, uint32_t code) {
    if (code < 0x80) {
        *text++ = (char)code;
        return text;
    }
    unsigned following = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    *text++ = (char)((0xff00u >> (following + 1) & 0xffu) | code >> 6 * following);
    while (following-- > 0)
        *text++ = (char)(0x80 | (code >> 6 * following & 0x3f));
    return text;
}

static bool is_high_surrogate(uint16_t unit) {
    return (unit & 0xfc00) == 0xd800;
}

static bool is_low_surrogate(uint16_t unit) {
    return (unit & 0xfc00) == 0xdc00;
}

bool fat_long_name_finish(struct fat_long_name *name, const struct fat_dirent *entry,
                          char text[FAT_NAME_MAX + 1]) {
    const char *start = text;
    bool complete = name->started && name->missing == 0 &&
                    name->checksum == fat_short_name_checksum(entry->name);
    name->started = false;
    if (!complete)
        return false;
    for (unsigned i = 0; i < 255 && name->units[i] != 0; i++) {
        uint32_t code = name->units[i];
        if (is_high_surrogate(name->units[i]) && is_low_surrogate(name->units[i + 1]))
            code = 0x10000 + ((code & 0x3ff) << 10) + (name->units[++i] & 0x3ff);
        else if (is_high_surrogate(name->units[i]) || is_low_surrogate(name->units[i]))
            code = 0xfffd; /* half of a pair: the replacement character */
        text = put_utf8(text, code);
    }
    *text = '\0';
    return text != start;
}
