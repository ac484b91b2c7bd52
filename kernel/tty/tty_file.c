/* Terminals as files: open, read, write, poll. POSIX General Terminal Interface (Base Definitions ch. 11), termios(3). */
#include "kernel/mm/slab.h"
#include "kernel/task/task.h"
#include "kernel/time/clock.h"
#include "kernel/tty/tty_internal.h"
#include "lib/string.h"

#define CHUNK 256u /* bytes between user memory and the rings at a time, on the stack */
#define VTIME_UNIT_NS (100 * NS_PER_MS)
#define POLL_WRITABLE_SPACE 256u

int tty_allocate_input(struct tty *tty) {
    if (tty->input.data)
        return 0;
    uint8_t *memory = kmalloc(TTY_INPUT_BYTES);
    if (!memory)
        return -ENOMEM;
    ring_init(&tty->input, memory, TTY_INPUT_BYTES);
    return 0;
}

/* First opening: the input buffer and the device. */
static int start(struct tty *tty) {
    int error = tty_allocate_input(tty);
    return error || !tty->ops->open ? error : tty->ops->open(tty);
}

int tty_open_file(struct tty *tty, struct file *file, bool may_control) {
    struct tty_file *opened = kmalloc(sizeof *opened);
    int error = 0;

    if (!opened)
        return -ENOMEM;
    mutex_lock(&tty->open_mutex);
    if (tty->gone)
        error = -EIO;
    else if (tty->exclusive && tty->open_count > 0 && !cred_has(current_cred(), CAP_SYS_ADMIN))
        error = -EBUSY;
    else if (tty->open_count == 0)
        error = start(tty);
    if (!error)
        tty->open_count++;
    *opened = (struct tty_file){tty, atomic_load_relaxed(&tty->generation)};
    mutex_unlock(&tty->open_mutex);
    if (error) {
        kfree(opened);
        return error;
    }
    tty_get(tty);
    file->private = opened;
    if (may_control && !(file->open_flags & O_NOCTTY))
        tty_acquire_on_open(tty);
    return 0;
}

static int tty_open(struct inode *inode, struct file *file) {
    int error = stream_open(inode, file);
    return error ? error : tty_open_file(file->private, file, true);
}

static void tty_release(struct file *file) {
    struct tty_file *opened = tty_file_of(file);
    struct tty *tty = opened->tty;

    mutex_lock(&tty->open_mutex);
    if (--tty->open_count == 0) {
        tty->exclusive = false;
        if (tty->ops->close)
            tty->ops->close(tty);
    }
    mutex_unlock(&tty->open_mutex);
    kfree(opened);
    tty_put(tty);
}

/* ---- reading ---- */

struct read_wait { /* when a read has enough: VMIN and VTIME, termios(3) */
    size_t min;
    uint64_t first_deadline_ns; /* for the first byte; 0: do not wait at all */
    uint64_t between_ns;        /* between bytes; 0: no limit */
};

static struct read_wait read_conditions(struct tty *tty, size_t wanted) {
    struct read_wait wait = {1, WAIT_FOREVER, 0};
    uint64_t flags = spin_lock_irqsave(&tty->lock);
    const struct termios *termios = &tty->ldisc.termios;

    if (!(termios->c_lflag & ICANON)) {
        uint64_t time_ns = termios->c_cc[VTIME] * VTIME_UNIT_NS;
        wait.min = MIN((size_t)termios->c_cc[VMIN], wanted);
        if (wait.min == 0)
            wait.first_deadline_ns = time_ns ? clock_monotonic_ns() + time_ns : 0;
        else
            wait.between_ns = time_ns;
    }
    spin_unlock_irqrestore(&tty->lock, flags);
    return wait;
}

static bool input_ready(struct tty_file *opened, size_t min) {
    uint64_t flags = spin_lock_irqsave(&opened->tty->lock);
    bool ready = tty_ldisc_has_input(&opened->tty->ldisc, min);
    spin_unlock_irqrestore(&opened->tty->lock, flags);
    return ready || tty_file_is_dead(opened);
}

