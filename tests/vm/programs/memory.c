/* Memory calls and page faults as Linux has them: "ok NAME" or "not ok NAME: why" a line. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096L
#define READ_WRITE (PROT_READ | PROT_WRITE)
#define ANONYMOUS (MAP_PRIVATE | MAP_ANONYMOUS)

static const char *test_name;
static int failures;

#define CHECK(condition) \
    do { \
        if (!(condition)) { \
            printf("not ok %s: line %d: %s (errno %d)\n", test_name, __LINE__, #condition, errno); \
            failures++; \
            return; \
        } \
    } while (0)

static sigjmp_buf after_fault;
static volatile int fault_signal, fault_code;
static void *volatile fault_address;

static void on_fault(int number, siginfo_t *info, void *context) {
    fault_signal = number;
    fault_code = info->si_code;
    fault_address = info->si_addr;
    siglongjmp(after_fault, 1);
}

/* The signal that an access raises; 0: none. */
static int fault_of(volatile char *address, int write) {
    fault_signal = 0;
    if (sigsetjmp(after_fault, 1) == 0) {
        if (write)
            *address = 1;
        else
            (void)*address;
    }
    return fault_signal;
}

static char *map(size_t size) {
    return mmap(NULL, size, READ_WRITE, ANONYMOUS, -1, 0);
}

/* The exit status of a child that runs `body`. */
static int child_status(void (*body)(void)) {
    int status = -1;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        body();
        _exit(0);
    }
    return waitpid(pid, &status, 0) == pid ? status : -1;
}

static void test_protection(void) {
    char *area = map(4 * PAGE);
    CHECK(area != MAP_FAILED && area[0] == 0);
    area[5] = 3;
    CHECK(mprotect(area, PAGE, PROT_READ) == 0 && fault_of(area, 0) == 0);
    CHECK(fault_of(area, 1) == SIGSEGV && fault_address == area && fault_code == SEGV_ACCERR);
    CHECK(mprotect(area, PAGE, PROT_NONE) == 0 && fault_of(area, 0) == SIGSEGV);
    CHECK(write(1, area, 1) == -1 && errno == EFAULT);
    CHECK(mprotect(area, PAGE, READ_WRITE) == 0 && area[5] == 3 && fault_of(area, 1) == 0);
    CHECK(munmap(area + PAGE, PAGE) == 0 && fault_of(area + PAGE, 0) == SIGSEGV && fault_code == SEGV_MAPERR);
    CHECK(mprotect(area, 3 * PAGE, PROT_READ) == -1 && errno == ENOMEM);
    CHECK(syscall(SYS_mprotect, area + 1, PAGE, PROT_READ) == -1 && errno == EINVAL);
    munmap(area, 4 * PAGE);
}

static void test_no_execute(void) {
    char *area = map(PAGE);
    area[0] = (char)0xc3; /* ret */
    fault_signal = 0;
    if (sigsetjmp(after_fault, 1) == 0)
        ((void (*)(void))area)();
    CHECK(fault_signal == SIGSEGV);
    CHECK(mprotect(area, PAGE, PROT_READ | PROT_EXEC) == 0);
    ((void (*)(void))area)();
    munmap(area, PAGE);
}

