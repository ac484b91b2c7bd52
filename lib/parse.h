/*
 * Parsing of the kernel command line and of numbers in it. Works in place in the caller's
 * text, never allocates and never reads past the terminating NUL. Usable in any context.
 */
#pragma once

#include <stdint.h>

#include "lib/bits.h"

/*
 * Splits the next word off *text, which it changes: words are separated by blanks; 'single',
 * "double" quotes and \ work as in a POSIX shell (Shell Command Language §2.2), and are taken
 * out. Returns 1 with *word set, 0 at the end, -EINVAL when a quote is not closed or a \ ends
 * the text (which is then used up).
 */
must_check int parse_word(char **text, char **word);

/* Cuts `word` at its first '='. Returns what follows, or NULL when there is none. */
char *parse_value(char *word);

/*
 * A whole string as a number: decimal, 0x hexadecimal or 0 octal, and then nothing or one of
 * K, M, G, T (either case) for powers of 1024. -EINVAL, or -ERANGE when it exceeds 64 bits.
 */
must_check int parse_u64(const char *text, uint64_t *value);
