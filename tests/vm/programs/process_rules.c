/* Making and awaiting processes, by the letter: every clone3 argument, every option of waitid, whose child a child is,
 * orphaned process groups. "ok NAME" or "not ok NAME (errno N)" a line; the same on Linux. As root. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/vm/programs/states.h"
#include "tests/vm/programs/truths.h"

#define CLONE3 435 /* asm/unistd_64.h */
#define PIDFD_OPEN 434
#define WNOTHREAD 0x20000000 /* linux/wait.h: __WNOTHREAD, __WALL, __WCLONE */
#define WALL 0x40000000
#define WCLONE 0x80000000
#define CLEAR_SIGHAND 0x100000000ull
#define INTO_CGROUP 0x200000000ull
#define PIDFD 3 /* P_PIDFD */

static long fails_with(long result, int error) {
    return result == -1 && errno == error;
}

static void nothing(int number) {
    (void)number;
}

static void set_handler(int number, void (*handler)(int), int flags) {
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
    sigaction(number, &action, NULL);
}

static void sleep_ms(int ms) {
    poll(NULL, 0, ms);
}

/* ---- clone3 ---- */

struct arguments { /* struct clone_args, and something that no kernel knows */
    uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup;
    uint64_t unknown[4];
};
#define KNOWN (11 * sizeof(uint64_t))

/* The child ends at once with `status`; returns clone3's result. */
static long clone3(struct arguments *arguments, size_t size, int status) {
    long pid = syscall(CLONE3, arguments, size);
    if (pid == 0)
        _exit(status);
    return pid;
}

static int ends_with(long pid, int status) {
    int got = -1;
    return pid > 0 && waitpid(pid, &got, WALL) == pid && WIFEXITED(got) && WEXITSTATUS(got) == status;
}

static void clone3_sizes(void) {
    struct arguments a = {.exit_signal = SIGCHLD};
    check("first version's size", ends_with(clone3(&a, 64, 1), 1));
    check("second version's size", ends_with(clone3(&a, 80, 2), 2));
    check("a size between versions", ends_with(clone3(&a, 72, 3), 3));
    check("a longer structure", ends_with(clone3(&a, sizeof a, 4), 4));
    a.unknown[3] = 1;
    check("that asks for something unknown", fails_with(clone3(&a, sizeof a, 0), E2BIG));
    check("too short", fails_with(clone3(&a, 56, 0), EINVAL));
    check("too long", fails_with(clone3(&a, 4097, 0), E2BIG));
    check("not there", fails_with(clone3((void *)8, 64, 0), EFAULT));
}

static long refused(struct arguments arguments, int error) {
    return fails_with(clone3(&arguments, KNOWN, 0), error);
}

static void clone3_refusals(void) {
    static char stack[4096];
    uintptr_t low = (uintptr_t)stack;
    check("exit signal in the flags", refused((struct arguments){.flags = SIGCHLD}, EINVAL));
    check("CLONE_DETACHED", refused((struct arguments){.flags = 0x400000}, EINVAL));
    check("unknown flag", refused((struct arguments){.flags = 1ull << 40}, EINVAL));
    check("exit signal 65", refused((struct arguments){.exit_signal = 65}, EINVAL));
    check("exit signal beyond a byte", refused((struct arguments){.exit_signal = 1ull << 32}, EINVAL));
    check("exit signal of a sibling", refused((struct arguments){.flags = CLONE_PARENT, .exit_signal = SIGCHLD}, EINVAL));
    check("stack without size", refused((struct arguments){.stack = low}, EINVAL));
    check("size without stack", refused((struct arguments){.stack_size = 4096}, EINVAL));
    check("stack beyond memory", refused((struct arguments){.stack = low, .stack_size = 1ull << 63}, EINVAL));
    check("handlers shared and cleared", refused((struct arguments){.flags = CLONE_VM | CLONE_SIGHAND | CLEAR_SIGHAND}, EINVAL));
    check("handlers without memory", refused((struct arguments){.flags = CLONE_SIGHAND}, EINVAL));
    check("thread without handlers", refused((struct arguments){.flags = CLONE_VM | CLONE_THREAD}, EINVAL));
    check("new file systems shared", refused((struct arguments){.flags = CLONE_FS | CLONE_NEWNS}, EINVAL));
    check("no control group", refused((struct arguments){.flags = INTO_CGROUP, .cgroup = 1000}, EBADF));
}

