/*
 * The boot CPU asks, the other answers with its counter. A question brackets the answer between two readings
 * of one's own counter, so however long it takes, counters that agree are never found to differ. One that
 * differs is set: by IA32_TSC_ADJUST where there is one, else by writing the counter.
 *
 * `tsc-skew=TICKS` on the command line makes the other CPUs' counters appear so far ahead, and
 * `tsc-stuck` keeps that from being set right: to see what happens. Machines whose counters differ are rare.
 *
 * No locks: `request` and `answered` hand the rest to and fro. Each CPU has its own, so one that comes after it
 * has been given up disturbs nobody.
 * Spec: SDM 3B §18.17.3 (time-stamp counter adjustment).
 */
#define LOG_TAG "time"
#include "kernel/time/tsc_sync.h"

#include "kernel/arch/cpu.h"
#include "kernel/arch/percpu.h"
#include "kernel/log/cmdline.h"
#include "kernel/log/log.h"
#include "kernel/time/clock.h"
#include "kernel/time/clock_page.h"
#include "lib/clock_offset.h"

#define QUESTIONS 64u                /* at least so many, and */
#define COMPARE_NS (2 * NS_PER_MS)   /* not longer than this, but for */
#define QUESTIONS_MIN 4u
#define ANSWER_NS (10 * NS_PER_SEC)  /* a loaded host may run the CPU late, */
#define ANSWER_LOOKS (1u << 20)      /* or neither for a while, which is no wait */
#define CORRECTIONS 3u

enum order { READ_COUNTER, ADVANCE_COUNTER, GO_ON, STAY_OUT };

struct tsc_sync {
    uint32_t request, answered; /* numbers of questions; atomic */
    enum order order;
    uint64_t counter;  /* the answer to READ_COUNTER */
    int64_t advance;   /* ticks, for ADVANCE_COUNTER */
    int64_t pretended; /* tsc-skew=, less what was set right; the CPU's own */
};

static DEFINE_PER_CPU(struct tsc_sync, tsc_sync);

/* ---- the CPU that starts ---- */

static void counter_advance(struct tsc_sync *sync, int64_t ticks) {
    if (cmdline_has("tsc-skew")) {
        sync->pretended += cmdline_has("tsc-stuck") ? 0 : ticks;
        return;
    }
    if (cpu_has(CPU_TSC_ADJUST))
        msr_write(MSR_TSC_ADJUST, msr_read(MSR_TSC_ADJUST) + (uint64_t)ticks);
    else
        msr_write(MSR_TSC, cpu_tsc() + (uint64_t)ticks);
}

bool tsc_sync_answer(void) {
    struct tsc_sync *sync = this_cpu_ptr(tsc_sync);

    sync->pretended = (int64_t)cmdline_number("tsc-skew", 0);
    for (uint32_t answered = 0;; atomic_store(&sync->answered, answered)) {
        while (atomic_load(&sync->request) == answered)
            cpu_pause();
        answered++;
        if (sync->order == GO_ON || sync->order == STAY_OUT)
            return sync->order == GO_ON;
        if (sync->order == READ_COUNTER)
            sync->counter = clock_tsc_ordered() + (uint64_t)sync->pretended;
        else
            counter_advance(sync, sync->advance);
    }
}

/* ---- the boot CPU ---- */

static void tell(struct tsc_sync *sync, enum order order) {
    sync->order = order;
    atomic_fetch_add(&sync->request, 1u);
}

static bool wait_answer(const struct tsc_sync *sync) {
    uint64_t end_ns = clock_monotonic_ns() + ANSWER_NS;

    for (unsigned looks = 0; atomic_load(&sync->answered) != sync->request; looks++) {
        if (looks >= ANSWER_LOOKS && clock_monotonic_ns() >= end_ns)
            return false;
        cpu_pause();
    }
    return true;
}

/* False: no answer. */
static bool compare(struct tsc_sync *sync, struct clock_offset *offset) {
    uint64_t end_ns = clock_monotonic_ns() + COMPARE_NS;

    *offset = CLOCK_OFFSET_UNKNOWN;
    for (unsigned asked = 0; asked < QUESTIONS; asked++) {
        if (asked >= QUESTIONS_MIN && clock_monotonic_ns() >= end_ns)
            break;
        uint64_t before = clock_tsc_ordered();
        tell(sync, READ_COUNTER);
        if (!wait_answer(sync))
            return false;
        clock_offset_narrow(offset, before, sync->counter, clock_tsc_ordered());
    }
    return true;
}

/* Compares, and corrects what differs. */
static bool make_agree(struct tsc_sync *sync, uint32_t cpu) {
    struct clock_offset offset;

    for (unsigned corrections = 0; compare(sync, &offset); corrections++) {
        int64_t ahead = clock_offset_middle(&offset);
        if (clock_offset_may_be_none(&offset)) {
            if (corrections > 0)
                log_notice("CPU %u: its time-stamp counter is set right", cpu);
            return true;
        }
        log_warn("CPU %u: its time-stamp counter is %lld ticks ahead", cpu, (long long)ahead);
        if (corrections == CORRECTIONS) {
            log_error("CPU %u: it cannot be set right; without this CPU, so that clocks are", cpu);
            return false;
        }
        sync->advance = -ahead;
        tell(sync, ADVANCE_COUNTER);
        if (!wait_answer(sync))
            break;
    }
    log_error("CPU %u stopped answering", cpu);
    return false;
}

bool tsc_sync_admit(uint32_t cpu) {
    struct tsc_sync *sync = per_cpu_ptr(tsc_sync, cpu);
    bool agrees = make_agree(sync, cpu);

    tell(sync, agrees ? GO_ON : STAY_OUT);
    return agrees;
}
