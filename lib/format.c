/* printf-style formatting (ISO C99 §7.19.6.1), built on one output callback. */
#include "lib/format.h"

#include <stdbool.h>
#include <stdint.h>

#include "lib/div64.h"
#include "lib/errno.h"
#include "lib/string.h"

#define DIGITS_MAX 22 /* 2^64 in octal */

struct formatter {
    void (*out)(void *ctx, const char *text, size_t length);
    void *ctx;
    uint64_t total; /* bytes handed out */
    va_list ap;
};

/* One conversion specification. */
struct spec {
    bool left, plus, space, alternate, zero;
    int width;
    int precision; /* negative: none given */
    size_t size;   /* of the integer argument, in bytes */
    char conversion;
};

static void put(struct formatter *f, const char *text, size_t length) {
    if (length)
        f->out(f->ctx, text, length);
    f->total += length;
}

static void put_repeated(struct formatter *f, char c, int count) {
    char block[16];

    memset(block, c, sizeof(block));
    for (; count > (int)sizeof(block); count -= (int)sizeof(block))
        put(f, block, sizeof(block));
    if (count > 0)
        put(f, block, (size_t)count);
}

/* The argument, extended to 64 bits by its signedness. */
static uint64_t take_integer(struct formatter *f, const struct spec *spec, bool is_signed) {
    uint64_t value = spec->size > sizeof(int) ? va_arg(f->ap, uint64_t) : va_arg(f->ap, unsigned);
    unsigned unused_bits = 64 - 8 * (unsigned)spec->size;

    value <<= unused_bits;
    return is_signed ? (uint64_t)((int64_t)value >> unused_bits) : value >> unused_bits;
}

/* Writes digits backwards from `end`; returns the first. None for 0. */
static char *write_digits(char *end, uint64_t value, uint32_t base, bool upper) {
    const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";

    while (value) {
        uint32_t digit;
        value = div64_u32(value, base, &digit);
        *--end = digits[digit];
    }
    return end;
}

static void put_integer(struct formatter *f, const struct spec *spec, uint64_t value,
                        const char *prefix, uint32_t base) {
    char buf[DIGITS_MAX];
    char *end = buf + DIGITS_MAX;
    char *digits = write_digits(end, value, base, spec->conversion == 'X');
    int ndigits = (int)(end - digits);
    int nprefix = (int)strlen(prefix);
    int zeros = (spec->precision < 0 ? 1 : spec->precision) - ndigits;

    if (base == 8 && spec->alternate && zeros <= 0)
        zeros = ndigits || spec->precision == 0 ? 1 : 0;
    if (zeros < 0)
        zeros = 0;
    int padding = spec->width - nprefix - zeros - ndigits;
    if (spec->zero && !spec->left && spec->precision < 0 && padding > 0) {
        zeros += padding;
        padding = 0;
    }
    if (!spec->left)
        put_repeated(f, ' ', padding);
    put(f, prefix, (size_t)nprefix);
    put_repeated(f, '0', zeros);
    put(f, digits, (size_t)ndigits);
    if (spec->left)
        put_repeated(f, ' ', padding);
}

static void put_signed(struct formatter *f, const struct spec *spec) {
    uint64_t value = take_integer(f, spec, true);

    if ((int64_t)value < 0)
        put_integer(f, spec, -value, "-", 10);
    else
        put_integer(f, spec, value, spec->plus ? "+" : spec->space ? " " : "", 10);
}

static void put_hex(struct formatter *f, const struct spec *spec) {
    uint64_t value = take_integer(f, spec, false);
    const char *prefix = spec->conversion == 'X' ? "0X" : "0x";

    put_integer(f, spec, value, spec->alternate && value ? prefix : "", 16);
}

static void put_pointer(struct formatter *f, const struct spec *spec) {
    put_integer(f, spec, (uintptr_t)va_arg(f->ap, void *), "0x", 16);
}

static void put_text(struct formatter *f, const struct spec *spec, const char *text, size_t length) {
    int padding = length < (size_t)spec->width ? spec->width - (int)length : 0;

    if (!spec->left)
        put_repeated(f, ' ', padding);
    put(f, text, length);
    if (spec->left)
        put_repeated(f, ' ', padding);
}

static void put_string(struct formatter *f, const struct spec *spec) {
    const char *text = va_arg(f->ap, const char *);
    size_t max = spec->precision < 0 ? SIZE_MAX : (size_t)spec->precision;

    if (!text)
        text = "(null)";
    put_text(f, spec, text, strnlen(text, max));
}

