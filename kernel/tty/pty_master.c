/*
 * The master side of a pseudo-terminal as a file: the program that has it open plays the device.
 * It reads what the slave sends (-EIO once the slave is closed and all is read) and writes what
 * the slave receives. Most requests of ioctl() mean the slave. pty(7), ioctl_tty(2).
 */
#include "fs/devpts/devpts.h"
#include "fs/vfs/file_table.h"
#include "kernel/task/task.h"
#include "kernel/tty/pty_internal.h"
#include "kernel/vm/uaccess.h"
#include "lib/errptr.h"
#include "lib/format.h"

#define CHUNK 256u /* bytes between user memory and the rings at a time, on the stack */
#define PTS_NAME_BYTES 24u

enum pty_request { /* asm-generic/ioctls.h */
    TIOCGPGRP = 0x540f, TIOCOUTQ = 0x5411, FIONREAD = 0x541b, TIOCPKT = 0x5420, TIOCNOTTY = 0x5422, TIOCGSID = 0x5429,
    TIOCGPTN = (int)0x80045430, TIOCSPTLCK = 0x40045431, TIOCSIG = 0x40045436, TIOCGPKT = (int)0x80045438,
    TIOCGPTLCK = (int)0x80045439, TIOCGPTPEER = 0x5441, TIOCSTI = 0x5412, TIOCVHANGUP = 0x5437,
};

static int master_open(struct inode *inode, struct file *file) {
    int error = stream_open(inode, file);
    if (error)
        return error;
    struct pty *pty = pty_create();
    if (IS_ERR(pty))
        return PTR_ERR(pty);
    file->private = pty;
    return 0;
}

static void master_release(struct file *file) {
    pty_close_master(file->private);
}

/* ---- reading ---- */

static bool has_something(const struct pty *pty) {
    return ring_count(&pty->sent) > 0 || atomic_load_relaxed(&pty->slave_closed) ||
           atomic_load_relaxed(&pty->packet_status) != 0;
}

/* Packet mode: the status byte, or the one that says data follow. False: there was neither. */
static bool take_status(struct pty *pty, uint8_t *status, bool *has_data) {
    uint64_t flags = spin_lock_irqsave(&pty->tty.lock);
    *status = pty->packet_status;
    pty->packet_status = 0;
    *has_data = *status == 0 && ring_count(&pty->sent) > 0;
    spin_unlock_irqrestore(&pty->tty.lock, flags);
    return *status != 0 || *has_data;
}

static size_t take_sent(struct pty *pty, uint8_t *bytes, size_t size) {
    uint64_t flags = spin_lock_irqsave(&pty->tty.lock);
    size_t taken = ring_read(&pty->sent, bytes, size);
    tty_unlock(&pty->tty, flags); /* moves up what the slave has written since, wakes its writers */
    return taken;
}

static int64_t read_sent(struct pty *pty, struct io_buffer *buffer) {
    uint8_t bytes[CHUNK];
    int64_t done = 0;

    while (buffer->remaining > 0) {
        size_t piece = take_sent(pty, bytes, MIN(buffer->remaining, sizeof bytes));
        if (piece == 0)
            break;
        if (io_copy_to(buffer, bytes, piece) < piece)
            return done ? done : -EFAULT;
        done += (int64_t)piece;
    }
    return done;
}

/* What there is: bytes, or 0 for nothing. */
static int64_t read_now(struct pty *pty, struct io_buffer *buffer) {
    uint8_t status;
    bool has_data = true;

    if (!atomic_load_relaxed(&pty->packet_mode))
        return read_sent(pty, buffer);
    if (!take_status(pty, &status, &has_data))
        return 0;
    if (io_copy_to(buffer, &status, 1) < 1)
        return -EFAULT;
    int64_t done = has_data ? read_sent(pty, buffer) : 0;
    return done < 0 ? done : done + 1;
}

static int64_t master_read(struct file *file, struct io_buffer *buffer, uint64_t *position) {
    struct pty *pty = file->private;
    (void)position;

    if (buffer->remaining == 0)
        return 0;
    for (;;) {
        bool closed = atomic_load(&pty->slave_closed); /* before looking: what it sent last comes first */
        int64_t done = read_now(pty, buffer);
        if (done != 0)
            return done;
        if (closed)
            return -EIO;
        if (file->flags & O_NONBLOCK)
            return -EAGAIN;
        if (WAIT_EVENT_INTERRUPTIBLE(&pty->master_wait, has_something(pty), WAIT_FOREVER) != 0)
            return -ERESTARTSYS;
    }
}

/* ---- writing ---- */

static bool has_room(struct pty *pty) {
    return ring_space(&pty->tty.input) > 0;
}

/* All of `bytes`, waiting for room; how many the slave took, or -errno if none. */
static int64_t write_bytes(struct pty *pty, const uint8_t *bytes, size_t size, bool nonblocking) {
    size_t done = 0;

    for (;;) {
        done += tty_input_now(&pty->tty, bytes + done, size - done);
        if (done == size)
            return (int64_t)done;
        if (nonblocking)
            return done ? (int64_t)done : -EAGAIN;
        if (WAIT_EVENT_INTERRUPTIBLE(&pty->master_wait, has_room(pty), WAIT_FOREVER) != 0)
            return done ? (int64_t)done : -ERESTARTSYS;
    }
}

