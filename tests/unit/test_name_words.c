/* fs/vfs/name_words against plain loops, with names that end at the end of readable memory. */
#include "fs/vfs/name_words.h"

#include "tests/unit/unit.h"

#include <sys/mman.h>

#define LONGEST 40
#define ROUNDS 20000

static char *page; /* one readable page; the next is not */

__attribute__((constructor)) static void map_pages(void) {
    page = mmap(NULL, 2 * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED || mprotect(page + PAGE_SIZE, PAGE_SIZE, PROT_NONE) != 0)
        abort();
}

/* A random name without '/' or NUL, bytes above 127 included. */
static uint32_t make_name(char *name) {
    uint32_t length = 1 + (uint32_t)(unit_random() % LONGEST);
    for (uint32_t i = 0; i < length; i++)
        do
            name[i] = (char)unit_random();
        while (name[i] == '/' || name[i] == '\0');
    return length;
}

/* Puts name, `stop` and perhaps more before the end of the page; returns where. */
static char *place(const char *name, uint32_t length, bool slash) {
    size_t behind = slash ? unit_random() % 12 : 0;
    char *at = page + PAGE_SIZE - length - 1 - (slash ? behind + 1 : 0);
    if (unit_random() % 2)
        at -= unit_random() % 64;
    memset(at, 'x', (size_t)(page + PAGE_SIZE - at));
    memcpy(at, name, length);
    at[length] = slash ? '/' : '\0';
    page[PAGE_SIZE - 1] = '\0';
    return at;
}

TEST(scan_and_compare) {
    char name[LONGEST], padded[LONGEST + WORD_BYTES];
    for (int round = 0; round < ROUNDS; round++) {
        struct name_key scanned, known;
        uint32_t length = make_name(name);
        char *at = place(name, length, unit_random() % 2);
        name_scan(at, &scanned);
        name_key_init(&known, at, length);
        CHECK(scanned.length == length);
        CHECK(scanned.hash == known.hash && scanned.first == known.first);

        memset(padded, 0, sizeof padded);
        memcpy(padded, name, length);
        CHECK(name_equal(padded, &scanned));
        padded[unit_random() % length] ^= 1;
        CHECK(!name_equal(padded, &scanned));
    }
}

/* Names alike but for length or one byte do not share their hash often. */
TEST(hash_spreads) {
    enum { NAMES = 4096, BUCKETS = 256 };
    static unsigned buckets[BUCKETS];
    char name[16];
    unsigned fullest = 0;
    for (int i = 0; i < NAMES; i++) {
        struct name_key key;
        snprintf(name, sizeof name, "file%d", i);
        name_key_init(&key, name, (uint32_t)strlen(name));
        unsigned *bucket = &buckets[key.hash >> 24];
        fullest = MAX(fullest, ++*bucket);
    }
    CHECK(fullest < 4 * NAMES / BUCKETS);
}
