/*
 * Starting programs: execve, execveat, and the first program of the system.
 *
 * The new address space is built completely beside the old one, so that every failure - a malformed
 * file, too many arguments, no memory - is an errno for the caller. exec_commit then cannot fail.
 */
#pragma once

#include <stdint.h>

/* What of a new program's memory is placed at random: proc(5), /proc/sys/kernel/randomize_va_space. */
enum { RANDOMIZE_NOTHING = 0, RANDOMIZE_PLACES = 1, RANDOMIZE_BRK_TOO = 2 };
extern uint64_t exec_randomize;
/* linux/personality.h */
#define ADDR_NO_RANDOMIZE 0x0040000u
#define MMAP_PAGE_ZERO 0x0100000u
#define ADDR_COMPAT_LAYOUT 0x0200000u
#define READ_IMPLIES_EXEC 0x0400000u

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct path;

/* Pointers to strings, in user or kernel memory, ended by NULL. */
struct string_vector {
    bool kernel;
    const void *pointers;
};

/*
 * Executes the file at `path`; `name` is what the program is told it was called by, and what the
 * interpreter of a script opens: -ENOENT for a script if it is not `reachable` by it. On success the
 * caller returns to user mode into the new program. Takes no reference over. May sleep.
 * -ENOEXEC, -EACCES, -E2BIG, -ENOMEM, -EFAULT, -ELOOP, -EINVAL, -EIO ...
 */
int exec_path(const struct path *path, const char *name, bool reachable, const struct string_vector *arguments,
              const struct string_vector *environment);

/* The first program: as above, with strings of the kernel. The running task gets its first address space. */
int exec_init(const char *path, const char *const arguments[], const char *const environment[]);
