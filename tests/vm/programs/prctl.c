/*
 * prctl, and what a process tells of itself in /proc: every expectation also holds on Linux. Runs as root. "exec"
 * as argument: only says whether it is dumpable.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/vm/programs/check.h"

static int in_child(int (*part)(void)) {
    int status;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0)
        _exit(part());
    waitpid(pid, &status, 0);
    return status;
}

static int setuid_ends_it(void) {
    if (prctl(PR_GET_DUMPABLE) != 1 || setuid(1000) != 0 || prctl(PR_GET_DUMPABLE) != 0)
        return 1;
    execl("/proc/self/exe", "prctl", "exec", NULL);
    return 2;
}

static int not_dumpable_is_hidden(void) {
    static char byte;
    pid_t parent = getpid(), child;
    int status;
    if (setgid(1000) || setuid(1000) || prctl(PR_SET_DUMPABLE, 1))
        return 1;
    child = fork();
    if (child == 0) {
        char name[64];
        sprintf(name, "/proc/%d/environ", parent);
        int fd = open(name, O_RDONLY);
        _exit(fd >= 0 && read(fd, &byte, 1) >= 0 ? 0 : 1);
    }
    waitpid(child, &status, 0);
    if (status != 0)
        return 2;
    prctl(PR_SET_DUMPABLE, 0);
    child = fork();
    if (child == 0) {
        unsigned long word;
        struct { void *at; size_t size; } own = {&word, 8}, other = {&word, 8};
        _exit(syscall(SYS_process_vm_readv, parent, &own, 1, &other, 1, 0) == -1 && errno == EPERM ? 0 : 1);
    }
    waitpid(child, &status, 0);
    return status ? 3 : 0;
}

static void test_dumpable(void) {
    section = "dumpable";
    IS(prctl(PR_GET_DUMPABLE), 1);
    OK(prctl(PR_SET_DUMPABLE, 0));
    IS(prctl(PR_GET_DUMPABLE), 0);
    OK(prctl(PR_SET_DUMPABLE, 1));
    IS(prctl(PR_GET_DUMPABLE), 1);
    FAILS(prctl(PR_SET_DUMPABLE, 2), EINVAL);
    FAILS(prctl(PR_SET_DUMPABLE, 3), EINVAL);
    IS(in_child(setuid_ends_it), 0);
    IS(in_child(not_dumpable_is_hidden), 0);
}

static int keeps(void) {
    uint32_t head[2] = {0x20080522, 0}, data[6];
    if (prctl(PR_SET_KEEPCAPS, 1) || prctl(PR_GET_KEEPCAPS) != 1 || setresuid(1000, 1000, 1000))
        return 1;
    if (syscall(SYS_capget, head, data) || data[0] != 0 || data[1] == 0)
        return 2;
    return 0;
}

static int locked(void) {
    if (prctl(PR_SET_SECUREBITS, 0x20) || prctl(PR_GET_SECUREBITS) != 0x20) /* keep-caps locked off */
        return 1;
    if (prctl(PR_SET_KEEPCAPS, 1) != -1 || errno != EPERM)
        return 2;
    if (prctl(PR_SET_SECUREBITS, 0) != -1 || errno != EPERM)
        return 3;
    if (prctl(PR_SET_SECUREBITS, 0x2c) || prctl(PR_GET_SECUREBITS) != 0x2c)
        return 4;
    return prctl(PR_SET_SECUREBITS, 0x100) == -1 && errno == EPERM ? 0 : 5;
}

static int no_fixup(void) {
    uint32_t head[2] = {0x20080522, 0}, data[6];
    if (prctl(PR_SET_SECUREBITS, 4) || setresuid(1000, 1000, 1000))
        return 1;
    return syscall(SYS_capget, head, data) || data[0] == 0 ? 2 : 0;
}

static int bounding(void) {
    if (prctl(PR_CAPBSET_READ, 7) != 1 || prctl(PR_CAPBSET_DROP, 7) || prctl(PR_CAPBSET_READ, 7) != 0)
        return 1;
    if (prctl(PR_CAPBSET_DROP, 64) != -1 || errno != EINVAL)
        return 2;
    setuid(1000);
    return prctl(PR_CAPBSET_DROP, 8) == -1 && errno == EPERM ? 0 : 3;
}

