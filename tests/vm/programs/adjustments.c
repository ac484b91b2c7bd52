/*
 * How the system is adjusted: the clocks' speed (adjtimex), priorities for disks (ioprio), real-time threads that spin,
 * pages of a mapping in another order (remap_file_pages), processors as /sys shows them. The same on Linux. One line a
 * check.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/vm/programs/truths.h"

#define PAGE 4096
#define IOPRIO_PROCESS 1
#define IOPRIO_PGRP 2
#define IOPRIO(class, level) ((class) << 13 | (level))
#define READ_ONCE_OFFSET (ADJ_OFFSET_SINGLESHOT | 0x2000)
#define SPINNERS_MAX 64
#define ORDINARY_UID 1000

static int answer(long result) {
    return result < 0 ? errno : 0;
}

static int in_child(int (*good)(void)) {
    int status = -1;
    pid_t child = fork();
    if (child == 0)
        _exit(good() ? 0 : 1);
    waitpid(child, &status, 0);
    return status == 0;
}

static int become_ordinary(void) {
    return setgid(ORDINARY_UID) == 0 && setuid(ORDINARY_UID) == 0;
}

/* ---- clocks ---- */

static uint64_t ticks(void) {
    uint32_t low, high;
    __asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

/* One moment in both: of some tries, the one with the least between the two readings. */
static void both(uint64_t *tsc, uint64_t *ns) {
    uint64_t best = UINT64_MAX;
    for (int i = 0; i < 50; i++) {
        struct timespec now;
        uint64_t before = ticks();
        clock_gettime(CLOCK_MONOTONIC, &now);
        uint64_t after = ticks();
        if (after - before >= best)
            continue;
        best = after - before;
        *tsc = before + best / 2;
        *ns = now.tv_sec * 1000000000ull + now.tv_nsec;
    }
}

/* Nanoseconds of CLOCK_MONOTONIC a tick of the TSC. */
static double speed(void) {
    uint64_t tsc[2], ns[2];
    both(&tsc[0], &ns[0]);
    do
        both(&tsc[1], &ns[1]);
    while (ns[1] - ns[0] < 30000000);
    return (double)(ns[1] - ns[0]) / (double)(tsc[1] - tsc[0]);
}

static int about(double value, double wanted) {
    return value > wanted * 0.99 && value < wanted * 1.01;
}

static int clock_is_protected(void) {
    struct timex set = {.modes = ADJ_TICK, .tick = 10000}, once = {.modes = ADJ_OFFSET_SINGLESHOT};
    struct timex read = {0}, read_once = {.modes = READ_ONCE_OFFSET};
    return become_ordinary() && answer(adjtimex(&set)) == EPERM && answer(adjtimex(&once)) == EPERM && adjtimex(&read) >= 0 &&
           adjtimex(&read_once) >= 0;
}

static void clocks(void) {
    struct timex t = {0};
    check("adjtimex tells an unsynchronised clock", syscall(SYS_adjtimex, &t) == TIME_ERROR && (t.status & STA_UNSYNC));
    check("its tick and tolerance", t.tick == 10000 && t.tolerance == 32768000 && t.precision == 1);
    check("and the time", t.time.tv_sec > 1000000000 && t.time.tv_usec < 1000000);
    check("adjtimex of a bad address", answer(syscall(SYS_adjtimex, 8)) == EFAULT);
    check("clock_adjtime of other clocks", answer(syscall(SYS_clock_adjtime, CLOCK_MONOTONIC, &t)) == EOPNOTSUPP &&
          answer(syscall(SYS_clock_adjtime, 77, &t)) == EINVAL);
    check("an ordinary user only reads", in_child(clock_is_protected));

    double plain = speed();
    t = (struct timex){.modes = ADJ_TICK, .tick = 8999};
    check("no shorter tick than 9000", answer(adjtimex(&t)) == EINVAL);
    t = (struct timex){.modes = ADJ_TICK, .tick = 11000};
    check("a longer tick", adjtimex(&t) >= 0 && t.tick == 11000);
    check("makes clocks faster", about(speed(), plain * 1.1));
    t = (struct timex){.modes = ADJ_TICK | ADJ_FREQUENCY, .tick = 9000, .freq = 1l << 36};
    struct timex far = {.modes = ADJ_FREQUENCY, .freq = 1l << 40};
    check("frequencies beyond reason", answer(adjtimex(&far)) == EINVAL);
    check("frequencies end at 500 ppm", adjtimex(&t) >= 0 && t.freq == 32768000);
    check("a shorter tick makes clocks slower", about(speed(), plain * 0.9));
    t = (struct timex){.modes = ADJ_TICK | ADJ_FREQUENCY, .tick = 10000, .freq = 0};
    check("and back", adjtimex(&t) >= 0 && about(speed(), plain));

    t = (struct timex){.modes = ADJ_OFFSET_SINGLESHOT, .offset = -5000000};
    check("an offset is taken", adjtimex(&t) >= 0 && t.offset == 0);
    speed();
    t = (struct timex){.modes = READ_ONCE_OFFSET};
    check("and worked off slowly", adjtimex(&t) >= 0 && t.offset >= -5000000 && t.offset < -4900000);
    t = (struct timex){.modes = ADJ_OFFSET_SINGLESHOT};
    check("until another replaces it", adjtimex(&t) >= 0 && t.offset < -4900000);
    t = (struct timex){.modes = ADJ_NANO | ADJ_STATUS | ADJ_TAI, .status = STA_PLL, .constant = 37};
    check("status and TAI", adjtimex(&t) == TIME_OK && (t.status & STA_NANO) && (t.status & STA_PLL) && t.tai == 37);
    t = (struct timex){.modes = ADJ_MICRO | ADJ_STATUS, .status = STA_UNSYNC};
    check("and back again", adjtimex(&t) == TIME_ERROR && !(t.status & STA_NANO));
    time_t before = time(NULL);
    t = (struct timex){.modes = ADJ_SETOFFSET, .time = {.tv_sec = 1000}};
    check("a jump of the time of day", adjtimex(&t) >= 0 && time(NULL) >= before + 1000);
    t.time.tv_sec = -1000;
    check("and back home", adjtimex(&t) >= 0 && time(NULL) < before + 900);
}

/* ---- priorities ---- */

static int ioprio_is_protected(void) {
    return become_ordinary() && answer(syscall(SYS_ioprio_set, IOPRIO_PROCESS, 0, IOPRIO(1, 0))) == EPERM &&
           answer(syscall(SYS_ioprio_set, IOPRIO_PROCESS, 1, IOPRIO(2, 0))) == EPERM &&
           syscall(SYS_ioprio_set, IOPRIO_PROCESS, 0, IOPRIO(3, 0)) == 0;
}

static int group_follows_nice(void) {
    return setpgid(0, 0) == 0 && syscall(SYS_ioprio_get, IOPRIO_PGRP, 0) == IOPRIO(2, 4);
}

static int inherits(void) {
    return syscall(SYS_ioprio_get, IOPRIO_PROCESS, 0) == IOPRIO(1, 3);
}

/* ---- what threads and children share ---- */

static char stack[65536];

static int become_own(void *flags) {
    int result = unshare((int)(intptr_t)flags);
    close(0);
    umask(0);
    return result == 0 ? 0 : 1;
}

static int unshares(int flags, int wanted_status) {
    int status = -1;
    pid_t child = clone(become_own, stack + sizeof stack, CLONE_FILES | CLONE_FS | SIGCHLD, (void *)(intptr_t)flags);
    waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == wanted_status;
}

static int unshare_common(void *unused) {
    return answer(unshare(CLONE_SIGHAND)) == EINVAL && answer(unshare(CLONE_VM)) == EINVAL ? 0 : 1;
}

static void sharing(void) {
    int fd = open("/dev/null", O_RDONLY), status = -1;
    dup2(fd, 0);
    umask(022);
    check("own descriptors and directories", unshares(CLONE_FILES | CLONE_FS, 0) && fcntl(0, F_GETFD) >= 0 && umask(022) == 022);
    check("shared until then", unshares(0, 0) && fcntl(0, F_GETFD) < 0 && umask(022) == 0);
    check("what is one's own", unshare(CLONE_THREAD | CLONE_SIGHAND | CLONE_VM | CLONE_FILES | CLONE_FS) == 0);
    pid_t child = clone(unshare_common, stack + sizeof stack, CLONE_VM | CLONE_SIGHAND | SIGCHLD, NULL);
    waitpid(child, &status, 0);
    check("what is common to two", WIFEXITED(status) && WEXITSTATUS(status) == 0);
    check("unknown bits", answer(unshare(CLONE_SETTLS)) == EINVAL);
}

static void disk_priorities(void) {
    check("no priority for disks at first", syscall(SYS_ioprio_get, IOPRIO_PROCESS, 0) == 0);
    check("a group's follows from nice", in_child(group_follows_nice));
    check("set and read", syscall(SYS_ioprio_set, IOPRIO_PROCESS, 0, IOPRIO(2, 7)) == 0 &&
          syscall(SYS_ioprio_get, IOPRIO_PROCESS, getpid()) == IOPRIO(2, 7));
    check("wrong classes", answer(syscall(SYS_ioprio_set, IOPRIO_PROCESS, 0, -1)) == EINVAL &&
          answer(syscall(SYS_ioprio_set, IOPRIO_PROCESS, 0, IOPRIO(0, 1))) == EINVAL &&
          answer(syscall(SYS_ioprio_set, IOPRIO_PROCESS, 0, IOPRIO(4, 0))) == EINVAL &&
          answer(syscall(SYS_ioprio_get, 4, 0)) == EINVAL);
    check("nobody there", answer(syscall(SYS_ioprio_get, IOPRIO_PROCESS, 4000000)) == ESRCH);
    check("an ordinary user's own only", in_child(ioprio_is_protected));
    syscall(SYS_ioprio_set, IOPRIO_PROCESS, 0, IOPRIO(1, 3));
    check("children have it too", in_child(inherits));
}

static void spin(long cpu, int told) {
    struct sched_param param = {.sched_priority = 50};
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    int good = sched_setaffinity(0, sizeof set, &set) == 0 && syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &param) == 0;
    write(told, good ? "s" : "-", 1);
    for (;;)
        if (cpu % 2)
            sched_yield();
}

