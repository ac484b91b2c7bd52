/* prctl's part of a thread's credentials: capabilities(7). */
#include "kernel/sys/prctl.h"

#include "kernel/task/cred.h"
#include "lib/errno.h"

int64_t prctl_give_up_privileges(void) {
    struct cred *cred = cred_copy(current_cred());

    if (!cred)
        return -ENOMEM;
    cred->no_new_privileges = true;
    cred_commit(cred);
    return 0;
}

static int64_t set_secure_bits(uint32_t bits) {
    struct cred *cred = cred_copy(current_cred());

    if (!cred)
        return -ENOMEM;
    cred->secure_bits = bits;
    cred_commit(cred);
    return 0;
}

int64_t prctl_keep_capabilities(uint64_t keep) {
    uint32_t bits = current_cred()->secure_bits;

    if (keep > 1)
        return -EINVAL;
    if (bits & SECURE_LOCK(SECURE_KEEP_CAPS))
        return -EPERM;
    return set_secure_bits(keep ? bits | SECURE_KEEP_CAPS : bits & ~(uint32_t)SECURE_KEEP_CAPS);
}

/* Locked bits stay as they are, and locked. */
int64_t prctl_set_secure_bits(uint64_t bits) {
    uint32_t old = current_cred()->secure_bits, locks = old & SECURE_ALL_LOCKS;

    if (((locks >> 1) & (old ^ bits)) || (locks & ~bits) || (bits & ~(uint64_t)(SECURE_ALL_BITS | SECURE_ALL_LOCKS)) ||
        !cred_has(current_cred(), CAP_SETPCAP))
        return -EPERM;
    return set_secure_bits((uint32_t)bits);
}

int64_t prctl_drop_bounding(uint64_t number) {
    if (!cred_has(current_cred(), CAP_SETPCAP))
        return -EPERM;
    if (number > CAP_LAST)
        return -EINVAL;
    struct cred *cred = cred_copy(current_cred());
    if (!cred)
        return -ENOMEM;
    cred->capabilities_bounding &= ~(1ull << number);
    cred_commit(cred);
    return 0;
}

enum { AMBIENT_IS_SET = 1, AMBIENT_RAISE, AMBIENT_LOWER, AMBIENT_CLEAR_ALL };

static int64_t set_ambient(uint64_t ambient) {
    struct cred *cred = cred_copy(current_cred());

    if (!cred)
        return -ENOMEM;
    cred->capabilities_ambient = ambient;
    cred_commit(cred);
    return 0;
}

int64_t prctl_ambient(const struct prctl_arguments *arguments) {
    const struct cred *cred = current_cred();

    if (arguments->a2 == AMBIENT_CLEAR_ALL)
        return prctl_none_from_3(arguments) ? set_ambient(0) : -EINVAL;
    if (arguments->a3 > CAP_LAST || arguments->a4 != 0 || arguments->a5 != 0)
        return -EINVAL;
    uint64_t bit = 1ull << arguments->a3;
    switch (arguments->a2) {
    case AMBIENT_IS_SET:
        return (cred->capabilities_ambient & bit) != 0;
    case AMBIENT_RAISE:
        if (!(cred->capabilities_permitted & cred->capabilities_inheritable & bit) ||
            cred->secure_bits & SECURE_NO_AMBIENT_RAISE)
            return -EPERM;
        return set_ambient(cred->capabilities_ambient | bit);
    case AMBIENT_LOWER:
        return set_ambient(cred->capabilities_ambient & ~bit);
    default:
        return -EINVAL;
    }
}
