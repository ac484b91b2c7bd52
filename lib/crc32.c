/*
 * Table-driven CRC-32. table[k][b] is what byte b contributes when k zero bytes follow it, so
 * CRC32_SLICES bytes are folded in at once ("slicing-by-8"; Kounavis and Berry, 2005). Each table
 * takes 1 KiB: a program that must be small is compiled with -DCRC32_SLICES=1 or 4, one whose file
 * must be small and that has one thread with -DCRC32_FILL=1, which makes the tables at first use.
 */
#include "lib/crc32.h"

#include "lib/bits.h"

#ifndef CRC32_SLICES
#define CRC32_SLICES 8
#endif
#ifndef CRC32_FILL
#define CRC32_FILL 0
#endif

#if CRC32_FILL
#define POLYNOMIAL 0xedb88320u /* bit-reversed */

static uint32_t table[CRC32_SLICES][256];

static void prepare_tables(void) {
    if (table[0][1] != 0)
        return;
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t crc = i;

        for (unsigned bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? POLYNOMIAL : 0);
        table[0][i] = crc;
    }
    for (unsigned k = 1; k < CRC32_SLICES; k++) {
        for (uint32_t i = 0; i < 256; i++)
            table[k][i] = table[k - 1][i] >> 8 ^ table[0][table[k - 1][i] & 0xff];
    }
}
#else

/*
 * A CRC is linear over XOR, so an entry is the XOR of the contributions of its byte's single bits,
 * highest bit first in the arguments. From one bit to the next lower one, and on to the highest
 * bit of the next table, each constant is the one before shifted through the polynomial once.
 */
#define ENTRY(i, b7, b6, b5, b4, b3, b2, b1, b0) \
    ((((i) & 128) ? b7 : 0u) ^ (((i) & 64) ? b6 : 0u) ^ (((i) & 32) ? b5 : 0u) ^ \
     (((i) & 16) ? b4 : 0u) ^ (((i) & 8) ? b3 : 0u) ^ (((i) & 4) ? b2 : 0u) ^ \
     (((i) & 2) ? b1 : 0u) ^ (((i) & 1) ? b0 : 0u))
#define ENTRIES_4(i, ...) \
    ENTRY(i, __VA_ARGS__), ENTRY((i) + 1, __VA_ARGS__), ENTRY((i) + 2, __VA_ARGS__), \
        ENTRY((i) + 3, __VA_ARGS__)
#define ENTRIES_16(i, ...) \
    ENTRIES_4(i, __VA_ARGS__), ENTRIES_4((i) + 4, __VA_ARGS__), ENTRIES_4((i) + 8, __VA_ARGS__), \
        ENTRIES_4((i) + 12, __VA_ARGS__)
#define ENTRIES_64(i, ...) \
    ENTRIES_16(i, __VA_ARGS__), ENTRIES_16((i) + 16, __VA_ARGS__), \
        ENTRIES_16((i) + 32, __VA_ARGS__), ENTRIES_16((i) + 48, __VA_ARGS__)
#define TABLE(...) \
    { \
        ENTRIES_64(0, __VA_ARGS__), ENTRIES_64(64, __VA_ARGS__), ENTRIES_64(128, __VA_ARGS__), \
            ENTRIES_64(192, __VA_ARGS__) \
    }

static const uint32_t table[CRC32_SLICES][256] = {
    TABLE(0xedb88320u, 0x76dc4190u, 0x3b6e20c8u, 0x1db71064u, 0x0edb8832u, 0x076dc419u,
          0xee0e612cu, 0x77073096u),
#if CRC32_SLICES >= 4
    TABLE(0x3b83984bu, 0xf0794f05u, 0x958424a2u, 0x4ac21251u, 0xc8d98a08u, 0x646cc504u,
          0x32366282u, 0x191b3141u),
    TABLE(0xe1351b80u, 0x709a8dc0u, 0x384d46e0u, 0x1c26a370u, 0x0e1351b8u, 0x0709a8dcu,
          0x0384d46eu, 0x01c26a37u),
    TABLE(0xed59b63bu, 0x9b14583du, 0xa032af3eu, 0x5019579fu, 0xc5b428efu, 0x8f629757u,
          0xaa09c88bu, 0xb8bc6765u),
#endif
#if CRC32_SLICES == 8
    TABLE(0xb1e6b092u, 0x58f35849u, 0xc1c12f04u, 0x60e09782u, 0x30704bc1u, 0xf580a6c0u,
          0x7ac05360u, 0x3d6029b0u),
    TABLE(0x1eb014d8u, 0x0f580a6cu, 0x07ac0536u, 0x03d6029bu, 0xec53826du, 0x9b914216u,
          0x4dc8a10bu, 0xcb5cd3a5u),
    TABLE(0x8816eaf2u, 0x440b7579u, 0xcfbd399cu, 0x67de9cceu, 0x33ef4e67u, 0xf44f2413u,
          0x979f1129u, 0xa6770bb4u),
    TABLE(0x533b85dau, 0x299dc2edu, 0xf9766256u, 0x7cbb312bu, 0xd3e51bb5u, 0x844a0efau,
          0x4225077du, 0xccaa009eu),
#endif
};

static inline void prepare_tables(void) {
}
#endif

/* A word at any address. Not by memcpy: in a freestanding program that is a call for each word. */
typedef uint32_t __attribute__((may_alias, aligned(1))) any_word;

static inline uint32_t load32(const uint8_t *bytes) {
    return *(const any_word *)bytes;
}

/* Folds the four bytes of `word` in, `following` bytes before the end of the slice. */
static inline __attribute__((always_inline)) uint32_t fold_word(uint32_t word, unsigned following) {
    return table[following + 3][word & 0xff] ^ table[following + 2][word >> 8 & 0xff] ^
           table[following + 1][word >> 16 & 0xff] ^ table[following][word >> 24];
}

uint32_t crc32_update(uint32_t crc, const void *data, size_t nbytes) {
    const uint8_t *bytes = data;

    prepare_tables();
    crc = ~crc;
#if CRC32_SLICES == 8
    for (; nbytes >= 8; nbytes -= 8, bytes += 8)
        crc = fold_word(crc ^ load32(bytes), 4) ^ fold_word(load32(bytes + 4), 0);
#endif
#if CRC32_SLICES >= 4
    for (; nbytes >= 4; nbytes -= 4, bytes += 4)
        crc = fold_word(crc ^ load32(bytes), 0);
#endif
    for (; nbytes > 0; nbytes--, bytes++)
        crc = crc >> 8 ^ table[0][(crc ^ *bytes) & 0xff];
    return ~crc;
}

uint32_t crc32_with_hole(const void *data, size_t nbytes, size_t hole) {
    static const uint8_t zeros[sizeof(uint32_t)];
    const uint8_t *bytes = data;
    size_t after = hole + sizeof(zeros);
    uint32_t crc = crc32_update(0, bytes, hole);
    crc = crc32_update(crc, zeros, sizeof(zeros));
    return crc32_update(crc, bytes + after, nbytes - after);
}
