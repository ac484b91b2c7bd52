/* lib/vt*.c: screens after sequences, compared as text. */
#include "lib/vt.h"

#include "tests/unit/unit.h"

#define ROWS 5
#define COLS 10

static struct vt vt;
static struct vt_cell memory[VT_CELLS(ROWS, COLS)];
static char replies[64], history[256];
static int bells;

static void record_reply(void *ctx, const char *bytes, size_t count) {
    (void)ctx;
    strncat(replies, bytes, count);
}

static void record_history(void *ctx, const struct vt_cell *cells, unsigned cols) {
    char line[COLS + 1] = "";

    (void)ctx;
    for (unsigned col = 0; col < cols && cells[col].codepoint != ' '; col++)
        line[col] = (char)cells[col].codepoint;
    strcat(strcat(history, line), "/");
}

static void record_bell(void *ctx) {
    (void)ctx;
    bells++;
}

static const struct vt_ops ops = { record_reply, record_history, record_bell };

static void start(void) {
    vt_init(&vt, ROWS, COLS, memory, &ops, NULL);
    replies[0] = history[0] = '\0';
    bells = 0;
}

static void send(const char *text) {
    vt_write(&vt, text, strlen(text));
}

/* The screen: rows joined with '/', blanks at the right and empty rows at the bottom left out. */
static const char *screen(void) {
    static char text[ROWS * (COLS + 1) + 1];
    size_t length = 0, used = 0;

    for (unsigned row = 0; row < ROWS; row++) {
        unsigned width = COLS;
        while (width && vt_row(&vt, row)[width - 1].codepoint == ' ')
            width--;
        for (unsigned col = 0; col < width; col++) {
            uint32_t c = vt_row(&vt, row)[col].codepoint;
            text[length++] = c < 0x7f ? (char)c : '?';
        }
        if (width)
            used = length;
        text[length++] = '/';
    }
    text[used] = '\0';
    return text;
}

/* Starts afresh, sends text, and compares the screen and the cursor. */
#define SHOWS(text, expected, cursor_row, cursor_col) \
    do { \
        start(); \
        send(text); \
        CHECK_STR(screen(), expected); \
        CHECK_EQ(vt.cursor.row, cursor_row); \
        CHECK_EQ(vt.cursor.col, cursor_col); \
    } while (0)

TEST(text_and_control_characters) {
    SHOWS("ab\r\ncd\b\be", "ab/ed", 1, 1);
    SHOWS("a\tb", "a       b", 0, 9);
    SHOWS("a\nb\vc", "a/ b/  c", 2, 3);
    SHOWS("\033[20hab\nc", "ab/c", 1, 1);
    start();
    send("\a\a\177");
    CHECK_EQ(bells, 2);
}

TEST(wrapping) {
    SHOWS("0123456789", "0123456789", 0, 9);
    SHOWS("0123456789a", "0123456789/a", 1, 1);
    SHOWS("0123456789\ra", "a123456789", 0, 1);
    SHOWS("0123456789\r\na", "0123456789/a", 1, 1);
    SHOWS("\033[?7l0123456789ab", "012345678b", 0, 9);
    SHOWS("0123456789\033[Dx", "01234567x9", 0, 9);
}

TEST(scrolling) {
    SHOWS("1\r\n2\r\n3\r\n4\r\n5\r\n6", "2/3/4/5/6", 4, 1);
    CHECK_STR(history, "1/");
    SHOWS("1\r\n2\r\n3\033[2S", "3", 2, 1);
    CHECK_STR(history, "1/2/");
    SHOWS("1\r\n2\033[T", "/1/2", 1, 1);
    SHOWS("1\r\n2\033[H\033M", "/1/2", 0, 0);
    SHOWS("1\r\n2\033[H\033[M", "2", 0, 0);
    CHECK_STR(history, "");
}

TEST(scrolling_region) {
    SHOWS("1\r\n2\r\n3\r\n4\r\n5\033[2;4r\033[4H\n", "1/3/4//5", 3, 0);
    SHOWS("1\r\n2\r\n3\r\n4\r\n5\033[2;4r\033[2H\033M", "1//2/3/5", 1, 0);
    SHOWS("1\r\n2\r\n3\r\n4\r\n5\033[2;4r\033[3H\033[L", "1/2//3/5", 2, 0);
    SHOWS("1\r\n2\r\n3\r\n4\r\n5\033[2;4r\033[3H\033[9M", "1/2///5", 2, 0);
    SHOWS("1\033[2;4r\033[5H\033[Lx\n", "1////x", 4, 1);
    SHOWS("\033[2;4r\033[?6h\033[1;1Ha\033[9;1Hb", "/a//b", 3, 1);
    SHOWS("\033[3;2rx", "x", 0, 1);
}

