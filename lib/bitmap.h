/*
 * Bitmaps in arrays of 64-bit words; bit n is bit n % 64 of word n / 64. Not atomic: the
 * caller serialises changes. Usable in any context.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BITMAP_WORDS(nbits) (((nbits) + 63) / 64)

static inline bool bitmap_test(const uint64_t *map, size_t bit) {
    return map[bit / 64] >> (bit % 64) & 1;
}

static inline void bitmap_set(uint64_t *map, size_t bit) {
    map[bit / 64] |= (uint64_t)1 << (bit % 64);
}

static inline void bitmap_clear(uint64_t *map, size_t bit) {
    map[bit / 64] &= ~((uint64_t)1 << (bit % 64));
}

void bitmap_set_range(uint64_t *map, size_t first, size_t count);
void bitmap_clear_range(uint64_t *map, size_t first, size_t count);

/* Whether all `count` bits from `first` are set; or none of them. */
bool bitmap_is_range_set(const uint64_t *map, size_t first, size_t count);
bool bitmap_is_range_clear(const uint64_t *map, size_t first, size_t count);

/* The first set (clear) bit in from ≤ bit < nbits; nbits when there is none. */
size_t bitmap_find_set(const uint64_t *map, size_t nbits, size_t from);
size_t bitmap_find_clear(const uint64_t *map, size_t nbits, size_t from);

/* The first run of `count` clear bits in from ≤ bit < nbits; nbits when there is none. */
size_t bitmap_find_clear_range(const uint64_t *map, size_t nbits, size_t from, size_t count);

size_t bitmap_count_set(const uint64_t *map, size_t nbits);
