/* The poller of poller.h. */
#include "kernel/sys/poller.h"

#include "kernel/mm/slab.h"
#include "kernel/task/task.h"
#include "kernel/time/timer.h"
#include "kernel/vm/uaccess.h"
#include "lib/errno.h"

#define CHUNK_ENTRIES 32u

struct poller_chunk {
    struct poller_chunk *next;
    unsigned count;
    struct poller_entry entries[CHUNK_ENTRIES];
};

/* What a file without a poll method is: always ready. */
#define ALWAYS_READY (POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM)

/* In the waker's context, under the queue's lock. */
static bool poller_wake(struct wait_entry *wait, uint32_t key, bool sync) {
    struct poller *poller = container_of(wait, struct poller_entry, wait)->poller;
    (void)key;
    atomic_store(&poller->triggered, true);
    return thread_wake(poller->thread, THREAD_WAKE_NORMAL, sync);
}

/* Room for one more entry, or NULL. */
static struct poller_entry *entry_alloc(struct poller *poller) {
    if (poller->count < POLLER_SMALL)
        return &poller->small[poller->count++];
    struct poller_chunk *chunk = poller->chunks;
    if (!chunk || chunk->count == CHUNK_ENTRIES) {
        chunk = kmalloc(sizeof *chunk);
        if (!chunk)
            return NULL;
        chunk->next = poller->chunks;
        chunk->count = 0;
        poller->chunks = chunk;
    }
    return &chunk->entries[chunk->count++];
}

static void poller_add(struct poll_table *table, struct wait_queue *queue) {
    struct poller *poller = container_of(table, struct poller, table);
    struct poller_entry *entry = entry_alloc(poller);
    if (!entry) {
        poller->error = -ENOMEM;
        return;
    }
    *entry = (struct poller_entry){.wait.wake = poller_wake,
                                   .queue = queue,
                                   .file = poller->file,
                                   .poller = poller};
    file_get(entry->file);
    wait_add(queue, &entry->wait);
}

void poller_init(struct poller *poller) {
    poller->table.add = poller_add;
    poller->thread = current_thread();
    wait_queue_init(&poller->sleepers);
    poller->triggered = false;
    poller->error = 0;
    poller->count = 0;
    poller->chunks = NULL;
}

static void remove_entries(struct poller_entry *entries, unsigned count) {
    for (unsigned i = 0; i < count; i++) {
        wait_remove(entries[i].queue, &entries[i].wait);
        file_put(entries[i].file);
    }
}

void poller_end(struct poller *poller) {
    remove_entries(poller->small, poller->count);
    for (struct poller_chunk *chunk = poller->chunks, *next; chunk; chunk = next) {
        next = chunk->next;
        remove_entries(chunk->entries, chunk->count);
        kfree(chunk);
    }
}

uint32_t poller_look(struct poller *poller, struct file *file, uint32_t wanted, bool register_entry) {
    uint32_t events = ALWAYS_READY;
    if (file->ops->poll) {
        poller->file = file;
        events = file->ops->poll(file, register_entry ? &poller->table : NULL);
    }
    return events & (wanted | POLLERR | POLLHUP);
}

int poller_sleep(struct poller *poller, uint64_t deadline_ns) {
    int error = WAIT_EVENT_INTERRUPTIBLE(&poller->sleepers, atomic_load(&poller->triggered), deadline_ns);
    atomic_store(&poller->triggered, false);
    return error;
}

/* Looks and sleeps in turn; the first look puts this thread on the files' queues. */
static int look_until(struct poller *poller, poller_look_all *look, void *context, uint64_t deadline_ns) {
    for (int asleep = 0, first = true;; first = false) {
        int ready = look(poller, context, first);
        if (ready == 0)
            ready = poller->error;
        if (ready == 0 && asleep == -EINTR)
            ready = -EINTR;
        if (ready != 0 || asleep != 0)
            return ready;
        asleep = poller_sleep(poller, deadline_ns);
    }
}

int poller_run(poller_look_all *look, void *context, uint64_t deadline_ns) {
    struct poller poller;
    poller_init(&poller);
    int ready = look(&poller, context, false); /* mostly something is ready: then no queue is touched */
    if (ready == 0 && deadline_ns != 0)
        ready = look_until(&poller, look, context, deadline_ns);
    poller_end(&poller);
    return ready;
}

/* ---- timeouts ---- */

int deadline_from(int64_t seconds, int64_t nanoseconds, uint64_t *deadline_ns) {
    uint64_t timeout_ns;
    if (seconds < 0 || nanoseconds < 0 || nanoseconds >= (int64_t)NS_PER_SEC)
        return -EINVAL;
    if (__builtin_mul_overflow((uint64_t)seconds, NS_PER_SEC, &timeout_ns) ||
        __builtin_add_overflow(timeout_ns, (uint64_t)nanoseconds, &timeout_ns))
        *deadline_ns = WAIT_FOREVER;
    else
        *deadline_ns = deadline_after(timeout_ns);
    return 0;
}

uint64_t deadline_left_ns(uint64_t deadline_ns) {
    uint64_t now_ns = clock_monotonic_ns();
    return deadline_ns > now_ns ? deadline_ns - now_ns : 0;
}

/* ---- masks ---- */

int temporary_mask_begin(const void *user_mask, size_t size) {
    signal_set mask;
    struct signal_state *signals = &current_task()->signals;
    if (!user_mask)
        return 0;
    if (size != sizeof mask)
        return -EINVAL;
    if (copy_from_user(&mask, user_mask, sizeof mask))
        return -EFAULT;
    signals->saved_mask = signals->mask;
    signal_set_mask(mask & ~SIGNAL_SET_UNBLOCKABLE);
    signals->restore_mask = true; /* after it: a mask to restore is work for the way out, and would end the wait */
    return 0;
}

void temporary_mask_end(const void *user_mask, bool interrupted) {
    struct signal_state *signals = &current_task()->signals;
    if (!user_mask || interrupted)
        return;
    signals->restore_mask = false;
    signal_set_mask(signals->saved_mask);
}