TEST(cursor_movement) {
    SHOWS("\033[3;4Hx", "//   x", 2, 4);
    SHOWS("\033[99;99H\033[A\033[2Dx", "///       x", 3, 8);
    SHOWS("\033[2B\033[3Cx\033[Ey\033[Fz", "//z  x/y", 2, 1);
    SHOWS("\033[5Gx\033[3dy", "    x//     y", 2, 6);
    SHOWS("\033[0;0H\033[99A\033[99D", "", 0, 0);
    SHOWS("ab\0337\033[5;5H\0338c", "abc", 0, 3);
    SHOWS("ab\033[s\033[5;5H\033[uc", "abc", 0, 3);
    SHOWS("ab\033Ec\033Dd", "ab/c/ d", 2, 2);
}

TEST(tabs) {
    SHOWS("\033[3g\033[4G\033H\rx\ty\tz", "x  y     z", 0, 9);
    SHOWS("\033[9Gx\033[2Zy", "y       x", 0, 1);
    SHOWS("\033[9G\033[g\r\tx", "         x", 0, 9);
}

TEST(erasing_and_shifting) {
    SHOWS("abcdef\033[3D\033[K", "abc", 0, 3);
    SHOWS("abcdef\033[3D\033[1K", "    ef", 0, 3);
    SHOWS("abc\r\ndef\r\nghi\033[2;2H\033[J", "abc/d", 1, 1);
    SHOWS("abc\r\ndef\r\nghi\033[2;2H\033[1J", "/  f/ghi", 1, 1);
    SHOWS("abc\033[2Jx", "   x", 0, 4);
    SHOWS("abcdef\r\033[2@", "  abcdef", 0, 0);
    SHOWS("abcdef\r\033[2P", "cdef", 0, 0);
    SHOWS("abcdef\r\033[99P", "", 0, 0);
    SHOWS("abcdef\r\033[2Xy", "y cdef", 0, 1);
    SHOWS("abc\r\033[4hx\033[4ly", "xybc", 0, 2);
    SHOWS("ab\033[3b", "abbbb", 0, 5);
}

TEST(colours) {
    start();
    send("\033[1;31;44ma\033[0;38;5;200mb\033[38;2;255;0;0;4mc\033[97;22;24md\033[7me\033[me");
    const struct vt_cell *row = vt_row(&vt, 0);
    CHECK(row[0].fg == 1 && row[0].bg == 4 && row[0].attrs == VT_BOLD);
    CHECK(row[1].fg == 200 && row[1].bg == 0 && row[1].attrs == 0);
    CHECK(row[2].fg == 196 && row[2].attrs == VT_UNDERLINE);
    CHECK(row[3].fg == 15 && row[3].attrs == 0);
    CHECK(row[5].fg == VT_DEFAULT_FG && row[5].attrs == 0);
    uint8_t fg, bg;
    vt_cell_colours(&vt, &row[0], &fg, &bg);
    CHECK(fg == 9 && bg == 4);
    vt_cell_colours(&vt, &row[4], &fg, &bg);
    CHECK(fg == 0 && bg == 15);
    send("\033[?5h");
    vt_cell_colours(&vt, &row[4], &fg, &bg);
    CHECK(fg == 15 && bg == 0);
    send("\033[38;5m\033[38;2;1;2m\033[44m\033[K");
    CHECK(vt_row(&vt, 0)[9].bg == 4 && vt.cursor.pen.fg == VT_DEFAULT_FG);
}

TEST(palette) {
    CHECK_EQ(vt_palette_rgb(1), 0xaa0000);
    CHECK_EQ(vt_palette_rgb(196), 0xff0000);
    CHECK_EQ(vt_palette_rgb(255), 0xeeeeee);
    CHECK_EQ(vt_palette_16(9), 9);
    CHECK_EQ(vt_palette_16(16), 0);
    CHECK_EQ(vt_palette_16(231), 15);
    CHECK_EQ(vt_palette_16(124), 1);
}