static void clone3_clear_handlers(void) {
    struct arguments a = {.flags = CLEAR_SIGHAND, .exit_signal = SIGCHLD};
    struct sigaction now;

    set_handler(SIGUSR1, nothing, 0);
    set_handler(SIGUSR2, SIG_IGN, 0);
    long pid = syscall(CLONE3, &a, KNOWN);
    if (pid == 0) {
        sigaction(SIGUSR1, NULL, &now);
        int good = now.sa_handler == SIG_DFL;
        sigaction(SIGUSR2, NULL, &now);
        _exit(good && now.sa_handler == SIG_IGN ? 7 : 8);
    }
    check("CLONE_CLEAR_SIGHAND", ends_with(pid, 7));
    sigaction(SIGUSR1, NULL, &now);
    check("and not the parent's", now.sa_handler == nothing);
    set_handler(SIGUSR1, SIG_DFL, 0);
    set_handler(SIGUSR2, SIG_DFL, 0);
}

static void clone3_numbers(void) {
    int32_t wanted = 0;
    struct arguments a = {.exit_signal = SIGCHLD, .set_tid = (uintptr_t)&wanted, .set_tid_size = 1};
    long pid = fork();
    if (pid == 0)
        _exit(0);
    waitpid(pid, NULL, 0);
    wanted = pid;
    check("a number of one's choice", clone3(&a, KNOWN, 5) == pid && ends_with(pid, 5));
    wanted = getpid();
    check("one that is in use", refused(a, EEXIST));
    wanted = 0;
    check("no number", refused(a, EINVAL));
    wanted = 5000000;
    check("one that cannot be", refused(a, EINVAL));
    wanted = pid;
    a.set_tid_size = 2;
    check("more than there are namespaces", refused(a, EINVAL));
    a.set_tid_size = 0;
    check("numbers without count", refused(a, EINVAL));
    a.set_tid_size = 1;
    a.set_tid = 8;
    check("numbers that are not there", refused(a, EFAULT));
    a.set_tid = (uintptr_t)&wanted;
    if ((pid = fork()) == 0)
        _exit(setresuid(1000, 1000, 1000) == 0 && refused(a, EPERM) ? 9 : 1);
    check("only with privileges", ends_with(pid, 9));
}

/* ---- waiting ---- */

static pid_t child_that(int (*does)(void)) {
    pid_t pid = fork();
    if (pid == 0)
        _exit(does());
    return pid;
}

static int waits(void) {
    for (;;)
        pause();
}

static int ends(void) {
    return 3;
}

static void waitid_states(void) {
    siginfo_t info;
    pid_t pid = child_that(waits);

    memset(&info, 0xff, sizeof info);
    check("nothing yet", waitid(P_PID, pid, &info, WEXITED | WNOHANG) == 0 && info.si_pid == 0 && info.si_signo == 0);
    kill(pid, SIGSTOP);
    check("WNOWAIT leaves a stop", waitid(P_PID, pid, &info, WSTOPPED | WNOWAIT) == 0 && info.si_code == CLD_STOPPED);
    check("stop", waitid(P_PID, pid, &info, WSTOPPED) == 0 && info.si_code == CLD_STOPPED && info.si_status == SIGSTOP &&
                      info.si_pid == pid && info.si_uid == getuid() && info.si_signo == SIGCHLD);
    check("once", waitid(P_PID, pid, &info, WSTOPPED | WNOHANG) == 0 && info.si_pid == 0);
    kill(pid, SIGCONT);
    check("WNOWAIT leaves a continuation", waitid(P_PID, pid, &info, WCONTINUED | WNOWAIT) == 0 && info.si_code == CLD_CONTINUED);
    check("continuation", waitid(P_PID, pid, &info, WCONTINUED) == 0 && info.si_status == SIGCONT);
    check("only what was asked for", waitid(P_PID, pid, &info, WCONTINUED | WSTOPPED | WNOHANG) == 0 && info.si_pid == 0);
    kill(pid, SIGTERM);
    check("WNOWAIT leaves a zombie", waitid(P_PID, pid, &info, WEXITED | WNOWAIT) == 0 && info.si_code == CLD_KILLED);
    check("not a stop", waitid(P_PID, pid, &info, WSTOPPED | WCONTINUED | WNOHANG) == 0 || errno == ECHILD);
    check("end by a signal", waitid(P_PID, pid, &info, WEXITED) == 0 && info.si_code == CLD_KILLED && info.si_status == SIGTERM);
    check("gone", fails_with(waitid(P_PID, pid, &info, WEXITED), ECHILD));
}

