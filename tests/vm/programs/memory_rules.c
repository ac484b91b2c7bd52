/*
 * What limits and promises refuse, and what they leave alone: RLIMIT_AS, DATA, MEMLOCK; MAP_FIXED and mremap
 * that are refused; overcommit modes (as root, with SYSCTL=1 in the environment); ETXTBSY; layouts at random
 * and not. The same on Linux. One line a check.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/vm/programs/truths.h"

#define MIB (1024l * 1024)
#define ANONYMOUS (MAP_PRIVATE | MAP_ANONYMOUS)
#define RW (PROT_READ | PROT_WRITE)

static const char *self;

static int refused(void *address, int error) {
    return address == MAP_FAILED && errno == error;
}

/* Runs a test in a child, so that limits end with it. */
static void apart(void (*test)(void)) {
    int status;
    pid_t child = fork();
    if (child == 0) {
        failures = 0;
        test();
        _exit(failures != 0);
    }
    waitpid(child, &status, 0);
    failures += status != 0;
}

static long status_kib(const char *name) {
    char line[256];
    long value = -1;
    FILE *file = fopen(name[0] == 'V' ? "/proc/self/status" : "/proc/meminfo", "r");
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, name, strlen(name)) == 0)
            value = atol(line + strlen(name) + 1);
    if (file)
        fclose(file);
    return value;
}

static void set_limit(int resource, long bytes) {
    struct rlimit limit = {bytes, bytes};
    setrlimit(resource, &limit);
}

static void address_space(void) {
    char *old = mmap(NULL, 4 * MIB, RW, ANONYMOUS, -1, 0);
    memset(old, 'x', 4 * MIB);
    set_limit(RLIMIT_AS, status_kib("VmSize") * 1024 + MIB);
    check("RLIMIT_AS", refused(mmap(NULL, 2 * MIB, RW, ANONYMOUS, -1, 0), ENOMEM));
    check("MAP_FIXED refused", refused(mmap(old, 8 * MIB, RW, ANONYMOUS | MAP_FIXED, -1, 0), ENOMEM));
    check("leaves what was there", old[0] == 'x' && old[4 * MIB - 1] == 'x');
    check("MAP_FIXED in place of the same size", mmap(old, 4 * MIB, RW, ANONYMOUS | MAP_FIXED, -1, 0) == old && old[0] == 0);
    memset(old, 'y', 4 * MIB);
    check("mremap refused", refused(mremap(old, 4 * MIB, 8 * MIB, MREMAP_MAYMOVE), ENOMEM) && old[4 * MIB - 1] == 'y');
    check("mremap of a part", mremap(old + MIB, MIB, MIB, MREMAP_MAYMOVE) == old + MIB);
    check("brk refused", sbrk(4 * MIB) == (void *)-1 && errno == ENOMEM);
}

