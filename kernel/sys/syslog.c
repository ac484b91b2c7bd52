/* syslog(2): the kernel log for dmesg. */
#include "kernel/log/log.h"
#include "kernel/mm/slab.h"
#include "kernel/sys/sys_system.h"
#include "kernel/task/task.h"
#include "kernel/time/clock.h"
#include "lib/errno.h"
#include "lib/format.h"

enum syslog_action {
    SYSLOG_CLOSE = 0, SYSLOG_OPEN = 1, SYSLOG_READ = 2, SYSLOG_READ_ALL = 3, SYSLOG_READ_CLEAR = 4,
    SYSLOG_CLEAR = 5, SYSLOG_SIZE_UNREAD = 9, SYSLOG_SIZE_BUFFER = 10,
};
#define LINE_MAX 512u
#define BUFFER_SIZE (64 * 1024) /* what programs are told to allocate: the ring's text fits */

static uint64_t cleared_sequence; /* SYSLOG_READ_ALL starts here */

struct output {
    char __user *to;
    size_t done;
};

/* "<6>[    1.234567] text\n", as Linux shows it. Bytes, or -EFAULT; 0 when it does not fit. */
static int64_t put_record(const struct log_record_info *info, const char *text, char *line, struct output *output,
                          size_t size) {
    int length = format_snprintf(line, LINE_MAX, "<%d>[%5lu.%06lu] %s\n", (int)info->level,
                                 (unsigned long)(info->time_ns / NS_PER_SEC),
                                 (unsigned long)(info->time_ns % NS_PER_SEC / NS_PER_US), text);
    size_t bytes = MIN((size_t)length, (size_t)LINE_MAX - 1);

    if (output->done + bytes > size)
        return 0;
    if (output->to != NULL && copy_to_user(output->to + output->done, line, bytes) < 0)
        return -EFAULT;
    output->done += bytes;
    return (int64_t)bytes;
}

/* Shows records from `sequence` on. With a NULL buffer it only counts bytes. */
static int64_t put_records(uint64_t sequence, char __user *to, size_t size) {
    struct output output = {to, 0};
    struct log_record_info info;
    int64_t put = 1;
    char *text = kmalloc(2 * LINE_MAX);

    if (text == NULL)
        return -ENOMEM;
    while (put > 0 && log_read(&sequence, &info, text, LINE_MAX) > 0)
        put = put_record(&info, text, text + LINE_MAX, &output, size);
    kfree(text);
    return put < 0 ? put : (int64_t)output.done;
}

/* Where to start so that the newest records fill `size`: older ones are left out. */
static uint64_t start_for(size_t size) {
    uint64_t sequence = cleared_sequence;
    while (sequence < log_sequence_end() && put_records(sequence, NULL, SIZE_MAX) > (int64_t)size)
        sequence += 1 + (log_sequence_end() - sequence) / 8;
    return sequence;
}

int64_t sys_syslog(int action, char __user *to, int size) {
    int64_t result;

    switch (action) {
    case SYSLOG_CLOSE:
    case SYSLOG_OPEN:
        return 0;
    case SYSLOG_READ_ALL:
    case SYSLOG_READ_CLEAR:
        if (to == NULL || size < 0)
            return -EINVAL;
        if (size == 0)
            return 0;
        if (!user_range_ok(to, (size_t)size))
            return -EFAULT;
        result = put_records(start_for((size_t)size), to, (size_t)size);
        if (action == SYSLOG_READ_CLEAR && result >= 0)
            cleared_sequence = log_sequence_end();
        return result;
    case SYSLOG_CLEAR:
        if (!cred_has(current_cred(), CAP_SYSLOG))
            return -EPERM;
        cleared_sequence = log_sequence_end();
        return 0;
    case SYSLOG_SIZE_BUFFER:
        return BUFFER_SIZE;
    case SYSLOG_SIZE_UNREAD:
        return put_records(cleared_sequence, NULL, SIZE_MAX);
    default:
        return -EINVAL;
    }
}
