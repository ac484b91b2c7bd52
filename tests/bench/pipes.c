/* Bytes from one process to another: pipes and sockets of the Unix domain. */
#define _GNU_SOURCE
#include "bench.h"
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#define LARGE_BYTES (64 * 1024)

static int request[2], response[2]; /* [0] reads, [1] writes */
static char buffer[LARGE_BYTES];

static void echo_bytes(void) {
    char byte;
    while (read(request[0], &byte, 1) == 1)
        if (write(response[1], &byte, 1) != 1)
            break;
}

static void take_bytes(void) {
    while (read(request[0], buffer, LARGE_BYTES) > 0)
        continue;
}

static void open_pipes(void) {
    bench_need(pipe(request) == 0 && pipe(response) == 0);
}

static int pipe_echo(long size) {
    (void)size;
    open_pipes();
    bench_partner(echo_bytes);
    return 0;
}

static int pipe_sink(long size) {
    (void)size;
    open_pipes();
    bench_partner(take_bytes);
    return 0;
}

/* One pair: this side uses its first end, the partner its second. */
static int socket_start(void (*partner)(void)) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0)
        return errno;
    request[1] = response[0] = ends[0];
    request[0] = response[1] = ends[1];
    bench_partner(partner);
    return 0;
}

static int socket_echo(long size) {
    (void)size;
    return socket_start(echo_bytes);
}

static int socket_sink(long size) {
    (void)size;
    return socket_start(take_bytes);
}

static void pingpong(void) {
    char byte = 0;
    bench_need(write(request[1], &byte, 1) == 1 && read(response[0], &byte, 1) == 1);
}

static void send_large(void) {
    for (ssize_t done = 0, now; done < LARGE_BYTES; done += now) {
        now = write(request[1], buffer + done, (size_t)(LARGE_BYTES - done));
        bench_need(now > 0);
    }
}

const struct bench_row pipe_rows[] = {
    {.name = "pipe_pingpong", .run = pingpong, .prepare = pipe_echo},
    {.name = "pipe_bw_64k", .run = send_large, .prepare = pipe_sink},
    {.name = "unix_pingpong", .run = pingpong, .prepare = socket_echo},
    {.name = "unix_bw_64k", .run = send_large, .prepare = socket_sink},
    {},
};
