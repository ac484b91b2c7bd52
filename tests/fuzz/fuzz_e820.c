/* lib/e820.c: any entries as a firmware's map; the result keeps the promises of boot/bootinfo.h. */
#include "lib/e820.h"

#include <string.h>

#include "lib/assert.h"
#include "tests/fuzz/fuzz.h"

#define CAPACITY 24u /* small, so that running out of room is tried too */

static void check_map(const struct boot_range *map, size_t count) {
    uint64_t end = 0;

    for (size_t i = 0; i < count; i++) {
        ASSERT(map[i].length != 0 && IS_ALIGNED(map[i].base | map[i].length, E820_PAGE));
        ASSERT(map[i].base >= end);
        end = map[i].base + map[i].length;
        ASSERT(end > map[i].base && end <= E820_ADDRESS_END);
        ASSERT(e820_covers(map, count, map[i].base, map[i].length, map[i].type));
    }
}

/* No usable page may touch an entry of another type. */
static void check_usable(const struct boot_range *map, size_t count, const struct boot_range *in,
                         size_t nin) {
    for (size_t i = 0; i < nin; i++) {
        if (in[i].type == BOOT_MEM_USABLE || in[i].length == 0)
            continue;
        ASSERT(!e820_covers(map, count, in[i].base, 1, BOOT_MEM_USABLE));
    }
}

int fuzz_one(const uint8_t *data, size_t size) {
    static struct boot_range in[64], copy[64], out[CAPACITY], second[CAPACITY];
    size_t count = MIN(size / sizeof(*in), ARRAY_SIZE(in));

    memcpy(in, data, count * sizeof(*in));
    memcpy(copy, in, sizeof(in));
    struct e820_result result = e820_sanitise(copy, count, out, CAPACITY);

    ASSERT(result.count <= CAPACITY);
    struct e820_result again = e820_sanitise(copy, count, second, CAPACITY);

    ASSERT(again.count == result.count && memcmp(out, second, sizeof(*out) * again.count) == 0);
    check_map(out, result.count);
    check_usable(out, result.count, in, count);
    uint64_t top = e820_find_top(out, result.count, 5 * E820_PAGE, 0x100000, UINT64_MAX);

    ASSERT(top == 0 || e820_covers(out, result.count, top, 5 * E820_PAGE, BOOT_MEM_USABLE));
    return 0;
}
