/* lib/parse.c */
#include "lib/parse.h"

#include "tests/unit/unit.h"

#include "lib/errno.h"

/* Splits text and joins the words with '|'; "!" where an error ended it. */
static const char *words_of(const char *text) {
    static char copy[256], joined[256];
    char *rest = copy, *word;
    int result;

    snprintf(copy, sizeof(copy), "%s", text);
    joined[0] = '\0';
    while ((result = parse_word(&rest, &word)) > 0) {
        strcat(joined, word);
        strcat(joined, "|");
    }
    return strcat(joined, result ? "!" : "");
}

TEST(words) {
    CHECK_STR(words_of(""), "");
    CHECK_STR(words_of(" \t\n "), "");
    CHECK_STR(words_of("quiet  init=sh\tmem=64M "), "quiet|init=sh|mem=64M|");
    CHECK_STR(words_of("a='b  c' \"d e\"f ''"), "a=b  c|d ef||");
    CHECK_STR(words_of("a\\ b '\\' \"\\\"\\x\""), "a b|\\|\"\\x|");
    CHECK_STR(words_of("ok 'open"), "ok|!");
    CHECK_STR(words_of("ok \"open\\\""), "ok|!");
    CHECK_STR(words_of("end\\"), "!");
}

TEST(values) {
    char pair[] = "key=a=b", flag[] = "flag", empty[] = "key=";

    CHECK_STR(parse_value(pair), "a=b");
    CHECK_STR(pair, "key");
    CHECK(!parse_value(flag));
    CHECK_STR(parse_value(empty), "");
}

static void check_number(const char *text, int error, uint64_t expected) {
    uint64_t value = 0;

    if (!CHECK_EQ(parse_u64(text, &value), error) || !CHECK_EQ(value, expected))
        printf("    parsing \"%s\"\n", text);
}

TEST(numbers) {
    check_number("0", 0, 0);
    check_number("42", 0, 42);
    check_number("0x1F", 0, 31);
    check_number("017", 0, 15);
    check_number("64K", 0, 65536);
    check_number("0K", 0, 0);
    check_number("2m", 0, 2 << 20);
    check_number("3G", 0, 3ull << 30);
    check_number("16777215T", 0, 16777215ull << 40);
    check_number("18446744073709551615", 0, UINT64_MAX);
    check_number("18446744073709551616", -ERANGE, 0);
    check_number("16777216T", -ERANGE, 0);
    check_number("0x10000000000000000", -ERANGE, 0);
    check_number("", -EINVAL, 0);
    check_number("K", -EINVAL, 0);
    check_number("0x", -EINVAL, 0);
    check_number("08", -EINVAL, 0);
    check_number("-1", -EINVAL, 0);
    check_number("12Kb", -EINVAL, 0);
    check_number(" 1", -EINVAL, 0);
}
