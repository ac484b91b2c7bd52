/* prctl(2) on capabilities: the bounding set, the ambient set, what survives giving up root's user number. */
#include "kernel/sys/prctl_cred.h"

#include "kernel/task/cred.h"
#include "lib/bits.h"
#include "lib/errno.h"

enum ambient_action { /* linux/prctl.h, PR_CAP_AMBIENT_* */
    AMBIENT_IS_SET = 1, AMBIENT_RAISE = 2, AMBIENT_LOWER = 3, AMBIENT_CLEAR_ALL = 4,
};

static int64_t bit_of(uint64_t capabilities, uint64_t number) {
    return number > CAP_LAST ? -EINVAL : (int64_t)(capabilities >> number & 1);
}

int64_t prctl_bounding_read(uint64_t capability) {
    return bit_of(current_cred()->capabilities_bounding, capability);
}

int64_t prctl_bounding_drop(uint64_t capability) {
    if (!cred_has(current_cred(), CAP_SETPCAP))
        return -EPERM;
    if (capability > CAP_LAST)
        return -EINVAL;
    struct cred *cred = cred_copy(current_cred());
    if (!cred)
        return -ENOMEM;
    cred->capabilities_bounding &= ~BIT(capability);
    cred_commit(cred);
    return 0;
}

static int64_t set_ambient(uint64_t ambient) {
    struct cred *cred = cred_copy(current_cred());
    if (!cred)
        return -ENOMEM;
    cred->capabilities_ambient = ambient;
    cred_commit(cred);
    return 0;
}

/* A raised one must be permitted and inheritable. */
int64_t prctl_ambient(uint64_t action, uint64_t capability) {
    const struct cred *cred = current_cred();

    if (action == AMBIENT_CLEAR_ALL)
        return capability != 0 ? -EINVAL : set_ambient(0);
    if (capability > CAP_LAST)
        return -EINVAL;
    switch ((enum ambient_action)action) {
    case AMBIENT_IS_SET:
        return bit_of(cred->capabilities_ambient, capability);
    case AMBIENT_RAISE:
        if (!(cred->capabilities_permitted & cred->capabilities_inheritable & BIT(capability)))
            return -EPERM;
        return set_ambient(cred->capabilities_ambient | BIT(capability));
    case AMBIENT_LOWER:
        return set_ambient(cred->capabilities_ambient & ~BIT(capability));
    default:
        return -EINVAL;
    }
}

int64_t prctl_keep_capabilities(bool keep) {
    struct cred *cred = cred_copy(current_cred());
    if (!cred)
        return -ENOMEM;
    cred->keep_capabilities = keep;
    cred_commit(cred);
    return 0;
}

int64_t prctl_secure_bits(uint64_t bits) {
    if (!cred_has(current_cred(), CAP_SETPCAP) || (bits & ~(uint64_t)SECBIT_KEEP_CAPS))
        return -EPERM;
    return prctl_keep_capabilities(bits == SECBIT_KEEP_CAPS);
}
