/* Scheduling policies by the letter: what the calls accept and report, who may, what fork inherits, who runs before whom,
 * limits on real-time threads. "ok NAME" or "not ok NAME (errno N)" a line; the same on Linux. As root, on two CPUs. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/vm/programs/states.h"
#include "tests/vm/programs/truths.h"

/* linux/sched.h, linux/sched/types.h */
#define RESET_ON_FORK 0x40000000
enum { DEADLINE = 6, FLAG_RESET_ON_FORK = 1, FLAG_KEEP_POLICY = 8, FLAG_KEEP_PARAMS = 16 };
struct attributes {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
    uint32_t util_min, util_max;
};
#define FIRST_SIZE 48

static int fails_with(long result, int error) {
    return result == -1 && errno == error;
}

/* musl's wrappers answer ENOSYS. */
static int set_policy(int pid, int policy, int priority) {
    return syscall(SYS_sched_setscheduler, pid, policy, &priority);
}

static int get_policy(int pid) {
    return syscall(SYS_sched_getscheduler, pid);
}

static int get_priority(int pid) {
    int priority = -1;
    return syscall(SYS_sched_getparam, pid, &priority) < 0 ? -1 : priority;
}

static int set_attributes(const struct attributes *a) {
    return syscall(SYS_sched_setattr, 0, a, 0);
}

static struct attributes get_attributes(void) {
    struct attributes a = {0};
    syscall(SYS_sched_getattr, 0, &a, sizeof a, 0);
    return a;
}

/* In a process of its own, as user `uid` with these limits; its answer. */
static int answer_of(int (*asks)(void), unsigned uid, int resource, rlim_t limit) {
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        struct rlimit both = {limit, limit};
        if (resource >= 0)
            setrlimit(resource, &both);
        if (uid != 0)
            setresuid(uid, uid, uid);
        _exit(asks());
    }
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

/* ---- the calls ---- */

static void policies(void) {
    check("FIFO 50", set_policy(0, SCHED_FIFO, 50) == 0 && get_policy(0) == SCHED_FIFO && get_priority(0) == 50);
    check("RR 99", set_policy(0, SCHED_RR, 99) == 0 && get_policy(0) == SCHED_RR && get_priority(0) == 99);
    check("priority 0 for FIFO", fails_with(set_policy(0, SCHED_FIFO, 0), EINVAL));
    check("priority 100", fails_with(set_policy(0, SCHED_FIFO, 100), EINVAL));
    check("priority 1 for OTHER", fails_with(set_policy(0, SCHED_OTHER, 1), EINVAL));
    check("unknown policy", fails_with(set_policy(0, 4, 0), EINVAL));
    check("negative policy", fails_with(set_policy(0, -1, 0), EINVAL));
    check("nobody", fails_with(set_policy(4000000, SCHED_OTHER, 0), ESRCH));
    check("negative number", fails_with(set_policy(-1, SCHED_OTHER, 0), EINVAL));
    check("no parameters", fails_with(syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, NULL), EINVAL));
    check("bad address", fails_with(syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, 8), EFAULT));
    int priority = 7;
    check("sched_setparam keeps the policy", syscall(SYS_sched_setparam, 0, &priority) == 0 && get_policy(0) == SCHED_RR && get_priority(0) == 7);
    check("BATCH", set_policy(0, SCHED_BATCH, 0) == 0 && get_policy(0) == SCHED_BATCH && get_priority(0) == 0);
    check("IDLE", set_policy(0, SCHED_IDLE, 0) == 0 && get_policy(0) == SCHED_IDLE);
    check("OTHER", set_policy(0, SCHED_OTHER, 0) == 0 && get_policy(0) == SCHED_OTHER);
    check("highest", syscall(SYS_sched_get_priority_max, SCHED_FIFO) == 99 && syscall(SYS_sched_get_priority_max, SCHED_RR) == 99);
    check("lowest", syscall(SYS_sched_get_priority_min, SCHED_FIFO) == 1 && syscall(SYS_sched_get_priority_min, SCHED_BATCH) == 0);
    check("of DEADLINE", syscall(SYS_sched_get_priority_max, DEADLINE) == 0 && syscall(SYS_sched_get_priority_min, DEADLINE) == 0);
    check("of no policy", fails_with(syscall(SYS_sched_get_priority_max, 4), EINVAL));
}

