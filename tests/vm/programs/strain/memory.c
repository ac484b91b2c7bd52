/* Mappings, memory, page tables. */
#include "tests/vm/programs/strain/strain.h"

void mappings(void) {
    enum { PAGES = 20000 };
    char *area = mmap(NULL, (size_t)PAGES * 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(area != MAP_FAILED);
    for (int i = 0; i < PAGES; i += 2)
        REQUIRE(mprotect(area + (size_t)i * 4096, 4096, PROT_READ | PROT_WRITE) == 0);
    for (int i = 0; i < PAGES; i += 64)
        area[(size_t)i * 4096] = 1;
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    REQUIRE(pid > 0 && waitpid(pid, NULL, 0) == pid);
}

void endless_mappings(void) {
    int count = 0;
    while (count < 200000 && mmap(NULL, 4096, count & 1 ? PROT_READ : PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED)
        count++;
    REQUIRE(count < 200000 && errno == ENOMEM);
}

void exhaust(void) {
    for (;;) {
        char *block = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (block == MAP_FAILED)
            _exit(0);
        memset(block, 1, 1 << 20);
    }
}

/* Page tables alone: a page in each 2 MiB. */
void exhaust_tables(void) {
    for (uintptr_t at = 0x100000000; at < 0x700000000000; at += 1 << 21)
        if (mmap((void *)at, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_POPULATE, -1, 0) == MAP_FAILED)
            _exit(0);
}

void exhaust_shared(void) {
    size_t size = 1ul << 32;
    char *area = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    for (size_t at = 0; area != MAP_FAILED && at < size; at += 4096)
        area[at] = 1;
}

/* Many at once want memory: some die, nobody hangs. */
void exhaust_together(void) {
    for (int i = 0; i < 8; i++)
        if (fork() == 0)
            exhaust();
    wait_all();
}

void limited_memory(void) {
    limit(RLIMIT_AS, 16 << 20);
    REQUIRE(mmap(NULL, 64 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED && errno == ENOMEM);
}
