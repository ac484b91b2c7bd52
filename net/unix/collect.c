/*
 * Sockets that only hold each other. A socket whose file is referred to by nothing but messages can be
 * received only from the queue that holds such a message; where those queues belong to sockets of the same
 * kind, in a circle, nobody ever will. The collector finds such circles and empties their queues.
 *
 * It works like any collector over reference counts: candidates are sockets in flight with no reference to
 * their file but those of messages. From each candidate's count it takes the messages in candidates' queues;
 * what has a count left is held from outside, and so is what can be reached from that. The rest is garbage.
 *
 * Why nothing changes meanwhile: a candidate has no descriptor and no system call on it, so nobody takes
 * messages out of its queue. Whoever received it, or looks at it with MSG_PEEK, takes R before it goes on,
 * and until then holds the socket that it received from, which therefore is no candidate. Messages may be
 * added: those only make counts larger than they had to be.
 *
 * When it runs: when a socket in flight that has sockets in its queue loses a reference, or when a message
 * with sockets goes to a socket in flight; no other step can close a circle off. Its cost is proportional to the
 * sockets in flight and what is in their queues, which RLIMIT_NOFILE bounds (ETOOMANYREFS); requests
 * that come while it waits to run, or while what was in flight is being dropped, are one. After a run it rests
 * for REST_FACTOR times as long as the run took: so it has at most a fifth of one CPU, however many requests there
 * are, and what can be collected still is, soon.
 */
#include "kernel/sched/work.h"
#include "kernel/time/clock.h"
#include "kernel/time/timer.h"
#include "kernel/view/view.h"
#include "net/unix/unix_internal.h"

#define REST_FACTOR 4u

enum mark { MARK_NONE, MARK_CANDIDATE, MARK_REACHED };

DEFINE_LOCK_CLASS(rights_class, "unix rights");

struct mutex unix_rights_mutex;
struct list_node unix_sockets_in_flight = LIST_INIT(unix_sockets_in_flight);
static struct work collect_work;
static uint32_t wanted; /* since the last run something happened that may leave garbage; atomic */
static struct timer rest_timer;
static uint64_t rest_until_ns; /* atomic */
static uint64_t runs, run_ns;  /* in all; written by the worker alone */

struct unix_socket *unix_socket_of_file(const struct file *file) {
    struct socket *socket = socket_of_file(file);
    return socket && socket->family == AF_UNIX ? unix_of(socket) : NULL;
}

/* Now, or when it has rested. */
static void request(void) {
    uint64_t until_ns = atomic_load(&rest_until_ns);
    if (clock_monotonic_ns() >= until_ns)
        work_queue(&collect_work);
    else
        timer_start(&rest_timer, until_ns);
}

/* Interrupt context. */
static void rested(struct timer *timer) {
    (void)timer;
    work_queue(&collect_work);
}

void unix_collect_if_wanted(void) {
    if (atomic_load(&wanted))
        request();
}

/* While files are being dropped there is more to come: it waits for the end of that. */
void unix_collect_later(void) {
    atomic_exchange(&wanted, 1u);
    if (!atomic_load(&unix_discarding))
        request();
}

/* ---- who is in flight ---- */

void unix_flight_begin(struct unix_socket *sock) {
    if (sock->in_flight == 0) {
        list_add_tail(&sock->flight_node, &unix_sockets_in_flight);
        atomic_fetch_or(&sock->socket.file->abilities, (uint32_t)FILE_IN_FLIGHT);
    }
    atomic_store_relaxed(&sock->in_flight, sock->in_flight + 1);
}

void unix_flight_end(struct unix_socket *sock) {
    ASSERT(sock->in_flight > 0);
    atomic_store_relaxed(&sock->in_flight, sock->in_flight - 1);
    if (sock->in_flight > 0)
        return;
    list_remove(&sock->flight_node);
    atomic_fetch_and(&sock->socket.file->abilities, ~(uint32_t)FILE_IN_FLIGHT);
}

static bool only_in_flight(const struct unix_socket *sock) {
    return refcount_read(&sock->socket.file->refcount) == atomic_load_relaxed(&sock->in_flight);
}

/* A reference to a file in flight is gone; under RCU, any other may go too. */
static void reference_dropped(const struct file *file) {
    const struct unix_socket *sock = unix_socket_of_file(file);
    if (!sock || refcount_read(&file->refcount) != atomic_load_relaxed(&sock->in_flight))
        return;
    if (atomic_load_relaxed(&sock->rights_queued) > 0 || atomic_load_relaxed(&sock->state) == UNIX_LISTENING)
        unix_collect_later();
}

/* ---- what a socket's queue holds ---- */

typedef void edge_function(struct unix_socket *held, struct list_node *list);

/* Calls `edge` for every socket in messages of the queue. The queue's lock is held. */
static void each_in_queue(struct unix_socket *sock, edge_function *edge, struct list_node *list) {
    struct unix_message *message;
    list_for_each_entry(message, &sock->queue, node) {
        const struct rights *rights = message->rights;
        for (uint32_t i = 0; rights && rights->sockets && i < rights->count; i++) {
            struct unix_socket *held = unix_socket_of_file(rights->files[i]);
            if (held)
                edge(held, list);
        }
    }
}

