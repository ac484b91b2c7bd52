/*
 * Access to user memory that survives faults: a fault inside these routines that cannot be resolved
 * ends the copy early (`.extable` lists their instructions). The caller has checked that the user
 * range lies below USER_ADDRESS_END. May sleep in the page fault; not in interrupt context.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Set by arch_user_copy_init: SMAP is on, so the routines lift it with STAC/CLAC. */
void arch_user_copy_init(void);

/* Either way between kernel and user; returns the bytes that were not copied. */
size_t arch_user_copy(void *dst, const void *src, size_t n);
/* Zeroes user memory; returns the bytes not cleared. */
size_t arch_user_clear(void *dst, size_t n);
/*
 * Copies a string of at most `size` bytes, NUL included. Returns its length without the NUL,
 * `size` if there was no NUL within it, or a negative number (-EFAULT) after a fault.
 */
long arch_user_copy_string(char *dst, const char *src, size_t size);

/* 32-bit accesses for futexes: 0, or -EFAULT. The address is 4-byte aligned. */
int arch_user_load32(uint32_t *value, const uint32_t *user);
/* Stores `desired` if *user == expected; *value receives what was there. */
int arch_user_compare_exchange32(uint32_t *value, uint32_t *user, uint32_t expected, uint32_t desired);

/* Written by `extable` in assembly: an instruction that may fault, and where to go on. */
struct extable_entry {
    uint64_t fault_rip, resume_rip;
};
extern const struct extable_entry extable_start[], extable_end[]; /* kernel.ld */

/* Where to go on after a fault at `rip` in one of these routines, or 0. */
uint64_t extable_find(uint64_t rip);