static int ambient(void) {
    uint32_t head[2] = {0x20080522, 0}, data[6];
    if (prctl(PR_CAP_AMBIENT, 2, 7, 0, 0) != -1 || errno != EPERM) /* not inheritable */
        return 1;
    syscall(SYS_capget, head, data);
    data[2] |= 1u << 7;
    if (syscall(SYS_capset, head, data) || prctl(PR_CAP_AMBIENT, 2, 7, 0, 0) || prctl(PR_CAP_AMBIENT, 1, 7, 0, 0) != 1)
        return 2;
    if (prctl(PR_CAP_AMBIENT, 3, 7, 0, 0) || prctl(PR_CAP_AMBIENT, 1, 7, 0, 0) != 0 || prctl(PR_CAP_AMBIENT, 4, 0, 0, 0))
        return 3;
    return prctl(PR_CAP_AMBIENT, 9, 7, 0, 0) == -1 && errno == EINVAL ? 0 : 4;
}

static void test_capabilities(void) {
    section = "capabilities";
    IS(prctl(PR_GET_KEEPCAPS), 0);
    IS(prctl(PR_GET_SECUREBITS), 0);
    FAILS(prctl(PR_SET_KEEPCAPS, 2), EINVAL);
    FAILS(prctl(PR_CAPBSET_READ, 64), EINVAL);
    FAILS(prctl(PR_CAP_AMBIENT, 1, 64, 0, 0), EINVAL);
    FAILS(prctl(PR_CAP_AMBIENT, 4, 1, 0, 0), EINVAL);
    IS(in_child(keeps), 0);
    IS(in_child(locked), 0);
    IS(in_child(no_fixup), 0);
    IS(in_child(bounding), 0);
    IS(in_child(ambient), 0);
}

static int unprivileged(void) {
    setuid(1000);
    if (prctl(PR_SET_MM, 8, &unprivileged, 0, 0) != -1 || errno != EPERM)
        return 1;
    return prctl(57, 1, 0, 0, 0) == -1 && errno == EPERM ? 0 : 2;
}

static int inherited_slack(void) {
    return prctl(PR_GET_TIMERSLACK) == 12345 && prctl(PR_SET_TIMERSLACK, 1) == 0 && prctl(PR_SET_TIMERSLACK, 0) == 0 &&
           prctl(PR_GET_TIMERSLACK) == 12345 ? 0 : 1;
}

static void test_settings(void) {
    section = "settings";
    int n = -1;
    IS(prctl(PR_GET_TIMING), 0);
    OK(prctl(PR_SET_TIMING, 0));
    FAILS(prctl(PR_SET_TIMING, 1), EINVAL);
    OK(prctl(PR_GET_TSC, &n));
    TRUE(n == 1);
    OK(prctl(PR_SET_TSC, 1));
    FAILS(prctl(PR_SET_TSC, 3), EINVAL);
    IS(prctl(PR_GET_TIMERSLACK), 50000);
    OK(prctl(PR_SET_TIMERSLACK, 12345));
    IS(in_child(inherited_slack), 0);
    OK(prctl(PR_SET_TIMERSLACK, 0));
    IS(prctl(PR_GET_TIMERSLACK), 50000);
    IS(prctl(PR_MCE_KILL_GET, 0, 0, 0, 0), 2);
    OK(prctl(PR_MCE_KILL, 1, 1, 0, 0));
    IS(prctl(PR_MCE_KILL_GET, 0, 0, 0, 0), 1);
    OK(prctl(PR_MCE_KILL, 1, 0, 0, 0));
    IS(prctl(PR_MCE_KILL_GET, 0, 0, 0, 0), 0);
    OK(prctl(PR_MCE_KILL, 0, 0, 0, 0));
    IS(prctl(PR_MCE_KILL_GET, 0, 0, 0, 0), 2);
    FAILS(prctl(PR_MCE_KILL, 0, 1, 0, 0), EINVAL);
    FAILS(prctl(PR_MCE_KILL, 1, 3, 0, 0), EINVAL);
    FAILS(prctl(PR_MCE_KILL_GET, 1, 0, 0, 0), EINVAL);
    IS(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0), 0);
    OK(prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0));
    IS(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0), 1);
    OK(prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0));
    FAILS(prctl(PR_GET_THP_DISABLE, 1, 0, 0, 0), EINVAL);
    OK(prctl(PR_GET_SPECULATION_CTRL, 0, 0, 0, 0));
    OK(prctl(PR_GET_SPECULATION_CTRL, 1, 0, 0, 0));
    FAILS(prctl(PR_GET_SPECULATION_CTRL, 9, 0, 0, 0), ENODEV);
    FAILS(prctl(PR_GET_SPECULATION_CTRL, 0, 1, 0, 0), EINVAL);
    FAILS(prctl(PR_SET_SPECULATION_CTRL, 9, 2, 0, 0), ENODEV);
    if (prctl(58, 0, 0, 0, 0) == -1 && errno == EPERM) /* root without CAP_SYS_RESOURCE */
        return;
    IS(prctl(58, 0, 0, 0, 0), 0);
    OK(prctl(57, 1, 0, 0, 0));
    IS(prctl(58, 0, 0, 0, 0), 1);
    OK(prctl(57, 0, 0, 0, 0));
    FAILS(prctl(57, 2, 0, 0, 0), EINVAL);
    FAILS(prctl(58, 1, 0, 0, 0), EINVAL);
    IS(in_child(unprivileged), 0);
}

