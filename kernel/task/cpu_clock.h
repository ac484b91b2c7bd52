/*
 * CPU time as a clock: of a process or a thread, all of it or the user's part; reading it, and being told
 * when it reaches a value. Time is looked at when a watched thread has been switched to, and at the end of
 * a slice: a watch goes off at the first look that is not too early.
 *
 * Clock numbers of other processes and threads: clock_getcpuclockid(3), linux/posix-timers.h.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "kernel/sync/spinlock.h"
#include "lib/list.h"

struct pid;
struct process;
struct task;

/* The two low bits of a clock number */
enum cpu_clock_kind { CPU_CLOCK_PROF = 0, CPU_CLOCK_VIRTUAL = 1, CPU_CLOCK_TOTAL = 2 };

struct cpu_clock {
    struct pid *pid; /* of a thread, or of a process */
    enum cpu_clock_kind kind;
    bool of_thread;
};

/* Those who watch one process, or one thread. */
struct cpu_watches {
    struct spinlock lock; /* guards the list, `closed`, and the watches in it; inside any process->lock */
    struct list_node list;
    bool closed; /* the thread or process has ended */
};

struct cpu_watch {
    struct list_node node;
    struct cpu_watches *on;  /* NULL: nowhere */
    enum cpu_clock_kind kind;
    uint64_t deadline_ns;
    bool armed, firing;
    /* In the watched thread, with no lock held. It may start the watch again. */
    void (*expire)(struct cpu_watch *watch, uint64_t now_ns);
};

/* Is it the number of a CPU clock of some process or thread, which may not exist? CLOCK_PROCESS_CPUTIME_ID is. */
bool cpu_clock_is_one(int id);
/*
 * Which clock it is, with a reference to its pid; -EINVAL: none that there is, or that the caller may use.
 * `reading` allows what clock_gettime allows besides.
 */
int cpu_clock_find(int id, bool reading, struct cpu_clock *clock);
void cpu_clock_put(struct cpu_clock *clock);
/* 0 or -ESRCH. Takes the lock of the process. */
int cpu_clock_read(const struct cpu_clock *clock, uint64_t *ns);

void cpu_watches_init(struct cpu_watches *watches);
/* The end of what they watch: none of them goes off any more. */
void cpu_watches_close(struct cpu_watches *watches);

/*
 * (Re)starts a watch on what the clock measures. No effect if that has ended. cpu_clock_attend must
 * follow, unless this is the watch's own callback.
 */
void cpu_watch_start(struct cpu_watch *watch, const struct cpu_clock *clock, uint64_t deadline_ns);
void cpu_watch_start_process(struct cpu_watch *watch, struct process *process, uint64_t deadline_ns);
/* It does not go off any more, though its callback may still be running. */
void cpu_watch_cancel(struct cpu_watch *watch);
/* Waits for the callback too: under no lock that this takes. */
void cpu_watch_cancel_sync(struct cpu_watch *watch);
/* The threads concerned look at their watches and limits soon. Takes process->lock. */
void cpu_clock_attend(const struct cpu_clock *clock);
void cpu_clock_attend_process(struct process *process);

/* The running thread looks: due watches go off, RLIMIT_CPU is enforced. */
void cpu_clock_check(void);
