/* Locks: fcntl, flock, of open file descriptions. */
#include "tests/vm/programs/files/files.h"

/* The child's answer to a lock request, in its own process. */
static int child_lock(const char *name, int command, struct flock *lock) {
    int p[2], answer[2] = {0, 0};
    pipe(p);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        int fd = open(name, O_RDWR);
        answer[0] = fcntl(fd, command, lock) < 0 ? errno : 0;
        answer[1] = lock->l_type;
        write(p[1], answer, sizeof answer);
        _exit(0);
    }
    read(p[0], answer, sizeof answer);
    waitpid(child, NULL, 0);
    close(p[0]);
    close(p[1]);
    lock->l_type = answer[1];
    return answer[0];
}

void test_locks(void) {
    section = "locks";
    int fd = make("l", "0123456789");
    struct flock all = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    OK(fcntl(fd, F_SETLK, &all));
    struct flock probe = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 5, .l_len = 1};
    IS(child_lock("l", F_SETLK, &probe), EAGAIN);
    IS(child_lock("l", F_GETLK, &probe), 0);
    TRUE(probe.l_type == F_WRLCK);
    struct flock hole = {.l_type = F_UNLCK, .l_whence = SEEK_SET, .l_start = 4, .l_len = 3};
    OK(fcntl(fd, F_SETLK, &hole));
    probe = (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 5, .l_len = 1};
    IS(child_lock("l", F_SETLK, &probe), 0);
    probe = (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 7, .l_len = 1};
    IS(child_lock("l", F_SETLK, &probe), EAGAIN);
    /* any close of the file gives the process's locks up */
    int other = open("l", O_RDONLY);
    close(other);
    probe = (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET};
    IS(child_lock("l", F_SETLK, &probe), 0);
    struct flock wrong = {.l_type = 9, .l_whence = SEEK_SET};
    FAILS(fcntl(fd, F_SETLK, &wrong), EINVAL);
    wrong = (struct flock){.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = -1};
    FAILS(fcntl(fd, F_SETLK, &wrong), EINVAL);
    close(fd);
    unlink("l");
}

void test_flock(void) {
    section = "flock";
    int fd = make("l", "0123456789");
    /* it belongs to the open file */
    OK(flock(fd, LOCK_EX));
    int second = open("l", O_RDWR);
    FAILS(flock(second, LOCK_SH | LOCK_NB), EWOULDBLOCK);
    int dupped = dup(fd);
    OK(flock(dupped, LOCK_EX | LOCK_NB));
    close(fd);
    FAILS(flock(second, LOCK_EX | LOCK_NB), EWOULDBLOCK);
    close(dupped);
    OK(flock(second, LOCK_EX | LOCK_NB));
    FAILS(flock(second, 77), EINVAL);
    /* OFD locks conflict between two opens of one process */
    fd = open("l", O_RDWR);
    struct flock ofd = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    OK(fcntl(fd, F_OFD_SETLK, &ofd));
    FAILS(fcntl(second, F_OFD_SETLK, &ofd), EAGAIN);
    close(fd);
    OK(fcntl(second, F_OFD_SETLK, &ofd));
    close(second);
    unlink("l");
}

void test_lock_waits(void) {
    section = "lock waits";
    struct flock all = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    /* the child gets the lock when the parent lets go */
    int fd = make("l", "0123456789");
    OK(fcntl(fd, F_SETLK, &all));
    pid_t child = fork();
    if (child == 0) {
        int mine = open("l", O_RDWR);
        struct flock want = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
        _exit(fcntl(mine, F_SETLKW, &want) < 0);
    }
    until_asleep(child);
    struct flock hole = {.l_type = F_UNLCK, .l_whence = SEEK_SET};
    OK(fcntl(fd, F_SETLK, &hole));
    int status;
    waitpid(child, &status, 0);
    TRUE(status == 0);
    close(fd);
    unlink("l");
}