static void test_others(void) {
    section = "others";
    int n = -1;
    FAILS(prctl(PR_SET_PDEATHSIG, 65), EINVAL);
    OK(prctl(PR_SET_PDEATHSIG, SIGUSR1));
    OK(prctl(PR_GET_PDEATHSIG, &n));
    TRUE(n == SIGUSR1);
    OK(prctl(PR_SET_PDEATHSIG, 0));
    FAILS(prctl(12345), EINVAL);
    FAILS(prctl(PR_GET_UNALIGN, &n), EINVAL);
    FAILS(prctl(PR_GET_ENDIAN, &n), EINVAL);
}

static void test_memory(char **argv) {
    section = "memory";
    static char title[] = "a new title";
    char got[64] = {0};
    if (prctl(58, 0, 0, 0, 0) == -1 && errno == EPERM)
        return;
    FAILS(prctl(PR_SET_MM, 8, 0, 0, 0), EINVAL);
    FAILS(prctl(PR_SET_MM, 8, title, 1, 0), EINVAL);
    FAILS(prctl(PR_SET_MM, 99, title, 0, 0), EINVAL);
    TRUE(prctl(PR_SET_MM, 9, title + sizeof title, 0, 0) == 0 || prctl(PR_SET_MM, 8, title, 0, 0) == 0);
    prctl(PR_SET_MM, 8, title, 0, 0);
    prctl(PR_SET_MM, 9, title + sizeof title, 0, 0);
    int fd = open("/proc/self/cmdline", O_RDONLY);
    read(fd, got, sizeof got - 1);
    TRUE(strcmp(got, title) == 0);
    close(fd);
}

static char text[8192];

static const char *read_all(const char *name) {
    int fd = open(name, O_RDONLY);
    ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    text[size > 0 ? size : 0] = 0;
    close(fd);
    return text;
}

static int has_line(const char *name) {
    char wanted[64];
    sprintf(wanted, "\n%s:\t", name);
    return strstr(text, wanted) != NULL;
}

static void put(const char *name, const char *value, int error) {
    int fd = open(name, O_WRONLY);
    if (error)
        FAILS(write(fd, value, strlen(value)), error);
    else
        IS(write(fd, value, strlen(value)), strlen(value));
    close(fd);
}

static const char *info(int fd) {
    char name[64];
    sprintf(name, "/proc/self/fdinfo/%d", fd);
    return read_all(name);
}

