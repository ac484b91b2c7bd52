/*
 * The ChaCha20 block function (RFC 8439 §2.3), core of the random number generator.
 * Pure; time and memory accesses do not depend on the key. Usable in any context.
 */
#pragma once

#include <stdint.h>

#define CHACHA20_WORDS 16
#define CHACHA20_KEY_BYTES 32
#define CHACHA20_NONCE_BYTES 12
#define CHACHA20_BLOCK_BYTES 64
#define CHACHA20_COUNTER 12 /* index of the block counter in the state */

/* Sets up the state for block `counter` of the stream of that key and nonce. */
void chacha20_init(uint32_t state[CHACHA20_WORDS], const uint8_t key[CHACHA20_KEY_BYTES],
                   const uint8_t nonce[CHACHA20_NONCE_BYTES], uint32_t counter);

/* Computes the state's block; the caller advances state[CHACHA20_COUNTER]. */
void chacha20_block(const uint32_t state[CHACHA20_WORDS], uint8_t out[CHACHA20_BLOCK_BYTES]);