static const char *parse_flags(const char *fmt, struct spec *spec) {
    for (;; fmt++) {
        switch (*fmt) {
        case '-': spec->left = true; break;
        case '+': spec->plus = true; break;
        case ' ': spec->space = true; break;
        case '#': spec->alternate = true; break;
        case '0': spec->zero = true; break;
        default: return fmt;
        }
    }
}

/* A decimal number or *, clamped to INT32_MAX / 2. */
static const char *parse_number(const char *fmt, struct formatter *f, int *number) {
    int64_t value = 0;

    if (*fmt == '*') {
        value = va_arg(f->ap, int);
        fmt++;
    } else {
        for (; *fmt >= '0' && *fmt <= '9'; fmt++)
            value = MIN(value * 10 + (*fmt - '0'), (int64_t)INT32_MAX);
    }
    *number = (int)MAX(MIN(value, (int64_t)INT32_MAX / 2), -(int64_t)INT32_MAX / 2);
    return fmt;
}

static const char *parse_size(const char *fmt, size_t *size) {
    bool doubled = *fmt && fmt[1] == *fmt; /* hh, ll */

    switch (*fmt) {
    case 'h': *size = doubled ? sizeof(char) : sizeof(short); break;
    case 'l': *size = sizeof(long) << (doubled && sizeof(long) < sizeof(long long)); break;
    case 'z': *size = sizeof(size_t); break;
    case 't': *size = sizeof(ptrdiff_t); break;
    case 'j': *size = sizeof(intmax_t); break;
    default: *size = sizeof(int); return fmt;
    }
    return fmt + (doubled && (*fmt == 'h' || *fmt == 'l') ? 2 : 1);
}

/* Parses what follows a '%', up to and without the conversion character. */
static const char *parse_spec(const char *fmt, struct formatter *f, struct spec *spec) {
    *spec = (struct spec){ .precision = -1 };
    fmt = parse_number(parse_flags(fmt, spec), f, &spec->width);
    if (spec->width < 0) {
        spec->left = true;
        spec->width = -spec->width;
    }
    if (*fmt == '.')
        fmt = parse_number(fmt + 1, f, &spec->precision);
    fmt = parse_size(fmt, &spec->size);
    spec->conversion = *fmt;
    return fmt;
}

/* False when the conversion is not one of ours. */
static bool convert(struct formatter *f, const struct spec *spec) {
    char c;

    switch (spec->conversion) {
    case 'd':
    case 'i': put_signed(f, spec); return true;
    case 'u': put_integer(f, spec, take_integer(f, spec, false), "", 10); return true;
    case 'o': put_integer(f, spec, take_integer(f, spec, false), "", 8); return true;
    case 'x':
    case 'X': put_hex(f, spec); return true;
    case 'p': put_pointer(f, spec); return true;
    case 's': put_string(f, spec); return true;
    case 'c':
        c = (char)va_arg(f->ap, int);
        put_text(f, spec, &c, 1);
        return true;
    case '%': put(f, "%", 1); return true;
    default: return false;
    }
}

int format_callback(void (*out)(void *ctx, const char *text, size_t length), void *ctx,
                    const char *fmt, va_list ap) {
    struct formatter f = { .out = out, .ctx = ctx };

    va_copy(f.ap, ap);
    while (*fmt) {
        size_t literal = 0;
        while (fmt[literal] && fmt[literal] != '%')
            literal++;
        put(&f, fmt, literal);
        fmt += literal;
        if (!*fmt)
            break;

        struct spec spec;
        const char *end = parse_spec(fmt + 1, &f, &spec);
        if (*end)
            end++;
        if (!convert(&f, &spec))
            put(&f, fmt, (size_t)(end - fmt));
        fmt = end;
    }
    va_end(f.ap);
    return f.total > INT32_MAX ? -EOVERFLOW : (int)f.total;
}

struct bounded_buffer {
    char *next;
    size_t room; /* without the final NUL */
};

static void append(void *ctx, const char *text, size_t length) {
    struct bounded_buffer *buf = ctx;
    size_t n = MIN(length, buf->room);

    if (!n)
        return;
    memcpy(buf->next, text, n);
    buf->next += n;
    buf->room -= n;
}

int format_vsnprintf(char *buf, size_t size, const char *fmt, va_list ap) {
    struct bounded_buffer bounded = { .next = buf, .room = size ? size - 1 : 0 };
    int length = format_callback(append, &bounded, fmt, ap);

    if (size)
        *bounded.next = '\0';
    return length;
}

int format_snprintf(char *buf, size_t size, const char *fmt, ...) {
    va_list ap;

    va_start(ap, fmt);
    int length = format_vsnprintf(buf, size, fmt, ap);
    va_end(ap);
    return length;
}
