/* lib/string.c against the C library, at every small size and alignment. */
#include "tests/unit/unit.h"

static void *(*const host_memmove)(void *, const void *, size_t) = memmove;
static void *(*const host_memset)(void *, int, size_t) = memset;
static int (*const host_memcmp)(const void *, const void *, size_t) = memcmp;
static int (*const host_strncmp)(const char *, const char *, size_t) = strncmp;

#include "tests/unit/string_names.h"

#include "lib/string.h"

#define AREA 128
static unsigned char ours[AREA], theirs[AREA];

static void fill_areas(void) {
    for (int i = 0; i < AREA; i++)
        ours[i] = theirs[i] = (unsigned char)unit_random();
}

static bool areas_agree(void) {
    return host_memcmp(ours, theirs, AREA) == 0;
}

static int sign(int x) {
    return (x > 0) - (x < 0);
}

TEST(copies) {
    for (size_t dst = 0; dst < 20; dst++)
        for (size_t src = 0; src < 20; src++)
            for (size_t n = 0; n < 90; n++) {
                fill_areas();
                CHECK(memmove(ours + dst, ours + src, n) == ours + dst);
                host_memmove(theirs + dst, theirs + src, n);
                CHECK(areas_agree());
                if (n < 44)
                    memcpy(ours + dst, ours + 64 + src, n), host_memmove(theirs + dst, theirs + 64 + src, n);
                CHECK(areas_agree());
            }
}

TEST(fill) {
    for (size_t dst = 0; dst < 16; dst++)
        for (size_t n = 0; n < 100; n++) {
            fill_areas();
            CHECK(memset(ours + dst, (int)n + 0x1a5, n) == ours + dst);
            host_memset(theirs + dst, (int)n + 0x1a5, n);
            CHECK(areas_agree());
        }
}

TEST(compare_memory) {
    for (int round = 0; round < 2000; round++) {
        size_t n = unit_random() % 40, at = unit_random() % 40;
        fill_areas();
        ours[at] ^= (unsigned char)(unit_random() & 0x81);
        CHECK_EQ(sign(memcmp(ours, theirs, n)), sign(host_memcmp(ours, theirs, n)));
    }
    CHECK(memchr("abc", 'c', 3) && !memchr("abc", 'c', 2) && !memchr("abc", 0, 3));
    CHECK_EQ((const char *)memchr("a\xff", 0xff, 2) != NULL, 1);
}

TEST(compare_strings) {
    const char *words[] = { "", "a", "ab", "b", "abc", "\xff", "a\x80", "abd" };

    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        for (size_t j = 0; j < ARRAY_SIZE(words); j++) {
            for (size_t n = 0; n < 5; n++)
                CHECK_EQ(sign(strncmp(words[i], words[j], n)), sign(host_strncmp(words[i], words[j], n)));
            CHECK_EQ(sign(strcmp(words[i], words[j])), sign(host_strncmp(words[i], words[j], 9)));
        }
}

TEST(lengths_and_search) {
    const char *path = "/a/b";

    CHECK_EQ(strlen(""), 0);
    CHECK_EQ(strlen(path), 4);
    CHECK_EQ(strnlen(path, 2), 2);
    CHECK_EQ(strnlen(path, 9), 4);
    CHECK(strchr(path, '/') == path && strchr(path, 'b') == path + 3 && !strchr(path, 'c'));
    CHECK(strrchr(path, '/') == path + 2 && !strrchr(path, 'c'));
    CHECK(strchr(path, 0) == path + 4 && strrchr(path, 0) == path + 4);
}

TEST(bounded_copy) {
    char buf[4] = "xxx";

    CHECK_EQ(strlcpy(buf, "abcdef", sizeof(buf)), 6);
    CHECK_STR(buf, "abc");
    CHECK_EQ(strlcpy(buf, "z", sizeof(buf)), 1);
    CHECK_STR(buf, "z");
    CHECK_EQ(strlcpy(buf, "abc", 0), 3);
    CHECK_STR(buf, "z");
}
