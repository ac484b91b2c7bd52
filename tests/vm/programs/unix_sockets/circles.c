/* Sockets that hold each other. */
#include "tests/vm/programs/unix_sockets/unix_sockets.h"

void circles(void) {
    int ends[2], start = lowest_free();
    for (int round = 0; round < 50; round++) {
        pair(SOCK_STREAM, ends); /* each in the other's queue */
        CHECK(send_files(ends[0], &ends[0], 1, "a") == 1 && send_files(ends[1], &ends[1], 1, "b") == 1);
        close_two(ends);
        pair(SOCK_DGRAM, ends); /* both in one's */
        CHECK(send_files(ends[0], ends, 2, "ab") == 2);
        close_two(ends);
    }
    /* A long chain: each holds the one before. */
    pair(SOCK_DGRAM, ends);
    for (int i = 0; i < 2000; i++) {
        int next[2];
        pair(SOCK_DGRAM, next);
        if (send_files(next[0], ends, 2, "chain") != 5)
            break;
        close_two(ends);
        memcpy(ends, next, sizeof ends);
    }
    close_two(ends);
    CHECK(lowest_free() == start);
    /* What is in a circle that somebody still holds arrives. */
    int outside[2], files[2], count = 2, flags, pipes[2];
    char text[8];
    pair(SOCK_STREAM, outside);
    pair(SOCK_STREAM, ends);
    CHECK(pipe(pipes) == 0);
    CHECK(send_files(ends[0], (int[]){ends[1], pipes[0]}, 2, "in") == 2);
    CHECK(send_files(outside[0], &ends[1], 1, "x") == 1);
    close_two(ends);
    for (int i = 0; i < 20; i++) { /* collections meanwhile */
        pair(SOCK_STREAM, ends);
        CHECK(send_files(ends[0], &ends[1], 1, "a") == 1);
        close_two(ends);
    }
    count = 1;
    CHECK(receive_files(outside[1], files, &count, &flags, 0) == 1 && count == 1);
    int held = files[0];
    count = 2;
    CHECK(receive_files(held, files, &count, &flags, 0) == 2 && count == 2);
    CHECK(write(pipes[1], "ok", 2) == 2 && read(files[1], text, 8) == 2);
    close_two(files);
    close_two(pipes);
    close(held);
    close_two(outside);
    CHECK(lowest_free() == start);
}

/* A listener with a connection that holds the listener. */
void listener_circles(void) {
    struct sockaddr_un name;
    socklen_t length;
    for (int round = 0; round < 10; round++) {
        char text[16];
        int server = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0);
        snprintf(text, sizeof text, "circle-%d", round);
        length = abstract(&name, text);
        CHECK(bind(server, (void *)&name, length) == 0 && listen(server, 5) == 0);
        CHECK(connect(client, (void *)&name, length) == 0 && send_files(client, (int[]){server, client}, 2, "x") == 1);
        close(client);
        close(server);
    }
    int server = -1;
    for (int tries = 0; tries < 6000; tries++) { /* the name is free again when the circle is gone */
        server = socket(AF_UNIX, SOCK_STREAM, 0);
        if (bind(server, (void *)&name, length) == 0)
            break;
        close(server);
        server = -1;
        usleep(10000);
    }
    CHECK(server >= 0);
    close(server);
}
