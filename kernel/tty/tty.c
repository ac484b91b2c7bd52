/*
 * The terminal class: registration, the way of received bytes to the line discipline and of
 * written ones to the driver.
 */
#define LOG_TAG "tty"
#include "kernel/tty/tty.h"

#include "kernel/log/log.h"
#include "kernel/mm/slab.h"
#include "kernel/time/clock.h"
#include "kernel/tty/tty_internal.h"
#include "lib/string.h"

#define INPUT_CHUNK 256u   /* bytes handled with interrupts off at a time */
#define WRITERS_WAKE_SPACE (TTY_OUTPUT_BYTES / 2)
#define DRAIN_POLL_NS NS_PER_MS
#define TTY_MODE (S_IFCHR | 0620u)

DEFINE_LOCK_CLASS(tty_lock_class, "tty");
DEFINE_LOCK_CLASS(tty_input_class, "tty_input");
DEFINE_LOCK_CLASS(tty_open_class, "tty_open");
DEFINE_LOCK_CLASS(tty_read_class, "tty_read");
DEFINE_LOCK_CLASS(tty_write_class, "tty_write");
DEFINE_LOCK_CLASS(tty_list_class, "tty_list");

static struct spinlock list_lock = SPINLOCK_INIT(tty_list_class); /* guards `ttys` */
static struct list_node ttys = LIST_INIT(ttys);

/* ---- the line discipline's callbacks; tty->lock is held ---- */

static void ldisc_echo(void *ctx, const uint8_t *bytes, size_t count) {
    struct tty *tty = ctx;
    if (ring_space(&tty->output) >= count) /* all or nothing: no torn escape sequences */
        (void)ring_write(&tty->output, bytes, count);
}

static void ldisc_signal(void *ctx, enum ldisc_signal signal) {
    ((struct tty *)ctx)->pending_signals |= 1u << signal;
}

/* Starting again is tty_unlock's business; stopping is noticed by tty_take_output. */
static void ldisc_set_stopped(void *ctx, bool stopped) {
    struct tty *tty = ctx;
    if (tty->ops->set_stopped)
        tty->ops->set_stopped(tty, stopped);
}

static void ldisc_send_urgent(void *ctx, uint8_t byte) {
    struct tty *tty = ctx;
    if (tty->ops->send_urgent)
        tty->ops->send_urgent(tty, byte);
}

static void ldisc_flush_output(void *ctx) {
    struct tty *tty = ctx;
    tty->output.taken = tty->output.written;
    if (tty->ops->flush_output)
        tty->ops->flush_output(tty);
}

static const struct ldisc_ops ldisc_ops = {
    .echo = ldisc_echo,
    .signal = ldisc_signal,
    .set_stopped = ldisc_set_stopped,
    .send_urgent = ldisc_send_urgent,
    .flush_output = ldisc_flush_output,
};

/* ---- receiving ---- */

void tty_unlock(struct tty *tty, uint64_t flags) {
    uint32_t signals = tty->pending_signals;

    tty->pending_signals = 0;
    if (ring_count(&tty->output) > 0 && !tty->ldisc.stopped)
        tty->ops->start_output(tty);
    bool writable = ring_space(&tty->output) >= WRITERS_WAKE_SPACE;
    spin_unlock_irqrestore(&tty->lock, flags);
    for (; signals; signals &= signals - 1)
        tty_signal_foreground(tty, (unsigned)__builtin_ctz(signals));
    if (writable && !list_is_empty(&tty->write_wait.entries))
        wait_wake(&tty->write_wait, ~0u, POLLOUT | POLLWRNORM, false);
    if (writable && unlikely(atomic_load_relaxed(&tty->async.first)) && atomic_exchange(&tty->writer_stopped, false))
        async_send(&tty->async, SIGIO, POLL_OUT);
}

static bool take_break(struct tty *tty) {
    uint64_t flags = spin_lock_irqsave(&tty->input_lock);
    bool was_pending = tty->break_pending && ring_count(&tty->input) == 0;
    if (was_pending)
        tty->break_pending = false;
    spin_unlock_irqrestore(&tty->input_lock, flags);
    return was_pending;
}

