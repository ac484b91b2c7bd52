/* Shared by the files of the terminal class. */
#pragma once

#include "kernel/task/signal.h"
#include "kernel/tty/tty.h"

struct tty_file { /* file->private of an open terminal */
    struct tty *tty;
    uint32_t generation; /* of the terminal when it was opened */
};

#define TTY_GROUP 5u /* "tty" in /etc/group */

extern const struct file_ops tty_file_ops;

static inline struct tty_file *tty_file_of(struct file *file) {
    return file->private;
}
/* The terminal was hung up after this file was opened. */
static inline bool tty_file_is_dead(const struct tty_file *opened) {
    return atomic_load_relaxed(&opened->tty->generation) != opened->generation;
}

/* Opens `tty` as `file`; `may_control` lets it become the controlling terminal. 0 or -errno. */
int tty_open_file(struct tty *tty, struct file *file, bool may_control);

/* The input buffer, where there is none yet. 0 or -ENOMEM. */
int tty_allocate_input(struct tty *tty);

/* Feeds received bytes to the line discipline as far as it has room, then signals and wakes. Any context. */
void tty_process_input(struct tty *tty);
/* Ends a section under tty->lock: starts output, drops the lock, sends what signals came up. */
void tty_unlock(struct tty *tty, uint64_t flags);

/* The terminal that /dev/console is, or NULL. May sleep. */
struct tty *console_tty(void);
void tty_views_init(void); /* tty_views.c */

int64_t tty_ioctl(struct file *file, unsigned request, uint64_t argument);
/* What both sides of a pseudo-terminal may ask: modes, buffers, flow. -ENOTTY: not a request of these. */
int64_t tty_line_ioctl(struct tty *tty, unsigned request, uint64_t argument);

/* ---- job control (job_control.c) ---- */

/*
 * May the running process read (SIGTTIN) or change (SIGTTOU) this terminal? 0; -EIO: it never may;
 * -ERESTARTSYS: its group has been sent the signal.
 */
int tty_check_background(struct tty *tty, unsigned signal);
/*
 * The running process is about to wait for input from `tty`. The first time that a session leader
 * does so on its controlling terminal is the boot trace's PROMPT: the machine now waits for its user.
 */
void tty_note_waiting(struct tty *tty);
void tty_signal_foreground(struct tty *tty, unsigned signal);
/* Makes it the controlling terminal if the running process leads a session without one; -EPERM else. */
int tty_acquire(struct tty *tty, bool steal);
/* If it may: open()'s rule, which fails silently. */
void tty_acquire_on_open(struct tty *tty);
/* TIOCNOTTY for the running process. 0 or -ENOTTY. */
int tty_give_up(struct tty *tty);
int tty_get_foreground(struct tty *tty);           /* group number or -ENOTTY */
int tty_set_foreground(struct tty *tty, int group); /* 0, -ENOTTY, -EINVAL, -EPERM, -ESRCH */
int tty_get_session(struct tty *tty);              /* session number or -ENOTTY */
/* The same whoever asks, for the master of a pseudo-terminal; 0 and -ENOTTY where there is none. */
int tty_foreground_number(struct tty *tty);
int tty_session_number(struct tty *tty);
/* The running process's terminal with a reference (tty_put), or NULL. */
struct tty *tty_get_controlling(void);
/* Ends the session's hold on the terminal after a hang-up: SIGHUP and SIGCONT, no controlling terminal any more. */
void tty_disassociate(struct tty *tty);
