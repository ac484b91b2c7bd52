#include "kernel/debug/selftest.h"
#include "kernel/sync/lockdep.h"
#include "kernel/sync/spinlock.h"

#if CONFIG_DEBUG

DEFINE_LOCK_CLASS(first_class, "test lock A");
DEFINE_LOCK_CLASS(second_class, "test lock B");
DEFINE_LOCK_CLASS(third_class, "test lock C");
DEFINE_LOCK_CLASS(outer_class, "test lock outside");
DEFINE_LOCK_CLASS(pair_class, "test locks of a pair");
DEFINE_LOCK_CLASS(irq_class, "test lock of interrupts");

static void lock_pair(struct spinlock *outer, struct spinlock *inner) {
    uint64_t flags = spin_lock_irqsave(outer);
    spin_lock(inner);
    spin_unlock(inner);
    spin_unlock_irqrestore(outer, flags);
}

/* A before B and B before C are an order; C before A closes the cycle. */
SELFTEST(lockdep_cycle, "lockdep.cycle") {
    static struct spinlock a = SPINLOCK_INIT(first_class), b = SPINLOCK_INIT(second_class),
                           c = SPINLOCK_INIT(third_class);
    uint32_t before = lockdep_report_count();
    lock_pair(&a, &b);
    lock_pair(&b, &c);
    lock_pair(&a, &c);
    CHECK(lockdep_report_count() == before);
    lockdep_expect_reports(true);
    lock_pair(&c, &a);
    lockdep_expect_reports(false);
    CHECK(lockdep_report_count() == before + 1);
    lock_pair(&c, &a); /* reported once */
    CHECK(lockdep_report_count() == before + 1);
}

/* The caller vouches for two of one class, not for the order with others. */
SELFTEST(lockdep_nested, "lockdep.nested") {
    static struct spinlock outer = SPINLOCK_INIT(outer_class), one = SPINLOCK_INIT(pair_class),
                           two = SPINLOCK_INIT(pair_class);
    uint32_t before = lockdep_report_count();
    uint64_t flags = spin_lock_irqsave(&one);
    spin_lock_nested(&two);
    spin_unlock(&two);
    spin_unlock_irqrestore(&one, flags);
    lock_pair(&outer, &one);
    CHECK(lockdep_report_count() == before);
    lockdep_expect_reports(true);
    flags = spin_lock_irqsave(&one);
    spin_lock_nested(&outer);
    spin_unlock(&outer);
    spin_unlock_irqrestore(&one, flags);
    CHECK(lockdep_report_count() == before + 1);
    lock_pair(&one, &two); /* not vouched for */
    lockdep_expect_reports(false);
    CHECK(lockdep_report_count() == before + 2);
}

SELFTEST(lockdep_interrupt, "lockdep.interrupt") {
    static struct spinlock lock = SPINLOCK_INIT(irq_class);
    uint32_t before = lockdep_report_count();
    uint64_t flags = irq_save();
    lockdep_irq_enter();
    spin_lock(&lock);
    spin_unlock(&lock);
    lockdep_irq_exit();
    irq_restore(flags);
    CHECK(lockdep_report_count() == before);
    lockdep_expect_reports(true);
    spin_lock(&lock); /* with interrupts on: the handler could deadlock with us */
    spin_unlock(&lock);
    lockdep_expect_reports(false);
    CHECK(lockdep_report_count() == before + 1);
}

SELFTEST(lockdep_sleep, "lockdep.sleep") {
    static struct spinlock lock = SPINLOCK_INIT(third_class);
    uint32_t before = lockdep_report_count();
    uint64_t flags = spin_lock_irqsave(&lock);
    lockdep_expect_reports(true);
    lockdep_assert_may_sleep("the test");
    lockdep_expect_reports(false);
    spin_unlock_irqrestore(&lock, flags);
    CHECK(lockdep_report_count() == before + 1);
}

#endif

/* Only the seeded faults of this file: the kernel itself must have none. */
SELFTEST(lockdep_clean, "lockdep.clean") {
    CHECK(lockdep_unexpected_count() == 0);
}
