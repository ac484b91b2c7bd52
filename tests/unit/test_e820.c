/*
 * The memory map sanitiser: known maps, hostile maps, and the invariants on random ones.
 */
#include "lib/e820.h"
#include "tests/unit/unit.h"

#define USABLE BOOT_MEM_USABLE
#define RESERVED BOOT_MEM_RESERVED
#define PAGE E820_PAGE
#define CAPACITY 64

static struct boot_range out[CAPACITY];

#define SANITISE(...) \
    ({ struct boot_range in[] = {__VA_ARGS__}; e820_sanitise(in, ARRAY_SIZE(in), out, CAPACITY); })

static void check_range(size_t i, uint64_t base, uint64_t end, uint32_t type) {
    CHECK_EQ(out[i].base, base);
    CHECK_EQ(out[i].base + out[i].length, end);
    CHECK_EQ(out[i].type, type);
    CHECK_EQ(out[i].attributes, 0);
}

TEST(usual_pc) {
    struct e820_result r = SANITISE({0, 0x9fc00, USABLE, 1}, {0x9fc00, 0x400, RESERVED, 1},
                                    {0xf0000, 0x10000, RESERVED, 1},
                                    {0x100000, 0xfee0000, USABLE, 1},
                                    {0xffe0000, 0x20000, RESERVED, 1});

    CHECK_EQ(r.count, 5);
    CHECK_EQ(r.skipped, 0);
    check_range(0, 0, 0x9f000, USABLE);
    check_range(1, 0x9f000, 0xa0000, RESERVED);
    check_range(2, 0xf0000, 0x100000, RESERVED);
    check_range(3, 0x100000, 0xffe0000, USABLE);
    check_range(4, 0xffe0000, 0x10000000, RESERVED);
}

TEST(nothing) {
    struct e820_result r = e820_sanitise(NULL, 0, out, CAPACITY);

    CHECK_EQ(r.count, 0);
    CHECK_EQ(r.skipped, 0);
}

TEST(unsorted_and_adjacent_are_joined) {
    struct e820_result r = SANITISE({0x300000, 0x100000, USABLE, 1}, {0x100000, 0x100000, USABLE, 1},
                                    {0x200000, 0x100000, USABLE, 1});

    CHECK_EQ(r.count, 1);
    check_range(0, 0x100000, 0x400000, USABLE);
}

TEST(restrictive_type_wins) {
    struct e820_result r = SANITISE({0x100000, 0x300000, USABLE, 1},
                                    {0x200000, 0x100000, BOOT_MEM_ACPI, 1},
                                    {0x280000, 0x1000, BOOT_MEM_BAD, 1},
                                    {0x280000, 0x2000, BOOT_MEM_NVS, 1});

    CHECK_EQ(r.count, 6);
    check_range(0, 0x100000, 0x200000, USABLE);
    check_range(1, 0x200000, 0x280000, BOOT_MEM_ACPI);
    check_range(2, 0x280000, 0x281000, BOOT_MEM_BAD);
    check_range(3, 0x281000, 0x282000, BOOT_MEM_NVS);
    check_range(4, 0x282000, 0x300000, BOOT_MEM_ACPI);
    check_range(5, 0x300000, 0x400000, USABLE);
}

TEST(rounding) {
    struct e820_result r = SANITISE({0x1001, 0x2fff, USABLE, 1}, {0x5fff, 2, RESERVED, 1},
                                    {0x9001, 0xffe, USABLE, 1});

    CHECK_EQ(r.count, 2);
    CHECK_EQ(r.skipped, 1); /* less than a page of usable memory */
    check_range(0, 0x2000, 0x4000, USABLE);
    check_range(1, 0x5000, 0x7000, RESERVED);
}

TEST(unknown_types_are_reserved) {
    struct e820_result r = SANITISE({0x1000, 0x1000, 0, 1}, {0x2000, 0x1000, 12, 1},
                                    {0x3000, 0x1000, 0xffffffff, 1}, {0x4000, 0x1000, RESERVED, 1});

    CHECK_EQ(r.count, 1);
    check_range(0, 0x1000, 0x5000, RESERVED);
}

TEST(empty_and_absurd_entries) {
    struct e820_result r = SANITISE({0x1000, 0, USABLE, 1}, {UINT64_MAX, UINT64_MAX, USABLE, 1},
                                    {E820_ADDRESS_END, 0x1000, USABLE, 1},
                                    {0x100000, UINT64_MAX, USABLE, 1});

    CHECK_EQ(r.skipped, 4);
    CHECK_EQ(r.count, 0);
}

TEST(usable_entries_that_wrap_are_nonsense_others_are_believed) {
    struct e820_result r = SANITISE({0x100000, UINT64_MAX - 0x100000, USABLE, 1},
                                    {0x200000, UINT64_MAX, USABLE, 1},
                                    {E820_ADDRESS_END - PAGE, UINT64_MAX, RESERVED, 1});

    CHECK_EQ(r.skipped, 1);
    CHECK_EQ(r.count, 2);
    check_range(0, 0x100000, E820_ADDRESS_END - PAGE, USABLE);
    check_range(1, E820_ADDRESS_END - PAGE, E820_ADDRESS_END, RESERVED);
}

