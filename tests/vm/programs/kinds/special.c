/* Calls that are meant for one kind of descriptor. */
#include <mqueue.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/vm/programs/kinds/kinds.h"

#define SIGNAL_SET_BYTES 8

static uint64_t set = 1 << (SIGUSR1 - 1);
static struct itimerspec when = {.it_value = {1000, 0}}, time_left;
static struct mq_attr attributes;
static char room[256];
static const struct timespec now = {0, 0};

static long wait_for(int fd) {
    return checked(syscall(SYS_waitid, 3 /* P_PIDFD */, fd, room, WEXITED | WNOHANG, 0));
}

static long execute_missing(int fd) { return checked(syscall(SYS_execveat, fd, "missing", (char *[]){"x", NULL}, NULL, 0)); }

static const struct call calls[] = {
    RAW("signalfd", PLAIN, signalfd4, ADDRESS(&set), SIGNAL_SET_BYTES, 0)
    RAW("timerfd-settime", PLAIN, timerfd_settime, 0, ADDRESS(&when), 0)
    RAW("timerfd-gettime", PLAIN, timerfd_gettime, ADDRESS(&time_left))
    RAW("inotify-add", PLAIN, inotify_add_watch, ADDRESS("."), IN_CREATE)
    RAW("inotify-remove", PLAIN, inotify_rm_watch, 1)
    RAW("mq-getattr", PLAIN, mq_getsetattr, 0, ADDRESS(&attributes))
    RAW("mq-send", PLAIN, mq_timedsend, ADDRESS("0"), 1, 1, ADDRESS(&now))
    RAW("mq-receive", PLAIN, mq_timedreceive, ADDRESS(room), 256, 0, ADDRESS(&now))
    RAW("mq-notify", PLAIN, mq_notify, 0)
    RAW("pidfd-send", PLAIN, pidfd_send_signal, 0, 0, 0)
    RAW("pidfd-getfd", PLAIN, pidfd_getfd, 0, 0)
    RAW("process-madvise", PLAIN, process_madvise, 0, 0, MADV_COLD, 0)
    MADE("waitid", PLAIN, wait_for)
    MADE("execveat-missing", PLAIN, execute_missing)
    RAW("setns", PLAIN, setns, 0)
    RAW("signalfd-size", PLAIN, signalfd4, ADDRESS(&set), 4, 0)
    RAW("timerfd-settime-cancel", PLAIN, timerfd_settime, 3, ADDRESS(&when), 0)
};

const struct calls special_calls = ALL_OF(calls);