/* One on each CPU, which nothing interrupts: this process still runs, for they may have only 95 % of a second. */
static void spinning(void) {
    pid_t spinners[SPINNERS_MAX];
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    int spins[2], alive = 1;
    char byte;
    pipe(spins);
    for (long i = 0; i < count; i++) {
        spinners[i] = fork();
        if (spinners[i] == 0)
            spin(i, spins[1]);
    }
    for (long i = 0; i < count; i++)
        alive &= read(spins[0], &byte, 1) == 1 && byte == 's';
    for (long i = 0; i < count; i++) {
        int status = 0;
        alive &= waitpid(spinners[i], &status, WNOHANG) == 0 && kill(spinners[i], SIGKILL) == 0;
        waitpid(spinners[i], &status, 0);
    }
    close(spins[0]);
    close(spins[1]);
    check("spinning real-time threads leave time to end them", alive);
}

/* ---- memory ---- */

static void page_order(void) {
    int fd = memfd_create("pages", 0);
    ftruncate(fd, 4 * PAGE);
    char *map = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    for (int i = 0; i < 4; i++)
        map[i * PAGE] = 'a' + i;
    check("pages in another order", remap_file_pages(map, PAGE, 0, 3, 0) == 0 &&
          remap_file_pages(map + 3 * PAGE, PAGE, 0, 0, MAP_NONBLOCK) == 0);
    check("show others", map[0] == 'd' && map[PAGE] == 'b' && map[2 * PAGE] == 'c' && map[3 * PAGE] == 'a');
    map[0] = 'D';
    char byte = 0;
    check("and are written", pread(fd, &byte, 1, 3 * PAGE) == 1 && byte == 'D');
    check("wrong arguments", answer(remap_file_pages(map, PAGE, PROT_READ, 0, 0)) == EINVAL &&
          answer(remap_file_pages(map, 0, 0, 0, 0)) == EINVAL &&
          answer(remap_file_pages((void *)PAGE, PAGE, 0, 0, 0)) == EINVAL);
    char *private = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
    check("not of private mappings", answer(remap_file_pages(private, PAGE, 0, 1, 0)) == EINVAL);
    munmap(map, 4 * PAGE);
    munmap(private, PAGE);
    close(fd);
}