/* Until there is something, or the time for it is over (0 too: the read then returns nothing). */
static int wait_input(struct tty_file *opened, const struct read_wait *wait, size_t have, bool nonblocking) {
    uint64_t deadline_ns = wait->first_deadline_ns;

    if (input_ready(opened, 1))
        return 0;
    if (wait->first_deadline_ns == 0)
        return -ETIMEDOUT;
    if (nonblocking)
        return -EAGAIN;
    tty_note_waiting(opened->tty);
    if (have > 0 && wait->between_ns)
        deadline_ns = clock_monotonic_ns() + wait->between_ns;
    int result = WAIT_EVENT_INTERRUPTIBLE(&opened->tty->read_wait, input_ready(opened, 1), deadline_ns);
    return result == -EINTR ? -ERESTARTSYS : result;
}

/* One piece from the line discipline to the caller: bytes, 0 for end of file, -EAGAIN nothing there, -EFAULT. */
static int64_t read_piece(struct tty *tty, struct io_buffer *buffer) {
    uint8_t bytes[CHUNK];
    uint64_t flags = spin_lock_irqsave(&tty->lock);
    int count = tty_ldisc_read(&tty->ldisc, bytes, MIN(buffer->remaining, sizeof bytes));
    tty_unlock(tty, flags);

    if (count > 0 && io_copy_to(buffer, bytes, (size_t)count) < (size_t)count)
        return -EFAULT;
    tty_process_input(tty); /* there is room for more now */
    return count;
}

/* Canonical: one line at most. Raw: until `min` bytes are there and nothing more waits. */
static int64_t read_locked(struct tty_file *opened, struct io_buffer *buffer, bool nonblocking) {
    struct tty *tty = opened->tty;
    struct read_wait wait = read_conditions(tty, buffer->remaining);
    bool canonical = tty->ldisc.termios.c_lflag & ICANON;
    int64_t done = 0;

    while (buffer->remaining > 0) {
        int error = wait_input(opened, &wait, (size_t)done, nonblocking);
        if (error == -ETIMEDOUT || tty_file_is_dead(opened))
            break;
        if (error)
            return done ? done : error;
        int64_t piece = read_piece(tty, buffer);
        if (piece == -EAGAIN)
            continue;
        if (piece < 0)
            return done ? done : piece;
        done += piece;
        if (canonical ? !tty->ldisc.mid_line : (size_t)done >= wait.min && !input_ready(opened, 1))
            break;
    }
    return done;
}

static int64_t tty_read(struct file *file, struct io_buffer *buffer, uint64_t *position) {
    struct tty_file *opened = tty_file_of(file);
    bool nonblocking = file->flags & O_NONBLOCK;
    (void)position;

    if (tty_file_is_dead(opened) || buffer->remaining == 0)
        return 0;
    int error = tty_check_background(opened->tty, SIGTTIN);
    if (error)
        return error;
    if (nonblocking ? !mutex_trylock(&opened->tty->read_mutex)
                    : mutex_lock_interruptible(&opened->tty->read_mutex) != 0)
        return nonblocking ? -EAGAIN : -ERESTARTSYS;
    int64_t done = read_locked(opened, buffer, nonblocking);
    mutex_unlock(&opened->tty->read_mutex);
    return done;
}

/* ---- writing ---- */

/* Post-processes bytes into the output ring; returns how many fitted. */
static size_t output_bytes(struct tty *tty, const uint8_t *bytes, size_t count) {
    uint64_t flags = spin_lock_irqsave(&tty->lock);
    size_t done = 0;

    if (!(tty->ldisc.termios.c_oflag & OPOST)) {
        done = ring_write(&tty->output, bytes, count);
    } else {
        uint8_t expanded[LDISC_OUTPUT_MAX];
        while (done < count && ring_space(&tty->output) >= sizeof expanded) {
            size_t length = tty_ldisc_output(&tty->ldisc, bytes[done++], expanded);
            (void)ring_write(&tty->output, expanded, length);
        }
    }
    tty_unlock(tty, flags);
    return done;
}

static bool output_space(struct tty_file *opened) {
    return ring_space(&opened->tty->output) >= LDISC_OUTPUT_MAX || tty_file_is_dead(opened);
}

