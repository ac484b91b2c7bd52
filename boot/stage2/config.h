/*
 * boot/astra.cfg.
 */
#pragma once

#include "lib/bootcfg.h"

/*
 * Step: reads the file and puts the kernel's arguments into boot_info. Whatever is wrong with the
 * file is a warning: defaults hold instead.
 */
const struct bootcfg *config_read(void);

#define CONFIG_LINE_SHOWN 80u

/* The first line that cannot be used. */
struct config_problem {
    unsigned line;
    const char *what;
    char text[CONFIG_LINE_SHOWN + 1]; /* its beginning */
    unsigned others;                  /* further such lines */
};

/* NULL if every line can be used. */
const struct config_problem *config_problem(void);
