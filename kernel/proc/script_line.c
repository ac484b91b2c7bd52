#include "kernel/proc/script_line.h"

#include "lib/bits.h"
#include "lib/errno.h"
#include "lib/string.h"

static bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

int script_line_parse(const uint8_t *head, size_t size, struct script_line *line) {
    const char *at = (const char *)head + 2, *limit = (const char *)head + size;
    const char *newline = memchr(at, '\n', size - 2);
    const char *end = newline ? newline : at + strnlen(at, size - 2);

    while (at < end && is_blank(*at))
        at++;
    while (at < end && is_blank(end[-1]))
        end--;
    line->interpreter = at;
    while (at < end && !is_blank(*at) && *at)
        at++;
    line->interpreter_length = (size_t)(at - line->interpreter);
    if (line->interpreter_length == 0 || at == limit)
        return -ENOEXEC;
    while (at < end && is_blank(*at))
        at++;
    line->argument = at;
    line->argument_length = strnlen(at, (size_t)(end - at));
    return 0;
}