static void waitid_arguments(void) {
    siginfo_t info;
    pid_t pid = child_that(ends);

    check("no state asked for", fails_with(waitid(P_PID, pid, &info, WNOHANG), EINVAL));
    check("unknown option", fails_with(waitid(P_PID, pid, &info, WEXITED | 0x10), EINVAL));
    check("unknown kind", fails_with(waitid(17, pid, &info, WEXITED), EINVAL));
    check("process 0", fails_with(waitid(P_PID, 0, &info, WEXITED), EINVAL));
    check("negative group", fails_with(waitid(P_PGID, -1, &info, WEXITED), EINVAL));
    check("wait4 of process INT_MIN", fails_with(wait4(-2147483647 - 1, NULL, 0, NULL), ESRCH));
    check("wait4 takes no WNOWAIT", fails_with(wait4(pid, NULL, WNOWAIT, NULL), EINVAL));
    check("another group", fails_with(waitid(P_PGID, pid, &info, WEXITED), ECHILD));
    check("own group", waitid(P_PGID, 0, &info, WEXITED) == 0 && info.si_pid == pid && info.si_status == 3);
    check("nobody", fails_with(waitid(P_ALL, 0, &info, WEXITED), ECHILD));
}

static void waitid_pidfd(void) {
    siginfo_t info;
    pid_t pid = child_that(waits);
    int fd = syscall(PIDFD_OPEN, pid, O_NONBLOCK);

    check("does not block", fails_with(waitid(PIDFD, fd, &info, WEXITED), EAGAIN));
    kill(pid, SIGKILL);
    struct pollfd wait = {fd, POLLIN};
    check("readable at the end", poll(&wait, 1, 60000) == 1 && wait.revents == POLLIN);
    check("waitid of a pidfd", waitid(PIDFD, fd, &info, WEXITED) == 0 && info.si_pid == pid && info.si_status == SIGKILL);
    check("once", fails_with(waitid(PIDFD, fd, &info, WEXITED), ECHILD));
    close(fd);
    check("closed", fails_with(waitid(PIDFD, fd, &info, WEXITED), EBADF));
    check("negative", fails_with(waitid(PIDFD, -1, &info, WEXITED), EINVAL));
}

/* A child that sends something else than SIGCHLD, or nothing, is awaited only by those who ask for it. */
static void clone_children(void) {
    static const int signals[] = {0, SIGUSR1, 100};
    set_handler(SIGUSR1, nothing, 0);
    for (unsigned i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        pid_t pid = syscall(SYS_clone, signals[i], 0, 0, 0, 0);
        if (pid == 0)
            _exit(6);
        int status;
        check("not by waitpid", fails_with(waitpid(pid, &status, 0), ECHILD));
        check("by __WALL", waitpid(pid, &status, WALL | WNOHANG) >= 0);
        check("by __WCLONE", waitpid(pid, &status, WCLONE) == pid || errno == ECHILD);
    }
    pid_t pid = child_that(ends);
    check("__WCLONE is not for ordinary ones", fails_with(waitpid(pid, NULL, WCLONE), ECHILD));
    check("they are awaited as ever", ends_with(pid, 3));
    set_handler(SIGUSR1, SIG_DFL, 0);
}

/* ---- whose child ---- */

static int from_thread[2], to_thread[2];

