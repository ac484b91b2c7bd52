/*
 * What explain mode takes apart: flags by name, segment descriptors, page walks.
 */
#include "boot/stage2/descriptor.h"
#include "boot/stage2/flag_names.h"
#include "boot/stage2/page_walk.h"
#include "tests/unit/unit.h"

static const char *named(const char *names, uint64_t value) {
    static char text[200];

    size_t length = flag_names(text, sizeof(text), names, value);

    CHECK_EQ(length, strlen(text));
    return text;
}

TEST(flags) {
    CHECK_STR(named(FLAGS_CR0, 0x80010033), "PG cd nw am WP NE ET ts em MP PE");
    CHECK_STR(named(FLAGS_CR0, 0x60000010), "pg CD NW am wp ne ET ts em mp pe");
    CHECK_STR(named(FLAGS_EFER, 0xd00), "NXE LMA LME sce");
    CHECK_STR(named(FLAGS_PAGE, BIT(63) | 0x101), "NX G pat d a pcd pwt us rw P");
    CHECK_STR(named(FLAGS_TABLE, 0x27), "nx ps A pcd pwt US RW P");
    CHECK_STR(named("12LA57 0VME", BIT(12)), "LA57 vme");
    CHECK_STR(named("", 1), "");
}

TEST(flags_that_do_not_fit) {
    char text[8] = "#######";

    CHECK_EQ(flag_names(text, 6, "31PG 16WP 0PE", BIT(31)), 5);
    CHECK_STR(text, "PG wp");
    CHECK_EQ(flag_names(text, 1, FLAGS_CR0, 0), 0);
    CHECK_STR(text, "");
    CHECK_EQ(flag_names(text, 0, FLAGS_CR0, 0), 0);
}

TEST(flat_code_descriptor) {
    struct descriptor d = descriptor_decode(0x00cf9b000000ffff);

    CHECK_EQ(d.base, 0);
    CHECK_EQ(d.limit, 0xffffffff);
    CHECK_EQ(d.type, DESCRIPTOR_CODE | DESCRIPTOR_READ_WRITE | DESCRIPTOR_ACCESSED);
    CHECK(d.code_or_data && d.present && d.size_32 && d.granular && !d.long_mode);
    CHECK_EQ(d.privilege, 0);
}

TEST(descriptor_fields_lie_apart) {
    struct descriptor d = descriptor_decode(0x9a20600000000000);

    CHECK_EQ(d.base, 0x9a000000);
    CHECK_EQ(d.limit, 0);
    CHECK_EQ(d.privilege, 3);
    CHECK(d.long_mode && !d.present && !d.code_or_data && !d.size_32 && !d.granular);
    d = descriptor_decode(0x000f92123456789a);
    CHECK_EQ(d.base, 0x123456);
    CHECK_EQ(d.limit, 0xf789a);
    CHECK_EQ(d.type, DESCRIPTOR_READ_WRITE);
}

/* Physical memory of the walks: four tables from 0x1000 on. */
static uint64_t memory[4][512];

static uint64_t read_memory(uint64_t phys) {
    CHECK(phys >= 0x1000 && phys < 0x5000 && phys % 8 == 0);
    return (&memory[0][0])[(phys - 0x1000) / 8];
}

static struct page_walk walk_of(uint64_t virt) {
    memset(memory, 0, sizeof(memory));
    memory[0][511] = 0x2003;
    memory[1][510] = 0x3023;
    memory[1][509] = 0x40000083;
    memory[2][1] = 0x4003;
    memory[2][2] = BIT(63) | 0x601083;
    memory[3][5] = BIT(63) | 0x205061;
    memory[0][0] = 0x2083; /* PS at the top level is reserved: it does not end the walk */
    return page_walk(0x1018, virt, read_memory);
}

TEST(small_page) {
    struct page_walk walk = walk_of(0xffffffff80205123);

    CHECK(walk.mapped);
    CHECK_EQ(walk.count, 4);
    CHECK_EQ(walk.phys, 0x205123);
    CHECK_EQ(walk.page_bytes, 4096);
    CHECK_EQ(walk.steps[0].entry_phys, 0x1ff8);
    CHECK_EQ(walk.steps[1].index, 510);
    CHECK_EQ(walk.steps[2].entry, 0x4003);
    CHECK_EQ(walk.steps[3].target_phys, 0x205000);
}

TEST(large_pages) {
    struct page_walk walk = walk_of(0xffffffff80412345);

    CHECK(walk.mapped);
    CHECK_EQ(walk.count, 3);
    CHECK_EQ(walk.page_bytes, 2 << 20);
    CHECK_EQ(walk.phys, 0x612345); /* bit 12 of the entry is PAT */
    walk = walk_of(0xffffffff40000042);
    CHECK(walk.mapped);
    CHECK_EQ(walk.count, 2);
    CHECK_EQ(walk.phys, 0x40000042);
}

TEST(nothing_mapped) {
    struct page_walk walk = walk_of(0xffffffff80206000);

    CHECK(!walk.mapped);
    CHECK_EQ(walk.count, 4);
    CHECK_EQ(walk.phys, 0);
    CHECK_EQ(walk_of(0xffff800000000000).count, 1);
    CHECK_EQ(walk_of(0).count, 2);
}
