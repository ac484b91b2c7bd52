/*
 * What several pages print.
 */
#include "boot/bootinfo.h"
#include "boot/stage2/console.h"
#include "boot/stage2/explain_pages.h"
#include "boot/stage2/explain_screen.h"
#include "lib/string.h"

#define INDENT        4u
#define FLAG_TEXT_MAX 160u

/* Characters up to the next space or the end. */
static size_t word_length(const char *text) {
    size_t length = 0;

    while (text[length] && text[length] != ' ')
        length++;
    return length;
}

/* Prints a space and a word of `length` characters at `column`; returns the column behind. */
static uint32_t print_flag(const char *word, uint32_t length, uint32_t column) {
    bool set = word[0] >= 'A' && word[0] <= 'Z';

    if (column + 1 + length > EXPLAIN_COLUMNS) {
        console_printf("\n%*s", (int)INDENT, "");
        column = INDENT;
    }
    uint32_t cell = explain_screen_cell() + 1;

    console_printf(" %.*s", (int)length, word);
    explain_screen_paint(cell, cell + length, set ? EXPLAIN_BRIGHT : EXPLAIN_DARK);
    return column + 1 + length;
}

void explain_flags(const char *label, uint64_t value, unsigned digits, const char *names) {
    char text[FLAG_TEXT_MAX];
    uint32_t column = (uint32_t)strlen(label) + digits;

    console_printf("%s%0*llx", label, (int)digits, (unsigned long long)value);
    (void)flag_names(text, sizeof(text), names, value);
    for (const char *word = text; *word;) {
        size_t length = word_length(word);

        column = print_flag(word, (uint32_t)length, column);
        word += word[length] ? length + 1 : length;
    }
    console_printf("\n");
}

void explain_text(const char *text) {
    size_t column = 0;

    while (*text) {
        size_t length = word_length(text);

        if (column > 0)
            column++;
        if (column + length > EXPLAIN_COLUMNS) {
            console_printf("\n");
            column = 0;
        }
        console_printf("%s%.*s", column > 0 ? " " : "", (int)length, text);
        column += length;
        text += text[length] ? length + 1 : length;
    }
    console_printf("\n\n");
}

void explain_bytes(const void *bytes, unsigned count) {
    const volatile uint8_t *b = bytes;

    for (unsigned i = 0; i < count; i++)
        console_printf("%s%02x", i > 0 ? " " : "", b[i]);
}

const char *explain_verdict(bool right) {
    return right ? "right" : "WRONG";
}

const char *explain_memory_type(uint32_t type) {
    static const char *const firmware[] = {"?", "usable", "reserved", "ACPI tables", "ACPI NVS",
                                           "defective"};
    static const char *const own[] = {"loader", "kernel", "ramfs", "framebuffer"};

    if (type < ARRAY_SIZE(firmware))
        return firmware[type];
    if (type >= BOOT_MEM_LOADER && type - BOOT_MEM_LOADER < ARRAY_SIZE(own))
        return own[type - BOOT_MEM_LOADER];
    return "unknown";
}
