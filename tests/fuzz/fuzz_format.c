/* lib/format.c: the input is a format; whatever it says, the arguments are valid for it. */
#include "lib/format.h"

#include <string.h>

#include "lib/assert.h"
#include "tests/fuzz/fuzz.h"

#define FORMAT_MAX 64
#define BUFFER_MAX 96
#define WIDTH_DIGITS 4

#pragma GCC diagnostic ignored "-Wformat-nonliteral"

/* Makes %s harmless (all arguments are numbers) and widths small. */
static void sanitise(char *format) {
    unsigned digits = 0;

    for (char *p = format; *p; p++) {
        digits = *p >= '0' && *p <= '9' ? digits + 1 : 0;
        if (*p == 's' || *p == '*' || digits > WIDTH_DIGITS)
            *p = 'd';
    }
}

int fuzz_one(const uint8_t *data, size_t size) {
    char format[FORMAT_MAX + 1] = "", buffer[BUFFER_MAX + 1];
    size_t room = size ? data[0] % BUFFER_MAX : 0;
    long v = -1;

    for (size_t i = 0; i < MIN(size, (size_t)FORMAT_MAX); i++) {
        format[i] = (char)data[i];
        v = (long)((unsigned long)v << 8 | data[i]);
    }
    sanitise(format);
    memset(buffer, 'x', sizeof(buffer));
    int length = format_snprintf(buffer, room, format, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v,
                                 v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v);
    ASSERT(length >= 0 && buffer[room] == 'x');
    ASSERT(!room || memchr(buffer, '\0', room));
    return 0;
}
