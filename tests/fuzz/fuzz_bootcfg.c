/* lib/bootcfg.c: any text as a configuration; the result is terminated and within its bounds. */
#include "lib/bootcfg.h"

#include <string.h>

#include "lib/assert.h"
#include "tests/fuzz/fuzz.h"

static void count_problem(void *context, unsigned line, const char *problem) {
    ASSERT(line > 0 && problem[0] != '\0');
    ++*(unsigned *)context;
}

int fuzz_one(const uint8_t *data, size_t size) {
    static struct bootcfg config;
    unsigned reported = 0;
    bootcfg_defaults(&config);
    ASSERT(bootcfg_parse(&config, (const char *)data, size, count_problem, &reported) == reported);
    ASSERT(strnlen(config.kernel, sizeof(config.kernel)) < sizeof(config.kernel));
    ASSERT(strnlen(config.ramfs, sizeof(config.ramfs)) < sizeof(config.ramfs));
    ASSERT(config.append_length <= BOOT_CMDLINE_MAX);
    ASSERT(strlen(config.append) == config.append_length);
    ASSERT(config.kernel[0] != '\0');
    ASSERT((config.video_width == 0) == (config.video_height == 0));
    return 0;
}