static void test_fixed(void) {
    char *area = map(8 * PAGE);
    area[2 * PAGE] = 7;
    CHECK(mmap(area + 2 * PAGE, PAGE, READ_WRITE, ANONYMOUS | MAP_FIXED, -1, 0) == area + 2 * PAGE);
    CHECK(area[2 * PAGE] == 0);
    CHECK(mmap(area, PAGE, PROT_READ, ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED && errno == EEXIST);
    CHECK(mmap(area + 1, PAGE, PROT_READ, ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED && errno == EINVAL);
    CHECK(munmap(area, 8 * PAGE) == 0);
    CHECK(mmap(area, PAGE, PROT_READ, ANONYMOUS, -1, 0) == area); /* a free hint is taken */
    CHECK(mmap(NULL, 0, PROT_READ, ANONYMOUS, -1, 0) == MAP_FAILED && errno == EINVAL);
    CHECK(mmap(NULL, PAGE, PROT_READ, MAP_ANONYMOUS, -1, 0) == MAP_FAILED && errno == EINVAL);
    CHECK(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, 999, 0) == MAP_FAILED && errno == EBADF);
    CHECK(mmap(NULL, SIZE_MAX - PAGE, PROT_READ, ANONYMOUS, -1, 0) == MAP_FAILED && errno == ENOMEM);
    char *low = mmap(NULL, PAGE, PROT_READ, ANONYMOUS | MAP_32BIT, -1, 0);
    CHECK(low != MAP_FAILED && (uintptr_t)low >= 1ul << 30 && (uintptr_t)low < 1ul << 31);
    char *wanted = (char *)0x50000000, *lower = (char *)0x30000000, *high = (char *)0x90000000;
    CHECK(mmap(wanted, PAGE, PROT_READ, ANONYMOUS | MAP_32BIT, -1, 0) == wanted);
    CHECK(mmap(lower, PAGE, PROT_READ, ANONYMOUS | MAP_32BIT, -1, 0) == lower); /* as a hint, it need not be in the range */
    low = mmap(high, PAGE, PROT_READ, ANONYMOUS | MAP_32BIT, -1, 0);
    CHECK(low != MAP_FAILED && (uintptr_t)low >= 1ul << 30 && (uintptr_t)low < 1ul << 31);
    CHECK(mmap(NULL, 1ul << 30, PROT_NONE, ANONYMOUS | MAP_32BIT, -1, 0) == MAP_FAILED && errno == ENOMEM);
}

static void test_file_mappings(void) {
    char name[] = "/tmp/memory.XXXXXX", text[8];
    int fd = mkstemp(name);
    CHECK(fd >= 0 && ftruncate(fd, 10000) == 0);
    char *shared = mmap(NULL, 4 * PAGE, READ_WRITE, MAP_SHARED, fd, 0);
    char *private = mmap(NULL, PAGE, READ_WRITE, MAP_PRIVATE, fd, 0);
    CHECK(shared != MAP_FAILED && private != MAP_FAILED);
    strcpy(shared + 4000, "hello");
    CHECK(pread(fd, text, 6, 4000) == 6 && strcmp(text, "hello") == 0);
    CHECK(strcmp(private + 4000, "hello") == 0);
    private[4000] = 'j';
    CHECK(shared[4000] == 'h');
    CHECK(pwrite(fd, "world", 5, 8192) == 5 && memcmp(shared + 8192, "world", 5) == 0);
    CHECK(fault_of(shared + 11000, 0) == 0); /* the rest of the last page */
    CHECK(fault_of(shared + 3 * PAGE, 0) == SIGBUS && fault_code == BUS_ADRERR);
    CHECK(ftruncate(fd, 100) == 0 && fault_of(shared + PAGE, 0) == SIGBUS);
    CHECK(shared[4000] == 0 && msync(shared, PAGE, MS_SYNC) == 0);
    CHECK(ftruncate(fd, 8192) == 0 && shared[PAGE] == 0);
    int read_only = open(name, O_RDONLY);
    CHECK(mmap(NULL, PAGE, READ_WRITE, MAP_SHARED, read_only, 0) == MAP_FAILED && errno == EACCES);
    char *view = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, read_only, 0);
    CHECK(view != MAP_FAILED && mprotect(view, PAGE, READ_WRITE) == -1 && errno == EACCES);
    CHECK(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 100) == MAP_FAILED && errno == EINVAL);
    close(fd), close(read_only), unlink(name);
    shared[0] = 'k'; /* lives on without a name and a descriptor */
    CHECK(shared[0] == 'k');
}

