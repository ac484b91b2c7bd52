/* The views of /proc about the whole system. */
#pragma once

void system_views_init(void); /* system.c: version, uptime, stat ... */
void table_views_init(void);  /* tables.c: /kernel/proc */
void memory_views_init(void); /* memory.c: meminfo, vmstat, slabinfo */
