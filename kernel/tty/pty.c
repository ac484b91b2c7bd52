/* Pairs of pseudo-terminals: making, numbering and ending them, and the slave's side as a terminal's device. */
#include "kernel/tty/pty.h"

#include "fs/devpts/devpts.h"
#include "kernel/mm/slab.h"
#include "kernel/tty/pty_internal.h"
#include "lib/bitmap.h"
#include "lib/errno.h"
#include "lib/errptr.h"
#include "lib/format.h"

#define SENT_BYTES 16384u
#define SENT_KEPT_BYTES 4096u
#define MOVE_BYTES 128u /* from the output ring to `sent` at a time, on the stack */
#define MASTERS_WAKE_ROOM (TTY_INPUT_BYTES / 2)

DEFINE_LOCK_CLASS(pty_table_class, "pty table");

static struct spinlock pty_table_lock = SPINLOCK_INIT(pty_table_class); /* guards the three below */
static struct pty *ptys[PTY_COUNT_MAX];
static uint64_t used[BITMAP_WORDS(PTY_COUNT_MAX)];
static uint32_t count;

/* ---- what the terminal asks of its device; tty->lock is held ---- */

void pty_tell(struct pty *pty, uint8_t set, uint8_t clear) {
    if (!pty->packet_mode)
        return;
    pty->packet_status = (uint8_t)((pty->packet_status & ~clear) | set);
    wait_wake(&pty->master_wait, ~0u, POLLPRI | POLLIN | POLLRDNORM, false);
}

static void slave_start_output(struct tty *tty) {
    struct pty *pty = pty_of(tty);
    uint8_t bytes[MOVE_BYTES];
    size_t moved = 0, piece;

    while ((piece = tty_take_output(tty, bytes, MIN(sizeof bytes, (size_t)ring_space(&pty->sent)))) > 0)
        moved += ring_write(&pty->sent, bytes, piece);
    if (moved > 0)
        wait_wake(&pty->master_wait, ~0u, POLLIN | POLLRDNORM, false);
}

/* What a master that reads promptly would have by now stays: its own buffer on Linux. */
static void slave_flush_output(struct tty *tty) {
    struct pty *pty = pty_of(tty);
    pty->sent.written = pty->sent.taken + MIN(ring_count(&pty->sent), SENT_KEPT_BYTES);
    pty_tell(pty, TIOCPKT_FLUSHWRITE, 0);
}

static void slave_flush_input(struct tty *tty) {
    pty_tell(pty_of(tty), TIOCPKT_FLUSHREAD, 0);
}

static void slave_set_stopped(struct tty *tty, bool stopped) {
    if (stopped)
        pty_tell(pty_of(tty), TIOCPKT_STOP, TIOCPKT_START);
    else
        pty_tell(pty_of(tty), TIOCPKT_START, TIOCPKT_STOP);
}

static void slave_set_modes(struct tty *tty) {
    enum { CTRL_Q = 'Q' & 037, CTRL_S = 'S' & 037 };
    struct pty *pty = pty_of(tty);
    const struct termios *termios = &tty->ldisc.termios;
    bool flow_keys = (termios->c_iflag & IXON) && termios->c_cc[VSTOP] == CTRL_S && termios->c_cc[VSTART] == CTRL_Q;

    if (flow_keys == pty->flow_keys)
        return;
    pty->flow_keys = flow_keys;
    if (flow_keys)
        pty_tell(pty, TIOCPKT_DOSTOP, TIOCPKT_NOSTOP);
    else
        pty_tell(pty, TIOCPKT_NOSTOP, TIOCPKT_DOSTOP);
}

static void slave_input_room(struct tty *tty) {
    wait_wake(&pty_of(tty)->master_wait, ~0u, POLLOUT | POLLWRNORM, false);
}

/* ---- the slave opens and closes; open_mutex is held ---- */

static int set_slave_closed(struct tty *tty, bool closed) {
    struct pty *pty = pty_of(tty);
    uint64_t flags = spin_lock_irqsave(&tty->lock);
    pty->slave_closed = closed;
    spin_unlock_irqrestore(&tty->lock, flags);
    wait_wake(&pty->master_wait, ~0u, closed ? POLLHUP | POLLIN | POLLRDNORM : POLLOUT, false);
    return 0;
}

static int slave_opened(struct tty *tty) {
    return set_slave_closed(tty, false);
}

static void slave_closed(struct tty *tty) {
    (void)set_slave_closed(tty, true);
}

/* ---- numbers ---- */

/* Gives `pty` the lowest free number; -ENOSPC. */
static int number_take(struct pty *pty) {
    spin_lock(&pty_table_lock);
    size_t index = bitmap_find_clear(used, PTY_COUNT_MAX, 0);
    if (index < PTY_COUNT_MAX) {
        bitmap_set(used, index);
        count++;
    }
    spin_unlock(&pty_table_lock);
    pty->index = (unsigned)index;
    return index < PTY_COUNT_MAX ? 0 : -ENOSPC;
}

