/*
 * Other processes: pidfds (open, CLONE_PIDFD, poll, signals, waitid, getfd), process_vm_readv and writev, kcmp;
 * memory policies of a machine with one node. The same on Linux. One line a check.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/vm/programs/truths.h"

#define SYS_PIDFD_SEND_SIGNAL 424
#define SYS_PIDFD_OPEN 434
#define SYS_CLONE3 435
#define SYS_PIDFD_GETFD 438
#define PIDFD_TYPE 3 /* P_PIDFD */
#define SOON_MS 60000 /* it happens long before, however busy the machine is */

#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x1000
#endif
struct clone_args { /* linux/sched.h */
    uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
};

static int answer(long result) {
    return result < 0 ? errno : 0;
}

static int ready(int fd, int timeout_ms) {
    struct pollfd poll_fd = {fd, POLLIN, 0};
    return poll(&poll_fd, 1, timeout_ms) == 1 && (poll_fd.revents & POLLIN);
}

static pid_t sleeper(void) {
    pid_t child = fork();
    if (child == 0)
        for (;;)
            pause();
    return child;
}

static void pidfds(void) {
    siginfo_t info = {0};
    pid_t child = sleeper();
    int fd = syscall(SYS_PIDFD_OPEN, child, 0);
    check("pidfd_open", fd >= 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC && !ready(fd, 0));
    check("wrong arguments", answer(syscall(SYS_PIDFD_OPEN, child, 1)) == EINVAL && answer(syscall(SYS_PIDFD_OPEN, 0, 0)) == EINVAL &&
          answer(syscall(SYS_PIDFD_OPEN, -1, 0)) == EINVAL && answer(syscall(SYS_PIDFD_OPEN, 4000000, 0)) == ESRCH);
    char byte;
    check("no bytes", answer(read(fd, &byte, 1)) == EINVAL && answer(write(fd, &byte, 1)) == EINVAL);
    check("signal 0", syscall(SYS_PIDFD_SEND_SIGNAL, fd, 0, NULL, 0) == 0);
    check("wrong signals", answer(syscall(SYS_PIDFD_SEND_SIGNAL, fd, 65, NULL, 0)) == EINVAL &&
          answer(syscall(SYS_PIDFD_SEND_SIGNAL, fd, 0, NULL, 16)) == EINVAL && answer(syscall(SYS_PIDFD_SEND_SIGNAL, 0, 0, NULL, 0)) == EBADF);
    char name[32];
    snprintf(name, sizeof name, "/proc/%d", child);
    int directory = open(name, O_RDONLY | O_DIRECTORY), whole = open("/proc", O_RDONLY | O_DIRECTORY);
    check("through /proc/PID", syscall(SYS_PIDFD_SEND_SIGNAL, directory, 0, NULL, 0) == 0 &&
          answer(syscall(SYS_PIDFD_SEND_SIGNAL, whole, 0, NULL, 0)) == EBADF && answer(syscall(SYS_PIDFD_GETFD, directory, 0, 0)) == EBADF);
    close(directory);
    close(whole);
    uint64_t cpus = 0;
    check("affinity of nobody", answer(syscall(SYS_sched_getaffinity, -1, sizeof cpus, &cpus)) == ESRCH &&
          answer(syscall(SYS_sched_setaffinity, -1, sizeof cpus, &cpus)) == ESRCH &&
          answer(syscall(SYS_sched_setaffinity, 0, sizeof cpus, &cpus)) == EINVAL);
    info.si_signo = SIGUSR1;
    info.si_code = SI_USER;
    check("forged", answer(syscall(SYS_PIDFD_SEND_SIGNAL, fd, SIGUSR1, &info, 0)) == EPERM &&
          answer(syscall(SYS_PIDFD_SEND_SIGNAL, fd, SIGUSR2, &info, 0)) == EINVAL);
    check("not ended yet", syscall(SYS_waitid, PIDFD_TYPE, fd, &info, WEXITED | WNOHANG, NULL) == 0 && info.si_pid == 0);
    check("kill", syscall(SYS_PIDFD_SEND_SIGNAL, fd, SIGKILL, NULL, 0) == 0 && ready(fd, SOON_MS));
    check("waitid", syscall(SYS_waitid, PIDFD_TYPE, fd, &info, WEXITED, NULL) == 0 && info.si_pid == child && info.si_status == SIGKILL);
    check("gone", answer(syscall(SYS_PIDFD_SEND_SIGNAL, fd, 0, NULL, 0)) == ESRCH && ready(fd, 0) &&
          answer(syscall(SYS_waitid, PIDFD_TYPE, fd, &info, WEXITED, NULL)) == ECHILD);
    check("waitid of no pidfd", answer(syscall(SYS_waitid, PIDFD_TYPE, 0, &info, WEXITED, NULL)) == EBADF &&
          answer(syscall(SYS_waitid, PIDFD_TYPE, -1, &info, WEXITED, NULL)) == EINVAL);
    close(fd);
    child = sleeper();
    fd = syscall(SYS_PIDFD_OPEN, child, O_NONBLOCK);
    check("waitid that would block", answer(syscall(SYS_waitid, PIDFD_TYPE, fd, &info, WEXITED, NULL)) == EAGAIN);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    close(fd);
}