static int64_t master_write(struct file *file, struct io_buffer *buffer, uint64_t *position) {
    struct pty *pty = file->private;
    uint8_t bytes[CHUNK];
    int64_t done = 0;
    (void)position;

    while (buffer->remaining > 0) {
        size_t size = io_copy_from(buffer, bytes, MIN(buffer->remaining, sizeof bytes));
        if (size == 0)
            return done ? done : -EFAULT;
        int64_t written = write_bytes(pty, bytes, size, file->flags & O_NONBLOCK);
        if (written < 0)
            return done ? done : written;
        done += written;
        if ((size_t)written < size)
            break;
    }
    return done;
}

static uint32_t master_poll(struct file *file, struct poll_table *table) {
    struct pty *pty = file->private;
    uint32_t events = 0;

    poll_wait(table, &pty->master_wait);
    uint64_t flags = spin_lock_irqsave(&pty->tty.lock);
    if (ring_count(&pty->sent) > 0)
        events |= POLLIN | POLLRDNORM;
    if (pty->packet_status)
        events |= POLLPRI | POLLIN | POLLRDNORM;
    if (pty->slave_closed)
        events |= POLLHUP;
    if (has_room(pty))
        events |= POLLOUT | POLLWRNORM;
    else
        atomic_store(&pty->tty.input_refused, true); /* tell when there is */
    spin_unlock_irqrestore(&pty->tty.lock, flags);
    return events;
}

/* ---- ioctl ---- */

static int64_t set_lock(struct pty *pty, uint64_t argument) {
    int on;
    int error = get_user(on, (const int *)argument);
    if (!error)
        atomic_store(&pty->locked, on != 0);
    return error;
}

static int64_t set_packet_mode(struct pty *pty, uint64_t argument) {
    int on;
    int error = get_user(on, (const int *)argument);
    if (error)
        return error;
    uint64_t flags = spin_lock_irqsave(&pty->tty.lock);
    pty->packet_status = 0;
    pty->packet_mode = on != 0;
    spin_unlock_irqrestore(&pty->tty.lock, flags);
    return 0;
}

/* TIOCGPTPEER: opens the slave by its name in /dev/pts. */
static int64_t open_peer(struct pty *pty, uint32_t flags) {
    char name[PTS_NAME_BYTES];
    int descriptor = descriptor_reserve(0, flags & O_CLOEXEC);

    if (descriptor < 0)
        return descriptor;
    format_snprintf(name, sizeof name, "/dev/pts/%u", pty->index);
    struct file *file = file_open(name, flags & ~(uint32_t)O_CREAT, 0);
    if (IS_ERR(file)) {
        descriptor_cancel(descriptor);
        return PTR_ERR(file);
    }
    descriptor_install(descriptor, file);
    return descriptor;
}

static int64_t signal_slave(struct pty *pty, uint64_t signal) {
    if (signal != SIGINT && signal != SIGQUIT && signal != SIGTSTP)
        return -EINVAL;
    tty_signal_foreground(&pty->tty, (unsigned)signal);
    return 0;
}

static int64_t put_int(uint64_t argument, int value) {
    return value < 0 ? value : put_user(value, (int *)argument);
}

static int64_t master_ioctl(struct file *file, unsigned request, uint64_t argument) {
    struct pty *pty = file->private;
    uint8_t byte;

    switch ((enum pty_request)request) {
    case TIOCGPTN: return put_int(argument, (int)pty->index);
    case TIOCSPTLCK: return set_lock(pty, argument);
    case TIOCGPTLCK: return put_int(argument, pty->locked);
    case TIOCPKT: return set_packet_mode(pty, argument);
    case TIOCGPKT: return put_int(argument, pty->packet_mode);
    case TIOCGPTPEER: return open_peer(pty, (uint32_t)argument);
    case TIOCSIG: return signal_slave(pty, argument);
    case TIOCGPGRP: return put_int(argument, tty_foreground_number(&pty->tty));
    case TIOCGSID: return put_int(argument, tty_session_number(&pty->tty));
    case FIONREAD: return put_int(argument, (int)ring_count(&pty->sent));
    case TIOCOUTQ: return put_int(argument, 0);
    case TIOCSTI: return get_user(byte, (const uint8_t *)argument) ? -EFAULT : -EPERM; /* the master types by writing */
    case TIOCNOTTY: return -ENOTTY;
    case TIOCVHANGUP: return -EPERM;
    default: return tty_line_ioctl(&pty->tty, request, argument);
    }
}

const struct file_ops pty_master_ops = {
    .open = master_open,
    .release = master_release,
    .read = master_read,
    .write = master_write,
    .seek = stream_seek,
    .ioctl = master_ioctl,
    .poll = master_poll,
    .splices = SPLICE_FROM | SPLICE_TO,
};