static void test_proc(void) {
    section = "proc";
    static const char *const lines[] = {
        "Umask", "State", "Tgid", "Ngid", "Pid", "PPid", "TracerPid", "Uid", "Gid", "FDSize", "Groups", "NStgid", "NSpid",
        "NSpgid", "NSsid", "VmPeak", "VmSize", "VmLck", "VmPin", "VmHWM", "VmRSS", "RssAnon", "RssFile", "RssShmem", "VmData",
        "VmStk", "VmExe", "VmLib", "VmPTE", "VmSwap", "HugetlbPages", "CoreDumping", "THP_enabled", "Threads", "SigQ", "SigPnd",
        "ShdPnd", "SigBlk", "SigIgn", "SigCgt", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp",
        "Cpus_allowed", "Cpus_allowed_list", "Mems_allowed_list", "voluntary_ctxt_switches", "nonvoluntary_ctxt_switches",
    };
    umask(027);
    read_all("/proc/self/status");
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        TRUE(has_line(lines[i]));
        if (!has_line(lines[i]))
            printf("no %s\n", lines[i]);
    }
    TRUE(strstr(text, "\nUmask:\t0027\n") != NULL);
    prctl(PR_SET_TIMERSLACK, 777);
    TRUE(strcmp(read_all("/proc/self/timerslack_ns"), "777\n") == 0);
    put("/proc/self/timerslack_ns", "888", 0);
    IS(prctl(PR_GET_TIMERSLACK), 888);
    put("/proc/self/timerslack_ns", "x", EINVAL);
    put("/proc/self/timerslack_ns", "0", 0);
    IS(prctl(PR_GET_TIMERSLACK), 50000);
    TRUE(strcmp(read_all("/proc/self/personality"), "00000000\n") == 0);
    char name[64], want[64];
    pid_t child = fork();
    if (child == 0) {
        pause();
        _exit(0);
    }
    sprintf(name, "/proc/self/task/%d/children", getpid());
    sprintf(want, "%d ", child);
    TRUE(strcmp(read_all(name), want) == 0);
    int pidfd = (int)syscall(SYS_pidfd_open, child, 0);
    sprintf(want, "Pid:\t%d\n", child);
    TRUE(strstr(info(pidfd), want) != NULL);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    TRUE(strstr(info(pidfd), "Pid:\t-1\n") != NULL);
    TRUE(strcmp(read_all(name), "") == 0);
    close(pidfd);
}

static void test_fdinfo(void) {
    section = "fdinfo";
    char want[64];
    int event = eventfd(42, 0);
    TRUE(strstr(info(event), "eventfd-count:               2a\n") != NULL);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    int signals = signalfd(-1, &set, 0);
    TRUE(strstr(info(signals), "sigmask:\t0000000000000200\n") != NULL);
    int timer = timerfd_create(CLOCK_MONOTONIC, 0);
    struct itimerspec value = {.it_interval = {7, 5}, .it_value = {100, 0}};
    timerfd_settime(timer, 0, &value, NULL);
    TRUE(strstr(info(timer), "clockid: 1\nticks: 0\nsettime flags: 00\n") != NULL);
    TRUE(strstr(text, "it_interval: (7, 5)\n") != NULL && strstr(text, "it_value: (9") != NULL); /* 90 to 99 s left */
    int poller = epoll_create1(0);
    struct epoll_event watch = {.events = EPOLLIN, .data.u64 = 0xabc};
    epoll_ctl(poller, EPOLL_CTL_ADD, event, &watch);
    sprintf(want, "tfd: %8d events: %8x data: %16llx ", event, EPOLLIN | EPOLLERR | EPOLLHUP, 0xabcull);
    TRUE(strstr(info(poller), want) != NULL);
    int watcher = inotify_init();
    inotify_add_watch(watcher, "/proc", IN_OPEN);
    TRUE(strstr(info(watcher), "inotify wd:1 ino:") != NULL);
    TRUE(strstr(text, "pos:\t0\nflags:\t0") != NULL && strstr(text, "mnt_id:\t") != NULL);
}

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "exec") == 0)
        return prctl(PR_GET_DUMPABLE) != 1;
    test_dumpable();
    test_capabilities();
    test_settings();
    test_others();
    test_proc();
    test_fdinfo();
    test_memory(argv);
    return checks_end();
}
