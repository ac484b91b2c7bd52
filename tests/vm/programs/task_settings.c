/*
 * What a process can set for itself: unshare, capabilities kept, bounded and passed on, oom_score_adj, the sizes
 * of sched_getattr; what /proc/PID/smaps says of its memory, and /proc/TID of a thread. The same on Linux, as root.
 * One line a check.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/vm/programs/truths.h"

enum { CAP_CHOWN = 0, CAP_KILL = 5, CAP_SETPCAP = 8 };
#define CAP_VERSION_3 0x20080522
#define MIB (1 << 20)

static int answer(long result) {
    return result < 0 ? errno : 0;
}

/* Runs `body` in a child; it returns 0 for good. */
static int in_child(int (*body)(void)) {
    int status = -1;
    pid_t child = fork();
    if (child == 0)
        _exit(body());
    waitpid(child, &status, 0);
    if (status)
        printf("status %#x\n", status);
    return status == 0;
}

/* ---- unshare ---- */

static int shared_step(void *arg) {
    int keep = *(int *)arg;
    if (keep || unshare(CLONE_FS | CLONE_FILES | CLONE_SYSVSEM) == 0) {
        umask(055);
        chdir("/proc");
        close(0);
    }
    _exit(0);
}

static int copies(int keep) {
    static char stack[65536];
    char place[64];
    umask(022);
    chdir("/");
    pid_t child = clone(shared_step, stack + sizeof stack, CLONE_FS | CLONE_FILES | CLONE_VM | SIGCHLD, &keep);
    waitpid(child, NULL, 0);
    int mine = umask(022) == 022 && strcmp(getcwd(place, sizeof place), "/") == 0 && fcntl(0, F_GETFD) >= 0;
    return mine == !keep ? 0 : 1;
}

static int unshared(void) {
    return copies(0);
}

static int still_shared(void) {
    return copies(1);
}

static int as_nobody(void) {
    return setuid(65534) == 0 && answer(unshare(CLONE_NEWNS)) == EPERM ? 0 : 1;
}

static int refused(void *unused) {
    _exit(answer(unshare(CLONE_VM)) == EINVAL && unshare(CLONE_FS) == 0 ? 0 : 1);
}

static int with_shared_memory(void) {
    static char stack[65536];
    int status;
    pid_t child = clone(refused, stack + sizeof stack, CLONE_VM | SIGCHLD, NULL);
    return waitpid(child, &status, 0) == child && status == 0 ? 0 : 1;
}

static void unsharing(void) {
    check("without unshare it is shared", in_child(still_shared));
    check("unshare copies", in_child(unshared));
    check("unshare of nothing", unshare(0) == 0 && unshare(CLONE_VM | CLONE_SIGHAND | CLONE_THREAD) == 0);
    check("wrong flags", answer(unshare(CLONE_PARENT_SETTID)) == EINVAL);
    check("memory in use by others", in_child(with_shared_memory));
    check("namespaces need privilege", in_child(as_nobody));
}

/* ---- capabilities ---- */

struct sets {
    uint32_t effective, permitted, inheritable;
};

static struct sets get_sets(void) {
    struct { uint32_t version; int pid; } header = {CAP_VERSION_3, 0};
    struct sets sets[2];
    syscall(SYS_capget, &header, sets);
    return sets[0];
}

static int set_sets(struct sets set) {
    struct { uint32_t version; int pid; } header = {CAP_VERSION_3, 0};
    struct sets sets[2] = {set};
    return syscall(SYS_capset, &header, sets);
}

static int kept(void) {
    if (prctl(PR_GET_KEEPCAPS) != 0 || prctl(PR_SET_KEEPCAPS, 1) != 0 || prctl(PR_GET_KEEPCAPS) != 1 ||
        prctl(PR_GET_SECUREBITS) != 0x10 || answer(prctl(PR_SET_KEEPCAPS, 2)) != EINVAL)
        return 1;
    uint32_t before = get_sets().permitted;
    if (setresuid(1000, 1000, 1000) != 0 || get_sets().permitted != before || get_sets().effective != 0)
        return 2;
    struct sets back = get_sets();
    back.effective = 1u << CAP_KILL;
    return set_sets(back) == 0 && kill(1, 0) == 0 ? 0 : 3;
}

