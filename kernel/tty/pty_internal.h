/*
 * A pseudo-terminal: a terminal (the slave, /dev/pts/N) whose device is a program that has the
 * master open. What the slave transmits lands in `sent`, where the master reads it; what the
 * master writes is the slave's received input.
 *
 * Life: the master's file and each slave's hold a reference. When the master closes, the terminal
 * hangs up for good; the number is free again once the last slave has closed too.
 *
 * Locks: tty->lock guards the fields (those marked atomic are also read, or set, without it); `pty_table_lock`
 * (innermost) the table of numbers.
 */
#pragma once

#include "kernel/tty/pty.h"
#include "kernel/tty/tty_internal.h"

/* Bits of the status byte of packet mode, asm-generic/ioctls.h; ioctl_tty(2), TIOCPKT. */
enum packet_status {
    TIOCPKT_DATA = 0, TIOCPKT_FLUSHREAD = 1, TIOCPKT_FLUSHWRITE = 2, TIOCPKT_STOP = 4, TIOCPKT_START = 8,
    TIOCPKT_NOSTOP = 16, TIOCPKT_DOSTOP = 32,
};

struct pty {
    struct tty tty;
    unsigned index;
    struct ring sent;              /* on its way to the master */
    struct wait_queue master_wait; /* something to read, or room to write */
    bool locked;                   /* TIOCSPTLCK: the slave cannot be opened yet; atomic */
    bool slave_closed;             /* it was open, and no longer is; atomic */
    bool packet_mode;              /* atomic */
    bool flow_keys;                /* the slave's ^S and ^Q stop and start: told in packet mode */
    uint8_t packet_status;         /* enum packet_status, not yet read; atomic */
};

static inline struct pty *pty_of(struct tty *tty) {
    return container_of(tty, struct pty, tty);
}

/* A new one, locked, with a node in /dev/pts; ERR_PTR(-ENOMEM), ERR_PTR(-ENOSPC). May sleep. */
struct pty *pty_create(void);
/* The master is closed: hangs up and drops the master's reference. May sleep. */
void pty_close_master(struct pty *pty);

/* Something happened that packet mode tells of. tty->lock held. */
void pty_tell(struct pty *pty, uint8_t set, uint8_t clear);

extern const struct file_ops pty_master_ops;