static void cloned(void) {
    int fd = -1, status;
    struct clone_args args = {.flags = CLONE_PIDFD, .pidfd = (uintptr_t)&fd, .exit_signal = SIGCHLD};
    pid_t child = syscall(SYS_CLONE3, &args, sizeof args);
    if (child == 0)
        _exit(7);
    check("clone3 with CLONE_PIDFD", child > 0 && fd >= 0 && ready(fd, SOON_MS));
    close(fd);
    waitpid(child, &status, 0);
    fd = -1;
    child = syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, 0, &fd, 0, 0);
    if (child == 0)
        _exit(7);
    check("clone with CLONE_PIDFD", child > 0 && fd >= 0 && ready(fd, SOON_MS) && waitpid(child, &status, 0) == child);
    close(fd);
    check("one place for two numbers", answer(syscall(SYS_clone, CLONE_PIDFD | CLONE_PARENT_SETTID | SIGCHLD, 0, &fd, 0, 0)) == EINVAL);
    check("bad address", answer(syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, 0, 8l, 0, 0)) == EFAULT && waitpid(-1, NULL, 0) < 0 && errno == ECHILD);
}

/* Waits until /proc/PID/syscall begins so; false: it cannot be read. */
static int is_in_call(pid_t pid, const char *wanted) {
    char path[32], text[128] = "";
    snprintf(path, sizeof path, "/proc/%d/syscall", pid);
    while (strncmp(text, wanted, strlen(wanted)) != 0) {
        int file = open(path, O_RDONLY);
        ssize_t length = read(file, text, sizeof text - 1);
        close(file);
        if (length <= 0)
            return 0;
        text[length] = 0;
    }
    return 1;
}

static void calls_of_others(void) {
    int ends[2];
    char wanted[64];
    pipe(ends);
    snprintf(wanted, sizeof wanted, "0 0x%x 0x1000 0x1 0x", ends[0]);
    pid_t child = fork();
    if (child == 0)
        _exit(syscall(SYS_read, ends[0], 0x1000l, 1l) != 0);
    check("the call another is in", is_in_call(child, wanted) && is_in_call(getpid(), "0 0x"));
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    close(ends[0]);
    close(ends[1]);
}

