/* /dev/random and /dev/urandom: the same here, as on Linux since 5.6, for the generator is seeded before any program runs. random(4). */
#include "kernel/random/random.h"

#include "drivers/char/char_devices.h"
#include "fs/vfs/async.h"
#include "kernel/sched/thread.h"
#include "kernel/task/cred.h"
#include "kernel/vm/uaccess.h"
#include "lib/string.h"

#define CHUNK 256u
#define INTERRUPTIBLE_EVERY 65536u /* long reads may be broken off by a signal */
#define POOL_BITS 256

enum random_request { RNDGETENTCNT = (int)0x80045200, RNDADDTOENTCNT = 0x40045201, RNDADDENTROPY = 0x40085203 };

static int64_t read_random(struct file *file, struct io_buffer *buffer, uint64_t *position) {
    uint8_t bytes[CHUNK];
    int64_t done = 0;
    (void)file;
    (void)position;

    while (buffer->remaining > 0) {
        size_t count = MIN(buffer->remaining, sizeof bytes);
        random_bytes(bytes, count);
        size_t copied = io_copy_to(buffer, bytes, count);
        done += (int64_t)copied;
        if (copied < count) {
            done = done ? done : -EFAULT;
            break;
        }
        if (done % INTERRUPTIBLE_EVERY == 0) {
            if (thread_interrupted())
                break;
            sched_reschedule();
        }
    }
    memset(bytes, 0, sizeof bytes);
    return done;
}

/* What is written is mixed in, and counts for nothing. */
static int64_t write_random(struct file *file, struct io_buffer *buffer, uint64_t *position) {
    uint8_t bytes[CHUNK];
    int64_t done = 0;
    (void)file;
    (void)position;

    while (buffer->remaining > 0) {
        size_t count = io_copy_from(buffer, bytes, MIN(buffer->remaining, sizeof bytes));
        if (count == 0)
            return done ? done : -EFAULT;
        random_mix(bytes, count);
        done += (int64_t)count;
    }
    return done;
}

/* struct rand_pool_info: entropy_count in bits, buf_size in bytes, and the bytes. */
static int64_t add_entropy(const uint8_t *from) {
    struct { int32_t bits, size; } header;
    uint8_t bytes[CHUNK];

    if (!cred_has(current_cred(), CAP_SYS_ADMIN))
        return -EPERM;
    if (copy_from_user(&header, from, sizeof header))
        return -EFAULT;
    if (header.bits < 0 || header.size < 0)
        return -EINVAL;
    for (size_t at = 0, left = (size_t)header.size; left > 0;) {
        size_t count = MIN(left, sizeof bytes);
        if (copy_from_user(bytes, from + sizeof header + at, count))
            return -EFAULT;
        random_mix(bytes, count);
        at += count;
        left -= count;
    }
    return 0;
}

static int64_t random_ioctl(struct file *file, unsigned request, uint64_t argument) {
    (void)file;
    switch ((enum random_request)request) {
    case RNDGETENTCNT:
        return put_user((int)POOL_BITS, (int *)argument);
    case RNDADDTOENTCNT: /* nothing is counted */
        return cred_has(current_cred(), CAP_SYS_ADMIN) ? 0 : -EPERM;
    case RNDADDENTROPY:
        return add_entropy((const uint8_t *)argument);
    }
    return -EINVAL; /* not -ENOTTY, as on Linux */
}

/* There are always numbers. urandom is not asked: it cannot be waited for. */
static uint32_t random_poll(struct file *file, struct poll_table *table) {
    (void)file;
    (void)table;
    return POLLIN | POLLRDNORM;
}

static struct async_queue nobody; /* is told: there are numbers already */

static int random_set_async(struct file *file, int descriptor, bool on) {
    return async_join(&nobody, file, descriptor, on);
}

#define RANDOM_METHODS                                                                                             \
    .open = never_waiting_open, .read = read_random, .write = write_random, .seek = noop_seek, .ioctl = random_ioctl, \
    .set_async = random_set_async, .splices = SPLICE_FROM | SPLICE_TO

static const struct file_ops random_ops = {RANDOM_METHODS, .poll = random_poll};
static const struct file_ops urandom_ops = {RANDOM_METHODS};

struct devfs_node random_node = {
    .name = "random", .mode = S_IFCHR | 0666, .major = MEMORY_MAJOR, .minor = 8, .ops = &random_ops,
};
struct devfs_node urandom_node = {
    .name = "urandom", .mode = S_IFCHR | 0666, .major = MEMORY_MAJOR, .minor = 9, .ops = &urandom_ops,
};
