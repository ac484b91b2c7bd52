/* The newc reader: lib/cpio.h. */
#include "lib/cpio.h"

#include "lib/crc32.h"
#include "lib/errno.h"
#include "lib/string.h"

/* Header fields in their order after the magic, eight hexadecimal digits each. */
enum field {
    INO, MODE, UID, GID, NLINK, MTIME, FILESIZE, DEV_MAJOR, DEV_MINOR, RDEV_MAJOR, RDEV_MINOR,
    NAMESIZE, CHECK, NFIELDS
};
enum { MAGIC_BYTES = 6, FIELD_BYTES = 8 };

_Static_assert(MAGIC_BYTES + NFIELDS * FIELD_BYTES == CPIO_HEADER_BYTES, "newc header");

static int hex_digit(uint8_t c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 'a' ^ 'A';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool parse_hex32(const uint8_t *text, uint32_t *value) {
    *value = 0;
    for (unsigned i = 0; i < FIELD_BYTES; i++) {
        int digit = hex_digit(text[i]);
        if (digit < 0)
            return false;
        *value = *value << 4 | (uint32_t)digit;
    }
    return true;
}

/*
 * Takes `nbytes` and the padding behind them from *offset on; NULL if the archive ends before.
 * The padding itself may be cut off: some writers end the archive right after the trailer.
 */
static const uint8_t *take(const struct cpio_reader *reader, size_t *offset, size_t nbytes) {
    const uint8_t *start = reader->archive + *offset;
    if (nbytes > reader->size - *offset)
        return NULL;
    size_t end = *offset + nbytes;
    size_t padding = -end & (CPIO_ALIGN - 1);
    *offset = end + MIN(padding, reader->size - end);
    return start;
}

void cpio_reader_init(struct cpio_reader *reader, const void *archive, size_t size) {
    *reader = (struct cpio_reader){.archive = archive, .size = size};
}

int cpio_next(struct cpio_reader *reader, struct cpio_member *member) {
    uint32_t fields[NFIELDS];
    size_t offset = reader->offset;
    if (reader->size - offset < CPIO_HEADER_BYTES)
        return -EINVAL;
    const uint8_t *header = reader->archive + offset;
    if (memcmp(header, CPIO_MAGIC, MAGIC_BYTES) != 0)
        return -EINVAL;
    for (unsigned i = 0; i < NFIELDS; i++) {
        if (!parse_hex32(header + MAGIC_BYTES + i * FIELD_BYTES, &fields[i]))
            return -EINVAL;
    }
    /* The name follows the header unpadded; the two are padded together. */
    offset += CPIO_HEADER_BYTES;
    const uint8_t *name = take(reader, &offset, fields[NAMESIZE]);
    if (!name || fields[NAMESIZE] < 2 || name[0] == '\0' || name[fields[NAMESIZE] - 1] != '\0')
        return -EINVAL;
    const uint8_t *data = take(reader, &offset, fields[FILESIZE]);
    if (!data)
        return -EINVAL;
    if (strcmp((const char *)name, CPIO_TRAILER) == 0)
        return 0;
    *member = (struct cpio_member){
        .name = (const char *)name, .name_length = strlen((const char *)name),
        .data = data, .size = fields[FILESIZE], .header_offset = reader->offset,
        .ino = fields[INO], .mode = fields[MODE], .uid = fields[UID], .gid = fields[GID],
        .nlink = fields[NLINK], .mtime_s = fields[MTIME],
        .dev_major = fields[DEV_MAJOR], .dev_minor = fields[DEV_MINOR],
        .rdev_major = fields[RDEV_MAJOR], .rdev_minor = fields[RDEV_MINOR],
    };
    reader->offset = offset;
    return 1;
}

int cpio_checksum(const void *archive, size_t size, struct cpio_checksum *checksum) {
    const size_t prefix_length = sizeof(CPIO_CHECKSUM_PREFIX) - 1;
    struct cpio_reader reader;
    struct cpio_member member = {0};
    bool is_checksum = false;
    int status;
    cpio_reader_init(&reader, archive, size);
    while ((status = cpio_next(&reader, &member)) > 0)
        is_checksum = strcmp(member.name, CPIO_CHECKSUM_NAME) == 0;
    if (status < 0 || !is_checksum)
        return status;
    if (member.size != CPIO_CHECKSUM_BYTES ||
        memcmp(member.data, CPIO_CHECKSUM_PREFIX, prefix_length) != 0 ||
        !parse_hex32(member.data + prefix_length, &checksum->stored))
        return -EINVAL;
    checksum->computed = crc32_update(0, archive, member.header_offset);
    return 1;
}
