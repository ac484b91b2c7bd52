/*
 * Timers behind files. Reading gives the number of ends since the last read.
 *
 * Locks: timerfd->lock (irqsave) guards a timer; its callback takes it in interrupt context.
 * realtime_lock guards the list of those that a new time of day cancels; timerfd->lock is inside it.
 * Invariant, under timerfd->lock: `deadline_ns` is the first end not yet in `ends`; while running it is on a
 * timer queue, or its ends are counted by the next look at it.
 */
#include "kernel/ipc/timerfd.h"

#include "kernel/mm/slab.h"
#include "kernel/task/signal.h"
#include "kernel/time/clock.h"
#include "kernel/time/clock_id.h"
#include "kernel/time/timer.h"
#include "kernel/view/view.h"
#include "lib/errno.h"
#include "lib/errptr.h"

struct timerfd {
    struct spinlock lock;
    struct timer timer;
    int clock;
    uint32_t set_flags;     /* of the last setting */
    bool running;
    bool rearm;             /* counted by the timer queue no more: the next read or setting starts it again */
    bool cancel_on_set, cancelled;
    uint64_t ends;          /* not read yet */
    bool on_realtime;       /* set to a time of day: its deadlines are such, else monotonic */
    uint64_t deadline_ns;
    uint64_t interval_ns;   /* 0: once */
    struct wait_queue readers;
    struct list_node realtime_node; /* in realtime_timers; realtime_lock */
};

DEFINE_LOCK_CLASS(timerfd_class, "timerfd");
DEFINE_LOCK_CLASS(realtime_class, "timerfds on the time of day");
static struct spinlock realtime_lock = SPINLOCK_INIT(realtime_class);
static struct list_node realtime_timers = LIST_INIT(realtime_timers);

static uint64_t now_of(const struct timerfd *timerfd) {
    return timerfd->on_realtime ? clock_realtime_ns() : clock_monotonic_ns();
}

/* lock held. */
static void start(struct timerfd *timerfd) {
    timer_start(&timerfd->timer, timerfd->on_realtime ? deadline_realtime(timerfd->deadline_ns)
                                                      : deadline_monotonic(timerfd->deadline_ns));
}

/* Counts the ends up to now. lock held. */
static void advance(struct timerfd *timerfd) {
    uint64_t now_ns = now_of(timerfd), ends = 1;

    if (!timerfd->running || timerfd->deadline_ns > now_ns)
        return;
    if (timerfd->interval_ns == 0) {
        timerfd->running = false;
    } else {
        ends += (now_ns - timerfd->deadline_ns) / timerfd->interval_ns;
        if (__builtin_add_overflow(timerfd->deadline_ns, ends * timerfd->interval_ns, &timerfd->deadline_ns))
            timerfd->deadline_ns = UINT64_MAX;
    }
    timerfd->ends += ends;
}

/*
 * Interrupt context. Only the first end wakes: until somebody reads, the queue is left alone, however
 * short the interval is.
 */
static void expire(struct timer *timer) {
    struct timerfd *timerfd = container_of(timer, struct timerfd, timer);

    spin_lock(&timerfd->lock);
    advance(timerfd);
    bool ended = timerfd->ends > 0;
    timerfd->rearm = timerfd->running && ended;
    if (timerfd->running && !ended)
        start(timerfd);
    spin_unlock(&timerfd->lock);
    if (ended)
        wait_wake(&timerfd->readers, 1, POLLIN, false);
}

/* What a read gives now, or -EAGAIN, -ECANCELED. */
static int64_t take(struct timerfd *timerfd) {
    uint64_t flags = spin_lock_irqsave(&timerfd->lock);
    int64_t result = -EAGAIN;

    if (timerfd->cancelled) {
        timerfd->cancelled = false;
        timerfd->ends = 0;
        result = -ECANCELED;
    } else if (timerfd->ends > 0) {
        advance(timerfd);
        result = (int64_t)timerfd->ends;
        timerfd->ends = 0;
    }
    if (timerfd->rearm && timerfd->ends == 0) {
        timerfd->rearm = false;
        if (timerfd->running)
            start(timerfd);
    }
    spin_unlock_irqrestore(&timerfd->lock, flags);
    return result;
}

static bool is_readable(const struct timerfd *timerfd) {
    return atomic_load_relaxed(&timerfd->ends) > 0 || atomic_load_relaxed(&timerfd->cancelled);
}

static int64_t timerfd_read(struct file *file, struct io_buffer *buffer, uint64_t *position) {
    struct timerfd *timerfd = file->private;
    int64_t taken;
    (void)position;
    if (buffer->remaining < sizeof(uint64_t))
        return -EINVAL;
    while ((taken = take(timerfd)) == -EAGAIN) {
        if (file->flags & O_NONBLOCK)
            return -EAGAIN;
        if (WAIT_EVENT_INTERRUPTIBLE(&timerfd->readers, is_readable(timerfd), WAIT_FOREVER))
            return -ERESTARTSYS;
    }
    if (taken < 0)
        return taken;
    uint64_t value = (uint64_t)taken;
    return io_copy_to(buffer, &value, sizeof value) == sizeof value ? (int64_t)sizeof value : -EFAULT;
}

static uint32_t timerfd_poll(struct file *file, struct poll_table *table) {
    struct timerfd *timerfd = file->private;
    poll_wait(table, &timerfd->readers);
    return is_readable(timerfd) ? POLLIN : 0;
}

