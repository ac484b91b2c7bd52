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
        const char *end = word;

        while (*end && *end != ' ')
            end++;
        column = print_flag(word, (uint32_t)(end - word), column);
        word = *end ? end + 1 : end;
    }
    console_printf("\n");
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
