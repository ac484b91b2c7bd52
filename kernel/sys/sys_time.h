/* System calls about time and timers: kernel/sys/time.c, timers.c, adjtime.c. As the ABI passes them. */
#pragma once

#include "kernel/sys/user_time.h"

struct itimerval_user;
struct itimerspec_user;
struct sigevent_user;
struct clock_zone;
struct timex_user;

/* What waits for a time of day follows. */
void realtime_was_set(void);

int64_t sys_nanosleep(const struct user_timespec __user *time, struct user_timespec __user *remaining);
int64_t sys_clock_nanosleep(int clock, int flags, const struct user_timespec __user *time,
                            struct user_timespec __user *remaining);
int64_t sys_clock_gettime(int clock, struct user_timespec __user *time);
int64_t sys_clock_settime(int clock, const struct user_timespec __user *time);
int64_t sys_clock_getres(int clock, struct user_timespec __user *resolution);
int64_t sys_gettimeofday(struct user_timeval __user *time, struct clock_zone __user *zone);
int64_t sys_settimeofday(const struct user_timeval __user *time, const struct clock_zone __user *zone);
int64_t sys_time(int64_t __user *seconds);
int64_t sys_adjtimex(struct timex_user __user *timex);
int64_t sys_clock_adjtime(int clock, struct timex_user __user *timex);

int64_t sys_alarm(unsigned seconds);
int64_t sys_getitimer(int which, struct itimerval_user __user *value);
int64_t sys_setitimer(int which, const struct itimerval_user __user *value, struct itimerval_user __user *old);

int64_t sys_timer_create(int clock, const struct sigevent_user __user *event, int32_t __user *id);
int64_t sys_timer_settime(int id, int flags, const struct itimerspec_user __user *value,
                          struct itimerspec_user __user *old);
int64_t sys_timer_gettime(int id, struct itimerspec_user __user *value);
int64_t sys_timer_getoverrun(int id);
int64_t sys_timer_delete(int id);
