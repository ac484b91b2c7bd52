/* Seals of memory files, checked the same on Linux and on Astra: prints "ok NAME" or what is wrong. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/vm/programs/parts.h"

enum { ADD = 1033, GET = 1034, SEAL = 1, SHRINK = 2, GROW = 4, WRITE = 8, FUTURE_WRITE = 16 };

#define FAILS(call, error) CHECK((call) == -1 && errno == (error))

static char page[8192];

static int make(unsigned flags, off_t size) {
    int fd = syscall(SYS_memfd_create, "sealed", flags);
    CHECK(fd >= 0 && ftruncate(fd, size) == 0);
    return fd;
}
static void *map(int fd, int protection, int type) {
    return mmap(NULL, 4096, protection, type, fd, 0);
}

static void which(void) {
    int plain = make(0, 4096), sealable = make(2, 4096), pair[2];
    CHECK(fcntl(plain, GET) == SEAL && fcntl(sealable, GET) == 0);
    FAILS(fcntl(plain, ADD, SHRINK), EPERM);
    FAILS(fcntl(sealable, ADD, 0x1000), EINVAL);
    CHECK(fcntl(sealable, ADD, 0) == 0 && fcntl(sealable, ADD, SHRINK) == 0 && fcntl(sealable, ADD, GROW) == 0);
    CHECK(fcntl(sealable, GET) == (SHRINK | GROW));
    CHECK(fcntl(sealable, ADD, SEAL) == 0);
    FAILS(fcntl(sealable, ADD, WRITE), EPERM);
    CHECK(fcntl(sealable, GET) == (SHRINK | GROW | SEAL));
    CHECK(pipe(pair) == 0);
    FAILS(fcntl(pair[1], GET), EINVAL);
    FAILS(fcntl(pair[1], ADD, SEAL), EINVAL);
    FAILS(fcntl(pair[0], ADD, SEAL), EPERM);
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", make(2, 1));
    int reader = open(path, O_RDONLY);
    FAILS(fcntl(reader, ADD, SEAL), EPERM);
    CHECK(fcntl(reader, GET) == 0);
}

static void creation(void) {
    FAILS(syscall(SYS_memfd_create, "x", 0x100u), EINVAL);
    FAILS(syscall(SYS_memfd_create, "x", 1u << 26), EINVAL);
    FAILS(syscall(SYS_memfd_create, (char *)8, 0u), EFAULT);
    char name[300];
    memset(name, 'n', sizeof name);
    name[250] = 0;
    FAILS(syscall(SYS_memfd_create, name, 0u), EINVAL);
    name[249] = 0;
    int fd = syscall(SYS_memfd_create, name, 1u);
    CHECK(fd >= 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC);
}

static void shrink(void) {
    int fd = make(2, 4096);
    CHECK(fcntl(fd, ADD, SHRINK) == 0);
    FAILS(ftruncate(fd, 4095), EPERM);
    CHECK(ftruncate(fd, 4096) == 0 && ftruncate(fd, 5000) == 0 && pwrite(fd, page, 100, 5000) == 100);
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    FAILS(truncate(path, 0), EPERM);
    FAILS(open(path, O_RDWR | O_TRUNC), EPERM);
}

static void grow(void) {
    int fd = make(2, 6000);
    CHECK(fcntl(fd, ADD, GROW) == 0);
    FAILS(ftruncate(fd, 6001), EPERM);
    CHECK(pwrite(fd, page, 4096, 0) == 4096 && pwrite(fd, page, 1904, 4096) == 1904);
    FAILS(pwrite(fd, page, 1905, 4096), EPERM);
    CHECK(pwrite(fd, page, 8192, 0) == 4096); /* what comes before the page that would grow */
    FAILS(pwrite(fd, page, 1, 6000), EPERM);
    FAILS(fallocate(fd, 0, 0, 6001), EPERM);
    CHECK(fallocate(fd, 0, 0, 6000) == 0);
    CHECK(ftruncate(fd, 100) == 0);
}

static void written(void) {
    int fd = make(2, 4096);
    char *shared = map(fd, PROT_READ | PROT_WRITE, MAP_SHARED);
    FAILS(fcntl(fd, ADD, WRITE), EBUSY);
    CHECK(fcntl(fd, GET) == 0);
    char *second = mremap(shared, 4096, 8192, MREMAP_MAYMOVE);
    pid_t child = fork();
    if (child == 0)
        _exit(munmap(second, 8192));
    waitpid(child, NULL, 0);
    FAILS(fcntl(fd, ADD, WRITE), EBUSY);
    CHECK(munmap(second, 4096) == 0);
    FAILS(fcntl(fd, ADD, WRITE), EBUSY);
    CHECK(munmap(second + 4096, 4096) == 0);
    char *private = map(fd, PROT_READ | PROT_WRITE, MAP_PRIVATE);
    CHECK(fcntl(fd, ADD, WRITE) == 0 && fcntl(fd, GET) == WRITE);
    private[0] = 1;
    FAILS(pwrite(fd, page, 1, 0), EPERM);
    CHECK(write(fd, page, 0) == 0);
    CHECK(map(fd, PROT_READ | PROT_WRITE, MAP_SHARED) == MAP_FAILED && errno == EPERM);
    CHECK(map(fd, PROT_READ | PROT_WRITE, MAP_PRIVATE) != MAP_FAILED);
    CHECK(ftruncate(fd, 100) == 0 && ftruncate(fd, 8192) == 0);
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int reader = open(path, O_RDONLY);
    CHECK(map(reader, PROT_READ, MAP_SHARED) != MAP_FAILED);
    CHECK(fcntl(fd, ADD, WRITE) == 0);
}

static void future_writes(void) {
    int fd = make(2, 4096);
    char *shared = map(fd, PROT_READ | PROT_WRITE, MAP_SHARED);
    CHECK(fcntl(fd, ADD, FUTURE_WRITE) == 0);
    shared[0] = 'x';
    char got;
    CHECK(pread(fd, &got, 1, 0) == 1 && got == 'x');
    FAILS(pwrite(fd, page, 1, 0), EPERM);
    CHECK(map(fd, PROT_READ | PROT_WRITE, MAP_SHARED) == MAP_FAILED && errno == EPERM);
    char *reading = map(fd, PROT_READ, MAP_SHARED);
    CHECK(reading != MAP_FAILED && reading[0] == 'x');
    FAILS(mprotect(reading, 4096, PROT_READ | PROT_WRITE), EACCES);
    CHECK(map(fd, PROT_READ | PROT_WRITE, MAP_PRIVATE) != MAP_FAILED);
    CHECK(ftruncate(fd, 8192) == 0);
}

static const struct part parts[] = {PART(which), PART(creation), PART(shrink), PART(grow), PART(written), PART(future_writes)};

int main(int argc, char **argv) {
    setvbuf(stdout, NULL, _IONBF, 0);
    return run_parts(parts, sizeof parts / sizeof parts[0], argc > 1 ? argv[1] : NULL);
}
