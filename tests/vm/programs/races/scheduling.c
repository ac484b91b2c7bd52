/* Threads that are moved, slowed down and interrupted while they run: affinity, priorities, timers, signals, rseq. */
#include "races.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>

#define CPUS_MAX 64u

static unsigned cpu_count(void) {
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count < 1 ? 1 : count > (long)CPUS_MAX ? CPUS_MAX : (unsigned)count;
}

static pid_t own_tid(void) {
    return (pid_t)syscall(SYS_gettid);
}

static cpu_set_t one_cpu(unsigned cpu) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    return set;
}

/* ---- affinity, priorities, policies ---- */

#define RUNNERS 6u

static _Atomic pid_t runners[RUNNERS];
static atomic_ulong progress[RUNNERS];

/* It knows where it must be: nobody else changes its affinity. */
static void move_self(struct job *job) {
    do {
        unsigned cpu = pick(job, cpu_count()), seen;
        cpu_set_t set = one_cpu(cpu);
        CHECK(sched_setaffinity(0, sizeof set, &set) == 0);
        for (unsigned i = 0; i < 20; i++) {
            CHECK(syscall(SYS_getcpu, &seen, NULL, NULL) == 0 && seen == cpu);
            if (pick(job, 4) == 0)
                sched_yield();
        }
        if (pick(job, 8) == 0)
            nap_us(100);
        atomic_fetch_add(&progress[job->index], 1);
    } while (time_left());
}

/* Its affinity, nice and policy are others' to change. */
static void run_along(struct job *job) {
    double sum = 0, step = (double)(job->index + 1);
    atomic_store(&runners[job->index], own_tid());
    for (unsigned long rounds = 0; rounds == 0 || time_left(); rounds++) {
        sum += step;
        CHECK(sum == (double)(rounds + 1) * step); /* the FPU's state comes along */
        if (rounds % 64 == 0)
            nap_us(50);
        atomic_fetch_add(&progress[job->index], 1);
    }
    atomic_store(&runners[job->index], 0);
}

static void push_around(struct job *job) {
    while (time_left()) {
        pid_t tid = atomic_load(&runners[pick(job, RUNNERS)]);
        cpu_set_t set;
        CPU_ZERO(&set);
        for (unsigned cpu = 0; cpu < cpu_count(); cpu++)
            if (pick(job, 2))
                CPU_SET(cpu, &set);
        CPU_SET(pick(job, cpu_count()), &set);
        struct sched_param parameter = {.sched_priority = 0};
        static const int policies[] = {SCHED_OTHER, SCHED_BATCH, SCHED_IDLE, SCHED_OTHER};
        int result = 0;
        if (tid == 0)
            continue;
        switch (pick(job, 4)) {
        case 0:
            result = sched_setaffinity(tid, sizeof set, &set);
            break;
        case 1:
            result = setpriority(PRIO_PROCESS, (id_t)tid, (int)pick(job, 20));
            break;
        case 2: /* not musl's, which refuses */
            result = (int)syscall(SYS_sched_setscheduler, tid, policies[pick(job, 4)], &parameter);
            break;
        default:
            parameter.sched_priority = 1 + (int)pick(job, 99);
            result = (int)syscall(SYS_sched_setscheduler, tid, pick(job, 2) ? SCHED_RR : SCHED_FIFO, &parameter);
            nap_us(200);
            parameter.sched_priority = 0;
            (void)syscall(SYS_sched_setscheduler, tid, SCHED_OTHER, &parameter);
        }
        CHECK(result == 0 || errno == ESRCH || errno == EPERM || errno == EACCES);
        nap_us(20);
    }
}

static void schedule_job(struct job *job) {
    if (job->index < 2)
        move_self(job);
    else if (job->index < RUNNERS)
        run_along(job);
    else
        push_around(job);
}

void race_scheduling(void) {
    run_threads(RUNNERS + 2, schedule_job);
    for (unsigned i = 0; i < RUNNERS; i++)
        CHECK(atomic_load(&progress[i]) > 0);
}

/* ---- timers ---- */

static volatile sig_atomic_t alarms;

static void count_alarm(int number) {
    (void)number;
    alarms++;
}