static int lost(void) {
    return setresuid(1000, 1000, 1000) == 0 && get_sets().permitted == 0 && answer(kill(1, 0)) == EPERM ? 0 : 1;
}

static int bounded(void) {
    if (prctl(PR_CAPBSET_READ, CAP_KILL) != 1 || prctl(PR_CAPBSET_DROP, CAP_KILL) != 0 ||
        prctl(PR_CAPBSET_READ, CAP_KILL) != 0 || answer(prctl(PR_CAPBSET_DROP, 99)) != EINVAL)
        return 1;
    return setuid(65534) == 0 && answer(prctl(PR_CAPBSET_DROP, CAP_CHOWN)) == EPERM ? 0 : 2;
}

static int ambient(void) {
    if (answer(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_KILL, 0, 0)) != EPERM)
        return 1; /* not inheritable */
    struct sets sets = get_sets();
    sets.inheritable |= 1u << CAP_KILL;
    if (set_sets(sets) != 0 || prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_KILL, 0, 0) != 0 ||
        prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_KILL, 0, 0) != 1)
        return 2;
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_LOWER, CAP_KILL, 0, 0) != 0 ||
        prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_KILL, 0, 0) != 0)
        return 3;
    return prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) == 0 &&
           answer(prctl(PR_CAP_AMBIENT, 9, CAP_KILL, 0, 0)) == EINVAL ? 0 : 4;
}

static void capabilities(void) {
    check("capabilities kept without root", in_child(kept));
    check("or lost", in_child(lost));
    check("the bounding set", in_child(bounded));
    check("the ambient set", in_child(ambient));
}

/* ---- scheduling attributes ---- */

static void attributes(void) {
    uint32_t attr[32] = {0};
    check("sched_getattr fills what there is room for", syscall(SYS_sched_getattr, 0, attr, 48, 0) == 0 && attr[0] == 48 &&
          syscall(SYS_sched_getattr, 0, attr, 128, 0) == 0 && attr[0] == 56);
    check("or refuses", answer(syscall(SYS_sched_getattr, 0, attr, 40, 0)) == EINVAL &&
          answer(syscall(SYS_sched_getattr, 0, attr, 8192, 0)) == EINVAL);
}

/* ---- /proc ---- */

static long number_in(const char *path, const char *key) {
    char line[512];
    long number = -1;
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, key, strlen(key)) == 0)
            number = strtol(line + strlen(key), NULL, 10);
    if (file)
        fclose(file);
    return number;
}

static int put(const char *path, const char *text) {
    int fd = open(path, O_WRONLY);
    if (fd < 0)
        return errno;
    int error = answer(write(fd, text, strlen(text)));
    close(fd);
    return error;
}

static int lower_as_nobody(void) {
    return setuid(65534) == 0 && put("/proc/self/oom_score_adj", "-7\n") == EACCES ? 0 : 1;
}

static int inherits(void) {
    return number_in("/proc/self/oom_score_adj", "") == 300 ? 0 : 1;
}

static void oom(void) {
    check("oom_score_adj begins at 0", number_in("/proc/self/oom_score_adj", "") == 0);
    long before = number_in("/proc/self/oom_score", "");
    check("it can be set", put("/proc/self/oom_score_adj", "300\n") == 0 && number_in("/proc/self/oom_score_adj", "") == 300);
    check("raises the score", number_in("/proc/self/oom_score", "") >= before + 190);
    check("is inherited", in_child(inherits));
    check("has a range", put("/proc/self/oom_score_adj", "1001") == EINVAL && put("/proc/self/oom_score_adj", "x") == EINVAL);
    check("only privilege lowers it", put("/proc/self/oom_score_adj", "0") == 0 && in_child(lower_as_nobody));
}

