/*
 * init, process 1: mounts what init.conf names, starts the consoles, reaps orphans, and shuts down
 * when asked: SIGUSR2 powers off, SIGUSR1 halts, SIGTERM and SIGINT (Ctrl-Alt-Del) reboot - the
 * signals that busybox's poweroff, halt and reboot send.
 *
 * When the image holds a command for a host tool (exec.argv), that is run instead of the consoles
 * and the system powers off after it.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "user/init/config.h"
#include "user/init/consoles.h"
#include "user/init/service.h"
#include "user/init/shutdown.h"

#define CONFIG_PATH "/data/config/init.conf"
#define EXEC_PATH "/data/config/exec.argv"
#define EXEC_PORT "/dev/ttyS1"

static char *const EXEC_COMMAND[] = {"/sys/bin/exec-agent", EXEC_PORT, EXEC_PATH, NULL};
static char *const RESCUE_COMMAND[] = {"-sh", NULL};

static int exec_wanted;

/* The kernel starts init without descriptors: the standard three must not become other files. */
static void standard_descriptors_reserve(void) {
    int fd;
    do
        fd = open("/", O_RDONLY | O_DIRECTORY);
    while (fd >= 0 && fd < STDERR_FILENO);
    if (fd > STDERR_FILENO)
        close(fd);
}

/* Messages go to the console as soon as there is one: when /dev is mounted. */
static void console_open(void) {
    int fd = open("/dev/console", O_RDWR | O_NOCTTY);
    if (fd < 0)
        return;
    dup2(fd, STDIN_FILENO);
    dup2(fd, STDOUT_FILENO);
    dup2(fd, STDERR_FILENO);
    if (fd > STDERR_FILENO)
        close(fd);
}

static void mount_entry(const struct config_entry *entry) {
    const char *type = entry->word[0], *source = entry->word[1], *target = entry->word[2];
    mkdir(target, 0755);
    if (mount(source, target, type, 0, entry->words > 3 ? entry->word[3] : NULL) < 0)
        fprintf(stderr, "init: mount %s at %s: %s\n", type, target, strerror(errno));
    else if (strcmp(target, "/dev") == 0)
        console_open();
}

static void command_run(const struct config_entry *entry) {
    int status = service_run(entry->word);
    if (status != 0)
        fprintf(stderr, "init: %s: wait status 0x%x\n", entry->word[0], (unsigned)status);
}

static char **console_command; /* of the `console` line that is being read */

static void console_start(char *terminal) {
    if (terminal)
        service_add(terminal, console_command);
}

static void console_add(const struct config_entry *entry) {
    console_command = calloc((size_t)entry->words, sizeof *console_command);
    if (!console_command || exec_wanted)
        return;
    memcpy(console_command, entry->word + 1,
           (size_t)(entry->words - 1) * sizeof *console_command);
    if (strcmp(entry->word[0], CONFIG_CONSOLES) == 0)
        consoles_each(console_start);
    else
        console_start(entry->word[0]);
}

static void entry_handle(const struct config_entry *entry) {
    switch (entry->key) {
    case CONFIG_HOSTNAME:
        if (sethostname(entry->word[0], strlen(entry->word[0])) < 0)
            perror("init: hostname");
        break;
    case CONFIG_MOUNT:
        mount_entry(entry);
        break;
    case CONFIG_ENV:
        putenv(entry->word[0]);
        break;
    case CONFIG_RUN:
        command_run(entry);
        break;
    case CONFIG_CONSOLE:
        console_add(entry);
        break;
    }
}

static void defaults_set(void) {
    setenv("PATH", "/sys/bin:/sys/sbin:/bin:/sbin:/usr/bin:/usr/sbin", 0);
    setenv("HOME", "/root", 0);
    setenv("TERM", "linux", 0);
}

/* Without a configuration there is still a shell to mend it with. */
static void services_set_up(void) {
    exec_wanted = access(EXEC_PATH, R_OK) == 0;
    if (config_read(CONFIG_PATH, entry_handle) < 0) {
        fprintf(stderr, "init: %s: %s; starting a shell on the console\n", CONFIG_PATH,
                strerror(errno));
        service_add("/dev/console", RESCUE_COMMAND);
    }
    if (exec_wanted)
        service_add(NULL, EXEC_COMMAND);
}

static void signal_handle(int number) {
    switch (number) {
    case SIGUSR2:
        shutdown_system(SHUTDOWN_POWER_OFF);
    case SIGUSR1:
        shutdown_system(SHUTDOWN_HALT);
    case SIGTERM:
    case SIGINT:
        shutdown_system(SHUTDOWN_REBOOT);
    default:
        break;
    }
}

static void children_reap(void) {
    pid_t pid;
    while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
        if (service_ended(pid))
            shutdown_system(SHUTDOWN_POWER_OFF);
}

int main(void) {
    sigset_t handled;
    sigfillset(&handled);
    sigprocmask(SIG_BLOCK, &handled, NULL);
    reboot(RB_DISABLE_CAD); /* Ctrl-Alt-Del sends us SIGINT instead of resetting at once */
    standard_descriptors_reserve();
    console_open();
    defaults_set();
    services_set_up();

    for (;;) {
        int wait_ms = service_start_all();
        struct timespec limit = {wait_ms / 1000, (long)(wait_ms % 1000) * 1000000L};
        int number = sigtimedwait(&handled, NULL, wait_ms < 0 ? NULL : &limit);
        signal_handle(number);
        children_reap();
    }
}