static void test_mapped_writes_change_times(void) {
    char name[] = "/tmp/memory.XXXXXX";
    struct timespec long_ago[] = {{1, 0}, {1, 0}};
    struct stat stat;
    int fd = mkstemp(name);
    CHECK(fd >= 0 && unlink(name) == 0 && ftruncate(fd, PAGE) == 0);
    char *shared = mmap(NULL, PAGE, READ_WRITE, MAP_SHARED, fd, 0);
    CHECK(shared != MAP_FAILED && futimens(fd, long_ago) == 0);
    CHECK(fstat(fd, &stat) == 0 && stat.st_mtime == 1);
    shared[0] = 1;
    CHECK(msync(shared, PAGE, MS_SYNC) == 0 && fstat(fd, &stat) == 0 && stat.st_mtime > 1);
    munmap(shared, PAGE);
    close(fd);
}

static char *fork_private, *fork_shared;

static void fork_child(void) {
    fork_private[0] = 2;
    fork_shared[0] = 9;
    _exit(fork_private[0] == 2 && fork_private[PAGE] == 5 ? 0 : 1);
}

static void test_fork_copies_on_write(void) {
    fork_private = map(2 * PAGE);
    fork_shared = mmap(NULL, PAGE, READ_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    fork_private[0] = 1;
    fork_private[PAGE] = 5;
    CHECK(child_status(fork_child) == 0);
    CHECK(fork_private[0] == 1 && fork_shared[0] == 9);
    fork_private[0] = 3;
    CHECK(fork_private[0] == 3 && fork_private[PAGE] == 5);
}

static void wiped_child(void) {
    _exit(fork_private[0] == 0 ? 0 : 1);
}

static void missing_child(void) {
    signal(SIGSEGV, SIG_DFL);
    fork_private[0] = 1;
}

static void test_fork_advice(void) {
    fork_private = map(PAGE);
    fork_private[0] = 1;
    CHECK(madvise(fork_private, PAGE, MADV_WIPEONFORK) == 0 && child_status(wiped_child) == 0);
    CHECK(madvise(fork_private, PAGE, MADV_DONTFORK) == 0);
    int status = child_status(missing_child);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV && fork_private[0] == 1);
}

static void test_remap(void) {
    char *area = map(2 * PAGE);
    area[0] = 'a';
    area[PAGE] = 'b';
    char *wall = mmap(area + 2 * PAGE, PAGE, PROT_NONE, ANONYMOUS, -1, 0);
    if (wall == area + 2 * PAGE)
        CHECK(mremap(area, 2 * PAGE, 4 * PAGE, 0) == MAP_FAILED && errno == ENOMEM);
    area = mremap(area, 2 * PAGE, 256 * PAGE, MREMAP_MAYMOVE);
    CHECK(area != MAP_FAILED && area[0] == 'a' && area[PAGE] == 'b' && area[200 * PAGE] == 0);
    CHECK(mremap(area, 256 * PAGE, PAGE, 0) == area && fault_of(area + PAGE, 0) == SIGSEGV);
    char *target = map(PAGE);
    CHECK(mremap(area, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, target) == target && target[0] == 'a');
    CHECK(fault_of(area, 0) == SIGSEGV);
    CHECK(mremap(target, PAGE, 0, 0) == MAP_FAILED && errno == EINVAL);
}

enum { POPULATE_READ = 22, POPULATE_WRITE = 23 }; /* MADV_..., which older headers lack */

static void test_advice_and_residency(void) {
    unsigned char resident[4] = {0};
    char *area = map(4 * PAGE);
    area[0] = area[PAGE] = 1;
    CHECK(mincore(area, 4 * PAGE, resident) == 0 && resident[0] == 1 && resident[1] == 1 && resident[3] == 0);
    CHECK(madvise(area, PAGE, MADV_DONTNEED) == 0 && area[0] == 0 && area[PAGE] == 1);
    CHECK(madvise(area, PAGE, 12345) == -1 && errno == EINVAL);
    CHECK(madvise(area, 2 * PAGE, MADV_WILLNEED) == 0 && madvise(area, PAGE, MADV_SEQUENTIAL) == 0);
    CHECK(mlock(area, 4 * PAGE) == 0 && mincore(area, 4 * PAGE, resident) == 0 && resident[3] == 1);
    CHECK(munlock(area, 4 * PAGE) == 0);
    CHECK(mprotect(area, PAGE, PROT_WRITE) == 0 && madvise(area, PAGE, POPULATE_READ) == -1 && errno == EINVAL);
    CHECK(madvise(area, PAGE, POPULATE_WRITE) == 0);
    munmap(area, 4 * PAGE);
    CHECK(mincore(area, PAGE, resident) == -1 && errno == ENOMEM);
    CHECK(msync(area, PAGE, MS_SYNC) == -1 && errno == ENOMEM);
    CHECK(msync(area, PAGE, MS_SYNC | MS_ASYNC) == -1 && errno == EINVAL);
}