static void *thread_with_child(void *does) {
    char byte;
    pid_t pid = child_that((int (*)(void))does);
    write(from_thread[1], &pid, sizeof pid);
    read(to_thread[0], &byte, 1);
    return waitpid(pid, NULL, WNOTHREAD | WNOHANG) >= 0 ? (void *)1 : NULL;
}

static pid_t start_thread(pthread_t *thread, int (*does)(void)) {
    pid_t pid = 0;
    pthread_create(thread, NULL, thread_with_child, (void *)does);
    read(from_thread[0], &pid, sizeof pid);
    return pid;
}

static int end_thread(pthread_t thread) {
    void *result;
    write(to_thread[1], "", 1);
    pthread_join(thread, &result);
    return result != NULL;
}

static int told;
static int dies_with_its_thread(void) {
    sigset_t set;
    siginfo_t info;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    prctl(PR_SET_PDEATHSIG, SIGUSR1);
    write(told, "", 1);
    struct timespec limit = {60, 0};
    return sigtimedwait(&set, &info, &limit) == SIGUSR1 && info.si_code == SI_USER ? 4 : 5;
}

/* A thread that was joined may still be on its way out. */
static int becomes_ours(pid_t pid) {
    for (int i = 0; i < 60000; i++) {
        if (waitpid(pid, NULL, WNOTHREAD | WNOHANG) == 0)
            return 1;
        sleep_ms(1);
    }
    return 0;
}

static void children_of_threads(void) {
    pthread_t thread;
    int ready[2];
    char byte;
    pipe(from_thread);
    pipe(to_thread);
    pid_t pid = start_thread(&thread, waits);
    check("__WNOTHREAD: not another thread's child", fails_with(waitpid(pid, NULL, WNOTHREAD | WNOHANG), ECHILD));
    check("without it, all are ours", waitpid(pid, NULL, WNOHANG) == 0);
    check("its own thread's", end_thread(thread));
    check("a thread leaves its children to another", becomes_ours(pid));
    kill(pid, SIGKILL);
    check("which awaits them", waitpid(pid, NULL, WNOTHREAD) == pid);

    pipe(ready);
    told = ready[1];
    pid = start_thread(&thread, dies_with_its_thread);
    read(ready[0], &byte, 1);
    end_thread(thread);
    check("PR_SET_PDEATHSIG: the end of the thread that made it", ends_with(pid, 4));
}

static int makes_a_sibling(void) {
    pid_t pid = syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);
    if (pid == 0)
        _exit(11);
    return fails_with(waitpid(pid, NULL, 0), ECHILD) ? 10 : 1;
}

static void siblings(void) {
    int status[2], sum = 0;
    pid_t pid = child_that(makes_a_sibling);
    pid_t first = wait(&status[0]), second = wait(&status[1]);
    if (first > 0 && second > 0)
        sum = WEXITSTATUS(status[0]) + WEXITSTATUS(status[1]);
    check("CLONE_PARENT", (first == pid || second == pid) && sum == 21);
}

/* ---- orphaned process groups ---- */

static volatile int hung_up, continued;
static void note_signal(int number) {
    hung_up |= number == SIGHUP;
    continued |= number == SIGCONT;
}

static int to_parent;

/* In a group of its own, whose only tie to the session is the parent that is about to end. */
static void orphan(int stops) {
    char answer = 'n';
    setpgid(0, 0);
    set_handler(SIGHUP, note_signal, 0);
    set_handler(SIGCONT, note_signal, 0);
    write(to_parent, "r", 1);
    if (stops) {
        raise(SIGSTOP);
        answer = hung_up && continued ? 'y' : 'n';
    } else {
        while (getppid() != 1)
            sleep_ms(5);
        raise(SIGTSTP); /* nobody could continue it */
        raise(SIGTTIN);
        answer = !hung_up && !continued ? 'y' : 'n';
    }
    write(to_parent, &answer, 1);
    _exit(0);
}

