/* Clean shut-down: see shutdown.h. */
#include "user/init/shutdown.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define GRACE_MS 2000
#define POLL_MS 10
#define MOUNTS_MAX 64

/* Reaps until no child is left or the time is over. */
static void children_wait(int limit_ms) {
    const struct timespec pause = {0, POLL_MS * 1000000L};
    for (int waited_ms = 0; waited_ms < limit_ms; waited_ms += POLL_MS) {
        pid_t pid;
        while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
            continue;
        if (pid < 0 && errno == ECHILD)
            return;
        nanosleep(&pause, NULL);
    }
}

/* Unmounts everything but the root, last mounted first. */
static void mounts_remove(void) {
    static char targets[MOUNTS_MAX][256];
    int count = 0;
    char line[1024];
    FILE *mounts = fopen("/proc/mounts", "re");
    while (mounts && count < MOUNTS_MAX && fgets(line, sizeof line, mounts))
        if (sscanf(line, "%*s %255s", targets[count]) == 1 && strcmp(targets[count], "/") != 0)
            count++;
    if (mounts)
        fclose(mounts);
    while (count-- > 0)
        umount2(targets[count], MNT_DETACH);
}

_Noreturn void shutdown_system(enum shutdown_action action) {
    kill(-1, SIGTERM);
    kill(-1, SIGCONT);
    children_wait(GRACE_MS);
    kill(-1, SIGKILL);
    children_wait(GRACE_MS);
    sync();
    mounts_remove();
    reboot(action == SHUTDOWN_REBOOT ? RB_AUTOBOOT
           : action == SHUTDOWN_HALT ? RB_HALT_SYSTEM
                                     : RB_POWER_OFF);
    perror("init: reboot");
    for (;;)
        pause();
}
