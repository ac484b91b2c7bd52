/* Processes that are made, signalled, waited for and replaced, all at once. */
#include "races.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>

#define MAKERS 4u

/* The child that each maker waits for. */
static _Atomic pid_t victims[MAKERS];
static atomic_bool makers_done;

static void spin_briefly(struct job *job) {
    for (volatile unsigned left = pick(job, 2000); left > 0; left--)
        continue;
}

static pid_t make_child(struct job *job, int code) {
    bool vforked = pick(job, 3) == 0;
    uint32_t kind = pick(job, 4);
    pid_t pid = vforked ? vfork() : fork();
    if (pid != 0)
        return pid;
    if (vforked)
        _exit(code);
    if (kind == 0)
        sched_yield();
    else if (kind == 1)
        nap_us(300);
    else if (kind == 2 && fork() == 0)
        _exit(0); /* an orphan, soon */
    _exit(code);
}

/* Exactly one status for each child: its code, or the signal that only others send. */
static void make_and_wait(struct job *job) {
    while (time_left()) {
        int code = (int)pick(job, 256), status = -1;
        pid_t pid = make_child(job, code);
        CHECK(pid > 0 || errno == EAGAIN);
        if (pid < 0)
            continue;
        atomic_store(&victims[job->index], pid);
        spin_briefly(job);
        pid_t got;
        do
            got = waitpid(pid, &status, pick(job, 3) == 0 ? WUNTRACED | WCONTINUED : 0);
        while (got == pid && (WIFSTOPPED(status) || WIFCONTINUED(status)));
        CHECK(got == pid);
        CHECK((WIFEXITED(status) && WEXITSTATUS(status) == code) || (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));
        CHECK(waitpid(pid, &status, WNOHANG) == -1 && errno == ECHILD);
    }
}

/* A stopped one is always made to go on; one that is waited for has not been buried. */
static void disturb_children(struct job *job) {
    static const int numbers[] = {SIGSTOP, SIGCONT, SIGCONT, SIGURG, SIGKILL, SIGTSTP, SIGCONT, SIGWINCH};
    while (!atomic_load(&makers_done)) {
        for (unsigned i = 0; i < MAKERS; i++) {
            pid_t pid = atomic_load(&victims[i]);
            int number = time_left() ? numbers[pick(job, 8)] : SIGCONT;
            siginfo_t info = {0};
            /* Children of ours only: the number may be somebody else's by now. */
            if (pid > 0 && waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == 0)
                (void)kill(pid, number);
        }
        sched_yield();
    }
}

static atomic_uint makers_left;

static void make_or_disturb(struct job *job) {
    if (job->index >= MAKERS) {
        disturb_children(job);
        return;
    }
    make_and_wait(job);
    if (atomic_fetch_sub(&makers_left, 1) == 1)
        atomic_store(&makers_done, true);
}

void race_processes(void) {
    atomic_store(&makers_left, MAKERS);
    run_threads(MAKERS + 2, make_or_disturb);
}

/* ---- exec and the end of processes with several threads ---- */

static void *stay(void *unused) {
    (void)unused;
    for (;;)
        pause();
}

static void *fork_for_ever(void *unused) {
    (void)unused;
    for (;;) {
        pid_t pid = fork();
        if (pid == 0)
            _exit(0);
        if (pid > 0)
            waitpid(pid, NULL, 0);
    }
}

static void *leave(void *code) {
    _exit((int)(intptr_t)code);
}

static void *change_over(void *code) {
    char number[16];
    snprintf(number, sizeof number, "%d", (int)(intptr_t)code);
    execl("/proc/self/exe", "races", EXEC_WORD, number, NULL);
    _exit(255);
}

/* Several threads want an end of the same process: some by exec, some by exit. All of them mean the same code. */
static void end_somehow(struct job *job, int code) {
    pthread_t thread;
    pthread_create(&thread, NULL, stay, NULL);
    if (pick(job, 2))
        pthread_create(&thread, NULL, fork_for_ever, NULL);
    unsigned ways = 1 + pick(job, 3);
    for (unsigned i = 0; i < ways; i++)
        pthread_create(&thread, NULL, pick(job, 2) ? change_over : leave, (void *)(intptr_t)code);
    (void)(pick(job, 2) ? change_over((void *)(intptr_t)code) : stay(NULL));
}

static void exec_in_turn(struct job *job) {
    while (time_left()) {
        int code = (int)pick(job, 250), status = -1;
        bool kills = pick(job, 4) == 0;
        pid_t pid = fork();
        CHECK(pid >= 0);
        if (pid == 0)
            end_somehow(job, code);
        if (kills) {
            nap_us(pick(job, 3000));
            CHECK(kill(pid, SIGKILL) == 0);
        }
        CHECK(waitpid(pid, &status, 0) == pid);
        CHECK((WIFEXITED(status) && WEXITSTATUS(status) == code) ||
              (kills && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));
    }
}

void race_exec(void) {
    run_processes(3, exec_in_turn);
}

/* ---- /proc ---- */

static _Atomic pid_t shown[4];

static void read_all(const char *path) {
    char text[4096];
    int file = open(path, O_RDONLY | O_NONBLOCK);
    if (file < 0)
        return;
    while (read(file, text, sizeof text) > 0)
        continue;
    close(file);
}

static void read_proc(struct job *job) {
    static const char *const names[] = {"stat", "status", "maps", "cmdline", "environ", "statm", "comm", "fd", "task",
                                        "limits", "wchan", "exe", "cwd", "root", "fdinfo/0", "fd/0", "io", "smaps"};
    char path[64];
    while (time_left())
        for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
            snprintf(path, sizeof path, "/proc/%d/%s", (int)atomic_load(&shown[pick(job, 4)]), names[i]);
            read_all(path);
            char target[256];
            (void)!readlink(path, target, sizeof target);
        }
}

static void live_and_die(struct job *job) {
    while (time_left()) {
        pid_t pid = fork();
        CHECK(pid >= 0);
        if (pid == 0) {
            pthread_t thread;
            pthread_create(&thread, NULL, stay, NULL);
            if (pick(job, 2))
                change_over((void *)(intptr_t)7);
            nap_us(pick(job, 1000));
            _exit(7);
        }
        atomic_store(&shown[job->index], pid);
        int status;
        CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 7);
    }
}

static void read_or_live(struct job *job) {
    if (job->index < 4)
        live_and_die(job);
    else
        read_proc(job);
}

void race_proc(void) {
    for (unsigned i = 0; i < 4; i++)
        atomic_store(&shown[i], getpid());
    run_threads(6, read_or_live);
}