/* What is locked on fault comes when it is used: neither locking nor MAP_POPULATE brings it. */
static void test_locked_on_fault(void) {
    unsigned char resident[4] = {0};
    char *area = map(4 * PAGE);
    area[0] = 1;
    CHECK(mlock2(area, 4 * PAGE, MLOCK_ONFAULT) == 0 && mincore(area, 4 * PAGE, resident) == 0);
    CHECK(resident[0] == 1 && resident[1] == 0 && madvise(area, PAGE, MADV_DONTNEED) == -1 && errno == EINVAL);
    CHECK(mlock2(area, 2 * PAGE, 0) == 0 && mincore(area, 4 * PAGE, resident) == 0 && resident[1] == 1 && resident[2] == 0);
    munmap(area, 4 * PAGE);
    CHECK(mlockall(MCL_FUTURE | MCL_ONFAULT) == 0);
    area = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    CHECK(area != MAP_FAILED && mincore(area, 4 * PAGE, resident) == 0 && resident[0] == 0);
    CHECK(munlockall() == 0 && mlockall(MCL_CURRENT) == 0 && mincore(area, 4 * PAGE, resident) == 0 && resident[3] == 1);
    CHECK(munlockall() == 0 && munmap(area, 4 * PAGE) == 0);
}

#define ENTRY_BYTES 8
#define PRESENT (1ull << 63)
#define OF_A_FILE (1ull << 61)
#define EXCLUSIVE (1ull << 56)
#define FRAME ((1ull << 55) - 1)

static uint64_t pagemap_entry(int pagemap, const char *page) {
    uint64_t entry = 0;
    return pread(pagemap, &entry, ENTRY_BYTES, (uintptr_t)page / PAGE * ENTRY_BYTES) == ENTRY_BYTES ? entry : 1;
}

static void test_pagemap(void) {
    uint64_t entries[200];
    int file = open("/proc/self/exe", O_RDONLY), pagemap = open("/proc/self/pagemap", O_RDONLY);
    char *area = map(4 * PAGE), *text = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, file, 0);
    CHECK(pagemap >= 0 && text != MAP_FAILED && text[0] == 0x7f);
    area[PAGE] = 1;
    CHECK((pagemap_entry(pagemap, area) & PRESENT) == 0 && (pagemap_entry(pagemap, text) & (PRESENT | OF_A_FILE)) == (PRESENT | OF_A_FILE));
    CHECK((pagemap_entry(pagemap, area + PAGE) & (PRESENT | OF_A_FILE | EXCLUSIVE)) == (PRESENT | EXCLUSIVE));
    CHECK((pagemap_entry(pagemap, area + PAGE) & FRAME) != 0); /* root sees it */
    CHECK(pread(pagemap, entries, sizeof entries, (uintptr_t)area / PAGE * ENTRY_BYTES) == sizeof entries && entries[1] & PRESENT);
    CHECK(pread(pagemap, entries, ENTRY_BYTES, 1) == -1 && errno == EINVAL && pread(pagemap, entries, 4, 0) == -1 && errno == EINVAL);
    CHECK(pread(pagemap, entries, ENTRY_BYTES, 0x7ffffffff000 / PAGE * ENTRY_BYTES) == 0);
    munmap(area, 4 * PAGE);
    CHECK((pagemap_entry(pagemap, area + PAGE) & PRESENT) == 0 && close(pagemap) == 0 && close(file) == 0 && munmap(text, PAGE) == 0);
}

