/*
 * The ramfs as a cpio archive in the newc format (lib/cpio.h), read and written. The data of files
 * begin on page boundaries, the name before them being followed by as many NULs as that takes.
 */
#include <string.h>
#include <sys/stat.h>

#include "lib/cpio.h"
#include "lib/crc32.h"
#include "tools/mkimage/ramfs.h"

enum { PAGE_BYTES = 4096 };

/* An archive that grows. */
struct writer {
    struct blob archive;
    size_t capacity;
    uint32_t members;
};

static void put(struct writer *writer, const void *bytes, size_t size) {
    size_t end = writer->archive.size + size;
    if (end > writer->capacity) {
        writer->capacity = MAX(end, writer->capacity * 2);
        writer->archive.bytes = must_realloc(writer->archive.bytes, writer->capacity);
    }
    if (size > 0)
        memcpy(writer->archive.bytes + writer->archive.size, bytes, size);
    writer->archive.size = end;
}

static void put_zeros(struct writer *writer, size_t count) {
    static const uint8_t zeros[PAGE_BYTES];
    put(writer, zeros, count);
}

static void put_padding(struct writer *writer, size_t alignment) {
    put_zeros(writer, -writer->archive.size & (alignment - 1));
}

static void put_member(struct writer *writer, const struct ramfs_entry *entry, size_t alignment) {
    char header[CPIO_HEADER_BYTES + 1];
    size_t name_size = strlen(entry->path) + 1;
    size_t name_end = writer->archive.size + CPIO_HEADER_BYTES + name_size;
    if (entry->data.size > UINT32_MAX)
        die("%s: too large for a cpio archive: %zu bytes", entry->path, entry->data.size);
    name_size += -name_end & (alignment - 1);
    snprintf(header, sizeof(header), "%s%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x",
             CPIO_MAGIC, ++writer->members, entry->mode, entry->uid, entry->gid,
             S_ISDIR(entry->mode) ? 2u : 1u, entry->mtime_s, (uint32_t)entry->data.size, 0u, 0u,
             entry->rdev_major, entry->rdev_minor, (uint32_t)name_size, 0u);
    put(writer, header, CPIO_HEADER_BYTES);
    put(writer, entry->path, strlen(entry->path));
    put_zeros(writer, name_size - strlen(entry->path));
    put_padding(writer, CPIO_ALIGN);
    put(writer, entry->data.bytes, entry->data.size);
    put_padding(writer, CPIO_ALIGN);
}

static void put_checksum(struct writer *writer) {
    uint32_t crc = crc32_update(0, writer->archive.bytes, writer->archive.size);
    char *text = text_format("%s%08x\n", CPIO_CHECKSUM_PREFIX, crc);
    struct ramfs_entry member = {
        .path = (char *)CPIO_CHECKSUM_NAME, .mode = S_IFREG | 0444, .mtime_s = build_time_s(),
        .data = {.bytes = (uint8_t *)text, .size = strlen(text)},
    };
    put_member(writer, &member, CPIO_ALIGN);
}

struct blob ramfs_archive(const struct ramfs *ramfs) {
    struct writer writer = {0};
    for (size_t i = 0; i < ramfs->count; i++) {
        const struct ramfs_entry *entry = ramfs->entries[i];
        bool in_place = S_ISREG(entry->mode) && entry->data.size > 0;
        put_member(&writer, entry, in_place ? PAGE_BYTES : CPIO_ALIGN);
    }
    put_checksum(&writer);
    struct ramfs_entry trailer = {.path = (char *)CPIO_TRAILER};
    writer.members = UINT32_MAX; /* counts on to 0: the trailer has no inode */
    put_member(&writer, &trailer, CPIO_ALIGN);
    return writer.archive;
}

void ramfs_add_archive(struct ramfs *ramfs, const struct blob *archive, const char *origin) {
    struct cpio_reader reader;
    struct cpio_member member;
    int status;
    cpio_reader_init(&reader, archive->bytes, archive->size);
    while ((status = cpio_next(&reader, &member)) > 0) {
        if (strcmp(member.name, CPIO_CHECKSUM_NAME) == 0)
            continue;
        if (member.nlink > 1 && S_ISREG(member.mode))
            die("%s: %s has several hard links, which cannot be kept", origin, member.name);
        struct ramfs_entry entry = {
            .path = (char *)member.name, .mode = member.mode, .uid = member.uid,
            .gid = member.gid, .mtime_s = member.mtime_s, .rdev_major = member.rdev_major,
            .rdev_minor = member.rdev_minor, .data = blob_copy(member.data, member.size),
        };
        ramfs_put(ramfs, &entry, origin);
    }
    if (status < 0)
        die("%s: damaged cpio archive at byte %zu", origin, reader.offset);
}

void ramfs_write_depfile(const struct ramfs *ramfs, const char *depfile, const char *target) {
    struct writer text = {0};
    put(&text, target, strlen(target));
    put(&text, ":", 1);
    for (size_t i = 0; i < ramfs->count; i++) {
        const char *source = ramfs->entries[i]->source;
        if (source && !strpbrk(source, " #:$"))
            put(&text, text_format(" \\\n  %s", source), strlen(source) + 5);
    }
    put(&text, "\n", 1);
    /* An empty rule for each, so that make does not stop when one has gone (as gcc -MP). */
    for (size_t i = 0; i < ramfs->count; i++) {
        const char *source = ramfs->entries[i]->source;
        if (source && !strpbrk(source, " #:$"))
            put(&text, text_format("%s:\n", source), strlen(source) + 2);
    }
    file_write_atomically(depfile, text.archive.bytes, text.archive.size);
}
