/*
 * Pseudo-terminals: making them, modes, flow, sizes, job control, hang-ups, packet mode. The same
 * on Linux. One line a check.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "tests/vm/programs/truths.h"

#define DEVPTS_MAGIC 0x1cd1
#ifndef TIOCGPTPEER
#define TIOCGPTPEER 0x5441
#endif
#ifndef TIOCGPKT
#define TIOCGPKT 0x80045438
#endif
#ifndef TIOCSIG
#define TIOCSIG 0x40045436
#endif

static int answer(long result) {
    return result < 0 ? errno : 0;
}

#define SOON_MS 60000 /* it happens long before, however busy the machine is */

struct pair {
    int master, slave;
    char name[32];
};

static struct pair open_pair(void) {
    struct pair pair;
    int number = -1, off = 0;
    pair.master = open("/dev/ptmx", O_RDWR | O_NOCTTY);
    ioctl(pair.master, TIOCGPTN, &number);
    ioctl(pair.master, TIOCSPTLCK, &off);
    snprintf(pair.name, sizeof pair.name, "/dev/pts/%d", number);
    pair.slave = open(pair.name, O_RDWR | O_NOCTTY);
    return pair;
}

static void close_pair(struct pair *pair) {
    close(pair->slave);
    close(pair->master);
}

/* What poll says of `fd` within the time, if any of `events`. */
static int events_of(int fd, int events, int timeout_ms) {
    struct pollfd poll_fd = {fd, events, 0};
    return poll(&poll_fd, 1, timeout_ms) == 1 ? poll_fd.revents : 0;
}

/* Reads from `fd` until it ends with `wanted`, which is all that must be there. */
static int reads(int fd, const char *wanted) {
    char text[256];
    size_t have = 0, length = strlen(wanted);
    while (have < length && events_of(fd, POLLIN, SOON_MS) & POLLIN) {
        ssize_t count = read(fd, text + have, sizeof text - have);
        if (count <= 0)
            break;
        have += count;
    }
    return have == length && memcmp(text, wanted, length) == 0;
}

static int writes(int fd, const char *text) {
    return write(fd, text, strlen(text)) == (ssize_t)strlen(text);
}

static void set_raw(int fd) {
    struct termios modes;
    tcgetattr(fd, &modes);
    cfmakeraw(&modes);
    tcsetattr(fd, TCSANOW, &modes);
}

static void making(void) {
    struct statfs fs;
    struct stat info;
    int number = -1, lock = -1, on = 1, off = 0;
    int master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
    char name[32];
    check("ptmx opens", master >= 0 && isatty(master));
    check("its number", ioctl(master, TIOCGPTN, &number) == 0 && number >= 0);
    check("it begins locked", ioctl(master, 0x80045439, &lock) == 0 && lock == 1);
    snprintf(name, sizeof name, "/dev/pts/%d", number);
    check("a locked one cannot be opened", answer(open(name, O_RDWR | O_NOCTTY)) == EIO);
    ioctl(master, TIOCSPTLCK, &off);
    int slave = open(name, O_RDWR | O_NOCTTY);
    check("an unlocked one can", slave >= 0 && isatty(slave));
    check("locked again it cannot", ioctl(master, TIOCSPTLCK, &on) == 0 && answer(open(name, O_RDWR | O_NOCTTY)) == EIO);
    ioctl(master, TIOCSPTLCK, &off);
    check("its node", stat(name, &info) == 0 && S_ISCHR(info.st_mode) && major(info.st_rdev) == 136 &&
          (int)minor(info.st_rdev) == number);
    check("a filesystem of its own", statfs("/dev/pts", &fs) == 0 && fs.f_type == DEVPTS_MAGIC);
    check("where nothing can be made", open("/dev/pts/new", O_CREAT | O_RDWR, 0600) < 0 && mkdir("/dev/pts/d", 0700) < 0);
    int peer = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    check("the slave through its master", peer >= 0 && isatty(peer) && fcntl(peer, F_GETFD) == FD_CLOEXEC);
    close(peer);
    check("requests of the other side", answer(ioctl(slave, TIOCGPTN, &number)) == ENOTTY &&
          answer(ioctl(slave, TIOCSPTLCK, &off)) == ENOTTY);
    close(slave);
    close(master);
    check("gone with the master", answer(open(name, O_RDWR | O_NOCTTY)) == ENOENT);
}

