/* Out of memory: when a page for a program cannot be had, caches go first, then one process. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct process;
#define OOM_ADJUST_MAX 1000

void oom_init(void);
/* Pages that the process counts for when one is chosen, oom_score_adj included; 0: never. task_list_lock held. */
uint64_t oom_weight(struct process *process);
/* Beside pages: frees about `count` small cached things, returns how many. It may sleep. */
void oom_set_shrinker(size_t (*shrink)(size_t count));
/*
 * Tries to make memory free, waiting for it a little. True: try again. False: the running process
 * is being killed and should get out of the kernel. May sleep, with no locks held.
 */
bool oom_relieve(void);
