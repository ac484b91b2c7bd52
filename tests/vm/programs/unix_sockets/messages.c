/* Datagrams and packets. */
#include "tests/vm/programs/unix_sockets/unix_sockets.h"

void datagrams(void) {
    static char large[300000];
    int ends[2], count;
    char text[64];
    for (int i = 1; i < 3; i++) {
        pair(types[i], ends);
        CHECK(write(ends[0], "one", 3) == 3 && write(ends[0], "", 0) == 0 && write(ends[0], "three", 5) == 5);
        CHECK(ioctl(ends[1], FIONREAD, &count) == 0 && count == (types[i] == SOCK_DGRAM ? 3 : 8));
        CHECK(recv(ends[1], text, 2, MSG_PEEK) == 2 && recv(ends[1], text, 2, MSG_PEEK | MSG_TRUNC) == 3);
        CHECK(recv(ends[1], text, 64, 0) == 3 && !memcmp(text, "one", 3));
        CHECK(recv(ends[1], text, 64, 0) == 0);
        struct iovec into = {text, 2};
        struct msghdr message = {.msg_iov = &into, .msg_iovlen = 1};
        CHECK(recvmsg(ends[1], &message, 0) == 2 && message.msg_flags == MSG_TRUNC);
        FAILS(recv(ends[1], text, 64, MSG_DONTWAIT), EAGAIN);
        FAILS(send(ends[0], large, sizeof large, 0), EMSGSIZE);
        FAILS(send(ends[0], large, 212992 - 31, 0), EMSGSIZE);
        CHECK(send(ends[0], large, 212992 - 32, 0) == 212992 - 32);
        CHECK(recv(ends[1], large, sizeof large, 0) == 212992 - 32);
        FAILS(send(ends[0], (void *)8, 10, 0), EFAULT);
        CHECK(write(ends[0], "gone", 4) == 4);
        FAILS(recv(ends[1], (void *)8, 4, 0), EFAULT);
        FAILS(recv(ends[1], text, 64, MSG_DONTWAIT), EAGAIN);
        CHECK(writev(ends[0], (struct iovec[]){{"ab", 2}, {"c", 1}}, 2) == 3 && read(ends[1], text, 64) == 3);
        close_two(ends);
    }
    pair(SOCK_DGRAM, ends); /* those who are each other's peers are limited by the buffer alone */
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    for (count = 0; write(ends[0], "a", 1) == 1;)
        count++;
    CHECK(count == 278 && errno == EAGAIN && events(ends[0], ALL) == 0);
    close_two(ends);
}