static void bytes(void) {
    struct pair pair = open_pair();
    struct termios modes;
    int count = -1;
    check("a line with its echo", writes(pair.master, "hello\n") && reads(pair.slave, "hello\n") &&
          reads(pair.master, "hello\r\n"));
    check("output is processed", writes(pair.slave, "a\nb") && reads(pair.master, "a\r\nb"));
    check("an edited line", writes(pair.master, "abc\177\177x\n") && reads(pair.slave, "ax\n"));
    reads(pair.master, "abc\b \b\b \bx\r\n");
    check("a part of a line is not readable", writes(pair.master, "abc") && !events_of(pair.slave, POLLIN, 20));
    check("until it ends", writes(pair.master, "\004") && reads(pair.slave, "abc"));
    reads(pair.master, "abc");
    check("end of file", writes(pair.master, "\004") && events_of(pair.slave, POLLIN, SOON_MS) == POLLIN &&
          read(pair.slave, &count, 1) == 0);
    set_raw(pair.slave);
    check("the master sees the slave's modes", tcgetattr(pair.master, &modes) == 0 && !(modes.c_lflag & (ICANON | ECHO)));
    check("raw bytes", writes(pair.master, "\003\n\r") && reads(pair.slave, "\003\n\r") && !events_of(pair.master, POLLIN, 20));
    check("readable bytes", writes(pair.slave, "12345") && events_of(pair.master, POLLIN, SOON_MS) && ioctl(pair.master, FIONREAD, &count) == 0 && count == 5);
    check("draining waits for nobody", tcdrain(pair.slave) == 0);
    check("and dropped ones", tcflush(pair.slave, TCIFLUSH) == 0 && reads(pair.master, "12345"));
    fcntl(pair.master, F_SETFL, O_NONBLOCK);
    check("nothing to read", answer(read(pair.master, &count, 1)) == EAGAIN && events_of(pair.master, POLLIN | POLLOUT, 0) == POLLOUT);
    close_pair(&pair);
}

/* More than the buffers hold, both ways: writers wait and go on. */
static void floods(void) {
    enum { TOTAL = 300000 };
    static char sent[TOTAL], got[TOTAL];
    for (int way = 0; way < 2; way++) {
        struct pair pair = open_pair();
        int from = way ? pair.master : pair.slave, to = way ? pair.slave : pair.master;
        size_t have = 0;
        set_raw(pair.slave);
        for (int i = 0; i < TOTAL; i++)
            sent[i] = i * 7 + i / 251;
        pid_t child = fork();
        if (child == 0) {
            size_t done = 0;
            while (done < TOTAL)
                done += write(from, sent + done, TOTAL - done);
            pause();
        }
        while (have < TOTAL && events_of(to, POLLIN, SOON_MS) & POLLIN)
            have += read(to, got + have, TOTAL - have);
        check(way ? "300 KB to the slave" : "300 KB from the slave", have == TOTAL && memcmp(sent, got, TOTAL) == 0);
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        close_pair(&pair);
    }
    struct pair pair = open_pair();
    set_raw(pair.slave);
    fcntl(pair.slave, F_SETFL, O_NONBLOCK);
    ssize_t count, total = 0;
    while ((count = write(pair.slave, sent, sizeof sent)) > 0)
        total += count;
    check("a full one refuses", answer(count) == EAGAIN && total > 4000 && !events_of(pair.slave, POLLOUT, 0));
    while (total > 0 && (count = read(pair.master, got, sizeof got)) > 0)
        total -= count;
    check("and takes more when read", total == 0 && events_of(pair.slave, POLLOUT, SOON_MS) == POLLOUT);
    close_pair(&pair);
}

static void closing(void) {
    struct pair pair = open_pair();
    char byte;
    check("the last words of the slave", writes(pair.slave, "bye") && close(pair.slave) == 0 && reads(pair.master, "bye"));
    check("then an error", answer(read(pair.master, &byte, 1)) == EIO && events_of(pair.master, POLLIN, SOON_MS) == POLLHUP);
    pair.slave = open(pair.name, O_RDWR | O_NOCTTY);
    check("it may be opened again", pair.slave >= 0 && !events_of(pair.master, POLLIN, 20) && writes(pair.slave, "x") &&
          reads(pair.master, "x"));
    close(pair.master);
    check("the master's end", read(pair.slave, &byte, 1) == 0 && answer(write(pair.slave, "x", 1)) == EIO &&
          events_of(pair.slave, POLLIN | POLLOUT, SOON_MS) == (POLLIN | POLLOUT | POLLERR | POLLHUP));
    struct termios modes;
    int group;
    check("its requests", answer(tcgetattr(pair.slave, &modes)) == EIO && answer(ioctl(pair.slave, TIOCSPGRP, &group)) == ENOTTY);
    close(pair.slave);
}

