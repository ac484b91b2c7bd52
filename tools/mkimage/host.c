/* Host services: host.h. */
#include "tools/mkimage/host.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HOLE_BYTES = 65536 };

/* The output being written, removed if the program ends before it is complete. */
static char *unfinished_path;

void die(const char *format, ...) {
    va_list args;
    va_start(args, format);
    fflush(stdout);
    fputs("mkimage: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    if (unfinished_path)
        unlink(unfinished_path);
    exit(1);
}

void *must_realloc(void *old, size_t nbytes) {
    void *memory = realloc(old, nbytes > 0 ? nbytes : 1);
    if (!memory)
        die("out of memory (%zu bytes)", nbytes);
    return memory;
}

void *must_alloc(size_t nbytes) {
    return memset(must_realloc(NULL, nbytes), 0, nbytes);
}

char *must_strdup(const char *text) {
    return strcpy(must_realloc(NULL, strlen(text) + 1), text);
}

char *text_format(const char *format, ...) {
    char *text;
    va_list args;
    va_start(args, format);
    if (vasprintf(&text, format, args) < 0)
        die("out of memory");
    va_end(args);
    return text;
}

struct blob blob_copy(const void *bytes, size_t size) {
    struct blob blob = {.bytes = must_alloc(size + 1), .size = size};
    if (size > 0)
        memcpy(blob.bytes, bytes, size);
    return blob;
}

struct blob file_read(const char *path) {
    struct stat status;
    struct blob blob;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &status) != 0)
        die("%s: %s", path, strerror(errno));
    if (!S_ISREG(status.st_mode))
        die("%s: not a regular file", path);
    blob.size = (size_t)status.st_size;
    blob.bytes = must_alloc(blob.size + 1);
    for (size_t done = 0; done < blob.size;) {
        ssize_t count = read(fd, blob.bytes + done, blob.size - done);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            die("%s: %s", path, count < 0 ? strerror(errno) : "became shorter while it was read");
        done += (size_t)count;
    }
    close(fd);
    return blob;
}

static bool is_zero(const uint8_t *bytes, size_t size) {
    return size == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0);
}

static void write_block(int fd, const char *path, const uint8_t *bytes, size_t size, off_t offset) {
    while (size > 0) {
        ssize_t count = pwrite(fd, bytes, size, offset);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            die("%s: cannot write: %s", path, strerror(errno));
        bytes += count;
        size -= (size_t)count;
        offset += count;
    }
}

/* mkstemp makes the file private; an output file gets what the umask leaves. */
static void set_default_mode(int fd, const char *path) {
    mode_t mask = umask(0);
    umask(mask);
    if (fchmod(fd, 0666 & ~mask) != 0)
        die("%s: %s", path, strerror(errno));
}

void file_write_atomically(const char *path, const void *data, size_t size) {
    const uint8_t *bytes = data;
    char *temporary = text_format("%s.XXXXXX", path);
    int fd = mkstemp(temporary);
    if (fd < 0)
        die("%s: cannot create: %s", path, strerror(errno));
    unfinished_path = temporary;
    set_default_mode(fd, path);
    if (ftruncate(fd, (off_t)size) != 0)
        die("%s: cannot write: %s", path, strerror(errno));
    for (size_t offset = 0; offset < size; offset += HOLE_BYTES) {
        size_t count = MIN((size_t)HOLE_BYTES, size - offset);
        if (!is_zero(bytes + offset, count))
            write_block(fd, path, bytes + offset, count, (off_t)offset);
    }
    if (close(fd) != 0 || rename(temporary, path) != 0)
        die("%s: cannot write: %s", path, strerror(errno));
    unfinished_path = NULL;
}

uint32_t build_time_s(void) {
    const char *text = getenv("SOURCE_DATE_EPOCH");
    char *end;
    if (!text || *text == '\0')
        return 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (*end != '\0' || value > UINT32_MAX)
        die("SOURCE_DATE_EPOCH: not a number of seconds: %s", text);
    return (uint32_t)value;
}
