/* lib/clock_offset.h: clocks that agree, that are apart, that wrap, that drift. */
#include "lib/clock_offset.h"

#include "tests/unit/unit.h"

/* The other is `ahead`; the way there takes `out`, the way back `back`. */
static void ask(struct clock_offset *offset, uint64_t now, int64_t ahead, uint64_t out, uint64_t back) {
    clock_offset_narrow(offset, now, now + out + (uint64_t)ahead, now + out + back);
}

TEST(clocks_that_agree) {
    struct clock_offset offset = CLOCK_OFFSET_UNKNOWN;
    CHECK(clock_offset_may_be_none(&offset));
    ask(&offset, 1000, 0, 50, 900);
    ask(&offset, 9000, 0, 700, 3);
    CHECK(offset.least == -3 && offset.most == 50 && clock_offset_may_be_none(&offset));
}

TEST(clocks_apart) {
    struct clock_offset offset = CLOCK_OFFSET_UNKNOWN;
    ask(&offset, 1000, 500, 10, 2000);
    CHECK(clock_offset_may_be_none(&offset)); /* not known better yet */
    ask(&offset, 5000, 500, 900, 20);
    CHECK(!clock_offset_may_be_none(&offset) && clock_offset_middle(&offset) == 495);
    offset = CLOCK_OFFSET_UNKNOWN;
    ask(&offset, 5000, -400, 30, 30);
    CHECK(!clock_offset_may_be_none(&offset) && clock_offset_middle(&offset) == -400);
}

TEST(clocks_that_wrap) {
    struct clock_offset offset = CLOCK_OFFSET_UNKNOWN;
    ask(&offset, UINT64_MAX - 5, 0, 10, 10);
    CHECK(clock_offset_may_be_none(&offset));
    ask(&offset, UINT64_MAX - 5, 1000, 10, 10);
    CHECK(!clock_offset_may_be_none(&offset));
}

TEST(clocks_that_drift) {
    struct clock_offset offset = CLOCK_OFFSET_UNKNOWN;
    ask(&offset, 1000, 100, 5, 5);
    ask(&offset, 2000, 200, 5, 5);
    CHECK(offset.least > offset.most && !clock_offset_may_be_none(&offset));
}