void datagram_peers(void) {
    struct sockaddr_un server_name, client_name, from;
    int server = socket(AF_UNIX, SOCK_DGRAM, 0), client = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    int other = socket(AF_UNIX, SOCK_DGRAM, 0), count, ends[2];
    socklen_t server_length = abstract(&server_name, "server"), client_length = abstract(&client_name, "client");
    char text[64];
    FAILS(sendto(client, "a", 1, 0, (void *)&server_name, server_length), ECONNREFUSED);
    CHECK(bind(server, (void *)&server_name, server_length) == 0);
    FAILS(bind(server, (void *)&client_name, client_length), EINVAL);
    FAILS(bind(other, (void *)&server_name, server_length), EADDRINUSE);
    CHECK(sendto(client, "anon", 4, 0, (void *)&server_name, server_length) == 4);
    socklen_t length = sizeof from;
    CHECK(recvfrom(server, text, 64, 0, (void *)&from, &length) == 4 && length == 0);
    CHECK(bind(client, (void *)&client_name, client_length) == 0);
    CHECK(sendto(client, "named", 5, 0, (void *)&server_name, server_length) == 5);
    length = sizeof from;
    CHECK(recvfrom(server, text, 64, 0, (void *)&from, &length) == 5 && length == client_length);
    CHECK(!memcmp(&from, &client_name, length));
    for (count = 0; sendto(client, "x", 1, 0, (void *)&server_name, server_length) == 1;)
        count++;
    CHECK(count == 11 && errno == EAGAIN);
    CHECK(connect(client, (void *)&server_name, server_length) == 0);
    length = sizeof from;
    CHECK(getpeername(client, (void *)&from, &length) == 0 && length == server_length);
    CHECK(events(client, ALL) == 0);
    int set = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLOUT | EPOLLET};
    CHECK(epoll_ctl(set, EPOLL_CTL_ADD, client, &event) == 0 && epoll_wait(set, &event, 1, 0) == 0);
    FAILS(write(client, "x", 1), EAGAIN);
    CHECK(read(server, text, 64) == 1 && epoll_wait(set, &event, 1, 1000) == 1 && event.events == EPOLLOUT);
    CHECK(write(client, "x", 1) == 1);
    close(set);
    while (recv(server, text, 64, MSG_DONTWAIT) > 0)
        ;
    /* A server with a peer of its own takes nothing from others. */
    CHECK(bind(other, (void *)&from, 2) == 0);
    length = sizeof from;
    CHECK(getsockname(other, (void *)&from, &length) == 0 && length == 2 + 1 + 5 && from.sun_path[0] == 0);
    CHECK(bind(other, (void *)&(struct sockaddr_un){AF_UNIX}, 2) == 0);
    CHECK(connect(server, (void *)&from, length) == 0);
    FAILS(write(client, "x", 1), EPERM);
    FAILS(sendto(client, "x", 1, 0, (void *)&server_name, server_length), EPERM);
    FAILS(connect(client, (void *)&server_name, server_length), EPERM);
    CHECK(connect(server, (void *)&(struct sockaddr){AF_UNSPEC}, sizeof(struct sockaddr)) == 0);
    CHECK(write(client, "x", 1) == 1 && read(server, text, 64) == 1);
    FAILS(getpeername(server, (void *)&from, &length), ENOTCONN);
    close(server);
    FAILS(write(client, "x", 1), ECONNREFUSED);
    FAILS(write(client, "x", 1), ENOTCONN);
    close(client);
    close(other);
    /* Each other's peers; when one turns away, the other is told that its message is lost. */
    pair(SOCK_DGRAM, ends);
    CHECK(write(ends[0], "lost", 4) == 4);
    CHECK(connect(ends[1], (void *)&(struct sockaddr){AF_UNSPEC}, sizeof(struct sockaddr)) == 0);
    FAILS(recv(ends[0], text, 64, MSG_DONTWAIT), ECONNRESET);
    FAILS(recv(ends[1], text, 64, MSG_DONTWAIT), EAGAIN);
    close_two(ends);
}

void many_messages(void) {
    int ends[2];
    char in[4][8], out[4][8] = {"zero", "one", "two", "three"};
    struct mmsghdr messages[4] = {0};
    struct iovec vectors[4];
    pair(SOCK_DGRAM, ends);
    for (int i = 0; i < 4; i++) {
        vectors[i] = (struct iovec){out[i], strlen(out[i])};
        messages[i].msg_hdr = (struct msghdr){.msg_iov = &vectors[i], .msg_iovlen = 1};
    }
    CHECK(sendmmsg(ends[0], messages, 4, 0) == 4 && messages[0].msg_len == 4 && messages[3].msg_len == 5);
    for (int i = 0; i < 4; i++)
        vectors[i] = (struct iovec){in[i], 8};
    CHECK(recvmmsg(ends[1], messages, 2, 0, NULL) == 2 && messages[1].msg_len == 3 && !memcmp(in[1], "one", 3));
    CHECK(recvmmsg(ends[1], messages, 4, MSG_WAITFORONE, NULL) == 2 && messages[1].msg_len == 5);
    FAILS(recvmmsg(ends[1], messages, 4, MSG_DONTWAIT, NULL), EAGAIN);
    struct timespec limit = {0, 1};
    CHECK(write(ends[0], "a", 1) == 1 && recvmmsg(ends[1], messages, 4, 0, &limit) == 1 && limit.tv_nsec == 0);
    limit.tv_nsec = -1;
    FAILS(recvmmsg(ends[1], messages, 4, 0, &limit), EINVAL);
    struct msghdr header = {.msg_iov = vectors, .msg_iovlen = 1025};
    FAILS(sendmsg(ends[0], &header, 0), EMSGSIZE);
    header.msg_iovlen = 1;
    header.msg_namelen = -1;
    header.msg_name = in;
    FAILS(sendmsg(ends[0], &header, 0), EINVAL);
    FAILS(sendmsg(ends[0], (void *)8, 0), EFAULT);
    FAILS(recvmsg(ends[0], (void *)8, 0), EFAULT);
    close_two(ends);
}
