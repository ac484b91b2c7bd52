/* Memory, sockets, terminals. */
#include "tests/vm/programs/splice/splice.h"

void test_memory(void) {
    section = "memory";
    int p[2];
    char *pages = mmap(NULL, 8 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    OK(pipe(p));
    memset(pages, 'a', 4 * 4096);
    struct iovec two[2] = {{pages + 100, 5000}, {pages + 3 * 4096, 10}};
    IS(vmsplice(p[1], two, 2, SPLICE_F_GIFT), 5010);
    pages[100] = 'b'; /* the pages are the program's still */
    pages[3 * 4096] = 'c';
    IS(read(p[0], got, sizeof got), 5010);
    TRUE(got[0] == 'b' && got[1] == 'a' && got[5000] == 'c' && got[5009] == 'a');
    struct iovec untouched = {pages + 5 * 4096, 4096};
    IS(vmsplice(p[1], &untouched, 1, 0), 4096);
    IS(read(p[0], got, 4096), 4096);
    TRUE(got[0] == 0 && got[4095] == 0);
    /* gone memory */
    struct iovec last = {pages + 3 * 4096, 4096};
    IS(vmsplice(p[1], &last, 1, 0), 4096);
    munmap(pages, 4 * 4096);
    IS(read(p[0], got, 4096), 4096);
    TRUE(got[0] == 'c' && got[4095] == 'a');
    /* half of it is there */
    struct iovec over = {pages + 7 * 4096, 3 * 4096};
    munmap(pages + 8 * 4096, 4096);
    mprotect(pages + 7 * 4096, 4096, PROT_READ);
    IS(vmsplice(p[1], &over, 1, 0), 4096);
    drain(p[0]);
    /* as many as fit */
    struct iovec much = {block, 100000};
    long first = 16 * 4096 - ((uintptr_t)block & 4095);
    IS(vmsplice(p[1], &much, 1, 0), first);
    FAILS(vmsplice(p[1], &much, 1, SPLICE_F_NONBLOCK), EAGAIN);
    memset(got, 0, sizeof got);
    struct iovec back[2] = {{got, 10000}, {got + 20000, 100000}};
    IS(vmsplice(p[0], back, 2, 0), first);
    TRUE(memcmp(got, block, 10000) == 0 && memcmp(got + 20000, block + 10000, first - 10000) == 0);
    close(p[0]), close(p[1]);
}

void test_sockets(void) {
    section = "sockets";
    int p[2], s[2], file = make("in", 100000);
    OK(pipe(p));
    OK(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
    IS(splice(file, NULL, p[1], NULL, 50000, 0), 50000);
    IS(splice(p[0], NULL, s[0], NULL, 50000, 0), 50000);
    long total = 0, n;
    while (total < 50000 && (n = splice(s[1], NULL, p[1], NULL, 50000 - total, 0)) > 0) {
        for (long left = n; left > 0; left -= n, total += n)
            n = read(p[0], got + total, left);
        n = 1;
    }
    TRUE(total == 50000 && memcmp(got, block, 50000) == 0);
    FAILS(splice(s[1], NULL, p[1], NULL, 10, SPLICE_F_NONBLOCK), EAGAIN);
    FAILS(splice(s[1], NULL, s[0], NULL, 10, 0), EINVAL);
    IS(write(s[0], "ab", 2), 2);
    IS(sendfile(p[1], file, NULL, 3000), 3000);
    drain(p[0]);
    IS(sendfile(s[1], file, NULL, 3000), 3000);
    IS(read(s[0], got, sizeof got), 3000);
    TRUE(memcmp(got, block + 53000, 3000) == 0);
    shutdown(s[0], SHUT_WR);
    IS(splice(s[1], NULL, p[1], NULL, 10, 0), 2);
    IS(splice(s[1], NULL, p[1], NULL, 10, 0), 0);
    shutdown(s[1], SHUT_WR);
    FAILS(splice(p[0], NULL, s[1], NULL, 2, 0), EPIPE);
    close(p[0]), close(p[1]), close(s[0]), close(s[1]), close(file);
    unlink("in");
}

void test_terminals(void) {
    section = "terminals";
    int p[2], null = open("/dev/null", O_RDWR), full = open("/dev/urandom", O_RDONLY);
    OK(pipe(p));
    IS(write(p[1], "gone", 4), 4);
    IS(splice(p[0], NULL, null, NULL, 100, 0), 4);
    IS(splice(full, NULL, p[1], NULL, 100, 0), 100);
    IS(held(p[0]), 100);
    close(p[0]), close(p[1]), close(null), close(full);
}