static int orphaned_group(int stops) {
    int ready[2];
    char answer = 0;
    pipe(ready);
    to_parent = ready[1];
    pid_t leader = fork();
    if (leader == 0) {
        setsid();
        pid_t parent = fork();
        if (parent == 0) {
            pid_t pid = fork();
            if (pid == 0)
                orphan(stops);
            waitpid(pid, NULL, WUNTRACED | (stops ? 0 : WNOHANG));
            _exit(0);
        }
        waitpid(parent, NULL, 0);
        _exit(0);
    }
    close(ready[1]);
    read(ready[0], &answer, 1);
    struct pollfd wait = {ready[0], POLLIN};
    int good = poll(&wait, 1, 60000) == 1 && read(ready[0], &answer, 1) == 1 && answer == 'y';
    waitpid(leader, NULL, 0);
    close(ready[0]);
    return good;
}

/* ---- killed while others wait ---- */

static int escapes[2];

static void *waits_for_nothing(void *argument) {
    poll(NULL, 0, -1);
    write(escapes[1], "e", 1); /* with EINTR, although the process ends */
    return NULL;
}

static int is_killed(void) {
    pthread_t thread;
    for (int i = 0; i < 4; i++)
        pthread_create(&thread, NULL, waits_for_nothing, NULL);
    sleep_ms(2);
    write(told, "r", 1);
    for (;;)
        ;
}

static int nobody_escapes(void) {
    struct pollfd escaped;
    int ready[2], rounds = 60;
    char byte;
    pipe(escapes);
    pipe(ready);
    told = ready[1];
    while (rounds-- > 0) {
        pid_t pid = child_that(is_killed);
        read(ready[0], &byte, 1);
        kill(pid, SIGTERM);
        waitpid(pid, NULL, 0);
    }
    escaped = (struct pollfd){escapes[0], POLLIN};
    return poll(&escaped, 1, 0) == 0;
}

static int awaited; /* and not blocked, unless `awaits_blocked` */
static int awaits_blocked;

static int awaits(void) {
    sigset_t set;
    int got;
    sigemptyset(&set);
    sigaddset(&set, awaited);
    sigprocmask(awaits_blocked ? SIG_BLOCK : SIG_UNBLOCK, &set, NULL);
    sigset_t last;
    sigemptyset(&last);
    sigaddset(&last, SIGIO);
    sigaddset(&set, SIGIO);
    sigprocmask(SIG_BLOCK, &last, NULL);
    return sigwait(&set, &got) == 0 ? got : 0;
}

/* How a process ends that is sent the signal it waits for. */
static int end_of_waiter(int signal, int blocked) {
    int status = 0;
    awaited = signal;
    awaits_blocked = blocked;
    pid_t pid = child_that(awaits);
    int asleep = until_asleep(pid);
    kill(pid, signal);
    kill(pid, SIGIO); /* the higher number: taken only if the first is not */
    waitpid(pid, &status, 0);
    return asleep ? status : -1;
}

static void awaited_signals(void) {
    int ended = end_of_waiter(SIGALRM, 0), took = end_of_waiter(SIGALRM, 1), dumping = end_of_waiter(SIGABRT, 0),
        ignored = end_of_waiter(SIGURG, 0);
    check("a signal that is not blocked ends a process that waits for it", WIFSIGNALED(ended) && WTERMSIG(ended) == SIGALRM);
    check("one that is blocked is taken", WIFEXITED(took) && WEXITSTATUS(took) == SIGALRM);
    check("one that dumps memory is taken", WIFEXITED(dumping) && WEXITSTATUS(dumping) == SIGABRT);
    check("one that is ignored is not", WIFEXITED(ignored) && WEXITSTATUS(ignored) == SIGIO);
}

int main(void) {
    clone3_sizes();
    clone3_refusals();
    clone3_clear_handlers();
    clone3_numbers();
    waitid_states();
    waitid_arguments();
    waitid_pidfd();
    clone_children();
    children_of_threads();
    siblings();
    check("a stopped group is told when it becomes an orphan", orphaned_group(1));
    check("the terminal does not stop orphans", orphaned_group(0));
    check("no thread returns to a program that was killed", nobody_escapes());
    awaited_signals();
    return failures != 0;
}
