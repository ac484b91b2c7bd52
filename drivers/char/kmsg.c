/*
 * /dev/kmsg: the log, a record a read ("level,sequence,microseconds,-;text\n"); what is written becomes
 * a record. Linux Documentation/ABI/testing/dev-kmsg. file->position is the sequence number of the
 * next record; position_lock guards it.
 */
#include "drivers/char/char_devices.h"
#include "kernel/irq/deferred.h"
#include "kernel/log/log.h"
#include "kernel/sched/thread.h"
#include "kernel/task/signal.h"
#include "kernel/time/clock.h"
#include "lib/format.h"
#include "lib/string.h"

#define TEXT_MAX 256u
#define LINE_MAX (TEXT_MAX + 64u)
#define LEVEL_MASK 7u
#define RECORD_MAX 992u /* a longer write is refused: Linux's LOG_LINE_MAX. What does not fit in TEXT_MAX is cut off. */

enum { SEEK_SET = 0, SEEK_END = 2, SEEK_DATA = 3 };

static struct wait_queue readers;
static struct deferred wake_work;

static void wake_readers(struct deferred *deferred) {
    (void)deferred;
    wait_wake(&readers, ~0u, POLLIN | POLLRDNORM, false);
}

/* Whoever logs may hold any lock: waking waits for the exit of an interrupt. */
static void record_added(void) {
    if (!list_is_empty(&readers.entries))
        deferred_queue(&wake_work);
}

static uint64_t oldest_sequence(void) {
    struct log_record_info info = {0};
    uint64_t sequence = 0;
    char text[2];

    return log_read(&sequence, &info, text, sizeof text) ? info.sequence : 0;
}

static int kmsg_open(struct inode *inode, struct file *file) {
    file->position = oldest_sequence();
    return same_anywhere_open(inode, file);
}

/* One record at file->position: bytes; -EPIPE: it was overwritten, the position moves to the oldest; -EAGAIN: none yet. */
static int64_t read_record(struct file *file, char *line) {
    struct log_record_info info;
    char text[TEXT_MAX];
    uint64_t sequence = file->position;

    if (sequence >= log_sequence_end() || !log_read(&sequence, &info, text, sizeof text))
        return -EAGAIN;
    if (info.sequence != file->position) {
        file->position = info.sequence;
        return -EPIPE;
    }
    file->position = sequence;
    return format_snprintf(line, LINE_MAX, "%u,%llu,%llu,-;%s\n", info.level, (unsigned long long)info.sequence,
                           (unsigned long long)(info.time_ns / NS_PER_US), text);
}

static int64_t kmsg_read(struct file *file, struct io_buffer *buffer, uint64_t *position) {
    char line[LINE_MAX];
    int64_t length;
    (void)position;

    for (;;) {
        mutex_lock(&file->position_lock);
        length = read_record(file, line);
        mutex_unlock(&file->position_lock);
        if (length != -EAGAIN || (file->flags & O_NONBLOCK))
            break;
        if (WAIT_EVENT_INTERRUPTIBLE(&readers, log_sequence_end() > file->position, WAIT_FOREVER) != 0)
            return -ERESTARTSYS;
    }
    if (length < 0)
        return length;
    if (buffer->remaining < (size_t)length)
        return -EINVAL;
    return io_copy_to(buffer, line, (size_t)length) == (size_t)length ? length : -EFAULT;
}

/* "<N>text": N is level and facility; without it the level is 4, as on Linux. */
static int64_t kmsg_write(struct file *file, struct io_buffer *buffer, uint64_t *position) {
    char line[TEXT_MAX], *text = line;
    size_t size = buffer->remaining, length = MIN(size, sizeof line - 1);
    unsigned level = LOG_WARNING;
    (void)file;
    (void)position;

    if (size > RECORD_MAX)
        return -EINVAL;
    if (io_copy_from(buffer, line, length) < length)
        return -EFAULT;
    line[length] = 0;
    if (line[0] == '<' && line[1] >= '0' && line[1] <= '9') {
        unsigned priority = 0;
        for (text = line + 1; *text >= '0' && *text <= '9'; text++)
            priority = priority * 10 + (unsigned)(*text - '0');
        text = *text == '>' ? text + 1 : line;
        level = priority & LEVEL_MASK;
    }
    char *newline = strchr(text, '\n');
    if (newline)
        *newline = 0;
    log_write((enum log_level)level, current_thread()->name, "%s", text);
    return (int64_t)size;
}

/* position_lock is held, as for every seek. */
static int64_t kmsg_seek(struct file *file, int64_t offset, int whence) {
    if (offset != 0)
        return -ESPIPE;
    if (whence != SEEK_SET && whence != SEEK_END && whence != SEEK_DATA)
        return -EINVAL;
    file->position = whence == SEEK_END ? log_sequence_end() : oldest_sequence();
    return 0;
}

static uint32_t kmsg_poll(struct file *file, struct poll_table *table) {
    poll_wait(table, &readers);
    return log_sequence_end() > file->position ? POLLIN | POLLRDNORM : 0;
}

static const struct file_ops kmsg_ops = {
    .open = kmsg_open, .read = kmsg_read, .write = kmsg_write, .seek = kmsg_seek, .poll = kmsg_poll,
};

struct devfs_node kmsg_node = {
    .name = "kmsg", .mode = S_IFCHR | 0644, .major = MEMORY_MAJOR, .minor = 11, .ops = &kmsg_ops,
};

void kmsg_init(void) {
    wait_queue_init(&readers);
    deferred_init(&wake_work, wake_readers);
    log_set_notify(record_added);
}