static void test_brk(void) {
    char *start = (char *)syscall(SYS_brk, 0);
    CHECK((char *)syscall(SYS_brk, start + 100000) == start + 100000);
    start[99999] = 1;
    CHECK(start[50000] == 0 && (char *)syscall(SYS_brk, start) == start);
    CHECK(fault_of(start + 2 * PAGE, 0) == SIGSEGV);
    CHECK((char *)syscall(SYS_brk, 1) == start);
}

static int recurse(int depth) {
    volatile char block[PAGE];
    block[0] = (char)depth;
    return depth ? recurse(depth - 1) + block[0] : 0;
}

static void overflow_stack(void) {
    signal(SIGSEGV, SIG_DFL);
    recurse(1 << 20);
}

static void test_stack_grows(void) {
    CHECK(recurse(1000) < INT32_MAX);
    int status = child_status(overflow_stack);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

static void limit_address_space(void) {
    struct rlimit limit = {64 << 20, 64 << 20};
    setrlimit(RLIMIT_AS, &limit);
    _exit(map(64 << 20) == MAP_FAILED && errno == ENOMEM && map(1 << 20) != MAP_FAILED ? 0 : 1);
}

static void limit_locked(void) {
    struct rlimit limit = {8 * PAGE, 8 * PAGE};
    char *area = map(16 * PAGE);
    if (setrlimit(RLIMIT_MEMLOCK, &limit) != 0 || setuid(1000) != 0)
        _exit(2);
    _exit(mlock(area, 4 * PAGE) == 0 && mlock(area, 16 * PAGE) == -1 && errno == ENOMEM ? 0 : 1);
}

static void test_limits(void) {
    CHECK(child_status(limit_address_space) == 0);
    CHECK(child_status(limit_locked) == 0);
}

static void test_barriers(void) {
    long commands = syscall(SYS_membarrier, 0, 0);
    CHECK(commands > 0 && commands & 8);
    CHECK(syscall(SYS_membarrier, 8, 0) == -1 && errno == EPERM); /* not registered */
    CHECK(syscall(SYS_membarrier, 16, 0) == 0 && syscall(SYS_membarrier, 8, 0) == 0);
    CHECK(syscall(SYS_membarrier, 1 << 20, 0) == -1 && errno == EINVAL);
}

static void eat_memory(void) {
    for (;;) {
        char *area = map(1 << 20);
        for (long i = 0; area != MAP_FAILED && i < 1 << 20; i += PAGE)
            area[i] = 1;
    }
}

static void eat_tables(void) {
    char *area = mmap(NULL, 1ul << 40, READ_WRITE, ANONYMOUS | MAP_NORESERVE, -1, 0);
    for (unsigned long i = 0; area != MAP_FAILED && i < 1ul << 40; i += 2 << 20)
        (void)*(volatile char *)(area + i);
}

/* Only where nothing else can be hurt: not on the machine that builds. */
static void test_exhaustion(void) {
    int status = child_status(eat_memory);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    status = child_status(eat_tables);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

#define TEST(name) {#name, test_##name}
static const struct {
    const char *name;
    void (*run)(void);
} tests[] = {
    TEST(protection), TEST(no_execute), TEST(fixed), TEST(file_mappings), TEST(mapped_writes_change_times),
    TEST(fork_copies_on_write),
    TEST(fork_advice), TEST(remap), TEST(advice_and_residency), TEST(locked_on_fault), TEST(pagemap), TEST(brk),
    TEST(stack_grows), TEST(limits), TEST(barriers), TEST(exhaustion),
};

int main(int argc, char **argv) {
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    int count = sizeof tests / sizeof tests[0] - (argc > 1 && strcmp(argv[1], "--host") == 0);

    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
    for (int i = 0; i < count; i++) {
        int before = failures;
        test_name = tests[i].name;
        tests[i].run();
        if (failures == before)
            printf("ok %s\n", test_name);
    }
    return failures != 0;
}
