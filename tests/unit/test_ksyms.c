/* lib/ksyms.c: nearest function below an address, names back to addresses, damaged tables. */
#include "lib/ksyms.h"

#include "lib/errno.h"
#include "tests/unit/unit.h"

static const struct {
    struct ksyms_header header;
    struct ksyms_entry entries[3];
    char names[16];
} table = {
    {KSYMS_MAGIC, 3, 16, 0},
    {{0x10, 0}, {0x20, 6}, {0x80, 11}},
    "alpha\0beta\0gama",
};

TEST(nearest_below) {
    uint32_t into = 0;
    CHECK(!ksyms_lookup(&table, sizeof(table), 0xf, &into));
    CHECK_STR(ksyms_lookup(&table, sizeof(table), 0x10, &into), "alpha");
    CHECK_EQ(into, 0);
    CHECK_STR(ksyms_lookup(&table, sizeof(table), 0x7f, &into), "beta");
    CHECK_EQ(into, 0x5f);
    CHECK_STR(ksyms_lookup(&table, sizeof(table), 0x1000, &into), "gama");
}

TEST(by_name) {
    uint32_t offset = 0;
    CHECK_EQ(ksyms_find(&table, sizeof(table), "beta", &offset), 0);
    CHECK_EQ(offset, 0x20);
    CHECK_EQ(ksyms_find(&table, sizeof(table), "delta", &offset), -ENOENT);
}

TEST(damaged_tables_are_empty) {
    uint32_t into;
    uint8_t copy[sizeof(table)] __attribute__((aligned(4)));
    for (size_t size = 0; size < sizeof(table); size++)
        CHECK(!ksyms_lookup(&table, size, 0x10, &into));
    memcpy(copy, &table, sizeof(copy));
    copy[0] = 0; /* the magic */
    CHECK(!ksyms_lookup(copy, sizeof(copy), 0x10, &into));
    memcpy(copy, &table, sizeof(copy));
    copy[7] = 0xff; /* the count */
    CHECK(!ksyms_lookup(copy, sizeof(copy), 0x10, &into));
    memcpy(copy, &table, sizeof(copy));
    copy[sizeof(struct ksyms_header) + 7] = 0xff; /* a name outside */
    CHECK(!ksyms_lookup(copy, sizeof(copy), 0x10, &into));
}
