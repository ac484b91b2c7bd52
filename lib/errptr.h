/*
 * Errors carried in pointers: the last 4095 addresses hold no object, so a pointer there is
 * a negated error number (lib/errno.h). Usable in any context.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define ERR_PTR_MAX 4095

static inline void *ERR_PTR(long error) {
    return (void *)error;
}

/* The negative error number; only meaningful where IS_ERR(ptr). */
static inline int PTR_ERR(const void *ptr) {
    return (int)(intptr_t)ptr;
}

static inline bool IS_ERR(const void *ptr) {
    return (uintptr_t)ptr >= (uintptr_t)-ERR_PTR_MAX;
}

static inline bool IS_ERR_OR_NULL(const void *ptr) {
    return !ptr || IS_ERR(ptr);
}
