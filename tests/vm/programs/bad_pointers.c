/*
 * Every call that takes a pointer, with pointers that are none: to nothing, to the kernel, to the gap in
 * the address space, to a page without access, to one that ends too soon, to a read-only one where the
 * call writes - in arguments and inside structures. Each must answer EFAULT, as on Linux, where this
 * program passes too.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096
#define CHILD_SECONDS 2
#define HERE AT_FDCWD

/* Set up by main: the numbers are what the table uses. */
enum { FILE_FD = 100, DIRECTORY_FD, PIPE_READ_FD, PIPE_WRITE_FD, EPOLL_FD, FULL_EPOLL_FD, SOCKET_FD, PAIR_FD };
#define SCRATCH "/tmp/bad-pointers"

static char good[PAGE] __attribute__((aligned(PAGE)));
static struct sigset { uint64_t bits; } no_signals;
static long no_time[4];
#define G ((long)good)
#define PATH ((long)SCRATCH "/file")
#define PROGRAM ((long)SCRATCH "/program")
#define NEW ((long)SCRATCH "/new")
#define SIGNALS ((long)&no_signals)
#define TIME ((long)no_time)

/*
 * One letter an argument. `s` a string, `r` a structure the call reads, `w` one it writes, `b` / `d`
 * a buffer it reads / writes in pieces, so that one that ends too soon is a short count. Capitals: NULL
 * is bad too. Each in turn is bad while the others are as given.
 */
struct call {
    const char *name;
    long number;
    const char *kinds;
    long arguments[6];
};
#define CALL(name, kinds, ...) {#name, SYS_##name, kinds, {__VA_ARGS__}}

