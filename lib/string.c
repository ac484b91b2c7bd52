/*
 * Memory and string functions. Bulk copies and fills are `rep movs` and `rep stos` in machine
 * words (SDM 2B, REP): fewer instructions than any loop, and the fast path of CPUs since 1996.
 * The last word of a block is done by one unaligned access that may overlap what `rep` did.
 */
#include "lib/string.h"

#include <stdint.h>

/* The compiler must not turn the loops below into calls of the functions they implement. */
#pragma GCC optimize("no-tree-loop-distribute-patterns")

#ifdef __x86_64__
#define REP_MOVS_WORD "rep movsq"
#define REP_STOS_WORD "rep stosq"
#else
#define REP_MOVS_WORD "rep movsl"
#define REP_STOS_WORD "rep stosl"
#endif

/* A word at any address, holding bytes of any object. */
typedef unsigned long __attribute__((may_alias, aligned(1))) any_word;
#define WORD sizeof(any_word)

static inline any_word load(const void *p) {
    return *(const any_word *)p;
}

static inline void store(void *p, any_word word) {
    *(any_word *)p = word;
}

/* Correct for overlapping blocks too where dst < src: every read precedes later writes. */
static inline void copy_forward(char *dst, const char *src, size_t n) {
    if (n < WORD) {
        while (n--)
            *dst++ = *src++;
        return;
    }
    any_word last = load(src + n - WORD);
    char *last_dst = dst + n - WORD;
    size_t nwords = (n - 1) / WORD;

    __asm__ volatile(REP_MOVS_WORD : "+D"(dst), "+S"(src), "+c"(nwords) : : "memory");
    store(last_dst, last);
}

static inline void copy_backward(char *dst, const char *src, size_t n) {
    while (n >= WORD) {
        n -= WORD;
        store(dst + n, load(src + n));
    }
    while (n--)
        dst[n] = src[n];
}

void *memcpy(void *restrict dst, const void *restrict src, size_t n) {
    copy_forward(dst, src, n);
    return dst;
}

void *memmove(void *dst, const void *src, size_t n) {
    if ((uintptr_t)dst - (uintptr_t)src < n)
        copy_backward(dst, src, n);
    else
        copy_forward(dst, src, n);
    return dst;
}

void *memset(void *dst, int byte, size_t n) {
    any_word fill = (unsigned char)byte * (~(any_word)0 / 0xff);
    char *p = dst;

    if (n < WORD) {
        while (n--)
            *p++ = (char)byte;
        return dst;
    }
    store(p + n - WORD, fill);
    size_t nwords = (n - 1) / WORD;
    __asm__ volatile(REP_STOS_WORD : "+D"(p), "+c"(nwords) : "a"(fill) : "memory");
    return dst;
}

int memcmp(const void *a, const void *b, size_t n) {
    const unsigned char *p = a, *q = b;

    for (; n >= WORD && load(p) == load(q); n -= WORD, p += WORD, q += WORD)
        continue;
    for (; n; n--, p++, q++)
        if (*p != *q)
            return *p - *q;
    return 0;
}

void *memchr(const void *s, int byte, size_t n) {
    const unsigned char *p = s;

    for (; n; n--, p++)
        if (*p == (unsigned char)byte)
            return (void *)(uintptr_t)p;
    return NULL;
}

size_t strlen(const char *s) {
    const char *end = s;

    while (*end)
        end++;
    return (size_t)(end - s);
}

size_t strnlen(const char *s, size_t max) {
    size_t n = 0;

    while (n < max && s[n])
        n++;
    return n;
}

int strcmp(const char *a, const char *b) {
    return strncmp(a, b, SIZE_MAX);
}

int strncmp(const char *a, const char *b, size_t n) {
    for (; n; n--, a++, b++)
        if (*a != *b || !*a)
            return (unsigned char)*a - (unsigned char)*b;
    return 0;
}

char *strchr(const char *s, int c) {
    for (;; s++) {
        if (*s == (char)c)
            return (char *)(uintptr_t)s;
        if (!*s)
            return NULL;
    }
}

char *strrchr(const char *s, int c) {
    const char *found = NULL;

    do {
        if (*s == (char)c)
            found = s;
    } while (*s++);
    return (char *)(uintptr_t)found;
}

size_t strlcpy(char *restrict dst, const char *restrict src, size_t size) {
    size_t length = strlen(src);

    if (size) {
        size_t n = length < size ? length : size - 1;
        memcpy(dst, src, n);
        dst[n] = '\0';
    }
    return length;
}
