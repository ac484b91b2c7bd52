/*
 * exec-agent: runs one command for a host tool and carries its standard streams and exit status
 * over the second serial port (protocol.h). init starts it when the image names a command.
 *
 * Usage: exec-agent PORT FILE    FILE holds the command's arguments, each ended by a NUL.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "user/agent/command.h"
#include "user/agent/protocol.h"

#define ARGUMENTS_MAX 1024
#define ARGUMENT_BYTES_MAX (128 * 1024)

struct session {
    int port;
    struct command command;
    struct frame_reader reader;
    uint8_t input[STDIN_WINDOW]; /* standard input not yet taken by the command */
    size_t input_start, input_length;
    int input_ended;
};

static _Noreturn void fail(const char *what) {
    fprintf(stderr, "exec-agent: %s: %s\n", what, strerror(errno));
    exit(EXIT_FAILURE);
}

static int port_open(const char *path) {
    struct termios settings;
    int port = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (port < 0 || tcgetattr(port, &settings) < 0)
        fail(path);
    cfmakeraw(&settings);
    settings.c_cflag |= CLOCAL | CREAD;
    if (tcsetattr(port, TCSANOW, &settings) < 0)
        fail(path);
    return port;
}

static char **arguments_read(const char *path) {
    static char bytes[ARGUMENT_BYTES_MAX + 1];
    static char *argv[ARGUMENTS_MAX + 1];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = fd < 0 ? -1 : read(fd, bytes, ARGUMENT_BYTES_MAX);
    if (size < 0)
        fail(path);
    close(fd);
    size_t count = 0;
    for (char *next = bytes; next < bytes + size && count < ARGUMENTS_MAX; next += strlen(next) + 1)
        argv[count++] = next;
    if (count == 0) {
        errno = EINVAL;
        fail(path);
    }
    return argv;
}

static void hello_send(int port) {
    uint8_t payload[5] = {PROTOCOL_VERSION};
    for (int i = 0; i < 4; i++)
        payload[1 + i] = (uint8_t)(STDIN_WINDOW >> (8 * i));
    if (frame_write(port, FRAME_HELLO, payload, sizeof payload) < 0)
        fail("hello");
}

static void exit_send(int port, int status) {
    uint8_t payload[2];
    payload[0] = WIFSIGNALED(status);
    payload[1] = (uint8_t)(WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    if (frame_write(port, FRAME_EXIT, payload, sizeof payload) < 0 || tcdrain(port) < 0)
        fail("exit");
}

/* Moves what is there from a pipe to the port; closes the pipe at its end. */
static void output_forward(int port, int *pipe_end, enum frame_type type) {
    uint8_t bytes[FRAME_PAYLOAD_MAX];
    ssize_t size = read(*pipe_end, bytes, sizeof bytes);
    if (size > 0) {
        if (frame_write(port, type, bytes, (size_t)size) < 0)
            fail("output");
    } else if (size == 0 || errno != EAGAIN) {
        close(*pipe_end);
        *pipe_end = -1;
    }
}

static void input_close(struct session *session) {
    if (session->command.input >= 0)
        close(session->command.input);
    session->command.input = -1;
}

static void input_acknowledge(struct session *session, size_t size) {
    uint8_t payload[4];
    for (int i = 0; i < 4; i++)
        payload[i] = (uint8_t)(size >> (8 * i));
    if (frame_write(session->port, FRAME_ACK, payload, sizeof payload) < 0)
        fail("acknowledge");
}

/* Gives pending input to the command. Input for a command that no longer reads is dropped. */
static void input_forward(struct session *session) {
    ssize_t size = (ssize_t)session->input_length;
    if (session->command.input >= 0)
        size = write(session->command.input, session->input + session->input_start,
                     session->input_length);
    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (size < 0) {
        input_close(session);
        size = (ssize_t)session->input_length;
    }
    session->input_start += (size_t)size;
    session->input_length -= (size_t)size;
    input_acknowledge(session, (size_t)size);
    if (session->input_length == 0) {
        session->input_start = 0;
        if (session->input_ended)
            input_close(session);
    }
}

static void input_add(struct session *session, const struct frame *frame) {
    if (frame->length == 0) {
        session->input_ended = 1;
        if (session->input_length == 0)
            input_close(session);
        return;
    }
    if (session->input_start + session->input_length + frame->length > sizeof session->input) {
        memmove(session->input, session->input + session->input_start, session->input_length);
        session->input_start = 0;
    }
    if (session->input_length + frame->length > sizeof session->input) {
        errno = ENOBUFS; /* the host ignored the window */
        fail("input");
    }
    memcpy(session->input + session->input_start + session->input_length, frame->payload,
           frame->length);
    session->input_length += frame->length;
}

static void frame_handle(struct session *session, const struct frame *frame) {
    if (frame->type == FRAME_STDIN)
        input_add(session, frame);
    else if (frame->type == FRAME_SIGNAL && frame->length == 1)
        kill(-session->command.pid, frame->payload[0]);
}

static void port_read(struct session *session) {
    uint8_t bytes[FRAME_PAYLOAD_MAX];
    ssize_t size = read(session->port, bytes, sizeof bytes);
    if (size < 0 && errno == EINTR)
        return;
    if (size <= 0)
        fail("port");
    for (ssize_t used = 0; used < size;) {
        int complete;
        long step = frame_read(&session->reader, bytes + used, (size_t)(size - used), &complete);
        if (step < 0) {
            errno = EPROTO;
            fail("port");
        }
        used += step;
        if (complete)
            frame_handle(session, &session->reader.frame);
    }
}

/* One round of the relay. */
static void session_step(struct session *session) {
    struct command *command = &session->command;
    struct pollfd fds[] = {
        {session->port, POLLIN, 0},
        {command->output, POLLIN, 0},
        {command->error, POLLIN, 0},
        {session->input_length > 0 ? command->input : -1, POLLOUT, 0},
        {command->exited, POLLIN, 0},
    };
    if (poll(fds, sizeof fds / sizeof fds[0], -1) < 0) {
        if (errno != EINTR)
            fail("poll");
        return;
    }
    if (fds[1].revents)
        output_forward(session->port, &command->output, FRAME_STDOUT);
    if (fds[2].revents)
        output_forward(session->port, &command->error, FRAME_STDERR);
    if (fds[0].revents)
        port_read(session);
    if (session->input_length > 0 && (fds[3].revents || command->input < 0))
        input_forward(session);
}

/* What the command wrote before it ended, even if a background child keeps the pipe open. */
static void drain(int port, int *pipe_end, enum frame_type type) {
    struct pollfd fd = {*pipe_end, POLLIN, 0};
    while (*pipe_end >= 0 && poll(&fd, 1, 0) > 0)
        output_forward(port, pipe_end, type);
}

int main(int argc, char **argv) {
    static struct session session;
    int status;
    if (argc != 3) {
        fprintf(stderr, "usage: exec-agent PORT FILE\n");
        return EXIT_FAILURE;
    }
    signal(SIGPIPE, SIG_IGN);
    session.port = port_open(argv[1]);
    hello_send(session.port);
    signal(SIGPIPE, SIG_DFL);
    if (command_start(&session.command, arguments_read(argv[2])) < 0)
        fail("start");
    signal(SIGPIPE, SIG_IGN);
    while (!command_ended(&session.command, &status))
        session_step(&session);
    drain(session.port, &session.command.output, FRAME_STDOUT);
    drain(session.port, &session.command.error, FRAME_STDERR);
    sync();
    exit_send(session.port, status);
    return EXIT_SUCCESS;
}
