/* Starting and restarting: see service.h. */
#include "user/init/service.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SERVICES_MAX 16
#define RESTART_DELAY_MS 1000
#define QUICK_END_MS 500
#define MAIN_CONSOLE "/dev/console"

struct service {
    const char *terminal;
    char *const *argv;
    pid_t pid;
    long started_ms, not_before_ms;
};

static struct service services[SERVICES_MAX];
static int service_count;

static long now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/*
 * The kernel command line may tell what the host's terminal is (TERM) and its rows and columns: that
 * is /dev/console. Other terminals know their own size, and are the kernel's.
 */
static void terminal_kind_set(int fd, const char *path) {
    if (strcmp(path, MAIN_CONSOLE) != 0) {
        setenv("TERM", "linux", 1);
        unsetenv("LINES");
        unsetenv("COLUMNS");
    }
    const char *rows = getenv("LINES");
    const char *columns = getenv("COLUMNS");
    if (!rows || !columns)
        return;
    struct winsize size = {.ws_row = (unsigned short)atoi(rows),
                           .ws_col = (unsigned short)atoi(columns)};
    if (size.ws_row > 0 && size.ws_col > 0)
        ioctl(fd, TIOCSWINSZ, &size);
}

static int terminal_take(const char *path) {
    setsid();
    int fd = open(path, O_RDWR);
    if (fd < 0 || ioctl(fd, TIOCSCTTY, 0) < 0)
        return -1;
    terminal_kind_set(fd, path);
    dup2(fd, STDIN_FILENO);
    dup2(fd, STDOUT_FILENO);
    dup2(fd, STDERR_FILENO);
    if (fd > STDERR_FILENO)
        close(fd);
    return 0;
}

static _Noreturn void child_exec(const char *terminal, char *const argv[]) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (terminal && terminal_take(terminal) < 0)
        perror(terminal);
    const char *home = getenv("HOME");
    if (terminal && home && chdir(home) < 0)
        perror(home);
    /* As login does it: a leading dash in argv[0] makes a shell a login shell. */
    execvp(argv[0][0] == '-' ? argv[0] + 1 : argv[0], argv);
    perror(argv[0]);
    _exit(127);
}

int service_run(char *const argv[]) {
    int status = -1;
    pid_t pid = fork();
    if (pid == 0)
        child_exec(NULL, argv);
    if (pid < 0 || waitpid(pid, &status, 0) < 0)
        perror(argv[0]);
    return status;
}

void service_add(const char *terminal, char *const argv[]) {
    if (service_count == SERVICES_MAX) {
        fprintf(stderr, "init: more than %d services; %s is left out\n", SERVICES_MAX, argv[0]);
        return;
    }
    services[service_count++] = (struct service){.terminal = terminal, .argv = argv};
}

static void service_start(struct service *service) {
    service->started_ms = now_ms();
    service->pid = fork();
    if (service->pid == 0)
        child_exec(service->terminal, service->argv);
    if (service->pid < 0) {
        perror("init: fork");
        service->pid = 0;
        service->not_before_ms = now_ms() + RESTART_DELAY_MS;
    }
}

int service_start_all(void) {
    long next_ms = -1;
    for (struct service *service = services; service < services + service_count; service++) {
        if (service->pid != 0)
            continue;
        if (service->not_before_ms <= now_ms())
            service_start(service);
        if (service->pid != 0)
            continue;
        long wait_ms = service->not_before_ms - now_ms();
        wait_ms = wait_ms < 0 ? 0 : wait_ms;
        next_ms = next_ms < 0 || wait_ms < next_ms ? wait_ms : next_ms;
    }
    return (int)next_ms;
}

int service_ended(pid_t pid) {
    for (struct service *service = services; service < services + service_count; service++) {
        if (service->pid != pid)
            continue;
        service->pid = 0;
        long ran_ms = now_ms() - service->started_ms;
        service->not_before_ms = ran_ms < QUICK_END_MS ? now_ms() + RESTART_DELAY_MS : 0;
        return service->terminal == NULL;
    }
    return 0;
}
