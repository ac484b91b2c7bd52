/* lib/bootcfg.c: any text as a configuration; the result is terminated and within its bounds. */
#include "lib/bootcfg.h"

#include <string.h>

#include "lib/assert.h"
#include "tests/fuzz/fuzz.h"

static const char *text_start, *text_end;

static void count_problem(void *context, const struct bootcfg_problem *problem) {
    ASSERT(problem->line > 0 && problem->what[0] != '\0');
    ASSERT(problem->text >= text_start && problem->text + problem->length <= text_end);
    ASSERT(!memchr(problem->text, '\n', problem->length));
    ++*(unsigned *)context;
}

int fuzz_one(const uint8_t *data, size_t size) {
    static struct bootcfg config;
    unsigned reported = 0;
    text_start = (const char *)data;
    text_end = text_start + size;
    bootcfg_defaults(&config);
    ASSERT(bootcfg_parse(&config, (const char *)data, size, count_problem, &reported) == reported);
    ASSERT(strnlen(config.kernel, sizeof(config.kernel)) < sizeof(config.kernel));
    ASSERT(strnlen(config.ramfs, sizeof(config.ramfs)) < sizeof(config.ramfs));
    ASSERT(config.append_length <= BOOT_CMDLINE_MAX);
    ASSERT(strlen(config.append) == config.append_length);
    ASSERT(config.kernel[0] != '\0' && config.kernel_old[0] != '\0');
    ASSERT(strnlen(config.kernel_old, sizeof(config.kernel_old)) < sizeof(config.kernel_old));
    ASSERT(config.menu_seconds <= BOOTCFG_MENU_SECONDS_MAX);
    ASSERT((config.video_width == 0) == (config.video_height == 0));
    return 0;
}
