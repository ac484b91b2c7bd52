/* Bitmaps, a word at a time. */
#include "lib/bitmap.h"

#include "lib/bits.h"

/* The bits of word `word` that lie in first ≤ bit < end. */
static uint64_t word_mask(size_t word, size_t first, size_t end) {
    uint64_t mask = ~(uint64_t)0;

    if (first > word * 64)
        mask &= ~(uint64_t)0 << (first % 64);
    if (end < word * 64 + 64)
        mask &= ~(~(uint64_t)0 << (end % 64));
    return mask;
}

void bitmap_set_range(uint64_t *map, size_t first, size_t count) {
    size_t end = first + count;

    for (size_t word = first / 64; word * 64 < end; word++)
        map[word] |= word_mask(word, first, end);
}

void bitmap_clear_range(uint64_t *map, size_t first, size_t count) {
    size_t end = first + count;

    for (size_t word = first / 64; word * 64 < end; word++)
        map[word] &= ~word_mask(word, first, end);
}

/* The first bit in from ≤ bit < nbits that differs from those of `flip`; else nbits. */
static size_t find(const uint64_t *map, size_t nbits, size_t from, uint64_t flip) {
    for (size_t word = from / 64; word * 64 < nbits; word++) {
        uint64_t found = (map[word] ^ flip) & word_mask(word, from, nbits);
        if (found)
            return word * 64 + (size_t)__builtin_ctzll(found);
    }
    return nbits;
}

size_t bitmap_find_set(const uint64_t *map, size_t nbits, size_t from) {
    return find(map, nbits, from, 0);
}

size_t bitmap_find_clear(const uint64_t *map, size_t nbits, size_t from) {
    return find(map, nbits, from, ~(uint64_t)0);
}

bool bitmap_is_range_set(const uint64_t *map, size_t first, size_t count) {
    return bitmap_find_clear(map, first + count, first) == first + count;
}

bool bitmap_is_range_clear(const uint64_t *map, size_t first, size_t count) {
    return bitmap_find_set(map, first + count, first) == first + count;
}

size_t bitmap_find_clear_range(const uint64_t *map, size_t nbits, size_t from, size_t count) {
    while (from < nbits && count <= nbits - from) {
        size_t first = bitmap_find_clear(map, nbits, from);
        if (count > nbits - first)
            break;
        from = bitmap_find_set(map, first + count, first);
        if (from == first + count)
            return first;
    }
    return nbits;
}

size_t bitmap_count_set(const uint64_t *map, size_t nbits) {
    size_t count = 0;

    for (size_t word = 0; word * 64 < nbits; word++)
        count += popcount64(map[word] & word_mask(word, 0, nbits));
    return count;
}
