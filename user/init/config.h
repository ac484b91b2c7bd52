/*
 * init.conf: `key = value` lines, `#` comments. Keys may repeat; order is kept.
 *
 *   hostname = NAME
 *   mount    = TYPE SOURCE TARGET [OPTIONS]
 *   env      = NAME=VALUE          for everything that init starts
 *   run      = COMMAND             once, before the consoles; init waits for it
 *   console  = TERMINAL COMMAND    a session leader on TERMINAL, started again when it ends;
 *                                TERMINAL `*` is every terminal that shows the log
 *
 * COMMAND is split at blanks; use `sh -c` scripts for more. A leading dash (-sh) is not part of the
 * program's name: it makes a shell a login shell.
 */
#pragma once

#define CONFIG_WORDS_MAX 16
#define CONFIG_CONSOLES "*"

enum config_key { CONFIG_HOSTNAME, CONFIG_MOUNT, CONFIG_ENV, CONFIG_RUN, CONFIG_CONSOLE };

struct config_entry {
    enum config_key key;
    int words;
    char *word[CONFIG_WORDS_MAX + 1]; /* NULL-terminated */
};

/* Reads `path`, calling `handle` for each entry; wrong lines are reported with their number and
 * skipped. 0, or -1 with errno when the file cannot be read. */
int config_read(const char *path, void (*handle)(const struct config_entry *entry));