/* All of `bytes`, waiting for room; how many went out, or -errno if none did. */
static int64_t write_bytes(struct tty_file *opened, const uint8_t *bytes, size_t count, bool nonblocking) {
    size_t done = 0;

    for (;;) {
        if (tty_file_is_dead(opened))
            return done ? (int64_t)done : -EIO;
        done += output_bytes(opened->tty, bytes + done, count - done);
        if (done == count)
            return (int64_t)done;
        atomic_store(&opened->tty->writer_stopped, true);
        if (nonblocking)
            return done ? (int64_t)done : -EAGAIN;
        if (WAIT_EVENT_INTERRUPTIBLE(&opened->tty->write_wait, output_space(opened), WAIT_FOREVER) != 0)
            return done ? (int64_t)done : -ERESTARTSYS;
    }
}

static int64_t write_locked(struct tty_file *opened, struct io_buffer *buffer, bool nonblocking) {
    uint8_t bytes[CHUNK];
    int64_t done = 0;

    while (buffer->remaining > 0) {
        size_t count = io_copy_from(buffer, bytes, MIN(buffer->remaining, sizeof bytes));
        if (count == 0)
            return done ? done : -EFAULT;
        int64_t written = write_bytes(opened, bytes, count, nonblocking);
        if (written < 0)
            return done ? done : written;
        done += written;
        if ((size_t)written < count)
            break;
    }
    return done;
}

static int64_t tty_write(struct file *file, struct io_buffer *buffer, uint64_t *position) {
    struct tty_file *opened = tty_file_of(file);
    struct tty *tty = opened->tty;
    bool nonblocking = file->flags & O_NONBLOCK;
    (void)position;

    if (tty_file_is_dead(opened))
        return -EIO;
    int error = tty->ldisc.termios.c_lflag & TOSTOP ? tty_check_background(tty, SIGTTOU) : 0;
    if (error)
        return error;
    if (nonblocking ? !mutex_trylock(&tty->write_mutex) : mutex_lock_interruptible(&tty->write_mutex) != 0)
        return nonblocking ? -EAGAIN : -ERESTARTSYS;
    int64_t done = write_locked(opened, buffer, nonblocking);
    mutex_unlock(&tty->write_mutex);
    return done;
}

static uint32_t tty_poll(struct file *file, struct poll_table *table) {
    struct tty_file *opened = tty_file_of(file);
    struct tty *tty = opened->tty;
    uint32_t events = 0;

    poll_wait(table, &tty->read_wait);
    poll_wait(table, &tty->write_wait);
    if (tty_file_is_dead(opened))
        return POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM | POLLHUP | POLLERR;
    uint64_t flags = spin_lock_irqsave(&tty->lock);
    if (tty_ldisc_has_input(&tty->ldisc, tty_ldisc_poll_min(&tty->ldisc)))
        events |= POLLIN | POLLRDNORM;
    if (ring_space(&tty->output) >= POLL_WRITABLE_SPACE)
        events |= POLLOUT | POLLWRNORM;
    spin_unlock_irqrestore(&tty->lock, flags);
    if (table && !(events & POLLIN))
        tty_note_waiting(tty);
    return events;
}

/* Without an owner, the terminal's foreground group is told, or the process itself. */
static int tty_set_async(struct file *file, int descriptor, bool on) {
    struct tty *tty = tty_file_of(file)->tty;
    if (on && tty_file_is_dead(tty_file_of(file)))
        return -ENOTTY;
    int error = async_join(&tty->async, file, descriptor, on);
    if (error || !on)
        return error;
    int group = tty_foreground_number(tty);
    return group ? file_set_default_owner(file, OWNER_GROUP, group)
                 : file_set_default_owner(file, OWNER_PROCESS, current_process()->pid->number);
}

const struct file_ops tty_file_ops = {
    .open = tty_open,
    .release = tty_release,
    .read = tty_read,
    .write = tty_write,
    .seek = stream_seek,
    .ioctl = tty_ioctl,
    .poll = tty_poll,
    .set_async = tty_set_async,
    .splices = SPLICE_FROM | SPLICE_TO,
};
