/*
 * Names in FAT directories (FAT spec, "Long Directory Entries" and "Name Limits and Character
 * Sets"): the 8.3 short name, and the pieces of a long one. Names given are ASCII or UTF-8 of the
 * basic plane.
 */
#include <ctype.h>
#include <string.h>

#include "lib/fat.h"
#include "tools/mkimage/volume.h"

enum { BASE_LENGTH = 8, EXTENSION_LENGTH = 3, MAX_TAIL = 999999 };

static bool is_short_char(char c) {
    return isalnum((unsigned char)c) || (c != '\0' && strchr("$%'-_@~`!(){}^#&", c));
}

/*
 * Fits `length` characters into a part of a short name, in upper case. False if the part is too
 * long, has characters that short names lack, or mixes cases; *lower says that it is lower-case.
 */
static bool short_part(const char *text, size_t length, uint8_t *part, size_t part_length,
                       bool *lower) {
    bool upper = false;
    *lower = false;
    for (size_t i = 0; i < length && i < part_length; i++)
        part[i] = is_short_char(text[i]) ? (uint8_t)toupper((unsigned char)text[i]) : '_';
    for (size_t i = 0; i < length; i++) {
        upper |= isupper((unsigned char)text[i]) != 0;
        *lower |= islower((unsigned char)text[i]) != 0;
        if (!is_short_char(text[i]))
            return false;
    }
    return length <= part_length && !(upper && *lower);
}

static bool is_taken(const uint8_t (*taken)[11], size_t count, const uint8_t name[11]) {
    for (size_t i = 0; i < count; i++) {
        if (memcmp(taken[i], name, 11) == 0)
            return true;
    }
    return false;
}

/* Replaces the end of the base by "~N" with the first free N. */
static void add_tail(const uint8_t (*taken)[11], size_t count, uint8_t name[11]) {
    size_t length = BASE_LENGTH;
    while (length > 1 && name[length - 1] == ' ')
        length--;
    for (unsigned n = 1; n <= MAX_TAIL; n++) {
        char tail[BASE_LENGTH];
        size_t tail_length = (size_t)snprintf(tail, sizeof(tail), "~%u", n);
        size_t at = MIN(length, BASE_LENGTH - tail_length);
        memcpy(name + at, tail, tail_length);
        if (!is_taken(taken, count, name))
            return;
    }
    die("too many similar names in one directory");
}

bool volume_short_name(const char *name, const uint8_t (*taken)[11], size_t taken_count,
                       uint8_t short_name[11], uint8_t *case_flags) {
    const char *dot = strrchr(name, '.');
    size_t base_length = dot && dot != name ? (size_t)(dot - name) : strlen(name);
    const char *extension = name + base_length + (name[base_length] == '.');
    bool lower_base, lower_extension;
    memset(short_name, ' ', 11);
    bool exact = short_part(name, base_length, short_name, BASE_LENGTH, &lower_base);
    exact &= short_part(extension, strlen(extension), short_name + BASE_LENGTH, EXTENSION_LENGTH,
                        &lower_extension);
    *case_flags = 0;
    if (exact && !is_taken(taken, taken_count, short_name)) {
        *case_flags = (uint8_t)((lower_base ? FAT_CASE_BASE : 0) |
                                (lower_extension ? FAT_CASE_EXTENSION : 0));
        return true;
    }
    add_tail(taken, taken_count, short_name);
    return false;
}

/* One character of UTF-8 in the basic plane (RFC 3629 §3). */
static uint16_t next_unit(const char **name) {
    const uint8_t *at = (const uint8_t *)*name;
    unsigned following =
        at[0] < 0x80 ? 0 : (at[0] & 0xe0) == 0xc0 ? 1 : (at[0] & 0xf0) == 0xe0 ? 2 : 3;
    uint32_t code = following == 0 ? at[0] : at[0] & (0x3fu >> following);
    for (unsigned i = 1; i <= following; i++) {
        if (following == 3 || (at[i] & 0xc0) != 0x80)
            die("a name on the FAT volume is not UTF-8 of the basic plane");
        code = code << 6 | (at[i] & 0x3f);
    }
    *name += following + 1;
    return (uint16_t)code;
}

/* The name in UTF-16, a 0 behind it and 0xffff up to a whole number of pieces; returns those. */
static size_t name_units(const char *name, uint16_t units[FAT_LONG_PIECES * FAT_LONG_UNITS]) {
    size_t count = 0;
    const char *at = name;
    memset(units, 0xff, FAT_LONG_PIECES * FAT_LONG_UNITS * sizeof(*units));
    while (*at != '\0') {
        if (count == 255)
            die("%s: name too long for FAT", name);
        if (strchr("\"*/:<>?\\|", *at) || (uint8_t)*at < 0x20)
            die("%s: FAT does not allow '%c' in a name", name, *at);
        units[count++] = next_unit(&at);
    }
    size_t pieces = DIV_ROUND_UP(count, FAT_LONG_UNITS);
    if (count % FAT_LONG_UNITS != 0)
        units[count] = 0;
    return pieces;
}

size_t volume_name_entries(const char *name) {
    uint16_t units[FAT_LONG_PIECES * FAT_LONG_UNITS];
    return 1 + name_units(name, units);
}

size_t volume_long_name(const char *name, const uint8_t short_name[11], void *pieces) {
    uint16_t units[FAT_LONG_PIECES * FAT_LONG_UNITS];
    struct fat_long_entry *piece = pieces;
    size_t count = name_units(name, units);
    for (size_t order = count; order > 0; order--, piece++) {
        const uint16_t *from = units + (order - 1) * FAT_LONG_UNITS;
        *piece = (struct fat_long_entry){
            .order = (uint8_t)(order | (order == count ? FAT_LONG_LAST : 0)),
            .attributes = FAT_ATTR_LONG_NAME,
            .checksum = fat_short_name_checksum(short_name),
        };
        memcpy(piece->name1, from, sizeof(piece->name1));
        memcpy(piece->name2, from + 5, sizeof(piece->name2));
        memcpy(piece->name3, from + 11, sizeof(piece->name3));
    }
    return count;
}
