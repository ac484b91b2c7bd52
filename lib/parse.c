/* Command-line words and numbers. */
#include "lib/parse.h"

#include "lib/errno.h"
#include "lib/string.h"

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/*
 * Takes one character of a word in the state `*quote` (the open quote, or 0) from *in, and
 * appends to *out what it stands for. False when a \ has nothing to quote.
 */
static bool take_character(char **in, char **out, char *quote) {
    char c = *(*in)++;

    if (c == *quote && c) {
        *quote = 0;
    } else if (!*quote && (c == '\'' || c == '"')) {
        *quote = c;
    } else if (c == '\\' && *quote != '\'') {
        if (!**in)
            return false;
        if (*quote && !strchr("\"\\$`\n", **in))
            *(*out)++ = c;
        *(*out)++ = *(*in)++;
    } else {
        *(*out)++ = c;
    }
    return true;
}

int parse_word(char **text, char **word) {
    char *in = *text, quote = 0;
    bool complete = true;

    while (is_blank(*in))
        in++;
    char *out = in;
    *text = *word = in;
    if (!*in)
        return 0;
    while (complete && *in && (quote || !is_blank(*in)))
        complete = take_character(&in, &out, &quote);
    *text = *in ? in + 1 : in;
    *out = '\0';
    return complete && !quote ? 1 : -EINVAL;
}

char *parse_value(char *word) {
    char *equals = strchr(word, '=');

    if (!equals)
        return NULL;
    *equals = '\0';
    return equals + 1;
}

static unsigned digit_value(char c) {
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
        return (unsigned)((c | 0x20) - 'a' + 10);
    return UINT32_MAX;
}

static unsigned suffix_shift(char suffix) {
    switch (suffix) {
    case 'K': case 'k': return 10;
    case 'M': case 'm': return 20;
    case 'G': case 'g': return 30;
    case 'T': case 't': return 40;
    default: return 0;
    }
}

int parse_u64(const char *text, uint64_t *value) {
    unsigned base = 10;
    uint64_t number = 0;

    if (text[0] == '0' && text[1]) {
        bool hex = (text[1] | 0x20) == 'x';
        base = hex ? 16 : digit_value(text[1]) < 10 ? 8 : 10;
        text += hex ? 2 : 0;
    }
    if (digit_value(*text) >= base)
        return -EINVAL;
    for (; digit_value(*text) < base; text++) {
        if (__builtin_mul_overflow(number, base, &number) ||
            __builtin_add_overflow(number, digit_value(*text), &number))
            return -ERANGE;
    }
    unsigned shift = suffix_shift(*text);
    if (text[shift ? 1 : 0])
        return -EINVAL;
    if (number >> (63 - shift) >> 1)
        return -ERANGE;
    *value = number << shift;
    return 0;
}
