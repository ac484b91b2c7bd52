/*
 * Byte ring over memory of a power-of-two size. One writer and one reader may use it at the
 * same time without a lock (an interrupt handler and a thread, say); several of a kind need
 * one. Never allocates; usable in any context.
 *
 * Invariant: written - taken is the number of bytes held, at most mask + 1; both wrap freely.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/assert.h"
#include "lib/atomic.h"

struct ring {
    uint8_t *data;
    uint32_t mask;    /* size - 1 */
    uint32_t written; /* changed by the writer only */
    uint32_t taken;   /* changed by the reader only */
};

static inline void ring_init(struct ring *ring, void *memory, uint32_t size) {
    ASSERT(is_power_of_two(size));
    *ring = (struct ring){ .data = memory, .mask = size - 1 };
}

static inline uint32_t ring_count(const struct ring *ring) {
    return atomic_load(&ring->written) - atomic_load(&ring->taken);
}

static inline uint32_t ring_space(const struct ring *ring) {
    return ring->mask + 1 - ring_count(ring);
}

/* False when full. */
static inline must_check bool ring_put(struct ring *ring, uint8_t byte) {
    if (!ring_space(ring))
        return false;
    ring->data[ring->written & ring->mask] = byte;
    atomic_store(&ring->written, ring->written + 1);
    return true;
}

/* False when empty. */
static inline must_check bool ring_get(struct ring *ring, uint8_t *byte) {
    if (!ring_count(ring))
        return false;
    *byte = ring->data[ring->taken & ring->mask];
    atomic_store(&ring->taken, ring->taken + 1);
    return true;
}

/* As many of the bytes as fit (as there are); returns how many. */
static inline size_t ring_write(struct ring *ring, const void *bytes, size_t count) {
    size_t done = 0;

    while (done < count && ring_put(ring, ((const uint8_t *)bytes)[done]))
        done++;
    return done;
}

static inline size_t ring_read(struct ring *ring, void *bytes, size_t count) {
    size_t done = 0;

    while (done < count && ring_get(ring, (uint8_t *)bytes + done))
        done++;
    return done;
}