/* The figure `key` of the mapping that begins at `start`. */
static long usage_of(const void *start, const char *key) {
    char line[512], wanted[32];
    long number = -1;
    int inside = 0;
    FILE *file = fopen("/proc/self/smaps", "r");
    snprintf(wanted, sizeof wanted, "%lx-", (long)start);
    while (file && fgets(line, sizeof line, file)) {
        if (strchr(line, '-') && !strchr(line, ':'))
            inside = 0;
        if (strncmp(line, wanted, strlen(wanted)) == 0)
            inside = 1;
        else if (inside && strncmp(line, key, strlen(key)) == 0) {
            number = strtol(line + strlen(key), NULL, 10);
            break;
        }
    }
    fclose(file);
    return number;
}

static char *area;

static int child_looks(void) {
    area[0] = 2; /* a page of its own again */
    return usage_of(area, "Private_Dirty:") == 4 && usage_of(area, "Shared_Dirty:") == 1020 && usage_of(area, "Rss:") == 1024 &&
           usage_of(area, "Pss:") == 514 ? 0 : 1;
}

static void usage(void) {
    mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    area = mmap(NULL, 4 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    mprotect(area + 2 * MIB, 4096, PROT_NONE); /* a mapping that no other joins */
    check("an untouched mapping", usage_of(area, "Size:") == 2048 && usage_of(area, "Rss:") == 0);
    memset(area, 1, MIB);
    check("a touched one", usage_of(area, "Rss:") == 1024 && usage_of(area, "Pss:") == 1024 &&
          usage_of(area, "Private_Dirty:") == 1024 && usage_of(area, "Anonymous:") == 1024);
    check("shared with a child", in_child(child_looks));
    check("in sum", number_in("/proc/self/smaps_rollup", "Rss:") >= 1024 &&
          number_in("/proc/self/smaps_rollup", "Pss:") >= 1024);
    check("address space reserved in plenty", mmap(NULL, 1ul << 40, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) !=
          MAP_FAILED && number_in("/proc/self/smaps_rollup", "Rss:") >= 1024);
}

/* ---- a thread's own directory ---- */

static int report[2], leave[2];

static void *worker(void *unused) {
    char byte;
    pid_t number = (pid_t)syscall(SYS_gettid);
    prctl(PR_SET_NAME, "worker");
    (void)!write(report[1], &number, sizeof number);
    (void)!read(leave[0], &byte, 1);
    return unused;
}

static int name_in(const char *directory, const char *name) {
    char path[64], text[64] = "";
    snprintf(path, sizeof path, "%s/comm", directory);
    int file = open(path, O_RDONLY);
    (void)!read(file, text, sizeof text - 1);
    close(file);
    return strncmp(text, name, strlen(name)) == 0;
}

static void thread_directory(void) {
    pthread_t thread;
    pid_t number = 0;
    char directory[64], path[96];
    if (pipe(report) || pipe(leave) || pthread_create(&thread, NULL, worker, NULL) ||
        read(report[0], &number, sizeof number) != sizeof number) {
        check("a thread", 0);
        return;
    }
    snprintf(directory, sizeof directory, "/proc/%d", number);
    check("a thread's directory names it", name_in(directory, "worker"));
    snprintf(path, sizeof path, "%s/status", directory);
    check("its number and its process's", number_in(path, "Pid:") == number && number_in(path, "Tgid:") == getpid());
    snprintf(path, sizeof path, "%s/task/%d/comm", directory, getpid());
    check("beside all of the process", access(path, F_OK) == 0 && number_in("/proc/self/status", "Threads:") == 2);
    (void)!write(leave[1], "", 1);
    pthread_join(thread, NULL);
    while (access(directory, F_OK) == 0) /* joined a moment before it is gone */
        sched_yield();
    check("gone with it", errno == ENOENT);
}

int main(void) {
    unsharing();
    capabilities();
    attributes();
    oom();
    usage();
    thread_directory();
    return failures != 0;
}
