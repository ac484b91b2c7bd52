/* A terminal's modes: three structures for the same, speeds, and what is locked. */
#include "kernel/tty/tty_modes.h"

#include "kernel/task/task.h"
#include "kernel/tty/tty_internal.h"
#include "kernel/vm/uaccess.h"
#include "lib/string.h"

struct termios2 { /* struct termios and the speeds in baud */
    struct termios termios;
    uint32_t input_speed, output_speed;
};
_Static_assert(sizeof(struct termios2) == 44, "asm-generic/termbits.h");

#define NCC 8
struct termio { /* the low halves of the flags, the first characters */
    uint16_t c_iflag, c_oflag, c_cflag, c_lflag;
    uint8_t c_line;
    uint8_t c_cc[NCC];
};
_Static_assert(sizeof(struct termio) == 18, "asm-generic/termios.h");

/* Speeds of the CBAUD codes: B0 to B38400 without the CBAUDEX bit, B57600 to B4000000 with it. */
#define CBAUDEX 0010000u
static const uint32_t low_speeds[] = {0, 50, 75, 110, 134, 150, 200, 300, 600, 1200, 1800, 2400, 4800, 9600, 19200, 38400};
static const uint32_t high_speeds[] = {0, 57600, 115200, 230400, 460800, 500000, 576000, 921600, 1000000, 1152000,
                                       1500000, 2000000, 2500000, 3000000, 3500000, 4000000};

uint32_t tty_speed(const struct termios *termios) {
    const uint32_t *speeds = termios->c_cflag & CBAUDEX ? high_speeds : low_speeds;
    return speeds[termios->c_cflag & CBAUD & ~CBAUDEX];
}

/* The CBAUD code of a speed; an unknown one keeps the old code. */
static uint32_t speed_code(uint32_t speed, uint32_t old_cflag) {
    for (uint32_t i = 0; i < ARRAY_SIZE(low_speeds); i++) {
        if (low_speeds[i] == speed)
            return i;
        if (i > 0 && high_speeds[i] == speed)
            return i | CBAUDEX;
    }
    return old_cflag & CBAUD;
}

static struct termios get_termios(struct tty *tty) {
    uint64_t flags = spin_lock_irqsave(&tty->lock);
    struct termios termios = tty->ldisc.termios;
    spin_unlock_irqrestore(&tty->lock, flags);
    return termios;
}

static int64_t get_old_modes(const struct termios *modes, uint64_t address) {
    struct termio old = {(uint16_t)modes->c_iflag, (uint16_t)modes->c_oflag, (uint16_t)modes->c_cflag,
                         (uint16_t)modes->c_lflag, modes->c_line, {0}};

    memcpy(old.c_cc, modes->c_cc, sizeof old.c_cc);
    return copy_to_user((void *)address, &old, sizeof old);
}

int64_t tty_get_modes(struct tty *tty, uint64_t address, enum modes_form form) {
    struct termios2 modes = {.termios = get_termios(tty)};

    if (form == MODES_OLD)
        return get_old_modes(&modes.termios, address);
    modes.input_speed = modes.output_speed = tty_speed(&modes.termios);
    return copy_to_user((void *)address, &modes, form == MODES_WITH_SPEEDS ? sizeof modes : sizeof modes.termios);
}

void tty_drop_input(struct tty *tty) {
    tty->input.taken = tty->input.written;
    tty_ldisc_flush_input(&tty->ldisc);
    if (tty->ops->flush_input)
        tty->ops->flush_input(tty);
}

static uint32_t keep(uint32_t old, uint32_t new, uint32_t locked) {
    return (old & locked) | (new & ~locked);
}