/* ---- processors ---- */

static int read_text(const char *path, char *text, size_t size) {
    int fd = open(path, O_RDONLY);
    ssize_t length = fd < 0 ? -1 : read(fd, text, size - 1);
    text[length < 0 ? 0 : length] = '\0';
    close(fd);
    return length > 0;
}

static void processors(void) {
    char text[256], path[128], wanted[32];
    long count = sysconf(_SC_NPROCESSORS_ONLN), folders = 0, good = 0;
    snprintf(wanted, sizeof wanted, count > 1 ? "0-%ld\n" : "%ld\n", count - 1);
    check("processors online", read_text("/sys/devices/system/cpu/online", text, sizeof text) && strcmp(text, wanted) == 0);
    DIR *directory = opendir("/sys/devices/system/cpu");
    for (struct dirent *entry; directory && (entry = readdir(directory));) {
        int number;
        folders += sscanf(entry->d_name, "cpu%d", &number) == 1;
    }
    check("each has a folder", folders == count);
    for (long i = 0; i < count; i++) {
        snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%ld/topology/core_id", i);
        good += read_text(path, text, sizeof text) && atoi(text) >= 0;
        snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%ld/cache/index0/coherency_line_size", i);
        good += read_text(path, text, sizeof text) && atoi(text) >= 16;
    }
    check("with its place and its caches", good == 2 * count);
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%ld/topology/core_id", count);
    check("and no more", !read_text(path, text, sizeof text));
    check("a node of memory", read_text("/sys/devices/system/node/node0/cpulist", text, sizeof text) &&
          strcmp(text, wanted) == 0);
}

int main(void) {
    clocks();
    disk_priorities();
    spinning();
    sharing();
    page_order();
    processors();
    return failures != 0;
}
