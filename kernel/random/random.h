/*
 * Random numbers for the kernel and for programs: a ChaCha20 generator with fast key erasure,
 * keyed from a BLAKE2s pool of hardware random numbers, the boot's data and interrupt timings.
 * Any context; never sleeps, never fails. Ready from the first call on: the generator seeds itself.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Fills `to` with unpredictable bytes. */
void random_bytes(void *to, size_t size);

static inline uint64_t random_u64(void) {
    uint64_t value;
    random_bytes(&value, sizeof value);
    return value;
}

/* Mixes in data that an attacker may or may not know: it never makes the output worse. */
void random_mix(const void *data, size_t size);

struct random_stats {
    bool seeded;       /* the first request was served */
    bool pool_fresh;   /* entropy waits to be folded into the key at the next request */
    uint64_t reseeds;  /* times the key was made anew from the pool */
    uint32_t bytes_since_reseed;
};
void random_stats_read(struct random_stats *stats);

/* Told of every interrupt: its time and place are mixed in, cheaply. Interrupt context. */
void random_mix_interrupt(uint64_t address);