TEST(the_smallest_pieces_go_first_and_claims_never) {
    struct boot_range in[] = {{PAGE, PAGE, USABLE, 1},       {3 * PAGE, PAGE, RESERVED, 1},
                              {5 * PAGE, 3 * PAGE, USABLE, 1}, {9 * PAGE, PAGE, BOOT_MEM_KERNEL, 0},
                              {11 * PAGE, PAGE, RESERVED, 1}, {13 * PAGE, 9 * PAGE, USABLE, 1}};
    struct e820_result r = e820_sanitise(in, ARRAY_SIZE(in), out, 3);

    CHECK_EQ(r.count, 3);
    CHECK_EQ(r.skipped, 3);
    check_range(0, 5 * PAGE, 8 * PAGE, USABLE);
    check_range(1, 9 * PAGE, 10 * PAGE, BOOT_MEM_KERNEL);
    check_range(2, 13 * PAGE, 22 * PAGE, USABLE);
}

TEST(touches_memory) {
    SANITISE({0x10000, 0x10000, USABLE, 1}, {0x20000, 0x1000, RESERVED, 1});
    CHECK(e820_touches_memory(out, 2, 0xf000, 0x1001));
    CHECK(!e820_touches_memory(out, 2, 0xf000, 0x1000));
    CHECK(!e820_touches_memory(out, 2, 0x20000, 0x2000));
    CHECK(e820_touches_memory(out, 2, 0x1ffff, 1));
}

TEST(output_is_bounded) {
    struct boot_range in[CAPACITY];

    for (size_t i = 0; i < CAPACITY; i++)
        in[i] = (struct boot_range){(2 * i + 1) * PAGE, PAGE, USABLE, 1};
    struct e820_result r = e820_sanitise(in, CAPACITY, out, 10);

    CHECK_EQ(r.count, 10);
    CHECK_EQ(r.skipped, CAPACITY - 10);
}

TEST(loader_claims_lie_above_usable_only) {
    struct e820_result r = SANITISE({0, 0x100000, USABLE, 1}, {0x10000, 0x10000, BOOT_MEM_KERNEL, 0},
                                    {0x18000, 0x1000, RESERVED, 1}, {0, 0x1000, BOOT_MEM_LOADER, 0});

    CHECK_EQ(r.count, 6);
    check_range(0, 0, 0x1000, BOOT_MEM_LOADER);
    check_range(2, 0x10000, 0x18000, BOOT_MEM_KERNEL);
    check_range(3, 0x18000, 0x19000, RESERVED);
}

TEST(covers) {
    SANITISE({0x10000, 0x10000, USABLE, 1}, {0x20000, 0x1000, RESERVED, 1});
    CHECK(e820_covers(out, 2, 0x10000, 0x10000, USABLE));
    CHECK(e820_covers(out, 2, 0x1f000, 0x1000, USABLE));
    CHECK(!e820_covers(out, 2, 0x1f000, 0x1001, USABLE));
    CHECK(!e820_covers(out, 2, 0x20000, 0x1000, USABLE));
    CHECK(!e820_covers(out, 2, 0xf000, 0x1000, USABLE));
    CHECK(!e820_covers(out, 2, 0x11000, UINT64_MAX, USABLE));
}

TEST(find_top) {
    SANITISE({0x100000, 0x100000, USABLE, 1}, {0x300000, 0x10000, USABLE, 1});
    CHECK_EQ(e820_find_top(out, 2, 0x1000, 0, UINT64_MAX), 0x30f000);
    CHECK_EQ(e820_find_top(out, 2, 0x801, 0, UINT64_MAX), 0x30f000);
    CHECK_EQ(e820_find_top(out, 2, 0x10001, 0, UINT64_MAX), 0x1ef000);
    CHECK_EQ(e820_find_top(out, 2, 0x1000, 0, 0x300800), 0x1ff000);
    CHECK_EQ(e820_find_top(out, 2, 0x1000, 0, 0x180000), 0x17f000);
    CHECK_EQ(e820_find_top(out, 2, 0x1000, 0x30f001, UINT64_MAX), 0);
    CHECK_EQ(e820_find_top(out, 2, 0x200000, 0, UINT64_MAX), 0);
}

/* The invariants of boot/bootinfo.h, and each page's type against a direct look at the input. */
static void check_invariants(const struct boot_range *in, size_t count, size_t got) {
    for (size_t i = 0; i < got; i++) {
        CHECK(out[i].length != 0);
        CHECK(IS_ALIGNED(out[i].base | out[i].length, PAGE));
        if (i > 0) {
            uint64_t end = out[i - 1].base + out[i - 1].length;

            CHECK(out[i].base > end || (out[i].base == end && out[i].type != out[i - 1].type));
        }
        if (out[i].type != USABLE)
            continue;
        for (size_t j = 0; j < count; j++) {
            bool apart = in[j].base >= out[i].base + out[i].length ||
                         in[j].base + in[j].length <= out[i].base;

            CHECK(in[j].type == USABLE || in[j].length == 0 || apart);
        }
    }
}

TEST(random_maps) {
    for (int round = 0; round < 2000; round++) {
        struct boot_range in[12], copy[12];

        for (size_t i = 0; i < ARRAY_SIZE(in); i++)
            in[i] = (struct boot_range){unit_random() % 0x40000, unit_random() % 0x8000,
                                        (uint32_t)(unit_random() % 8), 1};
        memcpy(copy, in, sizeof(in));
        struct e820_result r = e820_sanitise(copy, ARRAY_SIZE(in), out, CAPACITY);

        check_invariants(in, ARRAY_SIZE(in), r.count);
    }
}
