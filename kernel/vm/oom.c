/*
 * Out of memory. First clean cached pages are dropped; then the process with the most resident
 * memory, after /proc/PID/oom_score_adj, is killed, once: another is chosen only when the last one is gone or does not come to its
 * end. The first process is never chosen. Page tables count as the memory of their process.
 */
#define LOG_TAG "oom"

#include "kernel/vm/oom.h"

#include "kernel/log/log.h"
#include "kernel/mm/layout.h"
#include "kernel/sched/wait.h"
#include "kernel/task/task.h"
#include "kernel/time/clock.h"
#include "kernel/vm/object.h"
#include "kernel/vm/space.h"
#include "lib/string.h"

#define RECLAIM_PAGES 64u
#define SHRINK_COUNT 512u
#define RETRY_NS 5000000ull         /* how long a waiter sleeps before it tries again */
#define VICTIM_LOOKS 1000u            /* at one on its way out, RETRY_NS or more apart, before another is chosen */

DEFINE_LOCK_CLASS(oom_class, "oom");
static struct spinlock oom_lock = SPINLOCK_INIT(oom_class); /* guards the three below */
static struct process *victim;                              /* referenced; the last one killed */
static uint32_t victim_looks;                               /* at it so far */
static uint64_t victim_look_ns;                             /* the last one */
static size_t (*shrinker)(size_t count);
static struct wait_queue retry_queue; /* nobody wakes it: only the time ends the sleep */

void oom_set_shrinker(size_t (*shrink)(size_t count)) {
    shrinker = shrink;
}

void oom_init(void) {
    wait_queue_init(&retry_queue);
}

struct choice {
    struct process *process; /* the largest so far, referenced */
    char name[THREAD_NAME_MAX];
    uint64_t pages, weight;
    bool somebody_dies; /* another process is on its way out already */
};

static bool is_dying(const struct process *process) {
    return process->exiting || process->shared_pending.set & signal_bit(SIGKILL);
}

/* Spaces are freed after a grace period, so a look at the counters is safe here. */
static uint64_t pages_of(struct process *process) {
    struct task *task;

    list_for_each_entry(task, &process->threads, process_node) {
        const struct space *space = atomic_load(&task->space);
        if (space)
            return (uint64_t)(space->resident_anon + space->resident_file + space->table_pages);
    }
    return 0;
}

uint64_t oom_weight(struct process *process) {
    int64_t pages = (int64_t)pages_of(process), adjust = atomic_load_relaxed(&process->oom_adjust);
    struct page_stats stats;

    if (pages == 0 || adjust == -OOM_ADJUST_MAX)
        return 0;
    page_stats_read(&stats);
    int64_t weight = pages + adjust * (int64_t)stats.managed_pages / OOM_ADJUST_MAX;
    return weight > 0 ? (uint64_t)weight : 1;
}

static void note_name(struct choice *choice) {
    const struct task *task = list_first_entry(&choice->process->threads, struct task, process_node);

    strlcpy(choice->name, task->thread.name, sizeof choice->name); /* pages > 0: it has a thread */
}

static bool consider(struct process *process, void *context) {
    struct choice *choice = context;
    uint64_t weight = oom_weight(process);

    if (is_dying(process)) {
        choice->somebody_dies |= process->state == PROCESS_ALIVE;
    } else if (process != init_process && weight > choice->weight) {
        if (choice->process)
            process_put(choice->process);
        process_get(process);
        choice->process = process;
        choice->pages = pages_of(process);
        choice->weight = weight;
        note_name(choice);
    }
    return true;
}

/*
 * True if somebody is on the way out and may still take time for it. That is told by looks, not by the clock: when the
 * whole machine stands still, the victim cannot exit either. oom_lock held.
 */
static bool victim_is_exiting(void) {
    uint64_t now_ns = clock_monotonic_ns();

    if (!victim || victim->state != PROCESS_ALIVE || victim_looks >= VICTIM_LOOKS)
        return false;
    if (now_ns - victim_look_ns >= RETRY_NS) {
        victim_looks++;
        victim_look_ns = now_ns;
    }
    return true;
}

/* Remembers the process as the one to wait for, unless another is still in time. Takes the reference over. */
static bool make_victim(struct process *process) {
    spin_lock(&oom_lock);
    bool wait = victim_is_exiting();
    struct process *unused = wait ? process : victim;
    if (!wait) {
        victim = process;
        victim_looks = 0;
        victim_look_ns = clock_monotonic_ns();
    }
    spin_unlock(&oom_lock);
    if (unused)
        process_put(unused);
    return !wait;
}

/* False if there is nobody whose end would free memory. */
static bool kill_one(void) {
    struct choice choice = {0};

    process_each(consider, &choice);
    if (!choice.process)
        return choice.somebody_dies;
    if (!make_victim(choice.process))
        return true;
    log_error("out of memory: killing %s, process %d, which holds %lu KiB", choice.name, choice.process->pid->number,
              (unsigned long)(choice.pages << (PAGE_SHIFT - 10)));
    (void)signal_send_process(choice.process, SIGKILL, NULL);
    return true;
}

static void wait_a_little(void) {
    struct wait_entry entry = {0};

    wait_prepare(&retry_queue, &entry, THREAD_BLOCKED);
    (void)schedule_until(clock_monotonic_ns() + RETRY_NS);
    wait_finish(&retry_queue, &entry);
}

bool oom_relieve(void) {
    struct process *process = current_process();

    if (is_dying(process))
        return false;
    if (object_reclaim(RECLAIM_PAGES) > 0)
        return true;
    if (shrinker && shrinker(SHRINK_COUNT) > 0) {
        wait_a_little(); /* for the grace period */
        return true;
    }
    if (!kill_one() || is_dying(process))
        return false;
    wait_a_little();
    return true;
}