static const struct call calls[] = {
    /* reading and writing */
    CALL(read, "-D-", FILE_FD, G, 16), CALL(write, "-B-", PIPE_WRITE_FD, G, 16),
    CALL(pread64, "-D--", FILE_FD, G, 16, 0), CALL(pwrite64, "-B--", FILE_FD, G, 16, 0),
    CALL(readv, "-R-", FILE_FD, G, 2), CALL(writev, "-R-", FILE_FD, G, 2),
    CALL(preadv, "-R---", FILE_FD, G, 2, 0, 0), CALL(pwritev, "-R---", FILE_FD, G, 2, 0, 0),
    CALL(preadv2, "-R----", FILE_FD, G, 2, 0, 0, 0), CALL(pwritev2, "-R----", FILE_FD, G, 2, 0, 0, 0),
    CALL(sendfile, "--w-", PIPE_WRITE_FD, FILE_FD, G, 1), CALL(getrandom, "D--", G, 16, 0),
    CALL(copy_file_range, "-r----", FILE_FD, 0, FILE_FD, 0, 1, 0),
    CALL(pipe, "W", G), CALL(pipe2, "W-", G, 0),
    /* names */
    CALL(open, "S--", PATH), CALL(openat, "-S--", HERE, PATH), CALL(openat2, "-SR-", HERE, PATH, G, 24),
    CALL(creat, "S-", PATH, 0600), CALL(access, "S-", PATH), CALL(faccessat, "-S-", HERE, PATH),
    CALL(faccessat2, "-S--", HERE, PATH), CALL(stat, "SW", PATH, G), CALL(lstat, "SW", PATH, G),
    CALL(fstat, "-W", FILE_FD, G), CALL(newfstatat, "-SW-", HERE, PATH, G), CALL(statx, "-s--W", HERE, PATH, 0, 0x7ff, G),
    CALL(statfs, "SW", PATH, G), CALL(fstatfs, "-W", FILE_FD, G), CALL(readlink, "SW-", (long)SCRATCH "/link", G, 64),
    CALL(readlinkat, "-SW-", HERE, (long)SCRATCH "/link", G, 64), CALL(truncate, "S-", PATH, 8),
    CALL(mkdir, "S-", NEW), CALL(mkdirat, "-S-", HERE, NEW), CALL(mknod, "S--", NEW), CALL(mknodat, "-S--", HERE, NEW),
    CALL(rmdir, "S", NEW), CALL(unlink, "S", NEW), CALL(unlinkat, "-S-", HERE, NEW),
    CALL(link, "SS", PATH, NEW), CALL(linkat, "-S-S-", HERE, PATH, HERE, NEW),
    CALL(symlink, "SS", PATH, NEW), CALL(symlinkat, "S-S", PATH, HERE, NEW),
    CALL(rename, "SS", NEW, NEW), CALL(renameat, "-S-S", HERE, NEW, HERE, NEW),
    CALL(renameat2, "-S-S-", HERE, NEW, HERE, NEW), CALL(chmod, "S-", PATH, 0600), CALL(fchmodat, "-S-", HERE, PATH, 0600),
    CALL(chown, "S--", PATH), CALL(lchown, "S--", PATH), CALL(fchownat, "-S---", HERE, PATH),
    CALL(utime, "Sr", PATH, 0), CALL(utimes, "Sr", PATH, 0), CALL(futimesat, "-sr", HERE, PATH, 0),
    CALL(utimensat, "-sr-", HERE, PATH, 0), CALL(chdir, "S", PATH), CALL(chroot, "S", PATH),
    CALL(getcwd, "W-", G, PAGE), CALL(getdents, "-W-", DIRECTORY_FD, G, PAGE),
    CALL(getdents64, "-W-", DIRECTORY_FD, G, PAGE), CALL(mount, "sSs--", 0, PATH, (long)"ramfs"), CALL(umount2, "S-", PATH),
    CALL(setxattr, "SSB--", PATH, (long)"user.x", G, 8), CALL(lsetxattr, "SSB--", PATH, (long)"user.x", G, 8),
    CALL(fsetxattr, "-SB--", FILE_FD, (long)"user.x", G, 8), CALL(getxattr, "SS--", PATH, (long)"user.x", G, 8),
    CALL(lgetxattr, "SS--", PATH, (long)"user.x", G, 8), CALL(fgetxattr, "-S--", FILE_FD, (long)"user.x", G, 8),
    CALL(listxattr, "S--", PATH, G, 8), CALL(llistxattr, "S--", PATH, G, 8),
    CALL(removexattr, "SS", PATH, (long)"user.x"), CALL(lremovexattr, "SS", PATH, (long)"user.x"),
    CALL(fremovexattr, "-S", FILE_FD, (long)"user.x"), CALL(memfd_create, "S-", (long)"x"),
    /* waiting */
    CALL(poll, "R--", G, 1, 0), CALL(ppoll, "R-rr-", G, 1, TIME, SIGNALS, 8), CALL(select, "-wwwr", 1, 0, 0, 0, TIME),
    CALL(pselect6, "-wwwrr", 1, 0, 0, 0, TIME, 0), CALL(epoll_ctl, "---R", EPOLL_FD, EPOLL_CTL_ADD, PIPE_READ_FD, G),
    CALL(epoll_wait, "-W--", FULL_EPOLL_FD, G, 1, 0), CALL(epoll_pwait, "-W--r-", FULL_EPOLL_FD, G, 1, 0, SIGNALS, 8),
    CALL(epoll_pwait2, "-W-rr-", FULL_EPOLL_FD, G, 1, TIME, SIGNALS, 8), CALL(nanosleep, "R-", TIME, 0),
    CALL(clock_nanosleep, "--R-", 0, 0, TIME, 0), CALL(futex, "B--r--", G, 0, 0, TIME),
    /* sockets */
    CALL(socketpair, "---W", AF_UNIX, SOCK_STREAM, 0, G), CALL(bind, "-R-", SOCKET_FD, G, 16),
    CALL(connect, "-R-", SOCKET_FD, G, 16), CALL(getsockname, "--W", SOCKET_FD, G, G), CALL(getpeername, "--W", PAIR_FD, G, G),
    CALL(sendto, "-B----", PAIR_FD, G, 16), CALL(sendto, "----r-", SOCKET_FD, G, 16, MSG_DONTWAIT, G, 16),
    CALL(recvfrom, "-D----", PAIR_FD, G, 4, MSG_DONTWAIT | MSG_PEEK), CALL(sendmsg, "-R-", PAIR_FD, G),
    CALL(recvmsg, "-R-", PAIR_FD, G, MSG_DONTWAIT | MSG_PEEK), CALL(sendmmsg, "-R--", PAIR_FD, G, 1),
    CALL(recvmmsg, "-R--r", PAIR_FD, G, 1, MSG_DONTWAIT | MSG_PEEK, TIME),
    CALL(setsockopt, "---R-", SOCKET_FD, SOL_SOCKET, SO_KEEPALIVE, G, 4),
    CALL(getsockopt, "----W", SOCKET_FD, SOL_SOCKET, SO_TYPE, G, G),
    /* processes and signals */
    CALL(execve, "Srr", PROGRAM, 0, 0), CALL(execveat, "-Srr-", HERE, PROGRAM, 0, 0, 0),
    CALL(rt_sigaction, "-rw-", SIGUSR1, 0, 0, 8), CALL(rt_sigprocmask, "-rw-", SIG_BLOCK, 0, 0, 8),
    CALL(rt_sigpending, "W-", G, 8), CALL(rt_sigtimedwait, "R-r-", SIGNALS, 0, TIME, 8), CALL(rt_sigsuspend, "R-", G, 8),
    CALL(rt_sigqueueinfo, "--R", 1, SIGUSR1, G), CALL(rt_tgsigqueueinfo, "---R", 1, 1, SIGUSR1, G),
    CALL(sigaltstack, "rw", 0, 0), CALL(getrlimit, "-W", RLIMIT_CORE, G), CALL(setrlimit, "-R", RLIMIT_CORE, G),
    CALL(prlimit64, "--rw", 0, RLIMIT_CORE, 0, 0), CALL(getrusage, "-W", 0, G), CALL(times, "w", 0),
    CALL(clone3, "R-", G, 64), CALL(sched_setparam, "-r", 0, G), CALL(sched_getparam, "-w", 0, G),
    CALL(sched_setscheduler, "--r", 0, 0, G), CALL(sched_setaffinity, "--R", 0, 8, G),
    CALL(sched_getaffinity, "--W", 0, 8, G), CALL(sched_rr_get_interval, "-W", 0, G),
    CALL(sched_setattr, "-r-", 0, G, 0), CALL(get_robust_list, "-WW", 0, G, G + 64), CALL(arch_prctl, "-W", 0x1003, G),
    CALL(prctl, "-S", 15, (long)"x"), CALL(prctl, "-W", 16, G), CALL(prctl, "-W", 2, G),
    /* numbers */
    CALL(setgroups, "-R", 1, G), CALL(getresuid, "WWW", G, G + 8, G + 16),
    CALL(getresgid, "WWW", G, G + 8, G + 16), CALL(capget, "R-", G, 0), CALL(capset, "R-", G, 0),
    /* time, system */
    CALL(time, "w", 0), CALL(gettimeofday, "ww", 0, 0), CALL(clock_gettime, "-W", 0, G), CALL(clock_getres, "-w", 0, 0),
    CALL(clock_settime, "-R", 0, TIME), CALL(settimeofday, "rr", 0, 0), CALL(getitimer, "-W", 0, G),
    CALL(setitimer, "-rw", 0, TIME, 0), CALL(uname, "W", G), CALL(sysinfo, "W", G), CALL(getcpu, "ww-", 0, 0, 0),
    CALL(sethostname, "R-", G, 4), CALL(setdomainname, "R-", G, 4), CALL(mincore, "--D", G, PAGE, G),
    /* between processes: IPC_SET, IPC_INFO and the like, of identifiers that need not exist */
    CALL(shmctl, "--R", 0, 1, G), CALL(shmctl, "--W", 0, 3, G), CALL(shmctl, "--W", 0, 14, G),
    CALL(semctl, "---R", 0, 0, 1, G), CALL(semctl, "---W", 0, 0, 3, G), CALL(semctl, "---W", 0, 0, 19, G),
    CALL(msgctl, "--R", 0, 1, G), CALL(msgctl, "--W", 0, 3, G), CALL(msgctl, "--W", 0, 12, G),
    CALL(msgsnd, "-R--", 0, G, 0, 0), CALL(semtimedop, "-R-r", 0, G, 1, TIME), CALL(mq_open, "S--r", (long)"none", 0, 0, 0),
    CALL(mq_unlink, "S", (long)"none"), CALL(mq_timedsend, "----r", 0, G, 1, 0, TIME),
    CALL(mq_timedreceive, "----r", 0, G, 1, G, TIME), CALL(mq_notify, "-r", 0, G), CALL(mq_getsetattr, "-r-", 0, 0, 0),
    {"futex_waitv", 449, "r--r-", {G, 1, 0, TIME, 1}},
    /* terminals and control */
    CALL(fcntl, "--R", FILE_FD, F_GETLK, G), CALL(fcntl, "--R", FILE_FD, F_SETLK, G),
    CALL(ioctl, "--W", PIPE_READ_FD, 0x541b, G), CALL(ioctl, "--R", PIPE_READ_FD, 0x5421, G),
};

