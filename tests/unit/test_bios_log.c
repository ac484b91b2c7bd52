/*
 * The log of BIOS calls: what shares a record, what never does, and sums that hold in a full log.
 */
#include "lib/bios_log.h"
#include "lib/string.h"
#include "tests/unit/unit.h"

#define CAPACITY 16u

static struct boot_bios_log bios_log;
static struct boot_bios_call records[CAPACITY];

static void clear(void) {
    memset(&bios_log, 0, sizeof(bios_log));
    memset(records, 0xa5, sizeof(records)); /* what lies in memory is not zero */
}

static void call(uint8_t vector, uint32_t eax, uint8_t step, uint64_t tsc, uint64_t ticks) {
    struct boot_bios_call made = {.tsc = tsc, .ticks = ticks, .count = 1, .vector = vector,
                                  .step = step, .in.eax = eax, .out.eax = eax + 1};

    bios_log_add(&bios_log, records, CAPACITY, &made);
}

TEST(characters_share_a_record) {
    clear();
    call(0x10, 0x0e41, 1, 100, 5);
    call(0x10, 0x0e42, 1, 200, 7);
    call(0x10, 0x0e43, 1, 300, 9);
    CHECK_EQ(bios_log.record_count, 1);
    CHECK_EQ(records[0].count, 3);
    CHECK_EQ(records[0].tsc, 100);
    CHECK_EQ(records[0].ticks, 21);
    CHECK_EQ(records[0].in.eax, 0x0e43);
    CHECK_EQ(records[0].out.eax, 0x0e44);
    CHECK_EQ(bios_log.calls, 3);
    CHECK_EQ(bios_log.ticks, 21);
}

TEST(a_run_ends_with_its_step) {
    clear();
    call(0x10, 0x0e41, 1, 1, 1);
    call(0x10, 0x0e41, 2, 2, 1);
    CHECK_EQ(bios_log.record_count, 2);
}

TEST(loops_of_a_few_calls_share_their_records) {
    clear();
    for (unsigned i = 0; i < 1000; i++) {
        call(0x16, 0x0100, 13, i, 2);
        call(0x16, 0x0200, 13, i, 3);
        call(0x1a, 0x0000, 13, i, 4);
    }
    CHECK_EQ(bios_log.record_count, 3);
    CHECK_EQ(records[2].count, 1000);
    CHECK_EQ(bios_log.calls, 3000);
    CHECK_EQ(bios_log.ticks, 9000);
}

TEST(functions_of_one_group_are_told_apart) {
    clear();
    call(0x10, 0x4f01, 7, 1, 1);
    call(0x10, 0x4f02, 7, 2, 1);
    call(0x10, 0x4f02, 7, 3, 1);
    CHECK_EQ(bios_log.record_count, 2);
    CHECK_EQ(records[1].count, 2);
}

TEST(disk_and_system_calls_stand_alone) {
    clear();
    call(0x13, 0x4200, 8, 1, 1);
    call(0x13, 0x4200, 8, 2, 1);
    call(0x15, 0xe820, 4, 3, 1);
    call(0x15, 0xe820, 4, 4, 1);
    CHECK_EQ(bios_log.record_count, 4);
    call(0x15, 0x8600, 4, 5, 1); /* waiting is no question */
    call(0x15, 0x8600, 4, 6, 1);
    CHECK_EQ(bios_log.record_count, 5);
}

TEST(a_read_ends_the_runs_before_it) {
    clear();
    call(0x10, 0x0e41, 8, 1, 1);
    call(0x13, 0x4200, 8, 2, 1);
    call(0x10, 0x0e41, 8, 3, 1);
    CHECK_EQ(bios_log.record_count, 3);
    CHECK(records[2].tsc == 3);
}

TEST(a_full_log_counts_what_it_drops) {
    clear();
    for (unsigned i = 0; i < CAPACITY + 5; i++)
        call(0x13, 0x4200, 9, i, 10);
    CHECK_EQ(bios_log.record_count, CAPACITY);
    CHECK_EQ(bios_log.dropped_calls, 5);
    CHECK_EQ(bios_log.dropped_ticks, 50);
    CHECK_EQ(bios_log.calls, CAPACITY + 5);
    CHECK_EQ(bios_log.ticks, 10 * (CAPACITY + 5));
}

TEST(no_room_at_all) {
    struct boot_bios_call made = {.count = 1, .ticks = 3, .vector = 0x10};

    clear();
    bios_log_add(&bios_log, NULL, 0, &made);
    CHECK_EQ(bios_log.record_count, 0);
    CHECK_EQ(bios_log.dropped_calls, 1);
    CHECK_EQ(bios_log.ticks, 3);
}

TEST(sums_hold_whatever_is_called) {
    static const uint8_t vectors[] = {0x10, 0x12, 0x13, 0x15, 0x16, 0x1a};
    uint64_t count = 0, ticks = 0;
    uint32_t random = 1;

    clear();
    for (unsigned i = 0; i < 5000; i++) {
        random = random * 1664525 + 1013904223;
        call(vectors[(random >> 24) % ARRAY_SIZE(vectors)], random >> 16 & 0x1f1f,
             (uint8_t)(i / 300), i, random >> 28);
    }
    for (uint32_t i = 0; i < bios_log.record_count; i++) {
        count += records[i].count;
        ticks += records[i].ticks;
        CHECK(i == 0 || records[i].tsc >= records[i - 1].tsc);
    }
    CHECK_EQ(count + bios_log.dropped_calls, 5000);
    CHECK_EQ(count + bios_log.dropped_calls, bios_log.calls);
    CHECK_EQ(ticks + bios_log.dropped_ticks, bios_log.ticks);
}

TEST(a_log_that_contradicts_itself_has_no_bytes) {
    struct boot_bios_log log = {.record_bytes = sizeof(struct boot_bios_call), .record_count = 3};
    uint32_t three = 3 * sizeof(struct boot_bios_call);

    CHECK_EQ(bios_log_bytes(&log, three), three);
    CHECK_EQ(bios_log_bytes(&log, three - 1), 0);
    log.record_count = UINT32_MAX;
    CHECK_EQ(bios_log_bytes(&log, three), 0);
    log.record_count = 3;
    log.record_bytes = 0;
    CHECK_EQ(bios_log_bytes(&log, three), 0);
}
