/*
 * Adding kernel arguments to astra.cfg. The reader joins all `append` lines (lib/bootcfg.h), so one
 * more at the end does it, and what the user wrote stays byte for byte.
 */
#include <string.h>

#include "lib/bootcfg.h"
#include "tools/mkimage/image.h"

static void report(void *context, const struct bootcfg_problem *problem) {
    (void)context;
    die("%s, line %u: %s", IMAGE_CONFIG, problem->line, problem->what);
}

void config_check(const struct blob *config) {
    static struct bootcfg parsed;
    bootcfg_defaults(&parsed);
    (void)bootcfg_parse(&parsed, (const char *)config->bytes, config->size, report, NULL);
}

struct blob config_append(const struct blob *config, const char *arguments) {
    bool ends_line = config->size == 0 || config->bytes[config->size - 1] == '\n';
    char *line = text_format("%sappend = %s\n", ends_line ? "" : "\n", arguments);
    size_t length = strlen(line);
    if (strpbrk(arguments, "\r\n"))
        die("--append: the arguments hold a line break");
    struct blob result = {.bytes = must_alloc(config->size + length + 1)};
    memcpy(result.bytes, config->bytes, config->size);
    memcpy(result.bytes + config->size, line, length);
    result.size = config->size + length;
    return result;
}
