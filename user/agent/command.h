/* The command the agent runs: started with three pipes, its end noticed through a descriptor. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

struct command {
    pid_t pid;
    int input;    /* write end of its standard input; -1 when closed */
    int output;   /* read end of its standard output; -1 at the end */
    int error;    /* read end of its standard error; -1 at the end */
    int exited;   /* readable once a child has ended */
};

/* Starts argv (searched in PATH) in a session of its own. 0, or -1 with errno. A command that
 * cannot be executed ends with status 127 or 126, as in a shell. */
int command_start(struct command *command, char **argv);

/* 1 when it has ended, with its wait status; 0 when it runs. */
int command_ended(const struct command *command, int *status);
