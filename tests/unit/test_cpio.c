/* lib/cpio.c on archives made here, whole and damaged. */
#include "lib/cpio.h"

#include "lib/crc32.h"
#include "lib/errno.h"
#include "tests/unit/unit.h"

enum { AREA = 8192, FILE_MODE = 0100644 };

static uint8_t archive[AREA];
static size_t archive_size;

static void start(void) {
    memset(archive, 0, sizeof(archive));
    archive_size = 0;
}

static void put_padded(const void *bytes, size_t size) {
    memcpy(archive + archive_size, bytes, size);
    archive_size = ALIGN_UP(archive_size + size, (size_t)CPIO_ALIGN);
}

/* A member whose name is followed by `extra` more NULs. */
static void put_member(const char *name, unsigned mode, const char *data, size_t extra) {
    char header[CPIO_HEADER_BYTES + 1];
    size_t name_size = strlen(name) + 1 + extra;
    snprintf(header, sizeof(header), "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x",
             1, mode, 2, 3, 1, 4, (unsigned)strlen(data), 0, 0, 5, 6, (unsigned)name_size, 0);
    memcpy(archive + archive_size, header, CPIO_HEADER_BYTES);
    archive_size += CPIO_HEADER_BYTES;
    memcpy(archive + archive_size, name, strlen(name));
    archive_size = ALIGN_UP(archive_size + name_size, (size_t)CPIO_ALIGN);
    put_padded(data, strlen(data));
}

static void put_checksum(uint32_t crc) {
    char text[CPIO_CHECKSUM_BYTES + 1];
    snprintf(text, sizeof(text), "%s%08x\n", CPIO_CHECKSUM_PREFIX, crc);
    put_member(CPIO_CHECKSUM_NAME, FILE_MODE, text, 0);
}

/* How a walk through a copy of `size` bytes, of exactly that length, ends. */
static int walk(size_t size, unsigned *members) {
    uint8_t *copy = malloc(size + 1);
    struct cpio_reader reader;
    struct cpio_member member;
    int status;
    memcpy(copy, archive, size);
    *members = 0;
    cpio_reader_init(&reader, copy, size);
    while ((status = cpio_next(&reader, &member)) > 0)
        ++*members;
    free(copy);
    return status;
}

TEST(fields) {
    struct cpio_reader reader;
    struct cpio_member member;
    start();
    put_member("dir/name", FILE_MODE, "content", 0);
    put_member(CPIO_TRAILER, 0, "", 0);
    cpio_reader_init(&reader, archive, archive_size);
    CHECK_EQ(cpio_next(&reader, &member), 1);
    CHECK_STR(member.name, "dir/name");
    CHECK_EQ(member.name_length, 8);
    CHECK_EQ(member.size, 7);
    CHECK(memcmp(member.data, "content", 7) == 0);
    CHECK_EQ(member.mode, FILE_MODE);
    CHECK_EQ(member.uid, 2);
    CHECK_EQ(member.gid, 3);
    CHECK_EQ(member.mtime_s, 4);
    CHECK_EQ(member.rdev_major, 5);
    CHECK_EQ(member.rdev_minor, 6);
    CHECK_EQ(cpio_next(&reader, &member), 0);
}

TEST(padded_name_moves_data) {
    struct cpio_reader reader;
    struct cpio_member member;
    start();
    put_member("f", FILE_MODE, "data", 4096 - CPIO_HEADER_BYTES - 2);
    put_member(CPIO_TRAILER, 0, "", 0);
    cpio_reader_init(&reader, archive, archive_size);
    CHECK_EQ(cpio_next(&reader, &member), 1);
    CHECK_STR(member.name, "f");
    CHECK_EQ(member.name_length, 1);
    CHECK_EQ(member.data - archive, 4096);
    CHECK_EQ(cpio_next(&reader, &member), 0);
}

TEST(every_truncation_is_refused) {
    unsigned members;
    start();
    put_member("a", FILE_MODE, "12345", 0);
    put_member("b", FILE_MODE, "", 3);
    size_t needed = archive_size + CPIO_HEADER_BYTES + sizeof(CPIO_TRAILER);
    put_member(CPIO_TRAILER, 0, "", 0);
    for (size_t size = 0; size < needed; size++)
        CHECK_EQ(walk(size, &members), -EINVAL);
    for (size_t size = needed; size <= archive_size; size++)
        CHECK_EQ(walk(size, &members), 0);
    CHECK_EQ(members, 2);
}

TEST(damaged_headers_are_refused) {
    unsigned members;
    const struct {
        size_t offset;
        const char *text;
    } damage[] = {
        {0, "070702"},          /* another format */
        {6, "0000000g"},        /* not a digit */
        {54, "ffffffff"},       /* file size */
        {94, "00000000"},       /* no name */
        {94, "00000001"},       /* an empty name */
        {94, "ffffffff"},       /* a name beyond the end */
        {94, "00000003"},       /* a name without its NUL */
    };
    for (size_t i = 0; i < ARRAY_SIZE(damage); i++) {
        start();
        put_member("name", FILE_MODE, "data", 0);
        put_member(CPIO_TRAILER, 0, "", 0);
        memcpy(archive + damage[i].offset, damage[i].text, strlen(damage[i].text));
        CHECK_EQ(walk(archive_size, &members), -EINVAL);
    }
}

TEST(checksum) {
    struct cpio_checksum checksum;
    start();
    put_member("a", FILE_MODE, "12345", 0);
    uint32_t crc = crc32_update(0, archive, archive_size);
    put_checksum(crc);
    put_member(CPIO_TRAILER, 0, "", 0);
    CHECK_EQ(cpio_checksum(archive, archive_size, &checksum), 1);
    CHECK_EQ(checksum.stored, crc);
    CHECK_EQ(checksum.computed, crc);
    archive[CPIO_HEADER_BYTES + 3]++; /* in the data */
    CHECK_EQ(cpio_checksum(archive, archive_size, &checksum), 1);
    CHECK(checksum.computed != checksum.stored);
}

TEST(checksum_must_be_last) {
    struct cpio_checksum checksum;
    start();
    put_checksum(0);
    put_member("a", FILE_MODE, "added later", 0);
    put_member(CPIO_TRAILER, 0, "", 0);
    CHECK_EQ(cpio_checksum(archive, archive_size, &checksum), 0);
}

TEST(malformed_checksum) {
    struct cpio_checksum checksum;
    start();
    put_member(CPIO_CHECKSUM_NAME, FILE_MODE, "crc32 0000000x\n", 0);
    put_member(CPIO_TRAILER, 0, "", 0);
    CHECK_EQ(cpio_checksum(archive, archive_size, &checksum), -EINVAL);
}
