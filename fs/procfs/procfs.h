/* /proc as Linux has it: processes by number, and the views of VIEW_PROC. */
#pragma once

struct file;
struct pid;

void procfs_init(void);
/* The number that an open directory /proc/PID stands for, as long as the file is held; NULL: it is none. */
struct pid *procfs_directory_pid(const struct file *file);
/*
 * The process of this number is gone: so are its names in the cache, which would keep the number from
 * being used again. Takes no lock that sleeps; no spin locks held.
 */
void procfs_forget(int number);