/* Which file an epoll watches: two may have had the same descriptor. */
static void watched_files(void) {
    enum { EPOLL_TFD = 7 };
    struct { unsigned epoll, descriptor, skip; } slot = {epoll_create1(0), 77, 0};
    struct epoll_event event = {EPOLLIN};
    int first[2], second[2], self = getpid();
    pipe(first);
    pipe(second);
    dup2(first[0], 77);
    epoll_ctl(slot.epoll, EPOLL_CTL_ADD, 77, &event);
    check("kcmp of a watched file", syscall(SYS_kcmp, self, self, EPOLL_TFD, first[0], &slot) == 0 &&
          syscall(SYS_kcmp, self, self, EPOLL_TFD, second[0], &slot) > 0);
    dup2(second[0], 77);
    epoll_ctl(slot.epoll, EPOLL_CTL_ADD, 77, &event);
    long one = syscall(SYS_kcmp, self, self, EPOLL_TFD, first[0], &slot);
    slot.skip = 1;
    long other = syscall(SYS_kcmp, self, self, EPOLL_TFD, first[0], &slot);
    check("of two with one descriptor", (one == 0) + (other == 0) == 1 && one >= 0 && other >= 0);
    slot.skip = 2;
    check("no third", answer(syscall(SYS_kcmp, self, self, EPOLL_TFD, first[0], &slot)) == ENOENT);
    slot.skip = 0, slot.descriptor = 78;
    check("not watched", answer(syscall(SYS_kcmp, self, self, EPOLL_TFD, first[0], &slot)) == ENOENT &&
          answer(syscall(SYS_kcmp, self, self, EPOLL_TFD, 999, &slot)) == EBADF && answer(syscall(SYS_kcmp, self, self, EPOLL_TFD, first[0], 8l)) == EFAULT);
    close(slot.epoll);
    check("no such epoll", answer(syscall(SYS_kcmp, self, self, EPOLL_TFD, first[0], &slot)) == EBADF);
    slot.epoll = first[0];
    check("not an epoll", answer(syscall(SYS_kcmp, self, self, EPOLL_TFD, first[0], &slot)) == EINVAL);
    const int open_ones[] = {77, first[0], first[1], second[0], second[1]};
    for (int i = 0; i < 5; i++)
        close(open_ones[i]);
}

static void foreign_files(void) {
    int ends[2], to_child[2];
    char byte = 0;
    pipe(ends);
    pipe(to_child);
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        dup2(ends[1], 77);
        write(to_child[1], "x", 1);
        for (;;)
            pause();
    }
    read(to_child[0], &byte, 1);
    int pidfd = syscall(SYS_PIDFD_OPEN, child, 0), fd = syscall(SYS_PIDFD_GETFD, pidfd, 77, 0);
    check("pidfd_getfd", fd >= 0 && write(fd, "y", 1) == 1 && read(ends[0], &byte, 1) == 1 && byte == 'y');
    check("kcmp of files", syscall(SYS_kcmp, getpid(), child, 0, fd, 77) == 0 && syscall(SYS_kcmp, getpid(), child, 0, fd, to_child[0]) > 0);
    check("kcmp of spaces", syscall(SYS_kcmp, getpid(), getpid(), 1, 0, 0) == 0 && syscall(SYS_kcmp, getpid(), child, 1, 0, 0) > 0);
    check("kcmp of nothing", answer(syscall(SYS_kcmp, getpid(), child, 0, 999, 77)) == EBADF && answer(syscall(SYS_kcmp, getpid(), 4000000, 1, 0, 0)) == ESRCH &&
          answer(syscall(SYS_kcmp, getpid(), child, 99, 0, 0)) == EINVAL);
    check("wrong descriptors", answer(syscall(SYS_PIDFD_GETFD, pidfd, 999, 0)) == EBADF && answer(syscall(SYS_PIDFD_GETFD, ends[0], 77, 0)) == EBADF &&
          answer(syscall(SYS_PIDFD_GETFD, pidfd, 77, 1)) == EINVAL);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    check("of a process that is gone", answer(syscall(SYS_PIDFD_GETFD, pidfd, 77, 0)) == ESRCH);
    for (int i = 0; i < 2; i++)
        close(ends[i]), close(to_child[i]);
    close(pidfd);
    close(fd);
}