/* The same for the queues of connections that wait to be accepted: to receive from those, one needs the listener. */
static void each_held(struct unix_socket *sock, edge_function *edge, struct list_node *list) {
    struct unix_message *request;
    spin_lock(&sock->socket.lock);
    if (sock->state != UNIX_LISTENING) {
        each_in_queue(sock, edge, list);
    } else {
        list_for_each_entry(request, &sock->queue, node) {
            spin_lock_nested(&request->sender->socket.lock); /* nobody else takes both, this one first or not */
            each_in_queue(request->sender, edge, list);
            spin_unlock(&request->sender->socket.lock);
        }
    }
    spin_unlock(&sock->socket.lock);
}

/* ---- marking ---- */

static void count_edge(struct unix_socket *held, struct list_node *list) {
    (void)list;
    if (held->mark == MARK_CANDIDATE) {
        ASSERT(held->outside > 0);
        held->outside--;
    }
}

static void reach(struct unix_socket *sock, struct list_node *reached) {
    if (sock->mark != MARK_CANDIDATE)
        return;
    sock->mark = MARK_REACHED;
    list_remove(&sock->flight_node);
    list_add_tail(&sock->flight_node, reached);
}

static void mark_candidates(void) {
    struct unix_socket *sock;
    list_for_each_entry(sock, &unix_sockets_in_flight, flight_node) {
        sock->outside = sock->in_flight;
        sock->mark = only_in_flight(sock) ? MARK_CANDIDATE : MARK_NONE;
    }
    list_for_each_entry(sock, &unix_sockets_in_flight, flight_node)
        if (sock->mark == MARK_CANDIDATE)
            each_held(sock, count_edge, NULL);
}

/* Candidates that something outside holds, and all that they hold, are none. */
static void unmark_reachable(void) {
    struct list_node reached = LIST_INIT(reached);
    struct unix_socket *sock, *following;
    list_for_each_entry_safe(sock, following, &unix_sockets_in_flight, flight_node)
        if (sock->outside > 0)
            reach(sock, &reached);
    list_for_each_entry(sock, &reached, flight_node) /* grows meanwhile */
        each_held(sock, reach, &reached);
    list_splice_tail(&reached, &unix_sockets_in_flight);
}

/* ---- emptying ---- */

static void take_messages(struct unix_socket *sock, struct list_node *garbage) {
    struct unix_message *message, *following;
    list_for_each_entry_safe(message, following, &sock->queue, node) {
        if (!message->rights)
            continue;
        unix_dequeue(sock, message);
        list_add_tail(&message->node, garbage);
    }
}

static void empty_queue(struct unix_socket *sock, struct list_node *garbage) {
    struct unix_message *request;
    spin_lock(&sock->socket.lock);
    if (sock->state != UNIX_LISTENING)
        take_messages(sock, garbage);
    list_for_each_entry(request, &sock->queue, node) {
        if (sock->state != UNIX_LISTENING)
            break;
        spin_lock_nested(&request->sender->socket.lock);
        take_messages(request->sender, garbage);
        spin_unlock(&request->sender->socket.lock);
    }
    spin_unlock(&sock->socket.lock);
}

static void collect(struct work *work) {
    struct list_node garbage = LIST_INIT(garbage);
    struct unix_socket *sock;
    (void)work;
    atomic_exchange(&wanted, 0u);
    mutex_lock(&unix_rights_mutex);
    uint64_t start_ns = clock_monotonic_ns();
    mark_candidates();
    unmark_reachable();
    list_for_each_entry(sock, &unix_sockets_in_flight, flight_node)
        if (sock->mark == MARK_CANDIDATE)
            empty_queue(sock, &garbage);
    mutex_unlock(&unix_rights_mutex);
    uint64_t end_ns = clock_monotonic_ns();
    atomic_store(&rest_until_ns, end_ns + REST_FACTOR * (end_ns - start_ns));
    atomic_store_relaxed(&runs, runs + 1);
    atomic_store_relaxed(&run_ns, run_ns + end_ns - start_ns);
    unix_free_together(&garbage);
}

static void show(struct view_buffer *buffer, void *context) {
    (void)context;
    view_printf(buffer, "runs %llu\nrun_ns %llu\n", (unsigned long long)atomic_load_relaxed(&runs),
                (unsigned long long)atomic_load_relaxed(&run_ns));
}

static struct view collector_view = {
    .tree = VIEW_KERNEL,
    .path = "net/unix_collector",
    .help = "looks for AF_UNIX sockets that only hold each other: how often, nanoseconds",
    .show = show,
};

void unix_collect_init(void) {
    timer_init(&rest_timer, rested);
    view_register(&collector_view);
    mutex_init(&unix_rights_mutex, rights_class);
    work_init(&collect_work, collect);
    file_set_in_flight_hook(reference_dropped);
}
