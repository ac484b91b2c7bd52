/*
 * The first program: which file, with which arguments and environment. `init=NAME` names it
 * (/sys/bin/NAME unless NAME has a slash); words of the command line that the kernel does not know
 * go to it: `key=value` into its environment, a bare word among its arguments.
 */
#pragma once

/* Starts process 1. Once, at the end of boot. */
void first_program_start(void);
