/*
 * The pager.
 */
#include "boot/stage2/pager.h"

#include "boot/layout.h"
#include "boot/stage2/key_decode.h"
#include "boot/stage2/menu_pages.h"
#include "boot/stage2/page.h"
#include "lib/format.h"
#include "lib/string.h"

#define LINES_MAX  300u
#define BYTES_MAX  12288u
#define FIRST_ROW  2u
#define MARGIN     3u

/* Strings one behind the other, where page tables will be: the menu is over before. */
static char *const text = (char *)LAYOUT_PAGE_TABLES;
static uint16_t line_start[LINES_MAX];
static unsigned line_count, bytes_used;

_Static_assert(LAYOUT_PAGE_TABLES + BYTES_MAX <= LAYOUT_PAGE_TABLES_END, "the pager's text");

void pager_clear(void) {
    line_count = bytes_used = 0;
}

void pager_add(const char *format, ...) {
    va_list arguments;

    if (line_count == LINES_MAX || bytes_used == BYTES_MAX)
        return;
    char *line = text + bytes_used;
    size_t room = BYTES_MAX - bytes_used;

    va_start(arguments, format);
    (void)format_vsnprintf(line, room, format, arguments);
    va_end(arguments);
    line_start[line_count++] = (uint16_t)bytes_used;
    bytes_used += (unsigned)strlen(line) + 1;
}

/* Rows of text between head and foot. */
static unsigned height(void) {
    return page_rows() - FIRST_ROW - 2;
}

/* Headings, which begin in the first column, are bright; the rest is indented by a blank. */
static void draw(const char *title, unsigned first) {
    menu_head(title);
    for (unsigned row = 0; row < height(); row++) {
        const char *line = first + row < line_count ? text + line_start[first + row] : "";

        page_at(FIRST_ROW + row, 0);
        page_fill(PAGE_NORMAL, MARGIN);
        page_print(line[0] == ' ' ? PAGE_NORMAL : PAGE_BRIGHT, "%s", line);
        page_fill(PAGE_NORMAL, page_columns());
    }
    menu_foot(line_count > height() ? "Up, Down, Page Up, Page Down; Esc: back" : "Esc: back");
}

/* The first line shown, after a key. */
static unsigned scroll(unsigned first, int key) {
    unsigned last = line_count > height() ? line_count - height() : 0;
    unsigned page = height() - 1;

    switch (key) {
    case KEY_UP: return first - MIN(first, 1u);
    case KEY_DOWN: return MIN(first + 1, last);
    case KEY_PAGE_UP: return first - MIN(first, page);
    case KEY_PAGE_DOWN: case ' ': return MIN(first + page, last);
    case KEY_HOME: return 0;
    case KEY_END: return last;
    default: return first;
    }
}

static bool leaves(int key) {
    return key == KEY_NONE || key == KEY_ESCAPE || key == KEY_ENTER || key == KEY_LEFT ||
           key == KEY_BACKSPACE || key == 'q';
}

void pager_show(const char *title) {
    unsigned first = 0;
    int key;

    draw(title, first);
    while (!leaves(key = menu_key())) {
        unsigned next = scroll(first, key);

        if (next != first)
            draw(title, next);
        first = next;
    }
}
