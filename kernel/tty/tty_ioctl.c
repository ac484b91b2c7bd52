/* ioctl() on terminals: ioctl_tty(2); numbers and structures of asm-generic/ioctls.h and termbits.h. */
#include "kernel/task/task.h"
#include "kernel/time/clock.h"
#include "kernel/tty/tty_internal.h"
#include "kernel/tty/tty_modes.h"
#include "kernel/vm/uaccess.h"

enum tty_request {
    TCGETS = 0x5401, TCSETS = 0x5402, TCSETSW = 0x5403, TCSETSF = 0x5404, TCGETA = 0x5405, TCSETA = 0x5406,
    TCSETAW = 0x5407, TCSETAF = 0x5408, TCSBRK = 0x5409, TCXONC = 0x540a, TCFLSH = 0x540b, TIOCEXCL = 0x540c, TIOCNXCL = 0x540d, TIOCSCTTY = 0x540e, TIOCGPGRP = 0x540f,
    TIOCSPGRP = 0x5410, TIOCOUTQ = 0x5411, TIOCSTI = 0x5412, TIOCGWINSZ = 0x5413, TIOCSWINSZ = 0x5414,
    FIONREAD = 0x541b, TIOCNOTTY = 0x5422, TIOCGETD = 0x5424, TCSBRKP = 0x5425, TIOCSBRK = 0x5427,
    TIOCCBRK = 0x5428, TIOCGSID = 0x5429, TIOCVHANGUP = 0x5437,
    TIOCGLCKTRMIOS = 0x5456, TIOCSLCKTRMIOS = 0x5457,
    TCGETS2 = (int)0x802c542a, TCSETS2 = 0x402c542b, TCSETSW2 = 0x402c542c, TCSETSF2 = 0x402c542d,
    TIOCGEXCL = (int)0x80045440, TIOCGPTPEER = 0x5441, TIOCGDEV = (int)0x80045432,
};

enum flow_action { TCOOFF, TCOON, TCIOFF, TCION };        /* argument of TCXONC */
enum flush_queue { TCIFLUSH, TCOFLUSH, TCIOFLUSH };       /* argument of TCFLSH */
#define DEFAULT_BREAK_NS (250 * NS_PER_MS)
#define TCSBRKP_UNIT_NS (100 * NS_PER_MS)

static int64_t flush(struct tty *tty, uint64_t queue) {
    if (queue > TCIOFLUSH)
        return -EINVAL;
    uint64_t flags = spin_lock_irqsave(&tty->lock);
    if (queue != TCOFLUSH)
        tty_drop_input(tty);
    if (queue != TCIFLUSH)
        tty->ldisc.ops->flush_output(tty);
    tty_unlock(tty, flags);
    tty_process_input(tty); /* a sender that waits for room goes on */
    return 0;
}

static int64_t flow_control(struct tty *tty, uint64_t action) {
    if (action > TCION)
        return -EINVAL;
    uint64_t flags = spin_lock_irqsave(&tty->lock);
    if (action == TCOOFF || action == TCOON)
        tty_ldisc_set_stopped(&tty->ldisc, action == TCOOFF);
    else
        tty->ldisc.ops->send_urgent(tty, tty->ldisc.termios.c_cc[action == TCIOFF ? VSTOP : VSTART]);
    tty_unlock(tty, flags);
    return 0;
}

static void set_break(struct tty *tty, bool on) {
    uint64_t flags = spin_lock_irqsave(&tty->lock);
    if (tty->ops->set_break)
        tty->ops->set_break(tty, on);
    spin_unlock_irqrestore(&tty->lock, flags);
}

/* tcdrain() is TCSBRK with a non-zero argument: wait only. */
static int64_t send_break(struct tty *tty, uint64_t duration_ns) {
    int error = tty_drain_restartable(tty);
    if (error || duration_ns == 0)
        return error;
    set_break(tty, true);
    error = WAIT_EVENT_INTERRUPTIBLE(&tty->write_wait, false, clock_monotonic_ns() + duration_ns);
    set_break(tty, false);
    return error == -EINTR ? -EINTR : 0;
}

/* Only on the own terminal, or by an administrator: otherwise it would be a way to type as somebody else. */
static int64_t simulate_input(struct tty *tty, uint64_t argument) {
    uint8_t byte;

    if (current_process()->tty != tty && !cred_has(current_cred(), CAP_SYS_ADMIN))
        return -EPERM;
    if (get_user(byte, (const uint8_t *)argument))
        return -EFAULT;
    uint64_t flags = spin_lock_irqsave(&tty->lock);
    tty_ldisc_input(&tty->ldisc, byte);
    tty_unlock(tty, flags);
    wait_wake_all(&tty->read_wait);
    return 0;
}

static int64_t get_winsize(struct tty *tty, uint64_t argument) {
    uint64_t flags = spin_lock_irqsave(&tty->lock);
    struct winsize size = tty->winsize;
    spin_unlock_irqrestore(&tty->lock, flags);
    return copy_to_user((void *)argument, &size, sizeof size);
}

static int64_t set_winsize(struct tty *tty, uint64_t argument) {
    struct winsize size;
    int error = copy_from_user(&size, (const void *)argument, sizeof size);
    return error ? error : tty_set_winsize(tty, &size);
}

static int64_t put_int(uint64_t argument, int value) {
    return value < 0 ? value : put_user(value, (int *)argument);
}

