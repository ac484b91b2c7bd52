/*
 * User memory access: the range check is here, the copy that survives a page fault is the
 * architecture's (it opens SMAP's window only around the copy, SDM 3A §4.6.1).
 */
#include "kernel/vm/uaccess.h"

#include "kernel/arch/user_copy.h"
#include "kernel/mm/page.h"
#include "lib/string.h"

size_t copy_from_user_partial(void *to, const void __user *from, size_t size) {
    if (unlikely(!user_range_ok(from, size)))
        return size;
    return arch_user_copy(to, from, size);
}

size_t copy_to_user_partial(void __user *to, const void *from, size_t size) {
    if (unlikely(!user_range_ok(to, size)))
        return size;
    return arch_user_copy(to, from, size);
}

int copy_from_user(void *to, const void __user *from, size_t size) {
    return copy_from_user_partial(to, from, size) == 0 ? 0 : -EFAULT;
}

int copy_to_user(void __user *to, const void *from, size_t size) {
    return copy_to_user_partial(to, from, size) == 0 ? 0 : -EFAULT;
}

int copy_struct_from_user(void *to, size_t known, const void __user *from, size_t size) {
    uintptr_t rest = (uintptr_t)from + known; /* a number: a program may pass any */
    uint8_t byte;

    if (size > PAGE_SIZE)
        return -E2BIG;
    for (size_t i = known; i < size; i++, rest++) {
        if (get_user(byte, (const uint8_t __user *)rest) < 0)
            return -EFAULT;
        if (byte != 0)
            return -E2BIG;
    }
    memset(to, 0, known);
    return copy_from_user(to, from, MIN(size, known));
}

int clear_user(void __user *to, size_t size) {
    if (unlikely(!user_range_ok(to, size)))
        return -EFAULT;
    return arch_user_clear(to, size) == 0 ? 0 : -EFAULT;
}

int64_t copy_string_from_user(char *to, const char __user *from, size_t size) {
    uint64_t room = (uintptr_t)from < USER_ADDRESS_END ? USER_ADDRESS_END - (uintptr_t)from : 0;

    if (room == 0)
        return -EFAULT;
    int64_t length = arch_user_copy_string(to, from, MIN(size, room));
    if (length < 0)
        return -EFAULT;
    if ((uint64_t)length == MIN(size, room))
        return room < size ? -EFAULT : -ENAMETOOLONG;
    return length;
}
