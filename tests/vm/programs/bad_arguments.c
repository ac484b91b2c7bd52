/*
 * Calls every system call number with each argument in turn replaced by hostile values, in child
 * processes, so that whatever happens to the child the parent goes on. Calls that would end the
 * test itself (reboot, exit, kill of everything ...) are left out and listed. Prints a summary and
 * exits 0 when the parent has survived them all.
 */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define CALL_MAX 460
#define ARGUMENTS 6
#define CHILD_SECONDS 1

static const uint64_t hostile[] = {
    0, 1, 0xfff, UINT64_MAX, INT64_MAX, 0x8000000000000000ull, 0x7fffffff, 0x80000000u,
    0x00007ffffffff000ull, 0x00007fffffffffffull, 0x0000800000000000ull, 0xffff800000000000ull,
    0xffffffff80200000ull, 0xffffffffff600000ull,
};

static const int left_out[] = {SYS_exit, SYS_exit_group, SYS_reboot, SYS_kill, SYS_tkill, SYS_tgkill,
                               SYS_rt_sigqueueinfo, SYS_rt_tgsigqueueinfo, SYS_fork, SYS_vfork,
                               SYS_clone, SYS_pause, SYS_rt_sigreturn, SYS_vhangup};

static int is_left_out(int call) {
    for (size_t i = 0; i < sizeof left_out / sizeof left_out[0]; i++)
        if (left_out[i] == call)
            return 1;
    return 0;
}

/* In the child: every argument in turn, with otherwise harmless ones. */
static void attack(int call) {
    static char buffer[4096];
    for (int position = 0; position < ARGUMENTS; position++) {
        for (size_t value = 0; value < sizeof hostile / sizeof hostile[0]; value++) {
            uint64_t arguments[ARGUMENTS] = {3, (uint64_t)(uintptr_t)buffer, 16, 0, 0, 0};
            arguments[position] = hostile[value];
            syscall(call, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
        }
    }
    for (size_t value = 0; value < sizeof hostile / sizeof hostile[0]; value++)
        syscall(call, hostile[value], hostile[value], hostile[value], hostile[value], hostile[value], hostile[value]);
}

int main(void) {
    int ended = 0, killed = 0;
    for (int call = 0; call < CALL_MAX; call++) {
        if (is_left_out(call))
            continue;
        pid_t pid = fork();
        if (pid < 0) {
            perror("fork");
            return 1;
        }
        if (pid == 0) {
            setsid();
            close(0), close(1), close(2);
            alarm(CHILD_SECONDS);
            if (chdir("/tmp") == 0)
                attack(call);
            _exit(0);
        }
        int status;
        struct timespec limit = {CHILD_SECONDS + 1, 0};
        (void)limit;
        if (waitpid(pid, &status, 0) != pid) {
            perror("waitpid");
            return 1;
        }
        WIFSIGNALED(status) ? killed++ : ended++;
    }
    printf("%d calls returned, %d children were killed, %zu calls left out\n", ended, killed,
           sizeof left_out / sizeof left_out[0]);
    return 0;
}