static char *unmapped_end, *no_access, *read_only, *full_page;

static int failures;

static void fail(const struct call *call, const char *what, const char *how, long result) {
    printf("%s: %s %s: %ld\n", call->name, what, how, result);
    failures++;
}

static void prepare(void) {
    lseek(FILE_FD, 0, SEEK_SET);
    lseek(DIRECTORY_FD, 0, SEEK_SET);
    memset(full_page, 'x', PAGE);
    memset(good, 0, sizeof good);
}

static void check(const struct call *call, int position, const char *how, const void *pointer) {
    static const char *const names[] = {"argument 1", "argument 2", "argument 3", "argument 4", "argument 5", "argument 6"};
    long a[6];
    prepare();
    if (call->number == SYS_capget || call->number == SYS_capset)
        *(uint32_t *)good = 0x20080522;
    memcpy(a, call->arguments, sizeof a);
    a[position] = (long)pointer;
    long result = syscall(call->number, a[0], a[1], a[2], a[3], a[4], a[5]);
    if (result != -1 || errno != EFAULT)
        fail(call, names[position], how, result == -1 ? -errno : result);
}

static void attack(const struct call *call) {
    for (int i = 0; call->kinds[i]; i++) {
        char kind = call->kinds[i] | 0x20;
        if (call->kinds[i] == '-')
            continue;
        if (kind != call->kinds[i])
            check(call, i, "NULL", NULL);
        check(call, i, "8", (void *)8);
        check(call, i, "kernel", (void *)0xffffffff80200000);
        check(call, i, "direct map", (void *)0xffff888000000000);
        check(call, i, "non-canonical", (void *)0x0000900000000000);
        check(call, i, "last address", (void *)(UINTPTR_MAX - 7));
        check(call, i, "no access", no_access);
        check(call, i, "unmapped", unmapped_end);
        if (kind == 's')
            check(call, i, "string without end", full_page + PAGE - 8);
        if (kind == 'r' || kind == 'w')
            check(call, i, "ends too soon", unmapped_end - 1);
        if (kind == 'w' || kind == 'd')
            check(call, i, "read-only", read_only);
    }
}

