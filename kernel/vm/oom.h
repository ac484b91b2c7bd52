/* Out of memory: when a page for a program cannot be had, caches go first, then one process. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

void oom_init(void);
/* Beside pages: frees about `count` small cached things, returns how many. It may sleep. */
void oom_set_shrinker(size_t (*shrink)(size_t count));
/*
 * Tries to make memory free, waiting for it a little. True: try again. False: the running process
 * is being killed and should get out of the kernel. May sleep, with no locks held.
 */
bool oom_relieve(void);
