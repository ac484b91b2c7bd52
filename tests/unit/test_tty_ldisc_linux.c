/*
 * lib/tty_ldisc*.c against the line discipline of the Linux this runs on: random input under
 * random flags goes to a pseudo-terminal and to ours; echo, readable bytes and reads must agree.
 * Left out: flushing by signals (what is still queued then depends on timing) and IUCLC, OLCUC
 * (Linux changes Latin-1 letters too, and so breaks UTF-8).
 */
#include "lib/tty_ldisc.h"

#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define ROUNDS 500
#define STEPS 8
#define ECHO_MAX 4096
#define WAIT_US 2000000 /* for Linux, which handles input in a worker */
#define POLL_US 50

static struct tty_ldisc ours;
static uint8_t our_echo[ECHO_MAX], their_echo[ECHO_MAX];
static size_t our_count, their_count;
static int master, slave;

static void take_echo(void *ctx, const uint8_t *bytes, size_t count) {
    (void)ctx;
    for (size_t i = 0; i < count && our_count < ECHO_MAX; i++)
        our_echo[our_count++] = bytes[i];
}

static void ignore_signal(void *ctx, enum ldisc_signal signal) {
    (void)ctx;
    (void)signal;
}

static void ignore_stop(void *ctx, bool stopped) {
    (void)ctx;
    (void)stopped;
}

static void ignore_urgent(void *ctx, uint8_t byte) {
    (void)ctx;
    (void)byte;
}

static void ignore_flush(void *ctx) {
    (void)ctx;
}

static const struct ldisc_ops ops = {
    take_echo, ignore_signal, ignore_stop, ignore_urgent, ignore_flush,
};

/* Each of the flags inverted with a chance of one in `odds`. */
static uint32_t invert_some(uint32_t value, const uint32_t *flags, size_t count, unsigned odds) {
    for (size_t i = 0; i < count; i++)
        value ^= unit_random() % odds == 0 ? flags[i] : 0;
    return value;
}

static struct termios random_termios(void) {
    static const uint32_t iflags[] = { ISTRIP, INLCR, IGNCR, ICRNL, IXON, IUTF8, IXANY };
    static const uint32_t oflags[] = { OPOST, ONLCR, OCRNL, ONOCR, ONLRET, TAB3 };
    static const uint32_t lflags[] = { ICANON, ECHO, ECHOE, ECHOK, ECHONL, ECHOCTL, ECHOKE, IEXTEN };
    struct termios termios = ldisc_default_termios;

    termios.c_iflag = invert_some(ICRNL, iflags, ARRAY_SIZE(iflags), 3);
    termios.c_oflag = invert_some(OPOST | ONLCR, oflags, ARRAY_SIZE(oflags), 4);
    termios.c_lflag = invert_some(termios.c_lflag | NOFLSH, lflags, ARRAY_SIZE(lflags), 5);
    termios.c_cc[VEOL] = ';';
    termios.c_cc[VEOL2] = '|';
    return termios;
}

static bool open_pair(void) {
    master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
    if (master < 0 || grantpt(master) || unlockpt(master))
        return false;
    slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_NONBLOCK);
    return slave >= 0;
}

static int their_input_bytes(void) {
    int count = -1;

    ioctl(slave, FIONREAD, &count);
    return count;
}

/* Gathers Linux's echo until all agrees with ours, or for long enough to say that it does not. */
static bool settle(void) {
    for (int waited_us = 0; waited_us < WAIT_US; waited_us += POLL_US) {
        ssize_t got = read(master, their_echo + their_count, ECHO_MAX - their_count);
        their_count += got > 0 ? (size_t)got : 0;
        if (their_count == our_count && their_input_bytes() == (int)tty_ldisc_input_bytes(&ours))
            return memcmp(our_echo, their_echo, our_count) == 0;
        usleep(POLL_US);
    }
    return false;
}

static bool type_same(void) {
    static const char keys[] = "ab c_\t\t\177\177\027\025\026\022\r\n\004;|\001\033Z\303\251\351\202\254\003\034\032\007\010";
    uint8_t typed[14];
    size_t count = 1 + unit_random() % sizeof(typed);

    for (size_t i = 0; i < count; i++)
        typed[i] = (uint8_t)keys[unit_random() % (sizeof(keys) - 1)];
    if (!CHECK_EQ(write(master, typed, count), count))
        return false;
    for (size_t i = 0; i < count; i++)
        tty_ldisc_input(&ours, typed[i]);
    return CHECK(settle());
}

static bool read_same(void) {
    uint8_t our_bytes[128], their_bytes[128];
    size_t size = 1 + unit_random() % (unit_random() % 3 ? 6 : sizeof(our_bytes));
    int our_result = tty_ldisc_read(&ours, our_bytes, size);
    ssize_t result = read(slave, their_bytes, size);
    int their_result = result < 0 ? -errno : (int)result;

    return CHECK_EQ(our_result, their_result) &&
           (our_result <= 0 || CHECK(memcmp(our_bytes, their_bytes, (size_t)our_result) == 0));
}

static bool same_round(void) {
    bool same = true;

    tty_ldisc_init(&ours, &ops, NULL);
    struct termios termios = random_termios();
    tty_ldisc_set_termios(&ours, &termios);
    our_count = their_count = 0;
    if (!CHECK(open_pair()) || !CHECK_EQ(ioctl(slave, TCSETS, &termios), 0))
        return false;
    for (int step = 0; same && step < STEPS; step++) {
        same = type_same();
        while (same && unit_random() % 3)
            same = read_same();
    }
    if (!same)
        printf("    c_iflag 0%o, c_oflag 0%o, c_lflag 0%o\n", termios.c_iflag, termios.c_oflag, termios.c_lflag);
    close(slave);
    close(master);
    return same;
}

TEST(same_as_linux) {
    for (int round = 0; round < ROUNDS; round++)
        if (!same_round())
            return;
}
