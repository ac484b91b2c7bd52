/* lib/format.c against the host's printf, and its own rules. */
#include "lib/format.h"

#include "tests/unit/unit.h"

#include "lib/div64.h"
#include "lib/errno.h"

#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
#pragma GCC diagnostic ignored "-Wformat"
#pragma GCC diagnostic ignored "-Wformat-overflow"
#pragma GCC diagnostic ignored "-Wformat-truncation"

/* Formats with both; true when text and length agree. */
#define AGREE(...) \
    ({ \
        char ours[256], theirs[256]; \
        int our_length = format_snprintf(ours, sizeof(ours), __VA_ARGS__); \
        int their_length = snprintf(theirs, sizeof(theirs), __VA_ARGS__); \
        CHECK_STR(ours, theirs); \
        CHECK_EQ(our_length, their_length); \
    })

TEST(every_integer_form) {
    static const char *const flags[] = { "", "-", "+", " ", "#", "0", "-0", "+0", "#0", "+ ", "#-" };
    static const char *const widths[] = { "", "1", "12", "30", "*" };
    static const char *const precisions[] = { "", ".", ".0", ".1", ".5", ".25" };
    static const long long values[] = { 0, 1, -1, 8, 255, -128, 65535, INT32_MIN, INT64_MAX, INT64_MIN };
    char fmt[32];

    for (size_t f = 0; f < ARRAY_SIZE(flags); f++)
        for (size_t w = 0; w < ARRAY_SIZE(widths); w++)
            for (size_t p = 0; p < ARRAY_SIZE(precisions); p++)
                for (const char *c = "diuoxX"; *c; c++)
                    for (size_t v = 0; v < ARRAY_SIZE(values); v++) {
                        snprintf(fmt, sizeof(fmt), "<%%%s%s%sll%c>", flags[f], widths[w], precisions[p], *c);
                        if (*widths[w] == '*')
                            AGREE(fmt, -9, values[v]);
                        else
                            AGREE(fmt, values[v]);
                    }
}

TEST(sizes) {
    AGREE("%hhd %hhu %hd %hu", 0x1ff, 0x1ff, 0x18000, 0x18000);
    AGREE("%d %u %ld %lu", -1, -1, -1l, -1l);
    AGREE("%zd %zu %td %jd %ju", (size_t)-2, (size_t)-2, (ptrdiff_t)-3, (intmax_t)-4, (uintmax_t)-4);
}

TEST(text) {
    AGREE("%s|%8s|%-8s|%.2s|%-6.3s|%.*s", "abc", "abc", "abc", "abc", "abcdef", 1, "xyz");
    AGREE("%c|%5c|%-5c|%%|100%%", 'a', 'b', 'c');
    AGREE("%c", 0);
    AGREE("%s", (const char *)NULL);
    AGREE("%p %20p", (void *)0x1234, (void *)UINTPTR_MAX);
}

TEST(unterminated_string_with_precision) {
    char *heap = malloc(3);

    memcpy(heap, "abc", 3);
    char buf[8];
    CHECK_EQ(format_snprintf(buf, sizeof(buf), "%.3s", heap), 3);
    CHECK_STR(buf, "abc");
    free(heap);
}

TEST(bounds) {
    char buf[4] = "zzz";

    CHECK_EQ(format_snprintf(buf, sizeof(buf), "%s", "abcdef"), 6);
    CHECK_STR(buf, "abc");
    CHECK_EQ(format_snprintf(buf, 1, "abc"), 3);
    CHECK_STR(buf, "");
    CHECK_EQ(format_snprintf(NULL, 0, "%d", 12345), 5);
    CHECK_EQ(format_snprintf(buf, 4, "%1000000000d%1000000000d%1000000000d", 1, 2, 3), -EOVERFLOW);
}

TEST(unknown_conversions_show_themselves) {
    char buf[32];

    format_snprintf(buf, sizeof(buf), "%y %5.2q %");
    CHECK_STR(buf, "%y %5.2q %");
}

TEST(division_without_library) {
    for (int i = 0; i < 10000; i++) {
        uint64_t n = unit_random() >> unit_random() % 64;
        uint32_t d = (uint32_t)(unit_random() >> (32 + unit_random() % 31)) | 1, rem;
        CHECK_EQ(div64_u32(n, d, &rem), n / d);
        CHECK_EQ(rem, n % d);
    }
}