/* System V's structure has the low halves of the flags; what is locked stays. */
static void modes_of_old(void) {
    struct pair pair = open_pair();
    struct termios modes, locked = {.c_lflag = ECHO}, none = {0};
    struct { unsigned short c_iflag, c_oflag, c_cflag, c_lflag; unsigned char c_line, c_cc[8]; } old;

    tcgetattr(pair.slave, &modes);
    check("old modes", answer(ioctl(pair.slave, TCGETA, &old)) == 0 && old.c_lflag == (modes.c_lflag & 0xffff) &&
          old.c_cc[VINTR] == modes.c_cc[VINTR]);
    old.c_lflag &= ~ICANON, old.c_cc[VINTR] = 7;
    check("are set", answer(ioctl(pair.slave, TCSETAW, &old)) == 0 && tcgetattr(pair.slave, &modes) == 0 &&
          !(modes.c_lflag & ICANON) && modes.c_cc[VINTR] == 7 && modes.c_cc[VSUSP] == 26);
    check("modes are locked", answer(ioctl(pair.slave, TIOCSLCKTRMIOS, &locked)) == 0);
    modes.c_lflag = ICANON;
    check("and stay", tcsetattr(pair.slave, TCSANOW, &modes) == 0 && tcgetattr(pair.slave, &modes) == 0 &&
          modes.c_lflag == (ICANON | ECHO));
    check("as is told", answer(ioctl(pair.slave, TIOCGLCKTRMIOS, &locked)) == 0 && locked.c_lflag == ECHO && locked.c_iflag == 0);
    ioctl(pair.slave, TIOCSLCKTRMIOS, &none);
    close(pair.slave);
    close(pair.master);
}

static volatile sig_atomic_t got_signal;

static void note(int signal) {
    got_signal = signal;
}

static void catch(int signal) {
    struct sigaction action = {.sa_handler = note};
    sigaction(signal, &action, NULL);
}

static int waits_for(int signal) {
    for (int i = 0; i < SOON_MS / 10 && got_signal != signal; i++)
        usleep(10000);
    return got_signal == signal;
}

static int leads(struct pair *pair) {
    struct winsize size = {.ws_row = 30, .ws_col = 100};
    int group = 0;
    if (setsid() != getpid() || open("/dev/tty", O_RDWR) >= 0 || errno != ENXIO)
        return 1;
    int other = open(pair->name, O_RDWR | O_NOCTTY);
    if (open("/dev/tty", O_RDWR) >= 0 || ioctl(other, TIOCGSID, &group) == 0)
        return 2; /* O_NOCTTY */
    int own = open(pair->name, O_RDWR);
    int tty = open("/dev/tty", O_RDWR);
    if (own < 0 || tty < 0 || tcgetpgrp(tty) != getpgrp() || ioctl(own, TIOCGSID, &group) != 0 || group != getpid())
        return 3;
    if (tcgetpgrp(pair->master) != getpgrp() || ioctl(pair->master, TIOCGSID, &group) != 0 || group != getpid())
        return 4;
    catch(SIGWINCH), catch(SIGINT), catch(SIGHUP), catch(SIGUSR1);
    if (ioctl(pair->master, TIOCSWINSZ, &size) != 0 || !waits_for(SIGWINCH) || ioctl(own, TIOCGWINSZ, &size) != 0 ||
        size.ws_row != 30 || size.ws_col != 100)
        return 5;
    if (!writes(pair->master, "\003") || !waits_for(SIGINT) || !reads(pair->master, "^C"))
        return 6;
    got_signal = 0;
    if (ioctl(pair->master, TIOCSIG, SIGINT) != 0 || !waits_for(SIGINT) || answer(ioctl(pair->master, TIOCSIG, SIGUSR1)) != EINVAL)
        return 7;
    close(pair->slave);
    close(pair->master);
    if (!waits_for(SIGHUP) || open("/dev/tty", O_RDWR) >= 0)
        return 8;
    return 0;
}

