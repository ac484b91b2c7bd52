/* /proc as Linux has it: processes by number, and the views of VIEW_PROC. */
#pragma once

void procfs_init(void);
/*
 * The process of this number is gone: so are its names in the cache, which would keep the number from
 * being used again. Takes no lock that sleeps; no spin locks held.
 */
void procfs_forget(int number);
