/* lib/mbr.c: what is built can be parsed, and what is damaged is refused. */
#include "lib/mbr.h"

#include "lib/errno.h"
#include "tests/unit/unit.h"

static struct mbr sample(void) {
    struct mbr mbr = {.disk_id = 0x12345678};
    mbr.partitions[0] = (struct mbr_partition){true, MBR_TYPE_FAT32_LBA, 2048, 67584};
    mbr.partitions[2] = (struct mbr_partition){false, 0x83, 2048 + 67584, 1000};
    return mbr;
}

/* Builds, lets the caller damage one byte, parses. */
static int parse_with(unsigned offset, uint8_t value) {
    uint8_t sector[MBR_BYTES] = {0};
    struct mbr mbr = sample();
    mbr_build(sector, &mbr);
    sector[offset] = value;
    return mbr_parse(sector, &mbr);
}

TEST(round_trip) {
    uint8_t sector[MBR_BYTES];
    struct mbr mbr = sample(), read;
    memset(sector, 0xcc, sizeof(sector));
    mbr_build(sector, &mbr);
    CHECK_EQ(mbr_parse(sector, &read), 0);
    CHECK_EQ(read.disk_id, 0x12345678);
    for (unsigned i = 0; i < MBR_PARTITIONS; i++) {
        CHECK_EQ(read.partitions[i].active, mbr.partitions[i].active);
        CHECK_EQ(read.partitions[i].type, mbr.partitions[i].type);
        CHECK_EQ(read.partitions[i].first_lba, mbr.partitions[i].first_lba);
        CHECK_EQ(read.partitions[i].nsectors, mbr.partitions[i].nsectors);
    }
    CHECK_EQ(mbr_find_active(&read), 0);
    CHECK_EQ(sector[0], 0xcc);
    CHECK_EQ(sector[MBR_CODE_BYTES - 1], 0xcc);
}

TEST(chs_fields) {
    uint8_t sector[MBR_BYTES] = {0};
    struct mbr mbr = sample();
    mbr.partitions[0].nsectors = UINT32_MAX - 2048;
    mbr.partitions[2].type = MBR_TYPE_EMPTY;
    mbr_build(sector, &mbr);
    const uint8_t *entry = sector + MBR_TABLE_OFFSET;
    CHECK_EQ(entry[1], 32); /* LBA 2048 = cylinder 0, head 32, sector 33 */
    CHECK_EQ(entry[2], 33);
    CHECK_EQ(entry[3], 0);
    CHECK(entry[5] == 254 && entry[6] == 0xff && entry[7] == 0xff); /* beyond CHS */
}

TEST(no_active_partition) {
    struct mbr mbr = sample();
    mbr.partitions[0].active = false;
    CHECK_EQ(mbr_find_active(&mbr), -ENOENT);
}

TEST(damage_is_refused) {
    CHECK_EQ(parse_with(MBR_SIGNATURE_OFFSET, 0), -EINVAL);
    CHECK_EQ(parse_with(MBR_SIGNATURE_OFFSET + 1, 0), -EINVAL);
    CHECK_EQ(parse_with(MBR_TABLE_OFFSET, 1), -EINVAL);          /* status byte */
    CHECK_EQ(parse_with(MBR_TABLE_OFFSET + 32, 0x80), -EINVAL);  /* a second active one */
    CHECK_EQ(parse_with(MBR_TABLE_OFFSET + 41, 0x0f), -EINVAL);  /* 3 begins inside 1 */
    CHECK_EQ(parse_with(MBR_TABLE_OFFSET + 14, 2), -EINVAL);     /* 1 ends inside 3 */
    CHECK_EQ(parse_with(MBR_TABLE_OFFSET + 47, 0xff), 0);        /* as far as it may go */
}

TEST(impossible_ranges_are_refused) {
    const struct mbr_partition bad[] = {
        {true, MBR_TYPE_FAT32_LBA, 0, 100},
        {true, MBR_TYPE_FAT32_LBA, 2048, 0},
        {true, MBR_TYPE_FAT32_LBA, UINT32_MAX, 2},
    };
    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        uint8_t sector[MBR_BYTES] = {0};
        struct mbr mbr = {.partitions = {bad[i]}};
        mbr_build(sector, &mbr);
        CHECK_EQ(mbr_parse(sector, &mbr), -EINVAL);
    }
}