static int run(int (*body)(struct pair *), struct pair *pair) {
    int status = -1;
    pid_t child = fork();
    if (child == 0)
        _exit(body(pair));
    close_pair(pair);
    waitpid(child, &status, 0);
    if (status)
        printf("status %#x\n", status);
    return status == 0;
}

/* The session's leader ends: its foreground group is told, the terminal goes on. */
static int leader_ends(struct pair *pair) {
    int status;
    char byte;
    pid_t leader = fork();
    if (leader == 0) {
        signal(SIGQUIT, SIG_IGN);
        setsid();
        ioctl(pair->slave, TIOCSCTTY, 0);
        pid_t member = fork();
        if (member == 0) {
            catch(SIGHUP);
            write(pair->slave, "1", 1);
            int told = waits_for(SIGHUP);
            write(pair->slave, told ? "2" : "3", 1);
            _exit(0);
        }
        while (events_of(pair->master, POLLIN, SOON_MS) != POLLIN)
            continue;
        _exit(0);
    }
    waitpid(leader, &status, 0);
    if (!reads(pair->master, "12"))
        return 1;
    return writes(pair->slave, "3") && reads(pair->master, "3") ? 0 : 2;
}

static int stops_in_background(struct pair *pair) {
    int status;
    setsid();
    ioctl(pair->slave, TIOCSCTTY, 0);
    pid_t child = fork();
    if (child == 0) {
        char byte;
        setpgid(0, 0);
        read(pair->slave, &byte, 1);
        _exit(byte == 'k' ? 0 : 1);
    }
    if (waitpid(child, &status, WUNTRACED) != child || !WIFSTOPPED(status) || WSTOPSIG(status) != SIGTTIN)
        return 1;
    signal(SIGTTOU, SIG_IGN);
    if (tcsetpgrp(pair->slave, child) != 0 || tcgetpgrp(pair->master) != child)
        return 2;
    kill(child, SIGCONT);
    writes(pair->master, "k\n");
    return waitpid(child, &status, 0) == child && status == 0 ? 0 : 3;
}

static void packets(void) {
    struct pair pair = open_pair();
    int on = 1;
    unsigned char text[16];
    check("packet mode", ioctl(pair.master, TIOCPKT, &on) == 0 && (on = 0, ioctl(pair.master, TIOCGPKT, &on) == 0) && on == 1);
    check("data", writes(pair.slave, "ab") && read(pair.master, text, sizeof text) == 3 && memcmp(text, "\0ab", 3) == 0);
    tcflush(pair.slave, TCIFLUSH);
    check("a flush", events_of(pair.master, POLLIN | POLLPRI, SOON_MS) == (POLLIN | POLLPRI) &&
          read(pair.master, text, sizeof text) == 1 && text[0] == TIOCPKT_FLUSHREAD);
    tcflow(pair.slave, TCOOFF);
    check("stopped", read(pair.master, text, sizeof text) == 1 && text[0] == TIOCPKT_STOP);
    tcflow(pair.slave, TCOON);
    check("started", read(pair.master, text, sizeof text) == 1 && text[0] == TIOCPKT_START);
    set_raw(pair.slave);
    check("no flow control", read(pair.master, text, sizeof text) == 1 && text[0] == TIOCPKT_NOSTOP);
    close_pair(&pair);
}

/* Many at once have different numbers, and the lowest free one is taken. */
static void many(void) {
    enum { MANY = 40 };
    struct pair pairs[MANY];
    int good = 1;
    for (int i = 0; i < MANY; i++) {
        pairs[i] = open_pair();
        good &= pairs[i].slave >= 0;
        for (int j = 0; j < i; j++)
            good &= strcmp(pairs[i].name, pairs[j].name) != 0;
    }
    check("many", good);
    close_pair(&pairs[7]);
    struct pair again = open_pair();
    check("a number is used again", strcmp(again.name, pairs[7].name) == 0);
    close_pair(&again);
    for (int i = 0; i < MANY; i++)
        if (i != 7)
            close_pair(&pairs[i]);
}

int main(void) {
    signal(SIGHUP, SIG_IGN);
    making();
    bytes();
    floods();
    closing();
    modes_of_old();
    struct pair pair = open_pair();
    signal(SIGHUP, SIG_DFL);
    check("a controlling terminal", run(leads, &pair));
    pair = open_pair();
    check("a leader's end", run(leader_ends, &pair));
    pair = open_pair();
    check("background processes stop", run(stops_in_background, &pair));
    packets();
    many();
    return failures != 0;
}
