/* BLAKE2s, RFC 7693 §3. */
#include "lib/blake2s.h"

#include "lib/bits.h"
#include "lib/string.h"

#define ROUNDS 10

/* §2.6: the first 32 bits of the fractional parts of the square roots of the first primes. */
static const uint32_t initial_hash[8] = {
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};

/* §2.7: which message word each step of a round takes. */
static const uint8_t schedule[ROUNDS][16] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
    {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4},
    {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13},
    {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11},
    {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5},
    {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
};

static inline uint32_t rotate_right(uint32_t x, unsigned n) {
    return x >> n | x << (32 - n);
}

/* §3.1; the column or diagonal (a, b, c, d) takes the message words x and y. */
static inline void mix(uint32_t *v, const uint8_t at[4], uint32_t x, uint32_t y) {
    uint32_t a = v[at[0]], b = v[at[1]], c = v[at[2]], d = v[at[3]];

    a += b + x;
    d = rotate_right(d ^ a, 16);
    c += d;
    b = rotate_right(b ^ c, 12);
    a += b + y;
    d = rotate_right(d ^ a, 8);
    c += d;
    b = rotate_right(b ^ c, 7);
    v[at[0]] = a;
    v[at[1]] = b;
    v[at[2]] = c;
    v[at[3]] = d;
}

/* §3.2 */
static void compress(struct blake2s *state, uint32_t final_mask) {
    static const uint8_t lanes[8][4] = {
        {0, 4, 8, 12}, {1, 5, 9, 13}, {2, 6, 10, 14}, {3, 7, 11, 15},
        {0, 5, 10, 15}, {1, 6, 11, 12}, {2, 7, 8, 13}, {3, 4, 9, 14},
    };
    uint32_t v[16], message[16];

    memcpy(message, state->block, sizeof message);
    memcpy(v, state->hash, sizeof state->hash);
    memcpy(v + 8, initial_hash, sizeof initial_hash);
    v[12] ^= (uint32_t)state->byte_count;
    v[13] ^= (uint32_t)(state->byte_count >> 32);
    v[14] ^= final_mask;
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (unsigned lane = 0; lane < ARRAY_SIZE(lanes); lane++)
            mix(v, lanes[lane], message[schedule[round][2 * lane]],
                message[schedule[round][2 * lane + 1]]);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(state->hash); i++)
        state->hash[i] ^= v[i] ^ v[i + 8];
}

void blake2s_init(struct blake2s *state) {
    memset(state, 0, sizeof *state);
    memcpy(state->hash, initial_hash, sizeof initial_hash);
    state->hash[0] ^= 0x01010000u ^ BLAKE2S_DIGEST_SIZE; /* §2.5: fan-out 1, depth 1, no key */
}

void blake2s_update(struct blake2s *state, const void *data, size_t size) {
    const uint8_t *from = data;

    while (size > 0) {
        if (state->fill == BLAKE2S_BLOCK_SIZE) { /* a full block is kept until more follows */
            state->byte_count += BLAKE2S_BLOCK_SIZE;
            compress(state, 0);
            state->fill = 0;
        }
        size_t take = MIN(size, BLAKE2S_BLOCK_SIZE - state->fill);
        memcpy(state->block + state->fill, from, take);
        state->fill += take;
        from += take;
        size -= take;
    }
}

void blake2s_final(struct blake2s *state, uint8_t digest[BLAKE2S_DIGEST_SIZE]) {
    state->byte_count += state->fill;
    memset(state->block + state->fill, 0, BLAKE2S_BLOCK_SIZE - state->fill);
    compress(state, UINT32_MAX);
    memcpy(digest, state->hash, BLAKE2S_DIGEST_SIZE);
}