static void arm_timers(struct job *job) {
    struct itimerspec often = {{0, 100000 + pick(job, 400000)}, {0, 1 + pick(job, 200000)}};
    struct itimerval interval = {{0, 100 + pick(job, 500)}, {0, 1 + pick(job, 300)}};
    struct sigevent event = {.sigev_notify = pick(job, 2) ? SIGEV_SIGNAL : SIGEV_NONE, .sigev_signo = SIGRTMIN};
    timer_t timer;
    for (unsigned i = 0; i < 4; i++) {
        if (timer_create(pick(job, 2) ? CLOCK_MONOTONIC : CLOCK_REALTIME, &event, &timer) == 0) {
            CHECK(timer_settime(timer, 0, &often, NULL) == 0);
            if (pick(job, 3) == 0)
                CHECK(timer_delete(timer) == 0);
        }
    }
    int file = timerfd_create(CLOCK_MONOTONIC, 0);
    uint64_t count;
    CHECK(file >= 0 && timerfd_settime(file, 0, &often, NULL) == 0);
    CHECK(read(file, &count, sizeof count) == sizeof count || errno == EINTR);
    CHECK(setitimer(pick(job, 2) ? ITIMER_REAL : ITIMER_PROF, &interval, NULL) == 0);
}

static void *nap_in_thread(void *us) {
    nap_us((unsigned)(uintptr_t)us);
    return NULL;
}

/* Processes end with timers that are about to expire, or just do. */
static void arm_and_exit(struct job *job) {
    while (time_left()) {
        unsigned us = pick(job, 800);
        struct job childs_job = *job;
        (void)pick(job, 2);
        pid_t pid = fork();
        int status;
        CHECK(pid >= 0);
        if (pid == 0) {
            struct sigaction action = {.sa_handler = count_alarm, .sa_flags = SA_RESTART};
            sigaction(SIGALRM, &action, NULL), sigaction(SIGRTMIN, &action, NULL), sigaction(SIGPROF, &action, NULL);
            pthread_t thread;
            CHECK(pthread_create(&thread, NULL, nap_in_thread, (void *)(uintptr_t)(us / 2)) == 0);
            arm_timers(&childs_job);
            nap_us(us);
            _exit(0);
        }
        CHECK(waitpid(pid, &status, 0) == pid && status == 0);
    }
}

void race_timers(void) {
    run_processes(4, arm_and_exit);
}

/* ---- signals ---- */

#define CATCHERS 4u

static _Atomic pid_t catchers[CATCHERS];
static atomic_ulong queued, seen;
static _Thread_local char *own_stack;

enum { STACK_SIZE = 128 << 10 };

/* On the alternate stack, also where one signal interrupts another's handler. */
static void on_signal(int number, siginfo_t *info, void *context) {
    char here;
    (void)context, (void)info;
    CHECK(&here > own_stack && &here < own_stack + STACK_SIZE);
    if (number == SIGRTMIN + 1)
        atomic_fetch_add(&seen, 1);
    if (number == SIGUSR2)
        (void)syscall(SYS_tgkill, getpid(), own_tid(), SIGUSR1);
}

static void be_interrupted(struct job *job) {
    stack_t stack = {.ss_sp = malloc(STACK_SIZE), .ss_size = STACK_SIZE};
    sigset_t blocked, none;
    own_stack = stack.ss_sp;
    sigemptyset(&none);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1), sigaddset(&blocked, SIGUSR2), sigaddset(&blocked, SIGRTMIN + 1);
    CHECK(sigaltstack(&stack, NULL) == 0);
    atomic_store(&catchers[job->index], own_tid());
    pthread_sigmask(SIG_UNBLOCK, &blocked, NULL);
    double sum = 0;
    for (unsigned long i = 0; time_left(); i++) {
        double before = sum, step = (double)pick(job, 1000);
        sum += step;
        CHECK(sum == before + step);
        if (i % 32 == 0) {
            pthread_sigmask(SIG_BLOCK, &blocked, NULL);
            struct timespec soon = {0, 1000};
            siginfo_t info;
            sigset_t wanted;
            sigemptyset(&wanted), sigaddset(&wanted, SIGRTMIN + 1);
            if (sigtimedwait(&wanted, &info, &soon) == SIGRTMIN + 1)
                atomic_fetch_add(&seen, 1);
            pthread_sigmask(SIG_UNBLOCK, &blocked, NULL);
        } else if (i % 32 == 16) {
            nap_us(30);
        }
    }
}

/* Queued ones are all delivered, to any of the threads; others may merge. */
static void interrupt_others(struct job *job) {
    pthread_sigmask(SIG_BLOCK, &(sigset_t){{~0ul}}, NULL);
    while (time_left()) {
        pid_t tid = atomic_load(&catchers[pick(job, CATCHERS)]);
        if (pick(job, 2) && tid != 0)
            (void)syscall(SYS_tgkill, getpid(), tid, pick(job, 2) ? SIGUSR1 : SIGUSR2);
        else if (sigqueue(getpid(), SIGRTMIN + 1, (union sigval){0}) == 0)
            atomic_fetch_add(&queued, 1);
        else
            CHECK(errno == EAGAIN);
        if (pick(job, 4) == 0)
            sched_yield();
    }
}

static void signal_job(struct job *job) {
    if (job->index < CATCHERS)
        be_interrupted(job);
    else
        interrupt_others(job);
}

