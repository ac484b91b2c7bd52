/*
 * Reader of cpio archives in the "newc" format (SVR4 without checksum; cpio(5), initramfs
 * buffer format). Pure: walks an archive in memory, copies nothing, checks every bound.
 *
 * A name may be followed by more than one NUL: that is how file data are moved to page
 * boundaries. `namesize` counts them all.
 *
 * An archive may carry its own checksum: the member CPIO_CHECKSUM_NAME, the last one before the
 * trailer, holds "crc32 XXXXXXXX\n", the CRC-32 of all bytes before that member's header.
 */
#pragma once

#include <stdint.h>

#include "lib/bits.h"

#define CPIO_HEADER_BYTES 110u
#define CPIO_ALIGN 4u /* of headers and of data */
#define CPIO_MAGIC "070701"
#define CPIO_TRAILER "TRAILER!!!"
#define CPIO_CHECKSUM_NAME ".astra-checksum"
#define CPIO_CHECKSUM_PREFIX "crc32 "
#define CPIO_CHECKSUM_BYTES 15u /* the prefix, eight hexadecimal digits, a newline */

struct cpio_reader {
    const uint8_t *archive;
    size_t size;
    size_t offset; /* of the next header; ≤ size */
};

struct cpio_member {
    const char *name; /* NUL-terminated, not empty, inside the archive */
    size_t name_length;
    const uint8_t *data;
    size_t size;
    size_t header_offset; /* in the archive */
    uint32_t ino, mode, uid, gid, nlink;
    uint32_t mtime_s;
    uint32_t dev_major, dev_minor;
    uint32_t rdev_major, rdev_minor; /* of a device node */
};

struct cpio_checksum {
    uint32_t stored;
    uint32_t computed;
};

void cpio_reader_init(struct cpio_reader *reader, const void *archive, size_t size);

/* 1: `member` is the next one. 0: the trailer was reached. -EINVAL: the archive is malformed. */
must_check int cpio_next(struct cpio_reader *reader, struct cpio_member *member);

/* 1: `checksum` is filled in (compare it). 0: the archive carries none. -EINVAL: malformed. */
must_check int cpio_checksum(const void *archive, size_t size, struct cpio_checksum *checksum);
