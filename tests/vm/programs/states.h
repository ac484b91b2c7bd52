/*
 * What processes and threads do just now, as /proc tells: a test waits until another one has come to where it shall be,
 * instead of guessing how long that takes.
 */
#pragma once

#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

/* The third field of /proc/NUMBER/stat, of a process or a thread; 0: there is none. */
static char state_of(pid_t number) {
    char path[32], text[512] = "";
    snprintf(path, sizeof path, "/proc/%d/stat", (int)number);
    FILE *file = fopen(path, "r");
    if (!file)
        return 0;
    char *name_end = fgets(text, sizeof text, file) ? strrchr(text, ')') : NULL;
    fclose(file);
    return name_end ? name_end[2] : 0;
}

/* Until it is in one of the states `wanted`, has ended or is gone; which one that is (0: gone). */
static char until_state(pid_t number, const char *wanted) {
    char state;
    while ((state = state_of(number)) && state != 'Z' && !strchr(wanted, state))
        usleep(1000);
    return state;
}

/* Until it waits for something. A caller knows for what: there must be only one thing it can wait for. */
static int until_asleep(pid_t number) {
    return until_state(number, "S") == 'S';
}