static long interval_ms(void) {
    struct timespec t = {-1, -1};
    return syscall(SYS_sched_rr_get_interval, 0, &t) < 0 ? -1 : t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void intervals(void) {
    set_policy(0, SCHED_RR, 10);
    check("RR takes turns of 100 ms", interval_ms() == 100);
    set_policy(0, SCHED_FIFO, 10);
    check("FIFO takes none", interval_ms() == 0);
    set_policy(0, SCHED_OTHER, 0);
    check("OTHER some", interval_ms() >= 0);
    check("interval of nobody", fails_with(syscall(SYS_sched_rr_get_interval, 4000000, &(struct timespec){0}), ESRCH));
    check("interval of a negative number", fails_with(syscall(SYS_sched_rr_get_interval, -1, &(struct timespec){0}), EINVAL));
}

static void attributes(void) {
    struct attributes a = {.size = FIRST_SIZE, .policy = SCHED_FIFO, .priority = 20}, now;
    check("sched_setattr", set_attributes(&a) == 0);
    now = get_attributes();
    check("sched_getattr", now.size >= FIRST_SIZE && now.policy == SCHED_FIFO && now.priority == 20 && now.flags == 0);
    a = (struct attributes){.size = FIRST_SIZE, .flags = FLAG_KEEP_POLICY, .priority = 21};
    check("SCHED_FLAG_KEEP_POLICY", set_attributes(&a) == 0 && get_policy(0) == SCHED_FIFO && get_priority(0) == 21);
    a = (struct attributes){.size = FIRST_SIZE, .flags = FLAG_KEEP_POLICY | FLAG_KEEP_PARAMS, .priority = 22};
    check("SCHED_FLAG_KEEP_PARAMS", set_attributes(&a) == 0 && get_priority(0) == 21);
    a = (struct attributes){.size = 0, .policy = SCHED_OTHER, .nice = 5};
    check("size 0 means the first", set_attributes(&a) == 0 && getpriority(PRIO_PROCESS, 0) == 5);
    a = (struct attributes){.size = sizeof a, .policy = SCHED_BATCH, .nice = 40};
    check("nice is limited", set_attributes(&a) == 0 && get_attributes().nice == 19);
    a = (struct attributes){.size = 40, .policy = SCHED_OTHER};
    check("too short", fails_with(set_attributes(&a), E2BIG) && a.size >= FIRST_SIZE);
    struct { struct attributes known; uint64_t more[2]; } longer = {{.size = sizeof longer, .policy = SCHED_OTHER}};
    check("longer than known", set_attributes(&longer.known) == 0);
    longer.more[1] = 1;
    check("with something unknown", fails_with(set_attributes(&longer.known), E2BIG));
    a = (struct attributes){.size = FIRST_SIZE, .policy = SCHED_OTHER, .flags = 1ull << 50};
    check("unknown flag", fails_with(set_attributes(&a), EINVAL));
    check("flags of the call", fails_with(syscall(SYS_sched_setattr, 0, &a, 1), EINVAL));
    a = (struct attributes){.size = FIRST_SIZE, .policy = 77};
    check("policy 77", fails_with(set_attributes(&a), EINVAL));
    check("negative thread", fails_with(syscall(SYS_sched_setattr, -1, &a, 0), EINVAL));
    check("getattr, too little room", fails_with(syscall(SYS_sched_getattr, 0, &a, 40, 0), EINVAL));
    check("getattr, flags", fails_with(syscall(SYS_sched_getattr, 0, &a, sizeof a, 1), EINVAL));
    check("getattr of nobody", fails_with(syscall(SYS_sched_getattr, 4000000, &a, sizeof a, 0), ESRCH));
    set_policy(0, SCHED_OTHER, 0);
    setpriority(PRIO_PROCESS, 0, 0);
}

static int deadline_unprivileged(void) {
    struct attributes a = {.size = FIRST_SIZE, .policy = DEADLINE, .runtime = 1000000, .deadline = 10000000, .period = 10000000};
    return fails_with(set_attributes(&a), EPERM);
}

static void deadlines(void) {
    struct attributes a = {.size = FIRST_SIZE, .policy = DEADLINE};
    check("DEADLINE without one", fails_with(set_attributes(&a), EINVAL));
    a.runtime = 20000000, a.deadline = 10000000;
    check("DEADLINE that cannot be met", fails_with(set_attributes(&a), EINVAL));
    a.runtime = 100, a.deadline = 10000000;
    check("DEADLINE with too little time", fails_with(set_attributes(&a), EINVAL));
    check("DEADLINE by sched_setscheduler", fails_with(set_policy(0, DEADLINE, 0), EINVAL));
    check("DEADLINE without privileges", answer_of(deadline_unprivileged, 1000, -1, 0) == 1);
}

/* ---- who may ---- */

static int may_fifo_5(void) {
    return set_policy(0, SCHED_FIFO, 5) == 0 ? 1 : errno == EPERM ? 2 : 3;
}

static int lowers_itself(void) {
    return set_policy(0, SCHED_IDLE, 0) == 0 && fails_with(set_policy(0, SCHED_OTHER, 0), EPERM);
}

static int leaves_idle(void) {
    return set_policy(0, SCHED_IDLE, 0) == 0 && set_policy(0, SCHED_OTHER, 0) == 0;
}

static int raises_within_limit(void) {
    return set_policy(0, SCHED_RR, 5) == 0 && set_policy(0, SCHED_RR, 4) == 0 && fails_with(set_policy(0, SCHED_RR, 6), EPERM) &&
           set_policy(0, SCHED_OTHER, 0) == 0;
}

static int others_parent(void) {
    return fails_with(set_policy(getppid(), SCHED_BATCH, 0), EPERM) && fails_with(setpriority(PRIO_PROCESS, getppid(), 10), EPERM);
}

static int nicer_and_back(void) {
    return setpriority(PRIO_PROCESS, 0, 10) == 0 && fails_with(setpriority(PRIO_PROCESS, 0, 5), EACCES);
}

static int keeps_reset(void) {
    return set_policy(0, SCHED_OTHER | RESET_ON_FORK, 0) == 0 && fails_with(set_policy(0, SCHED_OTHER, 0), EPERM);
}

static void permissions(void) {
    check("real time needs privileges", answer_of(may_fifo_5, 1000, -1, 0) == 2);
    check("or RLIMIT_RTPRIO", answer_of(may_fifo_5, 1000, RLIMIT_RTPRIO, 5) == 1);
    check("enough of it", answer_of(may_fifo_5, 1000, RLIMIT_RTPRIO, 4) == 2);
    check("up to the limit", answer_of(raises_within_limit, 1000, RLIMIT_RTPRIO, 5) == 1);
    check("IDLE for ever", answer_of(lowers_itself, 1000, -1, 0) == 1);
    check("unless RLIMIT_NICE allows more", answer_of(leaves_idle, 1000, RLIMIT_NICE, 20) == 1);
    check("others' processes", answer_of(others_parent, 1000, -1, 0) == 1);
    check("nice for ever", answer_of(nicer_and_back, 1000, -1, 0) == 1);
    check("reset on fork for ever", answer_of(keeps_reset, 1000, -1, 0) == 1);
}

/* ---- fork ---- */

static int is_ordinary(void) {
    return get_policy(0) == SCHED_OTHER && get_priority(0) == 0 && getpriority(PRIO_PROCESS, 0) == 0;
}

static int is_fifo_30(void) {
    return get_policy(0) == SCHED_FIFO && get_priority(0) == 30;
}

static void inheritance(void) {
    set_policy(0, SCHED_FIFO, 30);
    check("fork inherits the policy", answer_of(is_fifo_30, 0, -1, 0) == 1);
    check("SCHED_RESET_ON_FORK", set_policy(0, SCHED_FIFO | RESET_ON_FORK, 30) == 0 && get_policy(0) == (SCHED_FIFO | RESET_ON_FORK));
    check("is a flag of the attributes", get_attributes().flags == FLAG_RESET_ON_FORK && get_attributes().policy == SCHED_FIFO);
    check("fork then makes ordinary children", answer_of(is_ordinary, 0, -1, 0) == 1);
    set_policy(0, SCHED_OTHER | RESET_ON_FORK, 0);
    setpriority(PRIO_PROCESS, 0, -10);
    check("also of favoured ones", answer_of(is_ordinary, 0, -1, 0) == 1);
    setpriority(PRIO_PROCESS, 0, 0);
    check("taken back", set_policy(0, SCHED_OTHER, 0) == 0 && get_policy(0) == SCHED_OTHER);
}

/* ---- who runs ---- */

static volatile char order[16];
static volatile int order_length;

static void use_cpu(int cpu) {
    unsigned long mask = 1ul << cpu;
    syscall(SYS_sched_setaffinity, 0, sizeof mask, &mask);
}

struct runner {
    pthread_t thread;
    char name;
    int policy, priority;
    volatile int *word, tid; /* futex it waits for */
};

static void note(char name) {
    order[__sync_fetch_and_add(&order_length, 1) % sizeof order] = name;
}

static void *run(void *argument) {
    struct runner *self = argument;
    use_cpu(0);
    set_policy(0, self->policy, self->priority);
    self->tid = syscall(SYS_gettid);
    syscall(SYS_futex, self->word, 0, 0, NULL);
    note(self->name);
    return NULL;
}

/* Until the thread that writes its number there waits for its futex. */
static void until_waits(volatile int *tid) {
    while (*tid == 0)
        poll(NULL, 0, 1);
    until_asleep(*tid);
}

static long now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/*
 * Real-time threads may have 950 ms of a second; then ordinary ones come first. That they have had so much, though all this
 * takes little time, is what a pause of the machine looks like. So long after a rest it cannot be.
 */
#define RT_PERIOD_MS 1000
#define RT_UNDISTURBED_MS 900
static long rested_ms;

static void rest(void) {
    poll(NULL, 0, RT_PERIOD_MS + 100);
    rested_ms = now_ms();
}

/*
 * All on CPU 0, while this thread, more important than they are, makes them ready one after the other. Then `changed`, if it
 * is not NULL, gets this priority.
 */
static int order_once(struct runner *runners, unsigned count, struct runner *changed, int priority, const char *expected) {
    volatile int words[4] = {0};
    use_cpu(0);
    set_policy(0, SCHED_FIFO, 90);
    memset((void *)order, 0, sizeof order);
    order_length = 0;
    for (unsigned i = 0; i < count; i++) {
        runners[i].word = &words[i];
        pthread_create(&runners[i].thread, NULL, run, &runners[i]);
    }
    for (unsigned i = 0; i < count; i++)
        until_waits(&runners[i].tid);
    for (unsigned i = 0; i < count; i++)
        syscall(SYS_futex, &words[i], 1, 1);
    if (changed != NULL)
        set_policy(changed->tid, changed->policy, priority);
    for (unsigned i = 0; i < count; i++)
        pthread_join(runners[i].thread, NULL);
    set_policy(0, SCHED_OTHER, 0);
    return strcmp((const char *)order, expected) == 0;
}

/* What comes out while real-time threads may be resting says nothing. */
static int order_after(struct runner *runners, unsigned count, struct runner *changed, int priority, const char *expected) {
    while (!order_once(runners, count, changed, priority, expected)) {
        if (now_ms() - rested_ms < RT_UNDISTURBED_MS)
            return 0;
        for (unsigned i = 0; i < count; i++)
            runners[i].tid = 0;
        rest();
    }
    return 1;
}

static int order_of(struct runner *runners, unsigned count, const char *expected) {
    return order_after(runners, count, NULL, 0, expected);
}

static void orders(void) {
    use_cpu(0);
    rest();
    struct runner equal[] = {{0, 'a', SCHED_FIFO, 10}, {0, 'b', SCHED_FIFO, 10}, {0, 'c', SCHED_FIFO, 10}};
    check("equals run in the order they were woken", order_of(equal, 3, "abc"));
    struct runner levels[] = {{0, 'a', SCHED_FIFO, 10}, {0, 'b', SCHED_RR, 30}, {0, 'c', SCHED_FIFO, 20}};
    check("the higher priority first", order_of(levels, 3, "bca"));
    struct runner mixed[] = {{0, 'a', SCHED_OTHER, 0}, {0, 'b', SCHED_FIFO, 1}};
    check("real time before the rest", order_of(mixed, 2, "ba"));
    struct runner lower[] = {{0, 'a', SCHED_FIFO, 10}, {0, 'b', SCHED_FIFO, 20}};
    check("raised: behind its new equals", order_after(lower, 2, &lower[0], 20, "ba"));
    struct runner higher[] = {{0, 'a', SCHED_FIFO, 10}, {0, 'b', SCHED_FIFO, 20}};
    check("lowered: before its new equals", order_after(higher, 2, &higher[1], 10, "ba"));
    struct runner same[] = {{0, 'a', SCHED_FIFO, 10}, {0, 'b', SCHED_FIFO, 10}};
    check("neither: where it was", order_after(same, 2, &same[1], 10, "ab"));
}

static volatile int word, spinning, urgent_tid, preempted, finish;

static void *spin(void *argument) {
    use_cpu(1);
    set_policy(0, SCHED_FIFO, 10);
    spinning = 1;
    while (!finish)
        ;
    return NULL;
}

static void *urgent(void *argument) {
    use_cpu(1);
    set_policy(0, (int)(intptr_t)argument, 20);
    urgent_tid = syscall(SYS_gettid);
    syscall(SYS_futex, &word, 0, 0, NULL);
    preempted = !finish;
    finish = 1;
    return NULL;
}

/* A loop at priority 10 has CPU 1 for itself; what is woken there at 20 must not wait for it. */
static int preempts(int policy) {
    pthread_t low, high;
    use_cpu(0);
    set_policy(0, SCHED_FIFO, 50);
    spinning = urgent_tid = preempted = finish = 0;
    pthread_create(&high, NULL, urgent, (void *)(intptr_t)policy);
    until_waits(&urgent_tid);
    pthread_create(&low, NULL, spin, NULL);
    while (spinning != 1)
        poll(NULL, 0, 1);
    syscall(SYS_futex, &word, 1, 1);
    for (int i = 0; i < 60000 && !finish; i++)
        poll(NULL, 0, 1);
    finish = 1;
    pthread_join(low, NULL);
    pthread_join(high, NULL);
    set_policy(0, SCHED_OTHER, 0);
    return preempted;
}

static volatile long turns[2];
static void *count_turns(void *argument) {
    int self = (int)(intptr_t)argument;
    use_cpu(1);
    set_policy(0, SCHED_RR, 10);
    while (!finish)
        turns[self]++;
    return NULL;
}

static int shares(void) {
    pthread_t thread[2];
    use_cpu(0);
    set_policy(0, SCHED_FIFO, 50);
    finish = 0;
    turns[0] = turns[1] = 0;
    for (intptr_t i = 0; i < 2; i++)
        pthread_create(&thread[i], NULL, count_turns, (void *)i);
    for (int i = 0; i < 3000 && (turns[0] == 0 || turns[1] == 0); i++)
        poll(NULL, 0, 20);
    int both = turns[0] > 0 && turns[1] > 0;
    finish = 1;
    pthread_join(thread[0], NULL);
    pthread_join(thread[1], NULL);
    set_policy(0, SCHED_OTHER, 0);
    return both;
}

/* ---- RLIMIT_RTTIME ---- */

static volatile int warnings;
static void warned(int number) {
    warnings++;
}

static int runs_on(void) {
    struct rlimit limit = {200000, 200000};
    signal(SIGXCPU, SIG_DFL);
    use_cpu(1);
    set_policy(0, SCHED_FIFO, 5);
    setrlimit(RLIMIT_RTTIME, &limit);
    for (;;)
        ;
}

static int is_warned(void) {
    struct rlimit limit = {100000, RLIM_INFINITY};
    signal(SIGXCPU, warned);
    use_cpu(1);
    set_policy(0, SCHED_FIFO, 5);
    setrlimit(RLIMIT_RTTIME, &limit);
    while (warnings == 0)
        ;
    getrlimit(RLIMIT_RTTIME, &limit);
    return limit.rlim_cur >= 1100000 && limit.rlim_cur % 1000000 == 100000; /* a second more with each warning */
}

static int pauses(void) {
    struct rlimit limit = {300000, 300000};
    use_cpu(1);
    set_policy(0, SCHED_FIFO, 5);
    setrlimit(RLIMIT_RTTIME, &limit);
    for (int i = 0; i < 10; i++) {
        struct timespec now, start;
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &start);
        do
            clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
        while ((now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1000000 < 60);
        poll(NULL, 0, 2);
    }
    return 1;
}

int main(void) {
    policies();
    intervals();
    attributes();
    deadlines();
    permissions();
    inheritance();
    orders();
    check("FIFO preempts on another CPU", preempts(SCHED_FIFO));
    check("RR too", preempts(SCHED_RR));
    check("RR threads share a CPU", shares());
    check("RLIMIT_RTTIME ends", answer_of(runs_on, 0, -1, 0) == 1000 + SIGKILL);
    check("and warns", answer_of(is_warned, 0, -1, 0) == 1);
    int counts_anew = 0;
    for (int i = 0; i < 20 && !counts_anew; i++) /* a host that stops the CPU for long is counted, too */
        counts_anew = answer_of(pauses, 0, -1, 0) == 1;
    check("counts from the last sleep", counts_anew);
    return failures != 0;
}
