/* BLAKE2s with a 32-byte digest and no key (RFC 7693). Constant time. Usable in any context. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define BLAKE2S_DIGEST_SIZE 32u
#define BLAKE2S_BLOCK_SIZE 64u

struct blake2s {
    uint32_t hash[8];
    uint64_t byte_count; /* compressed so far */
    uint8_t block[BLAKE2S_BLOCK_SIZE];
    size_t fill; /* bytes waiting in `block` */
};

void blake2s_init(struct blake2s *state);
void blake2s_update(struct blake2s *state, const void *data, size_t size);
/* Ends the message; `state` must be initialised again before it is used again. */
void blake2s_final(struct blake2s *state, uint8_t digest[BLAKE2S_DIGEST_SIZE]);
