/*
 * printf-style formatting: d i u x X o c s p %, the flags - + space # 0, width and precision
 * (numbers or *), the sizes hh h l ll z t j. Not: floating point, wide characters, %n, n$.
 * Never allocates; usable in any context.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>

#include "lib/bits.h"

/*
 * As C99's: writes at most size - 1 bytes and a NUL (nothing where size is 0) and returns the
 * length of the whole text, or -EOVERFLOW where that exceeds INT32_MAX.
 */
printf_like(3, 0) int format_vsnprintf(char *buf, size_t size, const char *fmt, va_list ap);
printf_like(3, 4) int format_snprintf(char *buf, size_t size, const char *fmt, ...);

/* Hands the text to `out` piece by piece, unterminated. Returns as above. */
printf_like(3, 0) int format_callback(void (*out)(void *ctx, const char *text, size_t length),
                                      void *ctx, const char *fmt, va_list ap);
