/* What all of them need. */
#include "tests/vm/programs/splice/splice.h"

char block[1 << 20], got[1 << 20];

void fill(void) {
    for (size_t i = 0; i < sizeof block; i++)
        block[i] = (char)(i * 7 + i / 4096);
}

int make(const char *name, size_t size) {
    int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
    IS(write(fd, block, size), size);
    lseek(fd, 0, SEEK_SET);
    return fd;
}

int held(int fd) {
    int bytes = -1;
    ioctl(fd, FIONREAD, &bytes);
    return bytes;
}

void drain(int fd) {
    int flags = fcntl(fd, F_GETFL);
    fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    while (read(fd, got, sizeof got) > 0)
        ;
    fcntl(fd, F_SETFL, flags);
}
