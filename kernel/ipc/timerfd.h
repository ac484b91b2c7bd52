/* timerfd_create(2): a timer whose ends are read from a file. */
#pragma once

#include "fs/vfs/file.h"

enum timerfd_flag { TFD_TIMER_ABSTIME = 1, TFD_TIMER_CANCEL_ON_SET = 2 }; /* linux/timerfd.h */

struct timerfd_value {
    uint64_t interval_ns, remaining_ns; /* 0: once; not running */
};

/* `clock` is CLOCK_REALTIME, CLOCK_MONOTONIC or CLOCK_BOOTTIME. ERR_PTR(-ENOMEM). */
struct file *timerfd_create(int clock, uint32_t flags);
bool file_is_timerfd(const struct file *file);
/* `flags`: enum timerfd_flag. `old` gets what was set before. */
void timerfd_set(struct file *file, uint32_t flags, const struct timerfd_value *new, struct timerfd_value *old);
void timerfd_read_value(struct file *file, struct timerfd_value *value);
/* The time of day was set: absolute timers on it end earlier or later now, and some are cancelled. */
void timerfd_clock_was_set(void);