TEST(utf8) {
    start();
    send("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
    CHECK_EQ(vt_row(&vt, 0)[0].codepoint, 0xe9);
    CHECK_EQ(vt_row(&vt, 0)[1].codepoint, 0x20ac);
    CHECK_EQ(vt_row(&vt, 0)[2].codepoint, 0x1f600);
    send("\r\xc3(\xed\xa0\x80\xc0\x80\xff");
    CHECK_EQ(vt_row(&vt, 0)[0].codepoint, 0xfffd);
    CHECK_EQ(vt_row(&vt, 0)[1].codepoint, '(');
    CHECK_EQ(vt_row(&vt, 0)[2].codepoint, 0xfffd);
    SHOWS("e\xcc\x81x", "ex", 0, 2);
    SHOWS("a\xc2\x85" "b", "ab", 0, 2);
}

TEST(line_drawing) {
    start();
    send("\033(0lqk\033(Blq\033)0\016x\017x");
    const struct vt_cell *row = vt_row(&vt, 0);
    CHECK(row[0].codepoint == 0x250c && row[1].codepoint == 0x2500 && row[2].codepoint == 0x2510);
    CHECK(row[3].codepoint == 'l' && row[5].codepoint == 0x2502 && row[6].codepoint == 'x');
}

TEST(alternate_screen) {
    SHOWS("shell\033[?1049hfull\033[2;2Hx", "     full/ x", 1, 2);
    send("\033[?1049l$");
    CHECK_STR(screen(), "shell$");
    CHECK_STR(history, "");
}

TEST(reports) {
    start();
    send("\033[3;4H\033[6n\033[5n\033[c\033Z\033[>c\033[?6n");
    CHECK_STR(replies, "\033[3;4R\033[0n\033[?6c\033[?6c");
}

TEST(modes_for_input) {
    start();
    send("\033[?1;25;2004h\033=");
    CHECK(vt.application_cursor_keys && vt.bracketed_paste && vt.application_keypad && vt.cursor_visible);
    send("\033[?1;25l\033>");
    CHECK(!vt.application_cursor_keys && vt.bracketed_paste && !vt.application_keypad && !vt.cursor_visible);
    send("x\033c");
    CHECK(!vt.bracketed_paste && vt.cursor_visible);
    CHECK_STR(screen(), "");
}

TEST(strings_are_swallowed) {
    SHOWS("a\033]0;title\ab", "ab", 0, 2);
    SHOWS("a\033]0;ti\ntle\033\\b", "ab", 0, 2);
    SHOWS("a\033P1;2|data\033\\b\033_apc\033[2Cc", "ab  c", 0, 5);
    SHOWS("a\033]P1ff00aab\033]Rc", "abc", 0, 3);
    SHOWS("a\033[[Ab", "ab", 0, 2);
    SHOWS("a\033]never\030b", "ab", 0, 2);
}

TEST(malformed_sequences) {
    SHOWS("a\033[1;2\0305Cb", "a5Cb", 0, 4);
    SHOWS("a\033[2\033[3Cb", "a   b", 0, 5);
    SHOWS("a\033[99999999999Cb", "a        b", 0, 9);
    SHOWS("a\033[1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1Cb", "ab", 0, 2);
    SHOWS("a\033[5$Cb\033[!pc\033[2?Dd", "abcd", 0, 4);
    SHOWS("a\033[2\nCb", "a/   b", 1, 4);
    SHOWS("a\033%Gb\033#8\033[H", "EEEEEEEEEE/EEEEEEEEEE/EEEEEEEEEE/EEEEEEEEEE/EEEEEEEEEE", 0, 0);
}

TEST(dirty_rows) {
    start();
    for (unsigned row = 0; row < ROWS; row++)
        CHECK_EQ(vt_take_dirty_row(&vt, 0), row);
    CHECK_EQ(vt_take_dirty_row(&vt, 0), ROWS);
    send("\033[2Hx\033[4Hy");
    CHECK_EQ(vt_take_dirty_row(&vt, 0), 1);
    CHECK_EQ(vt_take_dirty_row(&vt, 2), 3);
    CHECK_EQ(vt_take_dirty_row(&vt, 0), ROWS);
    vt_redraw(&vt);
    CHECK_EQ(vt_take_dirty_row(&vt, 4), 4);
}
