/* What all of them need. */
#include "tests/vm/programs/unix_sockets/unix_sockets.h"

volatile sig_atomic_t pipes_broken, *alarms;
const int types[3] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};

void on_signal(int number) {
    if (number == SIGPIPE)
        pipes_broken++;
    else
        ++*alarms;
}

short events(int fd, short wanted) {
    struct pollfd entry = {.fd = fd, .events = wanted};
    return poll(&entry, 1, 0) >= 0 ? entry.revents : -1;
}

void pair(int type, int ends[2]) {
    ends[0] = ends[1] = -1;
    CHECK(socketpair(AF_UNIX, type, 0, ends) == 0);
}

void close_two(int ends[2]) {
    close(ends[0]);
    close(ends[1]);
}

socklen_t abstract(struct sockaddr_un *address, const char *name) {
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    snprintf(address->sun_path + 1, sizeof address->sun_path - 1, "%s-%d", name, (int)getpid());
    return offsetof(struct sockaddr_un, sun_path) + 1 + strlen(address->sun_path + 1);
}

socklen_t in_tree(struct sockaddr_un *address, const char *name) {
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    snprintf(address->sun_path, sizeof address->sun_path, "/tmp/%s-%d", name, (int)getpid());
    return offsetof(struct sockaddr_un, sun_path) + strlen(address->sun_path) + 1;
}

ssize_t send_files(int fd, const int *files, int count, const char *text) {
    union control control;
    struct iovec data = {(char *)text, strlen(text)};
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = &control,
                             .msg_controllen = CMSG_SPACE(count * sizeof(int))};
    memset(&control, 0, sizeof control);
    control.header = (struct cmsghdr){.cmsg_len = CMSG_LEN(count * sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
    memcpy(CMSG_DATA(&control.header), files, count * sizeof(int));
    return sendmsg(fd, &message, 0);
}

/* Bytes; *count: room, then files received; *flags: msg_flags. */
ssize_t receive_files(int fd, int *files, int *count, int *flags, int how) {
    union control control;
    char text[64];
    struct iovec data = {text, sizeof text};
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = &control,
                             .msg_controllen = *count ? CMSG_LEN(*count * sizeof(int)) : 0};
    ssize_t result = recvmsg(fd, &message, how);
    *flags = message.msg_flags;
    *count = 0;
    struct cmsghdr *header = result >= 0 ? CMSG_FIRSTHDR(&message) : NULL;
    if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS) {
        *count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        memcpy(files, CMSG_DATA(header), *count * sizeof(int));
    }
    return result;
}

int lowest_free(void) {
    int fd = dup(0);
    close(fd);
    return fd;
}