/* One chunk; false when nothing is left to do or the discipline is full. */
static bool process_chunk(struct tty *tty) {
    uint64_t flags = spin_lock_irqsave(&tty->lock);
    size_t done = 0;
    uint8_t byte;

    while (done < INPUT_CHUNK && tty_ldisc_room(&tty->ldisc) > 0 && ring_get(&tty->input, &byte)) {
        tty_ldisc_input(&tty->ldisc, byte);
        done++;
    }
    if (tty->break_pending && take_break(tty))
        tty_ldisc_input_break(&tty->ldisc);
    bool readable = tty_ldisc_has_input(&tty->ldisc, 1);
    tty_unlock(tty, flags);
    if (readable) {
        wait_wake(&tty->read_wait, ~0u, POLLIN | POLLRDNORM, false);
        if (done > 0)
            async_notify(&tty->async, POLL_IN);
    }
    return done == INPUT_CHUNK;
}

/* Tells a driver that had to keep bytes that there is room now. */
static void offer_room(struct tty *tty) {
    if (!atomic_load(&tty->input_refused) || ring_space(&tty->input) < TTY_INPUT_BYTES / 2)
        return;
    atomic_store(&tty->input_refused, false);
    uint64_t flags = spin_lock_irqsave(&tty->lock);
    if (tty->ops->input_room)
        tty->ops->input_room(tty);
    spin_unlock_irqrestore(&tty->lock, flags);
}

void tty_process_input(struct tty *tty) {
    while (process_chunk(tty))
        continue;
    offer_room(tty);
}

static void input_work(struct deferred *deferred) {
    tty_process_input(container_of(deferred, struct tty, input_work));
}

size_t tty_input_room(struct tty *tty) {
    if (!tty->input.data)
        return 0;
    size_t room = ring_space(&tty->input);
    if (room == 0) {
        atomic_store(&tty->input_refused, true);
        deferred_queue(&tty->input_work); /* the reader may have made room just before */
    }
    return room;
}

size_t tty_input(struct tty *tty, const uint8_t *bytes, size_t count) {
    if (!tty->input.data) /* never opened: nobody has asked for input */
        return count;
    uint64_t flags = spin_lock_irqsave(&tty->input_lock);
    size_t taken = ring_write(&tty->input, bytes, count);
    tty->input_lost += count - taken;
    spin_unlock_irqrestore(&tty->input_lock, flags);
    deferred_queue(&tty->input_work);
    return taken;
}

size_t tty_input_now(struct tty *tty, const uint8_t *bytes, size_t count) {
    uint64_t flags = spin_lock_irqsave(&tty->input_lock);
    size_t taken = ring_write(&tty->input, bytes, count);
    if (taken < count)
        atomic_store(&tty->input_refused, true);
    spin_unlock_irqrestore(&tty->input_lock, flags);
    tty_process_input(tty);
    return taken;
}

void tty_input_break(struct tty *tty) {
    uint64_t flags = spin_lock_irqsave(&tty->input_lock);
    tty->break_pending = true;
    spin_unlock_irqrestore(&tty->input_lock, flags);
    deferred_queue(&tty->input_work);
}

void tty_input_overrun(struct tty *tty, size_t lost) {
    uint64_t flags = spin_lock_irqsave(&tty->input_lock);
    tty->input_lost += lost;
    spin_unlock_irqrestore(&tty->input_lock, flags);
}

/* ---- sending ---- */

size_t tty_take_output(struct tty *tty, uint8_t *bytes, size_t size) {
    return tty->ldisc.stopped ? 0 : ring_read(&tty->output, bytes, size);
}

void tty_output_ready(struct tty *tty) {
    tty_unlock(tty, spin_lock_irqsave(&tty->lock));
}

static bool output_left(struct tty *tty) {
    return ring_count(&tty->output) > 0 || (tty->ops->is_sending && tty->ops->is_sending(tty));
}

/* Devices tell when they want more, not when the last bit has left: this looks again and again, sleeping. */
int tty_drain(struct tty *tty, uint64_t timeout_ns) {
    uint64_t start_ns = clock_monotonic_ns();

    while (output_left(tty)) {
        uint64_t now_ns = clock_monotonic_ns();
        if (now_ns - start_ns >= timeout_ns)
            return -ETIMEDOUT;
        int result = WAIT_EVENT_INTERRUPTIBLE(&tty->write_wait, !output_left(tty), now_ns + DRAIN_POLL_NS);
        if (result == -EINTR)
            return result;
    }
    return 0;
}

