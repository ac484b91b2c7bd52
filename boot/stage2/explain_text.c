/*
 * What pages of explain mode print with: a pen that stays within the rows of a page.
 */
#include "boot/stage2/explain_pages.h"
#include "boot/stage2/page.h"
#include "lib/format.h"
#include "lib/string.h"

#define FLAG_INDENT   6u
#define FLAG_TEXT_MAX 160u

static struct {
    unsigned row, column; /* column: from the margin */
    enum page_style style;
} pen;

void explain_begin(void) {
    pen.row = EXPLAIN_FIRST_ROW;
    pen.column = 0;
    pen.style = PAGE_NORMAL;
    page_at(pen.row, EXPLAIN_MARGIN);
}

static void new_line(void) {
    pen.row++;
    pen.column = 0;
    pen.style = PAGE_NORMAL;
    page_at(MIN(pen.row, explain_rows_end() - 1), EXPLAIN_MARGIN);
}

/* A piece without control characters. */
static void print_piece(const char *text, size_t length) {
    if (length > 0 && pen.row < explain_rows_end())
        page_print(pen.style, "%.*s", (int)length, text);
    pen.column += (unsigned)length;
}

/* Takes the line ends and changes of style out of the text. */
static void print_text(void *context, const char *text, size_t length) {
    size_t start = 0;

    (void)context;
    for (size_t i = 0; i < length; i++) {
        if ((uint8_t)text[i] >= ' ')
            continue;
        print_piece(text + start, i - start);
        start = i + 1;
        if (text[i] == '\n')
            new_line();
        else
            pen.style = text[i] == VALUE[0] ? PAGE_BRIGHT : PAGE_NORMAL;
    }
    print_piece(text + start, length - start);
}

void explain_print(const char *format, ...) {
    va_list arguments;

    va_start(arguments, format);
    (void)format_callback(print_text, NULL, format, arguments);
    va_end(arguments);
}

/* Characters up to the next space or the end. */
static size_t word_length(const char *text) {
    size_t length = 0;

    while (text[length] && text[length] != ' ')
        length++;
    return length;
}

static bool fits(size_t length) {
    return pen.column + 1 + length <= EXPLAIN_COLUMNS;
}

void explain_flags(const char *label, uint64_t value, unsigned digits, const char *names) {
    char text[FLAG_TEXT_MAX];

    explain_print("%s" VALUE "%0*llx" PLAIN, label, (int)digits, (unsigned long long)value);
    (void)flag_names(text, sizeof(text), names, value);
    for (const char *word = text; *word;) {
        size_t length = word_length(word);

        if (!fits(length))
            explain_print("\n%*s", FLAG_INDENT, "");
        pen.style = word[0] <= 'Z' ? PAGE_BRIGHT : PAGE_DIM;
        explain_print(" %.*s", (int)length, word);
        pen.style = PAGE_NORMAL;
        word += length + (word[length] == ' ');
    }
    explain_print("\n");
}

void explain_text(const char *text) {
    while (*text) {
        size_t length = MIN(word_length(text), (size_t)EXPLAIN_COLUMNS - 1);

        if (!fits(length))
            new_line();
        explain_print("%s%.*s", pen.column > 0 ? " " : "", (int)length, text);
        text += length + (text[length] == ' ');
    }
    explain_print("\n\n");
}

void explain_bytes(const void *bytes, unsigned count) {
    const volatile uint8_t *b = bytes;

    for (unsigned i = 0; i < count; i++)
        explain_print(VALUE "%s%02x" PLAIN, i > 0 ? " " : "", b[i]);
}
