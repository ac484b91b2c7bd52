/*
 * A long chain of AF_UNIX sockets, each in the queue of the next, is closed link by link; then small circles are
 * dropped. Each close is a reason for the kernel to look for circles among all that is in flight. That may not take
 * the machine; in the end nothing is left. `unix_chain LENGTH`
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SHARE_PERCENT 40 /* a fifth of the time is promised; the last look may be under way */
#define LOOKING_NS 2000000000ull
#define LOOKING_NS_MAX (30 * LOOKING_NS) /* a host that stops a CPU while it collects spoils a short time's share */
#define TRIES 600

static uint64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000ull + now.tv_nsec;
}

static uint64_t collector_ns(void) {
    unsigned long long runs, ns;
    FILE *file = fopen("/kernel/net/unix_collector", "r");
    if (!file || fscanf(file, "runs %llu run_ns %llu", &runs, &ns) != 2)
        exit(2);
    fclose(file);
    return ns;
}

static int sockets(void) {
    FILE *file = fopen("/proc/net/unix", "r");
    int lines = 0;
    for (int c; file && (c = fgetc(file)) != EOF;)
        lines += c == '\n';
    if (file)
        fclose(file);
    return lines;
}

static int send_pair(int to, const int *files) {
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(2 * sizeof(int))];
    } control = {.header = {.cmsg_len = CMSG_LEN(2 * sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
    struct iovec byte = {"x", 1};
    struct msghdr message = {.msg_iov = &byte, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    memcpy(CMSG_DATA(&control.header), files, 2 * sizeof(int));
    return sendmsg(to, &message, 0) == 1;
}

/* A pair, each of which holds itself, dropped: garbage, and a reason to look. */
static int drop_circle(void) {
    int ends[2];
    int good = socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) == 0 && send_pair(ends[0], ends) && send_pair(ends[1], ends);
    close(ends[0]);
    close(ends[1]);
    return good;
}

/* Gives the collector reasons to look all the time; its share of that must be small in the end. */
static int look(int good) {
    uint64_t start_ns = now_ns(), start_collector_ns = collector_ns(), taken_ns, collecting_ns;
    int small;
    do {
        good = good && drop_circle();
        collecting_ns = collector_ns() - start_collector_ns;
        taken_ns = now_ns() - start_ns;
        small = collecting_ns > 0 && collecting_ns <= taken_ns / 100 * SHARE_PERCENT;
    } while (good && taken_ns < (small ? LOOKING_NS : LOOKING_NS_MAX));
    printf("%s collecting %llu of %llu ns\n", good && small ? "ok" : "BAD", (unsigned long long)collecting_ns,
           (unsigned long long)taken_ns);
    return good;
}

int main(int argc, char **argv) {
    int length = atoi(argv[argc - 1]), ends[2], before = sockets(), good = 1;
    socketpair(AF_UNIX, SOCK_DGRAM, 0, ends);
    for (int i = 0; good && i < length; i++) {
        int next[2];
        good = socketpair(AF_UNIX, SOCK_DGRAM, 0, next) == 0 && send_pair(next[0], ends);
        close(ends[0]);
        close(ends[1]);
        memcpy(ends, next, sizeof ends);
    }
    printf("%s chain of %d\n", good && sockets() >= before + 2 * length ? "ok" : "BAD", length);
    good = look(good);
    good = send_pair(ends[0], ends); /* the last one holds itself: now all of it is garbage */
    close(ends[0]);
    close(ends[1]);
    for (int i = 0; i < TRIES && sockets() > before; i++)
        usleep(100000);
    printf("%s nothing left\n", good && sockets() <= before ? "ok" : "BAD");
    return 0;
}
