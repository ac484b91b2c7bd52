/* fork, exit, wait. */
#include "tests/vm/programs/processes/processes.h"

void test_exit_status(void) {
    int status;
    pid_t pid = fork();
    if (pid == 0)
        _exit(300);
    CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 44);
    CHECK(waitpid(-1, &status, 0) == -1 && errno == ECHILD);
    pid = fork();
    if (pid == 0)
        raise(SIGKILL);
    CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

void test_wait_options(void) {
    int status;
    siginfo_t info = {0};
    pid_t pid = fork();
    if (pid == 0) {
        pause();
        _exit(0);
    }
    CHECK(waitpid(pid, &status, WNOHANG) == 0);
    kill(pid, SIGSTOP);
    CHECK(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
    CHECK(waitpid(pid, &status, WUNTRACED | WNOHANG) == 0);
    kill(pid, SIGCONT);
    CHECK(waitpid(pid, &status, WCONTINUED) == pid && WIFCONTINUED(status));
    kill(pid, SIGTERM);
    CHECK(waitid(P_PID, pid, &info, WEXITED | WNOWAIT) == 0);
    CHECK(info.si_signo == SIGCHLD && info.si_pid == pid && info.si_code == CLD_KILLED && info.si_status == SIGTERM);
    CHECK(waitpid(pid, &status, 0) == pid && WTERMSIG(status) == SIGTERM);
}

void test_groups(void) {
    int status;
    pid_t a = fork();
    if (a == 0) {
        setpgid(0, 0);
        pause();
        _exit(0);
    }
    setpgid(a, a);
    pid_t b = fork();
    if (b == 0) {
        setpgid(0, a);
        pause();
        _exit(0);
    }
    setpgid(b, a);
    CHECK(getpgid(b) == a && getpgid(a) == a);
    CHECK(kill(-a, SIGTERM) == 0);
    CHECK(waitpid(-a, &status, 0) > 0 && waitpid(-a, &status, 0) > 0);
    CHECK(waitpid(-a, &status, 0) < 0 && errno == ECHILD);
    CHECK(kill(-a, 0) < 0 && errno == ESRCH);
    pid_t c = fork();
    if (c == 0)
        _exit(setsid() == getpid() && getsid(0) == getpid() && setsid() < 0 && errno == EPERM ? 0 : 1);
    CHECK(waitpid(c, &status, 0) == c && status == 0);
}

void test_orphan(void) {
    int fds[2];
    pid_t parent = 0, status;
    CHECK(pipe(fds) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        if (fork() == 0) {
            while (getppid() != 1)
                sleep_ms(2);
            parent = getppid();
            write(fds[1], &parent, sizeof parent);
            _exit(0);
        }
        _exit(0);
    }
    CHECK(waitpid(pid, &status, 0) == pid);
    CHECK(read(fds[0], &parent, sizeof parent) == sizeof parent && parent == 1);
    close(fds[0]);
    close(fds[1]);
}

void test_vfork(void) {
    volatile int shared = 0;
    int status;
    pid_t pid = vfork();
    if (pid == 0) {
        shared = 1;
        _exit(3);
    }
    CHECK(shared == 1); /* the child ran first, in our memory */
    CHECK(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 3);
}

void test_spawn(void) {
    char *argv[] = {"sh", "-c", "exit 5", NULL};
    int status;
    pid_t pid;
    CHECK(posix_spawn(&pid, "/bin/sh", NULL, NULL, argv, environ) == 0);
    CHECK(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 5);
    argv[0] = "/nonexistent";
    CHECK(posix_spawn(&pid, argv[0], NULL, NULL, argv, environ) == ENOENT);
}

void test_ignored_children(void) {
    int status;
    action(SIGCHLD, SIG_IGN, 0);
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    CHECK(waitpid(pid, &status, 0) == -1 && errno == ECHILD); /* returns once it is gone */
    action(SIGCHLD, SIG_DFL, 0);
}
