/*
 * Bits by name.
 */
#include "boot/stage2/flag_names.h"

/* A bit's number at *names, which moves behind it. */
static unsigned take_number(const char **names) {
    unsigned number = 0;

    for (; **names >= '0' && **names <= '9'; (*names)++)
        number = number * 10 + (unsigned)(**names - '0');
    return number;
}

static char small_letter(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

size_t flag_names(char *out, size_t size, const char *names, uint64_t value) {
    size_t length = 0;

    while (*names) {
        bool set = value & BIT(take_number(&names));

        for (; *names && *names != ' '; names++) {
            if (length + 1 < size)
                out[length++] = set ? *names : small_letter(*names);
        }
        if (*names == ' ') {
            names++;
            if (length + 1 < size)
                out[length++] = ' ';
        }
    }
    if (size > 0)
        out[length] = '\0';
    return length;
}
