/* Running the command: see command.h. */
#include "user/agent/command.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STATUS_NOT_EXECUTABLE = 126, STATUS_NOT_FOUND = 127 };

static int exit_pipe[2];

/* The self-pipe: a byte for each SIGCHLD, so that poll() sees children end. */
static void on_child(int signal) {
    int saved = errno;
    (void)signal;
    ssize_t ignored = write(exit_pipe[1], "", 1);
    (void)ignored;
    errno = saved;
}

static int watch_children(void) {
    struct sigaction action = {.sa_handler = on_child, .sa_flags = SA_RESTART | SA_NOCLDSTOP};
    if (pipe2(exit_pipe, O_CLOEXEC | O_NONBLOCK) < 0)
        return -1;
    return sigaction(SIGCHLD, &action, NULL);
}

static _Noreturn void child_run(char **argv, const int input[2], const int output[2],
                                const int error[2]) {
    setsid();
    dup2(input[0], STDIN_FILENO);
    dup2(output[1], STDOUT_FILENO);
    dup2(error[1], STDERR_FILENO);
    execvp(argv[0], argv);
    int reason = errno;
    dprintf(STDERR_FILENO, "exec: %s: %s\n", argv[0], strerror(reason));
    _exit(reason == ENOENT ? STATUS_NOT_FOUND : STATUS_NOT_EXECUTABLE);
}

int command_start(struct command *command, char **argv) {
    int input[2], output[2], error[2];
    if (watch_children() < 0 || pipe2(input, O_CLOEXEC) < 0 || pipe2(output, O_CLOEXEC) < 0 ||
        pipe2(error, O_CLOEXEC) < 0)
        return -1;

    pid_t pid = fork();
    if (pid < 0)
        return -1;
    if (pid == 0)
        child_run(argv, input, output, error);

    close(input[0]);
    close(output[1]);
    close(error[1]);
    fcntl(input[1], F_SETFL, O_NONBLOCK);
    fcntl(output[0], F_SETFL, O_NONBLOCK);
    fcntl(error[0], F_SETFL, O_NONBLOCK);
    *command = (struct command){pid, input[1], output[0], error[0], exit_pipe[0]};
    return 0;
}

int command_ended(const struct command *command, int *status) {
    char bytes[64];
    while (read(command->exited, bytes, sizeof bytes) > 0)
        continue;
    return waitpid(command->pid, status, WNOHANG) == command->pid;
}
