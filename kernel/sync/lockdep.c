/*
 * Lock-order checking: a graph of lock classes with an edge A -> B for every "B taken while A held".
 *
 * Invariants
 *  1. An edge, once recorded, stays; the graph is searched only when an edge is new.
 *  2. Each class has one id > 0; the table maps it back to its name for reports.
 *  3. `graph_lock` is raw (not itself checked) and held with interrupts off; nothing is logged under it.
 */
#define LOG_TAG "lockdep"

#include "kernel/sync/lockdep.h"

#include "kernel/log/log.h"
#include "lib/atomic.h"

static uint32_t report_count, unexpected_count;
static bool reports_expected;

uint32_t lockdep_report_count(void) {
    return atomic_load(&report_count);
}

uint32_t lockdep_unexpected_count(void) {
    return atomic_load(&unexpected_count);
}

void lockdep_expect_reports(bool expect) {
    atomic_store(&reports_expected, expect);
}

#if CONFIG_DEBUG

#include "kernel/arch/cpu.h"
#include "kernel/arch/irqflags.h"
#include "kernel/arch/percpu.h"
#include "kernel/debug/backtrace.h"
#include "kernel/log/panic.h"
#include "lib/bitmap.h"

#define CLASS_MAX 256u /* ids 1..255 */

static uint32_t graph_lock;
static struct lock_class *classes[CLASS_MAX];
static uint32_t class_count = 1;
static uint64_t edges[CLASS_MAX][BITMAP_WORDS(CLASS_MAX)]; /* [held] has bit `taken` */

static DEFINE_PER_CPU(struct lockdep_held, held_spin);
static DEFINE_PER_CPU(struct lockdep_held *, held_sleeping); /* of the running thread; NULL early */
static DEFINE_PER_CPU(uint32_t, irq_depth);
static DEFINE_PER_CPU(uint32_t, checking); /* inside lockdep: its own logging is not checked */

static uint64_t graph_acquire(void) {
    uint64_t flags = irq_save();
    while (atomic_exchange(&graph_lock, 1u) != 0)
        cpu_pause();
    return flags;
}

static void graph_release(uint64_t flags) {
    atomic_store(&graph_lock, 0u);
    irq_restore(flags);
}

static void class_register(struct lock_class *class) {
    uint64_t flags = graph_acquire();
    if (class->id == 0) {
        ASSERT(class_count < CLASS_MAX);
        classes[class_count] = class;
        class->id = (uint16_t)class_count++;
    }
    graph_release(flags);
}

/* Whether `to` is reachable from `from`; `via` receives each reached class's predecessor. Graph lock held. */
static bool graph_reaches(uint16_t from, uint16_t to, uint8_t via[CLASS_MAX]) {
    uint8_t pending[CLASS_MAX];
    uint64_t seen[BITMAP_WORDS(CLASS_MAX)] = {0};
    unsigned count = 0;

    pending[count++] = (uint8_t)from;
    bitmap_set(seen, from);
    while (count > 0) {
        uint8_t class = pending[--count];
        if (class == to)
            return true;
        size_t next = bitmap_find_set(edges[class], CLASS_MAX, 0);
        for (; next < CLASS_MAX; next = bitmap_find_set(edges[class], CLASS_MAX, next + 1)) {
            if (bitmap_test(seen, next))
                continue;
            bitmap_set(seen, next);
            via[next] = class;
            pending[count++] = (uint8_t)next;
        }
    }
    return false;
}

static bool report_begin(void) {
    atomic_fetch_add(&report_count, 1u);
    if (atomic_load(&reports_expected))
        return false;
    atomic_fetch_add(&unexpected_count, 1u);
    return true;
}

static void report_cycle(struct lock_class *held, struct lock_class *taken, const uint8_t *via) {
    if (!report_begin())
        return;
    log_error("lock order: \"%s\" taken while \"%s\" is held, but elsewhere in the order", taken->name,
              held->name);
    for (uint8_t class = (uint8_t)held->id; class != taken->id; class = via[class])
        log_error("  \"%s\" was taken while \"%s\" was held", classes[class]->name, classes[via[class]]->name);
    backtrace_show(NULL);
}

/* How much of the order an acquisition is held to. */
enum check {
    CHECK_NOTHING,
    CHECK_OTHER_CLASSES, /* the caller vouches for the order within the class */
    CHECK_ALL,
};

static void check_edge(struct lock_class *held, struct lock_class *taken, enum check check) {
    uint8_t via[CLASS_MAX];

    if (held == taken) {
        if (check == CHECK_ALL && report_begin()) {
            log_error("two locks of class \"%s\" are held at once", taken->name);
            backtrace_show(NULL);
        }
        return;
    }
    if (bitmap_test(edges[held->id], taken->id))
        return;
    uint64_t flags = graph_acquire();
    bool cycle = graph_reaches(taken->id, held->id, via);
    bitmap_set(edges[held->id], taken->id);
    graph_release(flags);
    if (cycle)
        report_cycle(held, taken, via);
}

