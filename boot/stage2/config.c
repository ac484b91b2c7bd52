/*
 * The configuration file.
 */
#include "boot/stage2/config.h"

#include "boot/stage2/boot_options.h"
#include "boot/stage2/console.h"
#include "boot/stage2/disk.h"
#include "boot/stage2/error.h"
#include "boot/stage2/facts.h"
#include "boot/stage2/state.h"
#include "boot/stage2/trace.h"
#include "boot/stage2/volume.h"
#include "lib/errno.h"
#include "lib/string.h"

#define CONFIG_PATH      "boot/astra.cfg"
#define CONFIG_MAX_BYTES 8192u

static struct bootcfg config;
static char text[CONFIG_MAX_BYTES];

static struct config_problem first_problem;
static unsigned problems;

static void report_line(void *context, const struct bootcfg_problem *problem) {
    size_t length = MIN(problem->length, (size_t)CONFIG_LINE_SHOWN);

    (void)context;
    error_warn(ERROR_CONFIG_LINE, problem->line, "line %u: %s", problem->line, problem->what);
    if (problems++ == 0) {
        first_problem = (struct config_problem){.line = problem->line, .what = problem->what};
        memcpy(first_problem.text, problem->text, length);
    }
    first_problem.others = problems - 1;
}

const struct config_problem *config_problem(void) {
    return problems > 0 ? &first_problem : NULL;
}

/* Bytes of the file now in `text`, or a negative error number. */
static int read_text(void) {
    static struct fat_entry entry;
    int error = volume_find(CONFIG_PATH, &entry);

    if (error == 0)
        error = volume_load_start(&entry, text, CONFIG_MAX_BYTES);
    if (error)
        return error;
    if (entry.size > CONFIG_MAX_BYTES)
        error_warn(ERROR_CONFIG_SIZE, entry.size, "%u bytes, %u are read", entry.size,
                   CONFIG_MAX_BYTES);
    return (int)MIN(entry.size, CONFIG_MAX_BYTES);
}

const struct bootcfg *config_read(void) {
    struct boot_info *info = boot_info();

    trace_step(BOOT_STEP_CONFIG);
    console_step("config");
    bootcfg_defaults(&config);
    int size = read_text();

    if (size < 0) {
        error_warn(ERROR_CONFIG_MISSING, (uint64_t)-size, "%s",
                   size == -ENOENT ? CONFIG_PATH " is not there" : CONFIG_PATH " cannot be read");
    } else {
        console_printf("%s, %d bytes\n", CONFIG_PATH, size);
        (void)bootcfg_parse(&config, text, (size_t)size, report_line, NULL);
    }
    boot_options()->explain |= config.explain;
    boot_facts.config = &config;
    boot_facts.config_bytes = size < 0 ? 0 : (uint32_t)size;
    info->cmdline_length = config.append_length;
    memcpy(info->cmdline, config.append, config.append_length + 1);
    trace_step_done(BOOT_STEP_CONFIG, size < 0 ? 0 : (uint64_t)size);
    return &config;
}
