/* lib/bits.h, lib/bitmap.c, lib/hash.c, lib/chacha20.c */
#include "lib/bits.h"

#include "tests/unit/unit.h"

#include "lib/bitmap.h"
#include "lib/chacha20.h"
#include "lib/hash.h"

#define NBITS 200

static uint64_t map[BITMAP_WORDS(NBITS)];
static bool model[NBITS];

static size_t model_find(bool value, size_t from) {
    while (from < NBITS && model[from] != value)
        from++;
    return from;
}

static size_t model_find_run(size_t from, size_t count) {
    for (; from + count <= NBITS; from++) {
        size_t run = 0;
        while (run < count && !model[from + run])
            run++;
        if (run == count)
            return from;
    }
    return NBITS;
}

static void change_range(size_t first, size_t count, bool value) {
    (value ? bitmap_set_range : bitmap_clear_range)(map, first, count);
    for (size_t i = first; i < first + count; i++)
        model[i] = value;
}

TEST(bitmap_against_model) {
    for (int step = 0; step < 5000; step++) {
        size_t first = unit_random() % NBITS, count = unit_random() % (NBITS - first + 1);
        size_t from = unit_random() % NBITS, run = 1 + unit_random() % 70, total = 0;
        change_range(first, MIN(count, (size_t)80), unit_random() % 2);
        for (size_t i = 0; i < NBITS; i++)
            total += model[i];
        CHECK_EQ(bitmap_find_set(map, NBITS, from), model_find(true, from));
        CHECK_EQ(bitmap_find_clear(map, NBITS, from), model_find(false, from));
        CHECK_EQ(bitmap_find_clear_range(map, NBITS, from, run), model_find_run(from, run));
        CHECK_EQ(bitmap_test(map, from), model[from]);
        CHECK_EQ(bitmap_count_set(map, NBITS), total);
        CHECK_EQ(bitmap_is_range_set(map, first, count), model_find(false, first) >= first + count);
        CHECK_EQ(bitmap_is_range_clear(map, first, count), model_find(true, first) >= first + count);
    }
}

TEST(integer_helpers) {
    CHECK_EQ(ALIGN_UP(4097u, 4096), 8192);
    CHECK_EQ(ALIGN_DOWN(0x100000fffull, 0x1000), 0x100000000ll);
    CHECK(IS_ALIGNED(8192, 4096) && !IS_ALIGNED(8193, 2) && is_power_of_two(64) && !is_power_of_two(0));
    CHECK_EQ(log2_floor(4095), 11);
    CHECK_EQ(log2_ceil(4097), 13);
    CHECK_EQ(log2_ceil(1), 0);
}

/* Aumasson and Bernstein, appendix A; and the first vectors of the reference implementation. */
TEST(siphash_vectors) {
    const uint64_t key[2] = { 0x0706050403020100, 0x0f0e0d0c0b0a0908 };
    uint8_t message[15];

    for (uint8_t i = 0; i < sizeof(message); i++)
        message[i] = i;
    CHECK_EQ(siphash(key, message, 15), 0xa129ca6149be45e5);
    CHECK_EQ(siphash(key, message, 0), 0x726fdb47dd0e0e31);
    CHECK_EQ(siphash(key, message, 8), 0x93f5f5799a932462);
}

/* 4,096 consecutive keys and names must spread over 256 buckets about evenly. */
TEST(hashes_spread) {
    int by_low[256] = { 0 }, by_high[256] = { 0 }, by_name[256] = { 0 };
    char name[16];

    for (uint64_t i = 0; i < 4096; i++) {
        by_low[hash_u64(i << 12) & 255]++;
        by_high[hash_u64(i) >> 56]++;
        int length = snprintf(name, sizeof(name), "file%d", (int)i);
        by_name[hash_bytes(name, (size_t)length, 1) & 255]++;
    }
    for (int i = 0; i < 256; i++)
        CHECK(by_low[i] < 64 && by_high[i] < 64 && by_name[i] < 64);
    CHECK(hash_bytes("a", 1, 1) != hash_bytes("a\0", 2, 1));
    CHECK(hash_bytes("a", 1, 1) != hash_bytes("a", 1, 2));
}

/* RFC 8439 §2.3.2 */
TEST(chacha20_vector) {
    uint8_t key[32], out[64];
    const uint8_t nonce[12] = { 0, 0, 0, 9, 0, 0, 0, 0x4a };
    const uint8_t first[] = { 0x10, 0xf1, 0xe7, 0xe4, 0xd1, 0x3b, 0x59, 0x15 };
    const uint8_t last[] = { 0xa2, 0x50, 0x3c, 0x4e };
    uint32_t state[CHACHA20_WORDS];

    for (uint8_t i = 0; i < 32; i++)
        key[i] = i;
    chacha20_init(state, key, nonce, 1);
    chacha20_block(state, out);
    CHECK(memcmp(out, first, sizeof(first)) == 0);
    CHECK(memcmp(out + 60, last, sizeof(last)) == 0);
}
