/*
 * Hash functions. hash_u64 and hash_bytes are fast and predictable: for tables whose keys an
 * attacker cannot choose, or with a secret seed where a slow-down is all that he can gain.
 * siphash is keyed and safe against chosen keys. Usable in any context.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define HASH_MULTIPLIER 0x9e3779b97f4a7c15ull /* 2^64 / golden ratio: Knuth, TAOCP 3 §6.4 */

/* Mixes all 64 bits; take as many of the result as the table needs, from either end. */
static inline uint64_t hash_u64(uint64_t key) {
    key = (key ^ key >> 32) * HASH_MULTIPLIER;
    return key ^ key >> 32;
}

/* Hash of a byte string, such as a file name. Different seeds give unrelated hashes. */
uint64_t hash_bytes(const void *data, size_t size, uint64_t seed);

/* SipHash-2-4 (Aumasson and Bernstein, 2012) under a 128-bit key. */
uint64_t siphash(const uint64_t key[2], const void *data, size_t size);
