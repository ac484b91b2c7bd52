/* What init starts and keeps running. */
#pragma once

#include <sys/types.h>

/* Runs argv and waits for it; its wait status, or -1. */
int service_run(char *const argv[]);

/* Adds a command that holds `terminal` as a session leader and is started again when it ends.
 * `terminal` NULL: no terminal, not started again; its end shuts the system down. */
void service_add(const char *terminal, char *const argv[]);

/* Starts every service that is not running. A service that ends at once is delayed, so that a
 * broken one does not take the CPU. Returns the milliseconds until the next start, or -1. */
int service_start_all(void);

/* A child ended. 1 when that was the service whose end means shut-down. */
int service_ended(pid_t pid);
