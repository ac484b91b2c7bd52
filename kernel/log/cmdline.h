/*
 * The kernel command line: words `key` or `key=value`, separated by blanks, quoted as in a shell.
 * The last of equal keys counts. Read-only after cmdline_init: any context.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Splits a copy of `text`. Logs, and ignores the rest, after an unclosed quote or too many words. */
void cmdline_init(const char *text);
/* As given by the loader, for /proc/cmdline. */
const char *cmdline_text(void);

/* The value of `key=value`, "" for the bare word `key`, NULL when it is absent. */
const char *cmdline_value(const char *key);

static inline bool cmdline_has(const char *key) {
    return cmdline_value(key) != 0;
}

/* A number as lib/parse.h has it (0x, K, M, G); `otherwise` when absent or malformed. */
uint64_t cmdline_number(const char *key, uint64_t otherwise);

/* Calls `visit` for each word in order; `value` is NULL for a bare word. */
void cmdline_each(void (*visit)(void *context, const char *key, const char *value), void *context);