static void keep_locked(struct termios *new, const struct termios *old, const struct termios *locked) {
    new->c_iflag = keep(old->c_iflag, new->c_iflag, locked->c_iflag);
    new->c_oflag = keep(old->c_oflag, new->c_oflag, locked->c_oflag);
    new->c_cflag = keep(old->c_cflag, new->c_cflag, locked->c_cflag);
    new->c_lflag = keep(old->c_lflag, new->c_lflag, locked->c_lflag);
    if (locked->c_line)
        new->c_line = old->c_line;
    for (unsigned i = 0; i < NCCS; i++)
        if (locked->c_cc[i])
            new->c_cc[i] = old->c_cc[i];
}

static void apply_modes(struct tty *tty, struct termios *termios, bool flush_input) {
    uint64_t flags = spin_lock_irqsave(&tty->lock);
    if (flush_input)
        tty_drop_input(tty);
    keep_locked(termios, &tty->ldisc.termios, &tty->locked_modes);
    tty_ldisc_set_termios(&tty->ldisc, termios);
    if (tty->ops->set_modes)
        tty->ops->set_modes(tty);
    tty_unlock(tty, flags);
    wait_wake_all(&tty->read_wait); /* other conditions for a read to end */
    tty_process_input(tty);
}

int tty_drain_restartable(struct tty *tty) {
    int error = tty_drain(tty, WAIT_FOREVER);
    return error == -EINTR ? -ERESTARTSYS : error;
}

static uint32_t low_half(uint32_t old, uint16_t low) {
    return (old & ~(uint32_t)UINT16_MAX) | low;
}

static int read_old_modes(struct termios *modes, uint64_t address) {
    struct termio old;
    int error = copy_from_user(&old, (const void *)address, sizeof old);

    if (error)
        return error;
    modes->c_iflag = low_half(modes->c_iflag, old.c_iflag);
    modes->c_oflag = low_half(modes->c_oflag, old.c_oflag);
    modes->c_cflag = low_half(modes->c_cflag, old.c_cflag);
    modes->c_lflag = low_half(modes->c_lflag, old.c_lflag);
    modes->c_line = old.c_line;
    memcpy(modes->c_cc, old.c_cc, sizeof old.c_cc);
    return 0;
}

static int read_modes_with_speeds(struct termios *modes, uint64_t address) {
    struct termios2 new;
    int error = copy_from_user(&new, (const void *)address, sizeof new);

    if (error)
        return error;
    uint32_t code = speed_code(new.output_speed, modes->c_cflag);
    *modes = new.termios;
    modes->c_cflag = (modes->c_cflag & ~CBAUD) | code;
    return 0;
}

/* What the structure leaves out stays as it is in `modes`. */
static int read_modes(struct termios *modes, uint64_t address, enum modes_form form) {
    switch (form) {
    case MODES_OLD: return read_old_modes(modes, address);
    case MODES_WITH_SPEEDS: return read_modes_with_speeds(modes, address);
    default: return copy_from_user(modes, (const void *)address, sizeof *modes);
    }
}

int64_t tty_set_modes(struct tty *tty, uint64_t address, enum modes_form form, enum modes_time time) {
    struct termios modes = get_termios(tty);
    int error = read_modes(&modes, address, form);

    if (!error && time != MODES_NOW)
        error = tty_drain_restartable(tty);
    if (!error)
        apply_modes(tty, &modes, time == MODES_FLUSH);
    return error;
}

int64_t tty_get_locked_modes(struct tty *tty, uint64_t address) {
    uint64_t flags = spin_lock_irqsave(&tty->lock);
    struct termios locked = tty->locked_modes;
    spin_unlock_irqrestore(&tty->lock, flags);
    return copy_to_user((void *)address, &locked, sizeof locked);
}

int64_t tty_set_locked_modes(struct tty *tty, uint64_t address) {
    struct termios locked;

    if (!cred_has(current_cred(), CAP_SYS_ADMIN))
        return -EPERM;
    int error = copy_from_user(&locked, (const void *)address, sizeof locked);
    if (error)
        return error;
    uint64_t flags = spin_lock_irqsave(&tty->lock);
    tty->locked_modes = locked;
    spin_unlock_irqrestore(&tty->lock, flags);
    return 0;
}