static int readable_bytes(struct tty *tty) {
    uint64_t flags = spin_lock_irqsave(&tty->lock);
    size_t count = tty_ldisc_input_bytes(&tty->ldisc);
    spin_unlock_irqrestore(&tty->lock, flags);
    return (int)count;
}

static int64_t set_foreground(struct tty *tty, uint64_t argument) {
    int group;
    int error = get_user(group, (const int *)argument);
    return error ? error : tty_set_foreground(tty, group);
}

static int64_t set_exclusive(struct tty *tty, bool on) {
    uint64_t flags = spin_lock_irqsave(&tty->lock);
    tty->exclusive = on;
    spin_unlock_irqrestore(&tty->lock, flags);
    return 0;
}

static int64_t hang_up(struct tty *tty) {
    if (!cred_has(current_cred(), CAP_SYS_ADMIN))
        return -EPERM;
    tty_hangup(tty);
    return 0;
}

/* Requests that change the terminal stop a background process first (POSIX §11.1.4). */
static bool changes_terminal(unsigned request) {
    switch ((enum tty_request)request) {
    case TCSETS: case TCSETSW: case TCSETSF: case TCSETS2: case TCSETSW2: case TCSETSF2:
    case TCSETA: case TCSETAW: case TCSETAF:
    case TCSBRK: case TCSBRKP: case TCXONC: case TCFLSH: case TIOCSBRK: case TIOCCBRK:
        return true;
    default:
        return false;
    }
}

/* Modes, buffers, flow, size, and who the terminal belongs to. */
static int64_t line_ioctl(struct tty *tty, enum tty_request request, uint64_t argument) {
    switch (request) {
    case TCGETS: return tty_get_modes(tty, argument, MODES_PLAIN);
    case TCGETA: return tty_get_modes(tty, argument, MODES_OLD);
    case TCGETS2: return tty_get_modes(tty, argument, MODES_WITH_SPEEDS);
    case TCSETS: return tty_set_modes(tty, argument, MODES_PLAIN, MODES_NOW);
    case TCSETSW: return tty_set_modes(tty, argument, MODES_PLAIN, MODES_DRAIN);
    case TCSETSF: return tty_set_modes(tty, argument, MODES_PLAIN, MODES_FLUSH);
    case TCSETA: return tty_set_modes(tty, argument, MODES_OLD, MODES_NOW);
    case TCSETAW: return tty_set_modes(tty, argument, MODES_OLD, MODES_DRAIN);
    case TCSETAF: return tty_set_modes(tty, argument, MODES_OLD, MODES_FLUSH);
    case TCSETS2: return tty_set_modes(tty, argument, MODES_WITH_SPEEDS, MODES_NOW);
    case TCSETSW2: return tty_set_modes(tty, argument, MODES_WITH_SPEEDS, MODES_DRAIN);
    case TCSETSF2: return tty_set_modes(tty, argument, MODES_WITH_SPEEDS, MODES_FLUSH);
    case TIOCGLCKTRMIOS: return tty_get_locked_modes(tty, argument);
    case TIOCSLCKTRMIOS: return tty_set_locked_modes(tty, argument);
    case TCSBRK: return send_break(tty, argument ? 0 : DEFAULT_BREAK_NS);
    case TCSBRKP: return send_break(tty, argument ? argument * TCSBRKP_UNIT_NS : DEFAULT_BREAK_NS);
    case TIOCSBRK: return set_break(tty, true), 0;
    case TIOCCBRK: return set_break(tty, false), 0;
    case TCXONC: return flow_control(tty, argument);
    case TCFLSH: return flush(tty, argument);
    case TIOCOUTQ: return put_int(argument, (int)ring_count(&tty->output));
    case FIONREAD: return put_int(argument, readable_bytes(tty));
    case TIOCSTI: return simulate_input(tty, argument);
    case TIOCGETD: return put_int(argument, 0); /* N_TTY */
    case TIOCGWINSZ: return get_winsize(tty, argument);
    case TIOCSWINSZ: return set_winsize(tty, argument);
    case TIOCSPGRP: return set_foreground(tty, argument);
    case TIOCSCTTY: return tty_acquire(tty, argument == 1);
    case TIOCEXCL: return set_exclusive(tty, true);
    case TIOCNXCL: return set_exclusive(tty, false);
    case TIOCGEXCL: return put_int(argument, tty->exclusive);
    case TIOCGPTPEER: return -EIO; /* no master */
    case TIOCGDEV: return put_int(argument, (int)DEVICE_NUMBER(tty->node.major, tty->node.minor));
    default: return -ENOTTY;
    }
}

int64_t tty_line_ioctl(struct tty *tty, unsigned request, uint64_t argument) {
    int error = changes_terminal(request) ? tty_check_background(tty, SIGTTOU) : 0;
    return error ? error : line_ioctl(tty, (enum tty_request)request, argument);
}

int64_t tty_ioctl(struct file *file, unsigned request, uint64_t argument) {
    struct tty_file *opened = tty_file_of(file);
    struct tty *tty = opened->tty;

    if (tty_file_is_dead(opened))
        return request == TIOCSPGRP ? -ENOTTY : -EIO;
    switch ((enum tty_request)request) {
    case TIOCGPGRP: return put_int(argument, tty_get_foreground(tty));
    case TIOCGSID: return put_int(argument, tty_get_session(tty));
    case TIOCNOTTY: return tty_give_up(tty);
    case TIOCVHANGUP: return hang_up(tty);
    default: return tty_line_ioctl(tty, request, argument);
    }
}