static void check_edges(const struct lockdep_held *held, struct lock_class *taken, enum check check) {
    for (uint32_t i = 0; held != NULL && i < held->count; i++)
        check_edge(held->entries[i].class, taken, check);
}

static void check_irq_use(struct lock_class *class) {
    if (this_cpu(irq_depth) > 0)
        class->used_in_irq = 1;
    else if (irq_enabled())
        class->held_irq_on = 1;
    else
        return;
    if (class->used_in_irq == 1 && class->held_irq_on == 1) {
        class->used_in_irq = 2; /* report once */
        if (report_begin()) {
            log_error("\"%s\" is taken in interrupts and also held with interrupts enabled", class->name);
            backtrace_show(NULL);
        }
    }
}

static void held_push(struct lockdep_held *held, struct lock_class *class, const void *lock) {
    if (held == NULL)
        return;
    ASSERT(held->count < LOCKDEP_HELD_MAX);
    held->entries[held->count].class = class;
    held->entries[held->count].lock = lock;
    held->count++;
}

static void held_pop(struct lockdep_held *held, const void *lock) {
    uint32_t i = held == NULL ? 0 : held->count;
    while (i > 0 && held->entries[i - 1].lock != lock)
        i--;
    if (i == 0)
        return; /* taken before tracking began */
    for (held->count--; i <= held->count; i++)
        held->entries[i - 1] = held->entries[i];
}

static void acquire(struct lock_class *class, const void *lock, bool sleeping, enum check check) {
    bool irq_use = !sleeping && check != CHECK_NOTHING;
    if (panic_in_progress() || this_cpu(checking) != 0)
        return;
    if (class->id == 0)
        class_register(class);
    if (irq_use)
        check_irq_use(class);
    uint64_t flags = irq_save();
    this_cpu(checking) = 1;
    if (check != CHECK_NOTHING) {
        check_edges(this_cpu_ptr(held_spin), class, check);
        check_edges(this_cpu(held_sleeping), class, check);
    }
    held_push(sleeping ? this_cpu(held_sleeping) : this_cpu_ptr(held_spin), class, lock);
    this_cpu(checking) = 0;
    irq_restore(flags);
}

static void release(const void *lock, bool sleeping) {
    if (panic_in_progress() || this_cpu(checking) != 0)
        return;
    uint64_t flags = irq_save();
    held_pop(sleeping ? this_cpu(held_sleeping) : this_cpu_ptr(held_spin), lock);
    irq_restore(flags);
}

void lockdep_acquire(struct lock_class *lock_class, const void *lock) {
    acquire(lock_class, lock, false, CHECK_ALL);
}

void lockdep_acquire_nested(struct lock_class *lock_class, const void *lock) {
    acquire(lock_class, lock, false, CHECK_OTHER_CLASSES);
}

void lockdep_acquire_try(struct lock_class *lock_class, const void *lock) {
    acquire(lock_class, lock, false, CHECK_NOTHING);
}

void lockdep_release(struct lock_class *lock_class, const void *lock) {
    (void)lock_class;
    release(lock, false);
}

void lockdep_acquire_sleeping(struct lock_class *lock_class, const void *lock) {
    lockdep_assert_may_sleep("sleeping lock");
    acquire(lock_class, lock, true, CHECK_ALL);
}

void lockdep_acquire_sleeping_nested(struct lock_class *lock_class, const void *lock) {
    lockdep_assert_may_sleep("sleeping lock");
    acquire(lock_class, lock, true, CHECK_OTHER_CLASSES);
}

void lockdep_acquire_sleeping_try(struct lock_class *lock_class, const void *lock) {
    acquire(lock_class, lock, true, CHECK_NOTHING);
}

void lockdep_release_sleeping(struct lock_class *lock_class, const void *lock) {
    (void)lock_class;
    release(lock, true);
}

void lockdep_assert_may_sleep(const char *where) {
    const struct lockdep_held *held = this_cpu_ptr(held_spin);
    if (held->count == 0 && this_cpu(irq_depth) == 0)
        return;
    if (!report_begin())
        return;
    log_error("%s may sleep, but %s%s", where, held->count ? "this CPU holds " : "in interrupt context",
              held->count ? held->entries[held->count - 1].class->name : "");
    backtrace_show(NULL);
}

void lockdep_switch(struct lockdep_held *held) {
    this_cpu(held_sleeping) = held;
}

const struct lock_class *lockdep_class(unsigned id) {
    return id < atomic_load(&class_count) ? classes[id] : NULL;
}

bool lockdep_was_nested(const struct lock_class *held, const struct lock_class *taken) {
    return bitmap_test(edges[held->id], taken->id);
}

void lockdep_irq_enter(void) {
    this_cpu(irq_depth) = this_cpu(irq_depth) + 1;
}

void lockdep_irq_exit(void) {
    ASSERT(this_cpu(irq_depth) > 0);
    this_cpu(irq_depth) = this_cpu(irq_depth) - 1;
}

#endif
