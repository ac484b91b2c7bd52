/* utimensat and the older calls that set a file's times. */
#include "fs/vfs/attributes.h"
#include "fs/vfs/file_table.h"
#include "kernel/sys/at_flags.h"
#include "kernel/sys/sys_file.h"
#include "kernel/time/clock.h"
#include "kernel/vm/uaccess.h"
#include "lib/errno.h"

/* linux/stat.h: in place of nanoseconds */
#define UTIME_NOW 0x3fffffff
#define UTIME_OMIT 0x3ffffffe

struct user_time {
    int64_t seconds, fraction; /* struct timespec, or timeval with microseconds */
};

/* Whether both times are to be the present one: then a writer may ask too. */
static bool to_now(const struct user_time times[2]) {
    return times[0].fraction == UTIME_NOW && times[1].fraction == UTIME_NOW;
}

static int convert(const struct user_time *time, struct timestamp now, struct timestamp *result) {
    if (time->fraction == UTIME_NOW) {
        *result = now;
        return 0;
    }
    if (time->fraction < 0 || time->fraction >= (int64_t)NS_PER_SEC)
        return -EINVAL;
    *result = (struct timestamp){time->seconds, (uint32_t)time->fraction};
    return 0;
}

/* `times` in nanoseconds, checked for UTIME_OMIT. */
static int make_change(const struct user_time times[2], struct attributes *change) {
    struct timestamp now = timestamp_now();
    *change = (struct attributes){0};
    if (times[0].fraction != UTIME_OMIT) {
        change->valid |= ATTR_ACCESS_TIME;
        if (convert(&times[0], now, &change->access_time))
            return -EINVAL;
    }
    if (times[1].fraction != UTIME_OMIT) {
        change->valid |= ATTR_MODIFY_TIME;
        if (convert(&times[1], now, &change->modify_time))
            return -EINVAL;
    }
    return 0;
}

static int64_t change_descriptor(int descriptor, const struct attributes *change, bool now) {
    struct file_use use = file_use(descriptor);
    if (!use.file)
        return -EBADF;
    int64_t result = path_change_times(&use.file->path, change, now);
    file_use_end(use);
    return result;
}

static int64_t change_times(int directory, const char *name, const struct user_time times[2],
                            uint32_t flags) {
    struct attributes change;
    struct path path;
    if (flags & ~(uint32_t)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    int error = make_change(times, &change);
    if (error)
        return error;
    if (change.valid == 0)
        return 0;
    if (!name && directory != AT_FDCWD)
        return flags ? -EINVAL : change_descriptor(directory, &change, to_now(times));
    error = path_lookup_user(directory, name, at_lookup_flags(flags), &path);
    if (error)
        return error;
    error = path_change_times(&path, &change, to_now(times));
    path_put(&path);
    return error;
}

static const struct user_time both_now[2] = {{0, UTIME_NOW}, {0, UTIME_NOW}};

int64_t sys_utimensat(int directory, const char *name, const void *user, uint32_t flags) {
    struct user_time times[2];
    if (!user)
        return change_times(directory, name, both_now, flags);
    if (copy_from_user(times, user, sizeof times))
        return -EFAULT;
    return change_times(directory, name, times, flags);
}

int64_t sys_futimesat(int directory, const char *name, const void *user) {
    struct user_time times[2];
    if (!user)
        return change_times(directory, name, both_now, 0);
    if (copy_from_user(times, user, sizeof times))
        return -EFAULT;
    for (int i = 0; i < 2; i++) {
        if (times[i].fraction < 0 || times[i].fraction >= (int64_t)(NS_PER_SEC / NS_PER_US))
            return -EINVAL;
        times[i].fraction *= (int64_t)NS_PER_US;
    }
    return change_times(directory, name, times, 0);
}

int64_t sys_utimes(const char *name, const void *times) {
    return sys_futimesat(AT_FDCWD, name, times);
}

int64_t sys_utime(const char *name, const void *user) {
    int64_t seconds[2]; /* struct utimbuf */
    if (!user)
        return change_times(AT_FDCWD, name, both_now, 0);
    if (copy_from_user(seconds, user, sizeof seconds))
        return -EFAULT;
    struct user_time times[2] = {{seconds[0], 0}, {seconds[1], 0}};
    return change_times(AT_FDCWD, name, times, 0);
}
