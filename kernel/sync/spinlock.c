/*
 * The slow path of spin locks. Debug builds call a lock that stays held for long a bug: a holder
 * neither sleeps nor is descheduled, so the wait is short or for ever.
 */
#include "kernel/sync/spinlock.h"

#include "kernel/arch/cpu.h"
#include "kernel/log/panic.h"

#define SPIN_LIMIT (1ull << 28) /* rounds; seconds on any machine */

void spin_lock_contended(struct spinlock *lock) {
    uint64_t rounds = 0;
    uint32_t expected;

    do {
        while (atomic_load_relaxed(&lock->locked) != 0) {
            cpu_pause();
            if (CONFIG_DEBUG && ++rounds == SPIN_LIMIT && !panic_in_progress())
                panic("spin lock %p is never released", (void *)lock);
        }
        expected = 0;
    } while (!atomic_compare_exchange(&lock->locked, &expected, 1u));
}
