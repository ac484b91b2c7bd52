/*
 * File names eight bytes at a time: finding their end, hashing and comparing them. A word is read across the
 * end of a name only where that cannot leave the page. Little-endian: the first byte is the lowest.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "kernel/mm/layout.h"
#include "lib/bits.h"
#include "lib/hash.h"

#define WORD_BYTES 8u
#define WORD_ONES 0x0101010101010101ull
#define WORD_HIGHS 0x8080808080808080ull

/* Only the first `bytes` (1 to 8) of a word. */
static inline uint64_t word_first(uint64_t word, uint32_t bytes) {
    return word & UINT64_MAX >> (64 - 8 * bytes);
}

/* High bits set in bytes that are zero; exact up to the first such byte. */
static inline uint64_t word_zeros(uint64_t word) {
    return (word - WORD_ONES) & ~word & WORD_HIGHS;
}

/* For the last bytes of a page, up to a NUL. Not inline: it would burden the loops. */
uint64_t word_load_bytes(const char *text);

/* Eight bytes; those behind a NUL, and beyond the page, are anything. KASAN would take them for a mistake. */
static inline uint64_t word_load(const char *text) {
    uint64_t word;
    if (CONFIG_KASAN || unlikely(((uintptr_t)text & (PAGE_SIZE - 1)) > PAGE_SIZE - WORD_BYTES))
        return word_load_bytes(text);
    __builtin_memcpy(&word, text, WORD_BYTES);
    return word;
}

/* One step of a name's hash; it starts from 0. */
static inline uint64_t name_hash_word(uint64_t hash, uint64_t word) {
    hash = (hash ^ word) * HASH_MULTIPLIER;
    return hash ^ hash >> 29;
}

static inline uint32_t name_hash_end(uint64_t hash) {
    return (uint32_t)(hash >> 32); /* the best mixed half: every byte reaches it */
}

/* A name to be looked up. */
struct name_key {
    const char *name;
    uint32_t length, hash;
    uint64_t first; /* its first word, zero-padded: all of most names */
};

/* The component at `name`, up to '/' or NUL. */
static inline void name_scan(const char *name, struct name_key *key) {
    uint64_t state = 0;
    key->name = name;
    for (uint32_t length = 0;; length += WORD_BYTES) {
        uint64_t word = word_load(name + length);
        uint64_t stops = word_zeros(word) | word_zeros(word ^ (WORD_ONES * '/'));
        /* Ones below the first stop byte. */
        uint64_t mask = stops ? ((stops ^ (stops - 1)) >> 8) : UINT64_MAX;
        word &= mask;
        if (length == 0)
            key->first = word;
        if (mask)
            state = name_hash_word(state, word);
        if (!stops)
            continue;
        key->length = length + (uint32_t)__builtin_ctzll(stops) / 8;
        key->hash = name_hash_end(state);
        return;
    }
}

/* The same for a name of known length, whatever follows it. */
void name_key_init(struct name_key *key, const char *name, uint32_t length);

/* The rest of a name that is longer than a word. */
bool name_equal_rest(const char *padded, const char *name, uint32_t length);

/* `padded` has the key's length, and zeros behind it up to a whole word. */
static inline bool name_equal(const char *padded, const struct name_key *key) {
    uint64_t word;
    __builtin_memcpy(&word, padded, WORD_BYTES);
    return word == key->first &&
           (key->length <= WORD_BYTES || name_equal_rest(padded, key->name, key->length));
}
