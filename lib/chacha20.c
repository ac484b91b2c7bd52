/* ChaCha20, RFC 8439. Words are little-endian, as on this machine. */
#include "lib/chacha20.h"

#include "lib/string.h"

#define DOUBLE_ROUNDS 10

static uint32_t rotate_left(uint32_t x, unsigned count) {
    return x << count | x >> (32 - count);
}

/* §2.1 */
static void quarter_round(uint32_t x[CHACHA20_WORDS], int a, int b, int c, int d) {
    x[a] += x[b];
    x[d] = rotate_left(x[d] ^ x[a], 16);
    x[c] += x[d];
    x[b] = rotate_left(x[b] ^ x[c], 12);
    x[a] += x[b];
    x[d] = rotate_left(x[d] ^ x[a], 8);
    x[c] += x[d];
    x[b] = rotate_left(x[b] ^ x[c], 7);
}

void chacha20_init(uint32_t state[CHACHA20_WORDS], const uint8_t key[CHACHA20_KEY_BYTES],
                   const uint8_t nonce[CHACHA20_NONCE_BYTES], uint32_t counter) {
    memcpy(state, "expand 32-byte k", 16);
    memcpy(state + 4, key, CHACHA20_KEY_BYTES);
    state[CHACHA20_COUNTER] = counter;
    memcpy(state + CHACHA20_COUNTER + 1, nonce, CHACHA20_NONCE_BYTES);
}

void chacha20_block(const uint32_t state[CHACHA20_WORDS], uint8_t out[CHACHA20_BLOCK_BYTES]) {
    uint32_t x[CHACHA20_WORDS];

    memcpy(x, state, sizeof(x));
    for (int i = 0; i < DOUBLE_ROUNDS; i++) {
        for (int column = 0; column < 4; column++)
            quarter_round(x, column, 4 + column, 8 + column, 12 + column);
        for (int diagonal = 0; diagonal < 4; diagonal++)
            quarter_round(x, diagonal, 4 + (diagonal + 1) % 4, 8 + (diagonal + 2) % 4,
                          12 + (diagonal + 3) % 4);
    }
    for (int i = 0; i < CHACHA20_WORDS; i++)
        x[i] += state[i];
    memcpy(out, x, sizeof(x));
}
