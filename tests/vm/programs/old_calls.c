/* Calls the vsyscall page as old libraries do, adopts an orphan, and gives up privileges for good. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NOBODY 65534
#define VSYSCALL_GETTIMEOFDAY 0xffffffffff600000ull
#define VSYSCALL_TIME 0xffffffffff600400ull

static int times_agree(void) {
    struct timeval now;
    time_t (*old_time)(time_t *) = (void *)(uintptr_t)VSYSCALL_TIME;
    int (*old_gettimeofday)(struct timeval *, void *) = (void *)(uintptr_t)VSYSCALL_GETTIMEOFDAY;
    time_t before = time(NULL), seen = old_time(NULL);
    time_t after = time(NULL);
    return old_gettimeofday(&now, NULL) == 0 && seen >= before && seen <= after && now.tv_sec >= seen &&
           now.tv_sec <= time(NULL);
}

/* The grandchild outlives its parent and must come to us, not to process 1. */
static int orphan_comes_home(void) {
    int status, pipe_ends[2];
    pid_t parent = 0;
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0 || pipe(pipe_ends) < 0)
        return 0;
    if (fork() == 0) {
        pid_t middle = getpid();
        if (fork() == 0) {
            while ((parent = getppid()) == middle)
                usleep(1000);
            _exit(write(pipe_ends[1], &parent, sizeof parent) != sizeof parent);
        }
        _exit(0);
    }
    return wait(&status) > 0 && wait(&status) > 0 && read(pipe_ends[0], &parent, sizeof parent) == sizeof parent &&
           parent == getpid();
}

static int privileges_stay_away(void) {
    return prctl(PR_SET_DUMPABLE, 0) == 0 && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0 &&
           prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0) < 0 &&
           prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
}

/* Exit status of this program's set-user-ID copy, run by nobody: whether it had root's identity. */
static int runs_as_root(const char *copy, int without_privileges) {
    int status;
    if (fork() == 0) {
        if (setresuid(NOBODY, NOBODY, NOBODY) < 0 || (without_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0))
            _exit(2);
        execl(copy, copy, "identity", (char *)NULL);
        _exit(2);
    }
    wait(&status);
    return WEXITSTATUS(status);
}

static int set_user_id_works(const char *self) {
    char command[512];
    snprintf(command, sizeof command, "cp %s /tmp/set-id && chmod 4755 /tmp/set-id", self);
    return system(command) == 0 && runs_as_root("/tmp/set-id", 0) == 1 && runs_as_root("/tmp/set-id", 1) == 0;
}

int main(int argc, char **argv) {
    if (argc > 1)
        return geteuid() == 0;
    int privileged = set_user_id_works(argv[0]);
    printf("vsyscall %d subreaper %d no_new_privs %d set_user_id %d\n", times_agree(), orphan_comes_home(),
           privileges_stay_away(), privileged);
    return 0;
}