/* ---- pointers inside structures ---- */

static void expect(const char *what, long result, int error) {
    if (result == -1 && errno == error)
        return;
    printf("%s: %ld, %s\n", what, result, strerror(errno));
    failures++;
}

static void attack_inside(const void *bad) {
    struct iovec vector[2] = {{(void *)bad, 8}, {good, 8}};
    char *words[] = {(char *)bad, NULL};
    struct { const void *set; size_t size; } mask = {bad, 8};
    prepare();
    expect("readv base", readv(FILE_FD, vector, 2), EFAULT);
    expect("writev base", writev(PIPE_WRITE_FD, vector, 2), EFAULT);
    expect("preadv base", preadv(FILE_FD, vector, 2, 0), EFAULT);
    expect("pwritev base", pwritev(FILE_FD, vector, 2, 0), EFAULT);
    expect("argv word", execve(SCRATCH "/program", words, NULL), EFAULT);
    expect("envp word", execve(SCRATCH "/program", NULL, words), EFAULT);
    expect("pselect mask", syscall(SYS_pselect6, 0, NULL, NULL, NULL, no_time, &mask), EFAULT);
}

static void attack_sizes(void) {
    struct iovec vector[2] = {{good, SIZE_MAX}, {good, 8}};
    expect("iovec size", readv(FILE_FD, vector, 2), EINVAL);
    expect("iovec count", readv(FILE_FD, vector, 1025), EINVAL);
    expect("iovec negative", readv(FILE_FD, vector, -1), EINVAL);
    expect("sigset size", syscall(SYS_rt_sigprocmask, SIG_BLOCK, good, NULL, 7L), EINVAL);
    expect("poll count", syscall(SYS_poll, good, -1L, 0L), EINVAL);
    expect("epoll events", syscall(SYS_epoll_wait, EPOLL_FD, good, 0L, 0L), EINVAL);
    expect("epoll events", syscall(SYS_epoll_wait, EPOLL_FD, good, (long)INT32_MAX, 0L), EINVAL);
    expect("futex alignment", syscall(SYS_futex, good + 1, 0L, 0L, NULL), EINVAL);
    expect("clone3 size", syscall(SYS_clone3, good, 8L), EINVAL);
    expect("clone3 size", syscall(SYS_clone3, good, PAGE + 1L), E2BIG);
    expect("openat2 size", syscall(SYS_openat2, HERE, SCRATCH "/file", good, 8L), EINVAL);
    expect("getdents size", syscall(SYS_getdents64, DIRECTORY_FD, good, 1L), EINVAL);
    expect("mmap size", syscall(SYS_mmap, 0L, 0L, 0L, MAP_PRIVATE | MAP_ANONYMOUS, -1L, 0L), EINVAL);
    expect("mmap size", syscall(SYS_mmap, 0L, -1L, 0L, MAP_PRIVATE | MAP_ANONYMOUS, -1L, 0L), ENOMEM);
    expect("mmap fixed", syscall(SYS_mmap, 0xffff800000000000, 4096L, 0L, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1L, 0L), ENOMEM);
    expect("munmap kernel", syscall(SYS_munmap, 0xffffffff80200000, 4096L), EINVAL);
    expect("mprotect kernel", syscall(SYS_mprotect, 0xffffffff80200000, 4096L, 7L), ENOMEM);
    expect("mremap kernel", syscall(SYS_mremap, 0xffffffff80200000, 4096L, 8192L, 1L), EFAULT);
    expect("arch_prctl kernel", syscall(SYS_arch_prctl, 0x1002L, 0xffffffff80200000), EPERM);
    expect("arch_prctl non-canonical", syscall(SYS_arch_prctl, 0x1002L, 0x0000900000000000), EPERM);
    expect("lseek", lseek(FILE_FD, -1, SEEK_SET), EINVAL);
    expect("sched affinity size", syscall(SYS_sched_getaffinity, 0L, 1L, good), EINVAL);
}

