/*
 * Terminal line discipline engine: what stands between a terminal's bytes and the programs
 * that read and write it. Behaves as Linux's N_TTY (POSIX Base Definitions ch. 11).
 *
 * Pure: holds no locks (the caller serialises all calls for one terminal), never allocates,
 * never sleeps, and calls back only from within the caller's call. Callbacks must not call
 * into the same engine.
 *
 * Invariants of the buffer, whose positions count bytes from the start and wrap freely:
 *  1. tail <= line_end <= head <= tail + LDISC_BUFFER_BYTES;
 *  2. in canonical mode bytes before line_end are complete lines, the rest is being edited;
 *     a line's last byte has its delimiter bit set, and is not read where it is an EOF mark;
 *  3. in raw mode line_end == tail, and no delimiter bits are set.
 */
#pragma once

#include "lib/bits.h"
#include "lib/termios.h"

#define LDISC_BUFFER_BYTES 4096u /* the longest line, with its delimiter */
#define LDISC_OUTPUT_MAX 8u      /* bytes that one output byte can become */

/* Signals given to ops->signal: Linux numbers. */
enum ldisc_signal { LDISC_SIGINT = 2, LDISC_SIGQUIT = 3, LDISC_SIGTSTP = 20 };

struct ldisc_ops {
    /* Queues bytes for the device behind earlier output; what does not fit may be dropped. */
    void (*echo)(void *ctx, const uint8_t *bytes, size_t count);
    /* Sends a signal to the foreground process group. */
    void (*signal)(void *ctx, enum ldisc_signal signal);
    /* Output shall pause or go on (IXON). */
    void (*set_stopped)(void *ctx, bool stopped);
    /* Sends one byte ahead of queued output, even where that is paused (IXOFF). */
    void (*send_urgent)(void *ctx, uint8_t byte);
    /* Drops queued output. */
    void (*flush_output)(void *ctx);
};

struct tty_ldisc {
    struct termios termios; /* change it only through tty_ldisc_set_termios */
    const struct ldisc_ops *ops;
    void *ctx;
    uint32_t head, line_end, tail;
    unsigned column;            /* of the output, for tabs and erasing */
    unsigned line_start_column; /* column where the echo of the edited line begins */
    bool mid_line;              /* the last canonical read stopped inside a line */
    bool literal;               /* the next byte was quoted with VLNEXT */
    bool stopped;               /* output, by VSTOP or tty_ldisc_set_stopped */
    bool throttled;             /* input, by a VSTOP we sent (IXOFF) */
    uint64_t delimiter[LDISC_BUFFER_BYTES / 64];
    uint8_t buffer[LDISC_BUFFER_BYTES];
};

/* The settings of a new terminal on Linux: canonical, echo, signals, 38400 8N1. */
extern const struct termios ldisc_default_termios;

void tty_ldisc_init(struct tty_ldisc *ld, const struct ldisc_ops *ops, void *ctx);

/* Input already waiting stays readable: from raw to canonical mode it becomes one line. */
void tty_ldisc_set_termios(struct tty_ldisc *ld, const struct termios *termios);

/* A byte from the device. Dropped when there is no room: see tty_ldisc_room. */
void tty_ldisc_input(struct tty_ldisc *ld, uint8_t byte);

/* A break condition from the device. */
void tty_ldisc_input_break(struct tty_ldisc *ld);

/*
 * How many bytes from the device can be taken without loss. Never 0 while the only thing in
 * the buffer is a line being edited: then even a full buffer takes a delimiter or an erase.
 */
size_t tty_ldisc_room(const struct tty_ldisc *ld);

/* What a written byte becomes on the device: returns the number of bytes put into `out`, 0 to 8. */
size_t tty_ldisc_output(struct tty_ldisc *ld, uint8_t byte, uint8_t out[LDISC_OUTPUT_MAX]);

/*
 * Takes input: at most the rest of one line in canonical mode, whatever there is in raw mode.
 * Returns the number of bytes, 0 for end of file (canonical), -EAGAIN where there is nothing.
 */
must_check int tty_ldisc_read(struct tty_ldisc *ld, uint8_t *buf, size_t size);

/*
 * Whether a read need not wait: a complete line (or end of file) in canonical mode, at least
 * `min` bytes (and not none) in raw mode, where the caller does the timing for VTIME.
 */
bool tty_ldisc_has_input(const struct tty_ldisc *ld, size_t min);

/* The `min` that makes a terminal readable to poll: VMIN where VTIME is 0, else 1. */
size_t tty_ldisc_poll_min(const struct tty_ldisc *ld);

/* The bytes readable now, as FIONREAD counts them. */
size_t tty_ldisc_input_bytes(const struct tty_ldisc *ld);

/* Drops all input (TCIFLUSH). */
void tty_ldisc_flush_input(struct tty_ldisc *ld);

/* Pauses or resumes output (TCOOFF, TCOON). */
void tty_ldisc_set_stopped(struct tty_ldisc *ld, bool stopped);
