/* lib/crc32.c against the definition, bit by bit. */
#include "lib/crc32.h"

#include "tests/unit/unit.h"

static uint32_t crc_by_bits(const uint8_t *bytes, size_t nbytes) {
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < nbytes; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
    return ~crc;
}

TEST(check_value) { /* the catalogue's check value for CRC-32/ISO-HDLC */
    CHECK_EQ(crc32_update(0, "123456789", 9), 0xcbf43926u);
    CHECK_EQ(crc32_update(0, NULL, 0), 0);
}

TEST(every_length_and_alignment) {
    uint8_t bytes[300];
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)unit_random();
    for (size_t start = 0; start < 8; start++)
        for (size_t n = 0; n + start <= sizeof(bytes); n++)
            CHECK_EQ(crc32_update(0, bytes + start, n), crc_by_bits(bytes + start, n));
}

TEST(pieces_join) {
    uint8_t bytes[200];
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)unit_random();
    uint32_t whole = crc32_update(0, bytes, sizeof(bytes));
    for (size_t cut = 0; cut <= sizeof(bytes); cut++)
        CHECK_EQ(crc32_update(crc32_update(0, bytes, cut), bytes + cut, sizeof(bytes) - cut),
                 whole);
}

TEST(hole_counts_as_zero) {
    uint8_t bytes[64];
    memset(bytes, 0x5a, sizeof(bytes));
    for (size_t hole = 0; hole + 4 <= sizeof(bytes); hole++) {
        uint8_t copy[sizeof(bytes)];
        memcpy(copy, bytes, sizeof(copy));
        memset(copy + hole, 0, 4);
        CHECK_EQ(crc32_with_hole(bytes, sizeof(bytes), hole), crc_by_bits(copy, sizeof(copy)));
    }
}