void tty_drain_all(uint64_t timeout_ns) {
    struct tty *tty;

    list_for_each_entry_rcu(tty, &ttys, list_node) {
        if (tty->output.data && tty_drain(tty, timeout_ns) != 0)
            log_warn("%s: %u bytes of output are lost", tty->name, ring_count(&tty->output));
    }
}

/* ---- the rest ---- */

int tty_set_winsize(struct tty *tty, const struct winsize *size) {
    uint64_t flags = spin_lock_irqsave(&tty->lock);
    int error = tty->ops->resize ? tty->ops->resize(tty, size) : 0;
    bool changed = !error && memcmp(&tty->winsize, size, sizeof *size) != 0;
    if (changed)
        tty->winsize = *size;
    spin_unlock_irqrestore(&tty->lock, flags);
    if (changed)
        tty_signal_foreground(tty, SIGWINCH);
    return error;
}

void tty_hangup(struct tty *tty) {
    uint64_t flags = spin_lock_irqsave(&tty->lock);
    atomic_store(&tty->generation, tty->generation + 1);
    tty_ldisc_flush_input(&tty->ldisc);
    tty_ldisc_set_stopped(&tty->ldisc, false);
    tty_unlock(tty, flags);
    tty_disassociate(tty);
    wait_wake(&tty->read_wait, ~0u, POLLIN | POLLHUP | POLLERR, false);
    wait_wake(&tty->write_wait, ~0u, POLLOUT | POLLHUP | POLLERR, false);
}

void tty_remove(struct tty *tty) {
    mutex_lock(&tty->open_mutex);
    atomic_store(&tty->gone, true);
    mutex_unlock(&tty->open_mutex);
    tty_hangup(tty);
}

void tty_put(struct tty *tty) {
    if (tty->ops->free && refcount_put(&tty->refcount))
        tty->ops->free(tty);
}

int tty_init(struct tty *tty, unsigned major, unsigned minor) {
    uint8_t *output = kmalloc(TTY_OUTPUT_BYTES);
    if (!output)
        return -ENOMEM;
    ring_init(&tty->output, output, TTY_OUTPUT_BYTES);
    refcount_init(&tty->refcount, 1);
    spin_init(&tty->lock, tty_lock_class);
    spin_init(&tty->input_lock, tty_input_class);
    mutex_init(&tty->open_mutex, tty_open_class);
    mutex_init(&tty->read_mutex, tty_read_class);
    mutex_init(&tty->write_mutex, tty_write_class);
    wait_queue_init(&tty->read_wait);
    wait_queue_init(&tty->write_wait);
    deferred_init(&tty->input_work, input_work);
    tty_ldisc_init(&tty->ldisc, &ldisc_ops, tty);
    tty->node = (struct devfs_node){
        .name = tty->name,
        .mode = TTY_MODE,
        .gid = TTY_GROUP,
        .major = (uint16_t)major,
        .minor = (uint16_t)minor,
        .ops = &tty_file_ops,
        .data = tty,
    };
    return 0;
}

void tty_destroy(struct tty *tty) {
    kfree(tty->output.data);
    kfree(tty->input.data);
}

int tty_register(struct tty *tty, unsigned major, unsigned minor) {
    int error = tty_init(tty, major, minor);
    if (error)
        return error;
    error = devfs_register(&tty->node);
    if (error) {
        tty_destroy(tty);
        return error;
    }
    spin_lock(&list_lock);
    list_add_tail_rcu(&tty->list_node, &ttys);
    spin_unlock(&list_lock);
    return 0;
}

struct tty *tty_find(const char *name, size_t length) {
    struct tty *tty;

    list_for_each_entry_rcu(tty, &ttys, list_node) {
        if (strlen(tty->name) == length && memcmp(tty->name, name, length) == 0)
            return tty;
    }
    return NULL;
}

void tty_each(void (*visit)(struct tty *tty, void *context), void *context) {
    struct tty *tty;

    list_for_each_entry_rcu(tty, &ttys, list_node)
        visit(tty, context);
}
