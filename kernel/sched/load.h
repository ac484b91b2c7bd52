/* Load averages: see sched_stats_read in sched.h. */
#pragma once

/* Starts sampling. Once, after sched_init and the timers. */
void load_start(void);
