/*
 * The loader's line editor.
 */
#include "boot/stage2/key_decode.h"
#include "boot/stage2/line_edit.h"
#include "tests/unit/unit.h"

static char text[17];
static struct line_edit edit;

static void start(const char *content) {
    strcpy(text, content);
    line_edit_start(&edit, text, 16);
}

static void check(const char *content, uint32_t cursor) {
    CHECK_STR(text, content);
    CHECK_EQ(edit.cursor, cursor);
    CHECK_EQ(edit.length, strlen(content));
}

TEST(typing) {
    start("");
    CHECK(line_edit_key(&edit, 'a'));
    CHECK(line_edit_key(&edit, 'c'));
    CHECK(line_edit_key(&edit, KEY_LEFT));
    CHECK(line_edit_key(&edit, 'b'));
    check("abc", 2);
    CHECK(!line_edit_key(&edit, KEY_ENTER));
    CHECK(!line_edit_key(&edit, KEY_UP));
    check("abc", 2);
}

TEST(removing) {
    start("quiet debug");
    CHECK(!line_edit_key(&edit, KEY_DELETE));
    CHECK(line_edit_key(&edit, KEY_BACKSPACE));
    CHECK(line_edit_key(&edit, KEY_HOME));
    CHECK(!line_edit_key(&edit, KEY_BACKSPACE));
    CHECK(line_edit_key(&edit, KEY_DELETE));
    check("uiet debu", 0);
    CHECK(line_edit_key(&edit, KEY_RIGHT));
    CHECK(line_edit_key(&edit, 11));
    check("u", 1);
    CHECK(!line_edit_key(&edit, 11));
    CHECK(line_edit_key(&edit, 21));
    check("", 0);
}

TEST(ends) {
    start("ab");
    CHECK(!line_edit_key(&edit, KEY_RIGHT));
    CHECK(line_edit_key(&edit, 1));
    CHECK(!line_edit_key(&edit, KEY_LEFT));
    check("ab", 0);
    CHECK(line_edit_key(&edit, KEY_END));
    check("ab", 2);
}

TEST(full) {
    start("0123456789abcdef");
    CHECK(!line_edit_key(&edit, 'x'));
    check("0123456789abcdef", 16);
    CHECK(line_edit_key(&edit, KEY_BACKSPACE));
    CHECK(line_edit_key(&edit, 'x'));
    check("0123456789abcdex", 16);
}

TEST(scrolling) {
    start("0123456789abcdef");
    line_edit_scroll(&edit, 8);
    CHECK_EQ(edit.view, 9);
    line_edit_key(&edit, KEY_LEFT);
    line_edit_scroll(&edit, 8);
    CHECK_EQ(edit.view, 9);
    line_edit_key(&edit, KEY_HOME);
    line_edit_scroll(&edit, 8);
    CHECK_EQ(edit.view, 0);
}
