/*
 * The kernel's table of function names, for backtraces: a header, entries sorted by address, and
 * the names. tools/ksyms writes it, kernel.ld places it between ksyms_start and ksyms_end; empty
 * in a kernel linked without it. Offsets are from kernel_text_start. Pure; usable in any context,
 * also in an exception handler.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define KSYMS_MAGIC 0x4d59534bu /* "KSYM" in memory order */

struct ksyms_header {
    uint32_t magic;
    uint32_t count;       /* entries, which follow */
    uint32_t names_bytes; /* NUL-terminated names, behind the entries */
    uint32_t reserved;
};

struct ksyms_entry {
    uint32_t text_offset;
    uint32_t name_offset; /* in the names */
};

/*
 * The name of the function that the byte at `text_offset` belongs to; *into is the distance from
 * its start. NULL if the table has none, or is empty or damaged. `table` is 4-byte aligned.
 */
const char *ksyms_lookup(const void *table, size_t nbytes, uint32_t text_offset, uint32_t *into);

/* The reverse: 0 and the offset of the function called `name`, or -ENOENT. */
int ksyms_find(const void *table, size_t nbytes, const char *name, uint32_t *text_offset);