static void data(void) {
    char *readable = mmap(NULL, 4 * MIB, PROT_READ, ANONYMOUS, -1, 0);
    set_limit(RLIMIT_DATA, MIB);
    check("RLIMIT_DATA", refused(mmap(NULL, 4 * MIB, RW, ANONYMOUS, -1, 0), ENOMEM));
    check("of private writable memory only", mmap(NULL, 4 * MIB, PROT_READ, ANONYMOUS, -1, 0) != MAP_FAILED &&
          mmap(NULL, 4 * MIB, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
    check("mprotect", mprotect(readable, 4 * MIB, RW) < 0 && errno == ENOMEM);
}

static void locking(void) {
    char *memory = mmap(NULL, MIB, RW, ANONYMOUS, -1, 0);
    if (getuid() == 0 && (setresgid(1234, 1234, 1234) != 0 || setresuid(1234, 1234, 1234) != 0))
        check("setresuid", 0);
    set_limit(RLIMIT_MEMLOCK, MIB / 2);
    check("RLIMIT_MEMLOCK", mlock(memory, MIB) < 0 && errno == ENOMEM && mlock(memory, MIB / 4) == 0);
    check("locked again", mlock(memory, MIB / 2) == 0 && mlock(memory, MIB / 2) == 0 && munlock(memory + MIB / 4, MIB / 4) == 0);
    check("MAP_LOCKED", refused(mmap(NULL, MIB, RW, ANONYMOUS | MAP_LOCKED, -1, 0), EAGAIN));
    check("mlockall", mlockall(MCL_CURRENT) < 0 && errno == ENOMEM && mlockall(MCL_ONFAULT) < 0 && errno == EINVAL);
    check("VmLck", status_kib("VmLck:") == 256 && munlock(memory, MIB) == 0 && status_kib("VmLck:") == 0);
    set_limit(RLIMIT_MEMLOCK, 0);
    check("limit 0", mlock(memory, 4096) < 0 && errno == EPERM && mlockall(MCL_CURRENT) < 0 && errno == EPERM &&
          syscall(SYS_mmap, 0l, MIB, RW, ANONYMOUS | MAP_LOCKED, -1l, 0l) < 0 && errno == EPERM);
    check("of nothing", munlock(memory, 0) == 0 && mlock((void *)4096, 4096) < 0);
}

static void stack(void) {
    set_limit(RLIMIT_STACK, MIB);
    pid_t child = fork();
    int status;
    if (child == 0) {
        volatile char *low = __builtin_frame_address(0);
        for (long down = 0; down < 2 * MIB; down += 4096)
            low[-down] = 1;
        _exit(0);
    }
    waitpid(child, &status, 0);
    check("RLIMIT_STACK", WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

static void write_number(const char *path, long value) {
    char text[32];
    int fd = open(path, O_WRONLY);
    check(path, write(fd, text, snprintf(text, sizeof text, "%ld\n", value)) > 0);
    close(fd);
}

static void overcommit(void) {
    const char *mode = "/proc/sys/vm/overcommit_memory";
    long total = status_kib("MemTotal:") * 1024;
    check("more than there is", refused(mmap(NULL, total + MIB, RW, ANONYMOUS, -1, 0), ENOMEM));
    check("but not asked for", mmap(NULL, total + MIB, PROT_READ, ANONYMOUS, -1, 0) != MAP_FAILED &&
          mmap(NULL, total + MIB, RW, ANONYMOUS | MAP_NORESERVE, -1, 0) != MAP_FAILED);
    long before = status_kib("Committed_AS:");
    char *memory = mmap(NULL, 16 * MIB, RW, ANONYMOUS, -1, 0);
    check("Committed_AS", status_kib("Committed_AS:") - before == 16384);
    mprotect(memory, 16 * MIB, PROT_READ);
    check("stays when it becomes read-only", status_kib("Committed_AS:") - before == 16384);
    munmap(memory, 16 * MIB);
    memory = mmap(NULL, 16 * MIB, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    check("shared", status_kib("Committed_AS:") - before == 16384);
    munmap(memory, 16 * MIB);
    check("given back", status_kib("Committed_AS:") == before);
    write_number(mode, 1);
    check("always", mmap(NULL, total + MIB, RW, ANONYMOUS, -1, 0) != MAP_FAILED);
    write_number(mode, 2);
    check("never", refused(mmap(NULL, status_kib("CommitLimit:") * 1024, RW, ANONYMOUS, -1, 0), ENOMEM));
    write_number(mode, 0);
    write_number("/proc/sys/vm/overcommit_ratio", 100);
    check("CommitLimit", status_kib("CommitLimit:") == total / 1024);
    write_number("/proc/sys/vm/overcommit_ratio", 50);
    int fd = open(mode, O_WRONLY);
    check("no such mode", write(fd, "3\n", 2) < 0 && errno == EINVAL);
    close(fd);
}

static void text_busy(void) {
    char name[] = "/tmp/busyXXXXXX", *arguments[] = {name, "sleep", NULL};
    char buffer[65536];
    int from = open(self, O_RDONLY), to = mkstemp(name), status;
    for (ssize_t count; (count = read(from, buffer, sizeof buffer)) > 0;)
        write(to, buffer, count);
    fchmod(to, 0755);
    check("being written", execv(name, arguments) < 0 && errno == ETXTBSY);
    close(to);
    int ready[2];
    pipe2(ready, O_CLOEXEC);
    pid_t child = fork();
    if (child == 0)
        _exit(execv(name, arguments));
    close(ready[1]);
    read(ready[0], buffer, 1); /* ends with the exec */
    check("being executed", open(name, O_WRONLY) < 0 && errno == ETXTBSY && truncate(name, 0) < 0 && errno == ETXTBSY);
    check("can be read and replaced", (to = open(name, O_RDONLY)) >= 0 && close(to) == 0);
    kill(child, 9);
    waitpid(child, &status, 0);
    check("no longer", (to = open(name, O_WRONLY)) >= 0 && close(to) == 0);
    unlink(name);
}

/* Where a fresh program finds its stack, heap and mappings. */
static void layout(int persona, char *text, size_t size) {
    int ends[2];
    pipe(ends);
    pid_t child = fork();
    if (child == 0) {
        personality(persona);
        dup2(ends[1], 1);
        execl(self, self, "layout", NULL);
        _exit(1);
    }
    close(ends[1]);
    memset(text, 0, size);
    for (size_t at = 0; at < size - 1;) {
        ssize_t count = read(ends[0], text + at, size - 1 - at);
        if (count <= 0)
            break;
        at += count;
    }
    close(ends[0]);
    waitpid(child, NULL, 0);
}

static void at_random(void) {
    char first[256], second[256];
    layout(0, first, sizeof first);
    layout(0, second, sizeof second);
    check("placed at random", strlen(first) > 20 && strcmp(first, second) != 0);
    layout(ADDR_NO_RANDOMIZE, first, sizeof first);
    layout(ADDR_NO_RANDOMIZE, second, sizeof second);
    check("ADDR_NO_RANDOMIZE", strlen(first) > 20 && strcmp(first, second) == 0);
    check("personality", personality(0xffffffff) == 0 && personality(ADDR_NO_RANDOMIZE) == 0 &&
          personality(0xffffffff) == ADDR_NO_RANDOMIZE && personality(0) == ADDR_NO_RANDOMIZE);
}

int main(int argc, char **argv) {
    self = argv[0];
    if (argc > 1 && strcmp(argv[1], "sleep") == 0)
        return pause();
    if (argc > 1)
        return printf("%p %p %p\n", (void *)&argc, sbrk(0), mmap(NULL, 4096, PROT_READ, ANONYMOUS, -1, 0)) < 0;
    apart(address_space);
    apart(data);
    apart(locking);
    apart(stack);
    if (getenv("SYSCTL"))
        apart(overcommit);
    text_busy();
    at_random();
    return failures != 0;
}