void race_signals(void) {
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART};
    static const int numbers[] = {SIGUSR1, SIGUSR2};
    sigset_t set, pending;
    siginfo_t info;
    struct timespec none = {0, 0};
    for (unsigned i = 0; i < 2; i++)
        sigaction(numbers[i], &action, NULL);
    sigaction(SIGRTMIN + 1, &action, NULL);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1), sigaddset(&set, SIGUSR2), sigaddset(&set, SIGRTMIN + 1);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    run_threads(CATCHERS + 2, signal_job);
    sigemptyset(&pending), sigaddset(&pending, SIGRTMIN + 1);
    while (sigtimedwait(&pending, &info, &none) == SIGRTMIN + 1)
        atomic_fetch_add(&seen, 1);
    if (atomic_load(&seen) != atomic_load(&queued))
        printf("%lu queued, %lu seen\n", atomic_load(&queued), atomic_load(&seen));
    CHECK(atomic_load(&seen) == atomic_load(&queued));
}

/* ---- clocks ---- */

static _Atomic int64_t latest_ns;

/* What one CPU has read, another does not read less of later. */
static void read_clock(struct job *job) {
    while (time_left()) {
        cpu_set_t set = one_cpu(pick(job, cpu_count()));
        CHECK(sched_setaffinity(0, sizeof set, &set) == 0);
        for (unsigned i = 0; i < 100; i++) {
            struct timespec now;
            int64_t known = atomic_load(&latest_ns);
            CHECK((i % 16 ? clock_gettime(CLOCK_MONOTONIC, &now)
                          : (int)syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now)) == 0);
            int64_t read_ns = now.tv_sec * 1000000000 + now.tv_nsec;
            CHECK(read_ns >= known);
            while (read_ns > known && !atomic_compare_exchange_weak(&latest_ns, &known, read_ns))
                continue;
        }
    }
}

void race_clock(void) {
    run_threads(4, read_clock);
}

/* ---- restartable sequences ---- */

struct rseq_area {
    uint32_t cpu_id_start, cpu_id;
    uint64_t rseq_cs;
    uint32_t flags;
} __attribute__((aligned(32)));

#define RSEQ_SIGNATURE 0x53053053u

static struct {
    uint64_t count;
    uint8_t padding[56];
} per_cpu[CPUS_MAX];
static atomic_ulong total;

/* Adds 1 to the running CPU's counter without an atomic instruction; false: was interrupted. */
static bool add_here(struct rseq_area *area) {
    uint64_t done = 0;
    __asm__ volatile(
        ".pushsection .data.rel.local, \"aw\"\n\t"
        ".balign 32\n"
        "3:\n\t"
        ".long 0, 0\n\t"
        ".quad 1f, 2f - 1f, 4f\n\t"
        ".popsection\n\t"
        "leaq 3b(%%rip), %%rax\n\t"
        "movq %%rax, 8(%[area])\n"
        "1:\n\t"
        "movl 4(%[area]), %%eax\n\t"
        "shlq $6, %%rax\n\t"
        "movq (%[counters], %%rax), %%rcx\n\t"
        "incq %%rcx\n\t"
        "movq %%rcx, (%[counters], %%rax)\n" /* the commit */
        "2:\n\t"
        "movl $1, %k[done]\n\t"
        "jmp 5f\n\t"
        ".long 0x53053053\n"
        "4:\n\t"
        "xorl %k[done], %k[done]\n"
        "5:\n"
        : [done] "+&r"(done)
        : [area] "r"(area), [counters] "r"(per_cpu)
        : "rax", "rcx", "memory", "cc");
    return done != 0;
}

static void count_per_cpu(struct job *job) {
    struct rseq_area area = {.cpu_id = (uint32_t)-1};
    unsigned long own = 0;
    if (syscall(SYS_rseq, &area, sizeof area, 0, RSEQ_SIGNATURE) != 0) {
        CHECK(errno == ENOSYS);
        return;
    }
    while (time_left()) {
        for (unsigned i = 0; i < 500; i++)
            own += add_here(&area);
        if (pick(job, 4) == 0) {
            cpu_set_t set = one_cpu(pick(job, cpu_count()));
            CHECK(sched_setaffinity(0, sizeof set, &set) == 0);
        }
    }
    CHECK(syscall(SYS_rseq, &area, sizeof area, 1, RSEQ_SIGNATURE) == 0); /* unregister */
    atomic_fetch_add(&total, own);
}

void race_rseq(void) {
    uint64_t sum = 0;
    run_threads(6, count_per_cpu);
    for (unsigned cpu = 0; cpu < CPUS_MAX; cpu++)
        sum += per_cpu[cpu].count;
    CHECK(sum == atomic_load(&total));
}
