/* What all of them need. */
#include "tests/vm/programs/files/files.h"

int make(const char *name, const char *text) {
    int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0644);
    if (fd >= 0 && text)
        write(fd, text, strlen(text));
    return fd;
}

void make_closed(const char *name, const char *text) {
    int fd = make(name, text);
    OK(fd);
    close(fd);
}

void ignore(int s) {
}
