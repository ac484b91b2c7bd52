/*
 * What mkimage needs of the host: errors that end the program, whole files in memory, and output
 * files that appear complete or not at all.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/bits.h"

/* A run of bytes that the holder of the structure owns. */
struct blob {
    uint8_t *bytes;
    size_t size;
};

/* Prints "mkimage: MESSAGE" and exits with status 1; an unfinished output file is removed. */
noreturn_fn void die(const char *format, ...) printf_like(1, 2);

/* Like malloc, calloc, realloc and strdup, but they do not fail. The memory lives until exit. */
void *must_alloc(size_t nbytes); /* zeroed */
void *must_realloc(void *old, size_t nbytes);
char *must_strdup(const char *text);

/* A formatted string in new memory. */
char *text_format(const char *format, ...) printf_like(1, 2);

/*
 * The file's bytes, with a NUL behind them that `size` does not count. Ends the program if the
 * file cannot be read.
 */
struct blob file_read(const char *path);

struct blob blob_copy(const void *bytes, size_t size);

/*
 * Writes `path` by way of a temporary file beside it that is renamed at the end. Runs of zeros
 * become holes where the file system has such.
 */
void file_write_atomically(const char *path, const void *bytes, size_t size);

/* Seconds since 1970 that stand in the image for "now": SOURCE_DATE_EPOCH, or 0 without it. */
uint32_t build_time_s(void);
