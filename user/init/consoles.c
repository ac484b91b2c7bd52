/* Finding the terminals that show the log: see consoles.h. */
#include "user/init/consoles.h"

#include <stdio.h>
#include <string.h>

#define LIST_PATH "/proc/consoles"
#define MAIN_CONSOLE 'C' /* the one that /dev/console is */

void consoles_each(void (*handle)(char *path)) {
    handle(strdup("/dev/console"));
    FILE *list = fopen(LIST_PATH, "re");
    if (!list)
        return;
    char line[256], name[64], flags[16], path[sizeof "/dev/" + sizeof name];
    while (fgets(line, sizeof line, list)) {
        if (sscanf(line, "%63s %*s (%15[^)])", name, flags) != 2 || strchr(flags, MAIN_CONSOLE))
            continue;
        snprintf(path, sizeof path, "/dev/%s", name);
        handle(strdup(path));
    }
    fclose(list);
}
