/* Out of memory: when a page for a program cannot be had, caches go first, then one process. */
#pragma once

#include <stdbool.h>

void oom_init(void);
/*
 * Tries to make memory free, waiting for it a little. True: try again. False: the running process
 * is being killed and should get out of the kernel. May sleep, with no locks held.
 */
bool oom_relieve(void);
