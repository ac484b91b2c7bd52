/*
 * User memory, touched only through here: every access is range-checked and fault-handled.
 * May sleep (a copy can page-fault); not with spin locks held.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "kernel/mm/layout.h"
#include "lib/bits.h"
#include "lib/errno.h"

#ifdef __CHECKER__
#define __user __attribute__((noderef, address_space(1)))
#else
#define __user
#endif

/* [address, address + size) lies in user space. */
static inline bool user_range_ok(const void __user *address, size_t size) {
    return size <= USER_ADDRESS_END && (uintptr_t)address <= USER_ADDRESS_END - size;
}

/* 0 or -EFAULT. */
int copy_from_user(void *to, const void __user *from, size_t size) must_check;
int copy_to_user(void __user *to, const void *from, size_t size) must_check;
/* Bytes NOT copied, for transfers that may stop short. */
size_t copy_from_user_partial(void *to, const void __user *from, size_t size) must_check;
size_t copy_to_user_partial(void __user *to, const void *from, size_t size) must_check;
/*
 * A structure that grows with the ABI, of which the caller says how long its own is: what it does not have is zero, what
 * the kernel does not know must be (-E2BIG; so is a size beyond a page). -EFAULT.
 */
int copy_struct_from_user(void *to, size_t known, const void __user *from, size_t size) must_check;
int clear_user(void __user *to, size_t size) must_check;
/* Length without NUL, -EFAULT, or -ENAMETOOLONG when no NUL within `size`. */
int64_t copy_string_from_user(char *to, const char __user *from, size_t size) must_check;

/* Where a member of a program's structure, or an element of its array, lies: they may be anywhere, misaligned, at the end
 * of the address space. */
#define user_member(pointer, member)                                                                   \
    ((__typeof__((pointer)->member) __user *)((uintptr_t)(pointer) + offsetof(__typeof__(*(pointer)), member)))

#define user_element(array, index) ((__typeof__(array))((uintptr_t)(array) + (index) * sizeof *(array)))

#define put_user(value, pointer)                                        \
    ({                                                                  \
        __typeof__(*(pointer)) put_user_value = (value);                \
        copy_to_user((pointer), &put_user_value, sizeof put_user_value); \
    })
#define get_user(variable, pointer) copy_from_user(&(variable), (pointer), sizeof(variable))
