/* Reading init.conf: see config.h. */
#include "user/init/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    enum config_key key;
    int words_min;
} keys[] = {
    {"hostname", CONFIG_HOSTNAME, 1}, {"mount", CONFIG_MOUNT, 3}, {"env", CONFIG_ENV, 1},
    {"run", CONFIG_RUN, 1},           {"console", CONFIG_CONSOLE, 2},
};

static const char BLANKS[] = " \t\r\n";

static int words_split(char *text, struct config_entry *entry) {
    char *state;
    entry->words = 0;
    for (char *word = strtok_r(text, BLANKS, &state); word; word = strtok_r(NULL, BLANKS, &state)) {
        if (entry->words == CONFIG_WORDS_MAX)
            return -1;
        /* The caller may keep words for ever (environment, commands): init never frees them. */
        entry->word[entry->words] = strdup(word);
        if (!entry->word[entry->words++])
            return -1;
    }
    entry->word[entry->words] = NULL;
    return 0;
}

/* 1: `entry` is filled; 0: nothing on this line; -1: not understood. */
static int line_parse(char *line, struct config_entry *entry) {
    line += strspn(line, BLANKS);
    if (*line == '#' || *line == '\0')
        return 0;
    char *value = strchr(line, '=');
    if (!value)
        return -1;
    *value++ = '\0';
    line[strcspn(line, BLANKS)] = '\0';
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (strcmp(line, keys[i].name) != 0)
            continue;
        entry->key = keys[i].key;
        if (words_split(value, entry) < 0 || entry->words < keys[i].words_min)
            return -1;
        return 1;
    }
    return -1;
}

int config_read(const char *path, void (*handle)(const struct config_entry *entry)) {
    FILE *file = fopen(path, "re");
    if (!file)
        return -1;
    char line[1024];
    for (int number = 1; fgets(line, sizeof line, file); number++) {
        struct config_entry entry;
        int found = line_parse(line, &entry);
        if (found < 0)
            fprintf(stderr, "init: %s:%d: not understood, skipped\n", path, number);
        else if (found > 0)
            handle(&entry);
    }
    fclose(file);
    return 0;
}
