/* Pipes and FIFOs. */
#include "tests/vm/programs/files/files.h"

void test_pipes(void) {
    section = "pipes";
    int p[2];
    char buf[8192];
    OK(pipe(p));
    IS(write(p[1], "abc", 3), 3);
    int held = 0;
    OK(ioctl(p[0], FIONREAD, &held));
    TRUE(held == 3);
    IS(read(p[0], buf, 64), 3);
    FAILS(lseek(p[0], 0, SEEK_SET), ESPIPE);
    FAILS(pread(p[0], buf, 1, 0), ESPIPE);
    FAILS(read(p[1], buf, 1), EBADF);
    FAILS(write(p[0], buf, 1), EBADF);
    OK(fcntl(p[0], F_SETFL, O_NONBLOCK));
    OK(fcntl(p[1], F_SETFL, O_NONBLOCK));
    FAILS(read(p[0], buf, 1), EAGAIN);
    long total = 0, n;
    while ((n = write(p[1], buf, sizeof buf)) > 0)
        total += n;
    TRUE(total == 65536 && errno == EAGAIN);
    IS(fcntl(p[0], F_GETPIPE_SZ), 65536);
    FAILS(fcntl(p[0], F_SETPIPE_SZ, 4096), EBUSY);
    IS(fcntl(p[0], F_SETPIPE_SZ, 131072), 131072);
    IS(write(p[1], buf, 4096), 4096);
    while ((n = read(p[0], buf, sizeof buf)) > 0)
        total -= n;
    TRUE(total == -4096);
    IS(fcntl(p[0], F_SETPIPE_SZ, 4096), 4096);
    IS(write(p[1], buf, 8000), 4096);
    IS(read(p[0], buf, 1), 1);
    FAILS(write(p[1], buf, 2), EAGAIN); /* a small write is all or nothing */
    close(p[1]);
    while (read(p[0], buf, sizeof buf) > 0)
        ;
    IS(read(p[0], buf, 1), 0);
    close(p[0]);
    OK(pipe2(p, O_CLOEXEC | O_NONBLOCK));
    IS(fcntl(p[1], F_GETFD), FD_CLOEXEC);
    close(p[0]);
    signal(SIGPIPE, SIG_IGN);
    FAILS(write(p[1], "x", 1), EPIPE);
    struct pollfd pfd = {p[1], POLLOUT, 0};
    IS(poll(&pfd, 1, 0), 1);
    TRUE(pfd.revents & POLLERR);
    close(p[1]);
    FAILS(syscall(SYS_pipe2, p, 0x1000000), EINVAL);
    FAILS(syscall(SYS_pipe2, 8, 0), EFAULT);
}

void test_pipe_flow(void) {
    section = "pipe flow";
    int p[2];
    char buf[8192];
    long n;
    OK(pipe(p));
    pid_t child = fork();
    if (child == 0) {
        close(p[0]);
        for (int i = 0; i < 200; i++) {
            memset(buf, i, sizeof buf);
            if (write(p[1], buf, sizeof buf) != sizeof buf)
                _exit(1);
        }
        _exit(0);
    }
    close(p[1]);
    long got = 0;
    int wrong = 0;
    while ((n = read(p[0], buf, 1000)) > 0)
        for (long i = 0; i < n; i++, got++)
            wrong += (unsigned char)buf[i] != (unsigned char)(got / 8192);
    int status;
    waitpid(child, &status, 0);
    TRUE(got == 200 * 8192 && wrong == 0 && status == 0);
    close(p[0]);
}

void test_fifos(void) {
    section = "fifos";
    char buf[8];
    int status;
    OK(mkfifo("fifo", 0600));
    FAILS(open("fifo", O_WRONLY | O_NONBLOCK), ENXIO);
    int r = OK(open("fifo", O_RDONLY | O_NONBLOCK));
    struct pollfd q = {r, POLLIN, 0};
    IS(poll(&q, 1, 0), 0);
    IS(read(r, buf, 1), 0);
    int w = OK(open("fifo", O_WRONLY | O_NONBLOCK));
    IS(write(w, "f", 1), 1);
    IS(poll(&q, 1, 0), 1);
    IS(read(r, buf, 8), 1);
    close(w);
    IS(poll(&q, 1, 0), 1);
    TRUE(q.revents & POLLHUP);
    close(r);
    pid_t child = fork();
    if (child == 0) {
        int out = open("fifo", O_WRONLY);
        _exit(write(out, "hi", 2) != 2);
    }
    r = OK(open("fifo", O_RDONLY));
    IS(read(r, buf, 8), 2);
    close(r);
    waitpid(child, &status, 0);
    TRUE(status == 0);
    OK(unlink("fifo"));
}

void test_interrupted(void) {
    section = "interrupted";
    int p[2];
    char buf[1];
    struct sigaction act = {.sa_handler = ignore};
    sigaction(SIGALRM, &act, NULL);
    OK(pipe(p));
    struct itimerval often = {{0, 50000}, {0, 50000}}, never = {{0}};
    setitimer(ITIMER_REAL, &often, NULL);
    FAILS(read(p[0], buf, 1), EINTR);
    struct pollfd q = {p[0], POLLIN, 0};
    FAILS(poll(&q, 1, -1), EINTR);
    setitimer(ITIMER_REAL, &never, NULL);
    close(p[0]);
    close(p[1]);
}
