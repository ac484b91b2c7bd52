/*
 * Reference counts that saturate instead of wrapping: an object whose count overflows, or
 * underflows by a bug, is leaked rather than freed in use. Usable in any context.
 *
 * Invariant: 0 means dead, 1 to REFCOUNT_MAX live, anything above saturated for ever.
 */
#pragma once

#include <stdint.h>

#include "lib/assert.h"
#include "lib/atomic.h"

#define REFCOUNT_MAX 0x7fffffffu
#define REFCOUNT_SATURATED 0xc0000000u

struct refcount {
    uint32_t value;
};

static inline void refcount_init(struct refcount *ref, uint32_t count) {
    atomic_store_relaxed(&ref->value, count);
}

static inline uint32_t refcount_read(const struct refcount *ref) {
    return atomic_load_relaxed(&ref->value);
}

/* Takes one more reference; the caller must already hold one. */
static inline void refcount_get(struct refcount *ref) {
    uint32_t old = atomic_fetch_add(&ref->value, 1);

    ASSERT(old != 0);
    if (unlikely(old >= REFCOUNT_MAX))
        atomic_store_relaxed(&ref->value, REFCOUNT_SATURATED);
}

/* Takes a reference unless the count is 0; false then. For look-ups under RCU. */
static inline must_check bool refcount_get_not_zero(struct refcount *ref) {
    uint32_t old = atomic_load_relaxed(&ref->value);

    do {
        if (old == 0)
            return false;
        if (unlikely(old >= REFCOUNT_MAX)) {
            atomic_store_relaxed(&ref->value, REFCOUNT_SATURATED);
            return true;
        }
    } while (!atomic_compare_exchange(&ref->value, &old, old + 1));
    return true;
}

/* Drops a reference unless it is the last; false then. */
static inline must_check bool refcount_put_not_last(struct refcount *ref) {
    uint32_t old = atomic_load_relaxed(&ref->value);

    do {
        if (old <= 1 || unlikely(old > REFCOUNT_MAX))
            return false;
    } while (!atomic_compare_exchange(&ref->value, &old, old - 1));
    return true;
}

/* Drops a reference. True when it was the last: the caller now owns the object alone. */
static inline must_check bool refcount_put(struct refcount *ref) {
    uint32_t old = atomic_fetch_sub(&ref->value, 1);

    ASSERT(old != 0);
    if (unlikely(old > REFCOUNT_MAX))
        atomic_store_relaxed(&ref->value, REFCOUNT_SATURATED);
    return old == 1;
}