/* ---- the whole ---- */

static void place(int from, int to) {
    if (from < 0 || dup2(from, to) != to) {
        perror("set-up");
        exit(2);
    }
    close(from);
}

static void set_up(void) {
    int pipe_ends[2];
    struct epoll_event event = {.events = EPOLLOUT};
    system("rm -rf " SCRATCH);
    mkdir(SCRATCH, 0755);
    symlink("file", SCRATCH "/link");
    close(open(SCRATCH "/program", O_CREAT | O_WRONLY, 0755));
    place(open(SCRATCH "/file", O_CREAT | O_RDWR, 0600), FILE_FD);
    write(FILE_FD, good, PAGE);
    place(open(SCRATCH, O_RDONLY | O_DIRECTORY), DIRECTORY_FD);
    pipe(pipe_ends);
    place(pipe_ends[0], PIPE_READ_FD);
    place(pipe_ends[1], PIPE_WRITE_FD);
    write(PIPE_WRITE_FD, "data", 4);
    place(epoll_create1(0), EPOLL_FD);
    place(epoll_create1(0), FULL_EPOLL_FD);
    epoll_ctl(FULL_EPOLL_FD, EPOLL_CTL_ADD, PIPE_WRITE_FD, &event);
    place(socket(AF_UNIX, SOCK_STREAM, 0), SOCKET_FD);
    socketpair(AF_UNIX, SOCK_STREAM, 0, pipe_ends);
    write(pipe_ends[1], "data", 4);
    place(pipe_ends[0], PAIR_FD);
    char *pages = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    full_page = pages;
    unmapped_end = pages + PAGE;
    munmap(unmapped_end, PAGE);
    no_access = pages + 2 * PAGE, mprotect(no_access, PAGE, PROT_NONE);
    read_only = pages + 4 * PAGE, mprotect(read_only, PAGE, PROT_READ);
}

/* In a child of its own: whatever happens to it is told, and the others are tried. */
static void in_child(const char *name, const struct call *call) {
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        failures = 0;
        alarm(CHILD_SECONDS);
        if (call)
            attack(call);
        else {
            attack_inside((void *)8);
            attack_inside((void *)0xffffffff80200000);
            attack_inside((void *)0x0000900000000000);
            attack_inside(no_access);
            attack_inside(unmapped_end);
            attack_sizes();
        }
        fflush(stdout);
        _exit(failures ? 1 : 0);
    }
    int status;
    if (pid < 0 || waitpid(pid, &status, 0) != pid || WIFSIGNALED(status)) {
        printf("%s: died of signal %d\n", name, WTERMSIG(status));
        failures++;
    } else {
        failures += status != 0;
    }
}

int main(void) {
    set_up();
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
        in_child(calls[i].name, &calls[i]);
    in_child("inside structures", NULL);
    printf("%zu calls, %d with unexpected answers\n", sizeof calls / sizeof calls[0], failures);
    return failures != 0;
}
