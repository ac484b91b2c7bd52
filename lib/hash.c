/* hash_bytes and SipHash-2-4. */
#include "lib/hash.h"

#include "lib/string.h"

static uint64_t load_u64(const uint8_t *p) {
    uint64_t word;

    __builtin_memcpy(&word, p, sizeof(word));
    return word;
}

/* The last size % 8 bytes as a little-endian number. */
static uint64_t load_tail(const uint8_t *p, size_t count) {
    uint64_t word = 0;

    for (size_t i = 0; i < count; i++)
        word |= (uint64_t)p[i] << (8 * i);
    return word;
}

uint64_t hash_bytes(const void *data, size_t size, uint64_t seed) {
    const uint8_t *p = data;
    uint64_t hash = hash_u64(seed ^ size);

    for (; size >= 8; size -= 8, p += 8)
        hash = hash_u64(hash ^ load_u64(p)) + HASH_MULTIPLIER;
    return hash_u64(hash ^ load_tail(p, size));
}

static uint64_t rotate_left(uint64_t x, unsigned count) {
    return x << count | x >> (64 - count);
}

static void sip_rounds(uint64_t v[4], unsigned rounds) {
    while (rounds--) {
        v[0] += v[1];
        v[2] += v[3];
        v[1] = rotate_left(v[1], 13) ^ v[0];
        v[3] = rotate_left(v[3], 16) ^ v[2];
        v[0] = rotate_left(v[0], 32);
        v[2] += v[1];
        v[0] += v[3];
        v[1] = rotate_left(v[1], 17) ^ v[2];
        v[3] = rotate_left(v[3], 21) ^ v[0];
        v[2] = rotate_left(v[2], 32);
    }
}

static void sip_absorb(uint64_t v[4], uint64_t word) {
    v[3] ^= word;
    sip_rounds(v, 2);
    v[0] ^= word;
}

uint64_t siphash(const uint64_t key[2], const void *data, size_t size) {
    const uint8_t *p = data;
    uint64_t last = (uint64_t)size << 56;
    uint64_t v[4] = { /* "somepseudorandomlygeneratedbytes" */
        key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d,
        key[0] ^ 0x6c7967656e657261, key[1] ^ 0x7465646279746573,
    };

    for (; size >= 8; size -= 8, p += 8)
        sip_absorb(v, load_u64(p));
    sip_absorb(v, last | load_tail(p, size));
    v[2] ^= 0xff;
    sip_rounds(v, 4);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}
