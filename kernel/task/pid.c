/*
 * The table of numbers: a two-level array of pointers, read under RCU. `pid_lock` guards the bitmap,
 * the next number to try and the table's writers; it nests inside task_list_lock.
 *
 * Invariants
 *  1. A number's bit is set exactly while its struct pid is in the table.
 *  2. An object leaves the table when its last reference goes; its memory outlives RCU readers.
 */
#include "kernel/task/pid.h"

#include "kernel/log/panic.h"
#include "kernel/mm/page.h"
#include "kernel/mm/slab.h"
#include "kernel/sync/spinlock.h"
#include "lib/bitmap.h"

#define BLOCK_PIDS (PAGE_SIZE / sizeof(struct pid *))
#define BLOCK_COUNT (PID_MAX / BLOCK_PIDS)
#define PID_REUSE_MIN 300 /* numbers below are given out once, at start-up, as on Linux */

DEFINE_LOCK_CLASS(pid_class, "pid table");
static struct spinlock pid_lock = SPINLOCK_INIT(pid_class);
static uint64_t used[BITMAP_WORDS(PID_MAX)];
static size_t next_number = 1;
static int last_number;   /* given out */
static uint64_t created;  /* numbers given out since boot */
static struct pid **blocks[BLOCK_COUNT];
static struct slab_cache *pid_cache;

void pid_init(void) {
    pid_cache = slab_cache_create("pid", sizeof(struct pid), 0, NULL);
}

/* pid_lock held. */
static bool block_prepare(size_t number) {
    struct pid ***block = &blocks[number / BLOCK_PIDS];
    if (*block != NULL)
        return true;
    struct page *page = page_alloc(0, PAGE_ALLOC_ZERO);
    if (page == NULL)
        return false;
    atomic_store(block, (struct pid **)page_to_virt(page));
    return true;
}

/* The lowest free number from next_number on, wrapping once; PID_MAX when all are used. pid_lock held. */
static size_t number_next(void) {
    size_t number = bitmap_find_clear(used, PID_MAX, next_number);
    if (number == PID_MAX)
        number = bitmap_find_clear(used, PID_MAX, PID_REUSE_MIN);
    if (number < PID_MAX)
        next_number = number + 1 < PID_MAX ? number + 1 : PID_REUSE_MIN;
    return number;
}

/* 0: none, or the one wanted is in use. pid_lock held. */
static size_t number_take(size_t wanted) {
    size_t number = wanted != 0 ? wanted : number_next();
    if (number >= PID_MAX || bitmap_test(used, number) || !block_prepare(number))
        return 0;
    bitmap_set(used, number);
    return number;
}

struct pid *pid_alloc(int wanted) {
    struct pid *pid = slab_alloc_zero(pid_cache);
    if (pid == NULL)
        return NULL;
    refcount_init(&pid->refcount, 1);
    list_init(&pid->group_members);
    list_init(&pid->session_members);
    wait_queue_init(&pid->end_wait);

    uint64_t flags = spin_lock_irqsave(&pid_lock);
    size_t number = number_take((size_t)wanted);
    if (number != 0) {
        pid->number = last_number = (int)number;
        created++;
        rcu_assign(blocks[number / BLOCK_PIDS][number % BLOCK_PIDS], pid);
    }
    spin_unlock_irqrestore(&pid_lock, flags);
    if (number != 0)
        return pid;
    slab_free(pid_cache, pid);
    return NULL;
}

int pid_last(void) {
    return atomic_load_relaxed(&last_number);
}

uint64_t pid_created(void) {
    return atomic_load_relaxed(&created);
}

void pid_get(struct pid *pid) {
    refcount_get(&pid->refcount);
}

static void pid_free(struct rcu_head *head) {
    slab_free(pid_cache, container_of(head, struct pid, rcu));
}

void pid_put(struct pid *pid) {
    if (!refcount_put(&pid->refcount))
        return;
    size_t number = (size_t)pid->number;
    DEBUG_ASSERT(list_is_empty(&pid->group_members) && list_is_empty(&pid->session_members));
    uint64_t flags = spin_lock_irqsave(&pid_lock);
    rcu_assign(blocks[number / BLOCK_PIDS][number % BLOCK_PIDS], NULL);
    bitmap_clear(used, number);
    spin_unlock_irqrestore(&pid_lock, flags);
    rcu_defer(&pid->rcu, pid_free);
}

struct pid *pid_find(int number) {
    if (number <= 0 || number >= PID_MAX)
        return NULL;
    struct pid **block = rcu_dereference(blocks[(size_t)number / BLOCK_PIDS]);
    return block == NULL ? NULL : rcu_dereference(block[(size_t)number % BLOCK_PIDS]);
}

struct pid *pid_find_get(int number) {
    rcu_read_lock();
    struct pid *pid = pid_find(number);
    if (pid != NULL && !refcount_get_not_zero(&pid->refcount))
        pid = NULL;
    rcu_read_unlock();
    return pid;
}