/* From its first setting that a new time of day cancels until it goes. */
static void watch_realtime(struct timerfd *timerfd) {
    uint64_t flags = spin_lock_irqsave(&realtime_lock);
    if (list_is_empty(&timerfd->realtime_node))
        list_add_tail(&timerfd->realtime_node, &realtime_timers);
    spin_unlock_irqrestore(&realtime_lock, flags);
}

static void unwatch_realtime(struct timerfd *timerfd) {
    uint64_t flags = spin_lock_irqsave(&realtime_lock);
    list_remove(&timerfd->realtime_node);
    spin_unlock_irqrestore(&realtime_lock, flags);
}

static void timerfd_release(struct file *file) {
    struct timerfd *timerfd = file->private;
    unwatch_realtime(timerfd);
    timerfd->running = false;
    (void)timer_cancel_sync(&timerfd->timer);
    kfree(timerfd);
}

static void timerfd_show(struct file *file, struct view_buffer *buffer) {
    struct timerfd *timerfd = file->private;
    struct timerfd_value value;
    timerfd_read_value(file, &value);
    view_printf(buffer, "clockid: %d\nticks: %llu\nsettime flags: 0%o\n", timerfd->clock,
                (unsigned long long)atomic_load_relaxed(&timerfd->ends), atomic_load_relaxed(&timerfd->set_flags));
    view_printf(buffer, "it_value: (%llu, %llu)\nit_interval: (%llu, %llu)\n",
                (unsigned long long)(value.remaining_ns / NS_PER_SEC), (unsigned long long)(value.remaining_ns % NS_PER_SEC),
                (unsigned long long)(value.interval_ns / NS_PER_SEC), (unsigned long long)(value.interval_ns % NS_PER_SEC));
}

static const struct file_ops timerfd_ops = {
    .show = timerfd_show,
    .release = timerfd_release,
    .read = timerfd_read,
    .seek = noop_seek,
    .poll = timerfd_poll,
};

struct file *timerfd_create(int clock, uint32_t flags) {
    struct timerfd *timerfd = kzalloc(sizeof *timerfd);
    if (!timerfd)
        return ERR_PTR(-ENOMEM);
    spin_init(&timerfd->lock, timerfd_class);
    timer_init(&timerfd->timer, expire);
    timerfd->clock = clock;
    wait_queue_init(&timerfd->readers);
    list_init(&timerfd->realtime_node);
    struct file *file = file_create_anonymous("anon_inode:[timerfd]", &timerfd_ops, flags | O_RDWR, timerfd);
    if (IS_ERR(file))
        kfree(timerfd);
    return file;
}

bool file_is_timerfd(const struct file *file) {
    return file->ops == &timerfd_ops;
}

/* lock held. */
static void read_value(const struct timerfd *timerfd, struct timerfd_value *value) {
    uint64_t now_ns = now_of(timerfd), interval_ns = timerfd->interval_ns;

    *value = (struct timerfd_value){.interval_ns = interval_ns};
    if (!timerfd->running)
        return;
    if (timerfd->deadline_ns > now_ns)
        value->remaining_ns = timerfd->deadline_ns - now_ns;
    else if (interval_ns != 0)
        value->remaining_ns = interval_ns - (now_ns - timerfd->deadline_ns) % interval_ns;
}

void timerfd_read_value(struct file *file, struct timerfd_value *value) {
    struct timerfd *timerfd = file->private;
    uint64_t flags = spin_lock_irqsave(&timerfd->lock);
    read_value(timerfd, value);
    spin_unlock_irqrestore(&timerfd->lock, flags);
}

void timerfd_set(struct file *file, uint32_t set_flags, const struct timerfd_value *new, struct timerfd_value *old) {
    struct timerfd *timerfd = file->private;
    bool absolute = (set_flags & TFD_TIMER_ABSTIME) != 0;
    bool follows = absolute && clock_is_realtime(timerfd->clock) && new->remaining_ns != 0;

    uint64_t flags = spin_lock_irqsave(&timerfd->lock);
    read_value(timerfd, old);
    timer_cancel(&timerfd->timer); /* a running callback finds a deadline that is not due */
    timerfd->ends = 0;
    timerfd->set_flags = set_flags;
    timerfd->rearm = timerfd->cancelled = false;
    timerfd->cancel_on_set = follows && (set_flags & TFD_TIMER_CANCEL_ON_SET);
    timerfd->running = new->remaining_ns != 0;
    timerfd->interval_ns = new->interval_ns;
    timerfd->on_realtime = follows;
    timerfd->deadline_ns = absolute ? new->remaining_ns : deadline_after(new->remaining_ns);
    if (timerfd->running)
        start(timerfd);
    bool watch = timerfd->cancel_on_set;
    spin_unlock_irqrestore(&timerfd->lock, flags);
    if (watch)
        watch_realtime(timerfd);
}

/* realtime_lock held, interrupts off. */
static void cancel(struct timerfd *timerfd) {
    spin_lock(&timerfd->lock);
    timerfd->cancelled = timerfd->cancelled || timerfd->cancel_on_set;
    bool wake = timerfd->cancelled;
    spin_unlock(&timerfd->lock);
    if (wake)
        wait_wake(&timerfd->readers, ~0u, POLLIN, false);
}

void timerfd_clock_was_set(void) {
    struct timerfd *timerfd;
    uint64_t flags = spin_lock_irqsave(&realtime_lock);
    list_for_each_entry(timerfd, &realtime_timers, realtime_node)
        cancel(timerfd);
    spin_unlock_irqrestore(&realtime_lock, flags);
}