static void memory(void) {
    char *pages = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char own[8192];
    strcpy(pages, "child's");
    strcpy(pages + 4090, "across");
    munmap(pages + 8192, 4096);
    pid_t child = sleeper();
    strcpy(pages, "ours");
    struct iovec local = {own, 16}, foreign = {pages, 16};
    check("process_vm_readv", process_vm_readv(child, &local, 1, &foreign, 1, 0) == 16 && strcmp(own, "child's") == 0);
    struct iovec parts[2] = {{own, 3}, {own + 100, 4}};
    foreign = (struct iovec){pages + 4090, 7};
    check("in parts", process_vm_readv(child, parts, 2, &foreign, 1, 0) == 7 && memcmp(own, "acr", 3) == 0 && memcmp(own + 100, "oss", 4) == 0);
    strcpy(own, "new");
    foreign = (struct iovec){pages, 4};
    local.iov_len = 4;
    check("process_vm_writev", process_vm_writev(child, &local, 1, &foreign, 1, 0) == 4 && strcmp(pages, "ours") == 0);
    memset(own, 0, sizeof own);
    check("was written", process_vm_readv(child, &local, 1, &foreign, 1, 0) == 4 && strcmp(own, "new") == 0);
    local.iov_len = 8192;
    foreign = (struct iovec){pages + 4096, 8192};
    check("up to what is not there", process_vm_readv(child, &local, 1, &foreign, 1, 0) == 4096);
    foreign.iov_base = pages + 8192;
    check("nothing there", answer(process_vm_readv(child, &local, 1, &foreign, 1, 0)) == EFAULT);
    check("wrong arguments", answer(process_vm_readv(child, &local, 1, &foreign, 1, 1)) == EINVAL &&
          answer(process_vm_readv(4000000, &local, 1, &foreign, 1, 0)) == ESRCH &&
          answer(process_vm_readv(child, &local, 1025, &foreign, 1, 0)) == EINVAL &&
          answer(process_vm_readv(child, (void *)8, 1, &foreign, 1, 0)) == EFAULT && process_vm_readv(child, &local, 0, &foreign, 1, 0) == 0);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

/* Needs root: another user's process. */
static void strangers(void) {
    if (getuid() != 0) {
        check("strangers", 1);
        return;
    }
    pid_t child = sleeper(), stranger = fork();
    int status;
    if (stranger == 0) {
        char own[8];
        struct iovec local = {own, 8}, foreign = {own, 8};
        int fd = syscall(SYS_PIDFD_OPEN, child, 0);
        setresgid(77, 77, 77);
        setresuid(77, 77, 77);
        _exit(answer(process_vm_readv(child, &local, 1, &foreign, 1, 0)) == EPERM && answer(syscall(SYS_kcmp, child, child, 1, 0, 0)) == EPERM &&
              answer(syscall(SYS_PIDFD_GETFD, fd, 0, 0)) == EPERM && answer(syscall(SYS_PIDFD_SEND_SIGNAL, fd, SIGKILL, NULL, 0)) == EPERM ? 0 : 1);
    }
    waitpid(stranger, &status, 0);
    check("strangers", status == 0);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

static void policies(void) {
    unsigned long node0 = 1, nodes[16];
    int mode = -1;
    check("default policy", syscall(SYS_get_mempolicy, &mode, NULL, 0, NULL, 0) == 0 && mode == 0);
    check("bind", syscall(SYS_set_mempolicy, 2, &node0, 64) == 0 && syscall(SYS_get_mempolicy, &mode, nodes, 1024, NULL, 0) == 0 && mode == 2 && nodes[0] == 1);
    check("address", syscall(SYS_get_mempolicy, &mode, NULL, 0, &mode, 3) == 0 && mode == 0 && answer(syscall(SYS_get_mempolicy, &mode, NULL, 0, 8l, 2)) == EFAULT &&
          answer(syscall(SYS_get_mempolicy, &mode, NULL, 0, &mode, 0)) == EINVAL);
    check("allowed nodes", syscall(SYS_get_mempolicy, NULL, nodes, 1024, NULL, 4) == 0 && (nodes[0] & 1));
    check("wrong policies", answer(syscall(SYS_set_mempolicy, 2, NULL, 0)) == EINVAL && answer(syscall(SYS_set_mempolicy, 6 + 9, &node0, 64)) == EINVAL &&
          answer(syscall(SYS_set_mempolicy, 0, &node0, 64)) == EINVAL && answer(syscall(SYS_set_mempolicy, 2, 8l, 64)) == EFAULT);
    check("back to default", syscall(SYS_set_mempolicy, 0, NULL, 0) == 0 && syscall(SYS_get_mempolicy, &mode, nodes, 1024, NULL, 0) == 0 && mode == 0 && nodes[0] == 0);
    char *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    check("mbind", syscall(SYS_mbind, page, 4096, 2, &node0, 64, 0) == 0 && answer(syscall(SYS_mbind, page + 1, 4096, 2, &node0, 64, 0)) == EINVAL &&
          answer(syscall(SYS_mbind, page, 4096, 2, &node0, 64, 8)) == EINVAL && answer(syscall(SYS_mbind, 4096l, 4096, 2, &node0, 64, 0)) == EFAULT);
}

int main(void) {
    pidfds();
    cloned();
    calls_of_others();
    watched_files();
    foreign_files();
    memory();
    strangers();
    policies();
    return failures != 0;
}
