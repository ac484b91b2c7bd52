/*
 * The functions that use memory by assembly, with their check first: the linker's --wrap sends all
 * calls here (Makefile); `__real_X` is the function itself.
 */
#include "kernel/debug/kasan.h"
#include "kernel/mm/layout.h"

void *__real_memcpy(void *restrict dst, const void *restrict src, size_t n);
void *__real_memmove(void *dst, const void *src, size_t n);
void *__real_memset(void *dst, int byte, size_t n);
size_t __real_arch_user_copy(void *dst, const void *src, size_t n);
long __real_arch_user_copy_string(char *dst, const char *src, size_t size);

void *__wrap_memcpy(void *restrict dst, const void *restrict src, size_t n);
void *__wrap_memmove(void *dst, const void *src, size_t n);
void *__wrap_memset(void *dst, int byte, size_t n);
size_t __wrap_arch_user_copy(void *dst, const void *src, size_t n);
long __wrap_arch_user_copy_string(char *dst, const char *src, size_t size);

void *__wrap_memcpy(void *restrict dst, const void *restrict src, size_t n) {
    kasan_check(src, n, false);
    kasan_check(dst, n, true);
    return __real_memcpy(dst, src, n);
}

void *__wrap_memmove(void *dst, const void *src, size_t n) {
    kasan_check(src, n, false);
    kasan_check(dst, n, true);
    return __real_memmove(dst, src, n);
}

void *__wrap_memset(void *dst, int byte, size_t n) {
    kasan_check(dst, n, true);
    return __real_memset(dst, byte, n);
}

/* One of the two sides is a program's: that one has no shadow. */
size_t __wrap_arch_user_copy(void *dst, const void *src, size_t n) {
    kasan_check(src, n, false);
    kasan_check(dst, n, true);
    return __real_arch_user_copy(dst, src, n);
}

long __wrap_arch_user_copy_string(char *dst, const char *src, size_t size) {
    kasan_check(dst, size, true);
    return __real_arch_user_copy_string(dst, src, size);
}
