/*
 * Terminals. A driver (UART, virtual terminal, pseudo-terminal) pushes the bytes it receives and
 * transmits the bytes it is asked for; everything a program sees - line discipline, job control,
 * sessions, modes - happens here.
 *
 *   receive: driver interrupt -> tty_input -> input ring -> deferred work -> line discipline -> read()
 *   send:    write() -> line discipline -> output ring -> ops->start_output -> driver
 *
 * Lock order: tty->open_mutex, tty->write_mutex, tty->read_mutex, then tty->lock, then the driver's own lock; input_lock is innermost.
 * task_list_lock is never held together with tty->lock.
 */
#pragma once

#include "fs/vfs/async.h"
#include "fs/devfs/devfs.h"
#include "kernel/irq/deferred.h"
#include "kernel/sched/mutex.h"
#include "kernel/sched/wait.h"
#include "lib/refcount.h"
#include "lib/ring.h"
#include "lib/tty_ldisc.h"

struct pid;
struct process;
struct tty;

#define TTY_INPUT_BYTES 65536u /* received and not yet looked at */
#define TTY_OUTPUT_BYTES 16384u

struct winsize { /* struct winsize of asm-generic/termios.h */
    uint16_t rows, columns, x_pixels, y_pixels;
};

/* What a driver does. Called with tty->lock held and interrupts off, unless it says otherwise. NULL: nothing to do. */
struct tty_ops {
    int (*open)(struct tty *tty);    /* first opening; no lock held, may sleep; 0 or -errno */
    void (*close)(struct tty *tty);  /* last one gone; no lock held, may sleep */
    /* There is output, not stopped: take it from the ring with tty_take_output and send. */
    void (*start_output)(struct tty *tty);
    void (*send_urgent)(struct tty *tty, uint8_t byte); /* ahead of everything */
    void (*flush_output)(struct tty *tty); /* forget what the device has not sent yet */
    void (*flush_input)(struct tty *tty);  /* a program had unread input dropped */
    void (*set_stopped)(struct tty *tty, bool stopped); /* output pauses or goes on, by VSTOP or TCXONC */
    bool (*is_sending)(struct tty *tty);   /* the device still holds output; any context */
    void (*set_modes)(struct tty *tty);    /* termios changed */
    void (*set_break)(struct tty *tty, bool on);
    void (*input_room)(struct tty *tty);   /* tty_input_room answered 0: there is room again */
    /* A program sets the window size: 0, or -EINVAL where the screen is as large as it is. NULL: any size will do. */
    int (*resize)(struct tty *tty, const struct winsize *size);
    /* Nobody refers to the terminal any more; no lock held, may sleep. NULL: terminals that live for ever. */
    void (*free)(struct tty *tty);
};

/* [L] tty->lock  [T] task_list_lock  [O] open_mutex  [c] constant after registration */
struct tty {
    const char *name;            /* [c] as in /dev */
    const struct tty_ops *ops;   /* [c] */
    void *driver_data;           /* [c] */
    struct devfs_node node;      /* [c] */
    struct list_node list_node;  /* of all terminals but pseudo-terminals, RCU */
    struct refcount refcount;    /* of pseudo-terminals: open files */

    struct spinlock lock;        /* irqsave */
    struct tty_ldisc ldisc;      /* [L] */
    struct ring output;          /* [L] */
    struct termios locked_modes; /* [L] TIOCSLCKTRMIOS */
    struct winsize winsize;      /* [L] */
    uint32_t pending_signals;    /* [L] bit per signal number: sent once the lock is dropped */
    bool exclusive;              /* [L] TIOCEXCL */

    struct spinlock input_lock;  /* irqsave; guards the writer's side of `input` and the three below */
    struct ring input;           /* reader's side [L] */
    bool input_refused;          /* the driver keeps bytes: it wants to know of room */
    bool break_pending;
    uint64_t input_lost;         /* bytes that no buffer could take */
    struct deferred input_work;

    struct mutex open_mutex;     /* the driver's open and close run under it */
    struct mutex read_mutex;     /* one reader at a time */
    struct mutex write_mutex;    /* a writev() is not torn apart */
    struct wait_queue read_wait, write_wait;
    struct async_queue async;   /* open files that want SIGIO */
    bool writer_stopped;        /* a write found no room: SIGIO when there is; atomic */

    struct pid *session;         /* [T] whose controlling terminal this is; referenced */
    struct pid *foreground;      /* [T] its foreground process group; referenced */
    uint32_t open_count;         /* [O] */
    uint32_t generation;         /* [L] raised by a hang-up: files opened before it are dead */
    bool gone;                   /* set under [O]: hung up for good, cannot be opened or acquired any more */
};

/* Sets up and publishes /dev/NAME: `name`, `ops`, `driver_data` are filled in, the rest is zero. 0, -ENOMEM, -EEXIST. */
int tty_register(struct tty *tty, unsigned major, unsigned minor);
/* The same without a name in /dev: reference 1. 0 or -ENOMEM. tty_destroy frees what was allocated. */
int tty_init(struct tty *tty, unsigned major, unsigned minor);
void tty_destroy(struct tty *tty);
/* References of terminals whose ops have `free`; for others they do nothing. */
static inline void tty_get(struct tty *tty) {
    if (tty->ops->free)
        refcount_get(&tty->refcount);
}
void tty_put(struct tty *tty); /* may sleep */
/* By name, or NULL; not pseudo-terminals. May sleep. */
struct tty *tty_find(const char *name, size_t length);
void tty_each(void (*visit)(struct tty *tty, void *context), void *context);

/* ---- for drivers; any context ---- */

/* Bytes that tty_input can take now. 0: the driver will be told by ops->input_room. */
size_t tty_input_room(struct tty *tty);
/* Received bytes; returns how many were taken, the rest is lost (unless the driver asked for room first). */
size_t tty_input(struct tty *tty, const uint8_t *bytes, size_t count);
/* The same from a thread: the line discipline has seen them on return. Fewer than `count`: ops->input_room will tell. */
size_t tty_input_now(struct tty *tty, const uint8_t *bytes, size_t count);
void tty_input_break(struct tty *tty);
void tty_input_overrun(struct tty *tty, size_t lost); /* the device itself lost some */
/* Output bytes for the device; 0 when stopped or empty. tty->lock held: from ops->start_output. */
size_t tty_take_output(struct tty *tty, uint8_t *bytes, size_t size);
/* The device can take more: calls ops->start_output if there is something, wakes writers. */
void tty_output_ready(struct tty *tty);
/* The carrier is gone, or the session has ended: SIGHUP, and files opened so far are dead. May sleep. */
void tty_hangup(struct tty *tty);
/* Hangs up a terminal that will not come back. May sleep. */
void tty_remove(struct tty *tty);
/* Speed of the line in baud; 0 hangs up. */
uint32_t tty_speed(const struct termios *termios);
/* The screen has another size: SIGWINCH. 0, or what ops->resize says. */
int tty_set_winsize(struct tty *tty, const struct winsize *size);

/* Waits, for at most `timeout_ns`, until everything written has left the device: 0, -EINTR, -ETIMEDOUT. May sleep. */
int tty_drain(struct tty *tty, uint64_t timeout_ns);
/* All terminals, before the power goes. */
void tty_drain_all(uint64_t timeout_ns);