static void number_release(unsigned index) {
    spin_lock(&pty_table_lock);
    ASSERT(bitmap_test(used, index));
    bitmap_clear(used, index);
    ptys[index] = NULL;
    count--;
    spin_unlock(&pty_table_lock);
}

/* Whether opening `index` can find it. */
static void number_show(struct pty *pty, bool shown) {
    spin_lock(&pty_table_lock);
    ptys[pty->index] = shown ? pty : NULL;
    spin_unlock(&pty_table_lock);
}

/* The terminal of a number with a reference, or NULL. */
static struct pty *number_find(uint64_t index) {
    struct pty *pty = NULL;

    spin_lock(&pty_table_lock);
    if (index < PTY_COUNT_MAX)
        pty = ptys[index];
    if (pty)
        tty_get(&pty->tty); /* its master, which removes it from the table first, still has one */
    spin_unlock(&pty_table_lock);
    return pty;
}

uint32_t pty_count(void) {
    return atomic_load_relaxed(&count);
}

/* ---- making and ending ---- */

static void pty_free(struct tty *tty) {
    struct pty *pty = pty_of(tty);

    number_release(pty->index);
    tty_destroy(tty);
    kfree(pty->sent.data);
    kfree(pty);
}

static const struct tty_ops slave_ops = {
    .open = slave_opened,
    .close = slave_closed,
    .start_output = slave_start_output,
    .flush_output = slave_flush_output,
    .flush_input = slave_flush_input,
    .set_stopped = slave_set_stopped,
    .set_modes = slave_set_modes,
    .input_room = slave_input_room,
    .free = pty_free,
};

/* Memory of a pair; NULL: none. */
static struct pty *pty_allocate(void) {
    struct pty *pty = kzalloc(sizeof *pty);
    uint8_t *sent = kmalloc(SENT_BYTES);

    if (!pty || !sent)
        goto failed;
    pty->tty.name = "pts";
    pty->tty.ops = &slave_ops;
    if (tty_init(&pty->tty, PTY_SLAVE_MAJOR, 0) != 0)
        goto failed;
    if (tty_allocate_input(&pty->tty) != 0) {
        tty_destroy(&pty->tty);
        goto failed;
    }
    ring_init(&pty->sent, sent, SENT_BYTES);
    wait_queue_init(&pty->master_wait);
    pty->locked = pty->flow_keys = true;
    return pty;
failed:
    kfree(sent);
    kfree(pty);
    return NULL;
}

struct pty *pty_create(void) {
    struct pty *pty = pty_allocate();

    if (!pty)
        return ERR_PTR(-ENOMEM);
    int error = number_take(pty);
    if (error) {
        tty_destroy(&pty->tty);
        kfree(pty->sent.data);
        kfree(pty);
        return ERR_PTR(error);
    }
    pty->tty.node.minor = (uint16_t)pty->index;
    number_show(pty, true);
    error = devpts_add(pty->index);
    if (!error)
        return pty;
    number_show(pty, false);
    tty_put(&pty->tty);
    return ERR_PTR(error);
}

void pty_close_master(struct pty *pty) {
    devpts_remove(pty->index);
    number_show(pty, false);
    tty_remove(&pty->tty);
    tty_put(&pty->tty);
}

/* ---- /dev/pts/N ---- */

static uint64_t minor_of(uint64_t device) {
    return (device & 0xff) | (device >> 12 & 0xfff00); /* DEVICE_NUMBER() */
}

static int open_unlocked(struct tty *tty, struct inode *inode, struct file *file) {
    if (atomic_load_relaxed(&pty_of(tty)->locked))
        return -EIO;
    int error = stream_open(inode, file);
    if (!error)
        error = tty_open_file(tty, file, true);
    if (!error)
        file->ops = &tty_file_ops;
    return error;
}

static int slave_open(struct inode *inode, struct file *file) {
    struct pty *pty = number_find(minor_of(inode->device));

    if (!pty)
        return -EIO;
    int error = open_unlocked(&pty->tty, inode, file);
    tty_put(&pty->tty);
    return error;
}

static const struct file_ops slave_open_ops = {.open = slave_open};

static struct device_operations slave_numbers = {
    .type = S_IFCHR, .device = DEVICE_NUMBER(PTY_SLAVE_MAJOR, 0), .every_minor = true, .name = "pts",
    .ops = &slave_open_ops,
};
static struct devfs_node ptmx_node = {
    .name = "ptmx", .mode = S_IFCHR | 0666, .gid = TTY_GROUP, .major = PTMX_MAJOR, .minor = PTMX_MINOR,
    .ops = &pty_master_ops,
};

void pty_init(void) {
    int error = device_operations_register(&slave_numbers);
    if (!error)
        error = devfs_register(&ptmx_node);
    ASSERT(!error);
}
